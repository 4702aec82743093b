"""What a customer answers counts once, for what was sent; numbers have no gap; whoever races, one wins."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from engine import records
from engine.database.session import Database
from engine.errors import CommandRejected, InvalidInput, WrongState
from engine.handler import Actor, BusinessError, HandlerContext
from handlers.sales import commands as c
from handlers.sales import handlers as h
from handlers.sales import queries
from handlers.sales.steps import Issue, Noted, Return, Sending, Submission, Version
from tests.handlers.sales.conftest import CUSTOMER, NOW, OFFER, SARAH, TODAY

NUMBER = "DV-2026-00001"
MARC = Actor(login="marc", name="Marc", roles=frozenset({"sales_manager"}))
SENDING = Sending(quote_number=NUMBER, version=1)


def run(database: Database, handler: Any, given: Any, key: str = "1:a:h") -> Any:
    """One handler, as a step would."""
    with database.transaction() as session:
        return handler.run(given, _context(session, key))


def _context(session: Session, key: str) -> HandlerContext:
    return HandlerContext(
        session=session, actor=SARAH, business_key=NUMBER, attempt=1, idempotency_key=key, now=NOW, starter="sarah"
    )


@pytest.fixture
def sent(draft: Database) -> Database:
    """``DV-2026-00001`` was sent."""
    run(draft, h.submit_quote, Submission(quote=NUMBER, today=TODAY))
    run(draft, h.issue_quote, Issue(quote_number=NUMBER, today=TODAY))
    run(draft, h.send_quote, SENDING)
    return draft


def answer(database: Database, **more: Any) -> c.AnswerQuote:
    with database.reading() as session:
        view = queries.find_quote(session, NUMBER)
    assert view is not None
    assert view.content_hash is not None
    given = c.AnswerQuote(
        number=NUMBER,
        version=1,
        content_hash=view.content_hash,
        answer="accepted",
        name="J",
        consent="Oui",
        today=TODAY,
    )
    return replace(given, **more)


def outcomes(database: Database, *acts: Callable[[], Any]) -> list[str]:
    """What becomes of ``acts`` that begin together: ``done``, or the code of the refusal."""

    def attempt(act: Callable[[], Any]) -> str:
        try:
            act()
        except (CommandRejected, BusinessError) as refusal:
            return refusal.code
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(attempt, acts))


def test_of_two_answers_at_once_one_counts(sent: Database) -> None:
    accepted, refused = answer(sent), answer(sent, answer="refused", comment="Non")
    found = outcomes(
        sent,
        lambda: records.execute(sent, c.answer_quote, accepted, CUSTOMER, now=NOW),
        lambda: records.execute(sent, c.answer_quote, refused, CUSTOMER, now=NOW),
        lambda: run(sent, h.note_answer, Noted(quote_number=NUMBER, version=1, answer="accepted", noted_by="sarah")),
        lambda: run(sent, h.expire_quote, Version(quote_number=NUMBER, version=1)),
    )
    assert found.count("done") == 1
    assert set(found) <= {"done", "quote_answered", "quote_over"}


def test_only_what_is_offered_now_is_answered(sent: Database) -> None:
    for wrong, code in (
        ({"version": 2}, "quote_not_current"),
        ({"content_hash": "0" * 64}, "quote_not_current"),
        ({"today": date(2026, 12, 24)}, "quote_over"),
    ):
        with pytest.raises(WrongState) as refused:
            records.execute(sent, c.answer_quote, answer(sent, **wrong), CUSTOMER, now=NOW)
        assert refused.value.code == code
    for wrong in ({"answer": "expired"}, {"name": " "}, {"consent": ""}, {"answer": "refused", "comment": "\n"}):
        with pytest.raises(InvalidInput):
            records.execute(sent, c.answer_quote, answer(sent, **wrong), CUSTOMER, now=NOW)
    run(sent, h.note_answer, Noted(quote_number=NUMBER, version=1, answer="withdrawn", comment="x", noted_by="sarah"))
    with pytest.raises(WrongState):
        records.execute(sent, c.answer_quote, answer(sent), CUSTOMER, now=NOW)


def test_a_quote_that_a_case_leads_is_not_sent_by_another(draft: Database) -> None:
    run(draft, h.submit_quote, Submission(quote=NUMBER, today=TODAY))
    run(draft, h.return_quote, Return(quote_number=NUMBER, reason="Trop cher"))
    with draft.reading() as session:
        assert queries.read_drafts(session) == []
    with pytest.raises(BusinessError, match="quote_in_progress"):
        run(draft, h.submit_quote, Submission(quote=NUMBER, today=TODAY))
    run(draft, h.submit_quote, Submission(quote=NUMBER, today=TODAY, is_first=False))
    with pytest.raises(BusinessError, match="approver_is_author"):
        run(draft, h.issue_quote, Issue(quote_number=NUMBER, approved_by="sarah", today=TODAY))


def test_numbers_have_no_gap_whoever_writes_at_the_same_time(shop: Database) -> None:
    wanted = c.AddQuote(customer="CL-2026-00001", quote=OFFER, today=TODAY)
    wrong = replace(wanted, quote=replace(OFFER, billing_id=99))  # refused after its number was taken

    def add(given: c.AddQuote) -> Callable[[], Any]:
        return lambda: records.execute(shop, c.add_quote, given, SARAH, now=NOW)

    found = outcomes(shop, *(add(wanted) for _ in range(5)), *(add(wrong) for _ in range(3)))
    assert found == ["done"] * 5 + ["invalid_input"] * 3
    with shop.reading() as session:
        numbers = sorted(each.number for each in queries.quotes_page(session).quotes)
    assert numbers == [f"DV-2026-{number:05d}" for number in range(1, 6)]


def test_what_is_cleared_for_sending_does_not_bind_us_yet(draft: Database) -> None:
    run(draft, h.submit_quote, Submission(quote=NUMBER, today=TODAY))
    run(draft, h.issue_quote, Issue(quote_number=NUMBER, approved_by="marc", today=TODAY))
    waiting = view(draft)
    assert (waiting.status, waiting.approved_by) == ("submitted", "marc")
    assert (waiting.sent_at, waiting.content_hash, waiting.link_key) == (None, None, None)
    given = c.AnswerQuote(
        number=NUMBER, version=1, content_hash="", answer="accepted", name="J", consent="x", today=TODAY
    )
    with pytest.raises(WrongState, match="quote_not_current"):
        records.execute(draft, c.answer_quote, given, CUSTOMER, now=NOW)
    run(draft, h.send_quote, SENDING)
    sent = view(draft)
    assert (sent.status, sent.sent_at) == ("sent", NOW)
    assert None not in {sent.content_hash, sent.link_key}
    run(draft, h.send_quote, SENDING)  # another attempt
    assert view(draft) == sent


def test_what_was_taken_back_is_a_draft_again_that_nobody_has_approved(draft: Database) -> None:
    run(draft, h.submit_quote, Submission(quote=NUMBER, today=TODAY))
    submitted = view(draft)
    run(draft, h.issue_quote, Issue(quote_number=NUMBER, approved_by="marc", today=TODAY))
    run(draft, h.return_quote, Return(quote_number=NUMBER, reason="Mauvais prix"))
    back = view(draft)
    assert (back.status, back.closed_because, back.approved_by) == ("draft", "Mauvais prix", None)
    assert (back.version, back.totals, back.lines) == (1, submitted.totals, submitted.lines)
    # its approver of then may submit it now
    with draft.transaction() as session:
        given = Submission(quote=NUMBER, today=TODAY, is_first=False)
        h.submit_quote.run(given, replace(_context(session, "1:b:h"), actor=MARC))
    assert view(draft).submitted_by == "marc"


def view(database: Database) -> queries.QuoteView:
    with database.reading() as session:
        found = queries.find_quote(session, NUMBER)
    assert found is not None
    return found
