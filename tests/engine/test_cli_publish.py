"""``bordereau publish``: a folder, by a person, through the same gate as in the editor."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from engine import cli
from engine.database.session import Database
from engine.definitions import drafts, store
from engine.history.verification import verify_all
from engine.identity.people import find_actor
from engine.settings import CHECKOUT
from handlers.demonstration.seed import seed
from tests import replenishment

REPLENISHMENT = CHECKOUT / "processes" / "replenishment"
CHEAP = "<bpmn:conditionExpression>= not(approval_required) and amount &lt; 1000000</bpmn:conditionExpression>"
TO_JOIN = 'sourceRef="gateway_approval" targetRef="gateway_approval_join"'
UNDECIDED = (
    (' default="flow_gateway_approval_2"', ""),
    (f"{TO_JOIN}/>", f"{TO_JOIN}>{CHEAP}</bpmn:sequenceFlow>"),
)


@pytest.fixture
def house(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The demonstration's people, without a process."""
    seed(database)
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("DATABASE_URL", database_url)
    return database


@pytest.fixture
def undecided(tmp_path: Path) -> Path:
    """The process, with a gateway of which nothing makes sure that a condition holds."""
    folder = replenishment.drawn_folder(tmp_path)
    drawn = (folder / "replenishment.bpmn").read_text(encoding="utf-8")
    for old, new in UNDECIDED:
        assert old in drawn
        drawn = drawn.replace(old, new)
    (folder / "replenishment.bpmn").write_text(drawn, encoding="utf-8")
    return folder


def test_a_person_publishes_with_a_reason(house: Database, undecided: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["publish", str(undecided), "--by", "olivia"]) == 1
    assert "gateway_approval" in capsys.readouterr().err
    assert cli.run(["publish", str(undecided), "--by", "olivia", "--reason", "Never so much.", "--note", "first"]) == 0
    said = capsys.readouterr().out
    assert "“replenishment” is in force in its version 1" in said
    assert "Replenishment request: Not decided" in said
    with house.reading() as session:
        version = store.latest(session, "replenishment")
        assert verify_all(session).is_whole
    assert version is not None
    assert (version.published_by, version.note, version.reason) == ("olivia", "first", "Never so much.")


def test_who_may_not_and_what_is_not_there(house: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["publish", str(REPLENISHMENT), "--by", "gabriel"]) == 1
    assert "Only process owners" in capsys.readouterr().err
    assert cli.run(["publish", str(REPLENISHMENT), "--by", "nobody"]) == 2
    assert "“nobody”" in capsys.readouterr().err
    assert cli.run(["publish", str(REPLENISHMENT.parent), "--by", "olivia"]) == 2
    with house.reading() as session:
        assert session.execute(text("SELECT count(*) FROM engine.definition_version")).scalar_one() == 0


def test_a_draft_that_waits_is_not_thrown_away(house: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["publish", str(REPLENISHMENT), "--by", "olivia"]) == 0
    with house.reading() as session:
        olivia = find_actor(session, "olivia")
    assert olivia is not None
    drafts.save(house, olivia, "replenishment", {"a.bpmn": b""}, 1, 0)
    assert cli.run(["publish", str(REPLENISHMENT), "--by", "olivia"]) == 1
    with house.reading() as session:
        assert drafts.find(session, "replenishment") is not None
