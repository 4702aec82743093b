"""The letter of a quote waits two minutes: the page says until when; it is sent at once or taken back there, by whoever may."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from engine import clock
from engine.instances import commands
from engine.jobs import outbox
from engine.worker import run_pending
from handlers.sales.handlers import HELD
from tests.web.conftest import Office
from tests.web.test_quote_links import last_link
from tests.web.test_quotes import quote, write


def waiting(office: Office, login: str = "sarah") -> str:
    """A quote of ``login`` whose letter waits."""
    number = write(office.as_(login))
    commands.start_instance(office.runtime, office.actor(login), "quote_acceptance", {"quote": number})
    run_pending(office.runtime)
    return number


def letters(office: Office, number: str) -> int:
    """How many were written to the customer."""
    asked = "SELECT count(*) FROM engine.letter WHERE business_key = :number AND to_address IS NOT NULL"
    with office.runtime.database.reading() as session:
        return int(session.execute(text(asked), {"number": number}).scalar_one())


def case_of(office: Office, number: str) -> int:
    with office.runtime.database.reading() as session:
        found = session.execute(text("SELECT id FROM engine.instance WHERE business_key = :key"), {"key": number})
        return int(found.scalar_one())


def test_the_page_says_until_when_the_letter_waits(office: Office) -> None:
    number = waiting(office)
    page = office.as_("sarah").get(f"/quotes/{number}").text
    assert "Le courriel au client part le" in page
    assert "Le client n’a encore rien reçu" in page
    assert re.search(r'hx-trigger="load delay:1[12]\ds"', page), "the page looks again when the time has come"
    assert "son courriel attend encore" in page
    assert (quote(office, number).status, letters(office, number)) == ("submitted", 0)


def test_it_goes_by_itself_when_its_time_has_come(office: Office) -> None:
    number = waiting(office)
    with office.runtime.database.transaction() as session:
        outbox.promote(session, clock.now() + HELD)
    page = office.as_("sarah").get(f"/quotes/{number}").text
    assert "part à l’instant" in page
    assert 'hx-trigger="every 2s"' in page
    run_pending(office.runtime)
    assert (quote(office, number).status, letters(office, number)) == ("sent", 1)
    page = office.as_("sarah").get(f"/quotes/{number}").text
    assert "Le courriel au client" not in page
    assert 'hx-trigger="' not in page


def test_whoever_sent_it_sends_it_at_once(office: Office) -> None:
    number = waiting(office)
    sarah = office.as_("sarah")
    sarah.get(f"/quotes/{number}")
    assert sarah.post(f"/quotes/{number}/letter/send").status_code == 303
    run_pending(office.runtime)
    assert (quote(office, number).status, letters(office, number)) == ("sent", 1)
    assert office.nobody().get(last_link(office, number)).status_code == 200
    for act in ("send", "take-back"):
        late = sarah.post(f"/quotes/{number}/letter/{act}", {"letter_reason": "Mauvais prix"})
        assert late.status_code == 422
        assert "trop tard" in late.text
    assert quote(office, number).status == "sent"


def test_taken_back_it_is_a_draft_again_and_the_history_says_who_and_why(office: Office) -> None:
    number = waiting(office)
    sarah = office.as_("sarah")
    sarah.get(f"/quotes/{number}")
    before = quote(office, number)
    refused = sarah.post(f"/quotes/{number}/letter/take-back", {"letter_reason": " "})
    assert refused.status_code == 422
    assert 'href="#in-letter_reason"' in refused.text
    long = "Mauvais prix " * 90
    refused = sarah.post(f"/quotes/{number}/letter/take-back", {"letter_reason": long})
    assert refused.status_code == 422
    assert long.strip() in refused.text, "what was typed is kept"
    assert sarah.post(f"/quotes/{number}/letter/take-back", {"letter_reason": "Mauvais <prix>"}).status_code == 303
    after = quote(office, number)
    assert (after.status, after.version, after.closed_because) == ("draft", 1, "Mauvais <prix>")
    assert (after.lines, after.totals) == (before.lines, before.totals)
    page = sarah.get(f"/quotes/{number}").text
    assert "Mauvais &lt;prix&gt;" in page
    assert "Reprendre le devis" in page
    assert f"/quotes/{number}/edit" in page
    told = sarah.get(f"/cases/{case_of(office, number)}").text.replace("\xa0", " ")
    assert "« Envoyer au client » rappelé avant de partir : Mauvais &lt;prix&gt;" in told
    with office.runtime.database.reading() as session:
        asked = "SELECT actor FROM engine.event WHERE type = 'effect:taken_back' AND instance_id = :case"
        assert session.execute(text(asked), {"case": case_of(office, number)}).scalars().all() == ["sarah"]
    with office.runtime.database.transaction() as session:
        outbox.promote(session, clock.now() + 2 * HELD)
    run_pending(office.runtime)
    assert letters(office, number) == 0, "nobody writes to the customer afterwards"


@pytest.mark.parametrize(
    ("login", "sees", "answered"),
    [
        ("sarah", True, 303),
        ("marc", True, 303),
        ("aurelien", True, 403),
        # their page shows nothing of a case in which they have no part
        ("camille", False, 404),
        ("yasmine", False, 403),
    ],
)
def test_who_may_act_on_it_is_shown_how_and_others_are_refused(
    office: Office, login: str, sees: bool, answered: int
) -> None:
    number, may = waiting(office), answered == 303
    browser = office.as_(login)
    page = browser.get(f"/quotes/{number}").text
    assert ("Le courriel au client part le" in page) is sees
    assert ("Envoyer maintenant" in page, f"/quotes/{number}/letter/take-back" in page) == (may, may)
    answer = browser.post(f"/quotes/{number}/letter/take-back", {"letter_reason": "Essai"})
    assert answer.status_code == answered
    assert quote(office, number).status == ("draft" if may else "submitted")


def test_sales_administration_takes_back_what_it_sent_itself(office: Office) -> None:
    number = waiting(office, "camille")
    camille = office.as_("camille")
    assert "Envoyer maintenant" in camille.get(f"/quotes/{number}").text
    assert camille.post(f"/quotes/{number}/letter/take-back", {"letter_reason": "Essai"}).status_code == 303
    assert quote(office, number).status == "draft"


def test_the_mailbox_of_the_demonstration_says_what_waits_and_shows_what_the_customer_got(office: Office) -> None:
    number = waiting(office)
    sarah, bruno = office.as_("sarah"), office.as_("bruno")
    page = sarah.get("/mailbox").text.replace("\xa0", " ")
    assert f"{number} : un courriel attend jusqu’au" in page
    assert f"/cases/{case_of(office, number)}" in page
    assert number not in bruno.get("/mailbox").text
    sarah.post(f"/quotes/{number}/letter/send")
    run_pending(office.runtime)
    page = sarah.get("/mailbox").text.replace("\xa0", " ")
    assert f"{number} : un courriel attend" not in page
    assert last_link(office, number) in page, "the newest letter is open"
    assert number not in bruno.get("/mailbox").text, "nobody else sees the customer’s link"
