/** What stood there, without the proposals of the handler left, with those of the handler chosen. */
export function proposed(existing, before = [], after = []) {
  const leaving = new Set(before.map(({ name }) => name).filter((name) => !after.some((each) => each.name === name)));
  const kept = existing.filter(({ source, target }) => !(leaving.has(target) && isProposal(source, target)));
  const missing = after.filter(({ name }) => !kept.some(({ target }) => target === name));
  return [...kept, ...missing.map(({ name }) => ({ source: `= ${name}`, target: name }))];
}

const isProposal = (source, name) => source?.replace(/^=\s*/, "=").trim() === `=${name}`;
