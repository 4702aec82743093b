import assert from "node:assert/strict";
import { test } from "node:test";

import { proposed } from "../src/editor/mappings.js";

const names = (...all) => all.map((name) => ({ name }));

test("a handler brings a mapping for everything that it takes", () => {
  assert.deepEqual(proposed([], [], names("a", "b")), [{ source: "= a", target: "a" }, { source: "= b", target: "b" }]);
});

test("what somebody wrote stays, also under a name that the handler takes", () => {
  const written = [{ source: "= upper case(x)", target: "a" }];
  assert.deepEqual(proposed(written, names("a"), names("a", "b")), [...written, { source: "= b", target: "b" }]);
});

test("the proposals of the handler that was left go away, what was changed in them does not", () => {
  const before = [{ source: "=a", target: "a" }, { source: "= b + 1", target: "b" }];
  assert.deepEqual(proposed(before, names("a", "b"), names("c")), [{ source: "= b + 1", target: "b" }, { source: "= c", target: "c" }]);
});
