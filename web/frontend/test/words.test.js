import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { FRENCH } from "../src/editor/translations/fr.js";
import { translateModule } from "../src/workshop/translate.js";
import { wordsOf } from "../src/workshop/words.js";

test("numbers choose singular and plural as the language does", () => {
  assert.equal(wordsOf("fr")("counts", { errors: 0, warnings: 2 }), "0 erreur, 2 avertissements");
  assert.equal(wordsOf("en")("counts", { errors: 0, warnings: 1 }), "0 errors, 1 warning");
});

for (const file of ["workshop", "editor", "decisions"]) test(`both languages have the same sentences with the same facts (${file})`, () => {
  const source = readFileSync(new URL(`../src/${file}/words.js`, import.meta.url), "utf8");
  // Each once: what agrees with a number is not the same word in both.
  const facts = (text) => [...new Set([...text.matchAll(/\{(\w+)/g)].map(([, name]) => name))].sort().join();
  const entries = (language) => {
    const block = source.slice(source.indexOf(`  ${language}: {`), source.indexOf("  },", source.indexOf(`  ${language}: {`)));
    return new Map([...block.matchAll(/^ {4}(\w+): "(.*)",$/gm)].map(([, name, text]) => [name, facts(text)]));
  };
  assert.ok(entries("fr").size > 10);
  assert.deepEqual(entries("fr"), entries("en"));
});

test("a French text that is missing is shown in English and noted", () => {
  const [, translate] = translateModule("fr", FRENCH).translate;
  assert.equal(translate("Delete"), "Supprimer");
  assert.equal(translate("Timer Boundary Event (Non Interrupting)"), "Minuterie attachée (sans interruption)");
  assert.equal(translate("Open {element}", { element: "A" }), "Ouvrir A");
  assert.equal(translate("Never heard of {x}", { x: 1 }), "Never heard of 1");
  assert.deepEqual([...globalThis.bordereauUntranslated], ["Never heard of {x}"]);
});

test("English stays English, and padded names are filled in", () => {
  const [, translate] = translateModule("en", FRENCH).translate;
  assert.equal(translate("e.g. { sample }", { sample: 5 }), "e.g. 5");
});
