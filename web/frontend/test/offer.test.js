import assert from "node:assert/strict";
import { test } from "node:test";

import { isOffered } from "../src/editor/offer.js";

test("what the engine runs is offered in every menu", () => {
  for (const id of ["replace-with-user-task", "append-service-task", "create-rule-task", "append-inclusive-gateway", "replace-with-timer-boundary", "toggle-parallel-mi"]) {
    assert.equal(isOffered(id), true, id);
  }
});

test("what the engine refuses is not", () => {
  const refused = [
    "append-task", "replace-with-manual-task", "create-send-task", "replace-with-receive-task", "append-event-based-gateway", "append-complex-gateway",
    "replace-with-transaction", "create-event-subprocess", "append-signal-end", "replace-with-escalation-boundary", "append-link-intermediate-catch",
    "toggle-loop", "replace-with-collapsed-ad-hoc-subprocess",
  ];
  for (const id of refused) assert.equal(isOffered(id), false, id);
});

test("entries that add no element stay", () => {
  assert.equal(isOffered("delete"), true);
});
