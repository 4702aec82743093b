"""Random block-structured processes with an oracle: which tasks run, and how often, follows from the blocks alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from engine.model import elements as model
from tests.engine.kernel.building import error, feel, make, maps, message, process, script, timer


@dataclass(frozen=True)
class Block:
    """``kind`` with its parts; ``chosen`` are the parts that run, ``times`` how often, ``happens`` whether what interrupts comes."""

    kind: str
    parts: tuple[Block, ...] = ()
    chosen: frozenset[int] = frozenset()
    times: int = 1
    happens: bool = False


TASKS = ("user", "service", "script", "catch")
leaf = st.sampled_from(TASKS).map(Block)
flag = st.booleans()


def _choice(kind: str, parts: Sequence[Block], chosen: set[int]) -> Block:
    inside = {each % len(parts) for each in chosen}
    if kind == "xor":
        inside = {min(inside)}
    return Block(kind, tuple(parts), frozenset(inside))


def _larger(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    parts = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda found: Block("sequence", tuple(found))),
        parts.map(lambda found: Block("and", tuple(found))),
        st.builds(_choice, st.sampled_from(("xor", "or")), parts, st.sets(st.integers(0, 2), min_size=1)),
        st.builds(lambda body, times: Block("loop", (body,), times=times), inner, st.integers(1, 3)),
        st.builds(lambda body: Block("sub", (body,)), inner),
        st.builds(lambda body: Block("call", (body,)), inner),
        st.builds(
            lambda kind, body, times: Block(kind, (body,), times=times),
            st.sampled_from(("many at once", "one by one")),
            inner,
            st.integers(0, 3),
        ),
        st.builds(
            lambda kind, part, happens: Block(kind, (part,), happens=happens),
            st.sampled_from(("deadline", "reminder", "error", "sub deadline", "sub error")),
            inner,
            flag,
        ),
    )


blocks = st.recursive(leaf, _larger, max_leaves=12)


@dataclass
class Drawing:
    """A process being drawn: nodes, flows, the variables that its choices need, what the driver is to make happen."""

    nodes: list[model.Node] = field(default_factory=list)
    flows: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    callees: dict[str, model.Process] = field(default_factory=dict)
    counters: list[str] = field(default_factory=list)
    expected: Counter[str] = field(default_factory=Counter)
    happening: set[str] = field(default_factory=set)
    """Ids of the boundary events that come, and of the tasks that end with an error."""
    postponed: dict[str, str] = field(default_factory=dict)
    """Tasks that are not answered before the event on them has come."""
    number: int = 0

    def new(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number}"

    def add(self, node: model.Node, scope: str) -> str:
        self.nodes.append(replace(node, scope=scope))
        return node.id

    def flow(self, source: str, target: str, condition: str = "") -> None:
        self.flows.append(f"{source} -> {target}{' : ' + condition if condition else ''}")


def draw(block: Block) -> tuple[model.Model, Drawing]:
    """The process ``p`` of a block."""
    drawing = Drawing()
    _whole(drawing, block, "p", 1)
    made = process("p", drawing.nodes, "\n".join(drawing.flows))
    return model.Model(processes={"p": made, **drawing.callees}), drawing


def _whole(drawing: Drawing, block: Block, scope: str, times: int) -> None:
    """The whole of a scope: a start event, the block, an end event."""
    start, end = drawing.new("start"), drawing.new("end")
    drawing.add(make(model.StartEvent, start), scope)
    drawing.add(make(model.EndEvent, end), scope)
    first, last = _draw(drawing, block, scope, times)
    drawing.flow(start, first)
    drawing.flow(last, end)


def _draw(drawing: Drawing, block: Block, scope: str, times: int) -> tuple[str, str]:
    """Draw ``block``, of which ``times`` occurrences will run (0: it is there and never reached); gives its first and last node."""
    if block.kind in TASKS:
        return _draw_task(drawing, block.kind, scope, times)
    if block.kind == "sequence":
        first = last = drawing.add(make(model.ExclusiveGateway, drawing.new("g")), scope)
        for part in block.parts:
            begin, end = _draw(drawing, part, scope, times)
            drawing.flow(last, begin)
            last = end
        return first, last
    if block.kind in {"and", "xor", "or"}:
        return _draw_branches(drawing, block, scope, times)
    if block.kind == "loop":
        return _draw_loop(drawing, block, scope, times)
    if block.kind in {"deadline", "reminder", "error", "sub deadline", "sub error"}:
        return _draw_event(drawing, block, scope, times)
    return _draw_inside(drawing, block, scope, times)


def _draw_task(drawing: Drawing, kind: str, scope: str, times: int) -> tuple[str, str]:
    id_ = drawing.new(kind)
    made = {
        "user": lambda: make(model.UserTask, id_),
        "service": lambda: make(model.ServiceTask, id_, handler="a.b"),
        "script": lambda: script(id_),
        "catch": lambda: make(model.CatchEvent, id_, trigger=message("m", '"k"')),
    }[kind]()
    drawing.add(made, scope)
    drawing.expected[id_] += times
    return id_, id_


def _draw_branches(drawing: Drawing, block: Block, scope: str, times: int) -> tuple[str, str]:
    kind = {"and": model.ParallelGateway, "xor": model.ExclusiveGateway, "or": model.InclusiveGateway}[block.kind]
    split, join = drawing.new("split"), drawing.new("join")
    last = len(block.parts) - 1
    attributes: dict[str, Any] = {}
    for number, part in enumerate(block.parts):
        is_chosen = block.kind == "and" or number in block.chosen
        begin, end = _draw(drawing, part, scope, times if is_chosen else 0)
        condition = f"{split}_{number}"
        if block.kind == "and":
            condition = ""
        elif block.chosen == {last} == {number}:
            # the default flow has no condition; it is taken when no other is
            attributes["default"] = f"{split}-{begin}"
            condition = ""
        else:
            drawing.variables[condition] = is_chosen
        drawing.flow(split, begin, condition)
        drawing.flow(end, join)
    drawing.add(make(kind, split, **attributes), scope)
    drawing.add(make(kind, join), scope)
    return split, join


def _draw_loop(drawing: Drawing, block: Block, scope: str, times: int) -> tuple[str, str]:
    name = drawing.new("n")
    drawing.counters.append(name)
    reset = drawing.add(script(drawing.new("reset"), name, "0"), scope)
    merge = drawing.add(make(model.ExclusiveGateway, drawing.new("again")), scope)
    count = drawing.add(script(drawing.new("count"), name, f"{name} + 1"), scope)
    more = drawing.new("more")
    out = drawing.add(make(model.ExclusiveGateway, drawing.new("out")), scope)
    drawing.add(make(model.ExclusiveGateway, more, default=f"{more}-{out}"), scope)
    begin, end = _draw(drawing, block.parts[0], scope, times * block.times)
    for source, target in ((reset, merge), (merge, begin), (end, count), (count, more), (more, out)):
        drawing.flow(source, target)
    drawing.flow(more, merge, f"{name} < {block.times}")
    return reset, out


def _draw_event(drawing: Drawing, block: Block, scope: str, times: int) -> tuple[str, str]:
    """A task (or a sub-process around one) with an event on it that leads to the block."""
    is_error, in_sub = "error" in block.kind, block.kind.startswith("sub")
    id_ = drawing.new("service" if is_error else "user")
    task = make(model.ServiceTask, id_, handler="a.b") if is_error else make(model.UserTask, id_)
    host = drawing.new("sub") if in_sub else id_
    drawing.add(task, host if in_sub else scope)
    if in_sub:
        drawing.add(make(model.SubProcess, host), scope)
        start, end = drawing.new("start"), drawing.new("end")
        drawing.add(make(model.StartEvent, start), host)
        drawing.add(make(model.EndEvent, end), host)
        drawing.flow(start, id_)
        drawing.flow(id_, end)
    interrupts = block.kind != "reminder"
    trigger = error(None) if is_error else timer("duration", '"PT1H"')
    event = make(
        model.BoundaryEvent, drawing.new("event"), attached_to=host, trigger=trigger, is_interrupting=interrupts
    )
    drawing.add(event, scope)
    begin, end_of_block = _draw(drawing, block.parts[0], scope, times if block.happens else 0)
    drawing.flow(event.id, begin)
    merge = drawing.add(make(model.ExclusiveGateway, drawing.new("merge")), scope)
    drawing.flow(host, merge)
    if interrupts:
        drawing.flow(end_of_block, merge)
    if block.happens:
        drawing.happening.add(id_ if is_error else event.id)
        if not is_error:
            drawing.postponed[id_] = event.id
    if not (block.happens and interrupts):
        drawing.expected[id_] += times
    return host, merge


def _draw_inside(drawing: Drawing, block: Block, scope: str, times: int) -> tuple[str, str]:
    """A sub-process, a called process, or a sub-process for each of some items."""
    id_ = drawing.new("inside")
    if block.kind == "call":
        inner = Drawing(
            number=drawing.number,
            variables=drawing.variables,
            callees=drawing.callees,
            expected=drawing.expected,
            happening=drawing.happening,
            postponed=drawing.postponed,
        )
        _whole(inner, block.parts[0], f"called_{id_}", times)
        drawing.number = inner.number
        drawing.callees[f"called_{id_}"] = process(f"called_{id_}", inner.nodes, "\n".join(inner.flows))
        drawing.add(make(model.CallActivity, id_, process=f"called_{id_}", propagates_all_in=True), scope)
        return id_, id_
    before = len(drawing.counters)
    repeats = 1 if block.kind == "sub" else block.times
    _whole(drawing, block.parts[0], id_, times * repeats)
    attributes: dict[str, Any] = {}
    if block.kind != "sub":
        attributes["multi_instance"] = model.MultiInstance(
            is_sequential=block.kind == "one by one",
            input_collection=feel(str(list(range(block.times)))),
            input_element="item",
        )
        # each item counts its own rounds
        attributes["inputs"] = maps(**dict.fromkeys(drawing.counters[before:], "0"))
    drawing.add(make(model.SubProcess, id_, **attributes), scope)
    return id_, id_
