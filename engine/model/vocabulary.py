"""What the reader knows of BPMN: what it reads, what may stand without effect, and what is refused by name.

The tables are lists of what is *known*: whatever they do not name is refused, so that nothing is ever ignored in silence.
"""

from __future__ import annotations

from collections.abc import Mapping

SUB_PROCESSES = frozenset({"subProcess", "transaction"})
ACTIVITIES = SUB_PROCESSES | {
    "task",
    "manualTask",
    "userTask",
    "serviceTask",
    "scriptTask",
    "businessRuleTask",
    "sendTask",
    "receiveTask",
    "callActivity",
}
EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
CONDITIONAL_GATEWAYS = frozenset({"exclusiveGateway", "inclusiveGateway", "complexGateway"})
GATEWAYS = CONDITIONAL_GATEWAYS | {"parallelGateway", "eventBasedGateway"}
SUPPORTED_NODES = ACTIVITIES | EVENTS | GATEWAYS
GLOBAL_TASKS = frozenset(
    {"globalTask", "globalManualTask", "globalUserTask", "globalScriptTask", "globalBusinessRuleTask"}
)

REFUSED_NODES: Mapping[str, str] = {
    "adHocSubProcess": "unsupported_ad_hoc",
    "implicitThrowEvent": "unsupported_event",
    "event": "unsupported_event",
}
FLOW_NODES = SUPPORTED_NODES | REFUSED_NODES.keys()

EVENT_DEFINITIONS = frozenset(
    {
        "timerEventDefinition",
        "messageEventDefinition",
        "errorEventDefinition",
        "signalEventDefinition",
        "escalationEventDefinition",
        "compensateEventDefinition",
        "conditionalEventDefinition",
        "linkEventDefinition",
        "cancelEventDefinition",
        "terminateEventDefinition",
        "eventDefinitionRef",
    }
)

TRUE = frozenset({"true", "1"})
FALSE = frozenset({"false", "0"})
ANY: frozenset[str] | None = None
"""In the tables below: whatever its value."""

_BASE_ATTRIBUTES: dict[str, frozenset[str] | None] = {"id": ANY, "name": ANY}
_ACTIVITY_ATTRIBUTES: dict[str, frozenset[str] | None] = _BASE_ATTRIBUTES | {
    "isForCompensation": ANY,
    "startQuantity": ANY,
    "completionQuantity": ANY,
    "default": ANY,
}
_IMPLEMENTATION: dict[str, frozenset[str] | None] = {"implementation": frozenset({"##unspecified", "##WebService"})}

_EXPRESSION_ATTRIBUTES: dict[str, frozenset[str] | None] = {"id": ANY, "language": ANY, "evaluatesToTypeRef": ANY}

ATTRIBUTES: Mapping[str, Mapping[str, frozenset[str] | None]] = {
    "definitions": _BASE_ATTRIBUTES
    | {"targetNamespace": ANY, "typeLanguage": ANY, "exporter": ANY, "exporterVersion": ANY, "expressionLanguage": ANY},
    "process": _BASE_ATTRIBUTES
    | {"isExecutable": ANY, "isClosed": ANY, "processType": ANY, "definitionalCollaborationRef": ANY},
    "task": _ACTIVITY_ATTRIBUTES,
    "manualTask": _ACTIVITY_ATTRIBUTES,
    "sendTask": _ACTIVITY_ATTRIBUTES | _IMPLEMENTATION | {"messageRef": ANY, "operationRef": ANY},
    "receiveTask": _ACTIVITY_ATTRIBUTES
    | _IMPLEMENTATION
    | {"messageRef": ANY, "operationRef": ANY, "instantiate": ANY},
    "userTask": _ACTIVITY_ATTRIBUTES | _IMPLEMENTATION,
    "serviceTask": _ACTIVITY_ATTRIBUTES | _IMPLEMENTATION | {"operationRef": ANY},
    "businessRuleTask": _ACTIVITY_ATTRIBUTES | _IMPLEMENTATION,
    "scriptTask": _ACTIVITY_ATTRIBUTES | {"scriptFormat": frozenset({"feel", "FEEL"})},
    "callActivity": _ACTIVITY_ATTRIBUTES | {"calledElement": ANY},
    "subProcess": _ACTIVITY_ATTRIBUTES | {"triggeredByEvent": ANY},
    "transaction": _ACTIVITY_ATTRIBUTES
    | {"triggeredByEvent": FALSE, "method": frozenset({"##Compensate", "##compensate"})},
    "startEvent": _BASE_ATTRIBUTES | {"isInterrupting": ANY, "parallelMultiple": FALSE},
    "endEvent": _BASE_ATTRIBUTES,
    "intermediateThrowEvent": _BASE_ATTRIBUTES,
    "intermediateCatchEvent": _BASE_ATTRIBUTES | {"parallelMultiple": ANY},
    "boundaryEvent": _BASE_ATTRIBUTES | {"parallelMultiple": FALSE, "attachedToRef": ANY, "cancelActivity": ANY},
    "exclusiveGateway": _BASE_ATTRIBUTES | {"gatewayDirection": ANY, "default": ANY},
    "inclusiveGateway": _BASE_ATTRIBUTES | {"gatewayDirection": ANY, "default": ANY},
    "complexGateway": _BASE_ATTRIBUTES | {"gatewayDirection": ANY, "default": ANY},
    "parallelGateway": _BASE_ATTRIBUTES | {"gatewayDirection": ANY},
    "eventBasedGateway": _BASE_ATTRIBUTES
    | {"gatewayDirection": ANY, "instantiate": ANY, "eventGatewayType": frozenset({"Exclusive"})},
    "sequenceFlow": _BASE_ATTRIBUTES | {"sourceRef": ANY, "targetRef": ANY, "isImmediate": TRUE},
    "conditionExpression": _EXPRESSION_ATTRIBUTES,
    "condition": _EXPRESSION_ATTRIBUTES,
    "activationCondition": _EXPRESSION_ATTRIBUTES,
    "loopCondition": _EXPRESSION_ATTRIBUTES,
    "completionCondition": _EXPRESSION_ATTRIBUTES,
    "timerEventDefinition": _BASE_ATTRIBUTES,
    "messageEventDefinition": _BASE_ATTRIBUTES | {"messageRef": ANY},
    "errorEventDefinition": _BASE_ATTRIBUTES | {"errorRef": ANY},
    "terminateEventDefinition": _BASE_ATTRIBUTES,
    "signalEventDefinition": _BASE_ATTRIBUTES | {"signalRef": ANY},
    "escalationEventDefinition": _BASE_ATTRIBUTES | {"escalationRef": ANY},
    "compensateEventDefinition": _BASE_ATTRIBUTES | {"activityRef": ANY, "waitForCompletion": TRUE},
    "conditionalEventDefinition": _BASE_ATTRIBUTES,
    "linkEventDefinition": _BASE_ATTRIBUTES,
    "cancelEventDefinition": _BASE_ATTRIBUTES,
    "standardLoopCharacteristics": {"id": ANY, "testBefore": ANY, "loopMaximum": ANY},
    "multiInstanceLoopCharacteristics": {
        "id": ANY,
        "isSequential": ANY,
        "behavior": ANY,
        "oneBehaviorEventRef": ANY,
        "noneBehaviorEventRef": ANY,
    },
    "complexBehaviorDefinition": _BASE_ATTRIBUTES,
    "signal": _BASE_ATTRIBUTES | {"structureRef": ANY},
    "escalation": _BASE_ATTRIBUTES | {"escalationCode": ANY, "structureRef": ANY},
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
    "standardLoopCharacteristics",
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
    | (EVENT_DEFINITIONS - {"eventDefinitionRef"})
    | GLOBAL_TASKS,
    "collaboration": _BASE_CHILDREN | {"participant", "messageFlow", "textAnnotation", "association", "group"},
    "process": _BASE_CHILDREN
    | _SCOPE_CHILDREN
    | {"auditing", "monitoring", "property", "supports", "supportedInterfaceRef"},
    "subProcess": _ACTIVITY_CHILDREN | _SCOPE_CHILDREN,
    "transaction": _ACTIVITY_CHILDREN | _SCOPE_CHILDREN,
    "task": _ACTIVITY_CHILDREN,
    "manualTask": _ACTIVITY_CHILDREN,
    "sendTask": _ACTIVITY_CHILDREN,
    "receiveTask": _ACTIVITY_CHILDREN,
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
    "complexGateway": _NODE_CHILDREN | {"activationCondition"},
    "parallelGateway": _NODE_CHILDREN,
    "eventBasedGateway": _NODE_CHILDREN,
    "sequenceFlow": _BASE_CHILDREN | {"conditionExpression", "auditing", "monitoring", "categoryValueRef"},
    "conditionExpression": _BASE_CHILDREN,
    "condition": _BASE_CHILDREN,
    "activationCondition": _BASE_CHILDREN,
    "loopCondition": _BASE_CHILDREN,
    "completionCondition": _BASE_CHILDREN,
    "timerEventDefinition": _BASE_CHILDREN | {"timeDate", "timeDuration", "timeCycle"},
    "messageEventDefinition": _BASE_CHILDREN | {"operationRef"},
    "errorEventDefinition": _BASE_CHILDREN,
    "terminateEventDefinition": _BASE_CHILDREN,
    "signalEventDefinition": _BASE_CHILDREN,
    "escalationEventDefinition": _BASE_CHILDREN,
    "compensateEventDefinition": _BASE_CHILDREN,
    "conditionalEventDefinition": _BASE_CHILDREN | {"condition"},
    "linkEventDefinition": _BASE_CHILDREN | {"source", "target"},
    "cancelEventDefinition": _BASE_CHILDREN,
    "standardLoopCharacteristics": _BASE_CHILDREN | {"loopCondition"},
    "multiInstanceLoopCharacteristics": _BASE_CHILDREN
    | {"loopCardinality", "completionCondition", "complexBehaviorDefinition"},
    "complexBehaviorDefinition": _BASE_CHILDREN | {"condition", "event"},
    "signal": _BASE_CHILDREN,
    "escalation": _BASE_CHILDREN,
    "message": _BASE_CHILDREN,
    "error": _BASE_CHILDREN,
    "lane": _BASE_CHILDREN | {"flowNodeRef", "childLaneSet", "partitionElement"},
    "laneSet": _BASE_CHILDREN | {"lane"},
    "childLaneSet": _BASE_CHILDREN | {"lane"},
}
"""The BPMN children of what we read. ``import`` and ``extension`` are looked at by the reader itself."""

REFUSED_CHILDREN: Mapping[str, str] = {
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
}
"""What has a name of its own in refusals; other children are refused as ``unsupported_child``."""

REFUSED_ATTRIBUTES: Mapping[str, str] = {
    "waitForCompletion": "unsupported_compensation_without_waiting",
    "eventGatewayType": "unsupported_parallel_event_gateway",
    "method": "unsupported_transaction_method",
    "parallelMultiple": "unsupported_parallel_multiple",
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
