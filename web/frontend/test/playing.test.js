import assert from "node:assert/strict";
import { test } from "node:test";

import { pointAlong, restingPoint, stopsOf } from "../src/editor/path.js";

const points = [{ x: 0, y: 0 }, { x: 10, y: 0 }, { x: 10, y: 0 }, { x: 10, y: 30 }];

test("a token goes along every bend of a flow, and no further", () => {
  assert.deepEqual([0, 0.25, 0.5, 1, 7, -1].map((share) => pointAlong(points, share)), [
    { x: 0, y: 0 }, { x: 10, y: 0 }, { x: 10, y: 10 }, { x: 10, y: 30 }, { x: 10, y: 30 }, { x: 0, y: 0 },
  ]);
  assert.deepEqual(pointAlong([{ x: 4, y: 5 }, { x: 4, y: 5 }], 0.5), { x: 4, y: 5 });
});

test("it rests where the name of the element can still be read", () => {
  assert.deepEqual(restingPoint({ x: 100, y: 100, width: 100, height: 80 }), { x: 116, y: 164 });
  assert.deepEqual(restingPoint({ x: 100, y: 100, width: 36, height: 36 }), { x: 118, y: 118 });
  assert.deepEqual(restingPoint({ waypoints: points }), { x: 10, y: 10 });
});

test("playing stops at elements, and at a flow only where the path ends with it", () => {
  const isFlow = (id) => id.startsWith("f");
  assert.deepEqual(stopsOf(["a", "f1", "b", "f2", "f3", "c"], isFlow), [0, 2, 5]);
  assert.deepEqual(stopsOf(["a", "f1"], isFlow), [0, 1]);
  assert.deepEqual(stopsOf(["f1"], isFlow), [0]);
  assert.deepEqual(stopsOf([], isFlow), []);
});
