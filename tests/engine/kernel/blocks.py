"""Random block-structured processes: which tasks run, and how often, follows from the blocks alone. ``drawing`` makes processes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

TASKS = ("user", "service", "script", "catch", "receive", "send", "task", "throw", "either", "both", "undoable")
"""Blocks of one node."""
BRANCHES = ("and", "xor", "or", "activity")
INSIDE = ("sub", "call", "many at once", "one by one", "rounds", "enough")
"""The part stands in a scope of its own, which may be entered several times."""
EVENTS = ("timer", "cycle", "message", "signal", "error", "condition", "escalation")
ENDS = ("terminate", "error end", "undo", "cancel")


@dataclass(frozen=True)
class Block:
    """``kind`` with its parts; ``chosen`` are the parts that run, ``times`` how often, ``happens`` whether what may come does.

    ``event`` is what may come; it ``interrupts`` what it is attached to or not.
    """

    kind: str
    parts: tuple[Block, ...] = ()
    chosen: frozenset[int] = frozenset()
    times: int = 1
    happens: bool = False
    event: str = ""
    interrupts: bool = True


AROUND = ("on a task", "on a sub", "event sub")
"""What an event can be attached to; the last is the scope of a sub-process, in which it starts an event sub-process."""
ONE_PART = ("loop", "link", "quantity", "signal", "behavior", *INSIDE, *AROUND, *ENDS)
KINDS = ("sequence", "race", "discriminator", *BRANCHES, *ONE_PART, *AROUND, *AROUND, "undo", "undo", "cancel")


def random_block(chance: Random, size: int, undoable: float = 0.2) -> Block:
    """A block of about ``size`` blocks; ``undoable`` is how likely its tasks can be undone."""
    if size <= 1:
        return Block("undoable" if chance.random() < undoable else chance.choice(TASKS))
    kind = chance.choice(KINDS)
    if kind in ONE_PART:
        undoable = 0.7 if kind in ("undo", "cancel") else undoable
        return _with_one_part(chance, kind, random_block(chance, size - 1, undoable))
    count = chance.randint(2, 3) if kind != "discriminator" else 3
    parts = [random_block(chance, (size - 1) // count, undoable) for _ in range(count)]
    if kind == "sequence":
        return Block(kind, tuple(parts))
    if kind == "discriminator":
        return Block(kind, tuple(parts), times=chance.randint(1, 3))
    chosen = set(chance.sample(range(count), chance.randint(1, count)))
    if kind in ("xor", "race"):
        chosen = {min(chosen)}
    return Block(kind, tuple(parts), frozenset(chosen))


def _with_one_part(chance: Random, kind: str, part: Block) -> Block:
    event = ""
    if kind == "behavior":
        event = chance.choice(("None", "One", "Complex"))
    elif kind in AROUND:
        # nothing inside a task can make a condition true or escalate
        event = chance.choice(EVENTS[:5] if kind == "on a task" else EVENTS)
    times = chance.randint(0 if kind in (*INSIDE, "behavior") else 1, 3)
    return Block(
        kind, (part,), times=times, happens=chance.random() < 0.6, event=event, interrupts=chance.random() < 0.5
    )


def smaller(block: Block) -> Iterator[Block]:
    """What may fail in the same way and is easier to read."""
    yield from block.parts
    for number, part in enumerate(block.parts):
        for less in smaller(part):
            yield replace(block, parts=(*block.parts[:number], less, *block.parts[number + 1 :]))
    if block.kind != "user":
        yield Block("user")
    if block.kind == "sequence":
        for number in range(len(block.parts)):
            yield replace(block, parts=(*block.parts[:number], *block.parts[number + 1 :]))
    if block.times > 1:
        yield replace(block, times=block.times - 1)
