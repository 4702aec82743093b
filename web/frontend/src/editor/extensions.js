/** Reading and writing `zeebe:` extension elements: every write is one command, so that one undo takes it back. */
import { getBusinessObject } from "bpmn-js/lib/util/ModelUtil";

export function extensionOf(element, type) {
  const values = getBusinessObject(element).get("extensionElements")?.get("values") ?? [];
  return values.find((each) => each.$type === type) ?? null;
}

export function propertyOf(element, name) {
  const properties = extensionOf(element, "zeebe:Properties")?.get("properties") ?? [];
  return properties.find((each) => each.name === name)?.value ?? "";
}

/**
 * Replaces whole extension elements: `{ "zeebe:FormDefinition": {formId: "x"} }` writes one, `null` takes it away. Lists inside are
 * given as `[type, [attributes…]]`.
 */
export function writeExtensions(element, changes, { bpmnFactory, modeling }) {
  const owner = getBusinessObject(element);
  const holder = owner.get("extensionElements");
  const values = [...(holder?.get("values") ?? [])];
  for (const [type, attributes] of Object.entries(changes)) {
    const at = values.findIndex((each) => each.$type === type);
    const made = attributes ? [make(type, attributes, bpmnFactory)] : [];
    if (at >= 0) values.splice(at, 1, ...made);
    else values.push(...made);
  }
  if (holder) {
    for (const value of values) value.$parent = holder;
    modeling.updateModdleProperties(element, holder, { values });
    return;
  }
  const extensionElements = bpmnFactory.create("bpmn:ExtensionElements", { values });
  extensionElements.$parent = owner;
  for (const value of values) value.$parent = extensionElements;
  modeling.updateModdleProperties(element, owner, { extensionElements });
}

export function writeProperty(element, name, value, services) {
  const others = (extensionOf(element, "zeebe:Properties")?.get("properties") ?? []).filter((each) => each.name !== name);
  const properties = [...others.map(({ name: key, value: text }) => ({ name: key, value: text })), ...(value ? [{ name, value }] : [])];
  writeExtensions(element, { "zeebe:Properties": properties.length ? { properties: ["zeebe:Property", properties] } : null }, services);
}

function make(type, attributes, bpmnFactory) {
  const lists = Object.entries(attributes).filter(([, value]) => Array.isArray(value));
  const plain = Object.fromEntries(Object.entries(attributes).filter(([, value]) => !Array.isArray(value) && value !== undefined && value !== ""));
  const made = bpmnFactory.create(type, plain);
  for (const [name, [itemType, items]] of lists) {
    const children = items.map((item) => bpmnFactory.create(itemType, item));
    for (const child of children) child.$parent = made;
    made.set(name, children);
  }
  return made;
}

/** Mappings as plain records. */
export function mappingsOf(element) {
  const mapping = extensionOf(element, "zeebe:IoMapping");
  const plain = (name) => (mapping?.get(name) ?? []).map(({ source, target }) => ({ source, target }));
  return { inputs: plain("inputParameters"), outputs: plain("outputParameters") };
}
