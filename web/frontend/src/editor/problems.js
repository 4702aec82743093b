/** The problems of a diagram: a list beside it, marks and counts on its elements; a click on one shows the other. */
import { element as el } from "../page/dom.js";

const MARKER = { error: "bd-has-error", warning: "bd-has-warning" };
const OVERLAY = "bd-problems";

export function problemList(modeler, word) {
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
    const where = target ? target.businessObject.name || problem.element_id : problem.element_id || word("wholeProcess");
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

  function reveal(id) {
    const target = registry.get(id);
    if (!target) return;
    const root = canvas.findRoot(target);
    if (root && root !== canvas.getRootElement()) canvas.setRootElement(root);
    modeler.get("selection").select(target);
    canvas.scrollToElement(target, { top: 80, bottom: 80, left: 120, right: 80 });
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
      overlays.add(id, OVERLAY, { position: position(registry.get(id)), html: sign });
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

export const isError = (problem) => problem.severity !== "warning";

function position(target) {
  return target.waypoints ? { top: -24, left: -10 } : { top: -12, left: -12 };
}
