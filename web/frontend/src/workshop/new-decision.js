/** A decision table to begin with: one input, one output, one row, in a file of its own. */
const MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/";
const DMNDI = "https://www.omg.org/spec/DMN/20191111/DMNDI/";
const DC = "http://www.omg.org/spec/DMN/20180521/DC/";
const LONGEST = 40;

/** `existing`: `{id, path}` of the decisions that there are; no id or path of theirs is taken. */
export function newDecision(name, existing) {
  const slug = slugOf(name);
  const id = unused(slug, "_", new Set(existing.map((each) => each.id)));
  const path = unused(slug, "-", new Set(existing.map((each) => each.path?.replace(/\.dmn$/, ""))));
  const variable = `${id}_result`;
  return { id, name, variable, path: `${path}.dmn`, xml: template(id, name, variable) };
}

/** Lower-case letters, digits and `_`, beginning with a letter: fit for an id, a file and a variable. */
export function slugOf(name) {
  const plain = name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const slug = plain.replace(/[^a-z0-9]+/g, "_").slice(0, LONGEST).replace(/^[_0-9]+|_+$/g, "");
  return slug || "decision";
}

function unused(wanted, joint, taken) {
  if (!taken.has(wanted)) return wanted;
  let number = 2;
  while (taken.has(`${wanted}${joint}${number}`)) number += 1;
  return `${wanted}${joint}${number}`;
}

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.codePointAt(0)};`);

function template(id, name, variable) {
  const title = escaped(name);
  return `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="${MODEL}" xmlns:dmndi="${DMNDI}" xmlns:dc="${DC}" id="${id}_definitions" name="${title}" namespace="https://bordereau.example/${id}">
  <decision id="${id}" name="${title}">
    <decisionTable id="${id}_table" hitPolicy="UNIQUE">
      <input id="${id}_input">
        <inputExpression id="${id}_input_expression" typeRef="string">
          <text></text>
        </inputExpression>
      </input>
      <output id="${id}_output" name="${variable}" typeRef="string" />
      <rule id="${id}_rule">
        <inputEntry id="${id}_rule_input">
          <text></text>
        </inputEntry>
        <outputEntry id="${id}_rule_output">
          <text></text>
        </outputEntry>
      </rule>
    </decisionTable>
  </decision>
  <dmndi:DMNDI>
    <dmndi:DMNDiagram id="${id}_diagram">
      <dmndi:DMNShape id="${id}_shape" dmnElementRef="${id}">
        <dc:Bounds height="80" width="180" x="160" y="100" />
      </dmndi:DMNShape>
    </dmndi:DMNDiagram>
  </dmndi:DMNDI>
</definitions>
`;
}
