"""What is done to invoices, as record commands. The record's key is the id of the invoice, which a draft has, too.

People do the first two on pages; the process ``invoicing`` drafts invoices, and seals what accounting validates.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy.orm import Session

from engine.data import Money, data
from engine.errors import WrongState
from engine.record import Change, RecordContext, RecordTable, record_command
from engine.texts import format as formats
from handlers.base.letters import COMPANY_LANGUAGE
from handlers.base.parties import lines_of
from handlers.base.units import counted
from handlers.invoices import chain, judging, making, store
from handlers.invoices.tables import Invoice

KIND: Final = "invoice"
EDITORS: Final = ("accounting",)
"""Who may change drafts and begin credit notes."""

READERS: Final = ("sales", "sales_admin", "sales_manager", "accounting", "auditor")
"""Who may see them."""

VERIFIERS: Final = ("accounting", "auditor", "admin")
"""Who may verify the chain of what was validated."""

PERSONAL: Final = ("party", "reason")

VALIDATED: Final = "invoice:validated"
"""The event that says which number and which hash an invoice was given: ``verifying`` holds the chain against it."""


@data
class Quantity:
    """How much of one line."""

    line: int
    quantity: Decimal


@data
class ChangeDraft:
    """The quantities that a draft of an invoice is to have, by line of its order; a line that is not named is not invoiced now."""

    invoice: str
    quantities: tuple[Quantity, ...]


@data
class AddCreditNote:
    """What of a validated invoice is given back, by its own lines. ``is_reinvoiceable``: it may be invoiced again (*à refacturer*).

    ``key``: of the form, so that sending it twice drafts one.
    """

    invoice: str
    quantities: tuple[Quantity, ...]
    reason: str
    is_reinvoiceable: bool
    key: str | None = None


@data
class Amount:
    """How much of the price of one line, before tax."""

    line: int
    amount: Money


@data
class AddReduction:
    """By how much the prices of a validated invoice are reduced after all: ``amounts`` of its own lines, or ``percent`` of each of them.

    ``key``: of the form, as in ``AddCreditNote``.
    """

    invoice: str
    amounts: tuple[Amount, ...] = ()
    percent: Decimal | None = None
    reason: str
    key: str | None = None


@data
class Seal:
    """A draft that is validated, as ``steps.Validation`` says it. ``invoice``: its id."""

    invoice: str
    total: Money
    today: date
    validated_by: str
    terms: str | None = None
    performed_on: date | None = None
    complaint: str | None = None
    shown: str | None = None


@record_command(
    "invoices.change_draft",
    event="invoice:changed",
    kind=KIND,
    key="invoice",
    may=EDITORS,
    personal=PERSONAL,
    fr="Modifier un brouillon de facture",
    en="Change a draft of an invoice",
)
def change_draft(given: ChangeDraft, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``invoice_unknown``), WrongState: ``invoice_validated``, ``draft_not_changeable`` (a credit note)."""
    session = context.session
    row, order = store.lock_draft(session, store.find_id(session, given.invoice))
    if order is None or row.kind != "invoice":
        raise WrongState("draft_not_changeable")
    before = _fields(row, store.lines_of(session, row.id))
    making.redraft(session, row, order, [(each.line, each.quantity) for each in given.quantities])
    return Change(before=before, after=_fields(row, store.lines_of(session, row.id)))


@record_command(
    "invoices.add_credit_note",
    event="invoice:added",
    kind=KIND,
    key=None,
    may=EDITORS,
    personal=PERSONAL,
    fr="Préparer un avoir",
    en="Draft a credit note",
)
def add_credit_note(given: AddCreditNote, context: RecordContext) -> Change:
    """The answer is the id of the draft; of a form that was sent twice, the first one's, and nothing is done.

    Raises InvalidInput, NotFound (``invoice_unknown``), WrongState: ``invoice_not_creditable``, ``reduction_waits`` (a draft reduces its
    prices), ``credit_note_sent_already`` (the same form of another invoice).
    """
    session = context.session
    corrected, known = _corrected(session, given)
    if known is not None:
        return Change(before={}, after={}, key=str(known), answer=known)
    row = making.credit(
        session,
        corrected,
        [(each.line, each.quantity) for each in given.quantities],
        reason=lines_of(given.reason),
        is_reinvoiceable=given.is_reinvoiceable,
        now=context.now,
        by=context.actor.login,
        form_key=given.key,
    )
    return _drafted(session, row)


@record_command(
    "invoices.add_reduction",
    event="invoice:added",
    kind=KIND,
    key=None,
    may=EDITORS,
    personal=PERSONAL,
    fr="Préparer un avoir sur prix",
    en="Draft a credit note that reduces prices",
)
def add_reduction(given: AddReduction, context: RecordContext) -> Change:
    """The answer is the id of the draft, as that of ``add_credit_note``; raises what that raises."""
    session = context.session
    corrected, known = _corrected(session, given)
    if known is not None:
        return Change(before={}, after={}, key=str(known), answer=known)
    row = making.reduce(
        session,
        corrected,
        [(each.line, each.amount) for each in given.amounts],
        percent=given.percent,
        reason=lines_of(given.reason),
        now=context.now,
        by=context.actor.login,
        form_key=given.key,
    )
    return _drafted(session, row)


@record_command(
    "invoices.seal",
    event=VALIDATED,
    kind=KIND,
    key="invoice",
    may=(),
    fr="Numéroter et sceller une facture",
    en="Number and seal an invoice",
)
def seal(given: Seal, context: RecordContext) -> Change:
    """Only its process asks for it, and lets only accounting. What is validated already stays as it is.

    Raises NotFound (``invoice_unknown``), WrongState: ``draft_refused``, ``invoice_changed``, and what ``making.validate`` raises.
    """
    session = context.session
    row, order = store.lock(session, int(given.invoice))
    if row.status != "draft":
        return Change(before={}, after={})
    if given.complaint is not None:
        raise WrongState("draft_refused", why=given.complaint)
    if row.total != given.total or _is_another(context, given):
        raise WrongState("invoice_changed")
    making.validate(
        session,
        row,
        order,
        given.terms,
        today=given.today,
        now=context.now,
        by=given.validated_by,
        performed_on=given.performed_on,
    )
    lines, rates = store.lines_of(session, row.id), store.rates_of(session, row.id)
    return Change(
        before={"status": "draft"},
        after={"status": row.status, "number": row.number},
        facts=chain.told(row, making.named(session, row, order), lines, rates),
    )


COMMANDS = RecordTable.of(change_draft, add_credit_note, add_reduction, seal)


def _corrected(session: Session, given: AddCreditNote | AddReduction) -> tuple[int, int | None]:
    """The invoice, locked, and what this form drafted of it already."""
    corrected, _ = store.lock(session, store.find_id(session, given.invoice))
    known = None if given.key is None else store.by_form(session, given.key)
    if known is not None and known.corrects_id != corrected.id:
        raise WrongState("credit_note_sent_already")
    return corrected.id, None if known is None else known.id


def _drafted(session: Session, row: Invoice) -> Change:
    return Change(before=None, after=_fields(row, store.lines_of(session, row.id)), key=str(row.id), answer=row.id)


def _is_another(context: RecordContext, given: Seal) -> bool:
    """Whether what was judged and shown is not what would be numbered."""
    if given.shown is None:
        return False
    document = judging.prospect(context.session, int(given.invoice), given.today)
    return document is None or judging.fingerprint(document) != given.shown


def _fields(row: Invoice, lines: tuple[Any, ...]) -> dict[str, Any]:
    """What the history compares: the head, each line as one."""
    head = {
        name: getattr(row, name)
        for name in ("kind", "status", "reason", "is_reinvoiceable", "is_reduction", "net", "tax", "total")
    }
    sold = [each for each in lines if each.kind == "item"]
    told = {
        f"line {place}": f"{each.text} : {formats.money(each.amount, COMPANY_LANGUAGE)}"
        if row.is_reduction
        else f"{counted(each.quantity, each.unit, COMPANY_LANGUAGE)} × {each.text}"
        for place, each in enumerate(sold, 1)
    }
    return {**head, "party": row.party["name"], **told}
