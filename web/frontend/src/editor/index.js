/**
 * The editor of a process, in `#editor`: bpmn-js with the properties panel, the choices of our catalogue, checks beside the diagram,
 * drafts and publishing. What it needs stands in `#editor-data` (JSON); what it sends goes to `./check`, `./draft`, `./publish`.
 */
import "@bpmn-io/properties-panel/dist/assets/properties-panel.css";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js/dist/assets/diagram-js.css";
import "../styles/editor.css";
import "../styles/examination.css";
import "../styles/playing.css";

import { openEditor } from "./editor.js";

const mount = document.getElementById("editor");
const source = document.getElementById("editor-data");
if (mount && source) openEditor(mount, JSON.parse(source.textContent));
