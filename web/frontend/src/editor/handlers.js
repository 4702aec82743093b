/** Choosing a handler: its name, and mappings for what it takes and gives, without touching those that somebody wrote. */
import { extensionOf, mappingsOf, writeExtensions } from "./extensions.js";
import { proposed } from "./mappings.js";
import { fieldsOf } from "./schema.js";

export function chooseHandler(element, name, catalogue, services) {
  const before = catalogue.get(extensionOf(element, "zeebe:TaskDefinition")?.type);
  const after = catalogue.get(name);
  const { inputs, outputs } = mappingsOf(element);
  const wanted = {
    inputs: proposed(inputs, fieldsOf(before?.input), fieldsOf(after?.input)),
    outputs: proposed(outputs, fieldsOf(before?.output), fieldsOf(after?.output)),
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
