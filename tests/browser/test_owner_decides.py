"""The owner changes a rule in its decision table and an expression in the diagram, as a person would: and the engine follows."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.running import Application
from tests.browser.test_frontend import select
from tests.browser.test_owner_changes import open_editor, select_flow, the_next_request_asks_for_approval
from tests.browser.test_story import publish, sign_in, submit

DECISION = "/processes/replenishment/decisions/approval.dmn"


def open_table(page: Page, application: Application) -> None:
    sign_in(page, application, "olivia")
    page.goto(application.url + DECISION)
    expect(page.locator("#decision-editor")).to_have_attribute("data-checked", "1")


def write(page: Page, cell: str, text: str) -> Locator:
    """Type into a cell in place of what it says; gives the sentence that stands under it."""
    page.locator(f'td[data-element-id="{cell}"]').click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
    written = page.locator(f'td[data-element-id="{cell}"]')
    expect(written.locator(".cm-content")).to_have_text(text)
    return written.get_by_role("status")


def errors(page: Page) -> Locator:
    return page.locator('.bde-problem[data-severity="error"]')


@pytest.mark.long
def test_a_changed_row_decides_for_the_next_request(application: Application, clean_page: Page) -> None:
    page = clean_page
    sign_in(page, application, "camille")
    running = submit(page, "LAM-LED-11", "100")

    open_table(page, application)
    said = write(page, "below_threshold_amount", "<= 5 00")
    expect(said).to_contain_text("Il manque un opérateur")
    expect(errors(page)).to_contain_text("ligne 1")
    expect(page.locator('td[data-element-id="below_threshold_amount"]')).to_have_attribute("data-problem", "error")
    write(page, "below_threshold_amount", "<= 800")
    write(page, "above_threshold_amount", "> 500")
    expect(errors(page)).to_contain_text(re.compile(r"1\b.*\b2\b"))
    expect(page.locator('td.rule-index[data-problem="error"]')).to_have_count(2)
    page.get_by_role("button", name="Publier…").click()
    expect(page.get_by_role("alert")).to_have_text("1 erreur à corriger avant de publier.")
    errors(page).click()
    expect(page.locator("td [contenteditable]:focus")).to_have_count(1)
    write(page, "above_threshold_amount", "> 800")
    expect(errors(page)).to_have_count(0)
    page.keyboard.press("Control+s")
    expect(page.locator("#decision-editor")).to_have_attribute("data-state", "saved")
    assert page.evaluate("[...window.bordereauUntranslated]") == []
    publish(page, "Au-delà de 800 €, la responsable approuve.")

    the_next_request_asks_for_approval(page, application, running)


def test_a_new_table_is_begun_from_its_task(application: Application, clean_page: Page) -> None:
    """And an expression says what is wrong with it until it is mended."""
    page = clean_page
    open_editor(page, application, "olivia")
    select_flow(page, "flow_gateway_approval_1")
    page.locator("[data-group-id=group-condition] .bio-properties-panel-group-header").click()
    condition = page.locator("[data-entry-id=conditionExpression] [contenteditable]")
    condition.click()
    page.keyboard.press("Control+a")
    page.keyboard.type('contain(article, "LAM")')
    said = page.locator("[data-entry-id=conditionExpression]").get_by_role("status")
    expect(said).to_contain_text("« contains »")
    expect(condition).to_have_attribute("aria-describedby", said.get_attribute("id") or "")
    expect(condition.locator(".cm-lintRange-error")).to_have_text("contain")
    expect(condition).to_have_text('contain(article, "LAM")')
    page.keyboard.press("Control+a")
    page.keyboard.type('contains(article, "LAM")')
    expect(said).to_be_empty()
    select(page, "need_approval")
    expect(
        page.locator("#bio-properties-panel-bd-decision")
    ).to_be_visible()  # what is still being written does not call its element back
    select_flow(page, "flow_gateway_approval_1")
    expect(condition).to_have_text('contains(article, "LAM")')

    select(page, "need_approval")
    page.locator("#bio-properties-panel-bd-decision").select_option("")
    page.get_by_role("button", name="Nouvelle table de décision").click()
    page.wait_for_url(re.compile(r"/decisions/[a-z_]+\.dmn$"))
    expect(page.locator("#decision-editor")).to_have_attribute("data-checked", "1")
    expect(page.locator("td.rule-index")).to_have_count(1)
    page.get_by_role("link", name="Revenir au diagramme").click()
    expect(page.locator("#editor")).to_have_attribute("data-checked", "1")
    assert page.evaluate("[...window.bordereauUntranslated]") == []
