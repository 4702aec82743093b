"""What was typed about a document of sales, as it was typed, and what it means in the person's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, Final, TypeVar

from werkzeug.datastructures import MultiDict

from handlers.catalogue.types import ArticleData
from handlers.customers.fiscal import USUAL
from handlers.sales.types import Extras, Line
from web.numbers import NumberUnreadable, number, plain
from web.ui import t

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
class DocumentForm:
    """A document as it stands in the form: what all of them have."""

    customer: str = ""
    subject: str = ""
    contact: str = ""
    email: str = ""
    locale: str = "fr"
    billing_id: str = ""
    shipping_id: str = ""
    customer_reference: str = ""
    terms: str = "30_days"
    fiscal_position: str = USUAL
    discount: str = ""
    shipping: str = ""
    adjustment: str = ""
    pasted: str = ""
    """What was pasted and is no line yet."""
    lines: tuple[LineForm, ...] = ()


Form = TypeVar("Form", bound=DocumentForm)

_LINE: Final = tuple(each.name for each in fields(LineForm))
_PLAIN: Final = ("subject", "contact", "email", "locale", "customer_reference", "terms", "fiscal_position")
"""Fields of every head that mean what was typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What a form means. ``head``: the fields that all documents have, for the ``@data`` class of the one; ``problems``: what cannot be
    read, by field; a number that cannot be read is none.
    """

    head: Mapping[str, Any]
    extras: Extras
    lines: tuple[Line, ...]
    problems: Mapping[str, str]


def typed(kind: type[Form], form: MultiDict[str, str]) -> Form:
    """What was typed. Lines come as lists of equal length, one for each of their fields; what is longer is no form of ours."""
    columns = {name: form.getlist(f"line_{name}") for name in _LINE}
    rows = zip(*(columns[name] for name in _LINE), strict=False)
    head = (each.name for each in fields(kind) if each.name != "lines")
    unsaid = {"fiscal_position": USUAL}  # of a page that was open before there was the field
    return kind(
        **{name: form.get(name, unsaid.get(name, "")) for name in head},
        lines=tuple(LineForm(**dict(zip(_LINE, row, strict=True))) for row in rows),
    )


def of_document(customer: str, head: Any, lines: Sequence[Line]) -> dict[str, Any]:
    """The fields of a form that all documents have, of one as it is. ``head``: the ``@data`` with its head."""
    return {
        **{name: getattr(head, name) for name in _PLAIN},
        "customer": customer,
        "billing_id": str(head.billing_id or ""),
        "shipping_id": str(head.shipping_id or ""),
        "discount": some(head.extras.discount),
        "shipping": some(head.extras.shipping),
        "adjustment": some(head.extras.adjustment),
        "lines": tuple(_of_line(each) for each in lines),
    }


def of_article(reference: str, article: ArticleData, price: Decimal | None) -> LineForm:
    """A line that sells one of an article; ``price``: before tax, None where each document says it."""
    return LineForm(
        article=reference,
        text=article.name,
        unit=article.unit,
        unit_price="" if price is None else plain(price),
        vat=article.vat,
        product_type=article.kind,
    )


def meant(form: DocumentForm) -> Meant:
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

    if form.pasted.strip():
        problems["pasted"] = t("web.sales.paste.left")
    sold = tuple(lines())
    extras = Extras(
        discount=read(form.discount, "discount"),
        shipping=read(form.shipping, "shipping"),
        adjustment=read(form.adjustment, "adjustment"),
    )
    head = {
        **{name: getattr(form, name) for name in _PLAIN},
        "billing_id": _id(form.billing_id),
        "shipping_id": _id(form.shipping_id),
        "extras": extras,
    }
    return Meant(head=head, extras=extras, lines=sold, problems=problems)


def without(form: Form, place: int) -> Form:
    """Without the line at ``place``."""
    return replace(form, lines=form.lines[:place] + form.lines[place + 1 :])


def raised(form: Form, place: int) -> Form:
    """With the line at ``place`` one place higher."""
    if not 0 < place < len(form.lines):
        return form
    lines = list(form.lines)
    lines[place - 1], lines[place] = lines[place], lines[place - 1]
    return replace(form, lines=tuple(lines))


def with_lines(form: Form, *lines: LineForm) -> Form:
    """With more lines at its end."""
    return replace(form, lines=form.lines + lines)


def some(value: Decimal) -> str:
    """A number as it is typed; nothing for none."""
    return plain(value) if value else ""


def _of_line(line: Line) -> LineForm:
    return LineForm(
        kind=line.kind,
        article=line.article,
        text=line.text,
        quantity=plain(line.quantity),
        unit=line.unit,
        unit_price=plain(line.unit_price),
        discount=some(line.discount),
        vat=line.vat,
        product_type=line.product_type,
    )


def _id(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 18 else None
