"""Viewer and editor in a browser under the strict policy (``frontend/harness.py``): every test also fails on a complaint of the console."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from engine.model.bpmn_reader import read_processes
from engine.model.elements import ServiceTask, UserTask
from tests import replenishment
from tests.browser.frontend.harness import PROCESS, ROOT, Harness

logging.getLogger("werkzeug").setLevel(logging.ERROR)

PANEL = "#bio-properties-panel-"
NAMES = (
    "[...document.querySelectorAll('.bde-canvas .djs-shape[data-element-id]')].map((each) => each.dataset.elementId)"
)


@pytest.fixture
def harness() -> Iterator[Harness]:
    with Harness() as running:
        yield running


@pytest.fixture
def editor(harness: Harness, clean_page: Page) -> Page:
    clean_page.goto(f"{harness.url}/edit")
    expect(clean_page.locator("#editor")).to_have_attribute("data-checked", "1")
    return clean_page


@pytest.fixture
def case(harness: Harness, clean_page: Page) -> Page:
    clean_page.goto(f"{harness.url}/case")
    expect(clean_page.locator(".diagram")).to_have_attribute("data-state", "ready")
    return clean_page


def shape(page: Page, element: str) -> Locator:
    return page.locator(f'.djs-element[data-element-id="{element}"]')


def select(page: Page, element: str) -> None:
    """Select by a click; a second one would take the selection away."""
    if "selected" not in (shape(page, element).get_attribute("class") or "").split():
        shape(page, element).locator(".djs-hit").first.dispatch_event("click")
    expect(shape(page, element)).to_have_class(re.compile("selected"))


def append(page: Page, element: str, kind: str) -> str:
    """Append a new element by the context pad; gives its id."""
    select(page, element)
    before = set(page.evaluate(NAMES))
    page.locator(f'.djs-context-pad .entry[data-action="append.{kind}"]').click()
    page.keyboard.press("Escape")
    new: list[str] = [each for each in page.evaluate(NAMES) if each not in before and not each.endswith("_label")]
    assert len(new) == 1
    return new[0]


def watermark_is_free(page: Page) -> bool:
    """Is the bpmn.io mark what one sees at its own middle?"""
    seen: bool = page.evaluate(
        """() => {
          const mark = document.querySelector("a.bjs-powered-by");
          const { left, top, width, height } = mark.getBoundingClientRect();
          mark.scrollIntoView({ block: "center" });
          const box = mark.getBoundingClientRect();
          return width > 20 && mark.contains(document.elementFromPoint(box.left + width / 2, box.top + height / 2));
        }"""
    )
    return seen


def test_the_path_of_a_case_is_drawn_and_unknown_ids_do_no_harm(case: Page) -> None:
    expect(shape(case, "approve_order")).to_have_class(re.compile("bd-active"))
    expect(shape(case, "decision_late")).to_have_class(re.compile("bd-cancelled"))
    counted = case.locator(".bd-count").filter(has_text="fait 2 fois").first
    expect(counted).to_be_attached()
    for _ in range(2):  # too small to be read where a long process is shown as a whole
        case.locator(".bd-zoom button").first.click()
    expect(counted).to_be_visible()
    assert watermark_is_free(case)


def test_a_long_process_is_shown_as_large_as_it_can_be_read_until_all_is_asked_for(case: Page) -> None:
    diagram = case.locator("#diagram")
    expect(diagram).to_have_attribute("data-shown", "part")
    expect(shape(case, "approve_order")).to_be_in_viewport()  # where the case stands
    readable = case.evaluate(
        'document.querySelector("[data-element-id=approve_order] .djs-visual > rect").getBoundingClientRect().height'
    )
    assert readable >= 40  # of the 80 that it is drawn with
    case.locator(".bd-zoom button").last.click()
    expect(diagram).to_have_attribute("data-shown", "whole")
    expect(shape(case, "submit_request")).to_be_in_viewport()


def test_element_and_row_follow_each_other(case: Page) -> None:
    shape(case, "approve_order").locator(".djs-hit").first.dispatch_event("click")
    expect(case.locator("#el-approve_order")).to_have_class("is-selected")
    assert case.url.endswith("?el=approve_order")
    case.locator("#el-decide_request a").click()
    expect(shape(case, "decide_request")).to_have_class(re.compile("bd-chosen"))
    expect(case.locator("#el-approve_order")).not_to_have_class("is-selected")
    assert case.url.endswith("?el=decide_request")


def test_what_the_editor_writes_is_what_the_engine_reads(editor: Page, harness: Harness) -> None:
    person = append(editor, "tell_refused", "user-task")
    editor.locator(f"{PANEL}bd-role").select_option("purchasing_manager")
    editor.locator(f"{PANEL}bd-form").select_option("approval")
    editor.locator(f"{PANEL}bd-four-eyes").select_option("decide_request")
    work = append(editor, person, "service-task")
    editor.locator(f"{PANEL}bd-handler").select_option("purchasing.launch_request")
    editor.locator(f"{PANEL}bd-handler").select_option("purchasing.tell_submitter")
    expect(editor.locator(".bde-state")).to_have_text("Modifications non enregistrées")
    editor.locator("[data-command=save]").click()
    expect(editor.locator(".bde-state")).to_have_text("Brouillon enregistré")

    sent = harness.sent("draft")
    assert (sent["token"], sent["base_version"], sent["revision"]) == ("token", 3, 1)
    nodes: dict[str, Any] = dict(read_processes(sent["files"][PROCESS].encode(), "x.bpmn")[0].nodes)
    asked, done = nodes[person], nodes[work]
    assert isinstance(asked, UserTask)
    assert (asked.role, asked.form, asked.not_same_as) == ("purchasing_manager", "approval", "decide_request")
    assert isinstance(done, ServiceTask)
    assert done.handler == "purchasing.tell_submitter"
    assert [".".join(each.target) for each in done.inputs] == ["request_number"]


def test_opening_and_saving_changes_nothing_that_the_engine_reads(editor: Page, harness: Harness) -> None:
    editor.locator("[data-command=save]").click()
    expect(editor.locator(".bde-state")).to_have_text("Brouillon enregistré")
    assert read_processes(harness.sent("draft")["files"][PROCESS].encode(), "a") == read_processes(
        replenishment.diagram().encode(), "a"
    )


@pytest.mark.parametrize("path", sorted((ROOT / "processes").glob("*/*.bpmn")), ids=lambda path: path.stem)
def test_the_diagrams_that_ship_are_opened_and_saved_as_they_are(
    harness: Harness, clean_page: Page, path: Path
) -> None:
    clean_page.goto(f"{harness.url}/edit?process={path.stem}")
    expect(clean_page.locator("#editor")).to_have_attribute("data-checked", "1")
    clean_page.locator("[data-command=save]").click()
    expect(clean_page.locator(".bde-state")).to_have_text("Brouillon enregistré")
    saved = harness.sent("draft")["files"][PROCESS].encode()
    assert read_processes(saved, "a") == read_processes(path.read_bytes(), "a")


def test_copying_loses_nothing(editor: Page, harness: Harness) -> None:
    select(editor, "approve_order")
    before = set(editor.evaluate(NAMES))
    editor.locator(".bde-canvas svg").first.focus()
    editor.keyboard.press("Control+c")
    editor.keyboard.press("Control+v")
    # into the flow that leads back below all others, in the same row
    flow = editor.locator('.djs-connection[data-element-id="flow_gateway_agreement_2"] .djs-visual > path')
    box = flow.bounding_box()
    assert box is not None
    x, y = box["x"] + 0.35 * box["width"], box["y"] + box["height"] - 1
    editor.mouse.move(x - 10, y - 10)
    editor.mouse.move(x, y)
    editor.mouse.click(x, y)
    copy = next(each for each in editor.evaluate(NAMES) if each not in before)
    editor.locator("[data-command=save]").click()
    expect(editor.locator(".bde-state")).to_have_text("Brouillon enregistré")
    nodes = read_processes(harness.sent("draft")["files"][PROCESS].encode(), "x.bpmn")[0].nodes
    original, pasted = nodes["approve_order"], nodes[copy]
    assert isinstance(original, UserTask)
    assert isinstance(pasted, UserTask)
    assert (pasted.role, pasted.form, pasted.not_same_as) == (original.role, original.form, original.not_same_as)
    assert (pasted.due, pasted.outputs) == (original.due, original.outputs)


def test_undo_takes_a_choice_back_in_one_step(editor: Page) -> None:
    select(editor, "decide_request")
    role = editor.locator(f"{PANEL}bd-role")
    role.select_option("sales_admin")
    expect(editor.locator('[data-tool="undo"]')).to_be_enabled()
    editor.locator('[data-tool="undo"]').click()
    expect(role).to_have_value("")  # that of its lane
    expect(editor.locator('[data-tool="undo"]')).to_be_disabled()


def test_problems_stand_beside_the_diagram_and_on_it(editor: Page) -> None:
    expect(editor.locator(".bde-problem-summary")).to_have_text("0 erreur, 2 avertissements")
    expect(editor.locator("div.bde-problem")).to_contain_text("Processus")
    editor.locator("button.bde-problem").click()
    expect(shape(editor, "flow_gateway_decision_2")).to_have_class(re.compile("selected"))
    expect(editor.locator(".bde-count--warning")).to_have_count(1)


def test_a_change_is_checked_by_itself(editor: Page, harness: Harness) -> None:
    select(editor, "launch_request")
    editor.locator(".bio-properties-panel-group-header-title").filter(has_text="Général").click()
    name = editor.locator(f"{PANEL}name")
    name.fill("no.such.handler")
    expect(editor.locator("#editor")).to_have_attribute("data-checked", "2")
    expect(editor.locator(".bde-count--error")).to_have_count(1)
    editor.locator("[data-command=publish]").click()
    expect(editor.locator(".bde-notice")).to_have_text("1 erreur à corriger avant de publier.")
    expect(editor.locator("dialog")).to_have_count(0)


def test_publishing_needs_a_note_and_then_leads_to_the_version(editor: Page, harness: Harness) -> None:
    editor.locator("[data-command=publish]").click()
    editor.locator(".bde-publish [type=submit]").click()
    expect(editor.locator("#bde-publish-failure")).to_have_text("Dites en une phrase ce qui change.")
    editor.locator("#bde-note").fill("Une relecture de plus")
    editor.locator(".bde-publish [type=submit]").click()
    editor.wait_for_url("**/case")
    assert harness.sent("publish")["note"] == "Une relecture de plus"


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("conflict", "La version 4 a été publiée entre-temps. Vos modifications restent ici"),
        ("offline", "Le serveur ne répond pas."),
    ],
)
def test_a_refused_publication_keeps_what_was_typed(editor: Page, complaints: Any, note: str, said: str) -> None:
    complaints.allowed.append("Failed to load resource")
    editor.locator("[data-command=publish]").click()
    editor.locator("#bde-note").fill(note)
    editor.context.set_offline(note == "offline")
    editor.locator(".bde-publish [type=submit]").click()
    expect(editor.locator("#bde-publish-failure")).to_contain_text(said)
    expect(editor.locator("#bde-note")).to_have_value(note)


def test_problems_found_while_publishing_are_shown(editor: Page, complaints: Any) -> None:
    complaints.allowed.append("Failed to load resource")
    editor.locator("[data-command=publish]").click()
    editor.locator("#bde-note").fill("broken")
    editor.locator(".bde-publish [type=submit]").click()
    expect(editor.locator("dialog")).to_have_count(0)
    expect(editor.locator(".bde-problem-summary")).to_have_text("1 erreur, 0 avertissement")


def test_only_what_the_engine_runs_is_offered(editor: Page) -> None:
    editor.locator('.djs-palette [data-action="create"]').click()
    offered: list[str] = editor.evaluate(
        "[...document.querySelectorAll('.djs-popup .entry')].map((each) => each.dataset.id)"
    )
    assert {"create-user-task", "create-parallel-gateway", "create-timer-boundary", "create-error-end"} <= set(offered)
    refused = re.compile(r"signal|escalation|compensat|condition|link|complex|event-based|manual|send-task|transaction")
    assert [each for each in offered if refused.search(each)] == []


def open_every_group(page: Page) -> None:
    page.evaluate(
        "document.querySelectorAll('.bio-properties-panel-group-header:not(.open) .bio-properties-panel-group-header-title')"
        ".forEach((each) => each.click())"
    )


def test_every_panel_is_in_french_and_within_the_policy(editor: Page) -> None:
    for element in editor.evaluate(NAMES):
        shape(editor, element).locator(".djs-hit").first.dispatch_event("click")
        open_every_group(editor)
    assert editor.evaluate("[...window.bordereauUntranslated]") == []


@pytest.mark.parametrize(
    "element",
    [
        "compute_amount",
        *(pytest.param(each, marks=pytest.mark.long) for each in ("decision_late", "asked", "launched")),
    ],
)
def test_every_type_that_an_element_may_become_is_in_french(editor: Page, element: str) -> None:
    menu = editor.locator('.djs-context-pad .entry[data-action="replace"]')
    select(editor, element)
    menu.click()
    kinds = editor.evaluate("[...document.querySelectorAll('.djs-popup .entry')].map((each) => each.dataset.id)")
    editor.keyboard.press("Escape")
    assert len(kinds) > 3
    for kind in kinds:
        select(editor, element)
        menu.click()
        editor.locator(f'.djs-popup .entry[data-id="{kind}"]').click()
        open_every_group(editor)
        while editor.locator('[data-tool="undo"]').is_enabled():
            editor.locator('[data-tool="undo"]').click()
    assert editor.evaluate("[...window.bordereauUntranslated]") == []


def test_several_elements_can_be_aligned(editor: Page) -> None:
    """The icons of this menu are SVG text, which once carried inline styles."""
    select(editor, "compute_amount")
    shape(editor, "need_approval").locator(".djs-hit").first.dispatch_event("click", {"shiftKey": True})
    editor.locator('.djs-context-pad .entry[data-action="align-elements"]').click()
    expect(editor.locator(".djs-popup .entry svg").first).to_be_visible()
    assert editor.evaluate("[...window.bordereauUntranslated]") == []


def test_leaving_with_changes_asks_first(editor: Page) -> None:
    append(editor, "tell_refused", "user-task")
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    editor.on("dialog", leave)
    editor.goto("about:blank")
    assert asked == ["beforeunload"]


def test_the_watermark_stays_free_in_the_editor(editor: Page) -> None:
    assert watermark_is_free(editor)
