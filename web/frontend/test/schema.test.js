import assert from "node:assert/strict";
import { test } from "node:test";

import { factsOf, fieldText } from "../src/editor/handler-facts.js";
import { fieldsOf } from "../src/editor/schema.js";
import { WORDS } from "../src/editor/words.js";

const said = (language) => (name, facts = {}) => {
  assert.ok(name in WORDS[language], name);
  return WORDS[language][name].replace(/\{(\w+)\}/g, (_, fact) => facts[fact]);
};

const INPUT = {
  type: "object",
  required: ["article", "quantity", "mode"],
  $defs: { Mode: { enum: ["air", "sea"], type: "string" }, Line: { type: "object", properties: { sku: { type: "string" } } } },
  properties: {
    article: { type: "string", maxLength: 40, description: "Its reference" },
    quantity: { anyOf: [{ type: "number", minimum: 1, exclusiveMaximum: 100 }, { type: "string" }] },
    mode: { $ref: "#/$defs/Mode" },
    needed_on: { anyOf: [{ type: "string", format: "date" }, { type: "null" }], default: null },
    lines: { type: "array", items: { $ref: "#/$defs/Line" }, minItems: 1 },
    lost: { $ref: "#/$defs/Nowhere" },
    round: { $ref: "#/properties/round" },
  },
};

test("the fields of a schema have kind, need, choices, bounds and description", () => {
  assert.deepEqual(fieldsOf(INPUT), [
    { name: "article", isRequired: true, kind: "text", isOptional: false, atMost: 40, description: "Its reference" },
    { name: "quantity", isRequired: true, kind: "number", isOptional: false, atLeast: 1, below: 100 },
    { name: "mode", isRequired: true, kind: "text", isOptional: false, choices: ["air", "sea"] },
    { name: "needed_on", isRequired: false, kind: "date", isOptional: true },
    { name: "lines", isRequired: false, kind: "list", isOptional: false, atLeast: 1, of: "record" },
    { name: "lost", isRequired: false, kind: "any", isOptional: false },
    { name: "round", isRequired: false, kind: "any", isOptional: false },
  ]);
  assert.deepEqual(fieldsOf(null), []);
});

test("a field is told in both languages", () => {
  const told = (language) => fieldsOf(INPUT).map((each) => fieldText(each, said(language)));
  assert.deepEqual(told("en").slice(0, 5), [
    "article: text, required, at most 40 characters. Its reference",
    "quantity: number, required, at least 1, less than 100",
    "mode: text, required, one of: air, sea",
    "needed_on: date, may be missing",
    "lines: list (set of fields), at least 1 items",
  ]);
  assert.equal(told("fr")[1], "quantity : nombre, obligatoire, au moins 1, moins que 100");
});

test("a handler tells when it runs, how long it is held, and what an uncertain try means", () => {
  const word = said("en");
  const mail = { name: "post.mail", description: "Write.\n\nMore.", input: null, output: null, errors: ["taken_back"], effect: true, once: true, hold_seconds: 120, attempts: 3 };
  assert.deepEqual(factsOf(mail, word), [
    "post.mail", "Write.", "Takes: nothing", "Gives: nothing", "Possible errors: taken_back.", "Runs after the step.",
    "Held for 2 minutes: until then it can be taken back.", "When nobody knows how a try ended, somebody is asked instead of trying again.",
  ]);
  assert.equal(factsOf({ ...mail, once: false, hold_seconds: 0 }, word).at(-1), "Tries when it fails: 3, then an incident.");
  assert.deepEqual(factsOf({ name: "a.b", effect: false }, word), ["a.b", "Takes: nothing", "Gives: nothing"]);
});
