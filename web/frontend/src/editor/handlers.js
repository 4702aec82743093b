/** Choosing a handler: its name, and mappings for what it takes and gives, without touching those that somebody wrote. */
import { extensionOf, mappingsOf, writeExtensions } from "./extensions.js";

export function chooseHandler(element, name, catalogue, services) {
  const before = catalogue.get(extensionOf(element, "zeebe:TaskDefinition")?.type);
  const after = catalogue.get(name);
  const { inputs, outputs } = mappingsOf(element);
  const wanted = {
    inputs: proposed(inputs, before?.inputs, after?.inputs),
    outputs: proposed(outputs, before?.outputs, after?.outputs),
  };
  const isEmpty = wanted.inputs.length + wanted.outputs.length === 0;
  writeExtensions(
    element,
    {
      "zeebe:TaskDefinition": name ? { type: name } : null,
      "zeebe:IoMapping": isEmpty ? null : { inputParameters: ["zeebe:Input", wanted.inputs], outputParameters: ["zeebe:Output", wanted.outputs] },
    },
    services,
  );
}

/** What stood there, without the proposals of the handler left, with those of the handler chosen. */
export function proposed(existing, before = [], after = []) {
  const leaving = new Set(before.map(({ name }) => name).filter((name) => !after.some((each) => each.name === name)));
  const kept = existing.filter(({ source, target }) => !(leaving.has(target) && isProposal(source, target)));
  const missing = after.filter(({ name }) => !kept.some(({ target }) => target === name));
  return [...kept, ...missing.map(({ name }) => ({ source: `= ${name}`, target: name }))];
}

const isProposal = (source, name) => source?.replace(/^=\s*/, "=").trim() === `=${name}`;
