"""A small builder of models: nodes by id, flows as ``"a -> b"`` lines, expressions as FEEL text."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.data import from_canonical, to_canonical
from engine.decisions import Decision
from engine.feel import Environment, Expression, compile_expression
from engine.kernel import Event, State, Stimulus, advance, fold, from_record, to_record
from engine.kernel.advance import MAX_STEPS
from engine.kernel.evaluation import MAX_WORK
from engine.model import elements as model
from engine.protocol.stimuli import Start
from tests.engine.kernel.witness import Witness

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


def feel(source: str) -> Expression:
    return compile_expression(source)


def at(moment: datetime) -> Environment:
    return Environment(now=moment, zone=PARIS)


def maps(**sources: str) -> tuple[model.VariableMapping, ...]:
    """Mappings; ``a__b`` is the path ``a.b``."""
    return tuple(
        model.VariableMapping(source=feel(source), target=tuple(target.split("__")))
        for target, source in sources.items()
    )


def timer(kind: str, source: str) -> model.TimerDefinition:
    return model.TimerDefinition(kind=model.TimerKind(kind), expression=feel(source))


def message(name: str, key: str | None = None) -> model.MessageDefinition:
    return model.MessageDefinition(name=name, correlation_key=None if key is None else feel(key))


def error(code: str | None) -> model.ErrorDefinition:
    return model.ErrorDefinition(code=code)


def signal(name: str) -> model.SignalDefinition:
    return model.SignalDefinition(name=name)


def escalation(code: str | None) -> model.EscalationDefinition:
    return model.EscalationDefinition(code=code)


def when(source: str) -> model.ConditionalDefinition:
    return model.ConditionalDefinition(condition=feel(source))


def user(id_: str, **more: Any) -> Any:
    return make(model.UserTask, id_, **more)


def sub(id_: str, *nodes: Any, flows: str = "", **more: Any) -> list[Any]:
    """A sub-process with a start and an end of its own."""
    inside = [make(model.StartEvent, f"{id_}_start"), make(model.EndEvent, f"{id_}_end"), *nodes]
    return [make(model.SubProcess, id_, **more), *(replace(each, scope=each.scope or id_) for each in inside)]


def event_sub(
    id_: str, trigger: Any, *nodes: Any, scope: str = "", is_interrupting: bool = True, **more: Any
) -> list[Any]:
    start = make(model.StartEvent, f"{id_}_start", trigger=trigger, is_interrupting=is_interrupting, **more)
    inside = [start, make(model.EndEvent, f"{id_}_end"), *nodes]
    return [
        make(model.SubProcess, id_, is_event=True, scope=scope),
        *(replace(each, scope=each.scope or id_) for each in inside),
    ]


def compensable(id_: str, **more: Any) -> list[Any]:
    return [
        make(model.ServiceTask, id_, handler="do.it", compensated_by=f"un{id_}", inputs=maps(who=f'"{id_}"'), **more),
        make(
            model.ServiceTask,
            f"un{id_}",
            handler="undo.it",
            is_for_compensation=True,
            inputs=maps(who="who"),
            scope=more.get("scope", ""),
        ),
    ]


def script(id_: str, result: str = "done", source: str = "true", **more: Any) -> Any:
    return make(model.ScriptTask, id_, expression=feel(source), result_variable=result, **more)


def make(kind: type[Any], id_: str, **more: Any) -> Any:
    """A node; ``scope`` is set by ``process`` unless given."""
    return kind(**({"id": id_, "name": id_, "scope": ""} | more))


def process(id_: str, nodes: Iterable[model.Node], flows: str) -> model.Process:
    """Nodes and lines ``source -> target [-> target…] [: condition]``; a flow's id is ``source-target``."""
    drawn: dict[str, model.Flow] = {}
    for line in filter(None, (each.strip() for each in flows.splitlines())):
        path, _, condition = line.partition(" : ")
        steps = [each.strip() for each in path.split("->")]
        for source, target in itertools.pairwise(steps):
            made = model.Flow(
                id=f"{source}-{target}",
                name="",
                source=source,
                target=target,
                condition=feel(condition) if condition else None,
            )
            drawn[made.id] = made
    by_id = {}
    all_nodes = list(nodes)
    for node in all_nodes:
        more: dict[str, Any] = {
            "scope": node.scope or id_,
            "incoming": tuple(flow.id for flow in drawn.values() if flow.target == node.id),
            "outgoing": tuple(flow.id for flow in drawn.values() if flow.source == node.id),
        }
        if isinstance(node, model.Activity):
            more["boundary"] = tuple(
                each.id for each in all_nodes if isinstance(each, model.BoundaryEvent) and each.attached_to == node.id
            )
        by_id[node.id] = replace(node, **more)
    missing = {each for flow in drawn.values() for each in (flow.source, flow.target)} - set(by_id)
    assert not missing, missing
    return model.Process(id=id_, name=id_, nodes=by_id, flows=drawn)


def simple(nodes: Iterable[model.Node], flows: str, decisions: Mapping[str, Decision] | None = None) -> model.Model:
    """A model of one process ``p`` with ``start`` and ``end`` added."""
    both = (make(model.StartEvent, "start"), make(model.EndEvent, "end"))
    return model.Model(processes={"p": process("p", (*both, *nodes), flows)}, decisions=decisions or {})


class Run:
    """An instance under test: each step is taken on a state that was written and read, and checks what must always hold."""

    def __init__(
        self,
        definition: model.Model,
        process_id: str = "p",
        now: datetime = NOW,
        max_steps: int = MAX_STEPS,
        max_work: int = MAX_WORK,
        **variables: Any,
    ) -> None:
        self.model = definition
        self.now = now
        self.max_steps = max_steps
        self.max_work = max_work
        self.events: list[Event] = []
        self.texts: list[str] = []
        """The events as they were written when they happened."""
        self.witness = Witness(definition)
        self.state: State = State()
        self._take(None, Start(process=process_id, variables=variables))

    def __call__(self, stimulus: Stimulus) -> tuple[Event, ...]:
        before = self.state.to_text()
        given = State.from_text(before)
        assert given == self.state
        happened = self._take(given, stimulus)
        assert given.to_text() == before, "advance changed the state that it was given"
        return happened

    def _take(self, state: State | None, stimulus: Stimulus) -> tuple[Event, ...]:
        self.state, happened = advance(
            self.model, state, stimulus, at(self.now), max_steps=self.max_steps, max_work=self.max_work
        )
        assert fold(self.model, happened, state) == self.state
        texts = [to_canonical(to_record(each)) for each in happened]
        assert [from_record(from_canonical(each)) for each in texts] == list(happened)
        assert State.from_text(self.state.to_text()) == self.state
        self.events.extend(happened)
        self.texts.extend(texts)
        self.witness.saw(happened, self.state)
        return happened

    def live(self, element: str) -> list[str]:
        """Ids of the live activities of an element."""
        return [each.id for each in self.state.activities.values() if each.element == element]

    def one(self, element: str) -> str:
        (found,) = self.live(element)
        return found

    def wait(self, element: str) -> str:
        (found,) = (each.id for each in self.state.waits.values() if each.element == element)
        return found

    @property
    def status(self) -> str:
        return self.state.status

    def first(self, tag: str) -> Any:
        """The first event with this tag."""
        return next(each for each in self.events if each.tag == tag)

    @property
    def last(self) -> Any:
        """What happened last."""
        return self.events[-1]

    @property
    def incident(self) -> Any:
        (found,) = self.state.incidents.values()
        return found

    def happened(self, tag: str, *names: str) -> list[Any]:
        """The named fields of all events with this tag (one name: its values)."""
        found = [each for each in self.events if each.tag == tag]
        return [getattr(e, names[0]) if len(names) == 1 else tuple(getattr(e, n) for n in names) for e in found]

    @property
    def completed(self) -> list[str]:
        """Elements in the order of their completion."""
        return self.happened("element:completed", "element")
