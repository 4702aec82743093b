import { element as el, openDialog } from "../page/dom.js";

/** Shows the text of a story, with what is wrong with it, to be changed; `apply(text)` when the person says so. */
export function editStory(word, { title, file, text, problems }, apply) {
  const heading = el("h2", { id: "bde-story-heading" }, word("editOf", { title }));
  const input = el("textarea", { id: "bde-story", className: "form-control", rows: 18, spellcheck: false, value: text, "aria-describedby": "bde-story-hint" });
  const cancel = el("button", { type: "button", className: "btn" }, word("cancel"));
  const confirm = el("button", { type: "submit", className: "btn btn-primary" }, word("apply"));
  const form = el(
    "form",
    {},
    heading,
    ...(problems.length ? [el("ul", { className: "bde-story-problems" }, ...problems.map(({ message }) => el("li", {}, message)))] : []),
    el("label", { className: "form-label", for: input.id }, file),
    input,
    el("small", { id: "bde-story-hint", className: "form-hint" }, word("editHint")),
    el("div", { className: "bd-dialog-actions" }, cancel, confirm),
  );
  const dialog = openDialog(el("dialog", { className: "bd-dialog bde-story", "aria-labelledby": heading.id }, form));
  goTo(input, problems.find(({ line }) => line)?.line ?? 1);
  cancel.addEventListener("click", () => dialog.close());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply(input.value);
    dialog.close();
  });
}

/** Selects a line and brings it into view. */
function goTo(input, line) {
  const lines = input.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  input.focus();
  input.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  input.scrollTop = (input.scrollHeight / lines.length) * Math.max(line - input.rows / 2, 0);
}
