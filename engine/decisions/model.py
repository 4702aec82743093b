"""A DMN file, read: everything in it that can be decided or called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.decisions.decision import Decision, InputData, Knowledge
from engine.decisions.services import Service
from engine.errors import Problem
from engine.feel import TypeName


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionModel:
    """The elements of ``file`` by id, each bound to what it requires (of other files too).

    ``types`` are its item definitions by name, those of imported files qualified, ``names`` all that its expressions may speak of.
    ``warnings`` is what is odd but can be run.
    """

    file: str
    name: str
    namespace: str
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    knowledge: Mapping[str, Knowledge] = field(default_factory=dict)
    inputs: Mapping[str, InputData] = field(default_factory=dict)
    types: Mapping[str, TypeName] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    warnings: tuple[Problem, ...] = ()
