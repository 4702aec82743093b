"""How many statements a step sends: what waits beside a task costs nothing while nothing happens to it (architecture §7)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from tests.engine.instances.conftest import House
from tests.engine.instances.drawing import (
    boundary,
    compensation,
    el,
    event_sub,
    extensions,
    message,
    message_named,
    plain,
    process,
    say,
    service,
    signal,
    signal_named,
    timer,
    undone_by,
    user,
)


@contextmanager
def statements(house: House) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(" ".join(statement.split()))

    database = house.runtime.database.engine
    event.listen(database, "before_cursor_execute", note)
    yield seen
    event.remove(database, "before_cursor_execute", note)


def watched(house: House) -> int:
    """A case with waits of every kind around its two tasks; the bundle is read already."""
    house.publish(
        "watched",
        message_named("w_call"),
        signal_named("w_bell"),
        plain(
            "watched",
            user("first"),
            say("book", '"book"'),
            boundary("undo", "book", compensation()),
            service("unbook", "note.erase", inputs={"said": '"book"'}, isForCompensation="true"),
            undone_by("undo", "unbook"),
            user("second"),
            el("intermediateThrowEvent", "ring", signal("w_bell")),
            *(
                event_sub(name, trigger, say(f"{name}_said", '"x"'), flows=f"{name}_on -> {name}_said -> {name}_end")
                for name, trigger in (
                    ("called", message("w_call")),
                    ("rung", signal("w_bell")),
                    ("late", timer("timeDuration", "P1D")),
                )
            ),
            flows="start -> first -> book -> second -> ring -> end",
        ),
    )
    return house.start("watched")


def test_waits_and_records_around_a_task_cost_its_step_no_statement(house: House) -> None:
    house.publish(
        "bare",
        plain(
            "bare",
            user("first"),
            say("book", '"book"'),
            user("second"),
            flows="start -> first -> book -> second -> end",
        ),
    )
    cases = [house.start("bare"), watched(house)]
    counts = []
    for case in cases:
        with statements(house) as seen:
            house.complete_only(case, "first")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_throw_costs_two_more(house: House) -> None:
    case = watched(house)
    house.complete(case, "first")
    with statements(house) as seen:
        house.complete_only(case, "second")
    about = [each[:60] for each in seen if "signal" in each]
    assert len(about) <= 3, about  # the throw, who begins by it, and the subscriptions that end
    house.work()


def test_calls_cost_the_same_however_many_they_are(house: House) -> None:
    many = el(
        "multiInstanceLoopCharacteristics",
        "items",
        extensions('<zeebe:loopCharacteristics inputCollection="=for n in 1..total return n" inputElement="n" />'),
    )
    calls = extensions('<zeebe:calledElement processId="one_called" propagateAllParentVariables="false" />')
    house.publish(
        "many_called",
        plain(
            "many_called",
            user("first", form="answer"),
            el("callActivity", "each", calls, many),
            flows="start -> first -> each -> end",
        ),
        process("one_called", el("startEvent", "on"), el("endEvent", "off"), flows="on -> off"),
    )
    counts = []
    for total in ("1", "20"):
        case = house.start("many_called")
        with statements(house) as seen:
            house.complete_only(case, "first", total=total)
        counts.append(len(seen))
        house.work()
        assert house.status(case) == "completed"
    assert counts[0] == counts[1], counts
