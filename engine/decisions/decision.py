"""What a decision is once it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.errors import EngineError
from engine.feel import Environment, Expression, Value


class DecisionFailure(EngineError):
    """A decision could not be taken."""

    default_code = "decision_failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionResult:
    """``value`` with its reasons: the ids of the ``rules`` that hit, and the evaluated ``inputs`` by label."""

    value: Value
    rules: tuple[str, ...] = ()
    inputs: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision. ``inputs`` are the names of the variables it needs, ``outputs`` the names it gives."""

    id: str
    name: str
    logic: Expression
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def evaluate(self, variables: Mapping[str, Value], environment: Environment) -> DecisionResult:
        """Decide. Raises FeelFailure or DecisionFailure."""
        return DecisionResult(value=self.logic.evaluate(variables, environment))
