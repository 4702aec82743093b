/**
 * Our part of the properties panel: handler, role, form, decision and four eyes are chosen from what exists, and what the engine does
 * not run is not shown.
 */
import { SelectEntry, TextFieldEntry, isSelectEntryEdited, isTextFieldEntryEdited } from "@bpmn-io/properties-panel";
import { h } from "@bpmn-io/properties-panel/preact";
import { getBusinessObject, is } from "bpmn-js/lib/util/ModelUtil";
import { useService } from "bpmn-js-properties-panel";

import { extensionOf, propertyOf, writeExtensions, writeProperty } from "./extensions.js";
import { factsOf } from "./handler-facts.js";
import { chooseHandler } from "./handlers.js";

const OURS_LAST = 200;
const NOT_RUN = new Set([
  "taskDefinition", "userTaskImplementation", "scriptImplementation", "businessRuleImplementation", "calledDecision", "form", "headers",
  "adHocSubProcessImplementation", "activeElements", "adHocCompletion", "event-condition", "escalation", "signal", "link", "compensation",
  "Zeebe__TaskListeners", "Zeebe__ExecutionListeners", "Zeebe__ExtensionProperties",
]);
const ENTRIES_NOT_RUN = /CandidateGroups|CandidateUsers|bindingType|versionTag$|retries|completionCondition/i;

function CataloguePanel(propertiesPanel, elementRegistry, catalogue) {
  propertiesPanel.registerProvider(OURS_LAST, {
    getGroups: (element) => (groups) => {
      const kept = groups.filter((group) => !NOT_RUN.has(group.id)).map(withoutRefused).filter((group) => !group.entries || group.entries.length > 0);
      const ours = oursFor(element, elementRegistry, catalogue);
      return [...kept.filter((group) => group.id === "general"), ...ours, ...kept.filter((group) => group.id !== "general")];
    },
  });
}
CataloguePanel.$inject = ["propertiesPanel", "elementRegistry", "catalogue"];

function withoutRefused(group) {
  if (group.entries) group.entries = group.entries.filter((entry) => !ENTRIES_NOT_RUN.test(entry.id));
  return group;
}

function oursFor(element, elementRegistry, catalogue) {
  const { word } = catalogue;
  const group = (id, label, ...entries) => ({ id: `bd-${id}`, label, shouldOpen: true, entries });
  const entry = (id, component, isEdited = isSelectEntryEdited) => ({ id: `bd-${id}`, component, isEdited, catalogue, elementRegistry });
  if (is(element, "bpmn:ServiceTask") || extensionOf(element, "zeebe:TaskDefinition")) return [group("handler", word("handler"), entry("handler", HandlerEntry))];
  if (is(element, "bpmn:UserTask")) {
    return [
      group("who", word("who"), entry("role", RoleEntry), entry("four-eyes", FourEyesEntry)),
      group("form", word("form"), entry("form", FormEntry)),
    ];
  }
  if (is(element, "bpmn:BusinessRuleTask")) {
    return [group("decision", word("decision"), entry("decision", DecisionEntry), entry("decision-page", DecisionPageEntry, () => false), entry("result", ResultEntry, isTextFieldEntryEdited))];
  }
  if (is(element, "bpmn:Lane")) return [group("lane", word("who"), entry("lane-role", LaneRoleEntry))];
  return [];
}

function useWriting() {
  return { bpmnFactory: useService("bpmnFactory"), modeling: useService("modeling") };
}

/** A select that also shows a value which is no longer among the choices: nothing is changed by being looked at. */
function choice({ element, id, label, description, value, options, empty, setValue }) {
  const known = options.some((option) => option.value === value);
  const all = [{ value: "", label: empty }, ...options, ...(value && !known ? [{ value, label: value }] : [])];
  return h(SelectEntry, { element, id, label, description, getValue: () => value ?? "", getOptions: () => all, setValue });
}

function HandlerEntry({ element, id, catalogue }) {
  const services = useWriting();
  const { word, handlers } = catalogue;
  const value = extensionOf(element, "zeebe:TaskDefinition")?.type ?? "";
  const chosen = handlers.get(value);
  const options = [...handlers.values()].map(({ name, title }) => ({ value: name, label: title }));
  if (value && !chosen) options.push({ value, label: word("handlerUnknown", { name: value }) });
  return choice({
    element, id, label: word("handler"), description: chosen && describeHandler(chosen, word), value, options, empty: word("choose"),
    setValue: (name) => chooseHandler(element, name, handlers, services),
  });
}

function describeHandler(handler, word) {
  return h("span", { class: "bd-handler-facts" }, ...factsOf(handler, word).map((line) => h("span", {}, line)));
}

const roleOptions = (catalogue) => catalogue.roles.map(({ key, title }) => ({ value: key, label: title }));

function RoleEntry({ element, id, catalogue, elementRegistry }) {
  const services = useWriting();
  const { word, roles } = catalogue;
  const assignment = extensionOf(element, "zeebe:AssignmentDefinition");
  const ofLane = laneRole(element, elementRegistry);
  const title = roles.find(({ key }) => key === ofLane)?.title ?? ofLane;
  return choice({
    element, id, label: word("role"), description: word("roleHint"), value: assignment?.candidateGroups ?? "", options: roleOptions(catalogue),
    empty: ofLane ? word("roleOfLane", { role: title }) : word("choose"),
    setValue: (role) => {
      const left = { assignee: assignment?.assignee, candidateGroups: role };
      writeExtensions(element, { "zeebe:AssignmentDefinition": left.assignee || role ? left : null }, services);
    },
  });
}

/** The role of the innermost lane that holds the task. */
function laneRole(element, elementRegistry) {
  const task = getBusinessObject(element);
  const lanes = elementRegistry.filter((each) => is(each, "bpmn:Lane") && getBusinessObject(each).get("flowNodeRef").includes(task));
  return lanes.map((lane) => propertyOf(lane, "role")).findLast(Boolean) ?? "";
}

function LaneRoleEntry({ element, id, catalogue }) {
  const services = useWriting();
  const { word } = catalogue;
  return choice({
    element, id, label: word("roleLane"), description: word("laneHint"), value: propertyOf(element, "role"), options: roleOptions(catalogue),
    empty: word("roleNone"), setValue: (role) => writeProperty(element, "role", role, services),
  });
}

function FourEyesEntry({ element, id, catalogue, elementRegistry }) {
  const services = useWriting();
  const { word } = catalogue;
  const others = elementRegistry.filter((each) => is(each, "bpmn:UserTask") && each !== element && each.type !== "label");
  const options = others.map((each) => ({ value: each.id, label: getBusinessObject(each).name || `${each.id} ${word("unnamed")}` }));
  return choice({
    element, id, label: word("fourEyes"), description: word("fourEyesHint"), value: propertyOf(element, "notSameAs"), options,
    empty: word("fourEyesNone"), setValue: (task) => writeProperty(element, "notSameAs", task, services),
  });
}

function FormEntry({ element, id, catalogue }) {
  const services = useWriting();
  const { word, forms } = catalogue;
  return choice({
    element, id, label: word("form"), value: extensionOf(element, "zeebe:FormDefinition")?.formId ?? "",
    options: forms.map((form) => ({ value: form.id, label: form.title })), empty: word("noForm"),
    setValue: (formId) => writeExtensions(element, { "zeebe:FormDefinition": formId ? { formId } : null }, services),
  });
}

function DecisionEntry({ element, id, catalogue }) {
  const services = useWriting();
  const { word, decisions } = catalogue;
  const called = extensionOf(element, "zeebe:CalledDecision");
  return choice({
    element, id, label: word("decisionTable"), value: called?.decisionId ?? "",
    options: decisions.map((each) => ({ value: each.id, label: each.name ?? each.title ?? each.id })), empty: word("choose"),
    setValue: (decisionId) => writeExtensions(element, { "zeebe:CalledDecision": { decisionId, resultVariable: called?.resultVariable } }, services),
  });
}

/** The way to the decision's own page; a task without a decision may begin one. */
function DecisionPageEntry({ element, id, catalogue }) {
  const services = useWriting();
  const { word, pages } = catalogue;
  const called = extensionOf(element, "zeebe:CalledDecision");
  const address = pages.addressOf(called?.decisionId);
  if (called?.decisionId && !address) return null;
  const write = (decisionId, resultVariable) => writeExtensions(element, { "zeebe:CalledDecision": { decisionId, resultVariable: called?.resultVariable ?? resultVariable } }, services);
  const act = address ? () => pages.open(address) : () => pages.begin(getBusinessObject(element).name, write);
  return h(
    "div",
    { class: "bio-properties-panel-entry bde-decision-page", "data-entry-id": id },
    h("button", { type: "button", class: "btn btn-sm", onClick: act }, word(address ? "openDecision" : "newDecision")),
    h("div", { class: "bio-properties-panel-description" }, word("decisionHint")),
  );
}

function ResultEntry({ element, id, catalogue }) {
  const services = useWriting();
  const debounce = useService("debounceInput");
  const called = extensionOf(element, "zeebe:CalledDecision");
  return h(TextFieldEntry, {
    element, id, label: catalogue.word("result"), debounce, getValue: () => called?.resultVariable ?? "",
    setValue: (resultVariable) => writeExtensions(element, { "zeebe:CalledDecision": { decisionId: called?.decisionId, resultVariable: resultVariable?.trim() } }, services),
  });
}

/** `data` is what the page brought: handlers, roles, forms, decisions; and `pages`, the way to the decisions. */
export function cataloguePanelModule(data, word) {
  const { handlers = [], roles = [], forms = [], decisions = [], pages } = data;
  const catalogue = { word, handlers: new Map(handlers.map((each) => [each.name, each])), roles, forms, decisions, pages };
  return { __init__: ["cataloguePanel"], catalogue: ["value", catalogue], cataloguePanel: ["type", CataloguePanel] };
}
