"""An account of its own of all that happened: whole cents, ten-thousandths of a unit, and nothing asked of the rules that it judges.

It is told of each act what the papers say, keeps running figures, and holds every paper and every derived figure against them. Names of
invariants are those of the specification (§5.2): 2 and 7 in ``_check_order``, 3 in ``_compare``, 4 in ``_say``, 9 and 10 in ``validated``,
11 in ``_check_stock``.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from handlers.sales.types import Extras, Line, RateTotal
from tests.properties.house import Carried, Figures, Seen, Terms, Validated, Way

RATES = {"normal": 2_000, "intermediate": 1_000, "reduced": 550, "particular": 210}
"""Of 2026, in ten-thousandths."""

BEGINNING = "0" * 64


def whole(value: Decimal, places: int) -> int:
    """``value`` in units of its last place; nothing of it may be smaller."""
    found = value.scaleb(places)
    assert found == found.to_integral_value(), f"{value} has more than {places} decimals"
    return int(found)


def cents(value: Decimal) -> int:
    return whole(value, 2)


def units(value: Decimal) -> int:
    return whole(value, 4)


def half_up(above: int, below: int) -> int:
    """The quotient, half away from zero."""
    found = (2 * abs(above) + below) // (2 * below)
    return found if above >= 0 else -found


def amount_of(line: Line) -> int:
    """What a line costs, in cents."""
    return half_up(units(line.quantity) * whole(line.unit_price, 6) * (10_000 - whole(line.discount, 2)), 10**12)


def counted_as(line: Line, position: str) -> str:
    """What bears the VAT of a line: its rate at home, or why there is none (a business buys)."""
    if line.product_type == "service":
        return {"domestic": line.vat, "intra_eu": "reverse_charge", "export": "service_abroad"}[position]
    return line.vat if position == "domestic" else position


@dataclass(slots=True)
class Sums:
    """What one rate of VAT comes to."""

    lines: int = 0
    discount: int = 0
    charges: int = 0
    base: int = 0
    tax: int = 0

    def add(self, other: Sums, sign: int = 1) -> None:
        self.lines += sign * other.lines
        self.discount += sign * other.discount
        self.charges += sign * other.charges
        self.base += sign * other.base
        self.tax += sign * other.tax


def sums_of(part: RateTotal) -> Sums:
    return Sums(*map(cents, (part.lines, part.discount, part.charges, part.base, part.tax)))


def worth(sums: Mapping[str, Sums]) -> int:
    """With tax."""
    return sum(each.base + each.tax for each in sums.values())


@dataclass(slots=True)
class OrderLine:
    """What was ordered, and what became of it."""

    quantity: int
    vat: str
    is_goods: bool
    article: str
    amount: int = 0
    planned: int = 0
    shipped: int = 0
    returned: int = 0
    again: int = 0
    invoiced: int = 0
    invoiced_amount: int = 0

    @property
    def delivered(self) -> int:
        return self.shipped - self.returned

    @property
    def remaining(self) -> int:
        return max(self.quantity - self.shipped - self.planned + self.again, 0)


@dataclass(slots=True)
class Order:
    """An order with its figures. ``given_back``: how many credit notes gave something back to be invoiced again."""

    number: str
    terms: Terms
    lines: dict[int, OrderLine]
    sold: dict[int, Line]
    discount: int
    shipping: int
    adjustment: int
    whole: dict[str, Sums] = field(default_factory=dict)
    charged: str = "normal"
    invoiced: dict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))
    invoiced_shipping: int = 0
    invoiced_adjustment: int = 0
    given_back: int = 0
    is_closed: bool = False
    closed_because: str = ""

    @property
    def goes_on(self) -> bool:
        return not self.closed_because

    def figure(self) -> None:
        """What it costs, as it is now."""
        self.whole = {}
        for place, line in self.lines.items():
            line.amount = amount_of(self.sold[place])
            self.whole.setdefault(line.vat, Sums()).lines += line.amount
        position = self.terms.position
        if position != "domestic":
            self.charged = position if position in self.whole else next(iter(self.whole))
        if self.shipping or self.adjustment:
            self.whole.setdefault(self.charged, Sums()).charges = self.shipping + self.adjustment
        for vat, part in self.whole.items():
            part.discount = half_up(part.lines * self.discount, 10_000)
            part.base = part.lines - part.discount + part.charges
            part.tax = half_up(part.base * RATES.get(vat, 0), 10_000)

    def open(self, line: int, without: int = 0) -> int:
        """What of a line can be invoiced; ``without``: what of it is to be counted as not invoiced."""
        found = self.lines[line]
        most = found.quantity
        if self.terms.invoicing_policy == "on_delivery" and found.is_goods:
            most = min(most, found.delivered)
        return max(most - found.invoiced + without, 0)

    @property
    def is_fully_invoiced(self) -> bool:
        return all(each.invoiced >= each.quantity for each in self.lines.values())

    @property
    def is_delivered(self) -> bool:
        return not any(each.remaining + each.planned for each in self.lines.values() if each.is_goods)


@dataclass(slots=True)
class Delivery:
    """``carried``: line of the order and quantity, by place; ``promised``: by line of the order."""

    number: str
    order: Order
    carried: dict[int, tuple[int, int]]
    status: str = "open"
    promised: dict[int, int] = field(default_factory=dict)
    returned: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def is_over(self) -> bool:
        return self.status in {"shipped", "gone"}


@dataclass(slots=True)
class PaperLine:
    line: int
    quantity: int
    amount: int
    credited: int = 0
    credited_amount: int = 0
    reduced: int = 0

    @property
    def left(self) -> int:
        """What of its price was not given back."""
        return self.amount - self.credited_amount


@dataclass(slots=True)
class Paper:
    """An invoice or credit note; ``lines``: what is sold, by id."""

    id: int
    order: Order
    corrects: Paper | None = None
    again: bool = False
    is_reduction: bool = False
    lines: dict[int, PaperLine] = field(default_factory=dict)
    rates: dict[str, Sums] = field(default_factory=dict)
    shipping: int = 0
    adjustment: int = 0
    credited: dict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))
    credited_shipping: int = 0
    said: Validated | None = None
    paid: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def number(self) -> str:
        assert self.said is not None
        return self.said.number

    @property
    def total(self) -> int:
        return worth(self.rates)

    def left(self) -> dict[str, int]:
        """What is not paid, or not used, of each rate."""
        return {vat: each.base + each.tax - self.paid[vat] for vat, each in self.rates.items()}

    @property
    def open(self) -> int:
        return sum(self.left().values())

    def creditable(self) -> dict[int, int]:
        """What of each line can still be given back."""
        found = {place: each.quantity - each.credited for place, each in self.lines.items()}
        return {place: left for place, left in found.items() if left}


@dataclass(slots=True)
class Payment:
    """Money that came or went (nothing, of a set-off), with what it settles now; ``gone``: what of it was given back."""

    number: str
    amount: int
    kind: str
    of: Payment | None = None
    parts: dict[tuple[str, str], int] = field(default_factory=dict)
    gone: int = 0
    is_reversed: bool = False

    @property
    def rest(self) -> int:
        return 0 if self.kind != "receipt" or self.is_reversed else self.amount - self.gone - sum(self.parts.values())


@dataclass(slots=True)
class Account:
    """All of it. ``chain``: what is validated, in order."""

    orders: dict[str, Order] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    papers: dict[int, Paper] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    on_hand: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    chain: list[Paper] = field(default_factory=list)

    # -- orders and goods ------------------------------------------------------------------------------------------------------------------

    def order(self, number: str, ids: Sequence[int], lines: Sequence[Line], extras: Extras, terms: Terms) -> Order:
        sold = {place: each for place, each in zip(ids, lines, strict=True) if each.kind == "item"}
        kept = {
            place: OrderLine(
                quantity=units(each.quantity),
                vat=counted_as(each, terms.position),
                is_goods=each.product_type == "product",
                article=each.article,
            )
            for place, each in sold.items()
        }
        shipping, adjustment = cents(extras.shipping), cents(extras.adjustment)
        found = Order(number, terms, kept, sold, whole(extras.discount, 2), shipping, adjustment)
        found.figure()
        self.orders[number] = found
        return found

    def revised(self, order: Order, quantities: Mapping[int, Decimal]) -> None:
        for place, quantity in quantities.items():
            order.lines[place].quantity = units(quantity)
            order.sold[place] = replace(order.sold[place], quantity=quantity)
        order.figure()

    def least(self, order: Order, place: int) -> int:
        """What a line of a confirmed order can be cut down to: what is invoiced and what the customer has; once something was prepared,
        to nothing less than it is.
        """
        line = order.lines[place]
        its = [each.status for each in self.deliveries.values() if each.order is order]
        is_started = "prepared" in its or "shipped" in its
        return max(line.invoiced, line.delivered, line.quantity if is_started else 0)

    def planned(self, number: str, order: Order, carried: Sequence[Carried]) -> None:
        wanted = {line: each.remaining for line, each in order.lines.items() if each.is_goods and each.remaining}
        assert {each.line: units(each.quantity) for each in carried} == wanted, "all that no other delivery carries"
        places = {each.place: (each.line, units(each.quantity)) for each in carried}
        self.deliveries[number] = Delivery(number, order, places)
        for line, quantity in wanted.items():
            order.lines[line].planned += quantity

    def reserved(self, article: str, without: Delivery | None = None) -> int:
        return sum(
            quantity
            for delivery in self.deliveries.values()
            if delivery is not without
            for line, quantity in delivery.promised.items()
            if delivery.order.lines[line].article == article
        )

    def share(self, delivery: Delivery, wanted: Mapping[int, int], *, keeps: bool) -> dict[int, int]:
        """What is promised to its lines: never more than nobody else has; the first lines first. ``keeps``: after what each has already."""
        lines = delivery.order.lines
        stocked = {line: quantity for line, quantity in wanted.items() if lines[line].article}
        free = {
            name: self.on_hand[name] - self.reserved(name, delivery)
            for name in {lines[line].article for line in stocked}
        }
        found = {line: min(delivery.promised.get(line, 0), each) if keeps else 0 for line, each in stocked.items()}
        for line, quantity in found.items():
            free[lines[line].article] -= quantity
        for line, quantity in stocked.items():
            more = min(quantity - found[line], max(free[lines[line].article], 0))
            found[line] += more
            free[lines[line].article] -= more
        return found

    def reserved_for(self, delivery: Delivery, promised: Mapping[int, Decimal]) -> None:
        expected = {} if delivery.is_over else self.share(delivery, dict(delivery.carried.values()), keeps=False)
        expected = {line: quantity for line, quantity in expected.items() if quantity}
        assert {line: units(quantity) for line, quantity in promised.items() if quantity} == expected
        delivery.promised = expected

    def picked(self, delivery: Delivery, asked: Mapping[int, int], carried: Sequence[Carried]) -> None:
        kept = {place: (delivery.carried[place][0], quantity) for place, quantity in asked.items() if quantity}
        assert {each.place: (each.line, units(each.quantity)) for each in carried} == kept
        for line, quantity in delivery.carried.values():
            delivery.order.lines[line].planned -= quantity
        for line, quantity in kept.values():
            delivery.order.lines[line].planned += quantity
        delivery.promised = self.share(delivery, dict(kept.values()), keeps=True)
        delivery.carried, delivery.status = kept, "prepared"

    def shipped(self, delivery: Delivery) -> None:
        for line, quantity in delivery.carried.values():
            found = delivery.order.lines[line]
            found.planned -= quantity
            found.shipped += quantity
            if found.article:
                self.on_hand[found.article] -= quantity
        delivery.promised, delivery.status = {}, "shipped"

    def cancelled(self, delivery: Delivery) -> None:
        for line, quantity in delivery.carried.values():
            delivery.order.lines[line].planned -= quantity
        delivery.promised, delivery.status = {}, "gone"

    def came_back(self, delivery: Delivery, quantities: Mapping[int, int], *, again: bool) -> None:
        for place, quantity in quantities.items():
            line = delivery.order.lines[delivery.carried[place][0]]
            delivery.returned[place] += quantity
            line.returned += quantity
            line.again += quantity if again else 0
            if line.article:
                self.on_hand[line.article] += quantity

    # -- invoices and credit notes ---------------------------------------------------------------------------------------------------------

    def drafted(self, order: Order, wanted: Mapping[int, int], figures: Figures) -> None:
        found = Paper(figures.id, order)
        self._say(found, figures)
        assert {each.line: each.quantity for each in found.lines.values()} == wanted
        for each in found.lines.values():
            line = order.lines[each.line]
            if order.terms.invoicing_policy == "on_delivery" and line.is_goods:
                assert line.invoiced + each.quantity <= line.delivered
        self._count(found, 1)
        self.papers[found.id] = found
        self._judge_tax(found)

    def redrafted(self, paper: int, wanted: Mapping[int, int], figures: Figures) -> None:
        assert figures.id == paper
        self._count(self.papers[paper], -1)
        self.drafted(self.papers[paper].order, wanted, figures)

    def credited(self, corrects: Paper, wanted: Mapping[int, int], figures: Figures, *, again: bool) -> None:
        found = Paper(figures.id, corrects.order, corrects, again)
        self._say(found, figures)
        assert {each.line: each.quantity for each in found.lines.values()} == {
            corrects.lines[place].line: quantity for place, quantity in wanted.items()
        }
        self._give_back(found, 1)
        self.papers[found.id] = found
        self._judge_tax(found)

    def reduced(self, corrects: Paper, wanted: Mapping[int, int], figures: Figures) -> None:
        """Amounts of lines; no quantity, and nothing of shipping. It gives something back."""
        found = Paper(figures.id, corrects.order, corrects, is_reduction=True)
        self._say(found, figures)
        assert {each.line: each.amount for each in found.lines.values()} == {
            corrects.lines[place].line: amount for place, amount in wanted.items()
        }
        assert all(each.quantity == 10_000 for each in found.lines.values()), "of one piece each"
        assert found.shipping == 0 >= found.adjustment
        assert found.total > 0
        self._give_back(found, 1)
        self.papers[found.id] = found
        self._judge_tax(found)

    def waits_for_reduction(self, paper: Paper) -> bool:
        """Whether a draft reduces its prices."""
        return any(each.corrects is paper and each.is_reduction and each.said is None for each in self.papers.values())

    def dropped(self, paper: Paper) -> None:
        del self.papers[paper.id]
        if paper.corrects is None:
            self._count(paper, -1)
        else:
            self._give_back(paper, -1)

    def validated(self, paper: Paper, said: Validated) -> None:
        """No number is left out, no day goes back, each is chained to the one before."""
        last = self.chain[-1].said if self.chain else None
        assert said.sequence == len(self.chain) + 1
        assert said.number == f"FA-{said.issued_on.year}-{said.sequence:05d}"
        assert said.previous_hash == (BEGINNING if last is None else last.hash)
        assert last is None or said.issued_on >= last.issued_on
        paper.said = said
        self.chain.append(paper)
        if paper.again:
            self._count(paper, -1)
            paper.order.given_back += 1

    def _say(self, paper: Paper, figures: Figures) -> None:
        """It adds up, to the cent, and nothing of it is negative but the adjustment."""
        order, of_lines = paper.order, defaultdict[str, int](int)
        for each in figures.lines:
            if each.line is not None:
                assert each.amount is not None
                paper.lines[each.id] = found = PaperLine(each.line, units(each.quantity), cents(each.amount))
                assert found.amount >= 0
                assert found.quantity > 0
                of_lines[order.lines[each.line].vat] += found.amount
        paper.rates = {each.vat: sums_of(each) for each in figures.rates}
        paper.shipping, paper.adjustment = cents(figures.shipping), cents(figures.adjustment)
        assert len(paper.rates) == len(figures.rates)
        assert of_lines.keys() <= paper.rates.keys(), "each line counts under a rate that is there"
        for vat in {*of_lines, *paper.rates}:
            assert paper.rates.get(vat, Sums()).lines == of_lines[vat]
        for part in figures.rates:
            sums = paper.rates[part.vat]
            assert units(part.rate) == RATES.get(part.vat, 0)
            assert sums.base == sums.lines - sums.discount + sums.charges
            assert min(sums.base, sums.tax, sums.discount) >= 0
            assert sums.charges == (paper.shipping + paper.adjustment if part.vat == order.charged else 0)
        assert order.charged in paper.rates or not paper.shipping + paper.adjustment
        assert paper.shipping >= 0
        assert cents(figures.net) == sum(each.base for each in paper.rates.values())
        assert cents(figures.tax) == sum(each.tax for each in paper.rates.values())
        assert cents(figures.total) == cents(figures.net) + cents(figures.tax) == paper.total

    @staticmethod
    def _judge_tax(paper: Paper) -> None:
        """The tax of each rate is within a cent of its own. What takes the last of it, of an order of which something was given back to be
        invoiced again, makes up for all that was, two cents for each time; and for how much the others are off together, where they were
        rounded after drafts that were dropped. What gives such a one back is off as it was.
        """
        order = paper.order
        for vat, part in paper.rates.items():
            off = abs(part.tax - half_up(part.base * RATES.get(vat, 0), 10_000))
            if paper.corrects is None:
                so_far, most = order.invoiced[vat], order.whole[vat]
                is_last = so_far.base == most.base or so_far.tax == most.tax
                others = (so_far.tax - part.tax) * 10_000 - (so_far.base - part.base) * RATES.get(vat, 0)
                most_off = 1 + 2 * order.given_back + abs(others) // 10_000 if is_last else 1
                assert off <= most_off, f"{off} cents off"
            else:
                its = paper.corrects.rates[vat]
                own = abs(its.tax - half_up(its.base * RATES.get(vat, 0), 10_000))
                assert off <= max(1, own), f"{off} cents off"

    @staticmethod
    def _count(paper: Paper, sign: int) -> None:
        """It counts as invoiced; below zero no longer."""
        order = paper.order
        for each in paper.lines.values():
            order.lines[each.line].invoiced += sign * each.quantity
            order.lines[each.line].invoiced_amount += sign * each.amount
        for vat, part in paper.rates.items():
            order.invoiced[vat].add(part, sign)
        order.invoiced_shipping += sign * paper.shipping
        order.invoiced_adjustment += sign * paper.adjustment

    @staticmethod
    def _give_back(paper: Paper, sign: int) -> None:
        corrects = paper.corrects
        assert corrects is not None
        by_line = {each.line: each for each in corrects.lines.values()}
        for each in paper.lines.values():
            by_line[each.line].credited += 0 if paper.is_reduction else sign * each.quantity
            by_line[each.line].credited_amount += sign * each.amount
            by_line[each.line].reduced += sign * each.amount if paper.is_reduction else 0
        for vat, part in paper.rates.items():
            corrects.credited[vat].add(part, sign)
        corrects.credited_shipping += sign * paper.shipping

    # -- payments --------------------------------------------------------------------------------------------------------------------------

    def by_number(self, number: str) -> Paper:
        return next(each for each in self.chain if each.number == number)

    def invoices(self) -> list[Paper]:
        """Of which something is to be paid."""
        return [each for each in self.chain if each.corrects is None and each.open]

    def credit_notes(self) -> list[Paper]:
        """Of which something can be used."""
        return [each for each in self.chain if each.corrects is not None and each.open]

    def paid(self, payment: Payment, parts: Mapping[tuple[str, str], int], wanted: Mapping[str, int]) -> None:
        """What a payment settles is what was wanted of each invoice. Money is shared among its rates as what is left of them is, each less
        than a cent off.
        """
        self.payments[payment.number] = payment
        sums: dict[str, int] = defaultdict(int)
        for (number, _), amount in parts.items():
            sums[number] += amount
        assert {key: each for key, each in sums.items() if each} == {key: each for key, each in wanted.items() if each}
        if payment.kind != "set_off":
            for number, amount in wanted.items():
                left = self.by_number(number).left()
                for vat, of_rate in left.items():
                    off = abs(parts.get((number, vat), 0)) * sum(left.values()) - abs(amount) * of_rate
                    assert abs(off) < sum(left.values())
        self._move(parts)
        for key, amount in parts.items():
            payment.parts[key] = payment.parts.get(key, 0) + amount

    def reversed(self, payment: Payment, parts: Mapping[tuple[str, str], int]) -> None:
        """What it settled is open again."""
        assert parts == {key: -amount for key, amount in payment.parts.items() if amount}
        self._move(parts)
        payment.parts, payment.is_reversed = {}, True
        if payment.of is not None:
            payment.of.gone -= payment.amount

    def _move(self, parts: Mapping[tuple[str, str], int]) -> None:
        for (number, vat), amount in parts.items():
            paper = self.by_number(number)
            paper.paid[vat] += amount if paper.corrects is None else -amount

    # -- what must hold, whatever happened -------------------------------------------------------------------------------------------------

    def check(self, seen: Seen) -> None:
        """Every invariant, and every derived figure."""
        assert seen.orders.keys() == self.orders.keys()
        for number, order in self.orders.items():
            self._check_order(order)
            self._compare(order, seen.orders[number])
        for paper in self.papers.values():
            self._check_paper(paper)
        self._check_stock(seen)
        self._check_money(seen)

    def _check_order(self, order: Order) -> None:
        for line in order.lines.values():
            assert 0 <= line.invoiced <= line.quantity
            assert 0 <= line.invoiced_amount <= line.amount
            assert min(line.planned, line.shipped, line.returned, line.again) >= 0
            assert 0 <= line.delivered <= line.quantity
            assert line.planned + line.shipped - line.again <= line.quantity
        for vat, part in order.invoiced.items():
            most = order.whole.get(vat, Sums())
            assert 0 <= part.lines <= most.lines
            assert 0 <= part.discount <= most.discount
            assert part.base >= 0
            assert 0 <= part.tax <= most.tax
        assert 0 <= order.invoiced_shipping <= order.shipping
        if order.adjustment >= 0:  # one below zero makes up for the rounding of what credit notes give back
            assert 0 <= order.invoiced_adjustment <= order.adjustment
        if order.is_fully_invoiced:
            for vat, most in order.whole.items():
                assert order.invoiced[vat] == most, f"{order.number} {vat}, fully invoiced"
            papers = [each for each in self.papers.values() if each.order is order]
            invoices = sum(each.total for each in papers if each.corrects is None)
            assert invoices - sum(each.total for each in papers if each.again and each.said) == worth(order.whole)

    @staticmethod
    def _check_paper(paper: Paper) -> None:
        for line in paper.lines.values():
            assert 0 <= line.credited <= line.quantity
            assert 0 <= line.reduced <= line.credited_amount <= line.amount
        for vat, part in paper.credited.items():
            most = paper.rates[vat]
            assert 0 <= part.lines <= most.lines
            assert 0 <= part.discount <= most.discount
            assert 0 <= part.base <= most.base
            assert 0 <= part.tax <= most.tax
        assert 0 <= paper.credited_shipping <= paper.shipping
        if paper.corrects is None and not paper.creditable():
            for vat, most in paper.rates.items():
                assert paper.credited[vat] == most or not (most.base or most.tax), "all of it was given back"
        for vat, amount in paper.paid.items():
            assert 0 <= amount <= paper.rates[vat].base + paper.rates[vat].tax

    @staticmethod
    def _compare(order: Order, way: Way) -> None:
        assert way.status == ("closed" if order.is_closed else "confirmed")
        assert way.goes_on is order.goes_on
        assert way.progress.keys() == {place for place, line in order.lines.items() if line.is_goods}
        for place, found in way.progress.items():
            line = order.lines[place]
            said = (found.ordered, found.planned, found.shipped, found.returned, found.again)
            made = (found.delivered, found.remaining, found.outstanding)
            assert tuple(map(units, (*said, *made))) == (
                *(line.quantity, line.planned, line.shipped, line.returned, line.again),
                *(line.delivered, line.remaining, line.remaining + line.planned),
            )
        for place, line in order.lines.items():
            quantity, amount = way.invoiced.get(place, (Decimal(0), Decimal(0)))
            assert (units(quantity), cents(amount)) == (line.invoiced, line.invoiced_amount)
            assert units(way.is_open[place]) == order.open(place)
        for vat in {*order.invoiced, *way.rates}:
            assert order.invoiced[vat] == (sums_of(way.rates[vat]) if vat in way.rates else Sums())
        assert tuple(map(cents, way.charges)) == (order.invoiced_shipping, order.invoiced_adjustment)

    def _check_stock(self, seen: Seen) -> None:
        for article, (on_hand, reserved, available) in seen.levels.items():
            held = self.reserved(article)
            assert (units(on_hand), units(reserved)) == (self.on_hand[article], held)
            assert units(available) == self.on_hand[article] - held >= 0, "never more is promised than there is"
            assert held >= 0

    def _check_money(self, seen: Seen) -> None:
        for number, way in seen.orders.items():
            drafts = (each for each in self.papers.values() if each.corrects is None and each.said is None)
            waits = any(each.order.number == number for each in drafts)
            assert way.is_fully_invoiced is (self.orders[number].is_fully_invoiced and not waits)
        left = {
            each.number: {vat: most for vat, most in each.left().items() if most} for each in self.chain if each.open
        }
        items = {
            number: {vat: cents(amount) for vat, amount in rates.items() if amount}
            for number, rates in seen.items.items()
        }
        assert items == left
        rests = [each.rest for each in self.payments.values()]
        assert not rests or min(rests) >= 0
        assert cents(seen.on_account) == sum(rests)
        papers = sum(each.total * (1 if each.corrects is None else -1) for each in self.chain)
        moved = sum(
            each.amount * (-1 if each.kind == "refund" else 1)
            for each in self.payments.values()
            if not each.is_reversed
        )
        owed = sum(each.open * (1 if each.corrects is None else -1) for each in self.chain)
        assert papers - moved == owed - sum(rests), "what the customer owes, by the papers and the money alone"


def linked(said: Iterable[tuple[str, str]]) -> list[str]:
    """The hash of each canonical text after the one before it, worked out with nothing of ours."""
    return [hashlib.sha256((previous + text).encode()).hexdigest() for previous, text in said]


__all__ = ["Account", "Delivery", "Order", "Paper", "Payment", "cents", "half_up", "linked", "units"]
