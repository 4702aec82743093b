/**
 * The editor of a decision file, in `#decision-editor`: dmn-js with checks beside the table, drafts and publishing. What it needs stands
 * in `#decision-editor-data` (JSON: `path`, `dmn`, `names`); what it sends goes to the process's `check`, `draft`, `publish`, `expression`.
 */
import "dmn-js/dist/assets/diagram-js.css";
import "dmn-js/dist/assets/dmn-font/css/dmn.css";
import "dmn-js/dist/assets/dmn-js-shared.css";
import "dmn-js/dist/assets/dmn-js-drd.css";
import "dmn-js/dist/assets/dmn-js-decision-table.css";
import "dmn-js/dist/assets/dmn-js-decision-table-controls.css";
import "dmn-js/dist/assets/dmn-js-literal-expression.css";
import "dmn-js/dist/assets/dmn-js-boxed-expression.css";
import "dmn-js/dist/assets/dmn-js-boxed-expression-controls.css";
import "../styles/editor.css";
import "../styles/examination.css";
import "../styles/decisions.css";

import { openDecisions } from "./editor.js";

const mount = document.getElementById("decision-editor");
const source = document.getElementById("decision-editor-data");
if (mount && source) openDecisions(mount, JSON.parse(source.textContent));
