/** `element` (bpmn-moddle or dmn-moddle) and all that it contains, by what its type declares as content; references are left alone. */
export function visit(element, act) {
  act(element);
  for (const { name, isReference, isAttr } of element.$descriptor?.properties ?? []) {
    if (isReference || isAttr) continue;
    for (const child of [element[name]].flat()) if (child?.$type) visit(child, act);
  }
}

const MOST = 1000;
const LONGEST = 200;

/** Names as the server takes them: in order, and no more than it reads. */
export function asked(names) {
  return [...names].filter((name) => name.length <= LONGEST).sort().slice(0, MOST);
}
