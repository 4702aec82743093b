"""Decision tables: which rules hit, and what the hit policy makes of them (DMN 1.5 §8.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from engine.decisions.logic import DecisionFailure, Outcome
from engine.decisions.types import listed
from engine.feel import (
    Budget,
    Environment,
    Expression,
    Grid,
    UnaryTests,
    Value,
    call_builtin,
    coerced,
    equal,
    printed_value,
)
from engine.feel.tree import TypeName
from engine.feel.types import ANY, NUMBER


class HitPolicy(StrEnum):
    """DMN 1.5 §8.2.10, by their names in files."""

    UNIQUE = "UNIQUE"
    FIRST = "FIRST"
    PRIORITY = "PRIORITY"
    ANY = "ANY"
    COLLECT = "COLLECT"
    RULE_ORDER = "RULE ORDER"
    OUTPUT_ORDER = "OUTPUT ORDER"


class Aggregation(StrEnum):
    """What COLLECT makes of several values."""

    SUM = "SUM"
    COUNT = "COUNT"
    MIN = "MIN"
    MAX = "MAX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A column of conditions. ``allowed`` are its input values, ``type`` what its expression is declared to give.

    ``limits`` are what every value of that type passes: the checks count on it, no run asks again.
    """

    label: str
    expression: Expression
    allowed: UnaryTests | None = None
    type: TypeName | None = None
    id: str | None = None
    limits: tuple[UnaryTests, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A column of conclusions. ``values`` are its output values, the weightiest first; ``type`` is what its cells are declared to give."""

    name: str
    values: tuple[Expression, ...] = ()
    default: Expression | None = None
    type: TypeName | None = None
    label: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A row."""

    id: str
    tests: tuple[UnaryTests, ...]
    outputs: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A decision table. One output gives its value, several give a context by name."""

    inputs: tuple[Input, ...]
    columns: tuple[Output, ...]
    rules: tuple[Rule, ...]
    hit_policy: HitPolicy = HitPolicy.UNIQUE
    aggregation: Aggregation | None = None
    cost: int = field(init=False, repr=False, compare=False)
    _grid: Grid = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_grid", Grid([rule.tests for rule in self.rules]))
        # cells that read the same run once; conclusions are counted when they are drawn
        tests = set().union(*(rule.tests for rule in self.rules))
        cost = sum(each.cost for each in tests) + sum(column.expression.cost for column in self.inputs)
        object.__setattr__(self, "cost", cost)

    @property
    def variables(self) -> frozenset[str]:
        """The free names of all cells."""
        found = {name for column in self.inputs for name in column.expression.variables}
        for rule in self.rules:
            found = found.union(*(each.variables for each in (*rule.tests, *rule.outputs)))
        for column in self.columns:
            found = found.union(*(each.variables for each in (*column.values, column.default) if each is not None))
        return frozenset(found)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of several outputs."""
        return tuple(column.name for column in self.columns) if len(self.columns) > 1 else ()

    @property
    def type(self) -> TypeName:
        """What is known of the type of its result, from what its columns declare."""
        kinds = [column.type or ANY for column in self.columns]
        if self.aggregation is not None and self.hit_policy is HitPolicy.COLLECT:
            is_number = self.aggregation in (Aggregation.COUNT, Aggregation.SUM)
            kinds = [NUMBER if is_number else kind for kind in kinds]
        fields = tuple(zip(self.outputs, kinds, strict=False))
        row = TypeName("context", fields=fields) if fields else kinds[0]
        return TypeName("list", (row,)) if self._gives_all else row

    @property
    def _gives_all(self) -> bool:
        """Its result is the list of what all rules that hit give."""
        in_order = self.hit_policy in (HitPolicy.RULE_ORDER, HitPolicy.OUTPUT_ORDER)
        return in_order or (self.hit_policy is HitPolicy.COLLECT and self.aggregation is None)

    def outcome(self, scope: Mapping[str, Value], environment: Environment, budget: Budget) -> Outcome:
        """Decide. Raises DecisionFailure: an input not allowed, two hits under UNIQUE, different ones under ANY."""
        values = [column.expression.evaluate(scope, environment, budget) for column in self.inputs]
        if isinstance(budget, Witness):
            budget.saw(self, values, scope)
        for column, value in zip(self.inputs, values, strict=True):
            if (
                column.allowed is not None
                and value is not None
                and not column.allowed.matches(value, scope, environment)
            ):
                raise DecisionFailure(
                    "decision_input_not_allowed",
                    input=column.label,
                    value=printed_value(value)[:80],
                    allowed=listed(column.allowed),
                )
        hits = [self.rules[index] for index in self._grid.matching(values, scope, environment, budget)]
        inputs = {column.label: value for column, value in zip(self.inputs, values, strict=True)}
        value = self._value(hits, scope, environment, budget)
        if self.hit_policy is HitPolicy.FIRST:
            hits = hits[:1]
        return Outcome(value=value, rules=tuple(rule.id for rule in hits), inputs=inputs)

    def _value(self, hits: list[Rule], scope: Mapping[str, Value], environment: Environment, budget: Budget) -> Value:
        if self.hit_policy is HitPolicy.UNIQUE and len(hits) > 1:
            raise DecisionFailure("decision_several_rules", rules=", ".join(rule.id for rule in hits[:10]))
        if not hits:
            return self._nothing(scope, environment, budget)
        if self.hit_policy is HitPolicy.FIRST:
            hits = hits[:1]
        budget.spend(sum(cell.cost for rule in hits for cell in rule.outputs))
        rows = [self._row(rule.outputs, scope, environment, budget) for rule in hits]
        if self.hit_policy is HitPolicy.ANY and any(equal(row, rows[0], budget) is not True for row in rows[1:]):
            raise DecisionFailure("decision_different_results", rules=", ".join(rule.id for rule in hits[:10]))
        if self.hit_policy in (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER):
            rows.sort(key=self._priority(scope, environment, budget))
        if self.hit_policy in (HitPolicy.RULE_ORDER, HitPolicy.OUTPUT_ORDER):
            return [self._shaped(row) for row in rows]
        if self.hit_policy is HitPolicy.COLLECT:
            return self._collected(rows, environment, budget)
        return self._shaped(rows[0])

    def _row(
        self, cells: Sequence[Expression | None], scope: Mapping[str, Value], environment: Environment, budget: Budget
    ) -> list[Value]:
        """The values of one rule, each of the type of its column: what does not conform is null (DMN 1.5 §10.3.2.9.4)."""
        values = [None if cell is None else cell.evaluate(scope, environment, budget) for cell in cells]
        return [
            value if column.type is None else coerced(value, column.type, budget)
            for column, value in zip(self.columns, values, strict=True)
        ]

    def _shaped(self, row: Sequence[Value]) -> Value:
        if len(self.columns) == 1:
            return row[0]
        return {column.name: value for column, value in zip(self.columns, row, strict=True)}

    def _nothing(self, scope: Mapping[str, Value], environment: Environment, budget: Budget) -> Value:
        """No rule holds: the default outputs; else no items, or null."""
        if any(column.default is not None for column in self.columns):
            defaults = [column.default for column in self.columns]
            return self._shaped(self._row(defaults, scope, environment, budget))
        if self.hit_policy is HitPolicy.COLLECT and self.aggregation is Aggregation.COUNT:
            return call_builtin("count", [[]], environment, budget)
        return [] if self._gives_all else None

    def _collected(self, rows: list[list[Value]], environment: Environment, budget: Budget) -> Value:
        if self.aggregation is None:
            return [self._shaped(row) for row in rows]
        function = self.aggregation.value.lower()
        columns = [list(column) for column in zip(*rows, strict=True)]
        return self._shaped([call_builtin(function, [column], environment, budget) for column in columns])

    def _priority(self, scope: Mapping[str, Value], environment: Environment, budget: Budget) -> _Key:
        ranks = [[value.evaluate(scope, environment, budget) for value in column.values] for column in self.columns]
        return _Key(ranks, budget)


class Witness(Budget):
    """A budget that also hears of every table that is decided with it: in whatever logic it stands, its scope is known only there."""

    def saw(self, table: Table, values: Sequence[Value], scope: Mapping[str, Value]) -> None:
        """``table`` is about to be decided for the ``values`` of its inputs."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class _Key:
    """Sorts rows by the place of each value among the output values, first column first; a column without any does not count."""

    ranks: list[list[Value]]
    budget: Budget

    def __call__(self, row: Sequence[Value]) -> tuple[int, ...]:
        return tuple(self._rank(value, known) for value, known in zip(row, self.ranks, strict=True))

    def _rank(self, value: Value, known: list[Value]) -> int:
        return next((index for index, each in enumerate(known) if equal(value, each, self.budget) is True), len(known))
