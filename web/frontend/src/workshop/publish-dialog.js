import { element as el, openDialog } from "../page/dom.js";

const LONGEST = 500;

/**
 * Asks for the note, and for a reason where the examination could not decide (`undecided`: its sentences, as far as they are known), and
 * publishes. `typed` (`note`, `reason`) begins the fields and keeps what is typed, also for the next time that the dialog opens.
 *
 * `send(typed, {signal, progress})` publishes: `signal` ends with the dialog, `progress(report)` shows how far the examination is. It gives
 * `{reasons}`, the sentences that the person has to answer, `{failure}`, a sentence, or closes the dialog, with `{after}` to do then.
 */
export function askToPublish(word, typed, undecided, send) {
  const heading = el("h2", { id: "bde-publish-heading" }, word("publishTitle"));
  const note = field("note", word("noteHint"));
  const reason = field("reason", word("reasonHint"));
  const unanswered = el("ul", {});
  const asked = el("div", { className: "bde-reason", hidden: true }, el("p", {}, word("reasonAsked")), unanswered, ...labelled(reason, word("reason")));
  const bar = el("progress", { className: "bd-progress", "aria-label": word("examining") });
  const now = el("p", { className: "bde-exam-now" });
  const waiting = el("div", { className: "bde-waiting", hidden: true }, el("p", { role: "status" }), bar, now);
  const failure = el("p", { id: "bde-publish-failure", className: "invalid-feedback d-block", role: "alert" });
  const cancel = el("button", { type: "button", className: "btn" }, word("cancel"));
  const confirm = el("button", { type: "submit", className: "btn btn-primary" }, word("confirmPublish"));
  const form = el(
    "form",
    { noValidate: true },
    heading,
    el("p", {}, word("publishText")),
    ...labelled(note, word("note")),
    asked,
    waiting,
    failure,
    el("div", { className: "bd-dialog-actions" }, cancel, confirm),
  );
  const dialog = openDialog(el("dialog", { className: "bd-dialog bde-publish", "aria-labelledby": heading.id }, form));
  const closed = new AbortController();
  for (const each of [note, reason]) {
    each.input.value = typed[each.input.name] ?? "";
    each.input.addEventListener("input", () => (typed[each.input.name] = each.input.value));
  }
  if (undecided.length) askReason(undecided);
  note.input.focus();
  cancel.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => closed.abort());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (confirm.disabled || !isFilled(note, "noteMissing") || !(asked.hidden || isFilled(reason, "reasonMissing"))) return;
    failure.textContent = "";
    confirm.disabled = true;
    confirm.setAttribute("aria-busy", "true");
    const outcome = await send({ note: note.input.value.trim(), reason: asked.hidden ? "" : reason.input.value.trim() }, { signal: closed.signal, progress });
    progress(null);
    confirm.disabled = false;
    confirm.removeAttribute("aria-busy");
    if (outcome.reasons) {
      askReason(outcome.reasons);
      reason.input.focus();
    } else if (outcome.failure) failure.textContent = outcome.failure;
    else {
      dialog.close();
      outcome.after?.();
    }
  });

  function isFilled({ input }, missing) {
    if (input.value.trim()) {
      input.removeAttribute("aria-invalid");
      return true;
    }
    failure.textContent = word(missing);
    input.setAttribute("aria-invalid", "true");
    input.focus();
    return false;
  }

  function askReason(sentences) {
    unanswered.replaceChildren(...sentences.map((each) => el("li", {}, each)));
    asked.hidden = false;
    reason.input.required = true;
  }

  function progress(report) {
    waiting.hidden = !report;
    if (!report) return;
    // Said once: a live region speaks at every change.
    const [said] = waiting.children;
    if (said.textContent !== word("publishWaits")) said.textContent = word("publishWaits");
    const { done = 0, total = 0, now: text = "" } = report.progress ?? {};
    if (total > 0) Object.assign(bar, { max: total, value: done });
    now.textContent = text;
  }
}

function field(name, hint) {
  const id = `bde-${name}`;
  const input = el("textarea", { id, name, className: "form-control", rows: 3, maxLength: LONGEST, required: name === "note", "aria-describedby": `${id}-hint bde-publish-failure` });
  return { input, hint: el("small", { id: `${id}-hint`, className: "form-hint" }, hint) };
}

const labelled = ({ input, hint }, label) => [el("label", { className: "form-label", for: input.id }, label), input, hint];
