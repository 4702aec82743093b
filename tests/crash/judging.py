"""What must be true after the storm, of every case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import text

from engine import clock
from engine.database.session import Database
from engine.history import keeping, verifier, whole_export
from engine.history import queries as history
from engine.history.keeping import Keeping
from engine.history.verification import verify_all
from engine.instances.row_changes import CHANGED
from engine.kernel import Event, State
from engine.migration import fold_case
from engine.model.own_cases import REQUEST
from engine.protocol import events as happened
from tests.crash.drawn import Drawn
from tests.crash.people import People
from tests.engine.kernel.playing import check_history, check_undoing, ran

_CASES = text("""
    SELECT instance.id, process_key, status, snapshot, chain_sequence, parent_instance_id IS NOT NULL AS is_called
    FROM engine.instance LEFT JOIN engine.call ON call.child_instance_id = instance.id ORDER BY instance.id
""")
_DEEDS = text("SELECT key, handler FROM business.deed")
# a job that was rescued too often stays as failed: its incident, which somebody has retried, says all of it
_LEFT = {
    "engine.task": "is_open",
    "engine.timer": "true",
    "engine.subscription": "true",
    "engine.incident": "resolved_at IS NULL",
    "engine.signal_receiver": "true",
    "engine.effect": "true",
    "engine.parked_job": "true",
    "engine.call": "ended_at IS NULL",
    "jobs.procrastinate_jobs": "status IN ('todo', 'doing')",
}


def judge(people: People, direct: Database, drawn: Mapping[str, Drawn]) -> None:
    """Every case ended as foretold, each row was written once and told by the history once, which is whole, and nothing is left over."""
    with direct.reading() as session:
        cases = session.execute(_CASES).all()
        deeds = Counter((row.key, row.handler) for row in session.execute(_DEEDS))
        left = {
            table: count
            for table, where in _LEFT.items()
            if (count := session.execute(text(f"SELECT count(*) FROM {table} WHERE {where}")).scalar_one())
        }
        assert verify_all(session).is_whole
    assert left == {}, f"left over: {left} in {people.left()}"
    begun = sorted(case.process_key for case in cases if not case.is_called)
    assert begun == sorted(drawn), "not one case a process"
    done = {key: Counter[str]() for key in drawn}
    expected: Counter[tuple[str, str]] = Counter()
    told: Counter[tuple[str, str]] = Counter()
    for case in cases:
        seen = people.look(case.id, case.process_key)
        where = f"case {case.id} of {case.process_key}"
        assert case.status == "completed" or (case.is_called and case.status == "cancelled"), f"{where}: {case.status}"
        assert seen.told == case.chain_sequence, where
        with direct.reading() as session:
            timeline = history.timeline(session, case.id)
        told.update(_deeds_told(each.record for each in timeline))
        folded = fold_case(each.record for each in timeline)
        assert folded.to_text() == State.from_text(bytes(case.snapshot)).to_text(), where
        done[case.process_key] += ran(seen.events)
        check_history(seen.events)
        check_undoing(seen.model, _asked_once(seen.events))
        handlers = {each.activity: each.handler for each in seen.events if isinstance(each, happened.HandlerRequested)}
        for each in seen.events:
            if isinstance(each, happened.HandlerReturned) and not handlers[each.activity].startswith(REQUEST):
                handler = handlers[each.activity]
                expected[f"{case.id}:{each.activity}:{handler}", handler] += 1
    for key, foretold in drawn.items():
        wanted = +foretold.drawing.expected
        assert done[key] == wanted, f"{key}: too many {done[key] - wanted}, too few {wanted - done[key]}"
    assert deeds == expected, f"rows too many: {deeds - expected}; missing: {expected - deeds}"
    assert told == deeds, f"told too often: {told - deeds}; not told: {deeds - told}"


def _deeds_told(records: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """The rows that the history says handlers have written."""
    for record in records:
        for row in record["rows"] if record["type"] == CHANGED else ():
            assert (row["table"], row["became"]) == ("deed", "created")
            yield row["fields"]["key"]["new"], row["fields"]["handler"]["new"]


def judge_signatures(direct: Database, kept_in: Keeping) -> None:
    """The whole history, taken out of the house, agrees with every checkpoint that was signed while workers died, and with a last one."""
    during = sorted(kept_in.folder.glob("checkpoint-*.json"))
    keeping.sign(direct, kept_in, clock.now())
    files = sorted(kept_in.folder.glob("checkpoint-*.json"))
    kept = [verifier.read_checkpoint(each.read_bytes()) for each in files]
    with direct.reading() as session:
        history_file = list(whole_export.lines(session, clock.now()))
    found = verifier.verify_history(history_file, [each for each in kept if each is not None])
    assert found.is_whole, found.problems[:5]
    assert len(during) > 1, "nobody signed during the storm"
    assert found.checkpoints == len(kept) == len(found.proven), found
    assert found.events == max(each.size for each in found.proven), "the last checkpoint covers everything"
    assert found.stated["not_yet_numbered"] == 0
    print(f"{len(during)} checkpoints signed during the storm, {found.events} events held against {len(kept)}")


def _asked_once(events: Iterable[Event]) -> list[Event]:
    """Without what asks a handler again after an incident: the account of what is undone wants each once."""
    found, asked = [], set[str]()
    for each in events:
        if isinstance(each, happened.HandlerRequested):
            if each.activity in asked:
                continue
            asked.add(each.activity)
        found.append(each)
    return found
