"""Decision services: decisions of a graph under one name, called as a function or evaluated by themselves (DMN 1.5 §6.3.10, §10.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.decisions.decision import Decision, Evaluation, InputData, Invocable, Parameter
from engine.decisions.types import ItemType
from engine.feel import Budget, Environment, FeelFailure, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Invocable):
    """``outputs`` are what it tells; ``assumed`` are decisions that its caller has taken, ``data`` inputs that its caller knows."""

    id: str
    name: str
    outputs: tuple[Decision, ...]
    assumed: tuple[Decision, ...] = ()
    data: tuple[InputData, ...] = ()
    kind: ItemType | None = None
    namespace: str = ""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The input data, then the input decisions, in the order of the file (DMN 1.5 §10.4)."""
        given: tuple[InputData | Decision, ...] = (*self.data, *self.assumed)
        return tuple(Parameter(name=each.name, kind=each.kind) for each in given)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of its parameters."""
        return tuple(each.name for each in self.parameters)

    def evaluate(
        self,
        variables: Mapping[str, Value],
        environment: Environment,
        budget: Budget | None = None,
        *,
        is_strict: bool = True,
    ) -> Value:
        """The value of its output decision; several give a context by name. ``variables`` are its parameters; one not given is null.

        Nothing but its parameters is seen by its decisions. Raises what ``Decision.evaluate`` does.
        """
        evaluation = Evaluation(variables, environment, budget or Budget(), is_strict=is_strict)
        arguments = {each.name: evaluation.input(each) for each in (*self.data, *self._decided())}
        try:
            return self.call(arguments, environment, evaluation.budget)
        except RecursionError as error:
            raise FeelFailure("feel_too_nested_value") from error

    def _decided(self) -> tuple[InputData, ...]:
        """The input decisions as what they are to whoever evaluates the service: inputs."""
        return tuple(
            InputData(id=each.id, name=each.name, kind=each.kind, namespace=each.namespace) for each in self.assumed
        )

    def call(self, arguments: Mapping[str, Value], environment: Environment, budget: Budget) -> Value:
        """Its value for converted ``arguments``. Raises FeelFailure, DecisionFailure."""
        known = {f"{each.namespace}#{each.name}": arguments[each.name] for each in self.data}
        evaluation = Evaluation({**arguments, **known}, environment, budget, is_strict=False)
        for each in self.assumed:
            evaluation.assume(each, arguments[each.name])
        results = {each.name: evaluation.taken(each).value for each in self.outputs}
        value = results if len(self.outputs) != 1 else results[self.outputs[0].name]
        return value if self.kind is None else self.kind.coerced(value, environment, budget)
