/** What a handler takes or gives, read from its JSON Schema (draft 2020-12, as `engine/instances/catalogue.py` writes it). */
const DEPTH = 8;
const FORMATS = { date: "date", "date-time": "dateTime", duration: "duration", time: "time" };
const TYPES = { string: "text", integer: "integer", number: "number", boolean: "boolean", array: "list", object: "record" };

/** Each field in its order: name, kind, whether it is required, may be nothing, what it may be (`choices`), its bounds and what it is for. */
export function fieldsOf(schema) {
  if (!schema) return [];
  const record = resolved(schema, schema);
  const required = new Set(record.required);
  return Object.entries(record.properties ?? {}).map(([name, each]) => ({ name, isRequired: required.has(name), ...read(each, schema) }));
}

function read(asked, root, depth = 0) {
  const given = resolved(asked, root);
  const ways = (given.anyOf ?? given.oneOf ?? [given]).map((each) => resolved(each, root));
  const some = ways.filter(({ type }) => type !== "null");
  // an amount comes as a number or as its digits: what says more is what people write
  const main = some.find(({ type }) => type === "number" || type === "integer") ?? some[0] ?? {};
  const found = { kind: kindOf(main), isOptional: some.length < ways.length };
  const choices = main.enum ?? ("const" in main ? [main.const] : undefined);
  if (choices) found.choices = choices;
  const low = main.minimum ?? main.minLength ?? main.minItems;
  const high = main.maximum ?? main.maxLength ?? main.maxItems;
  if (low !== undefined) found.atLeast = low;
  if (high !== undefined) found.atMost = high;
  if (main.exclusiveMinimum !== undefined) found.above = main.exclusiveMinimum;
  if (main.exclusiveMaximum !== undefined) found.below = main.exclusiveMaximum;
  const description = asked.description ?? given.description;
  if (description) found.description = description;
  if (found.kind === "list" && main.items && depth < DEPTH) found.of = read(main.items, root, depth + 1).kind;
  return found;
}

function kindOf({ type, format, enum: choices }) {
  return FORMATS[format] ?? TYPES[type] ?? (choices ? "text" : "any");
}

/** Follows references within the schema; one that leads nowhere, or in a circle, says nothing. */
function resolved(schema, root) {
  let found = schema;
  for (let step = 0; found?.$ref && step < DEPTH; step += 1) {
    found = found.$ref.replace(/^#\/?/, "").split("/").filter(Boolean).reduce((at, key) => at?.[key], root);
  }
  return found?.$ref ? {} : (found ?? {});
}
