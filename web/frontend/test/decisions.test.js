import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { DmnModdle } from "dmn-moddle";

import { inKnownEdition } from "../src/decisions/namespaces.js";
import { namesIn } from "../src/decisions/names.js";
import { described, placeOf, placesOf, rowsOf } from "../src/decisions/places.js";
import { wordsOf } from "../src/workshop/words.js";
import { WORDS } from "../src/decisions/words.js";
import { newDecision, slugOf } from "../src/workshop/new-decision.js";

const APPROVAL = readFileSync(new URL("../../../processes/replenishment/approval.dmn", import.meta.url), "utf8");
const read = async (xml) => (await new DmnModdle().fromXML(xml)).rootElement;

test("a problem's id leads to row and column", async () => {
  const places = placesOf(await read(APPROVAL));
  const say = (id) => described(places.get(id), wordsOf("fr", WORDS));
  assert.equal(say("approval_needed"), "Accord nécessaire ?");
  assert.equal(say("above_threshold"), "Accord nécessaire ? · ligne 2");
  assert.equal(say("below_threshold_amount"), "Accord nécessaire ? · ligne 1 · Montant de la commande (hors taxes)");
  assert.equal(places.get("amount_expression").shown, "amount_input");
  assert.equal(places.get("gone"), undefined);
});

test("what a problem says of its place leads to the row, the cell or the column", async () => {
  const places = placesOf(await read(APPROVAL));
  const at = (place) => placeOf({ element_id: "approval_needed", place }, places).shown;
  assert.deepEqual(["rule:2", "rule:1/input:1 Montant", "rule:2/output:1 x", "output:1", "rule:9", null].map(at), ["above_threshold", "below_threshold_amount", "above_threshold_approval", "approval_output", undefined, undefined]);
  const rows = rowsOf({ rows: "1, 2, 7" }, places.get("approval_needed"), places);
  assert.deepEqual(rows.map(({ row }) => row), [1, 2]);
});

test("every edition of DMN is opened under the names of 1.3, and nothing else is renamed", () => {
  const later = APPROVAL.replaceAll("20191111", "20230324");
  assert.deepEqual(inKnownEdition(later), { xml: APPROVAL, isRenamed: true });
  assert.deepEqual(inKnownEdition(APPROVAL), { xml: APPROVAL, isRenamed: false });
  const quoted = APPROVAL.replace("false", '"https://www.omg.org/spec/DMN/20230324/MODEL/"');
  assert.equal(inKnownEdition(quoted).xml, quoted);
});

test("a new table takes no id and no file that is there, and can be read", async () => {
  const made = newDecision("Remise <client> & « été »", [{ id: "remise_client_ete", path: "remise_client_ete.dmn" }]);
  assert.deepEqual([made.id, made.path], ["remise_client_ete_2", "remise_client_ete-2.dmn"]);
  const definitions = await read(made.xml);
  assert.equal(definitions.get("drgElement")[0].get("name"), "Remise <client> & « été »");
  const ids = [...made.xml.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
});

test("names become ids that a file and a variable may have", () => {
  assert.deepEqual(["Accord nécessaire ?", "2 fois", "???", "a".repeat(99)].map(slugOf), ["accord_necessaire", "fois", "decision", "a".repeat(40)]);
});

test("expressions may use what the file names, parameters and blanks included", async () => {
  const several = readFileSync(new URL("../../../tests/browser/frontend/several.dmn", import.meta.url), "utf8").replace('name="Remise"', 'name="Remise du client"');
  const names = namesIn(await read(inKnownEdition(several).xml), ["day"]);
  assert.deepEqual(names, ["Prix", "Remise du client", "amount", "customer", "day", "discount", "price", "rounding"]);
});
