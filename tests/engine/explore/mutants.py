"""Random drawings with one fault, and runs of the real kernel that show whether a case gets stuck in them."""

from __future__ import annotations

from dataclasses import fields, replace
from random import Random
from typing import Any

from engine.errors import NotFound, WrongState
from engine.kernel import Event, Phase, State, Stimulus, advance
from engine.model import elements as model
from engine.protocol.events import ElementEntered, FlowTaken
from engine.protocol.stimuli import (
    CompleteTask,
    FireTimer,
    ReceiveMessage,
    ReceiveSignal,
    ReturnHandler,
    StaleStimulus,
    Start,
    ThrowError,
)
from tests.engine.kernel.blocks import Block, random_block
from tests.engine.kernel.building import NOW, at
from tests.engine.kernel.drawing_events import draw

STUCK = {"deadlock", "too_many_steps", "no_flow_possible", "link_without_end", "start_not_clear"}
"""Incidents that the drawing is to blame for; that expressions give what is asked for is assumed."""
GATEWAYS = (model.ExclusiveGateway, model.ParallelGateway, model.InclusiveGateway)
PLAIN = (
    *("and", "and", "and", "xor", "or", "sequence", "sub", "call", "many at once", "one by one", "rounds", "loop"),
    *("link", "quantity", "on a sub", "on a task", "race"),
)
MOST_HAPPENINGS = 150


def random_model(chance: Random, size: int) -> tuple[model.Model, dict[str, Any]]:
    """A process ``p`` that is sound by construction, and the variables that its choices ask for."""
    definition, drawing = draw(random_block(chance, size))
    return definition, dict(drawing.variables)


def plain_block(chance: Random, size: int) -> Block:
    """A block of what most processes are drawn of: much at the same time, and little that disturbs others."""
    if size <= 1:
        return Block(chance.choice(("user", "service", "user", "service", "script", "receive", "send")))
    kind = chance.choice(PLAIN)
    count = 2 if kind in ("and", "xor", "or", "sequence", "race") else 1
    return Block(
        kind,
        tuple(plain_block(chance, (size - 1) // count) for _ in range(count)),
        frozenset({0} if kind in ("xor", "race") else range(count)),
        times=chance.randint(1, 2),
        happens=chance.random() < 0.6,
        event=chance.choice(("timer", "message", "error")),
        interrupts=chance.random() < 0.8,
    )


def mutant(chance: Random, definition: model.Model) -> model.Model:
    """The same with one fault in ``p``: another kind of gateway, a flow less, or a flow to somewhere else."""
    process = definition.processes["p"]
    nodes, flows = dict(process.nodes), dict(process.flows)
    gateways = [each for each in nodes.values() if isinstance(each, GATEWAYS)]
    how = chance.choice(("gateway", "gateway", "drop", "redirect"))
    if how == "gateway" and gateways:
        node = chance.choice(gateways)
        kind = chance.choice([each for each in GATEWAYS if not isinstance(node, each)])
        kept = {each.name: getattr(node, each.name) for each in fields(model.Gateway)}
        nodes[node.id] = kind(**(kept | ({"default": None} if kind is model.ParallelGateway else {})))
    else:
        flow = flows.pop(chance.choice(sorted(flows)))
        if how == "redirect":
            inside = [each for each in nodes.values() if each.scope == nodes[flow.source].scope]
            targets = [each.id for each in inside if each.incoming or isinstance(each, model.Gateway)]
            flows[flow.id] = replace(flow, target=chance.choice(targets))
        nodes = {key: _drawn(node, flows) for key, node in nodes.items()}
    made = model.Process(id=process.id, name=process.name, nodes=nodes, flows=flows)
    return model.Model(processes={**definition.processes, "p": made})


def _drawn(node: model.Node, flows: dict[str, model.Flow]) -> model.Node:
    more: dict[str, Any] = {
        "incoming": tuple(each for each, flow in flows.items() if flow.target == node.id),
        "outgoing": tuple(each for each, flow in flows.items() if flow.source == node.id),
    }
    if isinstance(node, model.Gateway | model.Activity) and node.default not in flows:
        more["default"] = None
    return replace(node, **more)


def stuck_run(chance: Random, definition: model.Model, names: dict[str, Any]) -> str | None:
    """One case with random answers to all choices: why and where it gets stuck, or None."""
    variables = {name: chance.random() < 0.5 for name in names}
    try:
        state, _ = advance(definition, None, Start(process="p", variables=variables), at(NOW), max_steps=500)
    except (NotFound, WrongState):
        return "no start"
    for _ in range(MOST_HAPPENINGS):
        if state.is_ended:
            return None
        blamed = [f"{each.code} at {each.element}" for each in state.incidents.values() if each.code in STUCK]
        if blamed:
            return blamed[0]
        possible = _possible(state)
        if not possible:
            return "nothing can happen" if not state.incidents else None
        try:
            state, _ = advance(definition, state, chance.choice(possible), at(NOW), max_steps=500)
        except StaleStimulus:
            continue
    return None


def _possible(state: State) -> list[Stimulus]:
    found: list[Stimulus] = []
    for activity in state.activities.values():
        if activity.phase is Phase.TASK:
            found.append(CompleteTask(activity=activity.id, actor="x"))
        elif activity.phase is Phase.HANDLER and not state.is_stuck(activity.id):
            found.append(ReturnHandler(activity=activity.id))
    for wait in state.waits.values():
        if wait.held is not None:
            continue
        if wait.signal is not None:
            found.append(ReceiveSignal(name=wait.signal))
        elif wait.name is not None:
            found.append(ReceiveMessage(wait=wait.id, name=wait.name))
        else:
            found.append(FireTimer(wait=wait.id))
    return found


def is_followed(definition: model.Model, path: tuple[str, ...], variables: dict[str, Any]) -> bool:
    """Whether the kernel itself takes the path of a verdict, whatever happens in between, when a case begins with ``variables``."""
    try:
        state, happened = advance(definition, None, Start(process="p", variables=variables), at(NOW), max_steps=500)
    except (NotFound, WrongState):
        return False
    waiting = [(state, _steps(happened))]
    tried = 0
    while waiting:
        state, done = waiting.pop()
        if done[: len(path)] == path[: len(done)] and len(done) >= len(path):
            return True
        if done != path[: len(done)] or state.is_ended:
            continue
        for stimulus in (*_possible(state), *_errors(definition, state)):
            tried += 1
            if tried > MOST_HAPPENINGS * 20:
                return False
            try:
                following, happened = advance(definition, state, stimulus, at(NOW), max_steps=500)
            except StaleStimulus:
                continue
            more = _steps(happened)
            if more or not isinstance(stimulus, ThrowError):  # an error that nothing catches leads nowhere
                waiting.append((following, done + more))
    return False


def _steps(events: tuple[Event, ...]) -> tuple[str, ...]:
    return tuple(
        each.element if isinstance(each, ElementEntered) else each.flow
        for each in events
        if isinstance(each, ElementEntered | FlowTaken)
    )


def _errors(definition: model.Model, state: State) -> list[Stimulus]:
    codes = {
        trigger.code or "any"
        for process in definition.processes.values()
        for node in process.nodes.values()
        for trigger in model.definitions_of(getattr(node, "trigger", None))
        if isinstance(trigger, model.ErrorDefinition)
    }
    working = [each.id for each in state.activities.values() if each.phase in (Phase.HANDLER, Phase.TASK)]
    return [ThrowError(activity=each, code=code) for each in working for code in sorted(codes)]
