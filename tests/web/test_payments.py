"""Payments on pages: recorded from an invoice, a customer or the list; used, given back, reversed; accounts and statements; who may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from engine import clock
from handlers.documents.model import Document
from handlers.documents.rules import contradictions
from handlers.payments import queries
from tests.handlers.payments.conftest import validated
from tests.web.conftest import Browser, Office

CUSTOMER = "CL-2026-00001"
OTHER = "CL-2026-00002"


def today() -> date:
    """At the company's, where it is tomorrow an hour or two before it is in UTC."""
    return clock.now().astimezone(ZoneInfo("Europe/Paris")).date()


def invoice(office: Office, *, customer: str = CUSTOMER, corrects: str | None = None, **bases: str) -> str:
    with office.runtime.database.transaction() as session:
        return validated(session, bases, customer=customer, corrects=corrects, issued_on=today())


def opens(office: Office, customer: str = CUSTOMER) -> dict[str, Decimal]:
    with office.runtime.database.reading() as session:
        return {each.invoice: each.open for each in queries.open_items(session, customer, with_credit=True)}


def told(office: Office) -> list[str]:
    """Of which invoices cases were told that they are paid."""
    with office.runtime.database.reading() as session:
        found = session.execute(
            text("SELECT correlation_key FROM engine.message WHERE name = 'invoice_paid' ORDER BY id")
        )
        return [str(each) for each in found.scalars()]


def form_of(browser: Browser, address: str) -> dict[str, str]:
    """The key of the form at ``address``, and what it is filled with."""
    page = browser.get(address)
    assert page.status_code == 200
    found = {
        name: re.search(rf'name="{name}"[^>]*? value="([^"]*)"', page.text) for name in ("key", "amount", "received_on")
    }
    chosen = re.search(r'name="method">.*?value="(\w+)" selected', page.text, re.DOTALL)
    return {name: each[1] for name, each in found.items() if each} | {"method": chosen[1] if chosen else ""}


def number_of(answer: Any) -> str:
    assert answer.status_code == 303, re.findall(r'role="alert".*?</ul>', answer.text, re.DOTALL)
    return str(answer.location.rsplit("/", 1)[1])


def record(browser: Browser, address: str, **more: str) -> str:
    form = form_of(browser, address)
    return number_of(
        browser.post("/payments/new", form | {"customer": CUSTOMER, "way": "oldest", "act": "save"} | more)
    )


@pytest.fixture(autouse=True)
def nothing_open(office: Office) -> Iterator[None]:
    """Each test ends with accounts that owe nothing: what is open is paid."""
    yield
    browser = office.as_("yasmine")
    for customer in (CUSTOMER, OTHER):
        left = sum((each for number, each in opens(office, customer).items()), Decimal(0))
        if left:
            form = form_of(browser, f"/payments/new?customer={customer}")
            more = {
                "customer": customer,
                "way": "oldest",
                "act": "save",
                "amount": str(left).replace(".", ","),
                "keeps_rest": "1",
            }
            number_of(browser.post("/payments/new", form | more))


def plain(page: str) -> str:
    return page.replace("\u202f", " ").replace("\xa0", " ")


def test_an_invoice_is_paid_from_its_page_and_its_case_is_told(office: Office) -> None:
    yasmine = office.as_("yasmine")
    number = invoice(office, normal="1000", intermediate="100")
    other = invoice(office, normal="10")
    address = f"/payments/new?invoice={number}"
    form = form_of(yasmine, address)
    assert (form["amount"], form["received_on"]) == ("1310", today().isoformat())
    assert re.search(rf'name="pay.{number}" value="1310"', yasmine.get(address).text)
    part = record(yasmine, address, amount="310", way="chosen", **{f"pay.{number}": "310"})
    assert told(office) == []
    assert opens(office) == {number: Decimal(1000), other: Decimal(12)}
    page = plain(yasmine.get(f"/payments/{part}").text)
    assert "20 % : 283,97 €" in page
    assert "10 % : 26,03 €" in page
    assert f"/invoices/{number}" in page
    assert part in yasmine.get(f"/invoices/{number}").text
    record(yasmine, address, amount="1000", way="chosen", **{f"pay.{number}": "1 000,00"})
    assert told(office) == [number]
    assert opens(office) == {other: Decimal(12)}


def test_less_than_an_invoice_is_typed_once(office: Office) -> None:
    yasmine = office.as_("yasmine")
    number = invoice(office, normal="1000")
    address = f"/payments/new?invoice={number}"
    begun = {"way": "chosen", "begun": "1200", f"pay.{number}": "1200"}
    shown = yasmine.post("/payments/new", form_of(yasmine, address) | begun | {"customer": CUSTOMER, "amount": "500"})
    assert f'name="pay.{number}" value="500"' in shown.text
    assert 'name="begun" value="500"' in shown.text
    record(yasmine, address, amount="300", **begun)
    assert opens(office) == {number: Decimal(900)}
    for more in ({"amount": "2000"}, {"amount": "100", f"pay.{number}": "200"}):
        form = form_of(yasmine, address) | {"way": "chosen", "begun": "900", f"pay.{number}": "900", "act": "save"}
        refused = yasmine.post("/payments/new", form | {"customer": CUSTOMER} | more)
        assert refused.status_code == 422, "whoever wrote both says what goes where"


def test_several_invoices_are_paid_as_proposed_or_by_hand(office: Office) -> None:
    yasmine = office.as_("yasmine")
    one, two = invoice(office, normal="100"), invoice(office, normal="50")
    form = form_of(yasmine, f"/payments/new?customer={CUSTOMER}") | {"customer": CUSTOMER, "way": "oldest"}
    page = plain(yasmine.post("/payments/new", form | {"amount": "150", "act": "show"}).text)
    assert re.findall(r'<strong class="text-nowrap">([\d ,]+) €</strong>', page)[-2:] == ["120,00", "30,00"]
    page = yasmine.post("/payments/new", form | {"amount": "150", "act": "choose"}).text
    assert f'name="pay.{one}" value="120"' in page
    assert f'name="pay.{two}" value="30"' in page
    chosen = form | {"amount": "150", "act": "save", "way": "chosen"}
    for wrong, field in (
        ({f"pay.{one}": "120,01"}, f"invoices.{one}"),
        ({f"pay.{one}": "cent"}, f"invoices.{one}"),
        ({f"pay.{one}": "120", f"pay.{two}": "31"}, "amount"),
        ({f"pay.{one}": "120"}, "keeps_rest"),
        ({"pay.FA-1": "1"}, "invoices.FA-1"),
    ):
        answer = yasmine.post("/payments/new", chosen | wrong)
        assert answer.status_code == 422
        assert f'href="#in-{field}"' in answer.text
    number = number_of(yasmine.post("/payments/new", chosen | {f"pay.{one}": "120", f"pay.{two}": "30"}))
    again = yasmine.post("/payments/new", chosen | {f"pay.{one}": "120", f"pay.{two}": "30"})
    assert number_of(again) == number, "the same form, sent twice"
    assert opens(office) == {two: Decimal(30)}
    assert number in yasmine.get(f"/payments?customer={CUSTOMER}&shown=receipt").text
    assert yasmine.get(f"/payments?after={10**30}&shown=nothing&q=%27").status_code == 200


def test_the_way_of_paying_that_the_customer_prefers_is_proposed(office: Office) -> None:
    with office.runtime.database.transaction() as session:
        session.execute(text(f"UPDATE business.customer SET preferred_payment = 'cheque' WHERE number = '{OTHER}'"))
    yasmine = office.as_("yasmine")
    assert form_of(yasmine, f"/payments/new?customer={OTHER}")["method"] == "cheque"
    assert "Cabinet Vallier" in yasmine.get("/payments/new?q=vall").text


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"amount": ""}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "0,001"}, "amount"),
        ({"amount": "beaucoup"}, "amount"),
        ({"received_on": "2999-01-01"}, "received_on"),
        ({"received_on": "hier"}, "received_on"),
        ({"method": "troc"}, "method"),
        ({"way": "guess"}, "way"),
        ({"reference": "r" * 201}, "reference"),
    ],
)
def test_what_is_refused_is_said_and_stays_typed(office: Office, more: dict[str, str], field: str) -> None:
    yasmine = office.as_("yasmine")
    form = form_of(yasmine, f"/payments/new?customer={CUSTOMER}")
    asked = {"customer": CUSTOMER, "way": "account", "amount": "10", "note": "au guichet", "act": "save"}
    answer = yasmine.post("/payments/new", form | asked | more)
    assert answer.status_code == 422
    assert f'href="#in-{field}"' in answer.text
    assert "au guichet" in answer.text


def test_money_on_account_is_used_given_back_and_reversed(office: Office) -> None:
    yasmine = office.as_("yasmine")
    address = f"/payments/new?customer={OTHER}"
    number = record(yasmine, address, customer=OTHER, way="account", amount="100,00")
    assert "bd-status--completed" in yasmine.get("/payments?shown=on_account").text
    bill = invoice(office, customer=OTHER, normal="50")
    form = form_of(yasmine, f"/payments/use?payment={number}")
    page = yasmine.post(f"/payments/use?payment={number}", form | {"way": "oldest", "act": "choose"}).text
    assert f'name="pay.{bill}" value="60"' in page
    paid = yasmine.post(f"/payments/use?payment={number}", form | {"way": "oldest", "act": "save"})
    assert number_of(paid) == number
    assert told(office)[-1] == bill
    form = form_of(yasmine, f"/payments/refund?payment={number}")
    assert form["amount"] == "40"
    too_much = yasmine.post(f"/payments/refund?payment={number}", form | {"amount": "41"})
    assert too_much.status_code == 422
    back = number_of(yasmine.post(f"/payments/refund?payment={number}", form))
    page = yasmine.get(f"/payments/{number}").text
    assert back in page
    assert "annulez d’abord son remboursement" in page
    for each in (back, number):
        yasmine.get(f"/payments/{each}")
        asked = {"because": "Erreur", "on": today().isoformat()}
        assert yasmine.post(f"/payments/{each}/reverse", asked | {"because": ""}).status_code == 422
        assert yasmine.post(f"/payments/{each}/reverse", asked).status_code == 303
        assert yasmine.post(f"/payments/{each}/reverse", asked).status_code == 422
    assert opens(office, OTHER) == {bill: Decimal(60)}
    assert "Erreur" in yasmine.get(f"/payments/{number}").text


def test_a_credit_note_is_set_off_or_given_back(office: Office) -> None:
    yasmine = office.as_("yasmine")
    number = invoice(office, normal="100")
    credit = invoice(office, corrects=number, normal="40")
    page = yasmine.get(f"/customers/{CUSTOMER}/account").text
    assert f"/payments/use?credit_note={credit}" in page
    form = form_of(yasmine, f"/payments/use?credit_note={credit}")
    number_of(yasmine.post(f"/payments/use?credit_note={credit}", form | {"way": "oldest", "act": "save"}))
    assert opens(office) == {number: Decimal(72)}
    assert yasmine.get(f"/payments/use?credit_note={credit}").status_code == 404
    second = invoice(office, corrects=number, normal="10")
    form = form_of(yasmine, f"/payments/refund?credit_note={second}")
    assert form["amount"] == "12"
    number_of(yasmine.post(f"/payments/refund?credit_note={second}", form))
    assert opens(office) == {number: Decimal(72)}


def test_the_statement_of_a_customer_on_screen_on_paper_and_by_mail(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Document] = []

    def draw(document: Document) -> bytes:
        written.append(document)
        return b"%PDF-1.7 drawn"

    monkeypatch.setattr("web.payments.accounts.pdf_of", draw)
    yasmine = office.as_("yasmine")
    number = invoice(office, normal="100")
    day = today().isoformat()
    address = f"/customers/{CUSTOMER}/account"
    page = yasmine.get(f"{address}?since={day}&until={day}")
    assert page.status_code == 200
    assert number in page.text
    assert yasmine.get(f"{address}?since=x&until=0001-01-01").status_code == 200
    answer = yasmine.get(f"{address}/pdf?since={day}&until={day}")
    assert (answer.mimetype, answer.data[:5]) == ("application/pdf", b"%PDF-")
    assert written[0].statement is not None
    assert number in {each.number for each in written[0].statement.rows}
    assert contradictions(written[0]) == ()
    key = re.search(r'name="key" value="([^"]+)"', yasmine.get(address).text)
    assert key is not None
    asked = {"email": "compta@vallier.example", "since": day, "until": day, "key": key[1]}
    assert yasmine.post(f"{address}/send", asked | {"email": "compta"}).status_code == 422
    for _ in range(2):
        assert yasmine.post(f"{address}/send", asked).status_code == 303
    with office.runtime.database.reading() as session:
        letters = session.execute(
            text("SELECT to_address, attachment_name FROM engine.letter WHERE key LIKE 'statement/%'")
        )
        assert [tuple(each) for each in letters] == [
            ("compta@vallier.example", f"Relevé de compte {CUSTOMER} {day}.pdf")
        ]
    assert "Envoyer un relevé de compte" in yasmine.get(f"/customers/{CUSTOMER}").text


HOSTILE = {
    "long": "é" * 5_000,
    "half": "\ufffd\u202e",
    "huge": "9" * 400,
    "negative": "-1",
    "exponent": "1e999",
    "day": "9999-12-31",
}
FIELDS = (
    "amount",
    "received_on",
    "method",
    "reference",
    "note",
    "way",
    "key",
    "keeps_rest",
    "act",
    "because",
    "on",
    "email",
    "until",
    "since",
)


@pytest.mark.parametrize(
    "kind", [each if each == "huge" else pytest.param(each, marks=pytest.mark.long) for each in HOSTILE]
)
def test_values_that_no_page_sends_get_a_sentence(office: Office, kind: str) -> None:
    yasmine, value = office.as_("yasmine"), HOSTILE[kind]
    number = record(yasmine, f"/payments/new?customer={OTHER}", customer=OTHER, way="account", amount="1")
    form = {"customer": OTHER, "way": "chosen", "pay.FA-1": value, f"pay.{value}": value} | dict.fromkeys(FIELDS, value)
    for address in (
        "/payments/new",
        f"/payments/use?payment={number}",
        f"/payments/refund?payment={number}",
        f"/payments/{number}/reverse",
    ):
        for more in (
            {},
            {"act": "save"},
            {"act": "choose"},
            {"act": "save", "way": "chosen", "amount": "1", "received_on": "2026-11-01"},
        ):
            assert yasmine.post(address, form | more).status_code in {200, 404, 422}, (address, more)
    for address in ("/payments", "/payments/new", "/payments/use", f"/customers/{OTHER}/account"):
        asked = dict.fromkeys(
            ("q", "shown", "customer", "after", "invoice", "payment", "credit_note", "since", "until"), value
        )
        assert yasmine.get(address, query_string=asked).status_code in {200, 404}


def test_what_is_late_is_said(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    number = invoice(office, normal="100")
    monkeypatch.setattr("web.ui.today", lambda: today() + timedelta(days=31))
    yasmine = office.as_("yasmine")
    for address in (f"/customers/{CUSTOMER}/account", f"/payments/new?invoice={number}"):
        assert "bd-due--late" in yasmine.get(address).text


@pytest.mark.parametrize("login", ["bruno", "zoe", "nobody"])
def test_who_has_nothing_to_do_with_payments_sees_none(office: Office, login: str) -> None:
    for address in ("/payments", "/payments/new", "/payments/RG-2026-00001", f"/customers/{CUSTOMER}/account"):
        assert office.as_(login).get(address).status_code in {303, 403}


def test_who_reads_records_nothing(office: Office) -> None:
    yasmine, sarah = office.as_("yasmine"), office.as_("sarah")
    number = record(yasmine, f"/payments/new?customer={OTHER}", customer=OTHER, way="account", amount="1")
    page = sarah.get(f"/payments/{number}")
    assert page.status_code == 200
    assert "/reverse" not in page.text
    assert "/payments/new" not in sarah.get("/payments").text + sarah.get(f"/customers/{OTHER}/account").text
    for address in (
        "/payments/new",
        f"/payments/{number}/reverse",
        f"/payments/use?payment={number}",
        f"/payments/refund?payment={number}",
        f"/customers/{OTHER}/account/send",
    ):
        assert sarah.post(address, {"act": "save"}).status_code == 403
    for address in (
        "/payments/RG-1999-00001",
        "/customers/CL-0/account",
        "/payments/use?payment=x",
        "/payments/refund",
        "/payments/new?customer=x",
        "/payments/%00",
        "/payments/use?payment=%00",
    ):
        assert yasmine.get(address).status_code in {400, 404}, address
