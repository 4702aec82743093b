"""In Chromium: somebody sends a quote, takes its letter back, sends it again, and sees it go without touching anything."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import text

from engine import clock
from tests.browser.running import Application

pytestmark = [pytest.mark.long(minutes=1), pytest.mark.timeout(300)]


def held(page: Page) -> None:
    """The page says that the letter waits."""
    expect(page.get_by_role("heading", name=re.compile("Le courriel au client part le"))).to_be_visible()


def drawn(page: Page, element: str) -> Locator:
    """A step on the diagram of the case."""
    return page.locator(f'.diagram[data-state="ready"] .djs-element[data-element-id="{element}"]')


def test_a_letter_is_taken_back_then_goes_while_somebody_looks(application: Application, clean_page: Page) -> None:
    page, address = clean_page, f"{application.url}/quotes/DV-{clock.now().year}-00003"
    page.goto(f"{application.url}/sign-in")
    page.locator("button[data-login=sarah]").click()
    expect(page.get_by_role("heading", name="Boîte de réception")).to_be_visible()
    page.goto(address)
    page.get_by_role("link", name="Envoyer au client").click()
    page.locator("form").get_by_role("button", name=re.compile("Envoyer|Soumettre")).last.click()
    expect(page.get_by_text("« Envoyer au client » partira le")).to_be_visible()  # the page of the case says it, too
    page.goto(address)
    held(page)

    page.get_by_text("Rappeler le courriel").first.click()
    page.get_by_label("Pourquoi le rappeler ?").fill("Il manque une remise")
    page.get_by_role("button", name="Rappeler le courriel").click()
    expect(page.get_by_text("Le courriel est rappelé")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("brouillon"))).to_be_visible()
    expect(page.get_by_text("Il manque une remise").first).to_be_visible()

    page.get_by_role("link", name="Reprendre le devis").click()
    page.get_by_role("button", name="Prendre et ouvrir").or_(page.get_by_role("button", name="Prendre")).first.click()
    page.get_by_label("Le devis est prêt, l’envoyer de nouveau").check()
    page.get_by_role("button", name="Terminer la tâche").click()
    expect(page.locator(".bd-flash--success").first).to_be_visible()
    with application.runtime.database.transaction() as session:
        soon = {"soon": clock.now() + timedelta(seconds=6)}
        session.execute(text("UPDATE engine.effect SET held_until = :soon"), soon)
    page.goto(address)
    held(page)
    expect(drawn(page, "send_quote")).to_have_class(re.compile(r"\bbd-active\b"))
    page.evaluate("() => { window.isSamePage = true; }")
    expect(page.get_by_role("heading", name=re.compile("envoyé"))).to_be_visible()
    expect(page.get_by_role("link", name="Suivre la réponse du client")).to_be_visible()
    # the diagram stands beside what is fetched anew, and follows
    expect(drawn(page, "follow_quote")).to_have_class(re.compile(r"\bbd-active\b"))
    expect(drawn(page, "send_quote")).to_have_class(re.compile(r"\bbd-completed\b"))
    expect(drawn(page, "send_quote")).not_to_have_class(re.compile(r"\bbd-active\b"))
    assert page.evaluate("() => window.isSamePage")
    assert page.locator(".diagram .bd-zoom").count() == 1
