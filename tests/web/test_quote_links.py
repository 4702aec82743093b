"""The customer's link: see, accept, refuse, ask for a change; what is forged, old, answered or over opens nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from engine import clock
from engine.instances import commands
from engine.worker import run_pending
from handlers.company.queries import find_identity
from handlers.sales import links
from handlers.sales.queries import QuoteView
from tests.web.conftest import Browser, Office
from tests.web.test_quotes import quote, write

ACCEPTED = {"answer": "accepted", "name": "Jeanne Vallier", "function": "Gérante", "consent": "1"}


def sent(office: Office, **more: str) -> tuple[str, str]:
    """A quote that was sent: its number, and the address that its customer got."""
    number = write(office.as_("sarah"), **more)
    commands.start_instance(office.runtime, office.actor("sarah"), "quote_acceptance", {"quote": number})
    office.let_go(number)
    return number, last_link(office, number)


def last_link(office: Office, number: str) -> str:
    with office.runtime.database.reading() as session:
        letter = session.execute(
            text(
                "SELECT * FROM engine.letter WHERE business_key = :number AND to_address IS NOT NULL ORDER BY id DESC"
            ),
            {"number": number},
        ).first()
    assert letter is not None
    assert letter.to_address == "achats@vallier.example"
    found = re.search(r"http://127\.0\.0\.1:8000(/quote/\S+)", letter.body)
    assert found is not None
    return found[1]


def status(office: Office, number: str) -> str:
    return quote(office, number).status


def fields(view: QuoteView, **more: str) -> dict[str, str]:
    assert view.content_hash is not None
    return {"content_hash": view.content_hash} | more


def case_of(office: Office, number: str) -> str:
    with office.runtime.database.reading() as session:
        return str(
            session.execute(
                text("SELECT status FROM engine.instance WHERE business_key = :number"), {"number": number}
            ).scalar_one()
        )


def test_a_customer_sees_and_accepts_without_signing_in(office: Office) -> None:
    number, address = sent(office)
    customer = office.nobody()
    page = customer.get(address)
    assert page.status_code == 200
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "Bureau chêne 160 cm" in page.text
    with office.runtime.database.reading() as session:
        seller = find_identity(session)
    assert seller is not None
    assert seller.data.name in page.text, "who asks"
    assert f"mailto:{seller.data.email}" in page.text
    assert status(office, number) == "sent", "looking accepts nothing"
    view = quote(office, number)
    for missing in ("name", "consent"):
        refused = customer.post(address, fields(view, **{**ACCEPTED, missing: ""}))
        assert refused.status_code == 422
    assert customer.post(address, fields(view, **ACCEPTED)).status_code == 303
    accepted = quote(office, number)
    assert accepted.answer is not None
    assert (accepted.status, accepted.answer.name, accepted.answer.function) == (
        "accepted",
        "Jeanne Vallier",
        "Gérante",
    )
    assert (accepted.answer.content_hash, accepted.answer.address) == (view.content_hash, "127.0.0.1")
    assert f"{number} (version 1)" in accepted.answer.consent
    run_pending(office.runtime)
    assert case_of(office, number) == "completed"
    assert "Jeanne Vallier" in customer.get(address).text
    assert customer.post(address, fields(view, **ACCEPTED)).status_code == 409, "answered once"
    dossier = office.as_("sarah").get(f"/quotes/{number}").text
    assert view.content_hash is not None
    assert view.content_hash in dossier
    assert "par son lien" in dossier
    assert "modifiez la commande" in dossier
    assert "le client peut demander une modification" not in dossier


def test_a_change_makes_a_version_with_a_link_of_its_own(office: Office) -> None:
    number, address = sent(office)
    customer, view = office.nobody(), quote(office, number)
    customer.get(address)
    assert customer.post(address, fields(view, answer="change_asked", comment=" ")).status_code == 422
    asked = fields(view, answer="change_asked", comment="Deux de plus")
    assert customer.post(address, asked).status_code == 303
    run_pending(office.runtime)
    following = quote(office, number)
    assert (following.version, following.status, following.closed_because) == (2, "draft", "Deux de plus")
    assert customer.get(address).status_code == 200
    assert "Bureau" not in customer.get(address).text, "what was replaced is shown to the customer no more"
    assert "Bureau" in office.as_("sarah").get(f"/quotes/{number}?version=1").text, "to us it is"
    case = office.as_("sarah").get(f"/quotes/{number}").text
    task = re.search(r'href="/tasks/(\d+)"', case)
    assert task is not None
    commands.complete_task(office.runtime, office.actor("sarah"), int(task[1]), {"next": "send"})
    office.let_go(number)
    second = last_link(office, number)
    assert second != address
    assert customer.post(address, fields(view, **ACCEPTED)).status_code == 409, "the old version cannot be accepted"
    refusal = fields(quote(office, number), answer="refused", comment="Trop tard", name="J. V.")
    assert customer.post(second, refusal).status_code == 303
    run_pending(office.runtime)
    assert (status(office, number), case_of(office, number)) == ("refused", "completed")


@pytest.fixture(scope="module")
def unanswered(office: Office) -> tuple[str, str]:
    """A quote that nobody has answered yet."""
    return sent(office)


@pytest.fixture(autouse=True)
def patient(office: Office) -> Iterator[None]:
    """What came to nothing in one test keeps no other waiting."""
    yield
    with office.runtime.database.transaction() as session:
        session.execute(text("DELETE FROM engine.sign_in_failure"))


def test_the_dossier_says_what_waits_for_whom(office: Office, unanswered: tuple[str, str]) -> None:
    page = office.as_("sarah").get(f"/quotes/{unanswered[0]}")
    assert page.status_code == 200
    assert "Suivre la réponse du client" in page.text
    assert "il est déjà parti" in page.text, "what cannot be done says why"


def test_an_offer_that_is_over_opens_nothing(office: Office, unanswered: tuple[str, str]) -> None:
    number, address = unanswered
    customer, view = office.nobody(), quote(office, number)
    customer.get(address)
    with clock.frozen(datetime(2027, 1, 1, 12, tzinfo=UTC)):
        page = customer.get(address)
        assert page.status_code == 410
        assert "Bureau" not in page.text
        assert customer.post(address, fields(view, **ACCEPTED)).status_code in {409, 410}
    assert status(office, number) == "sent"


def test_what_was_not_on_the_page_is_not_accepted(office: Office, unanswered: tuple[str, str]) -> None:
    number, address = unanswered
    customer, view = office.nobody(), quote(office, number)
    customer.get(address)
    for wrong in (
        ACCEPTED | {"content_hash": "0" * 64},
        fields(view, **ACCEPTED | {"answer": "expired"}),
        fields(view, **ACCEPTED | {"answer": "withdrawn"}),
        fields(view, **ACCEPTED | {"name": "x" * 121}),
        fields(view, **ACCEPTED | {"name": "a\0b"}),
        fields(view, answer="refused", comment="x" * 2_001),
    ):
        assert customer.post(address, wrong).status_code in {409, 422}
    assert Browser(client=office.app.test_client()).post(address, fields(view, **ACCEPTED)).status_code == 400, (
        "no token"
    )
    assert status(office, number) == "sent"


def test_forged_links_lead_nowhere_and_slow_down(office: Office, unanswered: tuple[str, str]) -> None:
    number, address = unanswered
    forged = [
        links.token(number, 1, b"of mine"),
        links.token("DV-1", 1, b""),
        links.token("D\0", 1, b""),
        links.token("DV-1", 10**19, b""),
        "x",
        "é",
        address[7:-1],
        "." * 300,
    ]
    nobody = office.nobody()
    assert [nobody.get(f"/quote/{each}").status_code for each in forged] == [404] * len(forged)
    with office.runtime.database.transaction() as session:
        session.execute(text("UPDATE engine.sign_in_failure SET failures = 60, last_at = :now"), {"now": clock.now()})
    assert nobody.get(address).status_code == 403


@pytest.mark.parametrize("login", ["zoe", "sarah"])
def test_who_is_signed_in_needs_the_link_too(office: Office, unanswered: tuple[str, str], login: str) -> None:
    number, _ = unanswered
    assert office.as_(login).get(f"/quote/{links.token(number, 1, b'guess')}").status_code == 404


def test_a_link_to_send_what_is_sent_or_gone_says_why_it_cannot_be_chosen(office: Office) -> None:
    number, _ = sent(office)
    sarah = office.as_("sarah")

    def said(quote_number: str) -> str:
        page = sarah.get(f"/start/quote_acceptance?quote={quote_number}").text
        return page.partition('<div class="bd-flash bd-flash--warning" role="alert">')[2].partition("</div>")[0]

    assert f"Le devis {number} est déjà envoyé." in said(number)
    submitted = write(sarah)
    assert said(submitted) == "", "it can be chosen"
    commands.start_instance(office.runtime, office.actor("sarah"), "quote_acceptance", {"quote": submitted})
    assert f"Un dossier suit déjà le devis {submitted}." in said(submitted)
    cancelled = write(sarah)
    assert sarah.post(f"/quotes/{cancelled}/cancel", {"reason": "Doublon"}).status_code == 303
    assert f"Le devis {cancelled} est annulé" in said(cancelled)
    late = sarah.post("/start/quote_acceptance", {"quote": cancelled})
    assert late.status_code == 422
    assert f"Le devis {cancelled} est annulé" in late.text, "also to who had the form open"
    assert "Il n’y a pas de devis" in said("DE-0")
    assert said("%00") == "", "what cannot be kept is looked for nowhere"
