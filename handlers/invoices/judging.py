"""What a draft would say if it were validated now, and what is against that: asked before it has a number, because afterwards nothing of it
can change, and what cannot be printed cannot be sent.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from engine.data import to_canonical, to_values
from engine.texts import say
from handlers.base.letters import COMPANY_LANGUAGE
from handlers.documents.gaps import decisive, gaps
from handlers.documents.model import Document
from handlers.documents.press import machine_complaints
from handlers.documents.rules import contradictions
from handlers.invoices import printing, queries, store
from handlers.invoices.queries import InvoiceView
from handlers.invoices.terms import due_on
from handlers.sales.queries import party
from handlers.sales.types import TERMS

_NUMBER: Final = "FA-0"
"""Where a number is wanted and none was taken: it never leaves this module."""

_USUAL: Final = "on_receipt"
_FIXED: Final = date(2000, 1, 1)


def prospect(session: Session, invoice_id: int, today: date) -> Document | None:
    """The document that its validation on ``today`` would make; None as long as the company or the buyer's address is missing, which
    ``making.validate`` refuses by name. A constant number of statements.
    """
    row, view = store.find(session, invoice_id), queries.find_invoice(session, invoice_id)
    assert view is not None
    ours, said = printing.ours_of(session, view), store.with_address(session, row)
    if ours is None or said is None:
        return None
    day = today if view.corrects is None else max(today, view.corrects[1])
    terms = view.terms if view.terms in TERMS else _USUAL
    document = printing.document_of(
        replace(view, party=party(said), terms=terms), ours, day, printing.delivery_day(session, view, day)
    )
    due = due_on(terms, day) if view.kind == "invoice" else None
    return replace(document, number=view.number or _NUMBER, is_draft=False, due_on=due)


def lacking(session: Session, view: InvoiceView, today: date) -> tuple[str, ...]:
    """What a draft lacks and somebody should supply before it is validated (``gaps``); nothing as long as nobody has said who we are."""
    ours = printing.ours_of(session, view)
    if ours is None:
        return ()
    row = store.find(session, view.id)
    said = party(store.with_address(session, row) or store.with_numbers(session, row))
    left = printing.delivery_day(session, view, today)
    return gaps(printing.document_of(replace(view, party=said), ours, today, left))


def complaints(document: Document) -> tuple[str, ...]:
    """What of it contradicts itself, what it lacks of what its exemption from tax hangs on, or what the official rules have against it, in
    their words; empty: it can be printed and sent.

    It may take a second: for effects, never for a step. Raises InvariantBroken (``invoice_not_judged``).
    """
    return contradictions(document) or _lacking(document) or machine_complaints(document)


def _lacking(document: Document) -> tuple[str, ...]:
    said = (say(f"document.gap.{each}", COMPANY_LANGUAGE) for each in decisive(document))
    return tuple(say("document.gap_of_exemption", COMPANY_LANGUAGE, what=each) for each in said)


def fingerprint(document: Document) -> str:
    """SHA-256 of all that whoever validates relies on: who, to whom, lines and figures. The days and the terms are theirs to choose."""
    shown = replace(
        document,
        number="",
        issued_on=_FIXED,
        due_on=None,
        delivered_on=None,
        terms=replace(document.terms, text=""),
        mentions=(),
        cents_off=1,
        seller=replace(document.seller, logo=None),
    )
    return hashlib.sha256(to_canonical(to_values(shown)).encode()).hexdigest()
