/**
 * FEEL checked while it is typed, by the engine that will run it: its sentence stands under the field, the place is underlined.
 *
 * The build puts this module in the place of `@bpmn-io/feel-lint` (plugins/cures.js), whose own grammar would contradict the engine, in English.
 */
import { linter, setDiagnosticsEffect } from "@codemirror/lint";
import { StateField } from "@codemirror/state";
import { EditorView, showPanel } from "@codemirror/view";

const AFTER_MS = 300;
const KEPT = 200;

let ask = async () => [];
let count = 0;

/**
 * `answer({source, kind, element}, signal)` gives the problems of an expression; `elementOf(dom)` the id of the element that holds it,
 * `kindOf(dom)` whether it is `expression` or `tests`, `typeOf(dom)` the type of the column that it stands in. What was answered is kept: a field that is only looked at asks once.
 */
export function checkExpressions(answer, { elementOf, kindOf = () => "expression", typeOf = () => null }) {
  const known = new Map();
  const underWay = new WeakMap();
  ask = async (source, dom) => {
    if (!source.trim()) return [];
    const question = { source, kind: kindOf(dom), element: elementOf(dom) ?? null, type: typeOf(dom) };
    const key = JSON.stringify(question);
    if (known.has(key)) return known.get(key);
    underWay.get(dom)?.abort();
    const abort = new AbortController();
    underWay.set(dom, abort);
    const problems = await answer(question, abort.signal);
    if (problems === null) return [];
    if (known.size >= KEPT) known.clear();
    known.set(key, problems);
    return problems;
  };
  return { forget: () => known.clear() };
}

/** Problems as marks of the editor; none reaches beyond the text. One without a length is about the word that begins there. */
export function marksOf(problems, text) {
  const { length } = text;
  return problems.map(({ at, length: width, message, severity }) => {
    const from = Math.min(Math.max(at ?? 0, 0), length);
    const wide = width || /^[\p{L}\p{N}_]*/u.exec(text.slice(from))[0].length || 1;
    const to = at === null || at === undefined ? length : Math.min(from + wide, length);
    // At the end there is nothing to underline but what stands before it.
    return { from: from === to ? Math.max(from - 1, 0) : from, to, message, severity: severity === "warning" ? "warning" : "error" };
  });
}

const said = StateField.define({
  create: () => ({ id: `bde-feel-${++count}`, marks: [] }),
  update: (value, transaction) => {
    const answer = transaction.effects.find((effect) => effect.is(setDiagnosticsEffect));
    return answer ? { ...value, marks: answer.value } : value;
  },
  provide: (field) => [
    showPanel.of(sentence),
    EditorView.contentAttributes.compute([field], (state) => {
      const { id, marks } = state.field(field);
      return marks.length ? { "aria-describedby": id, "aria-invalid": String(marks.some(isWrong)) } : {};
    }),
  ],
});

const isWrong = ({ severity }) => severity === "error";

/** The line under the field. It is there from the beginning: a screen reader only hears changes of what it knows. */
function sentence(view) {
  const dom = document.createElement("p");
  dom.className = "bde-feel";
  dom.id = view.state.field(said).id;
  dom.setAttribute("role", "status");
  const show = (state) => {
    const { marks } = state.field(said);
    const text = marks.map(({ message }) => message).join(" ");
    if (text !== dom.textContent) dom.textContent = text;
    dom.dataset.severity = marks.some(isWrong) ? "error" : "warning";
  };
  show(view.state);
  return { dom, update: ({ state, startState }) => state.field(said) !== startState.field(said) && show(state) };
}

/**
 * Typing over selected text: left to the browser, the new text would keep the colours of the old one by an inline style, which our
 * content policy forbids.
 */
const typeOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    const text = event.data;
    if (empty || view.composing || event.inputType !== "insertText" || !text) return false;
    const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
    if (!view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, text, insert))) view.dispatch(insert());
    event.preventDefault();
    return true;
  },
});

async function check(view) {
  const source = view.state.doc.toString();
  return marksOf(await ask(source, view.dom), source);
}

/** What the FEEL editors of both panels are extended with. */
export function engineLint() {
  return [said, typeOver, linter(check, { delay: AFTER_MS })];
}
