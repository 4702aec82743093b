import assert from "node:assert/strict";
import { test } from "node:test";

import { secondOpinion } from "../src/workshop/second-opinion.js";
import { wordsOf } from "../src/workshop/words.js";

const story = (title, kind, more = {}) => ({ title, passed: true, opinion: { kind, unexplained: false, sentence: title, element: null }, ...more });
const titles = (stories) => stories.map(({ title }) => title);

test("stories are told by what the second engine says of them", () => {
  const stories = [
    story("a", "same"),
    story("b", "different"),
    { ...story("c", "different"), opinion: { kind: "different", unexplained: true, sentence: "c", element: "x" } },
    story("d", "not_compared"),
    story("failed", "not_compared", { passed: false }),
  ];
  const found = secondOpinion(stories, { compared: 3, total: 5, explained: 1, unexplained: 1 });
  assert.deepEqual([found.same, found.total], [1, 5]);
  assert.deepEqual([found.unexplained, found.explained, found.apart].map(titles), [["c"], ["b"], ["d"]]);
});

test("nothing is told where it was not asked", () => {
  assert.equal(secondOpinion([], { compared: 0, total: 0, explained: 0, unexplained: 0 }), null);
  assert.equal(secondOpinion([{ title: "old", passed: true, opinion: null }], undefined), null);
});

test("the figures are one sentence", () => {
  assert.equal(wordsOf("en")("goesSame", { same: 6, stories: 6 }), "SpiffWorkflow goes the same way in 6 of 6 stories");
  assert.equal(wordsOf("fr")("goesSame", { same: 6, stories: 6 }), "SpiffWorkflow suit le même chemin dans 6 récits sur 6");
  assert.equal(wordsOf("fr")("goesSame", { same: 1, stories: 2 }), "SpiffWorkflow suit le même chemin dans 1 récit sur 2");
});
