/** Where a case stands: of groups and what is in them, what is innermost; nothing of a process, which stands nowhere. `elements`: what a case
 * did, by id; `parentOf`: gives the id of what an element lies in. */
export function standing(elements, parentOf) {
  const ids = Object.keys(elements).filter((id) => elements[id].active > 0);
  const around = new Set();
  for (const id of ids) for (let each = parentOf(id); each; each = parentOf(each)) around.add(each);
  return ids.find((id) => !around.has(id));
}
