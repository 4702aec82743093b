"""The task specifications of SpiffWorkflow, one for each kind of element: its own behaviour, with our steps (``steps``) around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import (
    BoundaryEvent,
    CallActivity,
    EndEvent,
    EventBasedGateway,
    ExclusiveGateway,
    InclusiveGateway,
    IntermediateCatchEvent,
    IntermediateThrowEvent,
    NoneTask,
    ParallelGateway,
    ParallelMultiInstanceTask,
    ReceiveTask,
    ScriptTask,
    SendTask,
    SequentialMultiInstanceTask,
    ServiceTask,
    StandardLoopTask,
    StartEvent,
    SubWorkflowTask,
    UserTask,
)

from engine.feel import Value
from engine.model import elements as model
from engine.model.values import storable
from engine.second_opinion.events import Cycle, brought, data_of, plan
from engine.second_opinion.expressions import LOCALS, environment_of, mapped
from engine.second_opinion.steps import CALLER, RESULT, STARTED_WITH, Body, Doing, Opening, Step


class SubProcessStep(Opening, SubWorkflowTask):  # type: ignore[misc]  # SpiffWorkflow ships no types
    """An embedded sub-process."""


class CallStep(Doing, CallActivity):  # type: ignore[misc]  # as above
    """A call: the called process sees its inputs and nothing else, or everything; back come its outputs, or everything."""

    def begin(self, my_task: Any) -> None:
        """What the called process begins with."""
        super().begin(my_task)
        assert isinstance(self.node, model.CallActivity)
        my_task.internal_data[CALLER] = dict(my_task.data)
        locals_ = my_task.internal_data[LOCALS]
        inputs = {each.target[0]: locals_[each.target[0]] for each in self.node.inputs}
        my_task.data = dict(my_task.data) | locals_ if self.node.propagates_all_in else inputs

    def surroundings(self, my_task: Any, inside: dict[str, Value]) -> dict[str, Value]:
        """What is known around it: nothing of what is inside."""
        assert inside is not None
        return dict(my_task.internal_data[CALLER])

    def leave(self, my_task: Any) -> None:
        """Write what comes back."""
        assert isinstance(self.node, model.CallActivity)
        inside = my_task.data
        my_task.data = my_task.internal_data[CALLER]
        if self.node.outputs or self.node.propagates_all_out:
            self.write(my_task, self.written(my_task, inside))
        else:
            self.write(my_task, {})


class Waiting(Doing):
    """What waits for an event: what came goes through its outputs."""

    def begin(self, my_task: Any) -> None:
        """What is waited for."""
        super().begin(my_task)
        plan(my_task)

    def _run_hook(self, my_task: Any) -> bool:
        my_task.internal_data[RESULT] = brought(my_task).values
        done: bool = super()._run_hook(my_task)  # type: ignore[misc]  # as above
        return done


class StartStep(Doing, StartEvent):  # type: ignore[misc]  # as above
    """The start event at which a scope begins; what came with an event goes through its outputs."""

    def result(self, my_task: Any) -> Mapping[str, Value]:
        """What came."""
        found: Mapping[str, Value] = my_task.data.pop(STARTED_WITH, {})
        return found


class CatchStep(Waiting, IntermediateCatchEvent):  # type: ignore[misc]  # as above
    """An intermediate catch event."""


class ReceiveStep(Waiting, ReceiveTask):  # type: ignore[misc]  # as above
    """A receive task."""


class RaceStep(Step, EventBasedGateway):  # type: ignore[misc]  # as above
    """An event-based gateway."""

    def begin(self, my_task: Any) -> None:
        """What is waited for."""
        super().begin(my_task)
        plan(my_task)


class BoundaryStep(Doing, BoundaryEvent):  # type: ignore[misc]  # as above
    """A boundary event: entered when it comes, and not while it waits. ``host`` is what it is attached to."""

    host: model.Activity

    def begin(self, my_task: Any) -> None:
        """What is waited for, as the inputs of what it is attached to are seen."""
        my_task.internal_data[LOCALS] = mapped(my_task, self.host.inputs, into={})
        plan(my_task)
        my_task.internal_data[LOCALS] = {}

    def _run_hook(self, my_task: Any) -> bool:
        payload = brought(my_task)
        if payload.task is not None:
            # as SpiffWorkflow has it: what is thrown brings the data of the thrower
            my_task.data.update(data_of(payload.task, my_task))
        my_task.internal_data[RESULT] = payload.values
        done: bool = super()._run_hook(my_task)
        return done

    def _on_complete_hook(self, my_task: Any) -> None:
        if not isinstance(self.event_definition, Cycle):
            self.mark("entered", my_task)
            super()._on_complete_hook(my_task)

    def tell_firing(self, my_task: Any) -> None:
        """A cycle goes on waiting; what it begins has been entered."""
        self.mark("entered", my_task)
        self.mark("completed", my_task)

    def written(self, my_task: Any, result: Mapping[str, Value]) -> dict[str, Value]:
        """What an error brings is seen by the outputs, and by nothing else."""
        assert isinstance(self.node, model.BoundaryEvent)
        catches_error = any(isinstance(each, model.ErrorDefinition) for each in model.definitions_of(self.node.trigger))
        if catches_error and not self.node.outputs:
            return {}
        return super().written(my_task, result)


class ThrowStep(Step, IntermediateThrowEvent):  # type: ignore[misc]  # as above
    """An intermediate throw event."""


class EndStep(Step, EndEvent):  # type: ignore[misc]  # as above
    """An end event."""


class SendStep(Doing, SendTask):  # type: ignore[misc]  # as above
    """A send task."""


class UserStep(Doing, UserTask):  # type: ignore[misc]  # as above
    """A user task: ready until a person answers."""


class HandlerStep(Doing, ServiceTask):  # type: ignore[misc]  # as above
    """A service task: started until its handler answers."""

    def _execute(self, my_task: Any) -> None:
        """The story answers."""


class ScriptStep(Doing, ScriptTask):  # type: ignore[misc]  # as above
    """A script task."""

    def _execute(self, my_task: Any) -> bool:
        assert isinstance(self.node, model.ScriptTask)
        value = my_task.workflow.script_engine.execute(my_task, self.script)
        my_task.internal_data[RESULT] = {self.node.result_variable: value}
        return True


class RuleStep(Doing, ScriptTask):  # type: ignore[misc]  # as above
    """A business rule task: our decision, as a script."""

    def _execute(self, my_task: Any) -> bool:
        assert isinstance(self.node, model.BusinessRuleTask)
        seen = {**my_task.data, **my_task.internal_data[LOCALS]}
        found = self.script.evaluate(seen, environment_of(my_task).environment)
        my_task.internal_data[RESULT] = {self.node.result_variable: storable(found.value)}
        return True


class PassStep(Doing, NoneTask):  # type: ignore[misc]  # as above
    """An undefined or manual task: it is passed."""


class ExclusiveStep(Step, ExclusiveGateway):  # type: ignore[misc]  # as above
    """An exclusive gateway."""


class InclusiveStep(Step, InclusiveGateway):  # type: ignore[misc]  # as above
    """An inclusive gateway."""


class ParallelStep(Step, ParallelGateway):  # type: ignore[misc]  # as above
    """A parallel gateway."""


class AllAtOnce(Body, ParallelMultiInstanceTask):  # type: ignore[misc]  # as above
    """A parallel multi-instance."""


class OneByOne(Body, SequentialMultiInstanceTask):  # type: ignore[misc]  # as above
    """A sequential multi-instance."""


class Rounds(Body, StandardLoopTask):  # type: ignore[misc]  # as above
    """A standard loop."""


Waits = (CatchStep, ReceiveStep, RaceStep, BoundaryStep)
"""What waits for events."""
PASSIVE = (StartStep, CatchStep, ReceiveStep, RaceStep, ExclusiveStep, InclusiveStep, ParallelStep)
"""What has no effect of its own."""
