"""Processes drawn from blocks, with the oracle: how often each task is to run, and what the player is to make happen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count, pairwise
from typing import Any

from engine.model import elements as model
from tests.engine.kernel.blocks import BRANCHES, TASKS, Block
from tests.engine.kernel.building import escalation, feel, make, maps, message, process, script, timer

Ends = tuple[str, str]
"""The first and the last node of a block."""


@dataclass
class Drawing:
    """A process being drawn: nodes, flows, the variables that its choices need, what is expected, what the player is to do."""

    nodes: list[model.Node] = field(default_factory=list)
    flows: list[str] = field(default_factory=list)
    counters: list[str] = field(default_factory=list)
    """Variables that each item, round and called process has for itself."""
    variables: dict[str, Any] = field(default_factory=dict)
    callees: dict[str, model.Process] = field(default_factory=dict)
    expected: Counter[str] = field(default_factory=Counter)
    optional: dict[str, int] = field(default_factory=dict)
    """How often the events that may come do, each time that they are waited for anew; all others come always."""
    errors: set[str] = field(default_factory=set)
    """Tasks that end with an error."""
    postponed: dict[str, str] = field(default_factory=dict)
    """Tasks that are not answered before the event on them has come."""
    never: set[str] = field(default_factory=set)
    """Tasks that are never answered."""
    is_undone: bool = False
    """Whether what is drawn now will be undone after it was done."""
    is_many: bool = False
    """Whether what is drawn now may live several times at once."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def new(self, kind: str) -> str:
        return f"{kind}{next(self.numbers)}"

    def add(self, kind: type[Any], id_: str, scope: str, **more: Any) -> str:
        self.nodes.append(make(kind, id_, scope=scope, **more))
        return id_

    def script(self, kind: str, scope: str, result: str, source: str) -> str:
        """A script that is none of the tasks that are counted."""
        id_ = self.new(kind)
        self.nodes.append(script(id_, result, source, scope=scope))
        return id_

    def flow(self, *path: str, when: str = "") -> None:
        for source, target in pairwise(path):
            self.flows.append(f"{source} -> {target}{' : ' + when if when else ''}")

    @contextmanager
    def knowing(self, **more: bool) -> Iterator[None]:
        """Draw something to which this applies."""
        before = {name: getattr(self, name) for name in more}
        for name, value in more.items():
            setattr(self, name, value)
        yield
        for name, value in before.items():
            setattr(self, name, value)

    def whole(self, scope: str, *between: Ends, start: str = "", end: str = "") -> None:
        """A start, what is between, an end."""
        start = start or self.add(model.StartEvent, self.new("start"), scope)
        end = end or self.add(model.EndEvent, self.new("end"), scope)
        last = start
        for first, following in between:
            self.flow(last, first)
            last = following
        self.flow(last, end)


def draw_block(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    """Draw ``block``, of which ``times`` occurrences will run (0: it is there and never reached)."""
    if block.kind in TASKS:
        return draw_task(drawing, block.kind, scope, times)
    if block.kind in BRANCHES:
        return _branches(drawing, block, scope, times)
    return DRAW[block.kind](drawing, block, scope, times)


def draw_task(drawing: Drawing, kind: str, scope: str, times: int) -> Ends:
    """One node that is counted."""
    id_ = drawing.new(kind)
    both = (message("m", '"k"'), timer("duration", '"PT1H"'))
    drawing.expected[id_] += times
    match kind:
        case "user":
            drawing.add(model.UserTask, id_, scope)
        case "service":
            drawing.add(model.ServiceTask, id_, scope, handler="a.b")
        case "script":
            drawing.nodes.append(script(id_, scope=scope))
        case "catch":
            drawing.add(model.CatchEvent, id_, scope, trigger=both[0])
        case "either" | "both":
            trigger = model.MultipleDefinition(definitions=both, is_parallel=kind == "both")
            drawing.add(model.CatchEvent, id_, scope, trigger=trigger)
        case "receive":
            drawing.add(model.ReceiveTask, id_, scope, message=both[0])
        case "send":
            drawing.add(model.SendTask, id_, scope, message=message("sent"))
        case "task":
            drawing.add(model.Task, id_, scope)
        case "throw":
            thrown = model.MultipleDefinition(definitions=(message("sent"), escalation("nobody catches it")))
            drawing.add(model.ThrowEvent, id_, scope, result=thrown)
        case "undoable":
            undo = f"undo_{id_}"
            drawing.add(model.ServiceTask, id_, scope, handler="a.b", compensated_by=undo)
            drawing.add(model.ServiceTask, undo, scope, handler="a.b", is_for_compensation=True)
            drawing.expected[undo] += times if drawing.is_undone else 0
    return id_, id_


def _sequence(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    first = last = drawing.add(model.ExclusiveGateway, drawing.new("g"), scope)
    for part in block.parts:
        begin, end = draw_block(drawing, part, scope, times)
        drawing.flow(last, begin)
        last = end
    return first, last


def _branches(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    """A split and a join; the split may be an activity with conditions on its flows."""
    kinds = {"and": model.ParallelGateway, "xor": model.ExclusiveGateway, "or": model.InclusiveGateway}
    split, join = drawing.new("split"), drawing.new("join")
    last = len(block.parts) - 1
    attributes: dict[str, Any] = {}
    for number, part in enumerate(block.parts):
        is_chosen = block.kind == "and" or number in block.chosen
        begin, end = draw_block(drawing, part, scope, times if is_chosen else 0)
        condition = f"{split}_{number}"
        if block.kind == "and":
            condition = ""
        elif block.chosen == {last} == {number}:
            # the default flow has no condition; it is taken when no other is
            attributes["default"] = f"{split}-{begin}"
            condition = ""
        else:
            drawing.variables[condition] = is_chosen
        drawing.flow(split, begin, when=condition)
        drawing.flow(end, join)
    drawing.add(kinds.get(block.kind, model.Task), split, scope, **attributes)
    drawing.add(kinds.get(block.kind, model.InclusiveGateway), join, scope)
    return split, join


def _loop(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    name = drawing.new("n")
    drawing.counters.append(name)
    reset = drawing.script("reset", scope, name, "0")
    merge = drawing.add(model.ExclusiveGateway, drawing.new("again"), scope)
    increase = drawing.script("count", scope, name, f"{name} + 1")
    more, out = drawing.new("more"), drawing.new("out")
    drawing.add(model.ExclusiveGateway, out, scope)
    drawing.add(model.ExclusiveGateway, more, scope, default=f"{more}-{out}")
    begin, end = draw_block(drawing, block.parts[0], scope, times * block.times)
    drawing.flow(reset, merge, begin)
    drawing.flow(end, increase, more, out)
    drawing.flow(more, merge, when=f"{name} < {block.times}")
    return reset, out


def draw_inside(drawing: Drawing, block: Block, scope: str, times: int, **attributes: Any) -> Ends:
    """A sub-process around the part, for each of some items or in some rounds."""
    id_ = drawing.new("inside")
    before = len(drawing.counters)
    repeats = _repeats(block)
    with drawing.knowing(is_many=drawing.is_many or block.kind in ("many at once", "behavior")):
        drawing.whole(id_, draw_block(drawing, block.parts[0], id_, times * repeats))
    if block.kind == "rounds":
        condition = feel(f"loopCounter < {block.times}")
        loop = model.StandardLoop(condition=condition, tests_before=True, maximum=5)
        if block.times and block.happens:
            loop = model.StandardLoop(condition=None, maximum=block.times)
        attributes["loop"] = loop
    elif block.kind != "sub":
        more: dict[str, Any] = attributes.pop("many", {})
        if block.kind == "enough":
            more["completion_condition"] = feel("numberOfCompletedInstances >= 2")
        attributes["multi_instance"] = model.MultiInstance(
            is_sequential=block.kind in ("one by one", "enough"),
            input_collection=feel(str(list(range(block.times)))),
            input_element="item",
            **more,
        )
    if block.kind != "sub":
        # each item counts its own rounds
        attributes["inputs"] = maps(**dict.fromkeys(drawing.counters[before:], "0"))
    elif block.happens:
        never = drawing.new("idle")
        drawing.add(model.SubProcess, never, id_, is_event=True)
        begin = drawing.add(model.StartEvent, drawing.new("event"), never, trigger=message("m", '"k"'))
        drawing.optional[begin] = 0
        drawing.whole(never, start=begin)
    drawing.add(model.SubProcess, id_, scope, **attributes)
    return id_, id_


def _repeats(block: Block) -> int:
    if block.kind == "sub":
        return 1
    return min(block.times, 2) if block.kind == "enough" else block.times


def _call(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    id_ = drawing.new("inside")
    inner = replace(drawing, nodes=[], flows=[], counters=[])
    inner.whole(f"called_{id_}", draw_block(inner, block.parts[0], f"called_{id_}", times))
    drawing.callees[f"called_{id_}"] = process(f"called_{id_}", inner.nodes, "\n".join(inner.flows))
    drawing.add(model.CallActivity, id_, scope, process=f"called_{id_}", propagates_all_in=True)
    return id_, id_


def _link(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    link = model.LinkDefinition(name=drawing.new("link"))
    away = drawing.add(model.ThrowEvent, drawing.new("away"), scope, result=link)
    here = drawing.add(model.CatchEvent, drawing.new("here"), scope, trigger=link)
    begin, end = draw_block(drawing, block.parts[0], scope, times)
    drawing.flow(here, begin)
    return away, end


def _quantity(drawing: Drawing, block: Block, scope: str, times: int) -> Ends:
    """A task that gives several tokens, the part once for each of them, a task that takes as many."""
    (first, _), (last, _) = (draw_task(drawing, "task", scope, times) for _ in range(2))
    for position, node in enumerate(drawing.nodes):
        if node.id == first:
            drawing.nodes[position] = replace(node, completion_quantity=block.times)  # type: ignore[call-arg]
        elif node.id == last:
            drawing.nodes[position] = replace(node, start_quantity=block.times)  # type: ignore[call-arg]
    middle, _ = draw_task(drawing, "user", scope, times * block.times)
    begin, end = draw_block(drawing, block.parts[0], scope, times)
    drawing.flow(first, middle, last, begin)
    return first, end


Draw = Callable[[Drawing, Block, str, int], Ends]

DRAW: dict[str, Draw] = {
    "sequence": _sequence,
    "loop": _loop,
    "call": _call,
    "link": _link,
    "quantity": _quantity,
    **dict.fromkeys(("sub", "many at once", "one by one", "rounds", "enough"), draw_inside),
}
"""Who draws which kind of block; ``drawing_events`` adds its own."""
