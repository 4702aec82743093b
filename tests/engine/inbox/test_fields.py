"""Lists narrowed by a business field: each type compares as it should, with a bound or without, and few or many cases cost the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import clock
from engine.database.session import Database
from engine.inbox import fields, lists
from engine.inbox.fields import DateField, FieldCriterion, NumberField, TextField
from engine.inbox.lists import FEW_CASES, Criteria
from engine.instances import queries
from engine.instances.commands import start_instance
from engine.instances.runtime import Runtime
from tests.engine.inbox.cast import desk, open_task
from tests.engine.inbox.test_acts import statements
from tests.engine.processes import parcels
from tests.engine.processes.parcels import CLERK, PACKER

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MANY = 20_000

FILL = """
    INSERT INTO engine.instance
        (id, process_key, version_id, status, snapshot, revision, chain_sequence, chain_hash, summary, started_at, started_by)
        OVERRIDING SYSTEM VALUE
    SELECT 1000 + n, process_key, version_id, 'active', snapshot, 1, 1, chain_hash, '[]', :now, started_by
    FROM engine.instance, generate_series(1, :many) AS n WHERE id = 1;
    INSERT INTO engine.task
        (instance_id, activity, element_id, process_key, title_fr, title_en, role, created_at, sort_at, priority)
    SELECT 1000 + n, 'many' || n, 'weigh', 'parcel', 'Peser', 'Weigh', 'packer', :now,
           CAST(:now AS timestamptz) + n * interval '1 minute', 50
    FROM generate_series(1, :many) AS n;
    INSERT INTO engine.case_field (instance_id, name, number_value) SELECT 1000 + n, 'weight', n FROM generate_series(1, :many) AS n;
    INSERT INTO engine.case_field (instance_id, name, date_value)
    SELECT 1000 + n, 'wanted', date '2020-01-01' + n FROM generate_series(1, :many) AS n;
    INSERT INTO engine.case_field (instance_id, name, text_value)
    SELECT 1000 + n, 'article', 'Hat ' || n FROM generate_series(1, :many) AS n;
"""


def narrowed(session: Session, field: FieldCriterion, **more: str) -> list[int]:
    page = lists.page(session, desk(session, PACKER, criteria=Criteria(field=field, **more)))  # type: ignore[arg-type]
    return [each.instance_id for each in page.tasks]


def test_a_list_is_narrowed_by_what_the_steps_wrote(database: Database) -> None:
    made = parcels.prepare(database)
    hat = start_instance(made, CLERK, "parcel", {"article": "hat", "worth": "1"}).instance_id
    other = start_instance(made, CLERK, "parcel", {"article": "hat", "worth": "1"}).instance_id
    with database.transaction() as session:
        session.execute(
            text("UPDATE engine.case_field SET text_value = 'Brogue' WHERE instance_id = :id AND name = 'article'"),
            {"id": other},
        )
    with database.reading() as session:
        assert narrowed(session, TextField(name="article", begins="HA")) == [hat]
        assert narrowed(session, TextField(name="article", begins="Bro")) == [other]
        assert narrowed(session, TextField(name="article", begins="Bro"), search="P1") == []
        assert narrowed(session, TextField(name="article", begins="hat"), search="P1") == [hat]
        assert narrowed(session, TextField(name="article", begins="at")) == []
        assert narrowed(session, TextField(name="article", begins="hat"), process="other") == []
        assert narrowed(session, TextField(name="article", begins="%")) == []
        assert narrowed(session, NumberField(name="weight", low=Decimal(0))) == []
        assert narrowed(session, NumberField(name="article", low=Decimal(0))) == []


@pytest.fixture
def many(database: Database) -> Runtime:
    made = parcels.prepare(database)
    with clock.frozen(NOW):
        open_task(made)
    with database.transaction() as session:
        for each in FILL.split(";")[:-1]:
            session.execute(text(each), {"now": NOW, "many": MANY})
        session.execute(text("ANALYZE engine.task, engine.case_field, engine.instance"))
    return made


BETWEEN: list[tuple[FieldCriterion, list[int]]] = [
    (NumberField(name="weight", low=Decimal(9), high=Decimal("10.5")), [1009, 1010]),
    (NumberField(name="weight", high=Decimal(2)), [1001, 1002]),
    (NumberField(name="weight", low=Decimal(MANY)), [1000 + MANY]),
    (DateField(name="wanted", low=date(2020, 2, 1), high=date(2020, 2, 2)), [1031, 1032]),
    (DateField(name="wanted", high=date(2020, 1, 2)), [1001]),
    (TextField(name="article", begins="hat 1999"), [1000 + each for each in (1999, *range(19990, 20000))]),
]


def test_bounds_indexes_and_statements(many: Runtime) -> None:
    """Of few cases the list begins at the cases: found wherever they stand in the order, in two statements."""
    with clock.frozen(NOW), many.database.reading() as session:
        for criterion, found in BETWEEN:
            asked = desk(session, PACKER, criteria=Criteria(field=criterion))
            with statements(many) as seen:
                page = lists.page(session, asked)
            assert [each.instance_id for each in page.tasks] == found
            assert (len(seen), page.is_cut) == (2, False)
            assert lists.count(session, asked).number == len(found)
            plan = explained(
                session, fields._CASES[type(criterion)].text, fields.given(criterion) | {"few": FEW_CASES + 1}
            )
            assert "case_field_" in plan, plan
            assert "Seq Scan" not in plan, plan
        every = NumberField(name="weight", low=Decimal(0))
        asked = desk(session, PACKER, criteria=Criteria(field=every))
        assert lists.page(session, asked, limit=50).next is not None
        given = lists._given(asked, 200) | lists._read_cursor(None, "due") | {"limit": 51}
        plan = explained(session, str(lists._PAGES["due", "held"]), given)
        assert "case_field_pkey" in plan, plan
        assert "Seq Scan on case_field" not in plan, plan


def test_the_list_of_cases_is_narrowed_in_the_same_manner(many: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended cases too; found wherever they stand, in two statements; of many a walk that stops, says so, and goes on."""
    with many.database.transaction() as session:
        session.execute(
            text("UPDATE engine.instance SET status = 'completed', ended_at = :now WHERE id = 1010"), {"now": NOW}
        )
    with many.database.reading() as session:
        for criterion, found in BETWEEN:
            with statements(many) as seen:
                page = queries.cases(session, CLERK, field=criterion)
            assert [each.id for each in page.cases] == found[::-1]
            assert (len(seen), page.next, page.is_cut) == (2, None, False)
        open_ones = queries.cases(session, CLERK, field=BETWEEN[0][0], status="active")
        assert [each.id for each in open_ones.cases] == [1009]
        assert queries.cases(session, PACKER, field=BETWEEN[0][0], process_key="other").cases == ()
        stranger = replace(CLERK, login="stranger", roles=frozenset())
        assert queries.cases(session, stranger, field=BETWEEN[0][0]).cases == ()
        every = NumberField(name="weight", low=Decimal(0))
        with statements(many) as seen:
            page = queries.cases(session, CLERK, field=every, limit=3)
        assert ([each.id for each in page.cases], page.next) == ([21000, 20999, 20998], 20998)
        assert (len(seen), page.is_cut) == (2, False)
        again = queries.cases(session, CLERK, field=every, limit=3, after=page.next)
        assert [each.id for each in again.cases] == [20997, 20996, 20995]
        # the 2,000 oldest of 20,000: too many to begin at, and far from the newest
        monkeypatch.setattr(queries, "WALK", 10_000)
        oldest = NumberField(name="weight", high=Decimal(2_000))
        page = queries.cases(session, CLERK, field=oldest, limit=3)
        assert ([each.id for each in page.cases], page.next, page.is_cut) == ([], 11_001, True)
        page = queries.cases(session, CLERK, field=oldest, limit=3, after=page.next)
        assert ([each.id for each in page.cases], page.is_cut) == ([3000, 2999, 2998], False)


def explained(session: Session, statement: str, given: dict[str, object]) -> str:
    return "\n".join(row[0] for row in session.execute(text(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}"), given))
