import { BpmnPropertiesPanelModule } from "bpmn-js-properties-panel"; console.debug(BpmnPropertiesPanelModule);
