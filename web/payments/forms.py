"""What was typed about a payment, as it was typed, and what it means in the person's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final

from werkzeug.datastructures import MultiDict

from handlers.payments import rules
from handlers.payments.types import OpenItem, PaymentData, Wanted
from web import acting, ui
from web.numbers import NumberUnreadable, number, plain

_PAY: Final = "pay."
"""What the input of an invoice is called; its number follows."""

_NOT_A_NUMBER: Final = Decimal("NaN")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharesForm:
    """What goes to which invoice. ``amounts``: typed, by number of the invoice. ``begun``: what the page proposed to pay of the one invoice
    that it began with; empty: it began with none.
    """

    way: str = "oldest"
    amounts: Mapping[str, str] = field(default_factory=dict)
    begun: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentForm:
    """A payment as it stands in the form. ``key``: the same however often the form is sent."""

    received_on: str = ""
    method: str = "transfer"
    amount: str = ""
    reference: str = ""
    note: str = ""
    keeps_rest: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What a ``SharesForm`` means. ``problems``: what cannot be read, by field."""

    wanted: tuple[Wanted, ...]
    problems: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the page shows beside the open items: ``amounts`` by number, what stays on account, whether all of it can be known."""

    amounts: Mapping[str, Decimal]
    rest: Decimal | None


def begun(today: date, method: str = "", amount: Decimal | None = None) -> PaymentForm:
    """A new form."""
    return PaymentForm(
        received_on=today.isoformat(),
        method=method or "transfer",
        amount="" if amount is None else plain_cents(amount),
        key=acting.new_key(),
    )


def typed(form: MultiDict[str, str]) -> PaymentForm:
    """What was typed."""
    return PaymentForm(
        received_on=form.get("received_on", ""),
        method=form.get("method", ""),
        amount=form.get("amount", ""),
        reference=form.get("reference", ""),
        note=form.get("note", ""),
        keeps_rest=form.get("keeps_rest") == "1",
        key=acting.key_of(form),
    )


def typed_shares(form: MultiDict[str, str]) -> SharesForm:
    """What was typed beside the invoices."""
    amounts = {
        name.removeprefix(_PAY)[:40]: value for name, value in form.items() if name.startswith(_PAY) and value.strip()
    }
    kept = dict(list(amounts.items())[: rules.MOST_INVOICES + 1])
    return SharesForm(way=form.get("way", ""), amounts=kept, begun=form.get("begun", "")[:40])


def followed(shares: SharesForm, payment: PaymentForm) -> SharesForm:
    """What is paid of the invoice that the page began with, after another amount was typed: less is a part of it, and nothing has to be
    typed twice. Whoever wrote something else beside the invoices, or got more, says what goes where.
    """
    (invoice, text), *others = shares.amounts.items() or [("", "")]
    if shares.way != "chosen" or not shares.begun or others or text != shares.begun:
        return shares
    try:
        is_less = number(payment.amount, "amount") < number(text, invoice)  # type: ignore[operator]
    except NumberUnreadable:
        return shares
    return replace(shares, amounts={invoice: payment.amount}, begun=payment.amount) if is_less else shares


def meant(form: PaymentForm) -> tuple[PaymentData, dict[str, str]]:
    """The payment, and what cannot be read, by field."""
    problems: dict[str, str] = {}
    amount = _amount(form.amount, "amount", problems)
    payment = PaymentData(
        received_on=ui.day(form.received_on) or date.min,
        method=form.method,
        amount=_NOT_A_NUMBER if amount is None else amount,
        reference=form.reference,
        note=form.note,
    )
    return payment, problems


def meant_shares(form: SharesForm) -> Shares:
    """What is to be paid of each invoice."""
    problems: dict[str, str] = {}
    found = ((each, _amount(text, f"invoices.{each}", problems)) for each, text in form.amounts.items())
    wanted = tuple(Wanted(invoice=each, amount=amount) for each, amount in found if amount is not None)
    return Shares(wanted=wanted if form.way == "chosen" else (), problems=problems if form.way == "chosen" else {})


def proposal(
    amount: Decimal | None, form: SharesForm, shares: Shares, items: Iterable[OpenItem], first: str = ""
) -> Proposal:
    """What ``amount`` would pay as the form stands; ``first``: the invoice that a credit note corrects."""
    is_known = amount is not None and rules.is_amount(amount)
    if form.way == "chosen":
        paid = shares.wanted
    elif form.way == "oldest" and amount is not None and is_known:
        paid = rules.oldest_first(amount, items, first)
    else:
        paid = ()
    sums = all(each.amount.is_finite() for each in paid)
    left = rules.rest(amount, paid) if amount is not None and is_known and sums else None
    return Proposal(amounts={each.invoice: each.amount for each in paid}, rest=left)


def chosen(found: Proposal) -> SharesForm:
    """What was proposed, to be changed by hand."""
    return SharesForm(way="chosen", amounts={each: plain_cents(amount) for each, amount in found.amounts.items()})


def plain_cents(value: Decimal) -> str:
    """An amount as it is typed: with its cents."""
    whole, _, cents = format(value, ".2f").partition(".")
    return plain(value) if cents == "00" else f"{whole}{plain(Decimal('0.5'))[1]}{cents}"


def _amount(text: str, name: str, problems: dict[str, str]) -> Decimal | None:
    try:
        return number(text, name)
    except NumberUnreadable as unreadable:
        problems[unreadable.field] = unreadable.said
        return None
