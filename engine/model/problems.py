"""Collecting what is wrong with a file, so that people see all of it at once and never just the first."""

from __future__ import annotations

from typing import Literal

from engine.errors import DefinitionError, Fact, Facts, Problem
from engine.model.xml_file import Element

MAXIMAL_PROBLEMS = 500
"""More than anybody reads; a broken tool, or somebody who means harm, can make a hundred thousand."""

Severity = Literal["error", "warning"]


class Problems:
    """The problems of one file, in the order in which they were found."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[Problem] = []

    def add(
        self,
        code: str,
        owner: Element | None = None,
        /,
        *,
        place: str | None = None,
        severity: Severity = "error",
        **facts: Fact,
    ) -> None:
        """Note a problem of ``owner``: the XML element whose id and name people know (its nearest ancestor with an id stands in).

        Without any id, the line becomes the place.
        """
        self.add_facts(code, facts, owner, place=place, severity=severity)

    def add_facts(
        self,
        code: str,
        facts: Facts,
        owner: Element | None = None,
        *,
        place: str | None = None,
        severity: Severity = "error",
    ) -> None:
        """The same with facts that came from elsewhere."""
        named = owner
        while named is not None and (not named.get("id") or named.getparent() is None):
            named = named.getparent()  # the root's id names the file, not something in it
        if owner is not None and named is None and place is None:
            place = str(owner.sourceline)
        self._found.append(
            Problem(
                code=code,
                file=self.file,
                element_id=None if named is None else named.get("id"),
                element_name=None if named is None else named.get("name") or None,
                place=place,
                severity=severity,
                facts=facts,
            )
        )

    def take(self, problem: Problem) -> None:
        """Note a problem that was made elsewhere."""
        self._found.append(problem)

    @property
    def found(self) -> tuple[Problem, ...]:
        """Everything noted so far, each once; beyond ``MAXIMAL_PROBLEMS`` only how many there are."""
        different = list({repr(each): each for each in self._found}.values())
        if len(different) <= MAXIMAL_PROBLEMS:
            return tuple(different)
        more = Problem(code="problems_more", file=self.file, facts={"count": len(different) - MAXIMAL_PROBLEMS})
        return (*different[:MAXIMAL_PROBLEMS], more)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What does not stop the definition from being used."""
        return tuple(each for each in self.found if each.severity == "warning")

    def raise_if_any(self) -> None:
        """Raise DefinitionError with everything found when one of it is an error."""
        if any(each.severity == "error" for each in self._found):
            raise DefinitionError(self.found)
