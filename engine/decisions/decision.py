"""What a decision is once it is read: logic, and what it requires (DMN 1.5 §6.3). Immutable; deciding has no effect but its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.decisions.logic import DecisionFailure, Logic, Outcome
from engine.feel import Budget, Environment, Function, Value

__all__ = ["Decision", "DecisionFailure", "DecisionResult", "Knowledge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionResult:
    """``value`` with its reasons: the ids of the ``rules`` that hit, in the order of the table, and the evaluated ``inputs`` by label.

    ``required`` are the results of the decisions beneath, by name.
    """

    value: Value
    rules: tuple[str, ...] = ()
    inputs: Mapping[str, Value] = field(default_factory=dict)
    required: Mapping[str, DecisionResult] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """A business knowledge model: logic with parameters, called by name (DMN 1.5 §6.3.9)."""

    id: str
    name: str
    parameters: tuple[str, ...]
    logic: Logic
    requires: tuple[Knowledge, ...] = ()

    def function(self, environment: Environment, budget: Budget) -> Function:
        """The function that expressions call."""
        known = {each.name: each.function(environment, budget) for each in self.requires}

        def run(*arguments: Value) -> Value:
            budget.enter(self.logic.cost)
            try:
                scope = {**known, **dict(zip(self.parameters, arguments, strict=True))}
                return self.logic.outcome(scope, environment, budget).value
            finally:
                budget.calls -= 1

        return Function(self.name, self.parameters, run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision of a file.

    ``inputs`` are the names of the variables that it and what it requires need, ``outputs`` the names that it gives (its own name for a
    single value). ``requires`` are decisions, ``knowledge`` functions.
    """

    id: str
    name: str
    logic: Logic
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    requires: tuple[Decision, ...] = ()
    knowledge: tuple[Knowledge, ...] = ()

    def evaluate(
        self, variables: Mapping[str, Value], environment: Environment, budget: Budget | None = None
    ) -> DecisionResult:
        """Decide. A decision that several others require is taken once. ``budget`` tells the caller what it cost.

        Raises FeelFailure when a bound is exceeded, DecisionFailure when the table contradicts itself or an input is not allowed.
        """
        return _taken(self, variables, environment, budget or Budget(), {})


def _taken(
    decision: Decision,
    variables: Mapping[str, Value],
    environment: Environment,
    budget: Budget,
    results: dict[str, DecisionResult],
) -> DecisionResult:
    """The result of ``decision`` after all that it requires; ``results`` are those already taken, by id."""
    if decision.id in results:
        return results[decision.id]
    required = {each.name: _taken(each, variables, environment, budget, results) for each in decision.requires}
    scope = variables
    budget.spend(decision.logic.cost)
    if required or decision.knowledge:
        functions = {each.name: each.function(environment, budget) for each in decision.knowledge}
        scope = {**variables, **functions, **{name: result.value for name, result in required.items()}}
    found: Outcome = decision.logic.outcome(scope, environment, budget)
    made = DecisionResult(value=found.value, rules=found.rules, inputs=found.inputs, required=required)
    results[decision.id] = made
    return made
