/** What a handler is, in words: each thing on a line of its own. */
import { fieldsOf } from "./schema.js";

const MINUTE = 60;

/** Lines of text: its name, what it does and takes and gives, how it may end, when and how often it runs. */
export function factsOf({ name, description, input, output, errors = [], effect, once, hold_seconds: hold = 0, attempts }, word) {
  const lines = [name];
  if (description) lines.push(word("handlerNote", { text: description.split("\n\n")[0].replace(/\s+/g, " ") }));
  lines.push(...listed("handlerTakes", input, word), ...listed("handlerGives", output, word));
  if (errors.length) lines.push(word("handlerErrors", { errors: errors.join(", ") }));
  if (!effect) return lines;
  lines.push(word("handlerEffect"));
  if (hold) lines.push(hold % MINUTE ? word("handlerHeldSeconds", { count: hold }) : word("handlerHeldMinutes", { count: hold / MINUTE }));
  lines.push(once ? word("handlerOnce") : word("handlerTries", { count: attempts }));
  return lines;
}

function listed(title, schema, word) {
  const fields = fieldsOf(schema);
  return fields.length ? [word(title), ...fields.map((each) => `• ${fieldText(each, word)}`)] : [`${word(title)} ${word("nothing")}`];
}

/** One field: `quantity: number, required, at least 1`. */
export function fieldText(field, word) {
  const facts = [field.of ? `${word("kind_list")} (${word(`kind_${field.of}`)})` : word(`kind_${field.kind}`)];
  if (field.isRequired) facts.push(word("fieldRequired"));
  if (field.isOptional) facts.push(word("fieldOptional"));
  if (field.choices) facts.push(word("fieldChoices", { choices: field.choices.join(", ") }));
  const bound = { text: "Length", list: "Items" }[field.kind] ?? "";
  for (const each of ["AtLeast", "AtMost", "Above", "Below"]) {
    const value = field[each[0].toLowerCase() + each.slice(1)];
    if (value !== undefined) facts.push(word(`field${each}${bound}`, { value }));
  }
  return `${field.name}${word("colon")} ${facts.join(", ")}${field.description ? `. ${field.description}` : ""}`;
}
