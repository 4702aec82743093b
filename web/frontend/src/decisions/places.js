/** Where a problem of a decision file is to be shown: the decision, and in its table the row and the column. */

/** Every id of `definitions` (dmn-moddle) → `{decision, row, column, shown}`; rows and columns count from 1, `shown` is what the table marks. */
export function placesOf(definitions) {
  const places = new Map();
  for (const decision of definitions?.get("drgElement") ?? []) {
    places.set(decision.id, { decision });
    const logic = decision.get("decisionLogic") ?? decision.get("encapsulatedLogic");
    if (!logic) continue;
    note(places, logic, { decision });
    if (logic.$type === "dmn:DecisionTable") tablePlaces(places, decision, logic);
  }
  return places;
}

/**
 * The place of a problem: its element, narrowed by what `place` says within it (`rule:2/input:1 Montant`, `output:1`), counted from 1.
 * Undefined when the file has no such element.
 */
export function placeOf({ element_id: id, place: within }, places) {
  const place = places.get(id);
  const logic = place?.decision.get("decisionLogic");
  if (place?.row || place?.column || logic?.$type !== "dmn:DecisionTable" || !within) return place;
  const [row, input, output] = ["rule", "input", "output"].map((kind) => Number(new RegExp(`\\b${kind}:(\\d+)`).exec(within)?.[1] ?? 0));
  const rule = logic.get("rule")?.[row - 1];
  const of = (holder, names) => (input ? holder?.get(names[0])?.[input - 1] : output ? holder?.get(names[1])?.[output - 1] : null);
  const found = of(rule, ["inputEntry", "outputEntry"]) ?? rule ?? of(logic, ["input", "output"]);
  return places.get(found?.id) ?? place;
}

/** The rows that a problem names beside its own place ("1, 2"), as places. */
export function rowsOf({ rows }, place, places) {
  const rules = place?.decision.get("decisionLogic")?.get("rule") ?? [];
  const numbers = (rows ?? "").match(/\d+/g) ?? [];
  return numbers.map((number) => places.get(rules[number - 1]?.id)).filter(Boolean);
}

function tablePlaces(places, decision, table) {
  const inputs = table.get("input") ?? [];
  const outputs = table.get("output") ?? [];
  [...inputs, ...outputs].forEach((clause, index) => {
    const place = { decision, column: index + 1, label: labelOf(clause), shown: clause.id };
    note(places, clause, place);
    for (const part of ["inputExpression", "inputValues", "outputValues", "defaultOutputEntry"]) note(places, clause[part], place);
  });
  (table.get("rule") ?? []).forEach((rule, index) => {
    const row = index + 1;
    places.set(rule.id, { decision, row, shown: rule.id });
    [...(rule.get("inputEntry") ?? []), ...(rule.get("outputEntry") ?? [])].forEach((entry, at) => {
      const clause = [...inputs, ...outputs][at];
      note(places, entry, { decision, row, column: at + 1, label: clause && labelOf(clause), shown: entry.id });
    });
  });
}

function note(places, element, place) {
  if (element?.id) places.set(element.id, place);
}

/** The type that the column of a cell is declared with; null for what stands in no table. */
export function columnTypeOf(id, places) {
  const { decision, column } = places.get(id) ?? {};
  if (!column) return null;
  const table = decision.get("decisionLogic") ?? decision.get("encapsulatedLogic");
  const inputs = table.get("input") ?? [];
  const clause = column > inputs.length ? table.get("output")[column - inputs.length - 1] : inputs[column - 1].inputExpression;
  return clause?.get("typeRef") ?? "";
}

const labelOf = (clause) => clause.get("label") || clause.get("name") || clause.inputExpression?.get("text");

/** A place in words: "Accord nécessaire ? · ligne 2 · Montant". */
export function described(place, word) {
  const parts = [place.decision.get("name") || place.decision.id];
  if (place.row) parts.push(word("row", { row: place.row }));
  if (place.label) parts.push(place.label);
  else if (place.column) parts.push(word("column", place));
  return parts.join(" · ");
}
