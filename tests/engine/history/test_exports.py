"""Exports for process mining say what the database says: read back by readers that know the standards and nothing of ours."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import jsonschema
import pytest
from sqlalchemy import text

from engine.database.session import Database
from engine.history import cases_export, ocel, store, xes
from engine.history.cases_export import Chosen
from tests.engine.history.conftest import NOW, MakeCase
from tests.engine.history.readers import OCEL, read_ocel, read_xes

HOSTILE = "« é » \x01\ud83d <b>&\"'\n]]> \U0001f4e6".encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@pytest.fixture
def cases(database: Database, make_case: MakeCase) -> list[int]:
    """Three cases, one with everything that a record may hold, and one of another period."""
    made = [make_case(5), make_case(0), make_case(9)]
    with database.transaction() as session:
        row = session.execute(
            text("SELECT chain_sequence, chain_hash FROM engine.instance WHERE id = :id"), {"id": made[0]}
        ).one()
        head = store.ChainHead(sequence=row.chain_sequence, hash=bytes(row.chain_hash))
        head = store.append(
            session,
            made[0],
            head,
            NOW + timedelta(hours=1),
            "zoé",
            [
                {"type": "scope:opened", "scope": "s1", "parent": None},
                {"type": "element:entered", "activity": "a1", "element": "ask", "scope": "s1"},
                *(
                    {
                        "type": "variable:written",
                        "scope": "s1",
                        "name": "x",
                        "value": each,
                        "previous": None,
                        "is_new": True,
                    }
                    for each in (Decimal("10.50"), 7, 10**30, True, None, HOSTILE, [1, {"a": NOW}], NOW, NOW.date())
                ),
                {"type": "task:completed", "activity": "a1", "element": "ask", "actor": "zoé", "variables": {}},
            ],
        )
        session.execute(
            text("UPDATE engine.instance SET chain_sequence = :sequence, chain_hash = :hash WHERE id = :id"),
            {"sequence": head.sequence, "hash": head.hash, "id": made[0]},
        )
        session.execute(
            text("UPDATE engine.instance SET started_at = :then WHERE id = :id"),
            {"then": NOW + timedelta(days=40), "id": made[2]},
        )
    return made


def title_of(version_hash: str, element: str) -> str:
    return f"Titre de {element} <{version_hash[:6]}>"


def exported(database: Database, chosen: Chosen) -> tuple[str, bytes, int]:
    with database.reading() as session:
        count = cases_export.count(session, chosen)
        return (
            "".join(ocel.lines(session, chosen, title_of)),
            "".join(xes.lines(session, chosen, title_of)).encode(),
            count,
        )


def stored(database: Database, *cases: int) -> tuple[dict[str, int], Counter[str], Counter[str]]:
    with database.reading() as session:
        rows = session.execute(
            text("SELECT instance_id, type, actor FROM engine.event WHERE instance_id = ANY(:cases)"),
            {"cases": list(cases)},
        ).all()
    by_case = Counter(str(each.instance_id) for each in rows)
    return dict(by_case), Counter(each.type for each in rows), Counter(each.actor for each in rows)


def test_both_have_every_event(database: Database, cases: list[int]) -> None:
    as_ocel, as_xes, count = exported(database, Chosen(process_key="approval"))
    jsonschema.Draft7Validator(OCEL, format_checker=jsonschema.FormatChecker()).validate(json.loads(as_ocel))
    for found in (read_ocel(as_ocel), read_xes(as_xes)):
        assert (found.cases, found.types, found.actors) == stored(database, *cases)
        assert found.events == count == 5 + 9 + 12


def test_a_period_and_another_process(database: Database, cases: list[int]) -> None:
    for chosen, expected in (
        (Chosen(process_key="approval", before=NOW + timedelta(days=30)), cases[:1]),
        (Chosen(process_key="approval", since=NOW + timedelta(days=30)), cases[2:]),
        (Chosen(process_key="approval", since=NOW, before=NOW), []),
        (Chosen(process_key="other"), []),
    ):
        as_ocel, as_xes, count = exported(database, chosen)
        for found in (read_ocel(as_ocel), read_xes(as_xes)):
            assert found.cases == stored(database, *expected)[0]
            assert found.events == count


def test_values_of_variables_with_their_moments(database: Database, cases: list[int]) -> None:
    as_ocel, as_xes, _ = exported(database, Chosen(process_key="approval"))
    log = json.loads(as_ocel)
    case = next(each for each in log["objects"] if each["id"] == f"case:{cases[0]}")
    values = [each["value"] for each in case["attributes"] if each["name"] == "variable:x"]
    assert values[:6] == ["10.50", "7", str(10**30), "true", "", HOSTILE]
    activity = next(each for each in log["objects"] if each["type"] == "activity")
    assert activity["attributes"][1]["value"].startswith("Titre de ask <")
    assert activity["relationships"] == [{"objectId": f"case:{cases[0]}", "qualifier": "part of"}]
    assert "\ufffd" in as_xes.decode()
    assert "&#10;]]&gt;" in as_xes.decode()


@pytest.mark.parametrize("change", ["relationships", "type", "id"])
def test_the_reader_refuses_what_is_wrong(database: Database, cases: list[int], change: str) -> None:
    log = json.loads(exported(database, Chosen(process_key="approval"))[0])
    if change == "relationships":
        log["events"][3]["relationships"][0]["objectId"] = "case:0"
    elif change == "type":
        log["eventTypes"].pop()
    else:
        log["events"][1]["id"] = log["events"][0]["id"]
    with pytest.raises((ValueError, KeyError)):
        read_ocel(json.dumps(log))


def test_memory_does_not_grow_with_a_case(
    database: Database, make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches smaller than a case, several cases in one: nothing is lost between them."""
    for count in (7, 3, 12):
        make_case(count)
    for size in (1, 4, 1000):
        monkeypatch.setattr(cases_export, "_BATCH", size)
        as_ocel, as_xes, _ = exported(database, Chosen(process_key="approval"))
        assert sorted(read_ocel(as_ocel).cases.values()) == [3, 7, 12]
        assert sorted(read_xes(as_xes).cases.values()) == [3, 7, 12]
