"""What an examination finds stands in the owner's way, or asks for a reason, as a person meets it: with the worker that examines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import replenishment
from tests.browser.running import Application
from tests.browser.test_frontend import select, shape
from tests.browser.test_owner_changes import EXAMINED_MS, examination, open_editor
from tests.browser.test_owner_decides import open_table, write

REASON = "Nous ne commandons jamais pour plus d’un million."
FLOW = 'sourceRef="gateway_approval" targetRef="gateway_approval_join"'
CHEAP = """<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">
    = not(approval_required) and amount &lt; 1000000</bpmn:conditionExpression>"""


def undecided(folder: Path) -> Path:
    """A diagram in which nothing makes sure that one of two conditions holds."""
    drawn = replenishment.diagram()
    changed = drawn.replace(' default="flow_gateway_approval_2"', "").replace(
        f"{FLOW}/>", f"{FLOW}>{CHEAP}</bpmn:sequenceFlow>"
    )
    assert len(changed) > len(drawn)
    path = folder / "undecided.bpmn"
    path.write_text(changed, "utf-8")
    return path


def await_examination(page: Page, sentence: str) -> None:
    """Until it says what stands against publishing, or nothing."""
    expect(examination(page).get_by_role("status")).to_contain_text(sentence, timeout=EXAMINED_MS)


def test_what_is_unsound_is_refused_and_what_is_undecided_needs_a_reason(
    application: Application, clean_page: Page, tmp_path: Path
) -> None:
    page = clean_page
    open_editor(page, application, "olivia")
    await_examination(page, "Rien ne s’oppose à la publication.")
    expect(examination(page)).to_contain_text("7 récits parcourent 100 %")
    page.get_by_role("button", name="Montrer la couverture").click()
    expect(shape(page, "asked")).to_have_class(re.compile("bd-visited"))
    expect(page.locator('[data-container-id="asked"] .bde-times')).to_contain_text("6×")
    page.get_by_role("button", name="Montrer la couverture").click()

    select(page, "gateway_approval_join")
    page.locator('.djs-context-pad .entry[data-action="replace"]').click()
    page.locator('.djs-popup .entry[data-id="replace-with-parallel-gateway"]').click()
    await_examination(page, "L’examen s’oppose à la publication")
    verdict = examination(page).locator('[data-kind="unsound"]')
    expect(verdict).to_contain_text("peut rester bloqué")
    expect(examination(page).locator('[data-kind="failed"]').first).to_be_visible()
    verdict.get_by_role("button", name="Rejouer").click()
    page.keyboard.press("End")
    expect(page.get_by_role("region", name="Chemin rejoué")).to_contain_text("peut rester bloqué")
    expect(page.locator(".bd-played-end")).to_have_count(1)
    expect(shape(page, "asked")).to_have_class(re.compile("bd-passed"))
    page.get_by_role("button", name="Publier…").click()
    expect(page.get_by_role("alert")).to_contain_text("L’examen s’oppose à la publication")
    expect(page.get_by_role("dialog")).to_have_count(0)

    with page.expect_file_chooser() as choosing:
        page.get_by_role("button", name="Ouvrir un fichier BPMN…").click()
    choosing.value.set_files(undecided(tmp_path))
    page.get_by_role("button", name="Remplacer").click()
    await_examination(page, "À publier avec une raison")
    expect(examination(page).locator('[data-kind="not_decided"]')).to_contain_text("amount < 1000000")
    page.get_by_role("button", name="Publier…").click()
    page.get_by_label("Ce qui change").fill("Un plafond pour les petites commandes.")
    page.get_by_role("button", name="Publier", exact=True).click()
    expect(page.get_by_role("alert").last).to_have_text("Donnez la raison de publier malgré cela.")
    page.get_by_label("Votre raison").fill(REASON)
    page.get_by_role("button", name="Publier", exact=True).click()
    page.wait_for_url(re.compile(r"/processes/replenishment$"))
    expect(page.get_by_text(REASON)).to_be_visible()


@pytest.mark.long
def test_a_table_that_no_story_agrees_with_is_refused(application: Application, clean_page: Page) -> None:
    page = clean_page
    open_table(page, application)
    await_examination(page, "Rien ne s’oppose à la publication.")
    page.get_by_role("button", name="Montrer la couverture").click()
    expect(page.locator("td.rule-index[data-times]")).to_have_count(2)
    write(page, "below_threshold_amount", "<= 500000")
    write(page, "above_threshold_amount", "> 500000")
    await_examination(page, "L’examen s’oppose à la publication")
    expect(examination(page).locator('[data-kind="failed"]')).to_have_count(2)
    expect(page.locator('td.rule-index[data-times="0×"]')).to_have_text("2")
    page.get_by_role("button", name="Publier…").click()
    expect(page.get_by_role("alert")).to_contain_text("L’examen s’oppose à la publication")
