/** The names that the expressions of a decision file may use: of its elements, of their variables, of parameters and entries. */
import { asked, visit } from "../workshop/contents.js";

const NAMED = new Set(["dmn:InputData", "dmn:Decision", "dmn:BusinessKnowledgeModel", "dmn:DecisionService", "dmn:InformationItem", "dmn:ItemDefinition"]);

export function namesIn(definitions, known = []) {
  const found = new Set(known);
  visit(definitions, (element) => {
    const name = NAMED.has(element.$type) && element.get("name");
    if (name) found.add(name);
  });
  return asked(found);
}
