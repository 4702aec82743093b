"""What was typed about a quote, as it was typed, and what it means in the person's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from werkzeug.datastructures import MultiDict

from handlers.catalogue.types import ArticleData
from handlers.sales.types import Extras, Line, QuoteData
from web.numbers import NumberUnreadable, number, plain

VALIDITY: Final = timedelta(days=30)
"""Of a new quote, until somebody says otherwise."""

_NOT_A_NUMBER: Final = Decimal("NaN")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineForm:
    """One line as it stands in the form."""

    kind: str = "item"
    article: str = ""
    text: str = ""
    quantity: str = "1"
    unit: str = ""
    unit_price: str = ""
    discount: str = ""
    vat: str = "normal"
    product_type: str = "product"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteForm:
    """A quote as it stands in the form."""

    customer: str = ""
    subject: str = ""
    contact: str = ""
    email: str = ""
    locale: str = "fr"
    billing_id: str = ""
    shipping_id: str = ""
    customer_reference: str = ""
    introduction: str = ""
    valid_until: str = ""
    terms: str = "30_days"
    discount: str = ""
    shipping: str = ""
    adjustment: str = ""
    lines: tuple[LineForm, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What a form means. ``problems``: what cannot be read, by field; a number that cannot be read is none."""

    quote: QuoteData
    lines: tuple[Line, ...]
    problems: Mapping[str, str]


_LINE: Final = tuple(each.name for each in fields(LineForm))
_HEAD: Final = tuple(each.name for each in fields(QuoteForm) if each.name != "lines")


def typed(form: MultiDict[str, str]) -> QuoteForm:
    """What was typed. Lines come as lists of equal length, one for each of their fields; what is longer is no form of ours."""
    columns = {name: form.getlist(f"line_{name}") for name in _LINE}
    rows = zip(*(columns[name] for name in _LINE), strict=False)
    return QuoteForm(
        **{name: form.get(name, "") for name in _HEAD},
        lines=tuple(LineForm(**dict(zip(_LINE, row, strict=True))) for row in rows),
    )


def of_quote(customer: str, quote: QuoteData, lines: tuple[Line, ...]) -> QuoteForm:
    """The form of a quote as it is."""
    return QuoteForm(
        customer=customer,
        subject=quote.subject,
        contact=quote.contact,
        email=quote.email,
        locale=quote.locale,
        billing_id=str(quote.billing_id or ""),
        shipping_id=str(quote.shipping_id or ""),
        customer_reference=quote.customer_reference,
        introduction=quote.introduction,
        valid_until=quote.valid_until.isoformat(),
        terms=quote.terms,
        discount=_some(quote.extras.discount),
        shipping=_some(quote.extras.shipping),
        adjustment=_some(quote.extras.adjustment),
        lines=tuple(_of_line(each) for each in lines),
    )


def of_article(reference: str, article: ArticleData) -> LineForm:
    """A line that sells one of an article."""
    return LineForm(
        article=reference,
        text=article.name,
        unit=article.unit,
        unit_price="" if article.sale_price is None else plain(article.sale_price),
        vat=article.vat,
        product_type=article.kind,
    )


def meant(form: QuoteForm) -> Meant:
    """What the form means."""
    problems: dict[str, str] = {}

    def read(text: str, field: str, empty: Decimal = Decimal(0)) -> Decimal:
        try:
            found = number(text, field)
        except NumberUnreadable as unreadable:
            problems[unreadable.field] = unreadable.said
            return Decimal(0)
        return empty if found is None else found

    def lines() -> Iterator[Line]:
        for place, line in enumerate(form.lines):
            at = f"lines.{place}"
            if line.kind != "item":
                yield Line(kind=line.kind, text=line.text)
                continue
            quantity = read(line.quantity, f"{at}.quantity", _NOT_A_NUMBER)
            yield Line(
                article=line.article,
                text=line.text,
                quantity=Decimal(1) if f"{at}.quantity" in problems else quantity,
                unit=line.unit,
                unit_price=read(line.unit_price, f"{at}.unit_price", _NOT_A_NUMBER),
                discount=read(line.discount, f"{at}.discount"),
                vat=line.vat,
                product_type=line.product_type,
            )

    sold = tuple(lines())
    extras = Extras(
        discount=read(form.discount, "discount"),
        shipping=read(form.shipping, "shipping"),
        adjustment=read(form.adjustment, "adjustment"),
    )
    quote = QuoteData(
        subject=form.subject,
        contact=form.contact,
        email=form.email,
        locale=form.locale,
        billing_id=_id(form.billing_id),
        shipping_id=_id(form.shipping_id),
        customer_reference=form.customer_reference,
        introduction=form.introduction,
        valid_until=_day(form.valid_until) or date.min,
        terms=form.terms,
        extras=extras,
    )
    return Meant(quote=quote, lines=sold, problems=problems)


def begun(today: date) -> QuoteForm:
    """The form of a new quote."""
    return QuoteForm(valid_until=(today + VALIDITY).isoformat())


def without(form: QuoteForm, place: int) -> QuoteForm:
    """Without the line at ``place``."""
    return replace(form, lines=form.lines[:place] + form.lines[place + 1 :])


def raised(form: QuoteForm, place: int) -> QuoteForm:
    """With the line at ``place`` one place higher."""
    if not 0 < place < len(form.lines):
        return form
    lines = list(form.lines)
    lines[place - 1], lines[place] = lines[place], lines[place - 1]
    return replace(form, lines=tuple(lines))


def with_lines(form: QuoteForm, *lines: LineForm) -> QuoteForm:
    """With more lines at its end."""
    return replace(form, lines=form.lines + lines)


def _of_line(line: Line) -> LineForm:
    return LineForm(
        kind=line.kind,
        article=line.article,
        text=line.text,
        quantity=plain(line.quantity),
        unit=line.unit,
        unit_price=plain(line.unit_price),
        discount=_some(line.discount),
        vat=line.vat,
        product_type=line.product_type,
    )


def _some(value: Decimal) -> str:
    return plain(value) if value else ""


def _id(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 18 else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
