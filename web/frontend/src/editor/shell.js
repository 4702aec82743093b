/** The body of the diagram's editor: the canvas, with what stands `above` it; properties, and what was found. */
import { element as el } from "../page/dom.js";
import { buildShell } from "../workshop/shell.js";

const TOOLS = [["undo", "redo"], ["smaller", "larger", "whole"], ["download", "openFile"]];

export function buildDiagramShell(mount, word) {
  const shell = buildShell(mount, word, TOOLS);
  const canvas = el("div", { className: "bde-canvas", role: "application", "aria-label": word("editor") });
  const panel = el("div", { className: "bde-panel" });
  const properties = el("section", { className: "bde-properties", "aria-label": word("panel") }, panel);
  const above = el("div", { className: "bde-above" });
  shell.body.append(el("div", { className: "bde-stage" }, above, canvas), el("aside", { className: "bde-side" }, properties, shell.findings));
  return { ...shell, above, canvas, panel };
}
