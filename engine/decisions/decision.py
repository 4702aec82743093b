"""What a decision is once it is read: logic, and what it requires (DMN 1.5 §6.3). Deciding has no effect but its result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.decisions.logic import DecisionFailure, Logic, Outcome
from engine.decisions.table import Table
from engine.decisions.types import ItemType, listed
from engine.feel import Budget, Environment, FeelFailure, Function, TypeName, Value, coerced, printed_value
from engine.feel.printer import printed_type

__all__ = [
    "Decision",
    "DecisionFailure",
    "DecisionResult",
    "Evaluation",
    "InputData",
    "Invocable",
    "Knowledge",
    "Parameter",
]


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
class InputData:
    """What must be known before anything is decided (DMN 1.5 §6.3.11). Without ``kind`` it takes any value."""

    id: str
    name: str
    kind: ItemType | None = None
    namespace: str = ""

    @property
    def type(self) -> TypeName | None:
        """The type as FEEL knows it."""
        return None if self.kind is None else self.kind.feel


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A formal parameter. Without ``kind`` it takes any value."""

    name: str
    kind: ItemType | None = None


class Invocable:
    """What expressions call by name: a business knowledge model or a decision service."""

    id: str
    name: str
    namespace: str

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it takes, in order."""
        raise NotImplementedError

    def call(self, arguments: Mapping[str, Value], environment: Environment, budget: Budget) -> Value:
        """Its value for converted ``arguments``. Raises FeelFailure, DecisionFailure."""
        raise NotImplementedError

    def function(self, environment: Environment, budget: Budget) -> Function:
        """The function that expressions call: null when an argument is not of its parameter's type (DMN 1.5 §10.3.2.13)."""
        parameters = self.parameters

        def run(*arguments: Value) -> Value:
            bound = bound_arguments(parameters, arguments, environment, budget)
            if bound is None:
                return None
            budget.enter()
            try:
                return self.call(bound, environment, budget)
            finally:
                budget.calls -= 1

        return Function(self.name, tuple(each.name for each in parameters), run)


def bound_arguments(
    parameters: Iterable[Parameter], arguments: Iterable[Value], environment: Environment, budget: Budget
) -> dict[str, Value] | None:
    """The arguments by name, converted; None when one does not fit its parameter."""
    bound: dict[str, Value] = {}
    for parameter, value in zip(parameters, arguments, strict=True):
        found = value if parameter.kind is None else parameter.kind.coerced(value, environment, budget)
        if found is None and value is not None:
            return None
        bound[parameter.name] = found
    return bound


@dataclass(slots=True, kw_only=True, eq=False)
class Knowledge(Invocable):
    """A business knowledge model: logic with parameters (DMN 1.5 §6.3.9).

    The reader sets ``requires`` last: models may require each other, and themselves. ``prefixes``: see ``Decision``.
    """

    id: str
    name: str
    parameters: tuple[Parameter, ...]
    logic: Logic
    kind: ItemType | None = None
    requires: tuple[Invocable, ...] = ()
    namespace: str = ""
    prefixes: Mapping[str, str] = field(default_factory=dict)

    def call(self, arguments: Mapping[str, Value], environment: Environment, budget: Budget) -> Value:
        """The value of the logic, which sees the arguments and what the model requires, nothing else."""
        budget.spend(self.logic.cost)
        scope: dict[str, Value] = {}
        for each in self.requires:
            bind(scope, each, each.function(environment, budget), self.prefixes)
        scope.update(arguments)
        value = self.logic.outcome(scope, environment, budget).value
        return value if self.kind is None else self.kind.coerced(value, environment, budget)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision of a file.

    ``inputs`` are the names of the variables that it and what it requires need, ``outputs`` the names that it gives (its own name for a
    single value). ``requires`` are decisions, ``knowledge`` functions, ``data`` the inputs that it requires itself; ``hidden`` are names
    of the file that it does not require, so does not see. ``prefixes`` says by what name this file imports other namespaces.
    """

    id: str
    name: str
    logic: Logic
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    requires: tuple[Decision, ...] = ()
    knowledge: tuple[Invocable, ...] = ()
    data: tuple[InputData, ...] = ()
    hidden: frozenset[str] = frozenset()
    kind: ItemType | None = None
    namespace: str = ""
    prefixes: Mapping[str, str] = field(default_factory=dict)

    @property
    def type(self) -> TypeName | None:
        """The declared type of the result, as FEEL knows it."""
        return None if self.kind is None else self.kind.feel

    @property
    def result_type(self) -> TypeName | None:
        """The declared type of the result, else what a table's columns say of it; None when nothing is known."""
        if self.type is None and isinstance(self.logic, Table):
            return self.logic.type
        return self.type

    def evaluate(
        self,
        variables: Mapping[str, Value],
        environment: Environment,
        budget: Budget | None = None,
        *,
        is_strict: bool = True,
    ) -> DecisionResult:
        """Decide. A decision that several others require is taken once. ``budget`` tells the caller what it cost.

        Raises FeelFailure when a bound is exceeded; DecisionFailure when the table contradicts itself, or an input is not allowed or not
        of its declared type. When not ``is_strict``, an input of another type is null, as the standard has it (DMN 1.5 §10.3.2.9.4).
        """
        evaluation = Evaluation(variables, environment, budget or Budget(), is_strict=is_strict)
        try:
            return evaluation.taken(self)
        except RecursionError as error:
            raise FeelFailure("feel_too_nested_value") from error


Element = Decision | InputData | Invocable


def bind(scope: dict[str, Value], element: Element, value: Value, prefixes: Mapping[str, str]) -> None:
    """Let ``scope`` know ``value`` by the name of ``element``: within that of its import, if it is of another file."""
    prefix = prefixes.get(element.namespace, "")
    if prefix:
        group = scope.get(prefix)
        if not isinstance(group, _Imported):
            group = scope[prefix] = _Imported()
        group[element.name] = value
    else:
        scope[element.name] = value


class _Imported(dict[str, Value]):
    """The imported elements that a scope knows, by their own names."""


class Evaluation:
    """One decision being taken, with all that it requires: every decision and input once."""

    def __init__(
        self, variables: Mapping[str, Value], environment: Environment, budget: Budget, *, is_strict: bool
    ) -> None:
        self.variables = variables
        self.environment = environment
        self.budget = budget
        self.is_strict = is_strict
        self._results: dict[tuple[str, str], DecisionResult] = {}

    def assume(self, decision: Decision, value: Value) -> None:
        """Take ``value`` as the result of ``decision`` without taking it."""
        self._results[decision.namespace, decision.id] = DecisionResult(value=value)

    def taken(self, decision: Decision) -> DecisionResult:
        """The result of ``decision`` after all that it requires."""
        key = (decision.namespace, decision.id)
        if key in self._results:
            return self._results[key]
        required = [(each, self.taken(each)) for each in decision.requires]
        self.budget.spend(decision.logic.cost)
        found: Outcome = decision.logic.outcome(self.scope(decision), self.environment, self.budget)
        value = found.value
        if decision.kind is not None:
            value = decision.kind.coerced(value, self.environment, self.budget)
        made = DecisionResult(
            value=value,
            rules=found.rules,
            inputs=found.inputs,
            required={qualified(each, decision.prefixes): result for each, result in required},
        )
        self._results[key] = made
        return made

    def scope(self, decision: Decision) -> Mapping[str, Value]:
        """The names that the logic of ``decision`` sees, after all that it requires."""
        if not (decision.requires or decision.knowledge or decision.data or decision.hidden):
            return self.variables
        scope = {name: value for name, value in self.variables.items() if name not in decision.hidden}
        for data in decision.data:
            bind(scope, data, self.input(data), decision.prefixes)
        for model in decision.knowledge:
            bind(scope, model, model.function(self.environment, self.budget), decision.prefixes)
        for each in decision.requires:
            bind(scope, each, self.taken(each).value, decision.prefixes)
        return scope

    def input(self, data: InputData) -> Value:
        """The value of an input: under its name, or under ``namespace#name`` where names alone are not enough. Raises DecisionFailure."""
        value = self.variables.get(f"{data.namespace}#{data.name}", self.variables.get(data.name))
        if data.kind is None:
            return value
        found = data.kind.coerced(value, self.environment, self.budget)
        if found is None and value is not None and self.is_strict:
            raise self._unfit(data.name, data.kind, value)
        return found

    def _unfit(self, name: str, kind: ItemType, value: Value) -> DecisionFailure:
        """Why an input cannot be used: it is not of its type, or a part of it is not among the allowed values."""
        made = coerced(value, kind.feel, self.budget)
        barred = None if made is None else kind.barring(made, self.environment, self.budget)
        if barred is None:
            return DecisionFailure(
                "decision_input_unfit", input=name, wanted=printed_type(kind.feel)[:200], value=shown(value)
            )
        path, tests = barred
        return DecisionFailure(
            "decision_input_not_listed", input=f"{name}{path}"[:200], value=shown(value), allowed=listed(tests)
        )


def qualified(element: Element, prefixes: Mapping[str, str]) -> str:
    """The name of an element where it is required."""
    prefix = prefixes.get(element.namespace, "")
    return f"{prefix}.{element.name}" if prefix else element.name


def shown(value: Value) -> str:
    """``value`` in a sentence, cut short."""
    return printed_value(value)[:80]
