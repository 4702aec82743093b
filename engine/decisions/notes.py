"""What is wrong in one DMN file, gathered while it is read; and FEEL compiled with the names and types of that file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal as OneOf
from typing import TypeVar

from lxml import etree

from engine.errors import Fact, Facts, Problem
from engine.feel import Expression, FeelSyntaxError, TypeName, UnaryTests, compile_expression, compile_unary_tests
from engine.feel.tree import For

MAX_MISTAKES = 1_000
"""Expressions of one file that are told as wrong; after so many, the others are not looked at: to find what each means takes its time."""


Compiled = TypeVar("Compiled", Expression, UnaryTests)


class Refused(Exception):
    """This element cannot be used; the problem is already noted."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands: the element that a person would look for, and the part of it.

    ``part`` is a path that belongs to no language (``rule:3/input:1 Amount``); ``engine.texts.place_text`` says it in words.
    """

    owner: etree._Element
    part: str | None = None

    def within(self, kind: str, number: int | None = None, label: str = "") -> Place:
        """A part of this place."""
        words = " ".join(str(each) for each in (number, label.replace("/", "\u2215")) if each)
        segment = f"{kind}:{words}" if words else kind
        return Place(self.owner, f"{self.part}/{segment}" if self.part else segment)


@dataclass(slots=True)
class Notes:
    """The problems of ``file`` so far."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """How many errors there are."""
        return sum(each.severity == "error" for each in self.problems)

    def add(
        self,
        code: str,
        place: Place | etree._Element,
        /,
        severity: OneOf["error", "warning"] = "error",
        **facts: Fact,
    ) -> None:
        """Note a problem of an element, or at a place in it."""
        self._add(code, place if isinstance(place, Place) else Place(place), severity, facts)

    def syntax(self, error: FeelSyntaxError, source: str, place: Place) -> None:
        """Note what is wrong in an expression."""
        self._add(error.code, place, "error", {**error.facts, "expression": source[:200]})

    def _add(self, code: str, place: Place, severity: OneOf["error", "warning"], facts: Facts) -> None:
        owner = place.owner
        self.problems.append(
            Problem(
                code=code,
                file=self.file,
                element_id=owner.get("id"),
                element_name=owner.get("name"),
                place=place.part,
                severity=severity,
                facts=facts,
            )
        )


@dataclass(slots=True)
class Feel:
    """Compiles the texts of a file. ``names`` are those that may stand in them, ``types`` the item definitions by (qualified) name."""

    notes: Notes
    names: frozenset[str] = frozenset()
    types: Mapping[str, TypeName] = field(default_factory=dict)
    _mistakes: int = 0

    def expression(self, source: str, place: Place) -> Expression:
        """The expression; ``null`` for one that is noted as wrong."""
        return self._compiled(compile_expression, source, place, instead="null")

    def tests(self, source: str, place: Place) -> UnaryTests:
        """The unary tests; ``-`` for those that are noted as wrong."""
        return self._compiled(compile_unary_tests, source, place, instead="-")

    def _compiled(self, compiling: Callable[..., Compiled], source: str, place: Place, *, instead: str) -> Compiled:
        if self._mistakes >= MAX_MISTAKES:
            return compiling(instead)
        try:
            return compiling(source, names=self.names, types=self._types_in(source))
        except FeelSyntaxError as error:
            self._mistakes += 1
            self.notes.syntax(error, source, place)
            return compiling(instead)

    def interval(self, source: str) -> Expression | None:
        """The items of an interval without brackets (``1..3``), which is no expression but for ``for``, ``some`` and ``every``."""
        try:
            made = compile_expression(
                f"for item in {source}\n return item", names=self.names, types=self._types_in(source)
            )
        except FeelSyntaxError:
            return None
        tree = made.tree
        is_interval = isinstance(tree, For) and len(tree.iterations) == 1 and tree.iterations[0].end is not None
        return made if is_interval else None

    def language(self, element: etree._Element, place: Place) -> None:
        """Note that ``element`` is written in another language than FEEL."""
        language = element.get("expressionLanguage", "feel")
        if "feel" not in language.lower():
            self.notes.add("dmn_language", place, language=language[:100])

    def _types_in(self, source: str) -> Mapping[str, TypeName]:
        """The types that ``source`` may mean: most texts name none, and what is compiled is remembered by these too."""
        if not self.types or ("instance" not in source and "function" not in source):
            return {}
        return {name: kind for name, kind in self.types.items() if name in source}
