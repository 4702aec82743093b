/** The problems of a diagram: a list beside it, marks and counts on its elements; a click on one shows the other. */
import { element as el } from "../page/dom.js";
import { isError } from "../workshop/problem.js";
import { middleOf } from "./middle.js";
import { placeOf } from "./names.js";

const MARKER = { error: "bd-has-error", warning: "bd-has-warning" };
const OVERLAY = "bd-problems";
const LEGIBLE = { min: 0.75 };

/** `reveal(id)` shows an element of the diagram. */
export function problemList(modeler, word, reveal) {
  const canvas = modeler.get("canvas");
  const overlays = modeler.get("overlays");
  const registry = modeler.get("elementRegistry");
  const list = el("ol", { className: "bde-problem-list" });
  const summary = el("p", { className: "bde-problem-summary", role: "status" }, word("notChecked"));
  let marked = [];
  let shown = [];

  function show(problems) {
    shown = problems;
    unmark();
    const errors = problems.filter(isError).length;
    const warnings = problems.length - errors;
    summary.textContent = problems.length ? word("counts", { errors, warnings }) : word("noProblem");
    summary.dataset.state = errors ? "error" : warnings ? "warning" : "fine";
    list.replaceChildren(...problems.toSorted((left, right) => isError(right) - isError(left)).map(row));
    mark();
  }

  function row(problem) {
    const target = registry.get(problem.element_id);
    const severity = isError(problem) ? "error" : "warning";
    const where = target ? placeOf(target) : problem.element_id || word("wholeProcess");
    const facts = [
      el("span", { className: "bde-problem-kind" }, word(severity)),
      el("span", { className: "bde-problem-where" }, where),
      el("span", { className: "bde-problem-text" }, problem.message),
    ];
    const content = target
      ? el("button", { type: "button", className: "bde-problem", title: word("select") }, ...facts)
      : el("div", { className: "bde-problem" }, ...facts);
    content.dataset.severity = severity;
    content.dataset.code = problem.code ?? "";
    if (target) {
      content.dataset.element = problem.element_id;
      content.addEventListener("click", () => reveal(problem.element_id));
    }
    return el("li", {}, content);
  }

  function mark() {
    const byElement = Map.groupBy(shown.filter((problem) => registry.get(problem.element_id)), (problem) => problem.element_id);
    for (const [id, problems] of byElement) {
      const errors = problems.filter(isError).length;
      const severity = errors ? "error" : "warning";
      canvas.addMarker(id, MARKER[severity]);
      const text = word("counts", { errors, warnings: problems.length - errors });
      const sign = el("button", { type: "button", className: `bde-count bde-count--${severity}`, title: `${text}\n${problems.map((each) => each.message).join("\n")}` });
      sign.append(el("span", { "aria-hidden": "true" }, `${errors ? "!" : "?"} ${problems.length}`), el("span", { className: "visually-hidden" }, text));
      sign.addEventListener("click", () => {
        reveal(id);
        const first = list.querySelector(`[data-element="${CSS.escape(id)}"]`);
        first?.scrollIntoView({ block: "nearest" });
        first?.focus();
      });
      overlays.add(id, OVERLAY, { position: position(registry.get(id)), scale: LEGIBLE, html: sign });
      marked.push([id, MARKER[severity]]);
    }
  }

  function unmark() {
    for (const [id, marker] of marked) if (registry.get(id)) canvas.removeMarker(id, marker);
    overlays.remove({ type: OVERLAY });
    marked = [];
  }

  modeler.on("selection.changed", ({ newSelection }) => {
    const ids = new Set(newSelection.map(({ id }) => id));
    for (const each of list.querySelectorAll("[data-element]")) each.classList.toggle("is-selected", ids.has(each.dataset.element));
  });
  return { list, summary, show, errors: () => shown.filter(isError).length, focusFirst: () => list.querySelector("button")?.focus() };
}

/** Where the middle of the mark is: at the corner of a shape, half way of a flow, whose corner may lie on the element that it leaves. */
const position = (target) => (target.waypoints ? middleOf(target) : { top: -6, left: -6 });
