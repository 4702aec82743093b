"""Where something that happens begins a case of a version: a message, a signal, a moment.

Every process of the version counts, not only the one that its description names: a file may draw several participants.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.model.bundle import Bundle
from engine.model.elements import (
    MessageDefinition,
    Process,
    ReceiveTask,
    SignalDefinition,
    SingleDefinition,
    TimerDefinition,
    definitions_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """``definition`` is what begins ``process`` at ``element``; an element that waits for one of several is several entrances."""

    process: str
    element: str
    definition: SingleDefinition


def entrances(bundle: Bundle) -> tuple[Entrance, ...]:
    """All of them: those of the main process first, then in the order of the files."""
    processes = bundle.model.processes
    ordered = dict.fromkeys((bundle.process_id, *processes))
    return tuple(each for key in ordered for each in entrances_of(processes[key]))


def entrances_of(process: Process) -> Iterator[Entrance]:
    """Those of one process."""
    for node in process.entrances().values():
        trigger = node.message if isinstance(node, ReceiveTask) else getattr(node, "trigger", None)
        for definition in definitions_of(trigger):
            yield Entrance(process=process.id, element=node.id, definition=definition)


def by_message(bundle: Bundle, name: str | None = None) -> dict[Entrance, str]:
    """The entrances by a message (``name``, or any) with its name."""
    found = {each: each.definition.name for each in entrances(bundle) if isinstance(each.definition, MessageDefinition)}
    return {each: given for each, given in found.items() if name in {None, given}}


def by_signal(bundle: Bundle, name: str | None = None) -> dict[Entrance, str]:
    """The entrances by a signal (``name``, or any) with its name."""
    found = {each: each.definition.name for each in entrances(bundle) if isinstance(each.definition, SignalDefinition)}
    return {each: given for each, given in found.items() if name in {None, given}}


def by_timer(bundle: Bundle) -> dict[Entrance, TimerDefinition]:
    """The entrances by a timer."""
    return {each: each.definition for each in entrances(bundle) if isinstance(each.definition, TimerDefinition)}
