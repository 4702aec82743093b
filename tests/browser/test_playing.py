"""The examination in the editors, under the strict policy and without the application (``frontend/harness.py``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.frontend.harness import Harness
from tests.browser.test_accessibility import RULES, described
from tests.browser.test_frontend import PANEL, shape, watermark_is_free

EXPECTED_STATUS = "Failed to load resource: the server responded with a status of 4"
# The canvas and the panel of bpmn-js have faults of their own, which are not ours to mend.
WITHOUT_BPMN_JS = [[".bde-canvas"], [".bde-properties"]]


@pytest.fixture
def harness() -> Iterator[Harness]:
    with Harness() as running:
        yield running


def examined(page: Page, harness: Harness, soundness: str, address: str = "/edit") -> Page:
    """The editor once the examination is over, which asked for nothing but a moment."""
    harness.soundness = soundness
    page.goto(harness.url + address)
    expect(panel(page)).to_have_attribute("data-state", "done")
    return page


def panel(page: Page) -> Locator:
    return page.get_by_role("region", name=re.compile("^Examen$|^Examination$"))


def player(page: Page) -> Locator:
    return page.get_by_role("region", name="Chemin rejoué")


def axe_finds(page: Page) -> list[str]:
    options: Any = RULES | {"exclude": WITHOUT_BPMN_JS}
    return [described(each) for each in Axe().run(page, options=options).response["violations"]]


def test_a_counterexample_is_played_by_keyboard_alone(harness: Harness, clean_page: Page) -> None:
    """After an examination that nobody asked for; and what is wrong is said before a note is typed."""
    page, harness.soundness, harness.ends = clean_page, "unsound", False
    page.goto(f"{harness.url}/edit")
    expect(panel(page).get_by_role("progressbar")).to_have_attribute("value", "3")
    expect(panel(page)).to_contain_text("Récit « Demande refusée »")
    harness.ends = True
    expect(panel(page).get_by_role("status")).to_contain_text("L’examen s’oppose à la publication")
    assert harness.sent("examination")["base_version"] == 3

    play = panel(page).get_by_role("button", name="Rejouer sur le diagramme : Demande d’approvisionnement")
    play.focus()
    page.keyboard.press("Enter")
    expect(player(page).get_by_role("button", name="Mettre en pause")).to_be_focused()
    page.keyboard.press("Space")
    expect(player(page)).to_have_attribute("data-state", "paused")
    page.keyboard.press("Home")
    expect(player(page).get_by_role("status").first).to_have_text("1 sur 7 : Article en rupture")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(player(page).get_by_role("status").first).to_have_text("3 sur 7 : Décider de la demande")
    expect(shape(page, "decide_request")).to_have_class(re.compile("bd-here"))
    expect(shape(page, "flow_submit_request")).to_have_class(re.compile("bd-passed"))
    expect(page.locator(".bde-token")).to_have_count(1)
    page.keyboard.press("End")
    expect(shape(page, "gateway_approval")).to_have_class(re.compile("bd-played-end"))
    expect(player(page)).to_contain_text("Un cas peut rester bloqué à « Accord nécessaire ? ».")
    assert axe_finds(page) == []
    page.keyboard.press("ArrowLeft")
    expect(shape(page, "gateway_approval")).not_to_have_class(re.compile("bd-"))
    page.keyboard.press("Escape")
    expect(player(page)).to_have_count(0)
    expect(play).to_be_focused()
    expect(page.locator(".bde-token, .bd-passed, .bd-here")).to_have_count(0)

    page.locator("[data-command=publish]").click()
    expect(page.locator(".bde-notice")).to_contain_text("L’examen s’oppose à la publication")
    expect(page.get_by_role("heading", name="Examen")).to_be_focused()
    expect(page.locator("dialog")).to_have_count(0)


@pytest.mark.long
@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_a_failed_story_plays_by_itself_until_the_diagram_is_changed(
    harness: Harness, clean_page: Page, motion: Any
) -> None:
    clean_page.emulate_media(reduced_motion=motion)
    page = examined(clean_page, harness, "failed_story")
    panel(page).get_by_role("button", name=re.compile("Le chemin attendu passe par")).click()
    expect(shape(page, "decide_request")).to_have_class(re.compile("selected"))
    panel(page).get_by_role("button", name="Rejouer sur le diagramme : Demande refusée").click()
    places = set()
    while player(page).get_attribute("data-state") == "playing":
        places.add(page.locator(".bde-token").get_attribute("transform"))
        page.wait_for_timeout(50)
    assert (len(places) > 10) == (motion == "no-preference")
    expect(player(page)).to_contain_text("5 sur 5 : Calculer le montant")
    page.locator('.djs-context-pad .entry[data-action="delete"]').click()
    expect(player(page)).to_have_count(0)
    expect(panel(page)).to_have_attribute("data-state", "stale")


def test_a_story_is_changed_at_the_line_that_is_wrong(harness: Harness, clean_page: Page) -> None:
    page = examined(clean_page, harness, "failed_story")
    edit = panel(page).get_by_role("button", name="Modifier le récit : Demande refusée")
    edit.click()
    text = page.get_by_role("textbox", name="stories/refused.yaml")
    expect(text).to_be_focused()
    assert axe_finds(page) == []
    page.keyboard.type("process: other")
    page.get_by_role("button", name="Appliquer").click()
    expect(page.locator("#editor")).to_have_attribute("data-state", "changed")
    harness.soundness = "not_decided"
    expect(panel(page).get_by_role("status")).to_contain_text("À publier avec une raison")
    expect(panel(page).get_by_role("heading", name="Examen")).to_be_focused()
    page.locator("[data-command=save]").click()
    expect(page.locator("#editor")).to_have_attribute("data-state", "saved")
    changed = harness.sent("draft")["files"]["stories/refused.yaml"]
    assert changed == "title: Demande refusée\nprocess: other\nsteps: []\n"


def test_what_the_second_engine_does_otherwise_is_shown_on_the_diagram(harness: Harness, clean_page: Page) -> None:
    page = examined(clean_page, harness, "unexplained")
    expect(panel(page)).to_contain_text("SpiffWorkflow suit le même chemin dans 1 récit sur 2")
    panel(page).locator('[data-kind="unexplained"]').get_by_role("button", name="Relancer les achats").click()
    expect(shape(page, "remind_buyers")).to_have_class(re.compile("selected"))


def test_coverage_is_painted_and_listed(harness: Harness, clean_page: Page) -> None:
    """Until errors come first."""
    page = examined(clean_page, harness, "sound")
    expect(panel(page)).to_contain_text("2 récits parcourent 97 %")
    paint = panel(page).get_by_role("button", name="Montrer la couverture")
    paint.click()
    expect(paint).to_have_attribute("aria-pressed", "true")
    expect(shape(page, "decide_request")).to_have_class(re.compile("bd-visited"))
    expect(shape(page, "flow_decision_late")).to_have_class(re.compile("bd-missed"))
    expect(page.locator(".bde-times").filter(has_text="parcouru 0 fois")).to_have_count(2)
    expect(page.locator(".bde-legend")).to_be_visible()
    assert watermark_is_free(page)
    panel(page).get_by_text("3 endroits jamais atteints").click()
    panel(page).get_by_role("button", name="Relancer les achats", exact=True).click()
    expect(shape(page, "remind_buyers")).to_have_class(re.compile("selected"))
    paint.click()
    expect(page.locator(".bd-visited, .bd-missed, .bde-times")).to_have_count(0)
    expect(page.locator(".bde-legend")).to_be_hidden()

    page.locator(".bio-properties-panel-group-header-title").filter(has_text="Général").click()
    page.locator(f"{PANEL}name").fill("no.such.handler")
    expect(panel(page)).to_have_attribute("data-state", "stale")
    expect(panel(page)).to_have_attribute("data-state", "blocked")
    expect(panel(page).get_by_role("status")).to_contain_text("que les erreurs soient corrigées")
    page.locator(f"{PANEL}name").fill("Relancer")
    expect(panel(page)).to_have_attribute("data-state", "done")


@pytest.mark.long
def test_rows_that_no_story_reaches_are_marked(harness: Harness, clean_page: Page) -> None:
    page = examined(clean_page, harness, "sound", "/replenishment/decisions/approval.dmn")
    expect(panel(page).get_by_role("button", name=re.compile("^Rejouer"))).to_have_count(0)
    panel(page).get_by_role("button", name="Montrer la couverture").click()
    expect(page.locator('td.rule-index[data-times="0×"]')).to_have_text("2")
    expect(page.locator('td.rule-index[data-times="2×"]')).to_have_text("1")
    panel(page).get_by_text("1 endroit jamais atteint").click()
    panel(page).get_by_role("button", name="Accord nécessaire ? · ligne 2").click()
    expect(page.locator("td [contenteditable]:focus")).to_have_count(1)
    assert axe_finds(page) == []


def publish(page: Page, note: str) -> None:
    page.locator("[data-command=publish]").click()
    page.locator("#bde-note").fill(note)
    page.locator(".bde-publish [type=submit]").click()


def test_what_is_not_decided_needs_a_reason(harness: Harness, clean_page: Page) -> None:
    page = examined(clean_page, harness, "not_decided")
    expect(panel(page)).to_contain_text('decision = "launch" est vrai')
    publish(page, "Une relecture de plus")
    expect(page.get_by_role("dialog")).to_contain_text("Non décidé : un cas pourrait rester bloqué")
    expect(page.get_by_role("alert").last).to_have_text("Donnez la raison de publier malgré cela.")
    assert axe_finds(page) == []
    page.get_by_label("Votre raison").fill("Le montant est toujours connu.")
    page.locator(".bde-publish [type=submit]").click()
    page.wait_for_url("**/case")
    assert harness.sent("publish")["reason"] == "Le montant est toujours connu."


def test_publishing_waits_for_the_examination_unless_the_dialog_is_closed(
    harness: Harness, clean_page: Page, complaints: Any
) -> None:
    """What was typed is kept."""
    complaints.allowed.append(EXPECTED_STATUS)
    page, harness.ends = clean_page, False
    page.goto(f"{harness.url}/edit")
    expect(page.locator("#editor")).to_have_attribute("data-checked", "1")
    publish(page, "early")
    expect(page.get_by_role("dialog").get_by_role("progressbar")).to_be_visible()
    page.keyboard.press("Escape")
    harness.ends = True
    expect(panel(page)).to_have_attribute("data-state", "done")
    assert [each["to"] for each in harness.posted].count("publish") == 0
    page.locator("[data-command=publish]").click()
    expect(page.locator("#bde-note")).to_have_value("early")
    page.locator(".bde-publish [type=submit]").click()
    page.wait_for_url("**/case")
    assert [each["to"] for each in harness.posted].count("publish") == 2


@pytest.mark.long
def test_nobody_asks_for_a_page_that_is_hidden(harness: Harness, clean_page: Page) -> None:
    page = clean_page
    page.add_init_script(
        "let hidden = true; Object.defineProperty(document, 'hidden', {get: () => hidden});"
        "globalThis.showAgain = () => { hidden = false; document.dispatchEvent(new Event('visibilitychange')); };"
    )
    page.goto(f"{harness.url}/edit")
    expect(panel(page)).to_have_attribute("data-state", "running")
    page.wait_for_timeout(1500)
    assert harness.looks == 0
    page.evaluate("showAgain()")
    expect(panel(page)).to_have_attribute("data-state", "done")
