"""What a story is played on: a version of a process with its forms, or a bare model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.errors import Problem
from engine.model.bundle import Bundle
from engine.model.elements import Model, Node
from engine.model.forms import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """``forms`` is None for a bare model: then answers are variables, taken as they are.

    ``start_form`` and ``start_roles`` are those of the one ``process`` that people start by hand (None: nobody does).
    """

    model: Model
    process: str | None = None
    forms: Mapping[str, Form] | None = None
    start_form: Form | None = None
    start_roles: frozenset[str] | None = None
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def node(self, element: str) -> Node | None:
        """The element of this id, in whichever process it stands."""
        return next((each.nodes[element] for each in self.model.processes.values() if element in each.nodes), None)

    def beginning(self, process: str, event: str | None) -> str | None:
        """Where a case of ``process`` begins that names ``event``, or no event: at the plain start (None), or else at the only entrance
        that there is, such as a timer.
        """
        known = self.model.processes[process]
        entrances = known.entrances()
        if event is not None or known.entries(process) or len(entrances) != 1:
            return event
        return next(iter(entrances))

    def named(self, problem: Problem) -> Problem:
        """The same with the name of the element that it is about."""
        node = None if problem.element_id is None else self.node(problem.element_id)
        return problem if node is None else replace(problem, element_name=node.name or None)

    def title(self, element: str, locale: str) -> str:
        """What people call an element or a flow; its id where it has no name."""
        translated = self.names.get(element, {}).get(locale)
        if translated:
            return translated
        node: Any = self.node(element)
        if node is None:
            flows = (each.flows.get(element) for each in self.model.processes.values())
            node = next((each for each in flows if each is not None), None)
        return (node.name if node is not None else "") or element


Playable = Bundle | Model | World
"""What stories can be played on."""


def world_of(played: Playable) -> World:
    """The world of a version or of a bare model."""
    if isinstance(played, World):
        return played
    if isinstance(played, Model):
        return World(model=played)
    starts = played.starts
    return World(
        model=played.model,
        process=played.process_id,
        forms=played.forms,
        start_form=None if starts is None or starts.form is None else played.forms[starts.form],
        start_roles=None if starts is None else frozenset(starts.roles),
        names=played.names,
    )
