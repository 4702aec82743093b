"""When a task is due and to be followed up by the company's working time, and what would take it away from around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from engine import clock
from engine.database.session import Database
from engine.inbox import lists, queries
from engine.inbox.lists import Criteria
from tests.engine.inbox.cast import desk
from tests.engine.instances.drawing import boundary, el, event_sub, extensions, plain, sub, timer, user
from tests.engine.instances.posting import CLERK, NOW, Post

FRIDAY = datetime(2026, 12, 18, 16, tzinfo=UTC)
"""17:00 in Paris, an hour before the end of the working day; Friday the 25th is Christmas."""


def scheduled(id_: str, due: str, follow_up: str) -> str:
    work = extensions(
        "<zeebe:userTask />",
        '<zeebe:assignmentDefinition candidateGroups="clerk" />',
        f'<zeebe:taskSchedule dueDate="={due}" followUpDate="={follow_up}" />',
    )
    return el("userTask", id_, work)


def test_due_and_follow_up_are_counted_in_working_time(database: Database) -> None:
    post = Post.made(database)
    look = scheduled("look", "working_days_after(now(), 5)", "working_hours_after(now(), 3)")
    post.publish("one", plain("one", look, flows="start -> look -> end"))
    post.now = FRIDAY
    case = post.start("one")
    ((due, follow_up),) = post.rows("SELECT due_at, follow_up_at FROM engine.task WHERE instance_id = :case", case=case)
    assert follow_up == datetime(2026, 12, 21, 10, tzinfo=UTC), "an hour on Friday, two on Monday from nine"
    assert due == datetime(2026, 12, 28, 16, tzinfo=UTC), "neither the week-end nor Christmas is worked"
    with database.reading() as session:
        for moment, found in ((follow_up - timedelta(minutes=1), 0), (follow_up, 1)):
            with clock.frozen(moment):
                asked = desk(session, CLERK, criteria=Criteria(is_ready=True))
                assert len(lists.page(session, asked).tasks) == found


def around(post: Post, case: int, element: str) -> list[dict[str, Any]]:
    ((task,),) = post.rows(
        "SELECT id FROM engine.task WHERE instance_id = :case AND element_id = :element AND is_open",
        case=case,
        element=element,
    )
    with post.runtime.database.reading() as session:
        row = queries.find(session, task)
    assert row is not None
    assert row.why is not None
    return list(row.why["if_nobody"])


def test_what_would_take_a_task_away_is_told_from_around_it_too(database: Database) -> None:
    """Of two sub-processes and an event sub-process, whose timers an earlier step set; what ends nothing is not told."""
    post = Post.made(database)
    inner = sub(
        "inner",
        el("startEvent", "inner_on"),
        user("first"),
        user("second"),
        el("endEvent", "inner_end"),
        event_sub("given_up", timer("timeDuration", "PT3H"), flows="given_up_on -> given_up_end"),
        event_sub("noted", timer("timeDuration", "PT4H"), flows="noted_on -> noted_end", interrupts=False),
        boundary("own", "second", timer("timeDuration", "PT6H"), interrupts=False),
        flows="inner_on -> first -> second -> inner_end\nown -> inner_end",
    )
    post.publish(
        "one",
        plain(
            "one",
            inner,
            boundary("late", "inner", timer("timeDuration", "PT5H")),
            boundary("told", "inner", timer("timeDuration", "PT1H"), interrupts=False),
            flows="start -> inner -> end\nlate -> end\ntold -> end",
        ),
    )
    case = post.start("one")
    given_up = {"element": "given_up_on", "at": NOW + timedelta(hours=3), "takes_away": True}
    late = {"element": "late", "at": NOW + timedelta(hours=5), "takes_away": True}
    assert around(post, case, "first") == [given_up, late]
    post.complete(case, "first")
    own = {"element": "own", "at": NOW + timedelta(hours=6), "takes_away": False}
    assert around(post, case, "second") == [own, given_up, late]
