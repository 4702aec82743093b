/** From "Publish" to the version: once examined, with a reason where one is needed, and with nothing typed lost on the way. */
import { isRefused } from "./examination.js";
import { askToPublish } from "./publish-dialog.js";
import { isError } from "./problem.js";
import { failureText, troubleText } from "./server.js";

const RUNNING = "examination_running";
const REASON_MISSING = "soundness_reason_missing";
// The server may know more than was examined here (a file that somebody else saved), which is then examined too; but not for ever.
const TRIES = 3;

/**
 * `post(sent)` publishes and gives the server's answer, `examined` is the examination (`now()`, `follow(id)`); `published(body)`,
 * `refused(sentence, problems)` and `conflict(answer)` tell the page what came of it. `open()` asks the person, `send(typed, {signal})`
 * does what they said (see `publish-dialog.js`), `news` is to be told of examinations.
 */
export function publisher({ word, post, examined, published, refused, conflict }) {
  const typed = {};
  let tell = null;
  let known = null; // the report on what is drawn now
  let trouble = ""; // why there is none

  async function send({ note, reason }, { signal }) {
    let report = await examined.now();
    for (let tries = 0; tries < TRIES && report && !signal.aborted; tries += 1) {
      if (isRefused(report)) {
        return { after: () => refused(word("refusedAsIs"), []) };
      }
      if (report.needs_reason && !reason) return { reasons: undecided(report) };
      const answer = await post({ note, reason: reason || undefined });
      if (answer.body.code !== RUNNING) return cameOf(answer, report);
      report = await examined.follow(answer.body.id);
    }
    return { failure: trouble || word("notExaminable") };
  }

  function cameOf(answer, report) {
    if (answer.kind === "ok") {
      published(answer.body);
      return {};
    }
    const problems = answer.body.problems ?? [];
    if (answer.body.code === REASON_MISSING || problems.some(({ code }) => code === REASON_MISSING)) return { reasons: undecided(report) };
    if (answer.kind === "problems") {
      const errors = problems.filter(isError).length;
      return { after: () => refused(errors ? word("errorsFirst", { errors }) : failureText(answer, word), problems) };
    }
    if (answer.kind === "conflict") conflict(answer);
    return { failure: failureText(answer, word) };
  }

  async function told(typedNow, dialog) {
    tell = dialog.progress;
    try {
      return await send(typedNow, dialog);
    } finally {
      tell = null;
    }
  }

  function open() {
    if (known && isRefused(known)) refused(word("refusedAsIs"), []);
    else askToPublish(word, typed, known ? undecided(known) : [], told);
  }

  function news({ state, report, answer }) {
    known = state === "done" ? report : null;
    trouble = state === "failed" ? troubleText(answer, word) : "";
    tell?.(state === "asked" || state === "running" ? (report ?? {}) : null);
  }

  return { send, open, news };
}

const undecided = ({ verdicts }) => verdicts.filter(({ soundness }) => soundness === "not_decided").map(({ sentence }) => sentence);
