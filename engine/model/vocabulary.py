"""Names of BPMN: which elements are what, and under which code the reader refuses what has a name of its own in refusals.

What each element may hold stands in ``bpmn_rules``.
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

GLOBAL_TASKS: Mapping[str, str] = {
    "globalTask": "task",
    "globalManualTask": "manualTask",
    "globalUserTask": "userTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}
"""Tasks that only call activities run, with the task that they are (BPMN 10.3.6)."""

REFUSED_NODES: Mapping[str, str] = {
    "adHocSubProcess": "unsupported_ad_hoc",
    "implicitThrowEvent": "unsupported_event",
    "choreographyTask": "unsupported_choreography",
    "subChoreography": "unsupported_choreography",
    "callChoreography": "unsupported_choreography",
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

REFUSED_CHILDREN: Mapping[str, str] = {
    **REFUSED_NODES,
    "terminateEventDefinition": "event_not_here",
    "timerEventDefinition": "event_not_here",
    "conditionalEventDefinition": "event_not_here",
    "import": "unsupported_import",
    "choreography": "unsupported_choreography",
    "globalChoreographyTask": "unsupported_choreography",
    "ioBinding": "unsupported_io_specification",
    "whileExecutingInputRefs": "unsupported_io_specification",
    "whileExecutingOutputRefs": "unsupported_io_specification",
    "assignment": "unsupported_data_association",
    "transformation": "unsupported_data_association",
    "resourceRole": "unsupported_resource_role",
    "performer": "unsupported_resource_role",
    "humanPerformer": "unsupported_resource_role",
    "potentialOwner": "unsupported_resource_role",
    "resourceParameterBinding": "unsupported_resource_role",
    "correlationSubscription": "unsupported_correlation",
    "correlationKey": "unsupported_correlation",
    "correlationProperty": "unsupported_correlation",
}
"""Refused children with a name of their own; all others are refused as ``unsupported_child``."""

REFUSED_ATTRIBUTES: Mapping[str, str] = {
    "waitForCompletion": "unsupported_compensation_without_waiting",
    "eventGatewayType": "unsupported_parallel_event_gateway",
    "method": "unsupported_transaction_method",
    "parallelMultiple": "unsupported_parallel_multiple",
    "implementation": "unsupported_implementation",
}
"""The same for attributes; all others are refused as ``unsupported_attribute``."""
