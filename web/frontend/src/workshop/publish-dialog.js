import { element as el, openDialog } from "../page/dom.js";

/**
 * Asks for the note and publishes. `send(note)` answers `null` when the dialog may close, else the sentence that it shows; what was
 * typed stays in the dialog until it worked.
 */
export function askToPublish(word, send) {
  const heading = el("h2", { id: "bde-publish-heading" }, word("publishTitle"));
  const note = el("textarea", { id: "bde-note", name: "note", className: "form-control", rows: 3, maxLength: 500, required: true, "aria-describedby": "bde-note-hint bde-publish-failure" });
  const hint = el("small", { id: "bde-note-hint", className: "form-hint" }, word("noteHint"));
  const failure = el("p", { id: "bde-publish-failure", className: "invalid-feedback d-block", role: "alert" });
  const cancel = el("button", { type: "button", className: "btn" }, word("cancel"));
  const confirm = el("button", { type: "submit", className: "btn btn-primary" }, word("confirmPublish"));
  const form = el(
    "form",
    { noValidate: true },
    heading,
    el("p", {}, word("publishText")),
    el("label", { className: "form-label", for: note.id }, word("note")),
    note,
    hint,
    failure,
    el("div", { className: "bd-dialog-actions" }, cancel, confirm),
  );
  const dialog = openDialog(el("dialog", { className: "bd-dialog bde-publish", "aria-labelledby": heading.id }, form));
  note.focus();
  cancel.addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (confirm.disabled) return;
    if (!note.value.trim()) {
      failure.textContent = word("noteMissing");
      note.setAttribute("aria-invalid", "true");
      note.focus();
      return;
    }
    note.removeAttribute("aria-invalid");
    failure.textContent = "";
    confirm.disabled = true;
    confirm.setAttribute("aria-busy", "true");
    const problem = await send(note.value.trim());
    confirm.disabled = false;
    confirm.removeAttribute("aria-busy");
    if (problem === null) dialog.close();
    else failure.textContent = problem;
  });
}
