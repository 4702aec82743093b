"""The problems of one decision table, in order of weight: what contradicts itself is an error, what is only suspicious a warning.

Two rows that apply together under UNIQUE or contradict each other under ANY make a case fail (DMN 1.5 §8.2.10), and an output of another
type than declared is wrong in every case: errors. A gap may be meant, and a row without effect does no harm: warnings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.decisions.checks.outputs import Misfit, misfits
from engine.decisions.checks.rows import COUNTED, Example, examined
from engine.decisions.checks.space import MAX_AXES, MAX_WORK
from engine.decisions.table import HitPolicy, Input, Table
from engine.errors import Fact, Facts, Problem
from engine.feel import Expression, TypeName, UnaryTests, printed_value
from engine.feel.analysis import Finding, analyse
from engine.feel.printer import printed_type

MAX_LISTED = 10
"""Row numbers in one sentence."""

MAX_TEXT = 300
"""Characters of an example or a cell in one sentence."""

MAX_ALIKE = 20
"""Problems of one kind per table."""


_OVERLAP = {
    (True, True): "dmn_overlap",
    (True, False): "dmn_overlap_possible",
    (False, True): "dmn_contradiction",
    (False, False): "dmn_contradiction_possible",
}
"""By whether it is the policy UNIQUE (else ANY), and whether the example can certainly come about."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The element whose logic is checked."""

    file: str
    id: str
    name: str

    def problem(self, code: str, place: str | None = None, *, is_error: bool = False, **facts: Fact) -> Problem:
        """A problem of this element."""
        return Problem(
            code=code,
            file=self.file,
            element_id=self.id,
            element_name=self.name,
            place=place,
            severity="error" if is_error else "warning",
            facts=facts,
        )


def check_table(table: Table, owner: Owner, types: Mapping[str, TypeName] | None = None) -> tuple[Problem, ...]:
    """All that is wrong with ``table``. ``types`` are those of the variables, where they are known."""
    table = _typed(table, types or {})
    return tuple(_Sentences(table, owner, types or {}).all())


def _typed(table: Table, types: Mapping[str, TypeName]) -> Table:
    """``table`` with the types of inputs that declare none, where their expressions tell."""
    return replace(table, inputs=tuple(_typed_input(column, types) for column in table.inputs))


def _typed_input(column: Input, types: Mapping[str, TypeName]) -> Input:
    found = None if column.type is not None else analyse(column.expression, types).type
    return column if found is None or found.name in ("Any", "Null") else replace(column, type=found)


class _Sentences:
    """Findings to problems."""

    def __init__(self, table: Table, owner: Owner, types: Mapping[str, TypeName]) -> None:
        self._table = table
        self._owner = owner
        self._types = types
        self._found = examined(table)

    def all(self) -> Iterator[Problem]:
        if not self._table.rules:
            yield self._owner.problem("dmn_table_without_rules")
        if self._table.aggregation is not None and len(self._table.columns) > 1:
            yield self._owner.problem(
                "dmn_aggregation_outputs", is_error=True, aggregation=self._table.aggregation.value
            )
        yield from self._overlaps()
        for alike in (self._outputs(), self._findings(), self._never(), self._masked(), self._same()):
            yield from self._curbed(list(alike))
        yield from self._gaps()
        yield from self._open()

    def _curbed(self, alike: Sequence[Problem]) -> Iterator[Problem]:
        """At most ``MAX_ALIKE``: the same mistake in every row says nothing more by being said a thousand times."""
        yield from alike[:MAX_ALIKE]
        left = alike[MAX_ALIKE:]
        if left:
            is_error = any(each.severity == "error" for each in left)
            yield self._owner.problem("dmn_more_alike", is_error=is_error, count=len(left))

    # --- rows against each other

    def _overlaps(self) -> Iterator[Problem]:
        found = self._found
        is_error = not found.is_dependent
        for overlap in found.overlaps:
            yield self._owner.problem(
                _OVERLAP[self._table.hit_policy is HitPolicy.UNIQUE, is_error],
                rule_place(overlap.rows[0]),
                is_error=is_error,
                rows=_listed(overlap.rows),
                example=self._example(overlap.example),
            )
        more = found.overlap_count - len(found.overlaps)
        if more:
            code = "dmn_overlaps_more" if found.overlap_count < COUNTED else "dmn_overlaps_many"
            yield self._owner.problem(code, is_error=is_error, count=more)

    def _gaps(self) -> Iterator[Problem]:
        found = self._found
        for gap in found.gaps:
            example = self._example(gap.example)
            if gap.near:
                yield self._owner.problem(
                    "dmn_gap_near", rule_place(gap.near[0]), example=example, rows=_listed(gap.near)
                )
            else:
                yield self._owner.problem("dmn_gap", example=example)
        more = found.gap_count - len(found.gaps)
        if more:
            yield self._owner.problem("dmn_gaps_more" if found.gap_count < COUNTED else "dmn_gaps_many", count=more)

    def _never(self) -> Iterator[Problem]:
        for row, column in self._found.never:
            cell = self._table.rules[row].tests[column]
            label = self._label(column)
            yield self._owner.problem(
                "dmn_rule_never",
                f"{rule_place(row)}/{part_place('input', column, label)}",
                rule=row + 1,
                cell=_short(cell.source),
                input=label,
            )

    def _masked(self) -> Iterator[Problem]:
        code = "dmn_rule_masked" if self._table.hit_policy is HitPolicy.FIRST else "dmn_rule_outranked"
        for masked in self._found.masked:
            yield self._owner.problem(code, rule_place(masked.row), rule=masked.row + 1, rows=_listed(masked.by))

    def _same(self) -> Iterator[Problem]:
        hidden = {masked.row for masked in self._found.masked} | {row for row, _ in self._found.never}
        if self._table.hit_policy is HitPolicy.UNIQUE:
            # two that can apply at all overlap, which has been said
            return
        for first, again in (pair for pair in self._found.same if pair[1] not in hidden):
            yield self._owner.problem("dmn_rule_twice", rule_place(again), rule=again + 1, other=first + 1)

    def _open(self) -> Iterator[Problem]:
        """What could not be decided."""
        found = self._found
        if found.is_too_large:
            yield self._owner.problem(
                "dmn_table_too_large_to_check",
                rules=len(self._table.rules),
                inputs=len(self._table.inputs),
                limit=MAX_WORK if len(self._table.inputs) <= MAX_AXES else MAX_AXES,
            )
        elif found.undecided:
            yield self._owner.problem(
                "dmn_table_undecided", rule_place(found.undecided[0]), rows=_listed(found.undecided)
            )

    # --- cells

    def _outputs(self) -> Iterator[Problem]:
        for misfit in misfits(self._table, self._types):
            yield self._misfit(misfit)

    def _misfit(self, misfit: Misfit) -> Problem:
        column = self._table.columns[misfit.column]
        label = column.label or column.name or self._owner.name
        part = part_place("output", misfit.column, label)
        place = f"{part}/default" if misfit.row is None else f"{rule_place(misfit.row)}/{part}"
        facts: dict[str, str] = {"output": label, "cell": _short(misfit.cell.source)}
        if misfit.found is not None and column.type is not None:
            facts |= {"type": printed_type(column.type), "found": printed_type(misfit.found)}
            return self._owner.problem("dmn_output_type", place, is_error=True, **facts)
        if misfit.suggestion is not None:
            facts["suggestion"] = printed_value(misfit.suggestion)
            return self._owner.problem("dmn_output_value_similar", place, is_error=True, **facts)
        return self._owner.problem("dmn_output_value", place, is_error=True, **facts)

    def _findings(self) -> Iterator[Problem]:
        """What the analysis of expressions finds in the cells."""
        for number, column in enumerate(self._table.inputs):
            place = part_place("input", number, self._label(number))
            yield from self._analysis(column.expression, self._types, place)
        for row, rule in enumerate(self._table.rules):
            for number, cell in enumerate(rule.tests):
                kind = self._table.inputs[number].type
                types = self._types if kind is None else {**self._types, "?": kind}
                yield from self._analysis(
                    cell, types, f"{rule_place(row)}/{part_place('input', number, self._label(number))}"
                )
            for number, conclusion in enumerate(rule.outputs):
                label = self._table.columns[number].label or self._table.columns[number].name
                yield from self._analysis(
                    conclusion, self._types, f"{rule_place(row)}/{part_place('output', number, label)}"
                )

    def _analysis(
        self, compiled: Expression | UnaryTests, types: Mapping[str, TypeName], place: str
    ) -> Iterator[Problem]:
        for finding in analyse(compiled, types).findings:
            yield expression_problem(self._owner, finding, compiled, place)

    # --- words

    def _label(self, column: int) -> str:
        return self._table.inputs[column].label

    def _example(self, example: Example) -> str:
        """``Amount = 5000.01, Region = "EU"``: by the labels, one for columns of one expression."""
        shown: dict[str, str] = {}
        for column, value in example.items():
            source = self._table.inputs[column].expression.source.strip()
            shown.setdefault(source, f"{self._label(column)} = {printed_value(value)}")
        return _short(", ".join(shown.values())) or "—"


def expression_problem(owner: Owner, finding: Finding, compiled: Expression | UnaryTests, place: str | None) -> Problem:
    """What the analysis found in one expression."""
    facts: Facts = {**finding.facts, "at": finding.at, "expression": _short(compiled.source)}
    return replace(owner.problem(finding.code, place), facts=facts)


def rule_place(row: int) -> str:
    """The place of a rule (from 0), as ``engine.texts.places`` reads it."""
    return f"rule:{row + 1}"


def part_place(kind: str, number: int, label: str) -> str:
    """The place of a column (from 0) of the kind ``input`` or ``output``."""
    return f"{kind}:{number + 1} {label.replace('/', chr(0x2215))}".rstrip()


def _listed(rows: Iterable[int]) -> str:
    numbers = [str(row + 1) for row in rows]
    return ", ".join(numbers[:MAX_LISTED]) + (" …" if len(numbers) > MAX_LISTED else "")


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
