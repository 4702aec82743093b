"""How an invoice comes to be: drafted of an order, or of an invoice that it credits; then validated, for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final, cast

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import FieldProblem, InvalidInput, WrongState
from handlers.base.numbers import take_next, take_number
from handlers.base.rows import put
from handlers.company.queries import find_identity
from handlers.company.types import IdentityData
from handlers.deliveries import queries as deliveries
from handlers.documents.gaps import decisive
from handlers.documents.model import DocumentKind, Language
from handlers.documents.ours import Ours
from handlers.documents.rules import contradictions
from handlers.invoices import chain, judging, printing, queries, rules, store
from handlers.invoices.chain import Named
from handlers.invoices.tables import Invoice
from handlers.invoices.terms import due_on
from handlers.invoices.types import WHATS, Drafted
from handlers.orders import store as orders
from handlers.orders.tables import SalesOrder
from handlers.sales.types import TERMS

SERIES: Final = "FA"
CHAIN: Final = "FA/chain"
LONGEST_REASON: Final = 500
_IDENTITY: Final = TypeAdapter(IdentityData)


@data
class Asked:
    """What of an order is to be invoiced: ``what`` is one of ``WHATS``; ``percent`` only with *percent*."""

    what: str
    percent: Decimal | None = None


def draft(
    session: Session, order_number: str, asked: Asked, *, key: str | None, asked_by: str, now: datetime, by: str
) -> Invoice:
    """A draft of what is asked of the order; asked again with the same ``key``, the same draft comes back.

    Raises NotFound (``order_unknown``), WrongState: ``order_not_invoiceable``, ``nothing_to_invoice``, ``percent_invalid``.
    """
    order = orders.lock(session, order_number)
    made = None if key is None else session.scalar(select(Invoice).where(Invoice.idempotency_key == key))
    if made is not None:
        return made
    if not orders.goes_on(order):
        raise WrongState("order_not_invoiceable", order=order_number)
    if asked.what not in WHATS or (asked.what == "percent" and not 0 < (asked.percent or 0) <= 100):
        raise WrongState("percent_invalid", order=order_number)
    sale, earlier = store.sale_of(session, order), store.earlier(session, order.id)
    delivered = deliveries.delivered(session, order_number)
    is_open = rules.open_quantities(sale.lines, earlier.lines, delivered, order.invoicing_policy)
    wanted = rules.chosen(asked.what, sale.lines, is_open, earlier.lines, delivered, asked.percent)
    if not wanted:
        raise WrongState("nothing_to_invoice", order=order_number)
    row = Invoice(
        **{name: getattr(order, name) for name in store.COPIED},
        kind="invoice",
        status="draft",
        order_id=order.id,
        reason="",
        is_reinvoiceable=False,
        asked_by=asked_by,
        created_at=now,
        created_by=by,
        idempotency_key=key,
    )
    _write(session, row, order, rules.invoice(sale, earlier, wanted), is_new=True)
    return row


def redraft(session: Session, row: Invoice, order: SalesOrder, asked: Iterable[tuple[int, Decimal]]) -> None:
    """The draft with other quantities, by line of the order. Raises InvalidInput: above what is open, nothing left."""
    sale, earlier = store.sale_of(session, order), store.earlier(session, order.id, without=row.id)
    delivered = deliveries.delivered(session, order.number)
    is_open = rules.open_quantities(sale.lines, earlier.lines, delivered, order.invoicing_policy)
    wanted = _quantities(asked, is_open)
    _write(session, row, order, rules.invoice(sale, earlier, wanted), is_new=False)


def credit(
    session: Session,
    invoice_id: int,
    asked: Iterable[tuple[int, Decimal]],
    *,
    reason: str,
    is_reinvoiceable: bool,
    now: datetime,
    by: str,
    form_key: str | None = None,
) -> Invoice:
    """A draft of a credit note of these lines of an invoice. Raises InvalidInput, NotFound, WrongState (``invoice_not_creditable``)."""
    corrected, order = store.lock(session, invoice_id)
    if corrected.status != "validated" or corrected.kind != "invoice":
        raise WrongState("invoice_not_creditable", invoice=corrected.number or "")
    if not reason or len(reason) > LONGEST_REASON:
        code = "text_too_long" if reason else "credit_reason_missing"
        raise InvalidInput((FieldProblem(field="reason", code=code, facts={"most": LONGEST_REASON}),))
    lines, rates = store.lines_of(session, corrected.id), store.rates_of(session, corrected.id)
    sources, given = store.sources_of(lines), store.credited(session, corrected.id)
    is_open = rules.open_quantities(sources, given.lines, {}, "on_order")
    wanted = _quantities(asked, is_open)
    again = None
    if is_reinvoiceable and order is not None:
        again = rules.rest_of(store.sale_of(session, order), store.earlier(session, order.id))
    drafted = rules.credit(sources, store.whole(corrected, rates), given, wanted, again)
    row = Invoice(
        **{name: getattr(corrected, name) for name in store.COPIED},
        kind="credit_note",
        status="draft",
        order_id=corrected.order_id,
        corrects_id=corrected.id,
        reason=reason,
        is_reinvoiceable=is_reinvoiceable and order is not None,
        asked_by=by,
        created_at=now,
        created_by=by,
        form_key=form_key,
    )
    _write(session, row, order, drafted, is_new=True, corrects={each.id: each.order_line_id for each in lines})
    return row


def validate(
    session: Session,
    row: Invoice,
    order: SalesOrder | None,
    terms: str | None,
    *,
    today: date,
    now: datetime,
    by: str,
    performed_on: date | None = None,
) -> None:
    """Number, day, due day, hash and copies of what the law wants said; from then on nothing of it changes. The number comes last.

    ``terms`` None: those of the draft. ``performed_on``: the day of the services; goods have deliveries.

    Raises WrongState: ``validator_is_asker``, ``invoice_terms_missing``, ``company_identity_missing``,
    ``company_siren_missing``, ``buyer_address_missing``, ``document_figures_disagree``, ``vat_regime_changed``.
    """
    if row.asked_by == by:
        raise WrongState("validator_is_asker")
    terms = row.terms if terms is None else terms
    if terms not in TERMS:
        raise WrongState("invoice_terms_missing")
    identity = find_identity(session)
    if identity is None:
        raise WrongState("company_identity_missing")
    if not identity.data.siren:
        raise WrongState("company_siren_missing")
    if row.kind == "invoice" and row.is_untaxed != (identity.data.vat_regime == "franchise"):
        raise WrongState("vat_regime_changed")
    party = store.with_address(session, row)
    if party is None:
        raise WrongState("buyer_address_missing", customer=row.party["name"])
    is_performed = row.kind == "invoice" and row.category != "goods"
    put(row, {"terms": terms, "party": party, "performed_on": performed_on if is_performed else None})
    session.flush()
    prospect = judging.prospect(session, row.id, today)
    assert prospect is not None, "who sells and where the buyer is, is known by now"
    if wrong := contradictions(prospect) or decisive(prospect):
        raise WrongState("document_figures_disagree", which=", ".join(wrong))
    lines, rates = store.lines_of(session, row.id), store.rates_of(session, row.id)
    ours = Ours(identity=identity.data, logo=None)
    said = {
        "seller": _IDENTITY.dump_python(identity.data, mode="json") | {"logo_hash": identity.logo_hash},
        "validated_at": now,
        "validated_by": by,
    }
    known, view = named(session, row, order), queries.find_invoice(session, row.id)
    assert view is not None
    # from here on all who validate wait for one another
    sequence = take_next(session, CHAIN, 0)
    before = session.execute(
        select(Invoice.hash, Invoice.issued_on).where(Invoice.sequence == sequence - 1)
    ).one_or_none()
    day = today if before is None else max(today, before.issued_on)
    left = printing.goods_day(session, view, day)
    mentions = ours.mentions(
        DocumentKind(row.kind),
        day,
        cast("Language", row.locale),
        is_business=row.party["is_company"],
        exemptions=prospect.exemptions,
        has_services=row.category != "goods",
    )
    put(
        row,
        said
        | {
            "status": "validated",
            "mentions": [{"code": each.code, "text": each.text} for each in mentions],
            "sequence": sequence,
            "previous_hash": chain.BEGINNING if before is None else before.hash,
            "issued_on": day,
            "due_on": due_on(terms, day) if row.kind == "invoice" else day,
            "delivered_on": left,
            "hash_version": chain.VERSION,
            "number": take_number(session, SERIES, day.year),
        },
    )
    assert row.previous_hash is not None
    row.hash = chain.link(row.previous_hash, chain.content(row, known, lines, rates))
    row.words = store.words(row, known.order)
    session.flush()


def named(session: Session, row: Invoice, order: SalesOrder | None) -> Named:
    """What it names by number."""
    corrected = None if row.corrects_id is None else session.get_one(Invoice, row.corrects_id)
    return Named(
        order=None if order is None else order.number, corrects=None if corrected is None else corrected.number
    )


def _write(
    session: Session,
    row: Invoice,
    order: SalesOrder | None,
    drafted: Drafted,
    *,
    is_new: bool,
    corrects: Mapping[int, int | None] | None = None,
) -> None:
    row.category = rules.category(drafted.lines)
    row.words = store.words(row, None if order is None else order.number)
    store.write(session, row, drafted, is_new=is_new, corrects=corrects)


def _quantities(asked: Iterable[tuple[int, Decimal]], is_open: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """What is asked, by line. Raises InvalidInput."""
    given = tuple(asked)
    if found := rules.above(given, is_open):
        raise InvalidInput(tuple(found))
    wanted: dict[int, Decimal] = {}
    for line, quantity in given:
        if quantity:
            wanted[line] = wanted.get(line, Decimal(0)) + quantity
    if not wanted:
        raise InvalidInput((FieldProblem(field="quantities", code="invoice_quantities_missing"),))
    return wanted
