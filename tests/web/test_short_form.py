"""A process in the short form on the pages: its diagram is shown, its cases run, and whoever edits the diagram goes on with one."""

from __future__ import annotations

import pytest

from engine.definitions import drafts, store
from engine.handler import SYSTEM
from engine.instances import commands
from engine.model.bpmn_reader import read_processes
from handlers.table import HANDLERS
from tests.publishing import publish_unexamined
from tests.web.conftest import Office
from tests.web.test_editors import page_data

ERRAND = {
    "process.yaml": (
        b"key: errand\ntitle: {fr: Course, en: Errand}\nprocess: errand # the short form\nstart: {roles: [sales_admin]}\n"
    ),
    "errand.yaml": b"""\
process: errand
title: {fr: Course, en: Errand}
roles: {sales_admin: {fr: Ventes, en: Sales}}
steps:
  - {ask: fetch, title: {fr: Aller chercher, en: Fetch}, who: sales_admin, due: 1 day}
""",
}
AT = "/processes/errand"


@pytest.fixture(scope="module")
def errand(office: Office) -> Office:
    publish_unexamined(office.runtime.database, SYSTEM, ERRAND, HANDLERS)
    return office


def test_the_pages_show_a_diagram_that_nobody_drew(errand: Office) -> None:
    case = commands.start_instance(errand.runtime, errand.actor("camille"), "errand", {}).instance_id
    browser = errand.as_("camille")
    for address in (f"/cases/{case}/diagram.bpmn", f"{AT}/versions/1.bpmn"):
        answer = browser.get(address)
        assert answer.status_code == 200
        (process,) = read_processes(answer.data, "errand.bpmn")
        assert process.nodes["fetch"].name == "Aller chercher"
        assert b"BPMNShape" in answer.data
    assert browser.get(f"/cases/{case}").status_code == browser.get(AT).status_code == 200
    errand.complete("camille", case)


def test_who_edits_the_diagram_makes_it_a_drawn_process(errand: Office) -> None:
    browser = errand.as_("olivia")
    page = browser.get(f"{AT}/edit").text
    assert "elle est écrite en texte" in page.lower()
    _, data = page_data(page, "editor")
    assert data["path"] == "errand.bpmn"
    drawn = data["bpmn"].replace("Aller chercher", "Rapporter")
    body = {"files": {"errand.bpmn": drawn}, "base_version": 1, "revision": 0, "note": "Dessinée"}
    checked = browser.post_json(f"{AT}/check", body).json or {}
    assert [each for each in checked["problems"] if each["severity"] == "error"] == []
    assert browser.post_json(f"{AT}/draft", body).json == {"revision": 1}
    with errand.runtime.database.reading() as session:
        draft = drafts.find(session, "errand")
    assert draft is not None
    assert sorted(draft.files) == ["errand.bpmn", "process.yaml"]
    assert errand.publish_by(browser, AT, body | {"revision": 1}).status_code == 200
    with errand.runtime.database.reading() as session:
        published = store.load_latest(session, "errand").bundle
    assert published.process.nodes["fetch"].name == "Rapporter"
    assert published.names["fetch"] == {"en": "Fetch"}
    assert b"# the short form" in published.files["process.yaml"]
    page = browser.get(AT).text
    assert "La forme change\u202f: texte (YAML) → diagramme (BPMN)" in page.replace("\xa0", "\u202f")
    assert "Forme\u202f: texte (YAML)" in page.replace("\xa0", "\u202f")
    assert "texte (YAML)" not in browser.get(f"{AT}/edit").text
