"""Somebody does anything at all, in any order: orders, goods, invoices, credit notes, money. What happens is drawn from bytes.

What must be refused is tried as well: the account says beforehand whether an act can be done, and what must come of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from engine.errors import InvalidInput
from handlers.catalogue import vat
from handlers.payments.types import Wanted
from handlers.sales import rules as sales
from handlers.sales.taxes import Taxation
from handlers.sales.types import Extras, Line
from tests.properties.account import RATES, Account, Delivery, Order, Paper, Payment, cents, half_up
from tests.properties.house import ARTICLES, REFUSED, House, Paid, Terms

T = TypeVar("T")
DAY: Final = date(2026, 11, 23)
EMPHASES: Final = {
    "all": (),
    "goods": ("wave", "wave", "pick", "ship", "take_back", "take_back", "invoice", "revise"),
    "credits": ("bill", "bill", "invoice", "validate", "credit", "credit", "reduce", "reduce", "drop", "revise"),
    "cents": ("trifle", "trifle", "trifle", "trifle", "adverse", "adverse", "adverse", "revise"),
    "money": ("bill", "bill", "credit", "credit", "pay", "allot", "refund", "set_off", "reverse"),
}
"""What is done more often."""

_QUANTITIES: Final = (1, 1, 2, 3, 5, 12)
_PRICES: Final = (Decimal(100), Decimal("0.03"), Decimal("33.336667"), Decimal("0.07"), Decimal("1249.99"))
_TRIFLES: Final = (Decimal("0.03"), Decimal("0.07"), Decimal("0.13"))
_DISCOUNTS: Final = ("0", "0", "0", "10", "33.33", "100")
_OF_ALL: Final = ("0", "0", "0", "5", "3.33", "99.99")
_SHIPPING: Final = ("0", "0", "0.01", "40")
_ADJUSTMENTS: Final = ("0", "0", "0", "0", "-0.01", "-15", "-99.99", "5")
_PERCENTS: Final = (Decimal(30), Decimal(50), Decimal("33.33"), Decimal(100), Decimal("0.01"))
_OFF: Final = (Decimal(5), Decimal("33.33"), Decimal(100))
"""By how many percent prices are reduced."""

_POSITIONS: Final = ("domestic",) * 6 + ("intra_eu", "export")
_STEPS: Final = (
    *("come", "plan", "reserve", "pick", "ship", "cancel", "take_back", "invoice", "change", "validate", "drop"),
    *("credit", "pay", "allot", "refund", "set_off", "reverse", "close", "wave", "bill", "revise", "reduce"),
)


@dataclass(slots=True)
class Tape:
    """Choices, read from bytes; the first of each when there are none left."""

    data: bytes
    at: int = 0

    def pick(self, count: int) -> int:
        """Below ``count``."""
        self.at += 1
        return self.data[self.at - 1] % count if self.at <= len(self.data) else 0

    def one_of(self, found: Sequence[T]) -> T:
        return found[self.pick(len(found))]

    def number(self, most: int) -> int:
        """From 0 to ``most``."""
        size = (most.bit_length() + 7) // 8
        found = int.from_bytes(self.data[self.at : self.at + size])
        self.at += size
        return found % (most + 1)

    def part(self, most: int) -> int:
        """All of ``most``, or some of it, at least one."""
        match self.pick(4):
            case 0:
                return most
            case 1:
                return max(most // 2, 1)
            case 2:
                return max(most // 3, 1)
            case _:
                return 1 + self.number(most - 1)


def quantity(found: int) -> Decimal:
    return Decimal(found).scaleb(-4)


def money(found: int) -> Decimal:
    return Decimal(found).scaleb(-2)


@dataclass(slots=True)
class Player:
    """``house``: who does it; ``emphasis``: one of ``EMPHASES``; ``most``: acts; ``positions``: fiscal ones; ``done``: names of acts."""

    house: House
    tape: Tape
    emphasis: str
    most: int = 31
    positions: tuple[str, ...] = _POSITIONS
    account: Account = field(default_factory=Account)
    day: date = DAY
    keys: int = 0
    done: list[str] = field(default_factory=list)

    # -- the whole of it -------------------------------------------------------------------------------------------------------------------

    def play(self) -> None:
        """Orders, acts, and an end that leaves nothing open."""
        for _ in range(1 + (self.tape.pick(3) == 2)):
            self._order()
        if not self.account.orders:
            return
        steps = _STEPS + EMPHASES[self.emphasis] * 3
        for _ in range(self.tape.pick(self.most + 1)):
            getattr(self, f"_{self.tape.one_of(steps)}")()
            self._check()
        self._finish()

    def _check(self) -> None:
        self.account.check(self.house.seen())

    def _finish(self) -> None:
        """All that can still be done is done: then everything is delivered, invoiced and paid, to the cent."""
        for paper in self._drafts():
            self._validated(paper)
        for order in self.account.orders.values():
            if order.goes_on:
                self._deliver_all(order)
                if left := self._expected(order, "remaining", None):
                    self._validated(self._invoiced(order, "remaining", None, left))
                was_kept = all(line.delivered == line.quantity for line in order.lines.values() if line.is_goods)
                assert order.is_fully_invoiced or not (was_kept or order.terms.invoicing_policy == "on_order")
                assert order.is_delivered
        self._check()
        for payment in list(self.account.payments.values()):
            if payment.rest and self.account.invoices():
                self._allotted(payment, "oldest", ())
        for note in self.account.credit_notes():
            self._use(note)
        if owed := sum(each.open for each in self.account.invoices()):
            self._paid(owed, "oldest", ())
        for order in self.account.orders.values():
            self._reached(order)
        if self.tape.pick(2):
            self._give_all_back()
        self._check()
        assert not self.account.invoices()

    def _give_all_back(self) -> None:
        """Whatever was invoiced can be given back to the last cent."""
        for paper in [each for each in self.account.chain if each.corrects is None]:
            if wanted := paper.creditable():
                self._validated(self._credited(paper, wanted, again=False))
            assert paper.total == sum(each.total for each in self.account.chain if each.corrects is paper)

    # -- acts, drawn: orders and goods -----------------------------------------------------------------------------------------------------

    def _order(self) -> None:
        lines = tuple(self._line() for _ in range(1 + min(self.tape.pick(8), self.tape.pick(8))))
        extras = Extras(
            discount=Decimal(self.tape.one_of(_OF_ALL)),
            shipping=Decimal(self.tape.one_of(_SHIPPING)),
            adjustment=Decimal(self.tape.one_of(_ADJUSTMENTS)),
        )
        terms = Terms(
            invoicing_policy=self.tape.one_of(("on_order", "on_delivery")),
            closing_rule=self.tape.one_of(("both", "invoiced", "shipped", "paid")),
            position=self.tape.one_of(self.positions),
        )
        if not any(each.kind == "item" for each in lines):
            return
        if sales.problems(lines, extras, Taxation(day=DAY, position=terms.position)):
            extras = Extras(discount=extras.discount, shipping=extras.shipping)  # it was below what it is taken of
        number, ids = self.house.order(lines, extras, terms)
        self.account.order(number, ids, lines, extras, terms)
        self._check()

    def _line(self) -> Line:
        tape = self.tape
        if self.emphasis == "cents" and tape.pick(4):
            return Line(text="x", quantity=Decimal(60), unit_price=tape.one_of(_TRIFLES), vat=tape.one_of(vat.NAMES))
        if tape.pick(12) == 11:
            return Line(kind=tape.one_of(("heading", "note")), text="Bureaux")
        is_service = tape.pick(3) == 2
        return Line(
            article="" if is_service else tape.one_of((*ARTICLES, "")),
            text="x",
            quantity=Decimal(tape.one_of(_QUANTITIES)) if tape.pick(2) else quantity(1 + tape.number(200_000)),
            unit_price=tape.one_of(_PRICES) if tape.pick(2) else Decimal(tape.number(900_000_000)).scaleb(-6),
            discount=Decimal(tape.one_of(_DISCOUNTS)),
            vat=tape.one_of(vat.NAMES),
            product_type="service" if is_service else "product",
        )

    def _some_order(self) -> Order:
        return self.tape.one_of(list(self.account.orders.values()))

    def _some_delivery(self, *statuses: str) -> Delivery | None:
        found = [each for each in self.account.deliveries.values() if each.status in statuses]
        return self.tape.one_of(found) if found else None

    def _come(self) -> None:
        self._came(self.tape.one_of(ARTICLES), 1 + self.tape.number(300_000))

    def _plan(self) -> None:
        order = self._some_order()
        if order.goes_on and any(each.remaining for each in order.lines.values() if each.is_goods):
            self._planned(order)
        else:
            self._refused(lambda: self.house.plan(order.number, self._key()))

    def _reserve(self) -> None:
        if delivery := self._some_delivery("open", "shipped", "gone"):
            self._reserved(delivery)

    def _pick(self) -> None:
        delivery = self._some_delivery("open", "prepared", "shipped", "gone")
        if delivery is None:
            return
        if delivery.status == "open" and self.tape.pick(2):
            self._reserved(delivery)
        asked = {}
        for place, (line, most) in delivery.carried.items():
            has = delivery.promised.get(line, 0) if delivery.order.lines[line].article else most
            asked[place] = self.tape.one_of((has, has, has // 2, most, 0, most + 1))
        self._picked(delivery, asked)

    def _ship(self) -> None:
        if delivery := self._some_delivery("prepared", "shipped", "gone"):
            if delivery.status == "prepared":
                self._shipped(delivery)
            else:
                self._refused(lambda: self.house.ship(delivery.number))

    def _cancel(self) -> None:
        if delivery := self._some_delivery("open", "prepared"):
            self._twice(
                "cancel", lambda: self.house.cancel(delivery.number), lambda _: self.account.cancelled(delivery)
            )

    def _take_back(self) -> None:
        delivery, again = self._some_delivery("shipped", "prepared"), self.tape.pick(2) == 0
        if delivery is None:
            return
        asked, is_right = {}, delivery.status == "shipped"
        for place, (_, carried) in delivery.carried.items():
            left = carried - delivery.returned[place]
            if self.tape.pick(3):
                asked[place] = self.tape.part(left) if left else 0
                if self.tape.pick(12) == 11:
                    asked[place], is_right = left + 1, False
        wanted, key = {place: quantity(each) for place, each in asked.items()}, self._key()

        def act() -> str:
            return self.house.take_back(delivery.number, wanted, key, again=again)

        if is_right and any(asked.values()):
            self._twice("take_back", act, lambda _: self.account.came_back(delivery, asked, again=again))
        else:
            self._refused(act)

    def _revise(self) -> None:
        """A confirmed order is changed, before or after something of it left; what is planned of it is given up and planned anew later."""
        order = self._some_order()
        asked, is_right = {}, not order.is_closed
        for place, line in order.lines.items():
            least = self.account.least(order, place)
            wanted = self.tape.one_of(
                (line.quantity, line.quantity + 10_000, least, least - 1, (least + line.quantity) // 2)
            )
            asked[place] = max(wanted, 0)
            is_right &= asked[place] >= least
        given, key = {place: quantity(each) for place, each in asked.items()}, self._key()
        if not is_right or not any(asked.values()):
            self._refused(lambda: self.house.revise(order.number, given, key))
            return
        for delivery in self.account.deliveries.values():
            if delivery.order is order and delivery.status == "open":
                self.house.cancel(delivery.number)
                self.account.cancelled(delivery)
        try:
            self.house.revise(order.number, given, key)
        except (
            InvalidInput
        ) as refusal:  # only what could not be invoiced to the cent any more, or an adjustment below nothing
            codes = {each.code for each in refusal.fields}
            assert codes in ({"order_invoices_uneven"}, {"document_negative"}), codes
            assert order.adjustment < 0 or any(each.invoiced for each in order.lines.values())
            self.done.append("refused")
            return
        self._twice("revise", lambda: self.house.revise(order.number, given, key), lambda _: None)
        self.account.revised(order, given)

    def _wave(self) -> None:
        """Goods come in, and some of an order leaves."""
        order = self._some_order()
        if not order.goes_on:
            return
        if any(each.remaining for each in order.lines.values() if each.is_goods):
            self._planned(order)
        found = [each for each in self.account.deliveries.values() if each.order is order and each.status == "open"]
        if found:
            delivery = self.tape.one_of(found)
            self._came_for(delivery)
            self._reserved(delivery)
            self._picked(delivery, {place: self.tape.part(most) for place, (_, most) in delivery.carried.items()})
            if self.tape.pick(6) != 5:
                self._shipped(delivery)

    def _close(self) -> None:
        if self.tape.pick(4) == 3:
            order = self._some_order()
            assert self.house.close(order.number, "Fin") == "closed"
            order.is_closed, order.closed_because = True, "Fin"
            self.done.append("close")

    # -- acts, drawn: invoices and credit notes --------------------------------------------------------------------------------------------

    def _drafts(self) -> list[Paper]:
        return [each for each in self.account.papers.values() if each.said is None]

    def _expected(self, order: Order, what: str, percent: Decimal | None) -> dict[int, int]:
        """How much of each line is invoiced."""
        found = {}
        for place, line in order.lines.items():
            most = order.open(place)
            match what:
                case "products" | "services" if line.is_goods is (what == "services"):
                    most = 0
                case "delivered":
                    most = min(most, max(line.delivered - line.invoiced, 0)) if line.is_goods else 0
                case "percent":
                    assert percent is not None
                    most = min(most, half_up(line.quantity * int(percent * 100), 10_000))
            if most:
                found[place] = most
        return found

    def _invoice(self) -> None:
        order = self._some_order()
        what = self.tape.one_of(("remaining", "products", "services", "delivered", "percent", "percent"))
        percent = self.tape.one_of(_PERCENTS) if what == "percent" else None
        wanted = self._expected(order, what, percent)
        if order.goes_on and wanted:
            self._invoiced(order, what, percent, wanted)
        else:
            self._refused(lambda: self.house.invoice(order.number, what, percent, self._key()))

    def _bill(self) -> None:
        """A part of an order is invoiced, and the invoice validated."""
        order, percent = self._some_order(), self.tape.one_of(_PERCENTS)
        wanted = self._expected(order, "percent", percent)
        if order.goes_on and wanted:
            self._validated(self._invoiced(order, "percent", percent, wanted))

    def _change(self) -> None:
        found = [each for each in self._drafts() if each.corrects is None]
        if not found:
            return
        paper = self.tape.one_of(found)
        its = {each.line: each.quantity for each in paper.lines.values()}
        asked, is_right = {}, True
        for place in paper.order.lines:
            most = paper.order.open(place, without=its.get(place, 0))
            if self.tape.pick(3) and most:
                asked[place] = self.tape.part(most)
                if self.tape.pick(12) == 11:
                    asked[place], is_right = most + 1, False
        if is_right and asked:
            self._changed(paper, asked)
        else:
            given = [(place, quantity(each)) for place, each in asked.items()]
            self._refused(lambda: self.house.change(paper.id, given))

    def _trifle(self) -> None:
        """A few cents of an order are invoiced again and again."""
        order = self._some_order()
        for _ in range(1 + self.tape.pick(10)):
            percent = Decimal(self.tape.one_of((3, 5)))
            wanted = self._expected(order, "percent", percent)
            if not order.goes_on or not wanted:
                return
            paper, kept = self._invoiced(order, "percent", percent, wanted), self.tape.one_of(list(wanted))
            self._validated(self._changed(paper, {kept: wanted[kept]}))

    def _adverse(self) -> None:
        """All invoices whose tax was rounded one way are given back, to be invoiced again."""
        way = self.tape.one_of((1, -1))
        for paper in [each for each in self.account.chain if each.corrects is None]:
            off = sum(each.tax * 10_000 - each.base * RATES.get(name, 0) for name, each in paper.rates.items())
            is_whole = not any(each.credited or each.reduced for each in paper.lines.values())
            if off * way > 0 and is_whole:
                self._validated(self._credited(paper, paper.creditable(), again=True))

    def _validate(self) -> None:
        if found := self._drafts():
            self.day += timedelta(days=self.tape.pick(4) - 1)
            self._validated(self.tape.one_of(found))

    def _drop(self) -> None:
        if found := self._drafts():
            paper = self.tape.one_of(found)
            self.house.drop(paper.id)
            self.account.dropped(paper)
            self.done.append("drop")

    def _credit(self) -> None:
        found = [each for each in self.account.papers.values() if each.said is not None or each.corrects is None]
        if not found:
            return
        paper, again = self.tape.one_of(found), self.tape.pick(4) > 0
        asked, is_right = {}, paper.said is not None and paper.corrects is None
        for place, left in paper.creditable().items():
            if self.tape.pick(4):
                asked[place] = self.tape.part(left)
                if self.tape.pick(12) == 11:
                    asked[place], is_right = left + 1, False
        is_right &= not self.account.waits_for_reduction(paper)
        is_right &= not (again and any(paper.lines[place].reduced for place in asked))
        if is_right and asked:
            made = self._credited(paper, asked, again=again)
            if self.tape.pick(3):
                self._validated(made)
        else:
            given = [(place, quantity(each)) for place, each in asked.items()]
            self._refused(lambda: self.house.credit(paper.id, given, self._key(), again=again))

    def _reduce(self) -> None:
        """The price of what was invoiced is reduced, by amounts of some lines or by a part of all."""
        found = [each for each in self.account.papers.values() if each.said is not None or each.corrects is None]
        if not found:
            return
        paper, percent = self.tape.one_of(found), self.tape.one_of((None, None, *_OFF))
        asked, is_right = {}, paper.said is not None and paper.corrects is None
        if percent is not None:
            asked = self._share(paper, percent)
        else:
            for place, line in paper.lines.items():
                if line.left and self.tape.pick(3):
                    asked[place] = self.tape.part(line.left)
                    if self.tape.pick(12) == 11:
                        asked[place], is_right = line.left + 1, False
        given = [(place, money(each)) for place, each in asked.items()] if percent is None else []
        key = self._key()
        if not is_right or not asked:
            self._refused(lambda: self.house.reduce(paper.id, given, percent, key))
            return
        try:
            figures = self.house.reduce(paper.id, given, percent, key)
        except InvalidInput as refusal:  # all of it is discount: nothing would be given back
            codes = {each.code for each in refusal.fields}
            assert codes == {"reduction_of_nothing"}, codes
            assert paper.order.discount or paper.order.adjustment < 0
            self.done.append("refused")
            return
        self.account.reduced(paper, asked, figures)
        self._twice("reduce", lambda: self.house.reduce(paper.id, given, percent, key), lambda _: None)
        if self.tape.pick(3):
            self._validated(self.account.papers[figures.id])

    @staticmethod
    def _share(paper: Paper, percent: Decimal) -> dict[int, int]:
        """``percent`` of each line, so that together it is that of their sum, rate by rate."""
        found, sums = {}, defaultdict[str, int](int)
        for place, line in paper.lines.items():
            vat = paper.order.lines[line.line].vat
            before = half_up(sums[vat] * int(percent * 100), 10_000)
            sums[vat] += line.amount
            if part := min(half_up(sums[vat] * int(percent * 100), 10_000) - before, line.left):
                found[place] = part
        return found

    # -- acts, drawn: money ----------------------------------------------------------------------------------------------------------------

    def _some_invoices(self, most: int) -> tuple[Wanted, ...]:
        """What some invoices are to get, not more than ``most`` together."""
        chosen = []
        for each in self.account.invoices():
            if self.tape.pick(2) and (part := min(self.tape.part(each.open), most)):
                chosen.append(Wanted(invoice=each.number, amount=money(part)))
                most -= part
        return tuple(chosen)

    def _pay(self) -> None:
        owed = sum(each.open for each in self.account.invoices())
        way = self.tape.one_of(("oldest", "chosen", "account"))
        amount = self.tape.part(owed or 10_000) + (self.tape.pick(4) == 3)
        chosen = self._some_invoices(amount) if way == "chosen" else ()
        if chosen and self.tape.pick(12) == 11:
            above = (Wanted(invoice=chosen[0].invoice, amount=chosen[0].amount + 10**6), *chosen[1:])
            self._refused(lambda: self.house.pay(Decimal(10**8), "chosen", above, self._key()))
        else:
            self._paid(amount, way, chosen)

    def _allot(self) -> None:
        if not self.account.payments:
            return
        payment, way = self.tape.one_of(list(self.account.payments.values())), self.tape.one_of(("oldest", "chosen"))
        chosen = self._some_invoices(payment.rest) if way == "chosen" else ()
        if payment.rest and (chosen if way == "chosen" else self.account.invoices()):
            self._allotted(payment, way, chosen)
        else:
            self._refused(lambda: self.house.allot(payment.number, way, chosen))

    def _refund(self) -> None:
        notes = self.account.credit_notes()
        receipts = [each for each in self.account.payments.values() if each.kind == "receipt"]
        if notes and self.tape.pick(2):
            note = self.tape.one_of(notes)
            amount = self.tape.part(note.open)
            self._refunded(amount, None, note)
        elif receipts:
            root = self.tape.one_of(receipts)
            amount = self.tape.part(root.rest + (self.tape.pick(6) == 5) or 1)
            if amount <= root.rest:
                self._refunded(amount, root, None)
                root.gone += amount
            else:
                self._refused(lambda: self.house.refund(money(amount), root.number, "", self._key()))

    def _refunded(self, amount: int, root: Payment | None, note: Paper | None) -> None:
        of, credit, key = root.number if root else "", note.number if note else "", self._key()
        wanted = {credit: -amount} if credit else {}
        self._twice(
            "refund",
            lambda: self.house.refund(money(amount), of, credit, key),
            lambda said: self._settles(Payment(said.number, amount, "refund", root), said, wanted),
        )

    def _set_off(self) -> None:
        if not (notes := self.account.credit_notes()):
            return
        note = self.tape.one_of(notes)
        if self.tape.pick(2):
            self._use(note)
        elif chosen := self._some_invoices(note.open):
            self._used(note, "chosen", chosen, {each.invoice: cents(each.amount) for each in chosen})
        else:
            self._refused(lambda: self.house.set_off(note.number, "chosen", (), self._key()))

    def _use(self, note: Paper) -> None:
        if wanted := self._oldest(note.open, note.corrects):
            self._used(note, "oldest", (), wanted)
        else:
            self._refused(lambda: self.house.set_off(note.number, "oldest", (), self._key()))

    def _used(self, note: Paper, way: str, chosen: Sequence[Wanted], wanted: dict[str, int]) -> None:
        key = self._key()

        def settle(said: Paid) -> None:
            if (
                len(wanted) == 1
            ):  # the same rate first: what is taken back of a rate settles this rate, as far as both have any
                ((number, amount),) = wanted.items()
                credit, debt = note.left(), self.account.by_number(number).left()
                common = {each: min(left, credit.get(each, 0)) for each, left in debt.items()}
                same = sum(
                    min(cents(said.parts.get((number, each), Decimal(0))), most) for each, most in common.items()
                )
                assert same == min(amount, sum(common.values()))
            of_note = {note.number: -sum(wanted.values())}
            self._settles(Payment(said.number, 0, "set_off"), said, {**wanted, **of_note})

        self._twice("set_off", lambda: self.house.set_off(note.number, way, chosen, key), settle)

    def _reverse(self) -> None:
        if not self.account.payments:
            return
        payment = self.tape.one_of(list(self.account.payments.values()))
        if payment.is_reversed or payment.gone:
            self._refused(lambda: self.house.reverse(payment.number))
            return
        said = self.house.reverse(payment.number)
        self.account.reversed(payment, {key: cents(amount) for key, amount in said.parts.items()})
        self._refused(lambda: self.house.reverse(said.number))
        self.done.append("reverse")

    # -- acts that are right, and what must come of them -----------------------------------------------------------------------------------

    def _came(self, article: str, found: int) -> None:
        self.house.come(article, quantity(found))
        self.account.on_hand[article] += found

    def _came_for(self, delivery: Delivery) -> None:
        """Enough for all that it carries."""
        wanted: dict[str, int] = defaultdict(int)
        for line, most in delivery.carried.values():
            if article := delivery.order.lines[line].article:
                wanted[article] += most
        for article, most in wanted.items():
            self._came(article, most)

    def _planned(self, order: Order) -> Delivery:
        key = self._key()
        number, _ = self._twice(
            "plan",
            lambda: self.house.plan(order.number, key),
            lambda said: self.account.planned(said[0], order, said[1]),
        )
        return self.account.deliveries[number]

    def _reserved(self, delivery: Delivery) -> None:
        self._twice(
            "reserve",
            lambda: self.house.reserve(delivery.number),
            lambda said: self.account.reserved_for(delivery, said),
        )

    def _picked(self, delivery: Delivery, asked: dict[int, int]) -> None:
        carried = delivery.carried
        wanted = {line: asked.get(place, 0) for place, (line, _) in carried.items()}
        has = self.account.share(delivery, wanted, keeps=True)
        is_right = (
            not delivery.is_over
            and any(asked.values())
            and all(each <= carried[place][1] for place, each in asked.items())
            and all(each == wanted[line] for line, each in has.items())
        )
        given = {place: quantity(each) for place, each in asked.items()}
        if is_right:
            self.account.picked(delivery, asked, self.house.pick(delivery.number, given))
            self.done.append("pick")
        else:
            self._refused(lambda: self.house.pick(delivery.number, given))

    def _shipped(self, delivery: Delivery) -> None:
        is_complete = self.house.ship(delivery.number)
        self.account.shipped(delivery)
        assert is_complete is delivery.order.is_delivered
        self._reached(delivery.order)
        self._refused(lambda: self.house.ship(delivery.number))
        self.done.append("ship")

    def _deliver_all(self, order: Order) -> None:
        for delivery in self.account.deliveries.values():
            if delivery.order is order and not delivery.is_over:
                self.house.cancel(delivery.number)
                self.account.cancelled(delivery)
        if any(line.remaining for line in order.lines.values() if line.is_goods):
            delivery = self._planned(order)
            self._came_for(delivery)
            self._reserved(delivery)
            self._picked(delivery, {place: each for place, (_, each) in delivery.carried.items()})
            self._shipped(delivery)

    def _invoiced(self, order: Order, what: str, percent: Decimal | None, wanted: dict[int, int]) -> Paper:
        key = self._key()
        figures = self._twice(
            "invoice",
            lambda: self.house.invoice(order.number, what, percent, key),
            lambda said: self.account.drafted(order, wanted, said),
        )
        return self.account.papers[figures.id]

    def _changed(self, paper: Paper, asked: dict[int, int]) -> Paper:
        given = [(place, quantity(each)) for place, each in asked.items()]
        self.account.redrafted(paper.id, asked, self.house.change(paper.id, given))
        self.done.append("change")
        return self.account.papers[paper.id]

    def _credited(self, paper: Paper, wanted: dict[int, int], *, again: bool) -> Paper:
        key, given = self._key(), [(place, quantity(each)) for place, each in wanted.items()]
        figures = self._twice(
            "credit",
            lambda: self.house.credit(paper.id, given, key, again=again),
            lambda said: self.account.credited(paper, wanted, said, again=again),
        )
        return self.account.papers[figures.id]

    def _validated(self, paper: Paper) -> None:
        self.account.validated(paper, self.house.validate(paper.id, self.day))
        self._reached(paper.order)
        self._refused(lambda: self.house.drop(paper.id))
        self.done.append("validate")

    def _reached(self, order: Order) -> None:
        """The order closes where all of it is what closes it, and nowhere else."""
        drafts = any(each.order is order and each.corrects is None for each in self._drafts())
        is_invoiced = order.is_fully_invoiced and not drafts
        is_paid = is_invoiced and not any(each.order is order for each in self.account.invoices())
        rule, number = order.terms.closing_rule, order.number
        if order.is_delivered:
            order.is_closed |= rule == "shipped"
            assert (self.house.reach(number, "shipped") == "closed") is order.is_closed
        if is_invoiced:
            order.is_closed |= rule == "invoiced"
            assert (self.house.reach(number, "invoiced") == "closed") is order.is_closed
        if (rule == "both" and is_invoiced and order.is_delivered) or (rule == "paid" and is_paid):
            order.is_closed = True
            assert self.house.close(number, "") == "closed"

    def _oldest(self, amount: int, first: Paper | None = None) -> dict[str, int]:
        """What an amount pays: what is due first."""
        found = {}
        for each in sorted(
            self.account.invoices(), key=lambda paper: (paper is not first, self.account.chain.index(paper))
        ):
            if part := min(amount, each.open):
                found[each.number] = part
                amount -= part
        return found

    def _what(self, amount: int, way: str, chosen: Sequence[Wanted]) -> dict[str, int]:
        return self._oldest(amount) if way == "oldest" else {each.invoice: cents(each.amount) for each in chosen}

    def _paid(self, amount: int, way: str, chosen: Sequence[Wanted]) -> None:
        wanted, key = self._what(amount, way, chosen), self._key()
        self._twice(
            "pay",
            lambda: self.house.pay(money(amount), way, chosen, key),
            lambda said: self._settles(Payment(said.number, amount, "receipt"), said, wanted),
        )
        for order in self.account.orders.values():
            self._reached(order)

    def _allotted(self, payment: Payment, way: str, chosen: Sequence[Wanted]) -> None:
        wanted = self._what(payment.rest, way, chosen)
        self._settles(payment, self.house.allot(payment.number, way, chosen), wanted)
        self.done.append("allot")

    def _settles(self, payment: Payment, said: Paid, wanted: dict[str, int]) -> None:
        self.account.paid(payment, {key: cents(amount) for key, amount in said.parts.items()}, wanted)

    # -- how it is done --------------------------------------------------------------------------------------------------------------------

    def _key(self) -> str:
        self.keys += 1
        return f"{self.keys}:a:h"

    def _twice(self, name: str, act: Callable[[], T], note: Callable[[T], Any]) -> T:
        """Now and then an act is tried a second time, as after a connection that was lost: nothing changes."""
        said = act()
        note(said)
        self.done.append(name)
        if self.tape.pick(6) == 5:
            before = self.house.seen()
            assert act() == said
            assert self.house.seen() == before
        return said

    def _refused(self, act: Callable[[], object]) -> None:
        """It must be refused; then nothing has changed, which the next comparison shows."""
        try:
            act()
        except REFUSED:
            self.done.append("refused")
            return
        raise AssertionError("it should have been refused")
