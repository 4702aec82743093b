import assert from "node:assert/strict";
import { test } from "node:test";

import { marksOf } from "../src/workshop/feel.js";
import { addressOf } from "../src/workshop/session.js";

test("a problem is underlined within the text, at its end before it", () => {
  const problem = (at, length, severity = "error") => ({ at, length, severity, message: "m" });
  const places = (problems, text) => marksOf(problems, text).map(({ from, to }) => [from, to]);
  assert.deepEqual(places([problem(2, 5), problem(8, 0), problem(99, 3), problem(null), problem(4, 0)], "abc(hallo"), [[2, 7], [8, 9], [8, 9], [0, 9], [4, 9]]);
  assert.deepEqual(places([problem(0, 1)], ""), [[0, 0]]);
  assert.equal(marksOf([problem(0, 1, "warning")], "abc")[0].severity, "warning");
});

test("both editors find the addresses of their process, under any prefix", () => {
  const mount = { dataset: { processKey: "decisions" } };
  const at = (pathname) => addressOf(mount, { pathname });
  assert.equal(at("/processes/decisions/edit"), "/processes/decisions/");
  assert.equal(at("/app/processes/decisions/decisions/approval.dmn"), "/app/processes/decisions/");
});
