"""The editor of decision tables in a browser under the strict policy (``frontend/harness.py``), as ``test_frontend.py`` for diagrams."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from engine.decisions import read_decisions
from tests.browser.frontend.harness import DECISIONS, HERE, Harness
from tests.browser.test_frontend import watermark_is_free

ADDRESS = "/replenishment/decisions/approval.dmn"
SEVERAL = HERE / "several.dmn"


@pytest.fixture
def harness() -> Iterator[Harness]:
    with Harness() as running:
        yield running


def open_table(page: Page, harness: Harness, query: str = "") -> Page:
    page.goto(f"{harness.url}{ADDRESS}{query}")
    expect(page.locator("#decision-editor")).to_have_attribute("data-checked", "1")
    return page


@pytest.fixture
def table(harness: Harness, clean_page: Page) -> Page:
    return open_table(clean_page, harness)


def cell(page: Page, element: str) -> Locator:
    return page.locator(f'td[data-element-id="{element}"]')


def untranslated(page: Page) -> list[str]:
    found: list[str] = page.evaluate("[...window.bordereauUntranslated]")
    return found


def test_opening_and_saving_changes_nothing_that_the_engine_reads(table: Page, harness: Harness) -> None:
    assert watermark_is_free(table)
    table.keyboard.press("Control+s")
    table.locator("[data-command=save]").click()
    expect(table.locator(".bde-state")).to_have_text("Brouillon enregistré")
    sent = harness.sent("draft")
    assert (sent["token"], sent["base_version"], sent["revision"], list(sent["files"])) == (
        "token",
        3,
        1,
        [DECISIONS.name],
    )
    written = sent["files"][DECISIONS.name].encode()
    assert written.split() == DECISIONS.read_bytes().replace(b' hitPolicy="UNIQUE"', b"").split()  # the default


def test_a_cell_says_what_is_wrong_with_it_and_undo_takes_it_back(table: Page, harness: Harness) -> None:
    written = cell(table, "above_threshold_amount")
    written.click()
    table.keyboard.press("Control+a")
    table.keyboard.type(">")  # the browser would keep the colour of what is typed over, by an inline style
    table.keyboard.insert_text("= 5000 + amont")
    expect(written.get_by_role("status")).to_have_text(
        "La variable « amont » n’existe pas. Vouliez-vous dire « amount » ?"
    )
    expect(written.locator(".cm-lintRange-error")).to_have_text("amont")
    sent = harness.sent("expression")
    assert (sent["kind"], sent["element"], "amount" in sent["names"]) == ("tests", "above_threshold_amount", True)
    assert [each["source"] for each in harness.posted if each["to"] == "expression"][-1] == ">= 5000 + amont"
    problem = table.locator("button.bde-problem")
    expect(problem).to_contain_text("Accord nécessaire ? · ligne 2")
    expect(table.locator("td.rule-index[data-problem=error]")).to_have_text("2")
    problem.click()
    expect(written.locator("[contenteditable]").first).to_be_focused()
    while table.locator("[data-tool=undo]").is_enabled():
        table.locator("[data-tool=undo]").click()
    expect(table.locator(".bde-state")).to_have_text("Aucune modification")
    expect(table.locator("button.bde-problem")).to_have_count(0)


def test_every_menu_and_view_is_in_french_and_within_the_policy(harness: Harness, clean_page: Page) -> None:
    page = open_table(clean_page, harness, f"?file={SEVERAL.name}")
    for column in ("by_customer", "by_day", "by_delay", "discount_output"):
        heading = page.locator(f'th[data-col-id="{column}"]')
        heading.dblclick()
        expect(page.locator(".context-menu")).to_be_visible()
        page.keyboard.press("Escape")
        heading.click(button="right")
        page.keyboard.press("Escape")
    for element in ("gold_customer", "gold_day", "gold_delay", "gold_discount"):
        cell(page, element).click(button="right")
        expect(page.locator(".context-menu-group-entry").first).to_be_visible()
        page.keyboard.press("Escape")
        cell(page, element).click()
        page.locator(".simple-mode-button").click()
        expect(page.locator(".context-menu")).to_be_visible()
        page.keyboard.press("Escape")
    for view in page.get_by_role("tab").all():
        view.click()
        expect(view).to_have_attribute("aria-selected", "true")
        assert watermark_is_free(page)
    page.get_by_role("tab", name="Vue d’ensemble").click()
    for element in ("price", "rounding", "customer"):
        page.locator(f'.djs-shape[data-element-id="{element}"] .djs-hit').first.dispatch_event("click")
    page.locator('.djs-context-pad .entry[data-action="delete"]').wait_for()
    page.locator('.djs-shape[data-element-id="price"] .djs-hit').first.dispatch_event("click")
    page.locator('.djs-context-pad .entry[data-action="replace"]').click()
    assert untranslated(page) == []
    assert page.locator(".bde-decisions").get_by_text("View DRD").count() == 0


def test_a_type_is_chosen_in_words_and_the_menu_stays(table: Page, harness: Harness) -> None:
    """The page around the editor can be focused: a click on what cannot, such as an entry of a list, must not count as leaving the menu."""
    table.locator("th.input-cell").first.dblclick()
    chosen = table.locator(".context-menu").get_by_role("textbox", name="Type", exact=True)
    expect(chosen).to_have_value("nombre")
    chosen.click()
    offered = table.locator(".dms-select-options .option")
    expect(offered.last).to_have_text("quelconque")
    offered.filter(has_text="durée en jours").click()
    expect(chosen).to_have_value("durée en jours et heures")
    assert untranslated(table) == []
    chosen.fill("tAmount")  # a type of the file
    table.locator("[data-command=save]").click()
    expect(table.locator(".bde-state")).to_have_text("Brouillon enregistré")
    assert 'typeRef="tAmount"' in harness.sent("draft")["files"][DECISIONS.name]


def test_a_file_of_another_edition_is_kept_whole(harness: Harness, clean_page: Page) -> None:
    page = open_table(clean_page, harness, f"?file={SEVERAL.name}")
    page.locator("[data-command=save]").click()
    expect(page.locator(".bde-state")).to_have_text("Brouillon enregistré")
    saved = harness.sent("draft")["files"][DECISIONS.name].encode()
    assert read_decisions(saved, "a.dmn").keys() == read_decisions(SEVERAL.read_bytes(), "a.dmn").keys()
    assert saved.count(b"<") == SEVERAL.read_bytes().count(b"<")


def test_after_a_conflict_the_work_goes_on(table: Page, harness: Harness, complaints: Any, tmp_path: Path) -> None:
    """The file is downloaded, and opened again in the place of what the other one saved."""
    complaints.allowed.append("Failed to load resource")
    cell(table, "above_threshold_amount").click()
    table.keyboard.type("0")
    table.locator("[data-command=publish]").click()
    table.locator("#bde-note").fill("conflict")
    table.locator(".bde-publish [type=submit]").click()
    expect(table.locator("#bde-publish-failure")).to_contain_text("publiée entre-temps")
    table.get_by_role("button", name="Annuler").last.click()
    expect(table.locator(".bde-notice a")).to_have_attribute("target", "_blank")
    checks = int(table.locator("#decision-editor").get_attribute("data-checked") or 0)
    table.get_by_role("button", name="Vérifier").click()
    expect(table.locator("#decision-editor")).to_have_attribute("data-checked", str(checks + 1))
    with table.expect_download() as downloading:
        table.locator(".bde-notice").get_by_role("button", name="Télécharger mon fichier").click()
    kept = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(kept)
    assert kept.name == DECISIONS.name
    assert b"&gt; 50000" in kept.read_bytes()

    table.on("dialog", lambda asked: asked.accept())
    open_table(table, harness)
    with table.expect_file_chooser() as choosing:
        table.locator("[data-tool=openFile]").click()
    choosing.value.set_files(kept)
    table.get_by_role("button", name="Remplacer").click()
    expect(cell(table, "above_threshold_amount")).to_contain_text("> 50000")
    expect(table.locator(".bde-state")).to_have_text(f"« {kept.name} » est ouvert, pas encore enregistré.")


def test_a_file_that_cannot_be_shown_leaves_what_is_there(table: Page, tmp_path: Path) -> None:
    broken = tmp_path / "other.dmn"
    broken.write_text("<definitions/>")
    with table.expect_file_chooser() as choosing:
        table.locator("[data-tool=openFile]").click()
    choosing.value.set_files(broken)
    table.get_by_role("button", name="Remplacer").click()
    expect(table.locator(".bde-notice")).to_contain_text("n’a pas pu être ouvert")
    expect(cell(table, "above_threshold_amount")).to_contain_text("> 5000")
