"""Why a decision came out as it did: which rows of its tables matched, why the others did not, and the values that expressions used.

The decision is taken as always, by the same code, with a budget that also hears of every table: in whatever logic it stands (a context,
knowledge that is called), and however often it was asked. Then each cell is asked again by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.decisions.decision import Decision, Evaluation
from engine.decisions.table import Table, Witness
from engine.errors import EngineError
from engine.feel import Budget, Environment, FeelFailure, Function, Grid, UnaryTests, Value

MAX_TABLES = 50
"""Tables that one decision explains: knowledge may be called for each item of a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The condition ``test`` on the ``value`` of the input labelled ``input``."""

    input: str
    value: Value
    test: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A rule by ``number`` from 1. It ``matched`` when all of its cells passed; which of the matching rules count, the policy says."""

    number: int
    id: str
    cells: tuple[Cell, ...]
    outputs: tuple[str, ...]

    @property
    def matched(self) -> bool:
        """Whether all cells passed."""
        return self.failing is None

    @property
    def failing(self) -> Cell | None:
        """The first cell that did not pass."""
        return next((cell for cell in self.cells if not cell.passed), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableExplanation:
    """One table, asked once. ``policy`` is its hit policy with the aggregation (``COLLECT SUM``); ``inputs`` by label, in order."""

    policy: str
    inputs: tuple[tuple[str, Value], ...]
    outputs: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def matched(self) -> tuple[Row, ...]:
        """The rows all of whose cells passed, in the order of the table."""
        return tuple(row for row in self.rows if row.matched)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision with its ``value``, or the ``failure`` for which it has none.

    ``rules`` are the ids of the rows that count, ``variables`` what its logic read, by name. ``tables`` are those that it asked, in this
    order, ``required`` the decisions beneath.
    """

    id: str
    name: str
    value: Value
    failure: EngineError | None = None
    rules: tuple[str, ...] = ()
    variables: Mapping[str, Value] = field(default_factory=dict)
    tables: tuple[TableExplanation, ...] = ()
    required: tuple[Explanation, ...] = ()


def explain(decision: Decision, variables: Mapping[str, Value], environment: Environment) -> Explanation:
    """Take ``decision`` and say why, with all that it requires; one that several others require is explained once, in one object.

    A decision that fails (two rows under UNIQUE, a value that is not allowed, a bound exceeded) is explained too, as far as it came.
    Raises FeelFailure when decisions require one another on more levels than can be followed.
    """
    witness = _Witness()
    evaluation = Evaluation(variables, environment, witness, is_strict=True)
    try:
        return _Explainer(evaluation, witness).explained(decision)
    except RecursionError as error:
        raise FeelFailure("feel_too_nested_value") from error


class _Witness(Witness):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.seen: list[tuple[Table, Sequence[Value], Mapping[str, Value]]] = []

    def saw(self, table: Table, values: Sequence[Value], scope: Mapping[str, Value]) -> None:
        if len(self.seen) < MAX_TABLES:
            self.seen.append((table, values, dict(scope)))


class _Explainer:
    def __init__(self, evaluation: Evaluation, witness: _Witness) -> None:
        self._evaluation = evaluation
        self._witness = witness
        self._known: dict[tuple[str, str], Explanation] = {}

    def explained(self, decision: Decision) -> Explanation:
        key = (decision.namespace, decision.id)
        if key not in self._known:
            required = tuple(self.explained(each) for each in decision.requires)
            self._known[key] = self._explained(decision, required)
        return self._known[key]

    def _explained(self, decision: Decision, required: tuple[Explanation, ...]) -> Explanation:
        failure = next((each.failure for each in required if each.failure is not None), None)
        if failure is not None:
            return Explanation(id=decision.id, name=decision.name, value=None, failure=failure, required=required)
        self._witness.seen.clear()
        value: Value = None
        rules: tuple[str, ...] = ()
        used: Mapping[str, Value] = {}
        tables: tuple[TableExplanation, ...] = ()
        try:
            used = self._used(decision)
            result = self._evaluation.taken(decision)
            value, rules = result.value, result.rules
        except EngineError as error:
            failure = error
        except RecursionError:
            failure = FeelFailure("feel_too_nested_value")
        try:
            tables = tuple(self._tables())
        except EngineError as error:
            failure = failure or error
        return Explanation(
            id=decision.id,
            name=decision.name,
            value=value,
            failure=failure,
            rules=rules,
            variables=used,
            tables=tables,
            required=required,
        )

    def _used(self, decision: Decision) -> Mapping[str, Value]:
        scope = self._evaluation.scope(decision)
        values = {name: scope.get(name) for name in sorted(decision.logic.variables)}
        return {name: value for name, value in values.items() if not isinstance(value, Function)}

    def _tables(self) -> Iterator[TableExplanation]:
        # asking again costs as much as the decision did: it has its own bound
        budget = Budget()
        for table, values, scope in self._witness.seen:
            asked: dict[tuple[int, UnaryTests], bool] = {}
            labels = [column.label for column in table.inputs]
            rows = []
            for number, rule in enumerate(table.rules, 1):
                cells = []
                for index, (test, value) in enumerate(zip(rule.tests, values, strict=True)):
                    if (index, test) not in asked:
                        budget.spend(test.cost)
                        found = Grid([(test,)]).matching((value,), scope, self._evaluation.environment, budget)
                        asked[index, test] = bool(found)
                    passed = asked[index, test]
                    cells.append(Cell(input=labels[index], value=value, test=test.source, passed=passed))
                outputs = tuple(cell.source for cell in rule.outputs)
                rows.append(Row(number=number, id=rule.id, cells=tuple(cells), outputs=outputs))
            yield TableExplanation(
                policy=table.hit_policy.value + (f" {table.aggregation.value}" if table.aggregation else ""),
                inputs=tuple(zip(labels, values, strict=True)),
                outputs=tuple(column.label or column.name or "" for column in table.columns),
                rows=tuple(rows),
            )
