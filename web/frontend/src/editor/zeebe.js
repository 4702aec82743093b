/** Zeebe's vocabulary, as the editor reads and writes it. */
import published from "zeebe-bpmn-moddle/resources/zeebe.json";

/**
 * Without the default of `bindingType`: bpmn.io does not write what is its own default (`latest`), and here nothing said means `deployment`.
 * A call of the latest version would become one of the caller's own by being opened and saved.
 */
function saysItsBinding(descriptor) {
  const types = descriptor.types.map((type) =>
    type.name === "BindingTypeSupported"
      ? { ...type, properties: type.properties.map(({ default: _, ...property }) => property) }
      : type,
  );
  return { ...descriptor, types };
}

export const zeebeModdle = saysItsBinding(published);
