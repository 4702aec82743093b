"""Six people and their customer, each in a session of their own, from the quote to the last payment: what the pages are for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from sqlalchemy import text

from tests.browser.conftest import Complaints
from tests.browser.running import Application

pytestmark = [pytest.mark.long(minutes=3), pytest.mark.timeout(600)]
PEOPLE = ("sarah", "marc", "camille", "gabriel", "bruno", "yasmine")
LAMPS, DESKS = "LAM-LED-11", "BUR-CH-160"
TOTAL = re.compile(r"1\s355,84")


@dataclass
class House:
    """Who sits where."""

    application: Application
    pages: Mapping[str, Page]

    def open(self, login: str, path: str) -> Page:
        page = self.pages[login]
        page.goto(self.application.url + path)
        return page

    def take(self, login: str, title: str, number: str) -> Page:
        """Open the one task of this title and case from the inbox; it comes a moment after what led to it."""
        page = self.pages[login]
        row = page.get_by_role("listitem").filter(has_text=title).filter(has_text=number).get_by_role("link")
        self.until(login, f"/inbox?view=role&search={number}", row)
        row.first.click()
        page.get_by_role("region", name="Tâche choisie").get_by_role("button", name="Prendre et ouvrir").click()
        expect(page.get_by_text("La tâche est à vous.")).to_be_visible()
        return page

    def until(self, login: str, path: str, shown: Locator) -> None:
        """Look again until the machine has done its part."""
        for _ in range(80):
            self.open(login, path)
            if shown.count():
                return
            self.pages[login].wait_for_timeout(250)
        raise AssertionError(f"{path} never shows {shown}; the worker said:\n{self.application.worker_log()}")


@pytest.fixture
def house(
    application: Application, browser: Browser, browser_context_args: Mapping[str, object], complaints: Complaints
) -> House:
    """Everybody is signed in, each in a browser of their own; the customer is nobody of the house."""
    pages = {}
    for login in (*PEOPLE, "customer"):
        context: BrowserContext = browser.new_context(**browser_context_args)  # type: ignore[arg-type]
        context.on("page", complaints.listen)
        page = pages[login] = context.new_page()
        if login != "customer":
            page.goto(f"{application.url}/sign-in")
            page.locator(f"button[data-login={login}]").click()
            expect(page.get_by_role("heading", name="Boîte de réception")).to_be_visible()
    return House(application=application, pages=pages)


def done(page: Page) -> None:
    expect(page.locator(".bd-flash--success").first).to_be_visible()


def write_quote(house: House) -> str:
    """One desk, six lamps of which there are none, and the fitting; cheap enough to need an approval."""
    page = house.open("sarah", "/quotes/new?customer=CL-2026-00001")
    texts = page.locator("[name=line_text]")
    for count, (word, article) in enumerate((("lampe", LAMPS), ("bureau", DESKS)), 1):
        page.locator("#search").fill(word)
        page.get_by_role("checkbox", name=re.compile(article)).check()
        page.get_by_role("button", name="Ajouter les articles cochés").click()
        expect(texts).to_have_count(count)
    page.get_by_role("button", name="Ligne libre").click()
    expect(texts).to_have_count(3)
    page.locator("[name=line_quantity]").nth(0).fill("6")
    page.locator("[name=line_discount]").nth(0).fill("12")
    page.locator("[name=line_discount]").nth(1).fill("12")
    texts.nth(2).fill("Montage sur place")
    page.locator("[name=line_unit]").nth(2).fill("forfait")
    page.locator("[name=line_unit_price]").nth(2).fill("180")
    page.locator("select[name=line_product_type]").select_option("service")
    page.get_by_label("Objet").fill("Bureau de l’accueil")
    page.get_by_label("Objet").press("Tab")
    expect(page.locator("#figures")).to_contain_text(TOTAL)
    page.locator(".bd-actions").get_by_role("button", name="Enregistrer").last.click()
    number = re.search(r"DV-\d{4}-\d{5}", page.locator("h1").inner_text())
    assert number is not None
    page.get_by_role("link", name="Envoyer").click()
    page.get_by_role("button", name=re.compile("Envoyer|Soumettre")).click()
    return number.group()


def accept(house: House, number: str) -> None:
    """By the link of the mail, as somebody whom the house does not know."""
    page, link = house.pages["customer"], None
    for _ in range(80):
        with house.application.runtime.database.reading() as session:
            letters = session.execute(text("SELECT body FROM engine.letter WHERE body LIKE '%/quote/%'")).scalars()
            link = next(
                (found.group() for each in letters if (found := re.search(r"https?://\S+/quote/\S+", each))), None
            )
        if link is not None:
            break
        page.wait_for_timeout(250)
    assert link is not None
    house.open("customer", urlsplit(link).path)
    expect(page.get_by_role("heading", name=re.compile(number))).to_be_visible()
    page.get_by_label("Votre nom").first.fill("Hélène Vallier")
    page.get_by_label("Votre fonction").fill("Gérante")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Accepter").click()
    expect(page.get_by_text("Hélène Vallier")).to_be_visible()


def answer(
    house: House,
    login: str,
    title: str,
    number: str,
    choice: str | None = None,
    *,
    texts: Mapping[str, str] | None = None,
) -> None:
    """Do a task: choose, fill in by label, send."""
    page = house.take(login, title, number)
    if choice is not None:
        page.get_by_label(choice, exact=True).check()
    for label, value in (texts or {}).items():
        field = page.get_by_label(label)
        if field.evaluate("each => each.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.locator("form.bd-form, form").get_by_role("button", name=_SEND).last.click()
    done(page)


_SEND = re.compile("^(Terminer la tâche|Confirmer|Enregistrer|Continuer|Demander la facture|Enregistrer la réception)$")


def ask_for_lamps(house: House, order: str) -> str:
    """From the line that lacks them, on the page of the delivery; gives the number of the request."""
    page = house.pages["camille"]
    house.until("camille", f"/orders/{order}", page.get_by_role("link", name=re.compile(r"BL-\d{4}-\d{5}")))
    page.get_by_role("link", name=re.compile(r"BL-\d{4}-\d{5}")).first.click()
    page.get_by_role("link", name="Demander l’approvisionnement").first.click()
    expect(page.get_by_label("Article")).to_have_value(LAMPS)
    page.get_by_label("Quantité").fill("30")
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_text("Dossier ouvert :")).to_be_visible()
    number = re.search(r"DA-\d{4}-\d{5}", page.title())
    assert number is not None
    return number.group()


def ship(house: House, order: str) -> None:
    """Pick, pack, off."""
    answer(house, "bruno", "Préparer la livraison", order, "Tout est préparé")
    answer(house, "bruno", "Expédier la livraison", order, "C’est parti", texts={"Transporteur": "Transports du Jura"})


def invoice(house: House, order: str, what: str, count: int) -> str:
    """Asked for by sales administration, validated by accounting; gives its number."""
    answer(house, "camille", "Demander une facture", order, texts={"Que facturer ?": what})
    draft = house.take("yasmine", "Valider la facture", "")
    draft.get_by_label("Valider et envoyer").check()
    expect(draft.get_by_label("Délai de paiement")).to_have_value("30_days")
    draft.get_by_role("button", name=_SEND).last.click()
    done(draft)
    page = house.pages["camille"]
    numbers = page.get_by_role("link", name=re.compile(r"FA-\d{4}-\d{5}"))
    house.until("camille", f"/orders/{order}", numbers.nth(count - 1))
    return numbers.nth(count - 1).inner_text()


def pay(house: House, amount: str) -> None:
    """What came by transfer; the oldest invoice first, as the page proposes."""
    page = house.open("yasmine", "/payments/new?customer=CL-2026-00001")
    page.get_by_label("Montant", exact=False).first.fill(amount)
    page.get_by_role("button", name="Enregistrer le règlement").last.click()
    expect(page.get_by_role("heading", name=re.compile("RG-"))).to_be_visible()


def test_from_the_quote_to_the_last_payment(house: House) -> None:
    quote = write_quote(house)
    page = house.take("marc", "Approuver le devis", quote)
    page.get_by_label("J’approuve le devis").check()
    page.get_by_role("button", name="Terminer la tâche").click()
    done(page)
    seller = house.pages["sarah"]
    at_once = seller.get_by_role("button", name="Envoyer maintenant")
    house.until("sarah", f"/quotes/{quote}", at_once)
    at_once.click()
    expect(seller.get_by_role("heading", name=re.compile("envoyé"))).to_be_visible()  # the page looks again by itself
    accept(house, quote)
    number = re.compile(r"CC-\d{4}-\d{5}")
    house.until("sarah", f"/quotes/{quote}", seller.get_by_role("link", name=number))
    found = number.search(seller.get_by_role("link", name=number).first.inner_text())
    assert found is not None
    order = found.group()

    request = ask_for_lamps(house, order)
    page = house.take("gabriel", "Décider de la demande", request)
    page.get_by_label("Lancer la commande").check()
    page.get_by_label("Fournisseur").select_option("LUMIERE-PRO")
    page.get_by_label("Prix unitaire hors taxes").fill("31,50")
    page.get_by_role("button", name="Terminer la tâche").click()
    done(page)

    ship(house, order)
    invoice(house, order, "Les biens seulement", 1)
    answer(house, "bruno", "Réceptionner la marchandise", request, texts={"Quantité arrivée": "30"})
    ship(house, order)
    invoice(house, order, "Tout ce qui reste", 2)
    pay(house, "1000")
    pay(house, "355,84")
    page = house.pages["camille"]
    house.until("camille", f"/orders/{order}", page.get_by_role("heading", name=re.compile("clôturée|close")))
    expect(page.get_by_text(TOTAL).first).to_be_visible()
