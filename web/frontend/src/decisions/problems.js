/** The problems of a decision file: a list beside the table, marks on its rows, cells and columns; a click on one leads there. */
import { element as el } from "../page/dom.js";
import { isError } from "../workshop/problem.js";
import { described, placeOf, placesOf, rowsOf } from "./places.js";

/** `open(decision)` shows a decision (a promise); `path` is the file that is edited, `canvas` holds what dmn-js draws. */
export function problemList({ dmn, canvas, path, word, open }) {
  const list = el("ol", { className: "bde-problem-list" });
  const summary = el("p", { className: "bde-problem-summary", role: "status" }, word("notChecked"));
  let shown = [];

  function show(problems) {
    shown = problems;
    const errors = problems.filter(isError).length;
    const warnings = problems.length - errors;
    summary.textContent = problems.length ? word("counts", { errors, warnings }) : word("noProblem");
    summary.dataset.state = errors ? "error" : warnings ? "warning" : "fine";
    const places = placesOf(dmn.getDefinitions());
    list.replaceChildren(...problems.toSorted((left, right) => isError(right) - isError(left)).map((each) => row(each, places)));
    mark();
  }

  function row(problem, places) {
    const place = isHere(problem) ? placeOf(problem, places) : undefined;
    const facts = [
      el("span", { className: "bde-problem-kind" }, word(isError(problem) ? "error" : "warning")),
      el("span", { className: "bde-problem-where" }, place ? described(place, word) : elsewhere(problem)),
      el("span", { className: "bde-problem-text" }, problem.message),
    ];
    const content = place
      ? el("button", { type: "button", className: "bde-problem", title: word("select") }, ...facts)
      : el("div", { className: "bde-problem" }, ...facts);
    content.dataset.severity = isError(problem) ? "error" : "warning";
    content.dataset.code = problem.code ?? "";
    if (place) {
      content.dataset.element = problem.element_id;
      content.addEventListener("click", () => reveal(problem));
    }
    return el("li", {}, content);
  }

  const isHere = ({ file }) => !file || file === path;

  function elsewhere(problem) {
    const where = [problem.element_name || problem.element_id, problem.where];
    if (!isHere(problem)) where.unshift(word("otherFile", { file: problem.file }));
    return where.filter(Boolean).join(" · ") || word("wholeProcess");
  }

  async function reveal(problem) {
    const place = placeOf(problem, placesOf(dmn.getDefinitions()));
    if (!place) return;
    await open(place.decision);
    mark();
    const node = place.shown && nodeOf(place.shown);
    const cell = node?.matches("td.rule-index") ? node.nextElementSibling : node;
    cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
    (cell?.querySelector("[contenteditable], button") ?? cell)?.focus();
  }

  /** The cell of a row or entry, the heading of a column. */
  const nodeOf = (id) => canvas.querySelector(`[data-element-id="${CSS.escape(id)}"]`) ?? canvas.querySelector(`th[data-col-id="${CSS.escape(id)}"]`);

  /** Marks by attribute: what dmn-js draws again keeps attributes that it does not know. A row's first cell stands for the row. */
  function mark() {
    const places = placesOf(dmn.getDefinitions());
    const wanted = new Map();
    for (const problem of shown.filter(isHere)) {
      const place = placeOf(problem, places);
      for (const { shown: id } of new Set([place, ...rowsOf(problem, place, places)].filter(Boolean))) {
        const node = id && nodeOf(id);
        if (!node) continue;
        const before = wanted.get(node);
        wanted.set(node, { isError: isError(problem) || before?.isError, messages: [...(before?.messages ?? []), problem.message] });
      }
    }
    for (const node of canvas.querySelectorAll("[data-problem]")) {
      if (wanted.has(node)) continue;
      delete node.dataset.problem;
      node.removeAttribute("title");
    }
    for (const [node, { isError: hasError, messages }] of wanted) {
      node.dataset.problem = hasError ? "error" : "warning";
      node.title = messages.join("\n");
    }
  }

  // What is drawn anew (another view, a row that moved) comes without marks.
  new MutationObserver(mark).observe(canvas, { childList: true, subtree: true });
  return { list, summary, show, reveal, focusFirst: () => list.querySelector("button")?.focus() };
}
