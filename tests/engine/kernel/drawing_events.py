"""Blocks around events: what may come, what is thrown, what ends a scope, what is undone."""

from __future__ import annotations

from typing import Any

from engine.model import elements as model
from tests.engine.kernel.blocks import Block
from tests.engine.kernel.building import error, escalation, feel, message, process, signal, timer, when
from tests.engine.kernel.drawing import DRAW, Drawing, Ends, draw_block, draw_inside, draw_task


def _in_sub(drawing: Drawing, scope: str, *between: Ends, inside: str) -> Ends:
    """A sub-process around what was drawn in the scope ``inside``: it is left when all of that is over."""
    drawing.whole(inside, *between)
    drawing.add(model.SubProcess, inside, scope)
    return inside, inside


def _trigger(event: str, code: str) -> Any:
    return {
        "timer": timer("duration", '"PT1H"'),
        "cycle": timer("cycle", '"R2/PT1H"'),
        "message": message("m", '"k"'),
        "signal": signal(code),
        "error": error(code),
        "escalation": escalation(code),
        "condition": when(f"{code} > 0"),
    }[event]


def _event(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    """A task, alone or in a sub-process, with an event on it (or the start of an event sub-process beside it) that leads to the part."""
    code, is_error = drawing.new("code"), block.event == "error"
    event_kind = block.event
    interrupts = block.interrupts or is_error
    if event_kind == "signal" and not interrupts and drawing.is_many:
        event_kind = "message"  # a signal would reach the others once more
    if event_kind == "cycle" and interrupts:
        event_kind = "timer"
    comes = (2 if event_kind == "cycle" else 1) if block.happens else 0
    # what comes twice may be at work twice at once, each with variables of its own
    part = Block("many at once", block.parts) if event_kind == "cycle" else block.parts[0]
    around = drawing.new("around")  # what does not interrupt goes on beside: until all is over
    host, task = _host(drawing, block, around, times, code)
    if not (block.happens and interrupts):
        drawing.expected[task] += times
    event, trigger = drawing.new("event"), _trigger(event_kind, code)
    if event_kind not in ("error", "escalation", "condition"):
        drawing.optional[event] = comes
        if comes:
            drawing.postponed[task] = event
    elif is_error and block.happens:
        drawing.errors.add(task)
    begin = []
    if event_kind == "condition":
        drawing.counters.append(code)
        begin = [(reset := drawing.script("reset", around, code, "0"), reset)]
    if block.kind == "event sub":
        beside = drawing.add(model.SubProcess, drawing.new("beside"), host, is_event=True)
        drawing.add(model.StartEvent, event, beside, trigger=trigger, is_interrupting=interrupts)
        drawing.whole(beside, draw_block(drawing, part, beside, times * comes), start=event)
        return _in_sub(drawing, scope, *begin, (host, host), inside=around)
    drawing.add(model.BoundaryEvent, event, around, attached_to=host, trigger=trigger, is_interrupting=interrupts)
    first, last = draw_block(drawing, part, around, times * comes)
    merge = drawing.add(model.ExclusiveGateway, drawing.new("merge"), around)
    drawing.flow(event, first)
    drawing.flow(host, merge)
    if interrupts:
        drawing.flow(last, merge)
    return _in_sub(drawing, scope, *begin, (host, merge), inside=around)


def _host(drawing: Drawing, block: Block, around: str, times: int, code: str) -> Ends:
    """What the event is attached to, and the task in it. An error comes from a handler or from an end event."""
    is_error = block.event == "error"
    task = drawing.new("service" if is_error else "user")
    kind, attributes = (model.ServiceTask, {"handler": "a.b"}) if is_error else (model.UserTask, {})
    host = task if block.kind == "on a task" else drawing.new("host")
    drawing.add(kind, task, host if host != task else around, **attributes)
    if host == task:
        return task, task
    causes: list[Ends] = []
    if block.event == "condition":
        cause = drawing.script("cause", host, code, "1" if block.happens else "0")
        causes = [(cause, cause)]
    elif block.event == "escalation":
        thrown = escalation(code if block.happens else "nobody catches it")
        causes = [(cause := drawing.add(model.ThrowEvent, drawing.new("cause"), host, result=thrown), cause)]
    drawing.whole(host, *causes, (task, task))
    drawing.add(model.SubProcess, host, around)
    return host, task


def _race(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    """An event-based gateway, of whose events the chosen one comes."""
    gateway = drawing.add(model.EventBasedGateway, drawing.new("race"), scope)
    merge = drawing.add(model.ExclusiveGateway, drawing.new("merge"), scope)
    for number, part in enumerate(block.parts):
        runs = times if number in block.chosen else 0
        kind = ("catch", "receive", "either")[number % 3]
        event, _ = draw_task(drawing, kind, scope, runs)
        if number not in block.chosen:
            drawing.optional[event] = 0
        begin, end = draw_block(drawing, part, scope, runs)
        drawing.flow(gateway, event, begin)
        drawing.flow(end, merge)
    return gateway, merge


def _signal(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    """One branch throws what the other waits for."""
    split = drawing.add(model.ParallelGateway, drawing.new("split"), scope)
    join = drawing.add(model.ParallelGateway, drawing.new("join"), scope)
    name = drawing.new("signal")
    throw = drawing.add(model.ThrowEvent, drawing.new("cause"), scope, result=signal(name))
    caught = drawing.add(model.CatchEvent, drawing.new("catch"), scope, trigger=signal(name))
    drawing.expected[caught] += times
    begin, end = draw_block(drawing, block.parts[0], scope, times)
    drawing.flow(split, throw, join)
    drawing.flow(split, caught, begin)
    drawing.flow(end, join)
    drawing.optional[caught] = 0  # it comes from inside
    return split, join


def _discriminator(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    """Branches that a complex gateway goes on with as soon as some have come; the part after it runs once."""
    around = drawing.new("around")
    split = drawing.add(model.ParallelGateway, drawing.new("split"), around)
    activation = feel(f"activationCount >= {block.times}")
    gateway = drawing.add(model.ComplexGateway, drawing.new("complex"), around, activation=activation)
    after, *branches = block.parts
    for branch in (*branches, Block("user")):
        begin, end = draw_block(drawing, branch, around, times)
        drawing.flow(split, begin)
        drawing.flow(end, gateway)
    begin, end = draw_block(drawing, after, around, times)
    drawing.flow(gateway, begin)
    return _in_sub(drawing, scope, (split, end), inside=around)


def _behavior(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    """Items whose completions throw an escalation to the boundary, which leads to a task."""
    code, around = drawing.new("code"), drawing.new("around")
    many: dict[str, Any] = {"behavior": model.MultiInstanceBehavior(block.event)}
    thrown = {"None": block.times, "One": min(block.times, 1), "Complex": int(block.times >= 2)}[block.event]
    if block.event == "Complex":
        condition = feel("numberOfCompletedInstances = 2")
        many["complex"] = (model.ComplexBehavior(condition=condition, event=escalation(code)),)
    else:
        many["event"] = escalation(code)
    host, _ = draw_inside(drawing, block, around, times, many=many)
    event = drawing.add(
        model.BoundaryEvent,
        drawing.new("event"),
        around,
        attached_to=host,
        trigger=escalation(code),
        is_interrupting=False,
    )
    told, _ = draw_task(drawing, "user", around, times * thrown)
    drawing.flow(event, told)
    return _in_sub(drawing, scope, (host, host), inside=around)


def _terminate(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    """The part and then a terminate end, beside a task that nobody answers."""
    id_ = drawing.new("ended")
    split = drawing.add(model.ParallelGateway, drawing.new("split"), id_)
    task = drawing.add(model.UserTask, drawing.new("user"), id_)
    drawing.never.add(task)
    first, last = draw_block(drawing, block.parts[0], id_, times)
    end = drawing.add(model.EndEvent, drawing.new("end"), id_, result=model.TerminateDefinition())
    drawing.whole(id_, (split, task))
    drawing.flow(split, task)
    drawing.flow(split, first)
    drawing.flow(last, end)
    drawing.add(model.SubProcess, id_, scope)
    return id_, id_


def _error_end(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    """The part, and then an error, which takes what could be undone with it."""
    return _left_by(drawing, block, scope, times, result=error(code := drawing.new("code")), caught=error(code))


def _cancel(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    """A transaction around the part, which a cancel end undoes, or which is left normally."""
    cancel = model.CancelDefinition()
    return _left_by(
        drawing, block, scope, times, result=cancel if block.happens else None, caught=cancel, is_transaction=True
    )


def _left_by(
    drawing: Drawing, block: Block, scope: str, times: int, *, result: Any, caught: Any, **attributes: Any
) -> Ends:
    id_ = drawing.new("ended")
    is_undone = drawing.is_undone if result is None else isinstance(caught, model.CancelDefinition)
    with drawing.knowing(is_undone=is_undone):
        part = draw_block(drawing, block.parts[0], id_, times)
    end = drawing.add(model.EndEvent, drawing.new("end"), id_, result=result)
    drawing.whole(id_, part, end=end)
    drawing.add(model.SubProcess, id_, scope, **attributes)
    merge = drawing.add(model.ExclusiveGateway, drawing.new("merge"), scope)
    event = drawing.add(model.BoundaryEvent, drawing.new("event"), scope, attached_to=id_, trigger=caught)
    drawing.flow(id_, merge)
    drawing.flow(event, merge)
    return id_, merge


def _undo(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    """The part, and then everything that it did is undone."""
    id_ = drawing.new("undone")
    with drawing.knowing(is_undone=True):
        part = draw_block(drawing, block.parts[0], id_, times)
    result = model.CompensationDefinition()
    if block.happens:
        drawing.whole(id_, part, end=drawing.add(model.EndEvent, drawing.new("end"), id_, result=result))
    else:
        throw = drawing.add(model.ThrowEvent, drawing.new("cause"), id_, result=result)
        drawing.whole(id_, part, (throw, throw), draw_task(drawing, "undoable", id_, times))
    drawing.add(model.SubProcess, id_, scope)
    return id_, id_


DRAW |= {
    **dict.fromkeys(("on a task", "on a sub", "event sub"), _event),
    "race": _race,
    "signal": _signal,
    "discriminator": _discriminator,
    "behavior": _behavior,
    "terminate": _terminate,
    "error end": _error_end,
    "cancel": _cancel,
    "undo": _undo,
}


def draw(block: Block) -> tuple[model.Model, Drawing]:
    """The process ``p`` of a block."""
    drawing = Drawing()
    drawing.whole("p", draw_block(drawing, block, "p", 1))
    made = process("p", drawing.nodes, "\n".join(drawing.flows))
    return model.Model(processes={"p": made, **drawing.callees}), drawing
