import assert from "node:assert/strict";
import { test } from "node:test";

import { standing } from "../src/viewer/standing.js";

const PARENTS = { fulfil: "process", ask: "fulfil", prepare: "fulfil" };
const at = (...ids) => Object.fromEntries(["start", "fulfil", "ask", "prepare"].map((id) => [id, { active: ids.includes(id) ? 1 : 0 }]));
const where = (...ids) => standing(at(...ids), (id) => PARENTS[id]);

test("what is in a group is shown before the group", () => {
  assert.equal(where("fulfil", "prepare"), "prepare");
  assert.equal(where("fulfil", "ask", "prepare"), "ask");
});

test("a group in which nothing stands is shown itself", () => {
  assert.equal(where("fulfil"), "fulfil");
});

test("a process stands nowhere", () => {
  assert.equal(where(), undefined);
});
