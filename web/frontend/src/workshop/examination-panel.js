/**
 * The examination beside the diagram or the table: how far it is, and what it found (`examination-report.js`).
 *
 * `here` is what the editor can show: see there.
 */
import { element as el } from "../page/dom.js";
import { isRefused } from "./examination.js";
import { reportView } from "./examination-report.js";
import { troubleText } from "./server.js";

const SENTENCES = { stale: "changedSince", blocked: "errorsBefore", asked: "examining", running: "examining", failed: "notExaminable" };
const OUTCOMES = { error: "refusedAsIs", warning: "needsReason", fine: "mayBePublished" };

/** Gives `section`, `show(news)` (see `examination.js`), `focus()`; `again` is set to what examines once more. */
export function examinationPanel(word, locale, here) {
  const heading = el("h2", { id: "bde-exam-heading", tabIndex: -1 }, word("examination"));
  const summary = el("p", { className: "bde-exam-summary", role: "status" }, word("notExamined"));
  const bar = el("progress", { className: "bd-progress", "aria-label": word("examining"), hidden: true });
  const now = el("p", { className: "bde-exam-now", hidden: true });
  const found = el("div", { className: "bde-exam-found" });
  const section = el("section", { className: "bde-examination", "aria-labelledby": heading.id }, heading, summary, bar, now, found);
  const view = reportView(word, locale, here);
  let shown = null;
  const panel = { section, show, focus: () => heading.focus(), again: null };

  function show({ state, report, answer }) {
    section.dataset.state = state;
    section.setAttribute("aria-busy", String(state === "asked" || state === "running"));
    summary.dataset.state = state === "failed" ? "error" : state === "done" ? outcome(report) : "";
    const sentence = state === "failed" ? troubleText(answer, word) : word(state === "done" ? OUTCOMES[outcome(report)] : SENTENCES[state]);
    // Said once: a live region speaks at every change.
    if (summary.textContent !== sentence) summary.textContent = sentence;
    if (state === "failed") summary.append(" ", again());
    tellProgress(state, report);
    const text = state === "done" && JSON.stringify(report);
    if (!text || text === shown) return;
    shown = text;
    keepingFocus(() => found.replaceChildren(...view(report)));
  }

  /** Who was at a button is at the same one of the new report, or else where it begins. */
  function keepingFocus(change) {
    const before = found.contains(document.activeElement) ? sayingOf(document.activeElement) : null;
    change();
    if (before) ([...found.querySelectorAll("button, summary")].find((each) => sayingOf(each) === before && each.checkVisibility()) ?? heading).focus();
  }

  function tellProgress(state, report) {
    bar.hidden = now.hidden = state !== "running" && state !== "asked";
    const { done = 0, total = 0, now: text = "" } = report?.progress ?? {};
    if (total > 0) Object.assign(bar, { max: total, value: done });
    else bar.removeAttribute("value");
    now.textContent = text;
  }

  function again() {
    const button = el("button", { type: "button", className: "btn btn-sm" }, word("examineAgain"));
    button.addEventListener("click", () => panel.again());
    return button;
  }

  return panel;
}

const outcome = (report) => (isRefused(report) ? "error" : report.needs_reason ? "warning" : "fine");
const sayingOf = (button) => button.getAttribute("aria-label") ?? button.textContent;
