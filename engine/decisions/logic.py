"""The logic of a decision: an expression, an invocation, or what holds others (``boxed.py``, ``table.py``). DMN 1.5 §7.3, §10.2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from engine.errors import EngineError
from engine.feel import Budget, Environment, Expression, Value, invoke


class DecisionFailure(EngineError):
    """A decision could not be taken."""

    default_code = "decision_failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A value, and for a table why: the ids of the rules that hit and the evaluated inputs by label."""

    value: Value
    rules: tuple[str, ...] = ()
    inputs: Mapping[str, Value] = field(default_factory=dict)


class Logic(Protocol):
    """What can be evaluated. ``variables`` are the free names that it reads, ``outputs`` the names of several results.

    ``cost`` is what one evaluation takes without its loops and calls, in the steps of ``Budget``.
    """

    @property
    def variables(self) -> frozenset[str]:
        """The free names."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of several results."""
        ...

    @property
    def cost(self) -> int:
        """Steps of straight-line evaluation."""
        ...

    def outcome(self, scope: Mapping[str, Value], environment: Environment, budget: Budget) -> Outcome:
        """Evaluate in ``scope``. Raises FeelFailure, DecisionFailure."""
        ...


@dataclass(frozen=True, slots=True)
class Undefined:
    """No logic at all: a decision that is only drawn so far. The standard allows it; its result is null (DMN 1.5 §6.3.7)."""

    @property
    def variables(self) -> frozenset[str]:
        """None."""
        return frozenset()

    @property
    def outputs(self) -> tuple[str, ...]:
        """One value without a name."""
        return ()

    @property
    def cost(self) -> int:
        """None."""
        return 0

    def outcome(self, scope: Mapping[str, Value], environment: Environment, budget: Budget) -> Outcome:  # noqa: ARG002
        """Null."""
        return Outcome(value=None)


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal expression."""

    expression: Expression

    @property
    def variables(self) -> frozenset[str]:
        """The free names of the expression."""
        return self.expression.variables

    @property
    def outputs(self) -> tuple[str, ...]:
        """One value without a name."""
        return ()

    @property
    def cost(self) -> int:
        """That of the expression."""
        return self.expression.cost

    def outcome(self, scope: Mapping[str, Value], environment: Environment, budget: Budget) -> Outcome:
        """The value of the expression."""
        return Outcome(value=self.expression.evaluate(scope, environment, budget))


@dataclass(frozen=True, slots=True)
class Invocation:
    """A function called with bindings by name."""

    function: Expression
    bindings: tuple[tuple[str, Logic], ...]

    @property
    def variables(self) -> frozenset[str]:
        """The free names of the function expression and of all bindings."""
        return self.function.variables.union(*(logic.variables for _, logic in self.bindings))

    @property
    def outputs(self) -> tuple[str, ...]:
        """One value without a name."""
        return ()

    @property
    def cost(self) -> int:
        """That of the function expression and of all bindings."""
        return self.function.cost + sum(logic.cost for _, logic in self.bindings)

    def outcome(self, scope: Mapping[str, Value], environment: Environment, budget: Budget) -> Outcome:
        """The value of the call; null when the function does not take these names."""
        function = self.function.evaluate(scope, environment, budget)
        values = [logic.outcome(scope, environment, budget).value for _, logic in self.bindings]
        names = tuple(name for name, _ in self.bindings)
        return Outcome(value=invoke(function, values, names, budget))
