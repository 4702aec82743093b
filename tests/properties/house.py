"""What can be done in a house that sells, and what it says of it afterwards: the same for the pure rules and for the real commands.

Every act raises what the commands raise when it is refused, and then changed nothing. ``key``: of whoever asks; asked again with the same,
nothing is done a second time and the same answer comes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Protocol

from engine.errors import CommandRejected
from engine.handler import BusinessError
from handlers.deliveries.rules import Progress
from handlers.payments.types import Wanted
from handlers.sales.types import Extras, Line, RateTotal

REFUSED: Final = (CommandRejected, BusinessError)

ARTICLES: Final = ("BUR", "CHA")
"""What is kept in stock."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How an order is invoiced and closed."""

    invoicing_policy: str
    closing_rule: str
    position: str = "domestic"


@dataclass(frozen=True, slots=True)
class Carried:
    """A line of a delivery; ``line``: of the order."""

    place: int
    line: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Papered:
    """A line of an invoice or credit note. ``line``: of the order, None for headings and notes."""

    id: int
    line: int | None
    quantity: Decimal
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What an invoice or credit note says."""

    id: int
    lines: tuple[Papered, ...]
    rates: tuple[RateTotal, ...]
    shipping: Decimal
    adjustment: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class Validated:
    """What an invoice got with its validation."""

    number: str
    issued_on: date
    sequence: int
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Paid:
    """What a payment pays: amounts by number of the invoice and name of the rate; below zero what leaves it."""

    number: str
    parts: Mapping[tuple[str, str], Decimal]


@dataclass(frozen=True, slots=True)
class Way:
    """How far an order is, worked out anew from its documents. ``invoiced``: quantity and amount by line; ``charges``: shipping and
    adjustment that invoices bear; ``is_open``: what can be invoiced now.
    """

    status: str
    goes_on: bool
    progress: Mapping[int, Progress]
    invoiced: Mapping[int, tuple[Decimal, Decimal]]
    rates: Mapping[str, RateTotal]
    charges: tuple[Decimal, Decimal]
    is_open: Mapping[int, Decimal]
    is_fully_invoiced: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """The derived figures: of each order by its number, of the stock (on hand, reserved, available), of the customer: what is left of each
    invoice and credit note that is not settled, by rate; what is on account.
    """

    orders: Mapping[str, Way]
    levels: Mapping[str, tuple[Decimal, Decimal, Decimal]]
    items: Mapping[str, Mapping[str, Decimal]]
    on_account: Decimal


class House(Protocol):
    """Who does it."""

    def order(self, lines: Sequence[Line], extras: Extras, terms: Terms) -> tuple[str, tuple[int, ...]]:
        """A confirmed order: its number, and the ids of its lines."""

    def revise(self, order: str, quantities: Mapping[int, Decimal], key: str) -> None:
        """A confirmed order is changed: the quantities of these lines."""

    def come(self, article: str, quantity: Decimal) -> None:
        """Goods come in."""

    def plan(self, order: str, key: str) -> tuple[str, tuple[Carried, ...]]:
        """A delivery of all that no other one carries."""

    def reserve(self, delivery: str) -> Mapping[int, Decimal]:
        """What is promised to the lines of a delivery afterwards, by the order's line; what is not kept in stock is left out."""

    def pick(self, delivery: str, quantities: Mapping[int, Decimal]) -> tuple[Carried, ...]:
        """What it carries afterwards; ``quantities`` by place."""

    def ship(self, delivery: str) -> bool:
        """It leaves: whether nothing is left to deliver."""

    def cancel(self, delivery: str) -> None:
        """It never leaves."""

    def take_back(self, delivery: str, quantities: Mapping[int, Decimal], key: str, *, again: bool) -> str:
        """The number of a return of these quantities, by place."""

    def invoice(self, order: str, what: str, percent: Decimal | None, key: str) -> Figures:
        """A draft."""

    def change(self, paper: int, quantities: Sequence[tuple[int, Decimal]]) -> Figures:
        """The draft with other quantities, by line of the order."""

    def credit(self, paper: int, quantities: Sequence[tuple[int, Decimal]], key: str, *, again: bool) -> Figures:
        """A draft of a credit note, by line of the invoice."""

    def reduce(self, paper: int, amounts: Sequence[tuple[int, Decimal]], percent: Decimal | None, key: str) -> Figures:
        """A draft of a credit note of amounts, by line of the invoice, or of a percentage of each."""

    def drop(self, paper: int) -> None:
        """A draft is given up."""

    def validate(self, paper: int, day: date) -> Validated:
        """It gets its number."""

    def pay(self, amount: Decimal, way: str, chosen: Sequence[Wanted], key: str) -> Paid:
        """Money comes; what is more than is due stays on account."""

    def allot(self, payment: str, way: str, chosen: Sequence[Wanted]) -> Paid:
        """Money on account pays something."""

    def refund(self, amount: Decimal, payment: str, credit_note: str, key: str) -> Paid:
        """Money goes back."""

    def set_off(self, credit_note: str, way: str, chosen: Sequence[Wanted], key: str) -> Paid:
        """A credit note is used against invoices."""

    def reverse(self, payment: str) -> Paid:
        """A payment was wrong."""

    def reach(self, order: str, what: str) -> str:
        """It has come so far: its status."""

    def close(self, order: str, reason: str) -> str:
        """Nothing more is to come of it: its status."""

    def seen(self) -> Seen:
        """The derived figures."""
