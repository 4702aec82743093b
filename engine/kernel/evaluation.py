"""What a move asks before it is made: expressions evaluated, flows chosen, plans for waits. Nothing here changes anything.

Whatever cannot be answered raises ``Blocked``. ``Evaluation`` is what another strategy overrides (a proof leaves every choice open, a
rehearsal forces one), while the moves stay the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from engine.errors import EngineError
from engine.feel import Budget, Environment, Expression, Value
from engine.model import elements as model
from engine.model import readings
from engine.model.asking import WAITING, Exhausted, Plan, block
from engine.model.values import kind_of, storable

Variables = Mapping[str, Value]
Answer = TypeVar("Answer")
Visible = dict[str, Value]
"""What expressions see, flat, in a dictionary of its own that a move may add to: looked at far more often than made."""
MAX_WORK = 5_000_000
"""How many steps (``engine.feel.Budget``) the expressions and decisions of one stimulus may take together: seconds, not minutes."""


class Evaluation:
    """Answers at one moment. Every method raises Blocked when there is no answer; ``place`` says in the incident what was asked.

    Each expression has a bound of its own (``Budget``), all of them together ``max_work``: Exhausted when it is used up.
    """

    def __init__(self, environment: Environment, max_work: int = MAX_WORK) -> None:
        self.environment = environment
        self.max_work = max_work
        self.work_left = max_work

    def evaluate(self, expression: Expression, seen: Variables, place: str) -> Value:
        """The storable value of an expression."""
        path = expression.path
        if path is not None and path[0] in seen and self.work_left > 0:
            # what a process keeps already need be neither checked nor copied: a large order goes through many inputs
            value: Value = seen
            for name in path:
                if type(value) is not dict:
                    break  # FEEL knows what it has
                value = value.get(name)
            else:
                self.work_left -= expression.cost
                return value
        if expression.constant is not None and self.work_left > 0:
            self.work_left -= expression.cost
            return expression.constant[0]
        budget = self.budget(expression.cost)
        try:
            return storable(expression.evaluate(seen, self.environment, budget))
        except EngineError as error:
            block(error.code, place, **error.facts)
        finally:
            self.charge(budget)

    def budget(self, cost: int = 0) -> Budget:
        """For one expression or decision, whose straight line takes ``cost``; to be given to ``charge`` afterwards. Raises Exhausted."""
        if self.work_left <= 0:
            raise Exhausted(self.max_work)
        self.work_left -= cost
        return Budget()

    def charge(self, budget: Budget) -> None:
        """Count what was taken of ``budget``."""
        self.work_left -= budget.spent

    def kept(self, value: Value, place: str) -> Value:
        """``value``, put together of others, if a process can keep it as a whole."""
        try:
            return storable(value)
        except EngineError as error:
            block(error.code, place, **error.facts)

    def holds(self, condition: Expression, seen: Variables, place: str) -> bool:
        """Whether a condition holds: only true and false are answers."""
        value = self.evaluate(condition, seen, place)
        if not isinstance(value, bool):
            block("condition_not_boolean", place, source=condition.source, given=kind_of(value))
        return value

    def items(self, collection: Expression, seen: Variables, place: str) -> tuple[Value, ...]:
        """The items of a multi-instance."""
        value = self.evaluate(collection, seen, place)
        if not isinstance(value, list):
            block("not_a_list", place, given=kind_of(value))
        return tuple(value)

    def flows(self, process: model.Process, node: model.Node, seen: Variables) -> tuple[str, ...]:
        """The flows taken when ``node`` is left (BPMN 13.2.1, 13.4): the first that may be at an exclusive gateway, else all.

        Asked where conditions decide; the others are known (``Station.always``).
        """
        is_exclusive = isinstance(node, model.ExclusiveGateway)
        default = node.default if isinstance(node, model.Gateway | model.Activity) else None
        taken: list[str] = []
        for flow_id in node.outgoing:
            if flow_id == default or (taken and is_exclusive):
                continue
            condition = process.flows[flow_id].condition
            if condition is None or self.holds(condition, seen, f"condition {flow_id}"):
                taken.append(flow_id)
        if taken or not node.outgoing:
            return tuple(taken)
        if default is None:
            block("no_flow_possible", "flows")
        return (default,)

    def entries(self, process: model.Process, scope_element: str) -> tuple[model.Node, ...]:
        """Where a (sub-)process begins: see ``Process.entries``; several plain start events are no answer."""
        found = process.entries(scope_element)
        if not found or (len(found) > 1 and isinstance(found[0], model.StartEvent)):
            block("start_not_clear", "start", count=len(found))
        return found

    def plans(
        self, element: str, trigger: model.EventDefinition | None, seen: Variables, place: str
    ) -> tuple[Plan, ...]:
        """What is needed to wait for what can be waited for."""
        return tuple(
            plan._replace(number=number) if number else plan
            for number, each in enumerate(model.definitions_of(trigger))
            if isinstance(each, WAITING)
            for plan in (self._plan(element, each, seen, place),)
        )

    def _plan(self, element: str, definition: model.SingleDefinition, seen: Variables, place: str) -> Plan:
        if isinstance(definition, model.MessageDefinition):
            return Plan(element, definition, key=self.correlation_key(definition.correlation_key, seen, place) or "")
        if not isinstance(definition, model.TimerDefinition):
            return Plan(element, definition)
        schedule = self.read(definition.expression, seen, place, readings.schedule(definition.kind))
        return Plan(element, definition, schedule)

    def correlation_key(self, expression: Expression | None, seen: Variables, place: str) -> str | None:
        """The key as text. None without an expression."""
        return None if expression is None else self.read(expression, seen, place, readings.key)

    def read(
        self, expression: Expression | None, seen: Variables, place: str, reading: readings.Reading[Answer]
    ) -> Answer:
        """What an expression says (null, if there is none), as ``reading`` understands it."""
        value = None if expression is None else self.evaluate(expression, seen, place)
        try:
            return reading(value, self.environment)
        except readings.NotThat as error:
            block(error.code, place, **error.facts)
