"""Golden files of the history: made once by each release that changes what is recorded, and read by all that follow.

``python -m tests.engine.history.golden FOLDER`` writes what this release records: every kind of event with all its fields, and the events
that led to the saved state of every construct. Files are added, never edited: what one release wrote, every later one must still read.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_type_hints
from uuid import UUID

from engine.data import YearsMonths, to_canonical
from engine.errors import Facts
from engine.feel import Value
from engine.protocol.events import EVENTS, Event, to_record
from engine.protocol.stimuli import MoveToken, ReceiveSignal, SetVariable, SkipActivity
from tests.engine.kernel import test_golden_constructs as constructs
from tests.engine.kernel.building import Run

FOLDER = Path(__file__).parents[2] / "golden" / "history"
NOW = datetime(2026, 11, 22, 8, 30, 0, 5, tzinfo=UTC)
VALUE = {
    "text": "« é »   \U0001f4e6",
    "amount": Decimal("12.50"),
    "whole": Decimal(7),
    "yes": True,
    "none": None,
    "day": date(2026, 11, 22),
    "at": time(8, 30),
    "moment": NOW,
    "for": timedelta(hours=1, microseconds=1),
    "months": YearsMonths(14),
    "id": UUID(int=7),
    "list": [Decimal("0.1"), "x", {}],
}
"""One of every type that a process may hold."""

SAMPLES: Mapping[Any, Any] = {
    str: "x1",
    str | None: "x2",
    int: 3,
    int | None: 4,
    bool: True,
    bool | None: False,
    datetime: NOW,
    datetime | None: NOW,
    Value: VALUE,
    Facts: {"name": "x", "count": 3, "none": None},
    Mapping[str, Value]: VALUE,
    tuple[str, ...]: ("f1", "f2"),
    tuple[Value, ...]: (VALUE, Decimal(2)),
}


def one_of_each() -> list[Event]:
    """Every kind of event, every field with a value of its type."""
    made = []
    for tag in sorted(EVENTS):
        kind = EVENTS[tag]
        hints = get_type_hints(kind)
        made.append(kind(**{name: SAMPLES[hints[name]] for name in kind.__struct_fields__}))
    return made


def lines(events: list[Event]) -> bytes:
    """The records as the history stores them, one a line."""
    return "".join(f"{to_canonical(to_record(each))}\n" for each in events).encode()


def lived() -> Run:
    """The instance whose saved state is ``tests/golden/constructs/format-1.json``, then what an operator did to it."""
    run = Run(constructs.constructs(), total=20, told=0)
    for element in ("a", "b", "c", "d"):
        run(constructs.handler(run.state, element))
    run(constructs.task(run.state, "u"))
    run(constructs.task(run.state, "rounds"))
    run(ReceiveSignal(name="ask"))
    run(SetVariable(scope="s1", name="total", value=VALUE["amount"], reason="é"))
    run(MoveToken(activity=run.one("later"), target="all", reason="é"))
    run(SkipActivity(activity=run.one("v"), reason="é"))
    return run


def main(folder: Path) -> None:
    """Write the files of this release."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "events.jsonl").write_bytes(lines(one_of_each()))
    run = lived()
    (folder / "constructs.jsonl").write_bytes(lines(run.events))
    (folder / "constructs.state.json").write_bytes(run.state.to_text())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
