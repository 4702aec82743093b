/** Names that an expression of the diagram may use: what the page knows, and what somebody has just written as a target. */
import { asked, visit } from "../workshop/contents.js";

const TARGETS = { "zeebe:Output": "target", "zeebe:Input": "target", "zeebe:CalledDecision": "resultVariable", "zeebe:Script": "resultVariable" };
const LOOP = ["inputElement", "outputCollection"];

export function variablesOf(definitions, known = []) {
  const found = new Set(known);
  const add = (name) => name && !name.startsWith("=") && found.add(name.split(".")[0]);
  visit(definitions, (element) => {
    if (TARGETS[element.$type]) add(element.get(TARGETS[element.$type]));
    if (element.$type === "zeebe:LoopCharacteristics") for (const name of LOOP) add(element.get(name));
  });
  return asked(found);
}
