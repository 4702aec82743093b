import assert from "node:assert/strict";
import { test } from "node:test";

import { drawTaken, nameElements, stateOf } from "../src/viewer/path.js";

test("what still runs matters more than what ended", () => {
  assert.equal(stateOf({ entered: 3, completed: 2, active: 1 }), "active");
  assert.equal(stateOf({ entered: 2, completed: 1, cancelled: 1 }), "completed");
  assert.equal(stateOf({ entered: 1, cancelled: 1 }), "cancelled");
  assert.equal(stateOf({ entered: 1 }), "completed");
  assert.equal(stateOf({}), null);
});

test("names of elements that the diagram does not have are left out", () => {
  const elements = { a: { name: "Décider" } };
  nameElements(elements, { a: "Decide", gone: "Gone" });
  assert.deepEqual(elements, { a: { name: "Decide" } });
});

test("a pool is called what its process is called", () => {
  const pool = (processRef) => ({ $type: "bpmn:Participant", name: "Demande", processRef });
  const elements = { ours: pool({ id: "request" }), theirs: pool({ id: "other" }), outside: pool() };
  nameElements(elements, { request: "Request" });
  assert.deepEqual(Object.values(elements).map((each) => each.name), ["Request", "Demande", "Demande"]);
});

test("only the flows that were taken are coloured", () => {
  const edge = (id) => ({ bpmnElement: { id }, colours: {}, set(name, value) { this.colours[name] = value; } });
  const [taken, other, orphan] = [edge("f1"), edge("f2"), { set() { throw new Error("touched"); } }];
  drawTaken({ diagrams: [{ plane: { planeElement: [taken, other, orphan] } }, {}] }, new Set(["f1", "gone"]));
  assert.deepEqual([Object.keys(taken.colours).length, Object.keys(other.colours).length], [1, 0]);
});
