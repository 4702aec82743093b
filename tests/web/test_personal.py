"""The administrator's pages on personal data and retention, and what other pages then show."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import text

from engine import clock, records
from engine.identity.people import add_person
from engine.instances import retention
from engine.instances.erasing import ErasePersonal, erase_personal
from engine.worker import run_pending
from tests.web.conftest import Office


@pytest.fixture(scope="module", autouse=True)
def _second_administrator(office: Office) -> None:
    with office.runtime.database.transaction() as session:
        add_person(session, login="adele", name="Adèle", email="", password=None, roles=("admin",), locale="en")
        known = "UPDATE engine.person SET password_hash = known.password_hash FROM engine.person known"
        session.execute(text(f"{known} WHERE known.login = 'admin' AND person.login = 'adele'"))


def add(office: Office, login: str, name: str) -> None:
    admin = office.as_("admin")
    admin.get("/admin/people/new")
    typed = {"login": login, "name": name, "email": f"{login}@example.org", "locale": "fr"}
    assert admin.post("/admin/people/new", typed).status_code in {200, 303}
    assert admin.post(f"/admin/people/{login}/deactivate", {}).status_code == 303


def test_somebody_is_found_and_erased(office: Office) -> None:
    add(office, "zelie", "Zélie <b>Aubry</b>")
    admin = office.as_("admin")
    found = admin.get("/admin/personal?q=zelie+aubry")
    assert "/admin/personal/person/zelie" in found.text
    page = admin.get("/admin/personal/person/zelie").text
    assert "Zélie &lt;b&gt;Aubry&lt;/b&gt;" in page
    refused = admin.post("/admin/personal/person/zelie/erase", {"because": " "})
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.text
    assert admin.post("/admin/personal/person/zelie/erase", {"because": "demande par lettre"}).status_code == 303
    page = admin.get("/admin/personal/person/zelie").text
    assert "Aubry" not in page
    history = admin.get("/admin/people/zelie").text
    assert "par Anne Dumas : demande par lettre" in unescape(history).replace("\xa0", " ")
    assert "demande par lettre" in page
    assert "Effacer définitivement" not in page
    assert "Aubry" not in admin.get("/admin/people/zelie").text
    assert "Rien" in admin.get("/admin/personal?q=zelie+aubry").text
    assert admin.post("/admin/personal/person/zelie/erase", {"because": "encore"}).status_code == 422


def test_two_people_for_an_erasure(office: Office) -> None:
    add(office, "yves", "Yves Lenoir")
    admin = office.as_("admin")
    assert admin.post("/admin/personal", {"four_eyes": "1"}).status_code == 303
    assert admin.post("/admin/personal/person/yves/erase", {"because": "parti"}).status_code == 303
    page = admin.get("/admin/personal/person/yves").text
    assert "Lenoir" in page
    assert "/confirm" not in page
    assert admin.post("/admin/personal/person/yves/confirm").status_code == 403
    other = office.as_("adele")
    assert "/admin/personal/person/yves" in other.get("/admin/personal").text
    other.get("/admin/personal/person/yves")
    assert other.post("/admin/personal/person/yves/confirm").status_code == 303
    assert "Lenoir" not in other.get("/admin/personal/person/yves").text
    assert other.post("/admin/personal", {}).status_code == 303


def test_an_archived_case_opens_and_a_removed_one_says_so(office: Office) -> None:
    case = office.start(quantity="12")
    office.complete("gabriel", case, decision="refuse", reason="trop tard")
    run_pending(office.runtime)
    admin, camille = office.as_("admin"), office.as_("camille")
    before = camille.get(f"/cases/{case}").text
    wrong = admin.post("/admin/retention/recurring_invoicing", {"months": "12", "archive_days": "1"})
    assert wrong.status_code == 422
    assert "au moins 133 mois" in wrong.text
    assert admin.post("/admin/retention/replenishment", {"months": "x", "archive_days": ""}).status_code == 422
    assert admin.post("/admin/retention/replenishment", {"months": "133", "archive_days": "1"}).status_code == 303
    done = retention.clear_away(office.runtime.database, clock.now() + timedelta(days=2))
    assert done.archived == 1
    after = camille.get(f"/cases/{case}").text
    assert "dans l’archive" in after
    assert before.count("<tr") == after.count("<tr")
    retention.clear_away(office.runtime.database, clock.now() + timedelta(days=4100))
    gone = camille.get(f"/cases/{case}").text
    assert "La conservation de ce dossier est terminée" in gone
    assert office.as_("aurelien").get(f"/cases/{case}/history.zip").status_code == 200
    assert re.search(r"Retirés\s:\s1", admin.get("/admin/retention").text)


def test_a_case_is_called_what_people_call_it_and_shows_what_it_has_besides(office: Office) -> None:
    case = office.start(quantity="7")
    office.complete("gabriel", case, decision="refuse", reason="M. Aubry ne répond plus")
    office.as_("camille").post(f"/cases/{case}/comments", {"text": "Rappelé deux fois"})
    with office.runtime.database.reading() as session:
        asked = text("SELECT business_key FROM engine.instance WHERE id = :case")
        key = session.execute(asked, {"case": case}).scalar_one()
    page = office.as_("admin").get(f"/admin/personal/case/{case}").text
    assert f"<h1>Dossier {key}</h1>" in page
    assert "M. Aubry ne répond plus" in page
    assert ">reason<" not in page
    assert "<dt>Commentaires</dt><dd>1</dd>" in page
    found = office.as_("admin").get("/admin/personal?q=aubry").text
    assert re.search(rf">Dossier {key}</a></th>\s*<td data-label=\"[^\"]+\">Raison du refus[^<]*</td>", unescape(found))
    run_pending(office.runtime)
    refused = office.as_("admin").post(f"/admin/personal/case/{case}/erase", {"because": "demande"})
    assert refused.status_code == 422
    assert re.search(r"La loi fait garder le dossier \d+ jusqu’au \d+ [a-zéû]+\.? \d{4}\s:", unescape(refused.text))
    camille = office.as_("camille")
    assert "ont été effacées" not in unescape(camille.get(f"/cases/{case}").text)
    wanted, after = ErasePersonal(subject=f"case/{case}", because="demande"), clock.now() + timedelta(days=4100)
    records.execute(office.runtime.database, erase_personal, wanted, office.actor("admin"), now=after)
    page = unescape(camille.get(f"/cases/{case}").text)
    assert "Les données du dossier ont été effacées" in page
    assert "Ce processus ne montre aucune donnée" not in page
