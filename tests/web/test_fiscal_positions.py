"""The VAT treatment on pages: proposed with its reason, chosen on a draft, kept on errors, shown on what is invoiced."""

from __future__ import annotations

import html

import pytest

from tests.web.conftest import Browser, Office
from tests.web.test_customers import form
from tests.web.test_orders import write as write_order
from tests.web.test_quotes import DESK, HEAD, quote, write

GERMAN = {
    "vat_number": "DE136695976",
    "street": "Torstraße 1",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
}
FITTING = {"line_article": "", "line_text": "Pose", "line_unit": "heure", "line_product_type": "service"}


def plain(page: str) -> str:
    return html.unescape(page).replace("\u202f", " ").replace("\xa0", " ")


def customer(browser: Browser, **data: str) -> str:
    """A new one; its number."""
    answer = browser.post("/customers/new", form(**data))
    assert answer.status_code == 303, answer.text
    return answer.location.rsplit("/", 1)[1]


@pytest.fixture(scope="module")
def berlin(office: Office) -> str:
    return customer(office.as_("sarah"), name="Möbelhaus Berlin", **GERMAN)


def test_the_page_of_a_customer_says_what_is_proposed_and_why(office: Office, berlin: str) -> None:
    sarah = office.as_("sarah")
    page = plain(sarah.get(f"/customers/{berlin}").text)
    assert '<option value="" selected>Proposé par l’adresse</option>' in page
    assert "Proposé : Union européenne, entreprise, car l’adresse est dans un autre État membre" in page
    assert "Union européenne, entreprise" in plain(office.as_("aurelien").get(f"/customers/{berlin}").text)


def test_what_a_customer_cannot_have_is_said_at_its_field_and_stays(office: Office, berlin: str) -> None:
    sarah = office.as_("sarah")
    kept = form(name="Möbelhaus Berlin", vat_number="", fiscal_position="intra_eu")
    answer = sarah.post(f"/customers/{berlin}", kept)
    assert answer.status_code == 422
    page = plain(answer.text)
    assert "Pour vendre sans TVA dans l’Union européenne, il faut le numéro de TVA" in page
    assert '<option value="intra_eu" selected>' in page


def test_a_quote_begins_as_its_customer_and_its_figures_follow_what_is_chosen(office: Office, berlin: str) -> None:
    sarah = office.as_("sarah")
    begun = sarah.get(f"/quotes/new?customer={berlin}").text
    assert begun.count('name="fiscal_position"') == begun.count('id="head-title"') == 1, (
        "nothing stands outside the form"
    )
    assert '<option value="intra_eu" selected>' in begun
    assert '<option value="domestic" selected>' in sarah.get("/quotes/new?customer=CL-2026-00001").text
    two = {name: [DESK[name], FITTING.get(name, DESK[name])] for name in DESK}
    shown = sarah.post("/quotes/new", HEAD | two | {"customer": berlin, "fiscal_position": "intra_eu"})
    page = plain(shown.text)
    assert "Sans TVA (exonéré UE) sur 1 242,00 €" in page
    assert "Sans TVA (autoliq.) sur 1 242,00 €" in page
    assert "Biens exonérés (art. 262 ter I du CGI)" in page
    taxed = plain(sarah.post("/quotes/new", HEAD | two | {"customer": berlin, "fiscal_position": "domestic"}).text)
    assert "TVA 20 % sur 2 484,00 €" in taxed
    assert "Vérifiez : l’adresse et le numéro de TVA proposent Union européenne, entreprise" in taxed


def test_what_is_kept_is_shown_and_told(office: Office, berlin: str) -> None:
    sarah = office.as_("sarah")
    number = write(sarah, berlin, fiscal_position="intra_eu")
    found = quote(office, number)
    assert (found.data.fiscal_position, found.totals.vats) == ("intra_eu", ("intra_eu",))
    assert not found.totals.tax
    page = plain(sarah.get(f"/quotes/{number}").text)
    assert "Union européenne, entreprise" in page
    assert "exonéré UE" in page
    changed = HEAD | DESK | {"customer": berlin, "act": "save", "fiscal_position": "domestic"}
    assert sarah.post(f"/quotes/{number}/edit", changed).status_code == 303
    assert str(quote(office, number).totals.tax) == "248.40"
    history = plain(sarah.get(f"/quotes/{number}").text)
    assert "Régime de TVA" in history


def test_a_position_that_does_not_fit_is_refused_and_stays_chosen(office: Office) -> None:
    sarah = office.as_("sarah")
    answer = sarah.post(
        "/quotes/new", HEAD | DESK | {"customer": "CL-2026-00001", "act": "save", "fiscal_position": "intra_eu"}
    )
    assert answer.status_code == 422
    assert '<option value="intra_eu" selected>' in answer.text
    assert "choisissez « France »" in plain(answer.text)
    odd = sarah.post("/quotes/new", HEAD | DESK | {"customer": "CL-2026-00001", "act": "save", "fiscal_position": "?"})
    assert odd.status_code == 422
    assert "Choisissez un régime de TVA de la liste." in plain(odd.text)


def test_an_order_shows_it_too_and_a_proforma_says_why(office: Office, berlin: str) -> None:
    sarah = office.as_("sarah")
    number = write_order(sarah, berlin, fiscal_position="intra_eu")
    page = plain(sarah.get(f"/orders/{number}").text)
    assert "Union européenne, entreprise" in page
    assert "Sans TVA (exonéré UE)" in page
    assert sarah.get(f"/orders/{number}/proforma").data.startswith(b"%PDF")


def test_what_shipping_and_adjustment_bear_follows_the_vat_treatment(office: Office, berlin: str) -> None:
    sarah = office.as_("sarah")
    charged = HEAD | DESK | {"customer": berlin, "adjustment": "-10"}
    assert "Port et ajustement : sans TVA (exonéré UE)." in plain(
        sarah.post("/quotes/new", charged | {"fiscal_position": "intra_eu"}).text
    )
    at_home = plain(sarah.post("/quotes/new", charged | {"fiscal_position": "domestic"}).text)
    assert "Port et ajustement : TVA 20 %." in at_home
    assert "au taux normal de TVA" not in at_home
    assert "Port et ajustement :" not in plain(sarah.post("/quotes/new", charged | {"adjustment": ""}).text)
