"""What the reader knows of BPMN: what it reads, what may stand without effect, and what is refused by name.

The tables are lists of what is *known*: whatever they do not name is refused, so that nothing is ever ignored in silence.
"""

from __future__ import annotations

from collections.abc import Mapping

ACTIVITIES = frozenset({"userTask", "serviceTask", "scriptTask", "businessRuleTask", "callActivity", "subProcess"})
EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
GATEWAYS = frozenset({"exclusiveGateway", "inclusiveGateway", "parallelGateway"})
SUPPORTED_NODES = ACTIVITIES | EVENTS | GATEWAYS

REFUSED_NODES: Mapping[str, str] = {
    "task": "unsupported_undefined_task",
    "manualTask": "unsupported_manual_task",
    "sendTask": "unsupported_send_task",
    "receiveTask": "unsupported_receive_task",
    "eventBasedGateway": "unsupported_event_based_gateway",
    "complexGateway": "unsupported_complex_gateway",
    "transaction": "unsupported_transaction",
    "adHocSubProcess": "unsupported_ad_hoc",
    "implicitThrowEvent": "unsupported_event",
    "event": "unsupported_event",
}
FLOW_NODES = SUPPORTED_NODES | REFUSED_NODES.keys()

SUPPORTED_TRIGGERS = frozenset({"timerEventDefinition", "messageEventDefinition", "errorEventDefinition"})
REFUSED_TRIGGERS: Mapping[str, str] = {
    "signalEventDefinition": "unsupported_signal",
    "escalationEventDefinition": "unsupported_escalation",
    "compensateEventDefinition": "unsupported_compensation",
    "conditionalEventDefinition": "unsupported_conditional_event",
    "linkEventDefinition": "unsupported_link",
    "cancelEventDefinition": "unsupported_cancel",
    "eventDefinitionRef": "unsupported_event_reference",
}
EVENT_DEFINITIONS = SUPPORTED_TRIGGERS | {"terminateEventDefinition"} | REFUSED_TRIGGERS.keys()

TRUE = frozenset({"true", "1"})
FALSE = frozenset({"false", "0"})
ANY: frozenset[str] | None = None
"""In the tables below: whatever its value."""

_BASE_ATTRIBUTES: dict[str, frozenset[str] | None] = {"id": ANY, "name": ANY}
_ACTIVITY_ATTRIBUTES: dict[str, frozenset[str] | None] = _BASE_ATTRIBUTES | {
    "isForCompensation": FALSE,
    "startQuantity": frozenset({"1"}),
    "completionQuantity": frozenset({"1"}),
}
_IMPLEMENTATION: dict[str, frozenset[str] | None] = {"implementation": frozenset({"##unspecified", "##WebService"})}

ATTRIBUTES: Mapping[str, Mapping[str, frozenset[str] | None]] = {
    "definitions": _BASE_ATTRIBUTES
    | {"targetNamespace": ANY, "typeLanguage": ANY, "exporter": ANY, "exporterVersion": ANY, "expressionLanguage": ANY},
    "process": _BASE_ATTRIBUTES
    | {"isExecutable": ANY, "isClosed": ANY, "processType": ANY, "definitionalCollaborationRef": ANY},
    "userTask": _ACTIVITY_ATTRIBUTES | _IMPLEMENTATION,
    "serviceTask": _ACTIVITY_ATTRIBUTES | _IMPLEMENTATION,
    "businessRuleTask": _ACTIVITY_ATTRIBUTES | _IMPLEMENTATION,
    "scriptTask": _ACTIVITY_ATTRIBUTES | {"scriptFormat": frozenset({"feel", "FEEL"})},
    "callActivity": _ACTIVITY_ATTRIBUTES | {"calledElement": ANY},
    "subProcess": _ACTIVITY_ATTRIBUTES | {"triggeredByEvent": FALSE},
    "startEvent": _BASE_ATTRIBUTES | {"isInterrupting": ANY, "parallelMultiple": FALSE},
    "endEvent": _BASE_ATTRIBUTES,
    "intermediateThrowEvent": _BASE_ATTRIBUTES,
    "intermediateCatchEvent": _BASE_ATTRIBUTES | {"parallelMultiple": FALSE},
    "boundaryEvent": _BASE_ATTRIBUTES | {"parallelMultiple": FALSE, "attachedToRef": ANY, "cancelActivity": ANY},
    "exclusiveGateway": _BASE_ATTRIBUTES | {"gatewayDirection": ANY, "default": ANY},
    "inclusiveGateway": _BASE_ATTRIBUTES | {"gatewayDirection": ANY, "default": ANY},
    "parallelGateway": _BASE_ATTRIBUTES | {"gatewayDirection": ANY},
    "sequenceFlow": _BASE_ATTRIBUTES | {"sourceRef": ANY, "targetRef": ANY, "isImmediate": TRUE},
    "conditionExpression": {"id": ANY, "language": ANY, "evaluatesToTypeRef": ANY},
    "timerEventDefinition": _BASE_ATTRIBUTES,
    "messageEventDefinition": _BASE_ATTRIBUTES | {"messageRef": ANY},
    "errorEventDefinition": _BASE_ATTRIBUTES | {"errorRef": ANY},
    "terminateEventDefinition": _BASE_ATTRIBUTES,
    "multiInstanceLoopCharacteristics": {"id": ANY, "isSequential": ANY, "behavior": frozenset({"All"})},
    "message": _BASE_ATTRIBUTES | {"itemRef": ANY},
    "error": _BASE_ATTRIBUTES | {"errorCode": ANY, "structureRef": ANY},
    "lane": _BASE_ATTRIBUTES | {"partitionElementRef": ANY},
    "laneSet": _BASE_ATTRIBUTES,
    "childLaneSet": _BASE_ATTRIBUTES,
}
"""The BPMN attributes of what we read: with the values that mean what we do (``ANY``: read elsewhere, or without effect)."""

_BASE_CHILDREN = frozenset({"documentation", "extensionElements"})
_NODE_CHILDREN = _BASE_CHILDREN | {"incoming", "outgoing", "auditing", "monitoring", "categoryValueRef"}
_ACTIVITY_CHILDREN = _NODE_CHILDREN | {
    "multiInstanceLoopCharacteristics",
    "property",
    "dataInputAssociation",
    "dataOutputAssociation",
}
_EVENT_CHILDREN = _NODE_CHILDREN | EVENT_DEFINITIONS | {"property", "dataInputAssociation", "dataOutputAssociation"}
DRAWINGS = frozenset(
    {"textAnnotation", "association", "group", "dataObject", "dataObjectReference", "dataStoreReference"}
)
_SCOPE_CHILDREN = DRAWINGS | FLOW_NODES | {"sequenceFlow", "laneSet"}

CHILDREN: Mapping[str, frozenset[str]] = {
    "definitions": _BASE_CHILDREN
    | {
        "process",
        "collaboration",
        "message",
        "error",
        "signal",
        "escalation",
        "itemDefinition",
        "interface",
        "category",
    }
    | {"dataStore", "BPMNDiagram", "import", "extension"}
    | (EVENT_DEFINITIONS - {"eventDefinitionRef"}),
    "collaboration": _BASE_CHILDREN | {"participant", "messageFlow", "textAnnotation", "association", "group"},
    "process": _BASE_CHILDREN
    | _SCOPE_CHILDREN
    | {"auditing", "monitoring", "property", "supports", "supportedInterfaceRef"},
    "subProcess": _ACTIVITY_CHILDREN | _SCOPE_CHILDREN,
    "userTask": _ACTIVITY_CHILDREN | {"rendering"},
    "serviceTask": _ACTIVITY_CHILDREN,
    "businessRuleTask": _ACTIVITY_CHILDREN,
    "scriptTask": _ACTIVITY_CHILDREN | {"script"},
    "callActivity": _ACTIVITY_CHILDREN,
    "startEvent": _EVENT_CHILDREN,
    "endEvent": _EVENT_CHILDREN,
    "intermediateThrowEvent": _EVENT_CHILDREN,
    "intermediateCatchEvent": _EVENT_CHILDREN,
    "boundaryEvent": _EVENT_CHILDREN,
    "exclusiveGateway": _NODE_CHILDREN,
    "inclusiveGateway": _NODE_CHILDREN,
    "parallelGateway": _NODE_CHILDREN,
    "sequenceFlow": _BASE_CHILDREN | {"conditionExpression", "auditing", "monitoring", "categoryValueRef"},
    "conditionExpression": _BASE_CHILDREN,
    "timerEventDefinition": _BASE_CHILDREN | {"timeDate", "timeDuration", "timeCycle"},
    "messageEventDefinition": _BASE_CHILDREN,
    "errorEventDefinition": _BASE_CHILDREN,
    "terminateEventDefinition": _BASE_CHILDREN,
    "multiInstanceLoopCharacteristics": _BASE_CHILDREN | {"loopCardinality", "completionCondition"},
    "message": _BASE_CHILDREN,
    "error": _BASE_CHILDREN,
    "lane": _BASE_CHILDREN | {"flowNodeRef", "childLaneSet", "partitionElement"},
    "laneSet": _BASE_CHILDREN | {"lane"},
    "childLaneSet": _BASE_CHILDREN | {"lane"},
}
"""The BPMN children of what we read. ``import`` and ``extension`` are looked at by the reader itself."""

REFUSED_CHILDREN: Mapping[str, str] = {
    "standardLoopCharacteristics": "unsupported_standard_loop",
    "ioSpecification": "unsupported_io_specification",
    "ioBinding": "unsupported_io_specification",
    "dataInput": "unsupported_io_specification",
    "dataOutput": "unsupported_io_specification",
    "inputSet": "unsupported_io_specification",
    "outputSet": "unsupported_io_specification",
    "resourceRole": "unsupported_resource_role",
    "performer": "unsupported_resource_role",
    "humanPerformer": "unsupported_resource_role",
    "potentialOwner": "unsupported_resource_role",
    "correlationSubscription": "unsupported_correlation",
    "correlationKey": "unsupported_correlation",
    "correlationProperty": "unsupported_correlation",
    "operationRef": "unsupported_operation",
    "complexBehaviorDefinition": "unsupported_multi_instance_behavior",
}
"""What has a name of its own in refusals; other children are refused as ``unsupported_child``."""

REFUSED_ATTRIBUTES: Mapping[str, str] = {
    "isForCompensation": "unsupported_compensation",
    "startQuantity": "unsupported_token_quantity",
    "completionQuantity": "unsupported_token_quantity",
    "triggeredByEvent": "unsupported_event_sub_process",
    "parallelMultiple": "unsupported_parallel_multiple",
    "behavior": "unsupported_multi_instance_behavior",
    "oneBehaviorEventRef": "unsupported_multi_instance_behavior",
    "noneBehaviorEventRef": "unsupported_multi_instance_behavior",
    "default": "unsupported_default_flow",
    "operationRef": "unsupported_operation",
    "implementation": "unsupported_implementation",
    "scriptFormat": "unsupported_script_format",
}

EXECUTING_NAMESPACES: Mapping[str, str] = {
    "http://camunda.org/schema/1.0/bpmn": "camunda",
    "http://activiti.org/bpmn": "activiti",
    "http://flowable.org/bpmn": "flowable",
    "http://spiffworkflow.org/bpmn/schema/1.0/core": "spiffworkflow",
    "http://www.jboss.org/drools": "drools",
}
"""Vocabularies by which other engines execute: whoever wrote them meant something that we would not do."""
