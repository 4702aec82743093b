"""How quotes are found, written and read, for the commands, handlers and queries of this part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from engine.errors import FieldProblem, InvalidInput, NotFound
from handlers.base import rows, territories
from handlers.base.rows import fields_of, put
from handlers.base.tables import Table
from handlers.catalogue.tables import Article
from handlers.company.queries import invoices_vat, is_below_eu_threshold
from handlers.customers import fiscal
from handlers.customers.tables import Customer, CustomerAddress
from handlers.sales import offer, rules
from handlers.sales.tables import Quote, QuoteLine, QuoteVersion
from handlers.sales.taxes import Taxation
from handlers.sales.types import Extras, Line, Place, QuoteData, Totals

PARTY = ("number", "name", "is_company", "siren", "vat_number")


def lock(session: Session, number: str) -> tuple[Quote, QuoteVersion]:
    """The quote with its latest version, kept from others until the transaction ends. Raises NotFound (``quote_unknown``)."""
    found = session.execute(
        select(Quote, QuoteVersion)
        .join(QuoteVersion, (QuoteVersion.quote_id == Quote.id) & (QuoteVersion.version == Quote.version))
        .where(Quote.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("quote_unknown", quote=number)
    return found[0], found[1]


def lines_of(session: Session, version_id: int) -> tuple[Line, ...]:
    """The lines of a version, in order."""
    found = session.scalars(select(QuoteLine).where(QuoteLine.version_id == version_id).order_by(QuoteLine.place))
    return tuple(line_of(each) for each in found)


def line_of(row: Table) -> Line:
    """What a line of a document says: of a quote, an order or an invoice."""
    told = fields_of(Line, row)
    return Line(**told | {"article": told["article"] or ""})


def data_of(row: QuoteVersion) -> QuoteData:
    """What people wrote in the head of a version."""
    names = QuoteData.__dataclass_fields__.keys() - {"extras"}
    return QuoteData(**{name: getattr(row, name) for name in names}, extras=extras_of(row))


def extras_of(row: QuoteVersion) -> Extras:
    """What counts for the whole version."""
    return Extras(**fields_of(Extras, row))


def totals_of(row: QuoteVersion, lines: Sequence[Line]) -> Totals:
    """The figures of a version, worked out again."""
    taxation = Taxation(
        day=row.issued_on,
        is_untaxed=row.is_untaxed,
        position=row.fiscal_position,
        is_business=row.party["is_company"],
    )
    return rules.figures(lines, extras_of(row), taxation)


def taxation_today(session: Session, customer: Customer, position: str, today: date) -> Taxation:
    """What decides the VAT of what is written ``today`` for a customer."""
    return Taxation(day=today, is_untaxed=not invoices_vat(session), position=position, is_business=customer.is_company)


def fill(session: Session, row: QuoteVersion, customer: Customer, given: QuoteData, today: date) -> None:
    """Write the head as it is to be, with a copy of the customer and of the addresses. Raises InvalidInput for somebody else's address."""
    head = asdict(given)
    put(row, head.pop("extras"))
    put(row, head)
    row.party = party_of(session, customer, given.billing_id, given.shipping_id)
    row.issued_on, row.is_untaxed = today, not invoices_vat(session)


def party_of(session: Session, customer: Customer, billing_id: int | None, shipping_id: int | None) -> dict[str, Any]:
    """The customer and the two places as a document copies them. Raises InvalidInput for somebody else's address."""
    named = {"billing": billing_id, "shipping": shipping_id}
    wanted = [each for each in named.values() if each is not None]
    places = {
        each.id: asdict(Place(**fields_of(Place, each)))
        for each in session.scalars(
            select(CustomerAddress).where(CustomerAddress.id.in_(wanted), CustomerAddress.customer_id == customer.id)
        )
    }
    problems = tuple(
        FieldProblem(field=f"{name}_id", code="address_unknown")
        for name, each in named.items()
        if each is not None and each not in places
    )
    if problems:
        raise InvalidInput(problems)
    copied = {name: None if each is None else places[each] for name, each in named.items()}
    return {name: getattr(customer, name) for name in PARTY} | copied


def fiscal_refusal(
    session: Session, customer: Customer, party: Mapping[str, Any], position: str, lines: Sequence[Line]
) -> str | None:
    """Why what is sold to ``customer`` as they are known today cannot go out with this fiscal position, as the code of an error.

    Where it goes: to the place that the document copied (``party``), else to the customer's own of today.
    """
    place = party["shipping"] or party["billing"]
    known = (place["country"], place["postal_code"]) if place else _own_place(session, customer.id)
    return fiscal.refusal(
        position,
        territories.territory(*known) if known else None,
        customer.vat_number,
        is_company=customer.is_company,
        has_goods=any(each.kind == "item" and each.product_type == "product" for each in lines),
        is_below_threshold=is_below_eu_threshold(session),
    )


def _own_place(session: Session, customer_id: int) -> tuple[str, str] | None:
    found = session.execute(
        select(CustomerAddress.country, CustomerAddress.postal_code)
        .where(CustomerAddress.customer_id == customer_id)
        .order_by(CustomerAddress.is_shipping.desc(), CustomerAddress.is_billing.desc(), CustomerAddress.id)
        .limit(1)
    ).one_or_none()
    return None if found is None else (found[0], found[1])


def put_figures(row: QuoteVersion, totals: Totals) -> None:
    """Keep the figures beside the lines that they follow from."""
    put(row, {name: getattr(totals, name) for name in ("net", "tax", "total", "discount_percent")})


def write_lines(session: Session, version_id: int, lines: Sequence[Line], totals: Totals, *, is_new: bool) -> None:
    """Put these lines in place of those that are there. Two statements, however many lines."""
    if not is_new:
        session.execute(delete(QuoteLine).where(QuoteLine.version_id == version_id))
    session.add_all(
        QuoteLine(version_id=version_id, place=place, amount=amount, **asdict(line) | {"article": line.article or None})
        for place, (line, amount) in enumerate(zip(lines, totals.amounts, strict=True))
    )
    session.flush()


def require_articles(session: Session, lines: Sequence[Line]) -> None:
    """Every article that a line names exists. Raises InvalidInput."""
    wanted = {each.article for each in lines if each.article}
    known = set(session.scalars(select(Article.reference).where(Article.reference.in_(wanted)))) if wanted else set()
    problems = tuple(
        FieldProblem(field=f"lines.{place}.article", code="article_unknown", facts={"article": line.article[:40]})
        for place, line in enumerate(lines)
        if line.article and line.article not in known
    )
    if problems:
        raise InvalidInput(problems)


def words(number: str, name: str, given: QuoteData) -> ColumnElement[str]:
    """By what a quote is found: its number, its customer's ``name``, subject and their reference."""
    return rows.words(number, name, given.subject, given.customer_reference)


def hash_of(number: str, row: QuoteVersion, lines: Sequence[Line]) -> str:
    """The hash of what the customer reads."""
    head = {
        "number": number,
        "version": row.version,
        "party": row.party,
        "issued_on": row.issued_on,
        **asdict(data_of(row)),
    }
    return offer.content_hash(head, lines, totals_of(row, lines))
