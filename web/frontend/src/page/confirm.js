/**
 * `data-confirm="question"` on a form, a button or a link asks before it acts. `data-confirm-label` names the button that goes on,
 * `data-confirm-danger` colours it.
 */
import { element, openDialog } from "./dom.js";
import { word } from "./words.js";

export function confirmBeforeActing() {
  const agreed = new WeakSet();
  document.addEventListener(
    "submit",
    (event) => {
      const asking = [event.submitter, event.target].find((each) => each?.hasAttribute?.("data-confirm"));
      if (!asking || agreed.delete(event.target)) return;
      stop(event);
      ask(asking, () => {
        agreed.add(event.target);
        event.target.requestSubmit(event.submitter);
      });
    },
    true,
  );
  document.addEventListener(
    "click",
    (event) => {
      const asking = event.target.closest?.("a[data-confirm]");
      if (!asking || agreed.delete(asking)) return;
      stop(event);
      ask(asking, () => {
        agreed.add(asking);
        asking.click();
      });
    },
    true,
  );
}

function stop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

function ask(asking, goOn) {
  const yes = element(
    "button",
    { type: "submit", value: "yes", className: asking.hasAttribute("data-confirm-danger") ? "btn btn-danger" : "btn btn-primary" },
    asking.dataset.confirmLabel ?? word("confirm"),
  );
  const no = element("button", { type: "submit", value: "no", className: "btn", autofocus: true }, word("cancel"));
  const question = element("p", { id: "bd-confirm-question" }, asking.dataset.confirm || word("sure"));
  const form = element("form", { method: "dialog" }, question, element("div", { className: "bd-dialog-actions" }, no, yes));
  const dialog = element("dialog", { className: "bd-dialog", "aria-labelledby": "bd-confirm-question" }, form);
  dialog.addEventListener("close", () => dialog.returnValue === "yes" && goOn());
  openDialog(dialog);
}
