/**
 * Draws every `.diagram[data-diagram-src]` of the page. `data-path-src` names the JSON element that says what a case did on it:
 * `{"elements": {id: {entered, completed, active, cancelled}}, "flows": [id…], "selected": id|null, "labels": {id: name}}`.
 * Element and row `#el-<id>` of the step table follow each other; the choice stands in the address (`?el=`). Where the page puts another such
 * JSON element in its place (`hx-select-oob`), the case is drawn where it stands then.
 */
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "../styles/diagram.css";

import { showDiagram } from "./diagram.js";

for (const container of document.querySelectorAll(".diagram[data-diagram-src]")) showDiagram(container);
