import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { BpmnModdle } from "bpmn-moddle";
import zeebe from "zeebe-bpmn-moddle/resources/zeebe.json" with { type: "json" };

import { variablesOf } from "../src/editor/variables.js";
import { asked } from "../src/workshop/contents.js";

test("what steps write may be used in an expression, published or not", async () => {
  const xml = readFileSync(new URL("../../../tests/golden/bundles/expedition/expedition.bpmn", import.meta.url), "utf8");
  const { rootElement } = await new BpmnModdle({ zeebe }).fromXML(xml);
  const names = variablesOf(rootElement, ["known"]);
  for (const name of ["known", "carrier", "reason"]) assert.ok(names.includes(name), name);
  assert.ok(!names.some((name) => /[.=\s]/.test(name)), names.join());
});

test("no more names are sent than the server reads", () => {
  const many = Array.from({ length: 1500 }, (_, number) => `n${number}`);
  assert.equal(asked(new Set([...many, "x".repeat(201)])).length, 1000);
});
