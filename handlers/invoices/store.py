"""How invoices are found, written and read, for the commands, handlers and queries of this part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select
from sqlalchemy.orm import Session

from engine.errors import NotFound, WrongState
from handlers.base import rows
from handlers.base.money import CENT, to_cents
from handlers.base.rows import fields_of
from handlers.customers.tables import Customer, CustomerAddress
from handlers.invoices.tables import Invoice, InvoiceLine, InvoiceRate
from handlers.invoices.types import Drafted, Earlier, Invoiced, Sale, Source
from handlers.orders import store as orders
from handlers.orders.tables import OrderLine, SalesOrder
from handlers.sales.store import line_of
from handlers.sales.types import Extras, Place, RateTotal

COPIED: Final = (
    *("customer_id", "subject", "contact", "email", "locale", "party", "customer_reference", "terms", "payment_method"),
    *("currency", "discount", "is_untaxed"),
)
"""What an invoice says as its order does, and a credit note as its invoice."""

_SUMMED: Final = ("lines", "discount", "charges", "base", "tax")
_NUMBERS: Final = ("siren", "vat_number")
_ZERO: Final = Decimal("0.00")

_COUNTS: Final[ColumnElement[bool]] = or_(
    Invoice.kind == "invoice", and_(Invoice.status == "validated", Invoice.is_reinvoiceable)
)
"""What counts as invoiced: drafts of invoices too; of credit notes those that are validated and may be invoiced again."""


def find_id(session: Session, key: str) -> int:
    """The id of the invoice of this number, or of this id where it has none yet. Raises NotFound (``invoice_unknown``)."""
    wanted = Invoice.id == int(key) if key.isdecimal() and len(key) < 19 else Invoice.number == key
    found = session.scalar(select(Invoice.id).where(wanted))
    if found is None:
        raise NotFound("invoice_unknown", invoice=key[:40])
    return found


def lock(session: Session, invoice_id: int) -> tuple[Invoice, SalesOrder | None]:
    """The invoice and its order, kept from others until the transaction ends: the order first. Raises NotFound (``invoice_unknown``)."""
    order = session.scalar(
        select(SalesOrder)
        .join(Invoice, Invoice.order_id == SalesOrder.id)
        .where(Invoice.id == invoice_id)
        .with_for_update(of=SalesOrder)
        .execution_options(populate_existing=True)
    )
    found = session.scalar(
        select(Invoice).where(Invoice.id == invoice_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("invoice_unknown", invoice=str(invoice_id))
    return found, order


def lock_draft(session: Session, invoice_id: int) -> tuple[Invoice, SalesOrder | None]:
    """The same of a draft. Raises WrongState (``invoice_validated``), too."""
    found, order = lock(session, invoice_id)
    if found.status != "draft":
        raise WrongState("invoice_validated", invoice=found.number or "")
    return found, order


def find(session: Session, invoice_id: int) -> Invoice:
    """The invoice, free for others to change. Raises NotFound (``invoice_unknown``)."""
    found = session.get(Invoice, invoice_id)
    if found is None:
        raise NotFound("invoice_unknown", invoice=str(invoice_id))
    return found


def by_form(session: Session, key: str) -> Invoice | None:
    """What was drafted with this form already."""
    return session.scalar(select(Invoice).where(Invoice.form_key == key))


def with_numbers(session: Session, row: Invoice) -> dict[str, Any]:
    """The party; SIREN and VAT number that its order did not know are those of the customer today."""
    if all(row.party[name] for name in _NUMBERS):
        return row.party
    customer = session.get_one(Customer, row.customer_id)
    return row.party | {name: row.party[name] or getattr(customer, name) for name in _NUMBERS}


def with_address(session: Session, row: Invoice) -> dict[str, Any] | None:
    """The same with the address where invoices go; where its order named none, the customer's own of today; None where there is none."""
    known = with_numbers(session, row)
    if known["billing"] is not None:
        return known
    found = session.scalars(
        select(CustomerAddress)
        .where(CustomerAddress.customer_id == row.customer_id)
        .order_by(CustomerAddress.is_billing.desc(), CustomerAddress.id)
        .limit(1)
    ).one_or_none()
    return None if found is None else known | {"billing": fields_of(Place, found)}


def lines_of(session: Session, invoice_id: int) -> tuple[InvoiceLine, ...]:
    """The lines of an invoice, in order."""
    asked = select(InvoiceLine).where(InvoiceLine.invoice_id == invoice_id).order_by(InvoiceLine.place)
    return tuple(session.scalars(asked).all())


def rates_of(session: Session, invoice_id: int) -> tuple[InvoiceRate, ...]:
    """What each rate is taken of, the highest first."""
    asked = select(InvoiceRate).where(InvoiceRate.invoice_id == invoice_id).order_by(InvoiceRate.rate.desc())
    return tuple(session.scalars(asked).all())


def sources_of(lines: tuple[InvoiceLine, ...] | tuple[OrderLine, ...]) -> tuple[Source, ...]:
    """Lines as the rules take them."""
    return tuple(
        Source(
            id=each.id,
            line=line_of(each),
            amount=each.amount,
        )
        for each in lines
    )


def sale_of(session: Session, order: SalesOrder) -> Sale:
    """An order as the rules take it, each line under the name that it counts under. One statement."""
    taxation, sources = orders.taxation_of(order), sources_of(orders.lines_of(session, order.id))
    counted = taxation.applied(each.line for each in sources)
    return Sale(
        lines=tuple(replace(each, line=line) for each, line in zip(sources, counted, strict=True)),
        extras=Extras(**fields_of(Extras, order)),
        rates=taxation.rates(),
    )


def earlier(session: Session, order_id: int, without: int | None = None) -> Earlier:
    """What was invoiced of an order, less what credit notes gave back; ``without``: but for this one. Three statements."""
    wanted = and_(Invoice.order_id == order_id, _COUNTS, Invoice.id != (without or 0))
    return _summed(session, wanted, InvoiceLine.order_line_id)


def credited(session: Session, invoice_id: int, without: int | None = None) -> Earlier:
    """What was credited of an invoice, by its own lines; drafts count. Three statements."""
    wanted = and_(Invoice.corrects_id == invoice_id, Invoice.id != (without or 0))
    found = _summed(session, wanted, InvoiceLine.corrects_line_id)
    return Earlier(
        lines={
            line: Invoiced(quantity=-each.quantity, amount=-each.amount, reduced=-each.reduced)
            for line, each in found.lines.items()
        },
        rates={
            vat: RateTotal(vat=vat, rate=each.rate, **{name: -getattr(each, name) for name in _SUMMED})
            for vat, each in found.rates.items()
        },
        shipping=-found.shipping,
        adjustment=-found.adjustment,
    )


def strayed(session: Session, row: Invoice) -> int:
    """How many whole cents the tax of the other documents of its order is off, in the rate where it is most: what is left of the order is
    off as much the other way. Of a credit note: how many more than one its invoice is. One statement.
    """
    if row.corrects_id is not None:
        its = rates_of(session, row.corrects_id)
        return max((max(0, int(abs(each.tax - to_cents(each.base * each.rate)) / CENT) - 1) for each in its), default=0)
    sign = case((Invoice.kind == "invoice", 1), else_=-1)
    sums = session.scalars(
        select(func.sum((InvoiceRate.tax - InvoiceRate.base * InvoiceRate.rate) * sign))
        .join(Invoice, Invoice.id == InvoiceRate.invoice_id)
        .where(Invoice.order_id == row.order_id, Invoice.id != row.id, _COUNTS)
        .group_by(InvoiceRate.vat)
    )
    return max((int(abs(each) / CENT) for each in sums), default=0)


def has_reduction_drafted(session: Session, invoice_id: int) -> bool:
    """Whether a draft reduces prices of an invoice: what of it is given back costs what that decides."""
    wanted = and_(Invoice.corrects_id == invoice_id, Invoice.is_reduction, Invoice.status == "draft")
    return session.scalar(select(Invoice.id).where(wanted).limit(1)) is not None


def whole(row: Invoice, rates: tuple[InvoiceRate, ...]) -> Earlier:
    """The figures of one invoice, as the rules of credit notes take them."""
    return Earlier(
        lines={},
        rates={each.vat: RateTotal(**fields_of(RateTotal, each)) for each in rates},
        shipping=row.shipping,
        adjustment=row.adjustment,
    )


def write(
    session: Session, row: Invoice, drafted: Drafted, *, is_new: bool, corrects: Mapping[int, int | None] | None = None
) -> None:
    """Write the figures, lines and rates of a draft. A constant number of statements, however many lines.

    ``corrects``: of a credit note, the order's line of each line that it gives back.
    """
    rows.put(row, {name: getattr(drafted, name) for name in ("shipping", "adjustment", "net", "tax", "total")})
    if is_new:
        session.add(row)
    else:
        session.execute(delete(InvoiceLine).where(InvoiceLine.invoice_id == row.id))
        session.execute(delete(InvoiceRate).where(InvoiceRate.invoice_id == row.id))
    session.flush()
    session.add_all(
        InvoiceLine(
            invoice_id=row.id,
            place=place,
            order_line_id=each.source if corrects is None or each.source is None else corrects[each.source],
            corrects_line_id=None if corrects is None else each.source,
            amount=each.amount,
            **asdict(each.line) | {"article": each.line.article or None},
        )
        for place, each in enumerate(drafted.lines)
    )
    session.add_all(InvoiceRate(invoice_id=row.id, **asdict(each)) for each in drafted.rates)
    session.flush()


def drop(session: Session, row: Invoice) -> None:
    """A draft that is not to be validated: nothing of it stays but its history."""
    for table in (InvoiceLine, InvoiceRate):
        session.execute(delete(table).where(table.invoice_id == row.id))
    session.execute(delete(Invoice).where(Invoice.id == row.id))


def words(row: Invoice, order: str | None) -> ColumnElement[str]:
    """By what an invoice is found: its number, its customer, its order, its subject, their reference."""
    return rows.words(row.number or "", row.party["name"], order or "", row.subject, row.customer_reference)


def _summed(session: Session, wanted: ColumnElement[bool], line: Any) -> Earlier:
    sign = case((Invoice.kind == "invoice", 1), else_=-1)
    of_lines = session.execute(
        select(
            line,
            func.sum(case((Invoice.is_reduction, 0), else_=InvoiceLine.quantity * sign)),
            func.sum(InvoiceLine.amount * sign),
            func.sum(case((Invoice.is_reduction, InvoiceLine.amount * sign), else_=0)),
        )
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(wanted, line.is_not(None))
        .group_by(line)
    )
    of_rates = session.execute(
        select(InvoiceRate.vat, InvoiceRate.rate, *(func.sum(getattr(InvoiceRate, name) * sign) for name in _SUMMED))
        .join(Invoice, Invoice.id == InvoiceRate.invoice_id)
        .where(wanted)
        .group_by(InvoiceRate.vat, InvoiceRate.rate)
    )
    shipping, adjustment = session.execute(
        select(func.sum(Invoice.shipping * sign), func.sum(Invoice.adjustment * sign)).where(wanted)
    ).one()
    return Earlier(
        lines={
            each: Invoiced(quantity=quantity, amount=amount, reduced=reduced)
            for each, quantity, amount, reduced in of_lines
        },
        rates={
            vat: RateTotal(vat=vat, rate=rate, **dict(zip(_SUMMED, figures, strict=True)))
            for vat, rate, *figures in of_rates
        },
        shipping=shipping or _ZERO,
        adjustment=adjustment or _ZERO,
    )
