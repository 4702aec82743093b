"""What pages say of a case that calls another one, and of the called one: the way to and fro, whom they wait for, what stopped."""

from __future__ import annotations

import re
from html import unescape

import pytest

from engine.handler import SYSTEM
from engine.instances import commands, operators
from engine.worker import run_pending
from handlers.table import HANDLERS
from tests.engine.instances.drawing import drawing, el, extensions, plain, process, user
from tests.publishing import publish_unexamined
from tests.web.conftest import Office
from tests.web.test_pages import UNTRANSLATED

DESCRIBED = (
    b"key: fair\ntitle: {fr: Salon, en: Fair}\nprocess: fair\nstart: {roles: [purchasing_admin]}\n"
    b"names: {stand: {en: Build the stand}, builders: {en: Builders}}\n"
)


def called() -> dict[str, bytes]:
    calls = extensions('<zeebe:calledElement processId="builders" propagateAllParentVariables="false" />')
    outside = drawing(
        plain("fair", el("callActivity", "stand", calls, name="Monter le stand"), flows="start -> stand -> end")
    )
    inside = drawing(
        process(
            "builders",
            el("startEvent", "begin"),
            user("plan", role="purchasing_manager"),
            el("endEvent", "built"),
            flows="begin -> plan -> built",
        ).replace('<bpmn:process id="builders"', '<bpmn:process id="builders" name="Monteurs"')
    )
    return {"process.yaml": DESCRIBED, "fair.bpmn": outside, "builders.bpmn": inside}


@pytest.fixture(scope="module")
def pair(office: Office) -> tuple[int, int]:
    """A caller and what it called."""
    publish_unexamined(office.runtime.database, SYSTEM, called(), HANDLERS)
    case = commands.start_instance(office.runtime, office.actor("gabriel"), "fair").instance_id
    run_pending(office.runtime)
    return case, case + 1


def page(office: Office, login: str, address: str, language: str = "fr") -> str:
    browser = office.as_(login)
    browser.client.set_cookie("bordereau-language", language)
    found = unescape(browser.get(address).text).replace("\u00a0", " ")
    browser.client.delete_cookie("bordereau-language")
    assert not UNTRANSLATED.search(found)
    return found


def test_the_caller_waits_for_the_called_case_and_leads_to_it(office: Office, pair: tuple[int, int]) -> None:
    case, child = pair
    french, english = (page(office, "gabriel", f"/cases/{case}", each) for each in ("fr", "en"))
    assert f'<a href="/cases/{child}">Monter le stand · n° {child}</a>' in french
    assert f'<a href="/cases/{child}">Build the stand · n° {child}</a>' in english
    assert "De la fin du dossier appelé par « Monter le stand »." in french
    assert "For the case that “Build the stand” called to end." in english
    assert f"« Monter le stand » appelle le dossier n° {child}" in french


def test_the_called_case_tells_who_called_it_and_shows_its_own_diagram(office: Office, pair: tuple[int, int]) -> None:
    case, child = pair
    french, english = (page(office, "gabriel", f"/cases/{child}", each) for each in ("fr", "en"))
    assert f'Appelé par l’étape « Monter le stand » : <a href="/cases/{case}">dossier n° {case}</a>' in french
    assert f'Called by the step “Build the stand”: <a href="/cases/{case}">case n° {case}</a>' in english
    assert f"Appelé par le dossier n° {case}" in french.split('id="timeline"')[1]
    assert "Salon · Monteurs" in french
    assert "Fair · Builders" in english
    assert 'id="builders"' in office.as_("gabriel").get(f"/cases/{child}/diagram.bpmn").text
    assert 'id="fair"' in office.as_("gabriel").get(f"/cases/{case}/diagram.bpmn").text


def test_who_may_not_see_the_cases_sees_neither(office: Office, pair: tuple[int, int]) -> None:
    for each in pair:
        assert office.as_("camille").get(f"/cases/{each}").status_code == 404


def test_what_ends_the_called_case_stands_at_the_caller(office: Office, pair: tuple[int, int]) -> None:
    case, child = pair
    operators.operate(office.runtime, office.actor("admin"), "cancel", child, "tried")
    run_pending(office.runtime)
    assert f"Le dossier appelé n° {child} a été annulé. « Réessayer » en commence un autre." in page(
        office, "gabriel", f"/cases/{case}"
    )
    operators.operate(office.runtime, office.actor("admin"), "cancel", case, "tried")
    run_pending(office.runtime)


def test_a_withdrawn_case_says_in_words_why_it_ended(office: Office) -> None:
    case = commands.start_instance(office.runtime, office.actor("gabriel"), "fair").instance_id
    run_pending(office.runtime)
    operators.operate(office.runtime, office.actor("admin"), "cancel", case, "tried")
    run_pending(office.runtime)
    found = page(office, "admin", f"/cases/{case + 1}")
    assert "le dossier qui l’appelait n’en a plus besoin" in found
    assert "call:withdrawn" not in found


ALONE = """
process: alone
title: {fr: Seul, en: Alone}
roles:
  purchasing_admin: {fr: Achats, en: Purchasing}
  purchasing_manager: {fr: Responsable, en: Manager}
start: {id: begun, title: {fr: Début, en: Start}, who: purchasing_admin}
steps:
  - at the same time: several
    parts:
      - title: {fr: Colis, en: Parcel}
        steps:
          - receive: parcel
            title: {fr: Attendre le colis, en: Await the parcel}
            message: parcel
            key: '"K7"'
            meanwhile:
              - {id: late, title: {fr: Tard, en: Late}, after: 3 days, then: [{end this branch: told, title: {fr: Dit, en: Told}}]}
      - title: {fr: Cloche, en: Bell}
        steps: [{wait: bell, title: {fr: Attendre la cloche, en: Await the bell}, signal: bell}]
      - title: {fr: Jour, en: Day}
        steps: [{wait: day, title: {fr: Attendre le jour, en: Await the day}, for: 2 days}]
      - title: {fr: Condition, en: Condition}
        steps: [{wait: dry, title: {fr: Attendre le sec, en: Await dryness}, condition: dry = true}]
"""


@pytest.mark.usefixtures("pair")
def test_what_repairs_a_case_speaks_of_the_called_one(office: Office) -> None:
    case = commands.start_instance(office.runtime, office.actor("gabriel"), "fair").instance_id
    run_pending(office.runtime)
    overview = page(office, "olivia", f"/cases/{case}/repair")
    assert "Processus appelé" in overview
    assert "un dossier appelé" in overview
    (place,) = re.findall(r'href="([^"]*/repair/place[^"]*)"', overview)
    (skip,) = re.findall(r'href="([^"]*act=skip[^"]*)"', page(office, "olivia", place))
    seen = page(office, "olivia", skip)
    assert "Le dossier appelé par « Monter le stand » est annulé." in seen
    hidden = dict(re.findall(r'type="hidden" name="(act|at|to|revision)" value="([^"]*)"', seen))
    assert office.as_("olivia").post(f"/cases/{case}/repair", hidden | {"reason": "Salon reporté"}).status_code == 303
    told = page(office, "olivia", f"/cases/{case}").split('id="timeline"')[1]
    assert told.count("« Monter le stand » interrompu") == 1
    assert "n’est plus attendu" not in told  # said already
    assert "Le résultat de « Monter le stand » n’est plus attendu" in page(
        office, "olivia", f"/cases/{case}?detail=all"
    )


def test_a_case_without_a_task_says_what_it_waits_for(office: Office) -> None:
    described = "key: alone\ntitle: {fr: Seul, en: Alone}\nprocess: alone\nstart: {roles: [purchasing_admin]}\n"
    files = {"process.yaml": described.encode(), "alone.yaml": ALONE.encode()}
    publish_unexamined(office.runtime.database, SYSTEM, files, HANDLERS)
    case = commands.start_instance(office.runtime, office.actor("gabriel"), "alone").instance_id
    seen = page(office, "olivia", f"/cases/{case}")
    assert "le message « parcel », clé « K7 »" in seen
    assert "le signal « bell »" in seen
    assert "Attendre le jour" in seen
    assert re.search(r"jusqu’au \d+ \w+\.? 20\d\d", seen)
    assert "que sa condition soit remplie" in seen
    awaiting = seen.split('class="bd-waiting"')[1].split("</ul>")[0]
    assert "Tard" not in awaiting  # nobody waits for what may happen meanwhile
    assert awaiting.count("<li>") == 4
    assert "K7" not in page(office, "gabriel", f"/cases/{case}").split('class="bd-waiting"')[1].split("</ul>")[0]
    assert "the message “parcel”" in page(office, "gabriel", f"/cases/{case}", "en")
