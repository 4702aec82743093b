"""Every page for everybody: axe (WCAG 2.2 A and AA), the keyboard alone, 320 pixels, no JavaScript."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Complaints, running
from tests.browser.running import Application
from tests.browser.screenshots import begin, claimed, fill, pages

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],  # of the others nobody asks for the places
    "preload": False,  # fetches style sheets and media again, for rules about sound and video
}
CONTRAST = frozenset(
    {"sign-in", "inbox-role", "task-mine", "case-waiting", "decision", "article", "audit", "people", "not-allowed"}
)
"""Where the quick look measures contrast too, which takes half of its time: between them they have the colours of all. The long looks
measure it on every page.
"""
LOOKS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((1440, "light"), (390, "dark"))
VARIANTS = frozenset(
    {"inbox-empty", "inbox-mine", "inbox-nothing", "cases-nothing", "audit-steps-nothing", "absences-admin"}
)
"""Pages whose template and widgets another page of the same person or the same list shows: in the long tests."""
EXPECTED_STATUS = (
    "Failed to load resource: the server responded with a status of 40"  # the pages not-found and not-allowed
)


def _sign_in(page: Page, application: Application, login: str) -> None:
    page.goto("about:blank")  # what the page before still loads would bring its cookies back
    page.context.clear_cookies()
    if login != "-":
        page.goto(f"{application.url}/sign-in")
        page.locator(f"button[data-login={login}]").click()
        page.wait_for_url("**/inbox")


def described(violation: Any) -> str:
    places = "; ".join(" ".join(node["target"]) for node in violation["nodes"][:4])
    return f"{violation['id']} ({violation['impact']}): {places}"


def _settled(page: Page, script: str, is_fine: Callable[[Any], bool]) -> Any:
    """What the script gives once what draws itself again has done so."""
    found = None
    for _ in range(20):
        found = page.evaluate(script)
        if is_fine(found):
            break
        page.wait_for_timeout(100)
    return found


def _needed_width(page: Page) -> int:
    """Of the page in a window of 320 pixels."""
    needed: int = _settled(page, "document.documentElement.scrollWidth", lambda width: bool(width <= 320))
    return needed


_CUT_OFF = """
    [...document.querySelectorAll("main .bd-table-box, main .btn")]
        .filter((each) => each.offsetParent && each.scrollWidth > each.clientWidth + 1)
        .map((each) => `${each.scrollWidth - each.clientWidth} of ${each.clientWidth}: ${each.textContent.trim().slice(0, 60)}`)
"""
"""The beginnings of lists and buttons that say more than can be seen of them."""


def _cut_off(page: Page) -> list[str]:
    found: list[str] = _settled(page, _CUT_OFF, lambda some: not some)
    return found


@dataclass(frozen=True)
class Filled:
    """The product with a few cases; ``ids``: what pages need. Who changes them takes an application of their own."""

    application: Application
    ids: Mapping[str, int | str]


@pytest.fixture(scope="module")
def filled(company_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with running(company_url, tmp_path_factory.mktemp("filled")) as application:
        yield Filled(application=application, ids=fill(application))


EVERYBODY = sorted({login for _, login, _ in pages(defaultdict(int))})


@pytest.mark.timeout(300)  # up to ten pages
@pytest.mark.parametrize(
    ("look", "aside"),
    [(LOOKS[0], VARIANTS), *(pytest.param(look, frozenset(), marks=pytest.mark.long) for look in LOOKS)],
    ids=("quick", "light", "dark"),
)
@pytest.mark.parametrize("login", EVERYBODY)
def test_axe_finds_nothing_on_any_page_and_none_is_wider_than_a_small_phone(
    filled: Filled,
    clean_page: Page,
    *,
    complaints: Complaints,
    login: str,
    look: tuple[int, Literal["light", "dark"]],
    aside: frozenset[str],
) -> None:
    """320 pixels (a window of 1280 at 400 %): nothing makes the page itself scroll sideways. 1280: no column of a list is out of sight, and
    no button wider than its frame.
    """
    complaints.allowed.append(EXPECTED_STATUS)
    page, axe, (width, scheme) = clean_page, Axe(), look
    found: dict[str, list[str]] = {}
    too_wide: dict[str, int] = {}
    hidden: dict[str, list[str]] = {}
    page.emulate_media(color_scheme=scheme)
    _sign_in(page, filled.application, login)
    chosen = (each for each in pages(filled.ids) if each[1] == login and each[0] not in aside)
    for name, _, address in chosen:
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(filled.application.url + address)
        if page.locator("script[type='application/json']").count():  # a diagram, drawn when the page is there
            page.wait_for_load_state("networkidle")
        # from the last on: each that opens leaves the others at their places
        for details in reversed(page.locator("main details:not([open]) > summary").all()):
            details.click()
        options: Any = RULES
        if aside and name not in CONTRAST:
            options = RULES | {"rules": {"color-contrast": {"enabled": False}}}
        result = axe.run(page, options=options)
        if result.response["violations"]:
            found[name] = [described(each) for each in result.response["violations"]]
        page.set_viewport_size({"width": 320, "height": 700})
        if (needed := _needed_width(page)) > 320:
            too_wide[name] = needed
        page.set_viewport_size({"width": 1280, "height": 800})
        if cut_off := _cut_off(page):
            hidden[name] = cut_off
    assert (found, too_wide, hidden) == ({}, {}, {})


def test_a_task_is_done_by_keyboard_alone(application: Application, clean_page: Page) -> None:
    page = clean_page
    begin(application)
    page.goto(f"{application.url}/sign-in")
    page.keyboard.type("gabriel")
    page.keyboard.press("Tab")
    page.keyboard.type("demo")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Boîte de réception")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator(".bd-row-link").first).to_be_focused()
    page.keyboard.press("Enter")
    take = page.get_by_role("button", name="Prendre et ouvrir")
    expect(take).to_be_visible()
    take.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("La tâche est à vous.")).to_be_visible()
    page.get_by_label("Refuser la demande").focus()
    page.keyboard.press("Space")
    reason = page.get_by_label("Raison du refus")
    expect(reason).to_be_visible()
    reason.focus()
    page.keyboard.type("Plus au catalogue.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("est terminée pour")).to_be_visible()


def test_errors_are_listed_first_and_lead_to_their_fields(
    filled: Filled, clean_page: Page, complaints: Complaints
) -> None:
    complaints.allowed.append("Failed to load resource: the server responded with a status of 422")
    page = clean_page
    _sign_in(page, filled.application, "camille")
    page.goto(f"{filled.application.url}/start/replenishment")
    page.get_by_role("button", name="Envoyer la demande").click()
    alert = page.get_by_role("alert")
    expect(alert).to_be_focused()
    expect(alert).to_contain_text("2 réponses sont à corriger")
    alert.get_by_role("link").filter(has_text="Quantité").click()
    expect(page.get_by_label("Quantité")).to_be_focused()


@pytest.mark.parametrize("answer", ["launch", "refuse"])
def test_without_javascript_every_field_is_there(application: Application, browser: Browser, answer: str) -> None:
    task = claimed(application, begin(application))
    context = browser.new_context(java_script_enabled=False, locale="fr-FR")
    page = context.new_page()
    page.goto(f"{application.url}/sign-in")
    page.locator("button[data-login=gabriel]").click()
    page.goto(f"{application.url}/tasks/{task}")
    page.locator(f"input[value={answer}]").check()
    if answer == "launch":
        page.get_by_label("Fournisseur").select_option("LUMIERE-PRO")
        page.get_by_label("Prix unitaire hors taxes").fill("12,40")
    else:
        page.get_by_label("Raison du refus").fill("Plus au catalogue.")
    page.get_by_role("button", name="Terminer la tâche").click()
    expect(page.get_by_text("est terminée pour")).to_be_visible()
    context.close()
