"""What reading one flow node needs to know, and what all kinds of nodes have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.model.event_definitions import Declarations
from engine.model.expressions import VARIABLE_NAME
from engine.model.problems import Problems
from engine.model.skeleton import RawNode, Skeleton
from engine.model.vocabulary import TRUE
from engine.model.zeebe import Extensions


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known of the rest of the file. ``roles`` are those of the lanes (their own, or that of a lane around);
    ``item_names``: by id, the variable that a data object, property, data input or output names. ``scripts``: by ``scriptFormat`` the
    handler that evaluates such scripts (the engine itself evaluates FEEL only; all others are refused).
    """

    skeleton: Skeleton
    declarations: Declarations
    roles: Mapping[str, str]
    problems: Problems
    item_names: Mapping[str, str | None] = field(default_factory=dict)
    scripts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One flow node being read: its XML, its extensions, and ``common``, the fields that every element of its kind has."""

    raw: RawNode
    extensions: Extensions
    common: Mapping[str, Any]
    reading: Reading

    @property
    def problems(self) -> Problems:
        """Where problems are noted."""
        return self.reading.problems


def variable_name(text: str, part: Part, place: str) -> str | None:
    """A variable's name, checked."""
    if not text:
        return None
    if VARIABLE_NAME.fullmatch(text) is None:
        part.problems.add("variable_name_invalid", part.raw.element, place=place, name=text)
        return None
    return text


def fixed_reference(part: Part, name: str, attribute: str) -> str | None:
    """A reference that must be written out: which handler, form or decision runs is a fact of the version, not of a case."""
    text = part.extensions.get(name, attribute)
    if text.startswith("="):
        part.problems.add("reference_computed", part.raw.element, place=f"zeebe:{name}", attribute=attribute)
        return None
    return text or None


def raw_property(extensions: Extensions, name: str) -> str | None:
    """A ``zeebe:property`` that has a value."""
    return extensions.properties.get(name, "").strip() or None


def is_true_by_default(text: str) -> bool:
    """A boolean attribute that is true unless it says otherwise."""
    return not text or text in TRUE
