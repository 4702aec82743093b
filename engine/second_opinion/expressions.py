"""FEEL where SpiffWorkflow has Python: its script engine and its environment, and the mappings that stand around an element."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from SpiffWorkflow.bpmn.script_engine import BasePythonScriptEngineEnvironment, PythonScriptEngine

from engine.feel import Environment, Expression, Value
from engine.model import elements as model
from engine.model.values import storable

Variables = Mapping[str, Value]

LOCALS = "locals"
"""In the internal data of a task: its local variables, which no other task sees."""
ENOUGH = "is enough"
"""In the internal data of an item: whether the completion condition held when it was done."""


@dataclass(frozen=True, slots=True)
class Enough:
    """What a multi-instance asks after each item: the item has answered it, while it still saw its own variables."""


@dataclass(frozen=True, slots=True)
class GoesOn:
    """What a loop asks before or after a round."""

    condition: Expression


class FeelEnvironment(BasePythonScriptEngineEnvironment):  # type: ignore[misc]  # SpiffWorkflow ships no types
    """Evaluates FEEL at ``environment``: the moment at which the story is."""

    def __init__(self, environment: Environment) -> None:
        super().__init__()
        self.environment = environment

    def evaluate(self, expression: Expression, context: Variables, _external: Any = None) -> Value:
        """The value that a process may keep. Raises EngineError."""
        return storable(expression.evaluate(context, self.environment))

    def execute(self, script: Expression, context: Variables, _external: Any = None) -> Value:
        """A script is one expression; who runs it writes its value."""
        return self.evaluate(script, context)


class FeelEngine(PythonScriptEngine):  # type: ignore[misc]  # as above
    """SpiffWorkflow's script engine with nothing of Python in it."""

    def evaluate(self, task: Any, expression: Any, external_context: Any = None) -> Value:  # noqa: ARG002  # named by callers
        """The value of an expression, or of what a multi-instance and a loop ask, as ``task`` sees it."""
        if isinstance(expression, Enough):
            return bool(task.internal_data[ENOUGH])
        seen = seen_by(task)
        if isinstance(expression, GoesOn):
            rounds = len(task.internal_data.get("merged", ()))
            return self.environment.evaluate(expression.condition, seen.new_child({"loopCounter": Decimal(rounds)}))
        return self.environment.evaluate(expression, seen)

    def execute(self, task: Any, script: Expression, external_context: Any = None) -> Value:  # noqa: ARG002  # as above
        """The value of a script."""
        return self.environment.execute(script, seen_by(task))


def seen_by(task: Any, *nearer: Variables) -> ChainMap[str, Value]:
    """What an expression of the task sees: ``nearer`` (the nearest first), its local variables, the data of its branch."""
    return ChainMap(*map(dict, nearer), task.internal_data.get(LOCALS, {}), task.data)


def evaluated(task: Any, expression: Expression, *nearer: Variables) -> Value:
    """The value of an expression as the task sees it."""
    return environment_of(task).evaluate(expression, seen_by(task, *nearer))


def environment_of(task: Any) -> FeelEnvironment:
    """The environment of the case that the task belongs to."""
    found: FeelEnvironment = task.workflow.script_engine.environment
    return found


def mapped(
    task: Any, mappings: Iterable[model.VariableMapping], *nearer: Variables, into: Variables
) -> dict[str, Value]:
    """What the mappings write: a later one sees the earlier ones; a path goes into the context that ``into`` holds."""
    found: dict[str, Value] = {}
    for mapping in mappings:
        name, *path = mapping.target
        value = evaluated(task, mapping.source, found, *nearer)
        found[name] = storable(_put(found.get(name, into.get(name)), path, value))
    return found


def _put(existing: Value, path: Sequence[str], value: Value) -> Value:
    if not path:
        return value
    context = dict(existing) if isinstance(existing, dict) else {}
    return {**context, path[0]: _put(context.get(path[0]), path[1:], value)}
