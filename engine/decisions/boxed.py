"""Boxed expressions that hold others: contexts, lists, functions, conditionals, filters, loops (DMN 1.5 §10.2.2).

The loops are those of FEEL: its ``for``, ``some``, ``every`` and filter run them, with a function for the boxed part. So null, ranges,
lists of one and bounds are what they are in an expression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.decisions.decision import Parameter, bound_arguments
from engine.decisions.logic import Literal, Logic, Outcome
from engine.decisions.types import ItemType
from engine.feel import Budget, Environment, Expression, Function, TypeName, Value, compile_expression
from engine.feel.tree import FunctionLiteral


@dataclass(frozen=True, slots=True)
class Several:
    """What boxed expressions of several parts have in common."""

    @property
    def parts(self) -> tuple[Logic, ...]:
        """The expressions in it."""
        raise NotImplementedError

    @property
    def variables(self) -> frozenset[str]:
        """The free names of all parts."""
        return frozenset().union(*(each.variables for each in self.parts))

    @property
    def outputs(self) -> tuple[str, ...]:
        """One value without a name."""
        return ()

    @property
    def cost(self) -> int:
        """That of all parts."""
        return 1 + sum(each.cost for each in self.parts)


@dataclass(frozen=True, slots=True)
class BoxedList(Several):
    """A list, each item an expression of its own."""

    items: tuple[Logic, ...]

    @property
    def parts(self) -> tuple[Logic, ...]:
        """The items."""
        return self.items

    def outcome(self, scope: Mapping[str, Value], environment: Environment, budget: Budget) -> Outcome:
        """The list of the values."""
        return Outcome(value=[each.outcome(scope, environment, budget).value for each in self.items])


@dataclass(frozen=True, slots=True)
class Relation(Several):
    """A list of contexts with the same entries: ``columns`` by name, ``rows`` of expressions."""

    columns: tuple[tuple[str, ItemType | None], ...]
    rows: tuple[tuple[Logic, ...], ...]

    @property
    def parts(self) -> tuple[Logic, ...]:
        """The cells."""
        return tuple(cell for row in self.rows for cell in row)

    def outcome(self, scope: Mapping[str, Value], environment: Environment, budget: Budget) -> Outcome:
        """The list of the rows."""
        return Outcome(
            value=[
                {
                    name: converted(cell.outcome(scope, environment, budget).value, kind, environment, budget)
                    for (name, kind), cell in zip(self.columns, row, strict=True)
                }
                for row in self.rows
            ]
        )


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """A function whose body is a boxed expression. It keeps what it saw where it was made."""

    parameters: tuple[Parameter, ...]
    body: Logic
    kind: ItemType | None = None

    @property
    def variables(self) -> frozenset[str]:
        """The free names of the body besides the parameters."""
        return self.body.variables - {each.name for each in self.parameters}

    @property
    def outputs(self) -> tuple[str, ...]:
        """One value without a name."""
        return ()

    @property
    def cost(self) -> int:
        """Making it is one step; the body is charged when it is called."""
        return 1

    def outcome(self, scope: Mapping[str, Value], environment: Environment, budget: Budget) -> Outcome:
        """The function."""

        def run(*arguments: Value) -> Value:
            bound = bound_arguments(self.parameters, arguments, environment, budget)
            if bound is None:
                return None
            budget.enter(self.body.cost)
            try:
                value = self.body.outcome({**scope, **bound}, environment, budget).value
            finally:
                budget.calls -= 1
            return converted(value, self.kind, environment, budget)

        any_type = TypeName("Any")
        kinds = tuple(any_type if each.kind is None else each.kind.feel for each in self.parameters)
        result = any_type if self.kind is None else self.kind.feel
        names = tuple(each.name for each in self.parameters)
        return Outcome(value=Function("function", names, run, type=TypeName("function", (*kinds, result))))


@dataclass(frozen=True, slots=True)
class Conditional(Several):
    """``if`` in boxes. Only the branch that is chosen is evaluated."""

    condition: Logic
    then: Logic
    otherwise: Logic

    @property
    def parts(self) -> tuple[Logic, ...]:
        """Condition and branches."""
        return (self.condition, self.then, self.otherwise)

    def outcome(self, scope: Mapping[str, Value], environment: Environment, budget: Budget) -> Outcome:
        """The outcome of the branch chosen. Null counts as false, as in FEEL; another value is no condition and gives null (§10.2.2.9)."""
        holds = self.condition.outcome(scope, environment, budget).value
        if holds is not None and type(holds) is not bool:
            return Outcome(value=None)
        return (self.then if holds else self.otherwise).outcome(scope, environment, budget)


@dataclass(frozen=True, slots=True)
class Loop(Several):
    """``for``, ``some``, ``every`` or a filter in boxes: ``body`` for each item of ``source``, which it sees as ``variable``.

    ``form`` is the FEEL that goes through ``source`` and calls ``body``.
    """

    form: Expression
    variable: str
    source: Logic
    body: Logic

    @property
    def parts(self) -> tuple[Logic, ...]:
        """The source and the body."""
        return (self.source, self.body)

    @property
    def variables(self) -> frozenset[str]:
        """The free names of the source, and of the body besides those of the loop."""
        return self.source.variables | (self.body.variables - {self.variable, "partial"})

    def outcome(self, scope: Mapping[str, Value], environment: Environment, budget: Budget) -> Outcome:
        """What the FEEL of the same name gives; for a filter null when its condition is none (§10.2.2.10)."""
        odd = False

        def run(item: Value, partial: Value = None) -> Value:
            nonlocal odd
            inner = {**scope, self.variable: item}
            if self.form is FOR_PARTIAL:
                inner["partial"] = partial
            elif self.form is FILTER and isinstance(item, dict):
                # the entries of an item are names too, and hide the names outside, that of the item too (DMN 1.5 §10.3.2.5)
                inner.update(item)
            budget.spend(self.body.cost + len(inner))
            value = self.body.outcome(inner, environment, budget).value
            odd = odd or not (value is None or type(value) is bool)
            return value

        source = self.source.outcome(scope, environment, budget).value
        if self.form is FILTER and source == []:
            return Outcome(value=[])  # FEEL would ask the condition once, to learn whether it is a position
        body = Function("body", ("item", "partial"), run, optional=1)
        value = self.form.evaluate({"source": source, "body": body}, environment, budget)
        return Outcome(value=None if odd and self.form is FILTER else value)


FOR = compile_expression("for item in source return body(item)", names=("body",))
FOR_PARTIAL = compile_expression("for item in source return body(item, partial)", names=("body",))
"""With the results so far, which cost as much again each time: only for a body that asks for them."""
SOME = compile_expression("some item in source satisfies body(item)", names=("body",))
EVERY = compile_expression("every item in source satisfies body(item)", names=("body",))
FILTER = compile_expression("source[body(item)]", names=("body",))


@dataclass(frozen=True, slots=True)
class Typed:
    """Logic whose value is to be of a declared type."""

    logic: Logic
    kind: ItemType

    @property
    def variables(self) -> frozenset[str]:
        """Those of the logic."""
        return self.logic.variables

    @property
    def outputs(self) -> tuple[str, ...]:
        """Those of the logic."""
        return self.logic.outputs

    @property
    def cost(self) -> int:
        """That of the logic."""
        return self.logic.cost

    def outcome(self, scope: Mapping[str, Value], environment: Environment, budget: Budget) -> Outcome:
        """The outcome of the logic, its value converted."""
        found = self.logic.outcome(scope, environment, budget)
        value = self.kind.coerced(found.value, environment, budget)
        return found if value is found.value else Outcome(value=value, rules=found.rules, inputs=found.inputs)


def converted(value: Value, kind: ItemType | None, environment: Environment, budget: Budget) -> Value:
    """``value`` as ``kind``, when one is declared."""
    return value if kind is None else kind.coerced(value, environment, budget)


@dataclass(frozen=True, slots=True)
class BoxedContext:
    """Entries one after the other, each seeing those before it; ``result`` (an entry without a name) makes the value.

    A function sees itself too, so that it can call itself.
    """

    entries: tuple[tuple[str, Logic], ...]
    result: Logic | None

    @property
    def variables(self) -> frozenset[str]:
        """The free names that no entry binds."""
        found: set[str] = set()
        bound: set[str] = set()
        for name, logic in self.entries:
            if _is_function(logic):
                bound.add(name)
            found |= logic.variables - bound
            bound.add(name)
        if self.result is not None:
            found |= self.result.variables - bound
        return frozenset(found)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the entries, when they are the value."""
        return () if self.result is not None else tuple(name for name, _ in self.entries)

    @property
    def cost(self) -> int:
        """That of all entries."""
        return sum(logic.cost for _, logic in self.entries) + (0 if self.result is None else self.result.cost)

    def outcome(self, scope: Mapping[str, Value], environment: Environment, budget: Budget) -> Outcome:
        """The context, or the value of its result entry."""
        inner = dict(scope)
        made: dict[str, Value] = {}
        for name, logic in self.entries:
            inner[name] = made[name] = logic.outcome(inner, environment, budget).value
        if self.result is not None:
            return self.result.outcome(inner, environment, budget)
        return Outcome(value=made)


def _is_function(logic: Logic) -> bool:
    while isinstance(logic, Typed):
        logic = logic.logic
    return isinstance(logic, FunctionDefinition) or (
        isinstance(logic, Literal) and isinstance(logic.expression.tree, FunctionLiteral)
    )
