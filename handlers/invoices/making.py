"""How an invoice comes to be: drafted of an order, or of an invoice that it credits; then validated, for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, cast

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import FieldProblem, InvalidInput, WrongState
from engine.texts import say
from handlers.base.numbers import take_next, take_number
from handlers.base.rows import put
from handlers.company.queries import find_identity
from handlers.company.types import IdentityData
from handlers.customers import fiscal
from handlers.customers.tables import Customer
from handlers.deliveries import queries as deliveries
from handlers.documents.gaps import decisive
from handlers.documents.model import DocumentKind, Language
from handlers.documents.ours import Ours
from handlers.documents.rules import contradictions
from handlers.invoices import chain, judging, printing, queries, rules, store
from handlers.invoices.chain import Named
from handlers.invoices.tables import Invoice
from handlers.invoices.terms import due_on
from handlers.invoices.types import WHATS, Drafted, Earlier, Source
from handlers.orders import store as orders
from handlers.orders.tables import SalesOrder
from handlers.sales.types import TERMS, Line

SERIES: Final = "FA"
CHAIN: Final = "FA/chain"
_OF_BUSINESSES: Final = frozenset({"intra_eu", "reverse_charge"})
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
        is_reduction=False,
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
    """A draft of a credit note of these lines of an invoice.

    Raises InvalidInput, NotFound, WrongState: ``invoice_not_creditable``, ``reduction_waits`` (a draft reduces its prices).
    """
    given = tuple(asked)
    corrected, order = _creditable(session, invoice_id, reason)
    if store.has_reduction_drafted(session, corrected.id):
        raise WrongState("reduction_waits", invoice=corrected.number or "")
    lines, rates = store.lines_of(session, corrected.id), store.rates_of(session, corrected.id)
    sources, before = store.sources_of(lines), store.credited(session, corrected.id)
    wanted = _quantities(given, rules.open_quantities(sources, before.lines, {}, "on_order"))
    again = None
    if is_reinvoiceable and order is not None:
        _require_full_price(given, before)
        again = rules.rest_of(store.sale_of(session, order), store.earlier(session, order.id))
    drafted = rules.credit(sources, store.whole(corrected, rates), before, wanted, again)
    row = _credit_note(corrected, reason=reason, now=now, by=by, form_key=form_key)
    row.is_reinvoiceable = is_reinvoiceable and order is not None
    _write(session, row, order, drafted, is_new=True, corrects={each.id: each.order_line_id for each in lines})
    return row


def reduce(
    session: Session,
    invoice_id: int,
    asked: Iterable[tuple[int, Decimal]],
    *,
    percent: Decimal | None,
    reason: str,
    now: datetime,
    by: str,
    form_key: str | None = None,
) -> Invoice:
    """A draft of a credit note by which the prices of an invoice are reduced: by these amounts of its lines, or by ``percent`` of all.

    What is invoiced stays so, and nothing of it can be invoiced again. Raises InvalidInput, NotFound, WrongState
    (``invoice_not_creditable``).
    """
    amounts = tuple(asked)
    corrected, order = _creditable(session, invoice_id, reason)
    lines, rates = store.lines_of(session, corrected.id), store.rates_of(session, corrected.id)
    sources, before = store.sources_of(lines), store.credited(session, corrected.id)
    left = rules.open_amounts(sources, before.lines)
    wanted = _amounts(amounts, left) if percent is None else _part(percent, amounts, sources, left)
    said = tuple(replace(each, line=_called(each.line, corrected.locale)) for each in sources)
    drafted = rules.reduce(said, store.whole(corrected, rates), before, wanted)
    if not drafted.net:
        raise _wrong("amounts", "reduction_of_nothing")
    row = _credit_note(corrected, reason=reason, now=now, by=by, form_key=form_key)
    row.is_reduction = True
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
    ``company_siren_missing``, ``buyer_address_missing``, ``document_figures_disagree``, ``vat_regime_changed``,
    ``customer_vat_number_gone``.
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
    if row.kind == "invoice" and not _bears_its_position(session, row):
        raise WrongState("customer_vat_number_gone", customer=row.party["name"])
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


def _bears_its_position(session: Session, row: Invoice) -> bool:
    """Whether what bears no tax because a business in another member state buys it is bought by one, as the customer is known today."""
    if not _OF_BUSINESSES & {each.vat for each in store.rates_of(session, row.id)}:
        return True
    customer = session.get_one(Customer, row.customer_id)
    return fiscal.problem("intra_eu", customer.vat_number, is_company=customer.is_company) is None


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


def _creditable(session: Session, invoice_id: int, reason: str) -> tuple[Invoice, SalesOrder | None]:
    corrected, order = store.lock(session, invoice_id)
    if corrected.status != "validated" or corrected.kind != "invoice":
        raise WrongState("invoice_not_creditable", invoice=corrected.number or "")
    if not reason or len(reason) > LONGEST_REASON:
        raise _wrong("reason", "text_too_long" if reason else "credit_reason_missing", most=LONGEST_REASON)
    return corrected, order


def _credit_note(corrected: Invoice, *, reason: str, now: datetime, by: str, form_key: str | None) -> Invoice:
    return Invoice(
        **{name: getattr(corrected, name) for name in store.COPIED},
        kind="credit_note",
        status="draft",
        order_id=corrected.order_id,
        corrects_id=corrected.id,
        reason=reason,
        is_reinvoiceable=False,
        is_reduction=False,
        asked_by=by,
        created_at=now,
        created_by=by,
        form_key=form_key,
    )


def _require_full_price(asked: Iterable[tuple[int, Decimal]], before: Earlier) -> None:
    """At what price a line would be invoiced again whose price was reduced since, nobody has agreed. Raises InvalidInput."""
    found = tuple(
        FieldProblem(field=f"quantity.{place}", code="credit_line_reduced")
        for place, (line, quantity) in enumerate(asked)
        if quantity and before.lines.get(line, rules.NOTHING).reduced
    )
    if found:
        raise InvalidInput(found)


def _amounts(asked: tuple[tuple[int, Decimal], ...], left: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """By how much prices are to be reduced, by line. Raises InvalidInput."""
    if found := rules.above_amounts(asked, left):
        raise InvalidInput(tuple(found))
    return _by_line(asked, "amounts", "reduction_missing")


def _part(
    percent: Decimal,
    amounts: tuple[tuple[int, Decimal], ...],
    sources: tuple[Source, ...],
    left: Mapping[int, Decimal],
) -> dict[int, Decimal]:
    """The same by a percentage. Raises InvalidInput."""
    if any(amount for _, amount in amounts):
        raise _wrong("percent", "reduction_twice")
    if not percent.is_finite() or not 0 < percent <= 100 or percent != percent.quantize(Decimal("0.01")):
        raise _wrong("percent", "percent_invalid")
    wanted = rules.part_of(percent, sources, left)
    if not wanted:
        raise _wrong("percent", "reduction_of_nothing")
    return wanted


def _called(line: Line, locale: str) -> Line:
    """A line of what was invoiced, as that by which its price is less."""
    return line if line.kind != "item" else replace(line, text=say("invoice.reduction_of", locale, what=line.text))


def _wrong(field: str, code: str, **facts: Any) -> InvalidInput:
    return InvalidInput((FieldProblem(field=field, code=code, facts=facts),))


def _quantities(asked: Iterable[tuple[int, Decimal]], is_open: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """What is asked, by line. Raises InvalidInput."""
    given = tuple(asked)
    if found := rules.above(given, is_open):
        raise InvalidInput(tuple(found))
    return _by_line(given, "quantities", "invoice_quantities_missing")


def _by_line(asked: Iterable[tuple[int, Decimal]], field: str, missing: str) -> dict[int, Decimal]:
    """What is asked, summed by line, without what is nothing. Raises InvalidInput: ``missing``, at ``field``."""
    wanted: dict[int, Decimal] = {}
    for line, more in asked:
        if more:
            wanted[line] = wanted.get(line, Decimal(0)) + more
    if not wanted:
        raise _wrong(field, missing)
    return wanted
