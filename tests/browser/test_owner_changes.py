"""The process owner changes how people work, in the editor, as a person would: and the running engine follows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from engine.model.bpmn_reader import read_processes
from handlers.purchasing.queries import order_of_request
from tests.browser.conftest import Complaints
from tests.browser.running import Application
from tests.browser.test_story import TOO_LATE, launch, publish, rename, sign_in, submit, take

PANEL = "#bio-properties-panel-"
EXAMINED_MS = 30_000
BEND = 62  # of the flow from the recording of a request to its decision: still in the row of sales, where there is room
POINT_OF_FLOW = """(path, at) => {
  const {x, y} = path.getPointAtLength(at);
  const {a, d, e, f} = path.getScreenCTM();
  return [x * a + e, y * d + f];
}"""


@pytest.fixture
def second_page(browser: Browser, browser_context_args: dict[str, Any], complaints: Complaints) -> Iterator[Page]:
    """The browser of somebody else, on another machine."""
    context = browser.new_context(**browser_context_args)
    context.on("page", complaints.listen)
    yield context.new_page()
    context.close()


def open_editor(page: Page, application: Application, login: str) -> None:
    sign_in(page, application, login)
    page.goto(f"{application.url}/processes/replenishment/edit")
    expect(page.locator("#editor")).to_have_attribute("data-checked", "1")


def drop_user_task(page: Page, flow: str, name: str) -> str:
    """Drag a user task from the palette onto a sequence flow and type its name there; gives the new element's id."""
    line = page.locator(f'.djs-connection[data-element-id="{flow}"] .djs-visual > path')
    x, y = line.evaluate(POINT_OF_FLOW, BEND)
    page.locator('.djs-palette [data-action="create.user-task"]').hover()
    page.mouse.down()
    page.mouse.move(x + 30, y - 30, steps=5)
    page.mouse.move(x, y, steps=5)
    page.mouse.up()
    expect(page.locator(".djs-direct-editing-content")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    new = page.locator(".djs-shape.selected")
    expect(new).to_have_count(1)
    return new.get_attribute("data-element-id") or ""


def select_flow(page: Page, flow: str) -> None:
    """Click on a sequence flow; again if the diagram was still being laid out when the click came."""
    connection = page.locator(f'.djs-connection[data-element-id="{flow}"]')
    for _ in range(10):
        x, y = connection.locator(".djs-visual > path").evaluate(POINT_OF_FLOW, BEND)
        page.mouse.click(x, y)
        try:
            expect(connection).to_have_class(re.compile(r"\bselected\b"), timeout=1000)
        except AssertionError:
            continue
        return
    expect(connection).to_have_class(re.compile(r"\bselected\b"))


def errors_of(page: Page, element: str) -> Locator:
    """The errors of an element in the list beside the diagram."""
    return page.locator(f'button.bde-problem[data-element="{element}"][data-severity="error"]')


def mark_of(page: Page, element: str) -> Locator:
    """The count of errors that stands on an element of the diagram."""
    return page.locator(f'.djs-overlays[data-container-id="{element}"] .bde-count--error')


def shape(page: Page, element: str) -> Locator:
    return page.locator(f'.djs-shape[data-element-id="{element}"]')


def top_of(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box is not None
    return box["y"]


def waiting(page: Page, application: Application, login: str) -> Locator:
    """The tasks that a person finds in the inbox of the role."""
    sign_in(page, application, login)
    page.goto(f"{application.url}/inbox?view=role")
    return page.get_by_role("listitem")


def complete(page: Page) -> None:
    page.get_by_role("button", name="Terminer la tâche").click()
    expect(page.get_by_text("est terminée pour")).to_be_visible()


def examination(page: Page) -> Locator:
    """The panel of what the examination found."""
    return page.get_by_role("region", name="Examen")


def change_stories(page: Page, change: Callable[[str], str]) -> None:
    """Tell every story that fails as the changed process goes, in the dialog of each."""
    for button in (
        examination(page).locator('[data-kind="failed"]').get_by_role("button", name="Modifier le récit").all()
    ):
        button.click()
        text = page.get_by_role("dialog").get_by_role("textbox")
        text.fill(change(text.input_value()))
        page.get_by_role("button", name="Appliquer").click()


def with_a_review(task: str) -> Callable[[str], str]:
    """Stories in which somebody reads each request again once it is recorded."""

    def change(story: str) -> str:
        story = story.replace("  claire: [sales_admin]\n", "  claire: [sales_admin]\n  lea: [purchasing_manager]\n")
        review = f"  - task: {task}\n    by: lea\n    answers: {{agreement: granted}}\n"
        story = re.sub(r"(  - handler: submit_request\n    returns: .*\n)", rf"\1{review}", story)
        return story.replace(" submit_request, ", f" submit_request, {task}, ").replace(
            "    - submit_request\n", f"    - submit_request\n    - {task}\n"
        )

    return change


def the_next_request_asks_for_approval(page: Page, application: Application, running: str) -> None:
    """What was published decides for the next request; the one that was ``running`` keeps its version, which asks nobody."""
    sign_in(page, application, "camille")
    following = submit(page, "LAM-LED-11", "100")
    sign_in(page, application, "gabriel")
    for number in (running, following):
        take(page, application, number)
        launch(page, "10")
        complete(page)
    with application.runtime.database.reading() as session:
        assert order_of_request(session, running) is not None
        assert order_of_request(session, following) is None
    expect(waiting(page, application, "monique").filter(has_text=following)).to_contain_text("Approuver la commande")


def test_a_task_inserted_into_a_flow_is_asked_of_the_next_request(application: Application, clean_page: Page) -> None:
    page = clean_page
    sign_in(page, application, "camille")
    running = submit(page, "BUR-CH-160", "2")

    open_editor(page, application, "olivia")
    shape(page, "lane_sales_admin").locator("text").first.click(force=True)
    page.locator(f"{PANEL}bd-lane-role").select_option("")
    task = drop_user_task(page, "flow_submit_request", "Relire la demande")
    expect(errors_of(page, task)).to_contain_text("Personne ne verra cette tâche")
    expect(mark_of(page, task)).to_be_visible()
    page.get_by_role("button", name="Publier…").click()
    expect(page.get_by_role("alert")).to_have_text("1 erreur à corriger avant de publier.")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(errors_of(page, task)).to_be_focused()

    page.locator(f"{PANEL}bd-role").select_option("purchasing_manager")
    page.locator(f"{PANEL}bd-form").select_option("approval")
    expect(errors_of(page, task)).to_have_count(0)
    expect(mark_of(page, task)).to_have_count(0)
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(examination(page)).to_contain_text("1 récit se passe comme écrit", timeout=EXAMINED_MS)
    page.get_by_role("button", name="Publier…").click()
    expect(page.get_by_role("alert")).to_contain_text("L’examen s’oppose à la publication")
    change_stories(page, with_a_review(task))
    expect(examination(page)).to_contain_text("7 récits se passent comme écrit", timeout=EXAMINED_MS)
    publish(page, "La responsable relit chaque demande avant les achats.")
    expect(page.get_by_role("heading", level=1)).to_contain_text("version 2")

    sign_in(page, application, "camille")
    following = submit(page, "LAM-LED-11", "40")
    expect(page.get_by_text("Étape 1 sur 5")).to_be_visible()
    gabriel = waiting(page, application, "gabriel")
    expect(gabriel.filter(has_text=running)).to_contain_text("Décider de la demande")
    expect(gabriel.filter(has_text=following)).to_have_count(0)
    monique = waiting(page, application, "monique")
    expect(monique.filter(has_text=following)).to_contain_text("Relire la demande")
    expect(monique.filter(has_text=running)).to_have_count(0)
    take(page, application, following)
    page.get_by_label("J’approuve la commande").check()
    complete(page)
    expect(waiting(page, application, "gabriel").filter(has_text=following)).to_contain_text("Décider de la demande")


@pytest.mark.long
def test_a_changed_condition_decides_for_the_next_request(application: Application, clean_page: Page) -> None:
    page = clean_page
    sign_in(page, application, "camille")
    running = submit(page, "LAM-LED-11", "100")

    open_editor(page, application, "olivia")
    select_flow(page, "flow_gateway_approval_1")
    page.locator("[data-group-id=group-condition] .bio-properties-panel-group-header").click()
    condition = page.locator("[data-entry-id=conditionExpression] [contenteditable]")
    expect(condition).to_have_text("approval_required")
    condition.click()
    page.keyboard.press("End")
    page.keyboard.type(" or amount >=")
    expect(errors_of(page, "flow_gateway_approval_1")).to_contain_text("Accord nécessaire ? → Oui")
    expect(errors_of(page, "flow_gateway_approval_1")).to_contain_text("L’expression s’arrête trop tôt")
    gateway = shape(page, "gateway_approval").bounding_box()
    assert gateway is not None
    middle = gateway["y"] + gateway["height"] / 2
    assert top_of(mark_of(page, "flow_gateway_approval_1")) > middle, "as if of the gateway"
    expect(page.locator("[data-entry-id=conditionExpression]").get_by_role("status")).to_contain_text(
        "s’arrête trop tôt"
    )
    assert page.evaluate("[...window.bordereauUntranslated]") == []
    page.keyboard.type(" 1000")
    expect(errors_of(page, "flow_gateway_approval_1")).to_have_count(0)
    expect(mark_of(page, "flow_gateway_approval_1")).to_have_count(0)
    publish(page, "À partir de mille euros, la responsable approuve.")

    the_next_request_asks_for_approval(page, application, running)


def test_two_owners_on_one_draft_lose_nothing(
    application: Application, clean_page: Page, second_page: Page, complaints: Complaints, tmp_path: Path
) -> None:
    complaints.allowed.append(TOO_LATE)
    first, second = clean_page, second_page
    open_editor(first, application, "olivia")
    open_editor(second, application, "admin")
    rename(first, "decide_request", "Trancher la demande")
    first.get_by_role("button", name="Enregistrer le brouillon").click()
    expect(first.locator("#editor")).to_have_attribute("data-state", "saved")

    rename(second, "approve_order", "Donner son accord")
    second.get_by_role("button", name="Enregistrer le brouillon").click()
    expect(second.get_by_role("alert")).to_contain_text("enregistré ou publié ailleurs entre-temps")
    expect(second.get_by_role("alert")).to_contain_text("Vos modifications restent ici : téléchargez-les")
    expect(second.locator("#editor")).to_have_attribute("data-state", "changed")
    with second.expect_download() as downloading:
        second.get_by_role("button", name="Télécharger le fichier BPMN").click()
    kept = tmp_path / "kept.bpmn"
    downloading.value.save_as(kept)
    assert read_processes(kept.read_bytes(), kept.name)[0].nodes["approve_order"].name == "Donner son accord"

    second.on("dialog", lambda asked: asked.accept())
    second.reload()
    expect(second.get_by_text("Brouillon de Olivia Prost")).to_be_visible()
    expect(shape(second, "decide_request")).to_contain_text("Trancher")
