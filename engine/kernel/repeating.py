"""Activities that are done several times: multi-instance (BPMN 13.3.7) and standard loop (BPMN 13.3.6).

The activity itself becomes the *body*; each item or round is an activity of the same element in a scope of its own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from decimal import Decimal

from engine.feel import Value
from engine.kernel.evaluation import Variables, Visible
from engine.kernel.state import Activity, Items, Scope
from engine.kernel.throwing import Throwing
from engine.kernel.tokens import Step
from engine.model import elements as model
from engine.protocol import events as happened


class Repeating(Throwing):
    """Moves of bodies and their items."""

    @abstractmethod
    def depart(self, activity: Activity, station: model.Station, written: Variables, flows: Sequence[str]) -> None:
        """The end of an activity that is not interrupted."""

    def begin_items(self, body: Activity, station: model.Station) -> None:
        """Take the items once; a loop begins with one round, or with none."""
        node = station.node
        assert isinstance(node, model.Activity), "nothing else is repeated"
        if node.multi_instance is not None:
            collection = node.multi_instance.input_collection
            items = self.items(collection, self.state.sight(body, collection), "items")
        else:
            seen = self.state.variables_of(body.id)
            items = (None,) if node.loop is None or self._goes_on(node.loop, 0, seen, is_before=True) else ()
        plans = self.boundary_plans(body, {})
        self.begin_waits(body.id, plans)
        self.emit(happened.ItemsFound(activity=body.id, element=node.id, items=items))
        self.queue(self.state.activities[body.id])

    def _goes_on(self, loop: model.StandardLoop, rounds: int, seen: Visible, *, is_before: bool) -> bool:
        """Whether another round follows ``rounds`` rounds. The condition sees their number as ``loopCounter``."""
        if loop.maximum is not None and rounds >= loop.maximum:
            return False
        if loop.condition is None or (is_before and not loop.tests_before):
            return True
        return self.holds(loop.condition, {**seen, "loopCounter": Decimal(rounds)}, "loop condition")

    def go_on_with_items(self, body: Activity, items: Items, node: model.Activity) -> None:
        """Begin the items whose turn has come; when all are done, gather their outputs and leave."""
        many = node.multi_instance
        if not items.pending and not body.scopes:
            written: dict[str, Value] = {}
            if many is not None and many.output_collection:
                gathered = [items.outputs.get(number) for number in range(items.total)]
                written[many.output_collection] = self.kept(gathered, "output collection")
            station = self.station_of(body)
            self.depart(body, station, written, self.flows_after(body, station, written))
            return
        is_sequential = many is None or many.is_sequential
        if is_sequential and body.scopes:
            return
        first = items.total - len(items.pending)
        process = self.state.scopes[body.scope].process
        queue = self.passive if self.station_of(body).is_passive_item else self.effects
        for number, item in enumerate(items.pending[:1] if is_sequential else items.pending, start=first):
            scope = self.open_scope(body, process, number)
            self.write_to(scope, model.item_variables(many, number, item), node.id)
            queue.append(Step(self.enter(scope.id, node).id))

    def item_completed(
        self, activity: Activity, scope: Scope, station: model.Station, written: Variables
    ) -> tuple[happened.ItemCompleted, tuple[model.SingleDefinition, ...]]:
        """What an item gives, whether that is enough (its condition sees the counters of BPMN table 10.30), and what it throws."""
        node, state, number = station.node, self.state, scope.item or 0
        body = state.activities[scope.activity or ""]
        assert isinstance(node, model.Activity), "nothing else is repeated"
        assert body.items is not None, "an item has a body around it, which keeps the items"
        many = node.multi_instance
        if many is None:
            after = {**state.variables_of(activity.scope), **written}
            again = node.loop is not None and self._goes_on(node.loop, number + 1, after, is_before=False)
            return happened.ItemCompleted(body.id, body.element, number, again=again), ()
        output, asked = None, many.output_element
        if asked is not None:
            is_written = asked.path is not None and asked.path[0] in written
            seen = written if is_written else {**state.variables_of(activity.scope), **written}
            output = self.evaluate(asked, seen, "output element")
        completed, condition, is_enough = len(body.items.outputs) + 1, many.completion_condition, False
        thrown = () if many.event is None else many.thrown_after(completed)
        if condition is not None or many.complex:
            counters = model.item_counters(body.items.total, len(body.scopes) - 1, completed)
            counted = {**state.variables_of(activity.scope), **written, **counters}
            is_enough = condition is not None and self.holds(condition, counted, "completion condition")
            for each in many.complex:
                if self.holds(each.condition, counted, "behavior"):
                    thrown = (*thrown, each.event)
        return happened.ItemCompleted(body.id, body.element, number, output, is_enough), thrown

    def depart_item(
        self, scope: Scope, completed: happened.ItemCompleted, thrown: Sequence[model.SingleDefinition]
    ) -> None:
        """The scope of an item ends with it."""
        self.emit(completed)
        self.close_scope(scope.id)
        activities = self.state.activities
        if completed.is_enough:
            others = activities[completed.activity].scopes
            self.cancel(self.activities_in(*others))
            for each in others:
                self.close_scope(each)
        for definition in thrown:
            body = activities.get(completed.activity)
            if body is not None:
                self.throw_at(body, definition)
        body = activities.get(completed.activity)
        if body is not None and body.items is not None and (not body.scopes or body.items.pending):
            self.effects.append(Step(body.id))
