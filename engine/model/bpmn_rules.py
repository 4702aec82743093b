"""What the reader does with every attribute and child element that BPMN knows: one table, from which ``docs/bpmn-support.md`` is written.

What is not listed is refused too (``unsupported_attribute``, ``unsupported_child``), so nothing is ever ignored in silence: the refused
ones of the standard are named here so that the documentation can say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.model.vocabulary import EVENT_DEFINITIONS, FALSE, FLOW_NODES, GLOBAL_TASKS, REFUSED_NODES, TRUE


class Meaning(StrEnum):
    """What an attribute or child element does here."""

    READ = "implemented"
    KEPT = "kept without effect"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Rule:
    """``kind`` is the key in ``KINDS`` of what stands inside a child ("" when nobody looks inside); ``values`` are those that an
    attribute may have, all others being refused (None: any).
    """

    meaning: Meaning
    kind: str = ""
    values: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """Everything that an element of one kind may hold, what it has from ``base`` included: attributes by their name, children by theirs."""

    base: str = ""
    attributes: Mapping[str, Rule] = field(default_factory=dict)
    children: Mapping[str, Rule] = field(default_factory=dict)


KINDS: dict[str, Kind] = {}
"""By element name; where an element means something else inside some other, that one's child rule names the kind."""


def _kind(
    name: str,
    base: str = "baseElement",
    read: str | Iterable[str] = (),
    *,
    kept: str | Iterable[str] = (),
    refused: str | Iterable[str] = (),
    values: Mapping[str, frozenset[str]] | None = None,
) -> None:
    """Words are children, ``@words`` attributes, ``child=kind`` a child of another kind than its name. ``base`` is inherited."""
    attributes: dict[str, Rule] = {}
    children: dict[str, Rule] = {}
    if base:
        attributes.update(KINDS[base].attributes)
        children.update(KINDS[base].children)
    for meaning, given in ((Meaning.READ, read), (Meaning.KEPT, kept), (Meaning.REFUSED, refused)):
        for word in given.split() if isinstance(given, str) else given:
            if word.startswith("@"):
                attributes[word[1:]] = Rule(meaning, values=(values or {}).get(word[1:]))
            else:
                child, _, kind = word.partition("=")
                children[child] = Rule(meaning, kind or child)
    KINDS[name] = Kind(base, attributes, children)


_DEFINITIONS = " ".join(sorted(EVENT_DEFINITIONS))
_SHARED_DEFINITIONS = " ".join(sorted(EVENT_DEFINITIONS - {"eventDefinitionRef"}))
_IMPLEMENTATION = {"implementation": frozenset({"##unspecified", "##WebService"})}

_kind("baseElement", "", "@id documentation extensionElements")
_kind("documentation", "", kept="@id @textFormat")
_kind("expression", read="@language", kept="@evaluatesToTypeRef")
_kind("flowElement", read="@name", kept="auditing monitoring categoryValueRef")
_kind("flowNode", "flowElement", "incoming outgoing")
_kind("rootElement", read="@name")

# Data: a data object, like a property of a process, is a variable that everybody sees; only what moves values is refused
_kind("item", kept="@name @itemSubjectRef dataState", read="")
_kind("property", "item", "@name")
_kind("placeholder", "item", "@name")
_kind("dataInput", "item", "@name", kept="@isCollection")
_kind("dataOutput", "dataInput")
_kind("dataInputAssociation", read="sourceRef targetRef", refused="transformation assignment")
_kind("dataOutputAssociation", "dataInputAssociation")
_kind("inputSet", kept="@name dataInputRefs optionalInputRefs outputSetRefs", refused="whileExecutingInputRefs")
_kind("outputSet", kept="@name dataOutputRefs optionalOutputRefs inputSetRefs", refused="whileExecutingOutputRefs")
_kind("ioSpecification", read="dataInput dataOutput inputSet outputSet")
_kind("dataObject", "flowElement", kept="@itemSubjectRef @isCollection dataState")
_kind("dataObjectReference", "flowElement", "@dataObjectRef", kept="@itemSubjectRef dataState")
_kind("dataStoreReference", "flowElement", kept="@itemSubjectRef @dataStoreRef dataState")

# Who does it
_kind("resource", "rootElement", kept="resourceParameter")
_kind("resourceAssignmentExpression", read="expression formalExpression=expression")
_kind(
    "potentialOwner", read="resourceRef resourceAssignmentExpression", kept="@name", refused="resourceParameterBinding"
)
_kind("lane", read="@name flowNodeRef childLaneSet=laneSet", kept="@partitionElementRef partitionElement")
_kind("laneSet", read="lane", kept="@name")

# What is repeated
_kind("standardLoopCharacteristics", read="@testBefore @loopMaximum loopCondition=expression")
_kind("complexBehaviorDefinition", read="condition=expression event=thrownByItems")
_kind(
    "multiInstanceLoopCharacteristics",
    read="@isSequential @behavior @oneBehaviorEventRef @noneBehaviorEventRef loopCardinality=expression"
    " completionCondition=expression complexBehaviorDefinition loopDataInputRef loopDataOutputRef"
    " inputDataItem=dataInput outputDataItem=dataOutput",
)

# Activities
_kind(
    "activity",
    "flowNode",
    "@isForCompensation @startQuantity @completionQuantity @default ioSpecification property=placeholder"
    " dataInputAssociation dataOutputAssociation multiInstanceLoopCharacteristics standardLoopCharacteristics",
    refused="resourceRole performer humanPerformer potentialOwner",
)
_kind("task", "activity")
_kind("manualTask", "activity")
_kind("userTask", "activity", "potentialOwner", kept="@implementation rendering", values=_IMPLEMENTATION)
_kind("serviceTask", "activity", kept="@implementation @operationRef", values=_IMPLEMENTATION)
_kind("businessRuleTask", "activity", kept="@implementation", values=_IMPLEMENTATION)
_kind("scriptTask", "activity", "@scriptFormat script")
_kind("sendTask", "activity", "@messageRef", kept="@implementation @operationRef", values=_IMPLEMENTATION)
_kind(
    "receiveTask", "activity", "@messageRef @instantiate", kept="@implementation @operationRef", values=_IMPLEMENTATION
)
_kind("callActivity", "activity", "@calledElement")

# Events and what they wait for or throw
_kind(
    "catchEvent",
    "flowNode",
    f"property=placeholder dataOutput dataOutputAssociation outputSet {_DEFINITIONS}",
    refused="terminateEventDefinition",
)
_kind(
    "throwEvent",
    "flowNode",
    f"property=placeholder dataInput dataInputAssociation inputSet {_DEFINITIONS}",
    refused="timerEventDefinition conditionalEventDefinition",
)
_kind("thrownByItems", "throwEvent")
_kind("startEvent", "catchEvent", "@isInterrupting @parallelMultiple", values={"parallelMultiple": FALSE})
_kind("intermediateCatchEvent", "catchEvent", "@parallelMultiple")
_kind(
    "boundaryEvent",
    "catchEvent",
    "@attachedToRef @cancelActivity @parallelMultiple",
    values={"parallelMultiple": FALSE},
)
_kind("intermediateThrowEvent", "throwEvent")
_kind("endEvent", "throwEvent")
for _name in ("terminateEventDefinition", "cancelEventDefinition"):
    _kind(_name)
_kind("timerEventDefinition", read="timeDate=expression timeDuration=expression timeCycle=expression")
_kind("messageEventDefinition", read="@messageRef", kept="operationRef")
_kind("errorEventDefinition", read="@errorRef")
_kind("signalEventDefinition", read="@signalRef")
_kind("escalationEventDefinition", read="@escalationRef")
_kind("conditionalEventDefinition", read="condition=expression")
_kind("linkEventDefinition", read="@name", kept="source target")
_kind("compensateEventDefinition", read="@activityRef @waitForCompletion", values={"waitForCompletion": TRUE})

# Gateways and flows
_kind("gateway", "flowNode", kept="@gatewayDirection")
_kind("parallelGateway", "gateway")
_kind("exclusiveGateway", "gateway", "@default")
_kind("inclusiveGateway", "gateway", "@default")
_kind("complexGateway", "gateway", "@default activationCondition=expression")
_kind(
    "eventBasedGateway",
    "gateway",
    "@instantiate @eventGatewayType",
    values={"eventGatewayType": frozenset({"Exclusive"})},
)
_kind(
    "sequenceFlow",
    "flowElement",
    "@sourceRef @targetRef conditionExpression=expression",
    kept="@isImmediate",
    values={"isImmediate": TRUE},
)
_kind("association", read="@sourceRef @targetRef", kept="@associationDirection")

# Scopes
_NODES = " ".join(sorted(FLOW_NODES - REFUSED_NODES.keys()))
_INSIDE = f"{_NODES} sequenceFlow laneSet association dataObject dataObjectReference dataStoreReference"
_REFUSED_INSIDE = " ".join(REFUSED_NODES)
_kind(
    "subProcess",
    "activity",
    f"@triggeredByEvent property {_INSIDE}",
    kept="textAnnotation group",
    refused=_REFUSED_INSIDE,
)
_kind(
    "transaction",
    "subProcess",
    "@triggeredByEvent @method",
    values={"triggeredByEvent": FALSE, "method": frozenset({"##Compensate", "##compensate"})},
)
_kind("callable", read="@name ioSpecification", kept="supportedInterfaceRef", refused="ioBinding")
_kind(
    "process",
    "callable",
    f"@isExecutable property {_INSIDE}",
    kept="@processType @isClosed @definitionalCollaborationRef auditing monitoring supports textAnnotation group",
    refused=f"resourceRole performer humanPerformer potentialOwner correlationSubscription {_REFUSED_INSIDE}",
)
_kind("globalTask", "callable", refused="resourceRole performer humanPerformer potentialOwner")
_kind("globalManualTask", "globalTask")
_kind("globalUserTask", "globalTask", "potentialOwner", kept="@implementation rendering", values=_IMPLEMENTATION)
_kind("globalScriptTask", "globalTask", "@scriptLanguage script")
_kind("globalBusinessRuleTask", "globalTask", kept="@implementation", values=_IMPLEMENTATION)

# The file
_kind("message", "rootElement", kept="@itemRef")
_kind("signal", "rootElement", kept="@structureRef")
_kind("error", "rootElement", "@errorCode", kept="@name @structureRef")
_kind("escalation", "rootElement", "@escalationCode", kept="@name @structureRef")
_kind("messageFlow", kept="@name @sourceRef @targetRef @messageRef")
_kind("conversationNode", kept="@name participantRef messageFlowRef", refused="correlationKey")
_kind("conversation", "conversationNode")
_kind("callConversation", "conversationNode", kept="@calledCollaborationRef participantAssociation")
_kind("subConversation", "conversationNode", "conversation subConversation callConversation")
_kind(
    "collaboration",
    read="messageFlow conversation subConversation callConversation",
    kept="@name @isClosed participant textAnnotation association=drawnAssociation group conversationAssociation"
    " conversationLink participantAssociation messageFlowAssociation choreographyRef",
    refused="correlationKey",
)
_kind("globalConversation", "collaboration")
_kind("extension", "", "@mustUnderstand", kept="@definition documentation", values={"mustUnderstand": FALSE})
_kind(
    "definitions",
    read=f"@id @expressionLanguage extension process collaboration globalConversation message error signal escalation"
    f" resource {' '.join(GLOBAL_TASKS)} {_SHARED_DEFINITIONS}",
    kept="@name @targetNamespace @typeLanguage @exporter @exporterVersion documentation extensionElements"
    " relationship itemDefinition interface"
    " category dataStore partnerEntity partnerRole endPoint",
    refused="import choreography globalChoreographyTask correlationProperty",
)
