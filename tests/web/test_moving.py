"""Operators move running cases to another version in the browser: what stands for what, a rehearsal, the move, the way back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.handler import SYSTEM
from engine.settings import CHECKOUT
from engine.worker import run_pending
from handlers.table import HANDLERS
from tests.publishing import publish_unexamined
from tests.web.conftest import Browser, Office

MOVE = "/processes/replenishment/move"


@pytest.fixture(scope="module")
def case(office: Office) -> int:
    """A case that waits for purchasing in the first version; the second one has renamed that step and gives it to the manager."""
    made = office.start()
    folder = Path(CHECKOUT) / "processes" / "replenishment"
    files = {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}
    drawn = files["replenishment.yaml"].replace(b"decide_request", b"examine_request")
    before, step, after = drawn.partition(b"ask: examine_request")
    files["replenishment.yaml"] = before + step + after.replace(b"who: purchasing_admin", b"who: purchasing_manager", 1)
    files["process.yaml"] = files["process.yaml"].replace(b"decide_request", b"examine_request")
    stories = {
        name: content.replace(b"decide_request", b"examine_request")
        for name, content in files.items()
        if "stories" in name
    }
    publish_unexamined(office.runtime.database, SYSTEM, files | stories, HANDLERS)
    return made


def address(page: str, of: str) -> str:
    found = re.search(rf'action="([^"]*/{of})"', page)
    assert found is not None, page
    return found[1]


def version(office: Office, case: int) -> tuple[int, str]:
    with office.runtime.database.reading() as session:
        row = session.execute(
            text("""
            SELECT number, task.role FROM engine.instance JOIN engine.definition_version version ON version.id = version_id
            JOIN engine.task ON task.instance_id = instance.id AND is_open WHERE instance.id = :case
            """),
            {"case": case},
        ).one()
    return row.number, row.role


def rehearsed(olivia: Browser) -> str:
    """The page of a rehearsal with the renamed step's counterpart, when it is done."""
    olivia.get(f"{MOVE}?from=1&to=2")
    given = {"from": "1", "to": "2", "map-decide_request": "examine_request"}
    answer = olivia.post(MOVE, given)
    assert answer.status_code == 303
    return answer.location


def test_the_page_of_the_process_leads_there_for_operators_alone(office: Office, case: int) -> None:
    seen = office.as_("olivia").get("/processes/replenishment").text
    assert "1 dossier encore sur la version 1" in seen
    assert "encore sur la version" not in office.as_("camille").get("/processes/replenishment").text
    camille = office.as_("camille")
    assert camille.get(MOVE).status_code == 403
    assert camille.post(MOVE, {"from": "1", "to": "2"}).status_code == 403
    assert camille.post("/processes/replenishment/moves/1/start").status_code == 403
    assert camille.post("/processes/replenishment/moves/1/undo").status_code == 403


def test_a_case_without_counterpart_stays_and_says_why(office: Office, case: int) -> None:
    olivia = office.as_("olivia")
    page = olivia.get(f"{MOVE}?from=1&to=2").text
    assert "1 dossier y attend" in page
    assert 'name="map-decide_request"' in page
    answer = olivia.post(MOVE, {"from": "1", "to": "2"})
    run_pending(office.runtime)
    seen = olivia.get(answer.location).text
    assert "n’a pas de correspondant" in seen
    assert "/start" not in seen or "Passer à la nouvelle version" not in seen
    assert version(office, case) == (1, "purchasing_admin")


def test_a_case_is_rehearsed_moved_and_put_back(office: Office, case: int) -> None:
    olivia = office.as_("olivia")
    rehearsal = rehearsed(olivia)
    assert "hx-trigger" in olivia.get(rehearsal).text
    run_pending(office.runtime)
    seen = olivia.get(rehearsal).text
    assert "Responsable des achats" in seen
    assert version(office, case) == (1, "purchasing_admin")
    start = address(seen, "start")
    assert olivia.post(start, {"which": "chosen", "reason": "Nouvelle règle"}).status_code == 422
    for reason, sentence in ((" ", "Dites pourquoi"), ("x" * 501, "La raison dépasse 500 caractères")):
        refused = olivia.post(start, {"which": "chosen", "case": str(case), "reason": reason})
        assert refused.status_code == 422
        assert f'<p class="invalid-feedback d-block">{sentence}' in refused.text
        assert f'name="case" value="{case}" checked' in refused.text
        assert 'value="chosen" checked' in refused.text
        assert f'value="{reason}"' in refused.text
    move = olivia.post(start, {"which": "chosen", "case": str(case), "reason": "Nouvelle <règle>"}).location
    run_pending(office.runtime)
    moved = olivia.get(move).text
    assert "Nouvelle &lt;règle&gt;" in moved
    assert version(office, case) == (2, "purchasing_manager")
    assert "passé de la version 1 à la version 2" in olivia.get(f"/cases/{case}").text
    assert "Passage de la version 1 à la version 2" in olivia.get("/processes/replenishment").text
    refused = olivia.post(address(moved, "undo"), {"which": "all", "reason": " "})
    assert refused.status_code == 422
    assert '<p class="invalid-feedback d-block">Dites pourquoi' in refused.text
    back = olivia.post(address(moved, "undo"), {"which": "all", "reason": "Trop tôt"})
    run_pending(office.runtime)
    returned = olivia.get(back.location).text
    assert "Revenu" in returned
    assert "1 correspondance choisie" in returned
    assert "<li>decide_request →" not in returned
    assert version(office, case) == (1, "purchasing_admin")
    assert "revenu de la version 2 à la version 1" in olivia.get(f"/cases/{case}").text
    for login in ("gabriel", "aurelien"):
        assert office.as_(login).get(f"/cases/{case}").status_code == 200


def test_nonsense_is_answered_in_words(office: Office, case: int) -> None:
    olivia = office.as_("olivia")
    for given in (
        {"from": "1", "to": "1"},
        {"from": "1", "to": "2", "map-decide_request": "no<where"},
        {"from": "1", "to": "2", "map-nobody": "examine_request"},
    ):
        olivia.get(MOVE)
        answer = olivia.post(MOVE, given)
        assert answer.status_code == 422
        assert "no<where" not in answer.text
    assert olivia.post(MOVE, {"from": "1", "to": "9"}).status_code == 404
    assert olivia.get(f"{MOVE}?from=x&to=99").status_code == 404
    assert olivia.get("/processes/nothing/move").status_code == 404
    assert olivia.get("/processes/replenishment/moves/9999").status_code == 404
