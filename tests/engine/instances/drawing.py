"""BPMN files in few words: elements as nested calls, flows as ``"a -> b"`` lines (``"a -> b ? condition"``)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' id="definitions" targetNamespace="http://bordereau.test">'
)


def el(kind: str, id_: str, *inside: str, **attributes: str | None) -> str:
    """Any element; its name is its id. Attributes are written as given, ``None`` leaves one out."""
    given = {"id": id_, "name": id_.replace("_", " "), **attributes}
    if (
        kind in {"multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "association"}
        or "Definition" in kind
    ):
        del given["name"]
    written = " ".join(f"{name}={quoteattr(value)}" for name, value in given.items() if value is not None)
    return f"<bpmn:{kind} {written}>{''.join(inside)}</bpmn:{kind}>"


def extensions(*inside: str) -> str:
    return f"<bpmn:extensionElements>{''.join(inside)}</bpmn:extensionElements>"


def maps(direction: str, mappings: Mapping[str, str]) -> str:
    found = (
        f"<zeebe:{direction} source={quoteattr('=' + source)} target={quoteattr(target)} />"
        for target, source in mappings.items()
    )
    return "".join(found)


def io(inputs: Mapping[str, str] | None = None, outputs: Mapping[str, str] | None = None) -> str:
    return f"<zeebe:ioMapping>{maps('input', inputs or {})}{maps('output', outputs or {})}</zeebe:ioMapping>"


def user(id_: str, *inside: str, form: str | None = None, role: str = "clerk", **attributes: str | None) -> str:
    named = "" if form is None else f'<zeebe:formDefinition formId="{form}" />'
    work = extensions("<zeebe:userTask />", f'<zeebe:assignmentDefinition candidateGroups="{role}" />', named)
    return el("userTask", id_, work, *inside, **attributes)


def service(
    id_: str,
    handler: str,
    *inside: str,
    inputs: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    **attributes: str | None,
) -> str:
    work = extensions(f'<zeebe:taskDefinition type="{handler}" />', io(inputs, outputs))
    return el("serviceTask", id_, work, *inside, **attributes)


def say(id_: str, said: str, *inside: str, **attributes: str) -> str:
    """A handler that writes a row, in the step."""
    return service(id_, "note.write", *inside, inputs={"said": said}, outputs={}, **attributes)


def write(id_: str, variable: str, source: str, *inside: str, **attributes: str | None) -> str:
    script = f"<zeebe:script expression={quoteattr('=' + source)} resultVariable={quoteattr(variable)} />"
    return el("scriptTask", id_, extensions(script), *inside, **attributes)


def message(ref: str) -> str:
    return f'<bpmn:messageEventDefinition messageRef="{ref}" />'


def signal(ref: str) -> str:
    return f'<bpmn:signalEventDefinition signalRef="{ref}" />'


def error(ref: str) -> str:
    return f'<bpmn:errorEventDefinition errorRef="{ref}" />'


def escalation(ref: str) -> str:
    return f'<bpmn:escalationEventDefinition escalationRef="{ref}" />'


def link(name: str) -> str:
    return f'<bpmn:linkEventDefinition name="{name}" />'


def compensation(activity: str | None = None) -> str:
    ref = "" if activity is None else f' activityRef="{activity}"'
    return f"<bpmn:compensateEventDefinition{ref} />"


def condition(source: str) -> str:
    return f"<bpmn:conditionalEventDefinition>{expression('condition', source)}</bpmn:conditionalEventDefinition>"


def timer(kind: str, source: str) -> str:
    return f"<bpmn:timerEventDefinition>{expression(kind, source)}</bpmn:timerEventDefinition>"


TERMINATE = "<bpmn:terminateEventDefinition />"
CANCEL = "<bpmn:cancelEventDefinition />"


def expression(tag: str, source: str) -> str:
    text = source if tag.startswith("time") else f"={source}"
    return f'<bpmn:{tag} xsi:type="bpmn:tFormalExpression">{escape(text)}</bpmn:{tag}>'


def boundary(id_: str, on: str, trigger: str, *, interrupts: bool = True) -> str:
    is_compensation = "compensateEventDefinition" in trigger
    cancels = None if is_compensation or interrupts else "false"
    return el("boundaryEvent", id_, trigger, attachedToRef=on, cancelActivity=cancels)


def undone_by(event: str, handler: str) -> str:
    return f'<bpmn:association id="{event}_by" associationDirection="One" sourceRef="{event}" targetRef="{handler}" />'


def event_sub(id_: str, trigger: str, *inside: str, flows: str, interrupts: bool = True) -> str:
    """An event sub-process with the start ``<id>_on`` and the end ``<id>_end``."""
    start = el("startEvent", f"{id_}_on", trigger, isInterrupting=None if interrupts else "false")
    return sub(id_, start, el("endEvent", f"{id_}_end"), *inside, flows=flows, triggeredByEvent="true")


def sub(id_: str, *inside: str, flows: str, kind: str = "subProcess", **attributes: str | None) -> str:
    return el(kind, id_, *_in_order(*inside, arrows(flows)), **attributes)


def _in_order(*inside: str) -> list[str]:
    """The schema wants associations last."""
    return sorted(inside, key=lambda each: each.startswith("<bpmn:association"))


def arrows(flows: str) -> str:
    found = []
    for line in filter(None, (each.strip() for each in flows.splitlines())):
        ends, _, asked = line.partition(" ? ")
        chain = [each.strip() for each in ends.split("->")]
        for source, target in pairwise(chain):
            inside = expression("conditionExpression", asked) if asked else ""
            found.append(
                f'<bpmn:sequenceFlow id="{source}__{target}" sourceRef="{source}" targetRef="{target}">{inside}</bpmn:sequenceFlow>'
            )
    return "".join(found)


def process(id_: str, *inside: str, flows: str) -> str:
    return f'<bpmn:process id="{id_}" isExecutable="true">{"".join(_in_order(*inside, arrows(flows)))}</bpmn:process>'


def plain(id_: str, *inside: str, flows: str) -> str:
    """A process with the plain start ``start`` and the end ``end``."""
    return process(id_, el("startEvent", "start"), el("endEvent", "end"), *inside, flows=flows)


def keyed(id_: str, name: str, key: str) -> str:
    """A message with a correlation key."""
    inside = extensions(f"<zeebe:subscription correlationKey={quoteattr('=' + key)} />")
    return f'<bpmn:message id="{id_}" name="{name}">{inside}</bpmn:message>'


def message_named(name: str) -> str:
    return f'<bpmn:message id="{name}" name="{name}" />'


def signal_named(name: str) -> str:
    return f'<bpmn:signal id="{name}" name="{name}" />'


def error_named(code: str) -> str:
    return f'<bpmn:error id="{code}" name="{code}" errorCode="{code}" />'


def escalation_named(code: str) -> str:
    return f'<bpmn:escalation id="{code}" name="{code}" escalationCode="{code}" />'


def drawing(*inside: str) -> bytes:
    return f"{_HEAD}{''.join(inside)}</bpmn:definitions>".encode()


_FORM = b"""id: answer
title: {fr: Repondre, en: Answer}
fields:
  - {name: total, type: integer, label: {fr: Total, en: Total}}
"""


def bundle_files(key: str, *inside: str, **files: bytes) -> dict[str, bytes]:
    """The files of a version whose main process is ``key``; people start it if it has the plain start event ``start``.

    ``files``: more of them, ``rules_dmn`` for ``rules.dmn``.
    """
    drawn = drawing(*inside)
    start = "start: {roles: [clerk]}\n" if b'<bpmn:startEvent id="start"' in drawn else ""
    description = f"key: {key}\ntitle: {{fr: {key}, en: {key}}}\nprocess: {key}\n{start}".encode()
    given = {"process.yaml": description, f"{key}.bpmn": drawn, "forms/answer.yaml": _FORM}
    return given | {name.replace("_dmn", ".dmn"): content for name, content in files.items()}
