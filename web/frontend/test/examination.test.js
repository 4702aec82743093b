import assert from "node:assert/strict";
import { test } from "node:test";

import { examinations } from "../src/workshop/examination.js";
import { publisher } from "../src/workshop/publishing.js";

const ok = (body) => ({ kind: "ok", status: 200, body });
const DONE = { id: "a", state: "done", may_publish: true, needs_reason: false, verdicts: [] };

/** An examination whose server gives `answers` in turn; `said` is what the page was told, `asked` what the server was. */
function examining(...answers) {
  const said = [];
  const asked = [];
  const answer = (question) => async () => {
    asked.push(question);
    return answers.shift();
  };
  const examined = examinations({ ask: answer("ask"), look: (id) => answer(`look ${id}`)(), show: (news) => said.push(news.state), pause: async () => {} });
  return { examined, said, asked };
}

test("it is followed until it is done, and asked only once", async () => {
  const { examined, said, asked } = examining(ok({ id: "a", state: "waiting" }), ok({ id: "a", state: "running" }), ok(DONE));
  const both = [examined.now(), examined.now()];
  assert.deepEqual(await Promise.all(both), [DONE, DONE]);
  assert.deepEqual(await examined.now(), DONE);
  assert.deepEqual(said, ["asked", "running", "running", "done"]);
  assert.deepEqual(asked, ["ask", "look a", "look a"]);
});

test("what was changed meanwhile is not told", async () => {
  const { examined, said } = examining(ok({ id: "a", state: "running" }), ok(DONE));
  const over = examined.now();
  examined.forget();
  assert.equal(await over, null);
  assert.deepEqual(said, ["asked", "stale"]);
});

test("after a failure it may be asked again", async () => {
  const { examined, said } = examining({ kind: "unreachable", body: {} }, ok({ id: "a", state: "failed" }), ok(DONE));
  assert.equal(await examined.now(), null);
  assert.equal(await examined.now(), null);
  assert.deepEqual(await examined.now(), DONE);
  assert.deepEqual(said, ["asked", "failed", "asked", "failed", "asked", "done"]);
});

/** A dialog in the place of the real one: gives what publishing comes to for `typed`. */
function publishing(reports, answers) {
  const posted = [];
  const told = [];
  const examined = { now: async () => reports[0], follow: async (id) => (told.push(`follow ${id}`), reports[1]) };
  const { send } = publisher({
    word: (name) => name,
    examined,
    post: async (typed) => (posted.push(typed), answers.shift()),
    published: (body) => told.push(`published ${body.version}`),
    refused: (sentence, problems) => told.push(`${sentence} ${problems.length}`),
    conflict: () => told.push("conflict"),
  });
  return { posted, told, send: (typed) => send(typed, { signal: new AbortController().signal, progress() {} }) };
}

const UNDECIDED = { ...DONE, needs_reason: true, verdicts: [{ soundness: "sound", sentence: "s" }, { soundness: "not_decided", sentence: "Why?" }] };
const EARLY = { kind: "conflict", body: { code: "examination_running", id: "b" } };

test("publishing waits for an examination that the server has still to make", async () => {
  const { posted, told, send } = publishing([DONE, DONE], [EARLY, ok({ version: 4 })]);
  assert.deepEqual(await send({ note: "n", reason: "" }), {});
  assert.deepEqual(posted, [{ note: "n", reason: undefined }, { note: "n", reason: undefined }]);
  assert.deepEqual(told, ["follow b", "published 4"]);
});

test("it does not ask for ever", async () => {
  const { told, send } = publishing([DONE, DONE], [EARLY, EARLY, EARLY, EARLY]);
  assert.deepEqual(await send({ note: "n", reason: "" }), { failure: "notExaminable" });
  assert.equal(told.length, 3);
});

test("what is not decided needs a reason, whether known here or told by the server", async () => {
  const { posted, send } = publishing([UNDECIDED], [ok({ version: 4 })]);
  assert.deepEqual(await send({ note: "n", reason: "" }), { reasons: ["Why?"] });
  assert.deepEqual(posted, []);
  assert.deepEqual(await send({ note: "n", reason: "because" }), {});
  assert.deepEqual(posted, [{ note: "n", reason: "because" }]);
  const server = publishing([UNDECIDED], [{ kind: "problems", body: { problems: [{ code: "soundness_reason_missing" }] } }]);
  assert.deepEqual(await server.send({ note: "n", reason: "x" }), { reasons: ["Why?"] });
});

test("what is wrong is told after the dialog has closed", async () => {
  const here = publishing([{ ...DONE, may_publish: false }], []);
  (await here.send({ note: "n", reason: "" })).after();
  assert.deepEqual(here.told, ["refusedAsIs 0"]);
  const server = publishing([DONE], [{ kind: "problems", body: { problems: [{ code: "explore_deadlock", severity: "error" }] } }]);
  (await server.send({ note: "n", reason: "" })).after();
  assert.deepEqual(server.told, ["errorsFirst 1"]);
});
