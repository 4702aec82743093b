/**
 * The examination of what is drawn (soundness, stories): asked for once the quick check found no error and nothing was changed for a
 * moment, then followed until the server's job is done.
 *
 * `ask(signal)` and `look(id, signal)` give the server's answers; `show(news)` is told all that becomes known: `{state, report, answer}`,
 * with state `stale`, `blocked`, `asked`, `running`, `failed` or `done`.
 */
export const ASK_AFTER_MS = 600;
export const LOOK_EVERY_MS = 700;

/** Nobody's reason would help: something is wrong. */
export const isRefused = (report) => !report.may_publish;

export function examinations({ ask, look, show, pause = restUnlessHidden }) {
  let timer = null;
  let run = null; // {abort, over: a promise of the report, or null}

  function stop() {
    clearTimeout(timer);
    run?.abort.abort();
    run = null;
  }

  /** Something was changed: what was found holds no longer. */
  function forget() {
    stop();
    show({ state: "stale" });
  }

  /** The check found errors, which come first. */
  function block() {
    stop();
    show({ state: "blocked" });
  }

  /** Asks in a moment, unless it was asked already or something happens before. */
  function soon() {
    clearTimeout(timer);
    if (!run) timer = setTimeout(now, ASK_AFTER_MS);
  }

  /** What is found of what is drawn now, a promise; asks when nobody has. Null when it cannot be known. */
  function now() {
    if (!run) start((signal) => ask(signal));
    return run.over;
  }

  /** The same for an examination that the server named. */
  function follow(id) {
    stop();
    start((signal) => look(id, signal));
    return run.over;
  }

  function start(first) {
    clearTimeout(timer);
    show({ state: "asked" });
    const abort = new AbortController();
    run = { abort, over: followed(first, abort.signal) };
  }

  async function followed(first, signal) {
    for (let answer = await first(signal); ; answer = await look(answer.body.id, signal)) {
      if (signal.aborted) return null;
      const report = answer.kind === "ok" ? answer.body : null;
      if (!report || report.state === "failed") {
        run = null;
        show({ state: "failed", report, answer });
        return null;
      }
      show({ state: report.state === "done" ? "done" : "running", report });
      if (report.state === "done") return report;
      await pause(LOOK_EVERY_MS, signal);
      if (signal.aborted) return null;
    }
  }

  return { forget, block, soon, now, follow };
}

/** Nobody looks at a hidden page: it asks again when it is seen. Ends early when `signal` says so. */
async function restUnlessHidden(milliseconds, signal) {
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", resolve, { once: true });
  });
  if (!document.hidden || signal.aborted) return;
  await new Promise((resolve) => {
    const seen = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", seen);
      resolve();
    };
    document.addEventListener("visibilitychange", seen);
    signal.addEventListener("abort", seen, { once: true });
  });
}
