/** Files between the editor and the person's own machine. */
import { element as el, openDialog } from "../page/dom.js";

/** Hands the text over as a download. */
export function offerFile(text, name) {
  const link = el("a", { href: URL.createObjectURL(new Blob([text], { type: "application/xml" })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Lets the person choose a file and, once they agreed, gives its name and text to `open`. */
export function chooseFile(accept, word, open) {
  const input = el("input", { type: "file", accept });
  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file) return;
    const text = await file.text();
    if (await agreed(word, file.name)) await open(file.name, text);
  });
  input.click();
}

function agreed(word, file) {
  const heading = el("h2", { id: "bde-replace-heading" }, word("replaceTitle"));
  const no = el("button", { type: "submit", value: "no", className: "btn", autofocus: true }, word("cancel"));
  const yes = el("button", { type: "submit", value: "yes", className: "btn btn-primary" }, word("confirmReplace"));
  const form = el("form", { method: "dialog" }, heading, el("p", {}, word("replaceText", { file })), el("div", { className: "bd-dialog-actions" }, no, yes));
  const dialog = openDialog(el("dialog", { className: "bd-dialog", "aria-labelledby": heading.id }, form));
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes")));
}
