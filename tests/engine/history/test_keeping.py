"""The history is kept: numbered and signed now and then, by whoever has the key; what somebody changed is told and stops nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.database.session import Database
from engine.history import checkpoints, keeping, order, signing
from engine.history.keeping import Keeping
from engine.history.signing import KeyUnusable
from tests.engine.history.conftest import NOW, MakeCase
from tests.engine.history.whole import Told, publish

NOTE = "(kind, chain, first, last, at, actor, types)"


@pytest.fixture
def where(tmp_path: Path) -> Keeping:
    return Keeping(key_file=tmp_path / "key", folder=tmp_path / "points", minutes=60)


def numbers(database: Database) -> list[int]:
    with database.reading() as session:
        return [each.number for each in checkpoints.newest(session)]


def test_a_checkpoint_when_it_is_due(database: Database, make_case: MakeCase, where: Keeping) -> None:
    signing.ensure_key(where.key_file)
    make_case(3)
    keeping.sign_if_due(database, where, NOW)
    publish(database, "parcel")
    keeping.sign_if_due(database, where, NOW + timedelta(minutes=59))
    assert numbers(database) == [1]
    keeping.sign_if_due(database, where, NOW + timedelta(minutes=60))
    assert numbers(database) == [2, 1]
    keeping.sign_if_due(database, where, NOW + timedelta(days=1))
    assert numbers(database) == [2, 1], "nothing is new"
    assert len(list(where.folder.iterdir())) == 2


def test_without_a_key_nothing_is_signed_and_work_goes_on(
    database: Database, make_case: MakeCase, where: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_log", told := Told())
    make_case(3)
    keeping.sign_if_due(database, where, NOW)
    assert told == ["history_not_signed"]
    assert numbers(database) == []
    with pytest.raises(KeyUnusable, match="history_key_missing"):
        keeping.sign(database, where, NOW)
    with database.reading() as session:
        assert order.last_number(session) == 0
    keeping.number_all(database)
    with database.reading() as session:
        assert order.last_number(session) == 3


def test_a_history_that_contradicts_itself_is_told_and_stops_nothing(
    database: Database, make_case: MakeCase, where: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_log", told := Told())
    signing.ensure_key(where.key_file)
    case = make_case(3)
    keeping.number_all(database)
    with database.transaction() as session:
        session.execute(
            text(f"INSERT INTO engine.history_pending {NOTE} VALUES ('case', '7', 1, 2, :now, 'x', 'y')"), {"now": NOW}
        )
        session.execute(
            text(f"INSERT INTO engine.history_pending {NOTE} VALUES ('case', :case, 1, 3, :now, 'x', 'y')"),
            {"case": str(case), "now": NOW},
        )
    keeping.number_all(database)
    keeping.sign_if_due(database, where, NOW)
    assert set(told) == {"history_not_numbered"}
    assert numbers(database) == [1], "what was numbered before is signed"


def test_parts_of_a_long_past(
    database: Database, make_case: MakeCase, where: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "MOST_EVENTS", 8)
    signing.ensure_key(where.key_file)
    for count in (5, 4, 7, 2, 20):
        make_case(count)
    made = keeping.sign(database, where, NOW)
    with database.reading() as session:
        assert made[-1].size == order.last_number(session) == 38
    assert len(made) > 2
