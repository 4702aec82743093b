"""Runs the processes of the conformance set, which stays outside the repository, through the public interface of the engine.

    python <folder of the conformance set>/run.py --adapter tests.conformance.adapter:Adapter

A script is a handler request: its text goes to the recorder, which also says how long it takes. Messages that a process throws reach the
first wait with their name and key, else a process that they start, else they are kept. The clock is virtual.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from conformance_run import Refused, ScriptError  # type: ignore[import-not-found]  # the runner makes it

from engine.errors import DefinitionError
from engine.feel import Environment
from engine.kernel import Event, State, Stimulus, advance
from engine.model.bpmn_reader import read_processes
from engine.model.elements import MessageDefinition, Model, ReceiveTask, SignalDefinition, definitions_of
from engine.protocol.events import (
    HandlerRequested,
    IncidentRaised,
    MessageAwaited,
    MessageThrown,
    SignalThrown,
    TimerSet,
)
from engine.protocol.stimuli import (
    FireTimer,
    ReceiveMessage,
    ReceiveSignal,
    ReturnHandler,
    StaleStimulus,
    Start,
    ThrowError,
)

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SCRIPT = "script"


class IncidentHappened(Exception):
    """The engine asks for an operator, and there is none."""


@dataclass(eq=False)
class Instance:
    """A running process."""

    state: State | None = None


@dataclass(order=True)
class Due:
    """A stimulus for later."""

    at: datetime
    number: int
    instance: Any
    stimulus: Any


class Adapter:
    """See the README of the conformance set."""

    def __init__(self, recorder: Any) -> None:
        self.recorder = recorder
        self.now = BEGIN
        self.model = Model(processes={})
        self.instances: list[Instance] = []
        self.later: list[Due] = []
        self.numbers = itertools.count()
        self.pending: deque[tuple[Instance, Stimulus]] = deque()
        self.kept: list[MessageThrown] = []

    def deploy(self, xml: bytes) -> None:
        """Read all processes of the file."""
        try:
            processes = read_processes(xml, "model.bpmn", scripts={"": SCRIPT})
        except DefinitionError as error:
            raise Refused(", ".join(f"{each.code} {each.element_id}" for each in error.problems)) from error
        self.model = Model(processes={each.id: each for each in processes})

    def start(self, process_id: str, variables: Mapping[str, Any]) -> None:
        """Start an instance and let everything automatic run."""
        process = self.model.processes[process_id]
        if process.entrances() and not any(each.trigger is None for each in process.starts(process_id)):
            return  # begins when its message or signal comes
        self._begin(Start(process=process_id, variables=variables))
        self._run()

    def advance(self, seconds: float) -> None:
        """Let the clock run, from one due moment to the next."""
        end = self.now + timedelta(seconds=seconds)
        while self.later and self.later[0].at <= end:
            due = heapq.heappop(self.later)
            self.now = max(self.now, due.at)
            self.pending.append((due.instance, due.stimulus))
            self._run()
        self.now = end

    def uncaught_error(self) -> bool:
        """An instance was ended by an error event that nothing caught."""
        return any(each.state is not None and each.state.status == "failed" for each in self.instances)

    def _begin(self, stimulus: Start) -> None:
        instance = Instance()
        self.instances.append(instance)
        self.pending.append((instance, stimulus))

    def _run(self) -> None:
        while self.pending:
            instance, stimulus = self.pending.popleft()
            try:
                instance.state, events = advance(self.model, instance.state, stimulus, Environment(now=self.now))
            except StaleStimulus:
                continue  # interrupted while it was on its way
            for event in events:
                self._answer(instance, event)

    def _answer(self, instance: Instance, event: Event) -> None:
        if isinstance(event, HandlerRequested):
            self._run_script(instance, event)
        elif isinstance(event, TimerSet):
            self._wait(event.due_at, instance, FireTimer(wait=event.wait))
        elif isinstance(event, MessageThrown):
            self._deliver(event)
        elif isinstance(event, SignalThrown):
            self._broadcast(instance, event)
        elif isinstance(event, MessageAwaited):
            for message in [each for each in self.kept if self._is_for(each, event.name, event.key)][:1]:
                self.kept.remove(message)
                self._send(instance, event.wait, message)
        elif isinstance(event, IncidentRaised) and event.code != "deadlock":
            # tokens that wait for ever are no failure of the run: the trace shows what was reached
            raise IncidentHappened(f"{event.code} at {event.element}: {event.facts}")

    def _wait(self, at: datetime, instance: Instance, stimulus: Stimulus) -> None:
        heapq.heappush(self.later, Due(at, next(self.numbers), instance, stimulus))

    def _run_script(self, instance: Instance, event: HandlerRequested) -> None:
        state = instance.state
        if state is None or event.activity not in state.activities:
            return
        variables = state.variables_of(event.activity)
        token = variables.pop(SCRIPT)
        before = dict(variables)
        elapsed = (self.now - BEGIN).total_seconds()
        try:
            seconds = self.recorder.script(token, variables, elapsed)
        except ScriptError as error:
            self.pending.append((instance, ThrowError(activity=event.activity, code=error.code)))
            return
        changed = {name: value for name, value in variables.items() if name not in before or before[name] != value}
        done = ReturnHandler(activity=event.activity, result=changed)
        if seconds:
            self._wait(self.now + timedelta(seconds=seconds), instance, done)
        else:
            self.pending.append((instance, done))

    def _deliver(self, message: MessageThrown) -> None:
        for instance in self.instances:
            waits = instance.state.waits.values() if instance.state is not None else ()
            for wait in waits:
                if wait.name is not None and self._is_for(message, wait.name, wait.key or ""):
                    self._send(instance, wait.id, message)
                    return
        for process, entrance in self._entrances(MessageDefinition, message.name):
            self._begin(Start(process=process, start_event=entrance, variables=message.payload))
            return
        self.kept.append(message)

    def _broadcast(self, thrower: Instance, signal: SignalThrown) -> None:
        for instance in list(self.instances):
            if instance is not thrower:
                self.pending.append((instance, ReceiveSignal(name=signal.name, payload=signal.payload)))
        for process, entrance in self._entrances(SignalDefinition, signal.name):
            self._begin(Start(process=process, start_event=entrance, variables=signal.payload))

    def _entrances(self, kind: type[MessageDefinition | SignalDefinition], name: str) -> Iterator[tuple[str, str]]:
        """Where something of this kind and name begins an instance: the ids of process and element."""
        for process in self.model.processes.values():
            for entrance in process.entrances().values():
                trigger = entrance.message if isinstance(entrance, ReceiveTask) else getattr(entrance, "trigger", None)
                if any(isinstance(each, kind) and each.name == name for each in definitions_of(trigger)):
                    yield process.id, entrance.id

    @staticmethod
    def _is_for(message: MessageThrown, name: str, key: str) -> bool:
        return message.name == name and (message.key or "") == key

    def _send(self, instance: Instance, wait: str, message: MessageThrown) -> None:
        self.pending.append((instance, ReceiveMessage(wait=wait, name=message.name, payload=message.payload)))
