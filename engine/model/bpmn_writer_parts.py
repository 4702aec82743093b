"""What all that is written has in common: ids, expressions as texts, extension elements, and what events refer to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from engine.feel import Expression
from engine.model.elements import Process, TimerDefinition, TimerKind, VariableMapping
from engine.model.expressions import static_cycle, static_duration, static_moment
from engine.model.xml_file import BPMN, ZEEBE, Element

MODELER = "http://camunda.org/schema/modeler/1.0"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NAMESPACES = {
    "bpmn": BPMN,
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
    "modeler": MODELER,
    "xsi": XSI,
    "zeebe": ZEEBE,
}

_LITERAL = re.compile(r'(?:duration\(|date and time\(|)"([^"\\]*)"\)?')
_STATIC = {
    TimerKind.DATE: static_moment,
    TimerKind.DURATION: static_duration,
    TimerKind.CYCLE: static_cycle,
}


class Ids:
    """The ids of a file: those that the processes bring, and new ones that differ from all of them."""

    def __init__(self, processes: Iterable[Process]) -> None:
        self._taken = {
            each for process in processes for each in (process.id, *process.nodes, *process.flows, *process.lanes)
        }

    def new(self, kind: str, of: str) -> str:
        """An id that says what it is and what of; numbered when there is one already."""
        wanted = "_".join(filter(None, (kind, re.sub(r"\W+", "_", of, flags=re.ASCII).strip("_"))))
        found, number = wanted, 1
        while found in self._taken:
            number += 1
            found = f"{wanted}_{number}"
        self._taken.add(found)
        return found


class Declarations:
    """What stands beside the processes because events refer to it; each once."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._known: dict[tuple[str, str, str | None], str] = {}
        self.elements: list[Element] = []

    def message(self, name: str, key: Expression | None) -> str:
        """The id of the message with this name and correlation key."""
        source = None if key is None else formula(key)
        identity, is_new = self._of("message", name, source)
        if is_new:
            element = self._declare("message", identity, name=name)
            if source is not None:
                add_extensions(element, {"subscription": {"correlationKey": source}})
        return identity

    def signal(self, name: str) -> str:
        """The id of the signal."""
        identity, is_new = self._of("signal", name, None)
        if is_new:
            self._declare("signal", identity, name=name)
        return identity

    def coded(self, kind: str, code: str) -> str:
        """The id of the ``error`` or ``escalation`` with this code."""
        identity, is_new = self._of(kind, code, None)
        if is_new:
            self._declare(kind, identity, **{"name": code, f"{kind}Code": code})
        return identity

    def definition(self, element: Element, of: str) -> str:
        """The id that an event definition beside the processes gets."""
        identity = self._ids.new("event", of)
        element.set("id", identity)
        self.elements.append(element)
        return identity

    def _of(self, kind: str, name: str, more: str | None) -> tuple[str, bool]:
        key = (kind, name, more)
        if key in self._known:
            return self._known[key], False
        self._known[key] = self._ids.new(kind, name)
        return self._known[key], True

    def _declare(self, kind: str, identity: str, **attributes: str) -> Element:
        element = etree.Element(f"{{{BPMN}}}{kind}", id=identity, nsmap=NAMESPACES)
        for name, value in attributes.items():
            element.set(name, value)
        self.elements.append(element)
        return element


@dataclass(slots=True)
class Writing:
    """What all of a file being written share."""

    root: Element
    ids: Ids
    declarations: Declarations = field(init=False)

    def __post_init__(self) -> None:
        self.declarations = Declarations(self.ids)


def add(parent: Element, tag: str, **attributes: str) -> Element:
    """A new BPMN child; an empty ``name`` is left out."""
    given = {name: value for name, value in attributes.items() if value or name != "name"}
    return etree.SubElement(parent, f"{{{BPMN}}}{tag}", given)


def formula(expression: Expression) -> str:
    """FEEL as attributes and texts of Zeebe have it."""
    return f"= {expression.source}"


def formal(parent: Element, tag: str, text: str) -> None:
    """A child with an expression."""
    element = add(parent, tag)
    element.set(f"{{{XSI}}}type", "bpmn:tFormalExpression")
    element.text = text


def timer_text(timer: TimerDefinition) -> str:
    """A time of ISO 8601 as it stands where the expression is no more than that (every tool reads it), else FEEL."""
    return _static(timer.expression, (timer.kind,))


def moment_text(expression: Expression) -> str:
    """The same for a due or follow-up time."""
    return _static(expression, (TimerKind.DATE, TimerKind.DURATION))


def _static(expression: Expression, kinds: Sequence[TimerKind]) -> str:
    literal = _LITERAL.fullmatch(expression.source)
    if literal is not None and any(_STATIC[kind](literal[1]) == expression.source for kind in kinds):
        return literal[1]
    return formula(expression)


def add_extensions(
    parent: Element,
    attributes: Mapping[str, Mapping[str, str | None]],
    *,
    inputs: Sequence[VariableMapping] = (),
    outputs: Sequence[VariableMapping] = (),
    properties: Mapping[str, str] | None = None,
) -> None:
    """The ``zeebe:`` elements by name, with their attributes (None: left out), the mappings and the properties, where there are any."""
    if not (attributes or inputs or outputs or properties):
        return
    holder = add(parent, "extensionElements")
    for name, given in attributes.items():
        _zeebe(holder, name, {key: value for key, value in given.items() if value is not None})
    if inputs or outputs:
        mapping = _zeebe(holder, "ioMapping", {})
        for direction, mappings in (("input", inputs), ("output", outputs)):
            for each in mappings:
                _zeebe(mapping, direction, {"source": formula(each.source), "target": ".".join(each.target)})
    if properties:
        written = _zeebe(holder, "properties", {})
        for name, value in properties.items():
            _zeebe(written, "property", {"name": name, "value": value})


def _zeebe(parent: Element, name: str, attributes: Mapping[str, str]) -> Element:
    return etree.SubElement(parent, f"{{{ZEEBE}}}{name}", dict(attributes))
