/** Camunda 7's vocabulary beside Camunda 8's: both name the editor's own template attributes, and only one may. */
import camunda from "camunda-bpmn-moddle/resources/camunda.json";

const isTemplateAttribute = ({ name }) => name.startsWith("modelerTemplate");

export const camundaBesideZeebe = {
  ...camunda,
  types: camunda.types.map((type) => (type.properties ? { ...type, properties: type.properties.filter((each) => !isTemplateAttribute(each)) } : type)),
};
