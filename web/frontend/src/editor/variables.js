/** Names that an expression of the diagram may use: what the page knows, and what somebody has just written as a target. */
const TARGETS = { "zeebe:Output": "target", "zeebe:Input": "target", "zeebe:CalledDecision": "resultVariable", "zeebe:Script": "resultVariable" };
const LOOP = ["inputElement", "outputCollection", "outputElement"];

export function variablesOf(definitions, known = []) {
  const found = new Set(known);
  const add = (name) => name && !name.startsWith("=") && found.add(name.split(".")[0]);
  visit(definitions, (element) => {
    add(element.get?.(TARGETS[element.$type] ?? ""));
    if (element.$type === "zeebe:LoopCharacteristics") for (const name of LOOP.slice(0, 2)) add(element.get(name));
  });
  return [...found].sort();
}

/** Everything that `element` contains, by what its types declare as content (references are left alone). */
function visit(element, act) {
  act(element);
  for (const { name, isReference, isAttr } of element.$descriptor?.properties ?? []) {
    if (isReference || isAttr) continue;
    for (const child of [element[name]].flat()) if (child?.$type) visit(child, act);
  }
}
