"""What must be true after the storm, of every case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import text

from engine.database.session import Database
from engine.history.verification import verify_all
from engine.kernel import State, fold
from engine.protocol import events as happened
from tests.crash.drawn import Drawn
from tests.crash.people import People
from tests.engine.kernel.playing import check_history, check_undoing, ran

_CASES = text("SELECT id, process_key, status, snapshot, chain_sequence FROM engine.instance ORDER BY id")
_DEEDS = text("SELECT key, handler FROM business.deed")
_LEFT = {
    "engine.task": "is_open",
    "engine.timer": "true",
    "engine.subscription": "true",
    "engine.incident": "resolved_at IS NULL",
    "engine.signal_receiver": "true",
    "engine.effect": "true",
    "engine.parked_job": "true",
    "jobs.procrastinate_jobs": "status IN ('todo', 'doing', 'failed')",
}


def judge(people: People, direct: Database, drawn: Mapping[str, Drawn]) -> None:
    """Every case ended as foretold, each row was written once, the history is whole, and nothing is left over."""
    with direct.reading() as session:
        cases = session.execute(_CASES).all()
        deeds = Counter((row.key, row.handler) for row in session.execute(_DEEDS))
        left = {
            table: count
            for table, where in _LEFT.items()
            if (count := session.execute(text(f"SELECT count(*) FROM {table} WHERE {where}")).scalar_one())
        }
        assert verify_all(session).is_whole
    assert not left
    assert sorted(case.process_key for case in cases) == sorted(drawn), "not one case a process"
    expected: Counter[tuple[str, str]] = Counter()
    for case in cases:
        seen, drawing = people.look(case.id, case.process_key), drawn[case.process_key].drawing
        where = f"case {case.id} of {case.process_key}"
        assert case.status == "completed", where
        assert seen.told == case.chain_sequence, where
        assert fold(seen.model, seen.events).to_text() == State.from_text(bytes(case.snapshot)).to_text(), where
        assert ran(seen.events) == +drawing.expected, where
        check_history(seen.events)
        check_undoing(seen.model, seen.events)
        handlers = {each.activity: each.handler for each in seen.events if isinstance(each, happened.HandlerRequested)}
        for each in seen.events:
            if isinstance(each, happened.HandlerReturned):
                handler = handlers[each.activity]
                expected[f"{case.id}:{each.activity}:{handler}", handler] += 1
    assert deeds == expected
