"""However an order is cut into invoices and credit notes, they sum to the order to the cent, and nothing is ever negative."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.base.money import CENT, to_cents
from handlers.catalogue import vat
from handlers.invoices import rules
from handlers.invoices.terms import due_on
from handlers.invoices.types import Drafted, Earlier, Invoiced, Sale, Source
from handlers.sales import rules as sales
from handlers.sales.taxes import Taxation
from handlers.sales.types import TERMS, Extras, Line, RateTotal

AT_HOME = Taxation(day=date(2026, 11, 23))
RATES = AT_HOME.rates()
ZERO = Decimal("0.00")


def line(quantity: str = "1", price: str = "100", *, rate: str = "normal", kind: str = "product") -> Line:
    return Line(
        text="x", quantity=Decimal(quantity), unit_price=Decimal(price), vat=rate, product_type=kind, unit="pièce"
    )


def sale_of(lines: Iterable[Line], extras: Extras = Extras()) -> Sale:  # noqa: B008 - it is frozen
    lines = tuple(lines)
    amounts = sales.totals(lines, extras, RATES).amounts
    sources = tuple(
        Source(id=place, line=each, amount=amount)
        for place, (each, amount) in enumerate(zip(lines, amounts, strict=True), 1)
    )
    return Sale(lines=sources, extras=extras, rates=RATES)


@dataclass
class Paper:
    """An invoice, and what was credited of it."""

    drafted: Drafted
    credits: list[tuple[Drafted, bool]] = field(default_factory=list)
    reductions: list[Drafted] = field(default_factory=list)

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(
            Source(id=place, line=each.line, amount=each.amount) for place, each in enumerate(self.drafted.lines, 1)
        )

    @property
    def whole(self) -> Earlier:
        lines = {each.id: each.id for each in self.sources}
        return summed([(self.drafted, 1, lines, 0)])

    @property
    def credited(self) -> Earlier:
        return summed(
            [
                *((each, 1, {}, 0) for each, _ in self.credits),
                *((each, 1, {}, 1) for each in self.reductions),
            ]
        )


def summed(papers: Iterable[tuple[Drafted, int, dict[int, int], int]]) -> Earlier:
    """What papers come to, each with its sign; what their sources are called instead; 1: of amounts, without quantities."""
    lines: dict[int, Invoiced] = {}
    rates: dict[str, RateTotal] = {}
    shipping = adjustment = ZERO
    for paper, sign, called, is_reduction in papers:
        shipping += sign * paper.shipping
        adjustment += sign * paper.adjustment
        for each in paper.lines:
            if each.source is not None and each.amount is not None:
                at = called.get(each.source, each.source)
                before = lines.get(at, Invoiced())
                lines[at] = Invoiced(
                    quantity=before.quantity + (0 if is_reduction else sign * each.line.quantity),
                    amount=before.amount + sign * each.amount,
                    reduced=before.reduced + each.amount * is_reduction,
                )
        for part in paper.rates:
            known = rates.get(part.vat)
            figures = {
                name: (getattr(known, name) if known else ZERO) + sign * getattr(part, name)
                for name in ("lines", "discount", "charges", "base", "tax")
            }
            rates[part.vat] = RateTotal(vat=part.vat, rate=part.rate, **figures)
    return Earlier(lines=lines, rates=rates, shipping=shipping, adjustment=adjustment)


@dataclass
class Book:
    """All papers of an order."""

    sale: Sale
    papers: list[Paper] = field(default_factory=list)
    policy: str = "on_order"
    delivered: dict[int, Decimal] = field(default_factory=dict)

    @property
    def earlier(self) -> Earlier:
        """What counts as invoiced: less what was given back to be invoiced again."""
        found: list[tuple[Drafted, int, dict[int, int], int]] = []
        for paper in self.papers:
            found.append((paper.drafted, 1, {}, 0))
            names = {
                each.id: drafted.source or 0 for each, drafted in zip(paper.sources, paper.drafted.lines, strict=True)
            }
            found += [(each, -1, names, 0) for each, is_reinvoiceable in paper.credits if is_reinvoiceable]
        return summed(found)

    @property
    def cents_off(self) -> int:
        """How many cents the tax of a paper may be off: the last one makes up for what was given back."""
        return 1 + 2 * sum(again for paper in self.papers for _, again in paper.credits)

    def invoice(self, wanted: dict[int, Decimal]) -> Drafted:
        drafted = rules.invoice(self.sale, self.earlier, wanted)
        self.papers.append(Paper(drafted))
        return drafted

    def credit(self, paper: Paper, wanted: dict[int, Decimal], *, is_reinvoiceable: bool) -> Drafted:
        again = rules.rest_of(self.sale, self.earlier) if is_reinvoiceable else None
        drafted = rules.credit(paper.sources, paper.whole, paper.credited, wanted, again)
        paper.credits.append((drafted, is_reinvoiceable))
        return drafted

    @staticmethod
    def reduce(paper: Paper, wanted: dict[int, Decimal]) -> Drafted:
        drafted = rules.reduce(paper.sources, paper.whole, paper.credited, wanted)
        paper.reductions.append(drafted)
        return drafted

    def left(self) -> dict[int, Decimal]:
        found = rules.open_quantities(self.sale.lines, self.earlier.lines, self.delivered, self.policy)
        return {name: quantity for name, quantity in found.items() if quantity}

    def move(self, whims: Iterator[int]) -> None:
        """Some goods leave, or come back."""
        for each in self.sale.lines:
            if each.line.kind == "item" and each.line.product_type == "product":
                part = (each.line.quantity / (1 + next(whims, 0) % 3)).quantize(Decimal("0.0001"))
                self.delivered[each.id] = min(part, each.line.quantity) if next(whims, 1) % 4 else Decimal(0)


def part_of(left: dict[int, Decimal], whims: Iterator[int]) -> dict[int, Decimal]:
    """Some of what is left, of some lines."""
    found = {}
    for name, most in left.items():
        part = next(whims, 1) % 4
        if part:
            share = most if part == 1 else (most / part).quantize(Decimal("0.0001"))
            if 0 < share <= most:
                found[name] = share
    return found


def require_sound(drafted: Drafted) -> None:
    """It adds up, and nothing is negative but an adjustment."""
    sold = [each.amount for each in drafted.lines if each.amount is not None]
    assert all(each >= 0 for each in sold)
    assert sum(sold, ZERO) == sum((each.lines for each in drafted.rates), ZERO)
    assert drafted.net == sum((each.base for each in drafted.rates), ZERO)
    assert drafted.total == drafted.net + drafted.tax
    assert sum((each.charges for each in drafted.rates), ZERO) == drafted.shipping + drafted.adjustment
    for each in drafted.rates:
        assert each.base == each.lines - each.discount + each.charges
        assert min(each.base, each.tax, each.discount) >= 0
        figures = (each.lines, each.discount, each.charges, each.base, each.tax)
        assert all(found == to_cents(found) for found in figures)


ITEMS = st.builds(
    Line,
    kind=st.sampled_from(("item", "item", "item", "item", "heading", "note")),
    text=st.just("x"),
    quantity=st.decimals(min_value="0.0001", max_value=200, places=4) | st.integers(1, 20).map(Decimal),
    unit_price=st.decimals(min_value=0, max_value=2_000, places=6) | st.integers(0, 900).map(Decimal),
    discount=st.sampled_from((Decimal(0), Decimal(0), Decimal(10), Decimal("33.33"), Decimal(100))),
    vat=st.sampled_from(vat.NAMES),
    product_type=st.sampled_from(("product", "service")),
)
EXTRAS = st.builds(
    Extras,
    discount=st.sampled_from((Decimal(0), Decimal(0), Decimal("3.33"), Decimal(50), Decimal("99.99"))),
    shipping=st.sampled_from((Decimal(0), Decimal("0.01"), Decimal(40))),
    adjustment=st.decimals(min_value=-200, max_value=50, places=2) | st.just(Decimal(0)),
)


WHIMS = st.lists(st.integers(0, 11), max_size=40)


def require_never_more(paper: Paper) -> None:
    """Never more is credited than was invoiced: of no line, of no rate, of no charge."""
    given = paper.credited
    for each in paper.sources:
        if each.amount is not None:
            back = given.lines.get(each.id, Invoiced())
            assert 0 <= back.quantity <= each.line.quantity
            assert 0 <= back.reduced <= back.amount <= each.amount
    for name, part in given.rates.items():
        most = paper.whole.rates[name]
        for figure in ("lines", "discount", "base", "tax"):
            assert 0 <= getattr(part, figure) <= getattr(most, figure), figure
    assert 0 <= given.shipping <= paper.whole.shipping


def reduce_anyhow(book: Book, paper: Paper, whims: Iterator[int]) -> None:
    """The price of some lines of an invoice is reduced, by amounts or by a percentage; nothing of it can be invoiced again."""
    left, before = rules.open_amounts(paper.sources, paper.credited.lines), book.earlier
    if next(whims, 0) % 2:
        percent = Decimal((5, 10, 100)[next(whims, 0) % 3])
        wanted = rules.part_of(percent, paper.sources, left)
        assert all(0 < each <= left[name] for name, each in wanted.items())
    else:
        wanted = {name: max(CENT, to_cents(each / part)) for name, each in left.items() if (part := next(whims, 1) % 4)}
    if not wanted:
        return
    drafted = book.reduce(paper, wanted)
    require_within(drafted, is_exact=False, cents=book.cents_off)
    assert {each.source: each.amount for each in drafted.lines if each.amount is not None} == wanted
    assert all(
        each.line.quantity * each.line.unit_price == each.amount for each in drafted.lines if each.amount is not None
    )
    assert drafted.shipping == 0, "shipping was paid for"
    assert book.earlier == before


def cut_anyhow(lines: list[Line], extras: Extras, chosen: list[int], taxation: Taxation = AT_HOME) -> None:
    """An order is invoiced in parts, with credit notes between, until nothing is left: every invariant, to the cent.

    ``chosen``: numbers that say what happens next, of which lines, how much.
    """
    whims = iter(chosen)
    if sales.problems(lines, extras, taxation) or not any(each.kind == "item" for each in lines):
        return
    sale, wanted = sale_of(taxation.applied(lines), extras), sales.figures(lines, extras, taxation)
    book = Book(sale, policy="on_delivery" if next(whims, 0) % 3 == 1 else "on_order")
    has_credit = False
    for _ in range(next(whims, 0) % 8):
        book.move(whims)
        if book.papers and next(whims, 1) % 3 == 0:
            paper = book.papers[next(whims, 0) % len(book.papers)]
            still = rules.open_quantities(paper.sources, paper.credited.lines, {}, "on_order")
            part = part_of({name: each for name, each in still.items() if each}, whims)
            if next(whims, 1) % 3 == 0:
                reduce_anyhow(book, paper, whims)
            elif part:
                has_credit = True
                again = next(whims, 0) % 3 > 0 and not any(
                    paper.credited.lines[each].reduced for each in part if each in paper.credited.lines
                )
                credited = book.credit(paper, part, is_reinvoiceable=again)
                require_within(credited, is_exact=False, cents=book.cents_off)
            require_never_more(paper)
        elif part := part_of(book.left(), whims):
            require_within(book.invoice(part), is_exact=not has_credit, cents=book.cents_off)
            for each in sale.lines:
                if each.id in part and book.policy == "on_delivery" and each.line.product_type == "product":
                    assert book.earlier.lines[each.id].quantity <= book.delivered[each.id], "not before it is delivered"
    book.delivered = {each.id: each.line.quantity for each in sale.lines}
    if left := book.left():
        require_within(book.invoice(left), is_exact=not has_credit, cents=book.cents_off)
    found = book.earlier
    assert rules.is_fully_invoiced(sale.lines, found.lines)
    assert {name: each.amount for name, each in found.lines.items()} == {
        each.id: each.amount for each in sale.lines if each.amount is not None
    }
    assert sum((each.base for each in found.rates.values()), ZERO) == wanted.net
    assert sum((each.tax for each in found.rates.values()), ZERO) == wanted.tax
    assert {name: (each.base, each.tax) for name, each in found.rates.items() if each.base or each.tax} == {
        each.vat: (each.base, each.tax) for each in wanted.rates if each.base or each.tax
    }
    assert (found.shipping, found.adjustment) == (to_cents(extras.shipping), to_cents(extras.adjustment))
    for paper in book.papers:  # and all of it can be given back, to the last cent
        still = rules.open_quantities(paper.sources, paper.credited.lines, {}, "on_order")
        book.credit(paper, {name: each for name, each in still.items() if each}, is_reinvoiceable=False)
        given = paper.credited
        require_never_more(paper)
        assert given.rates == {name: each for name, each in paper.whole.rates.items() if name in given.rates}
        both = (*(each for each, _ in paper.credits), *paper.reductions)
        assert sum((each.total for each in both), ZERO) == paper.drafted.total


def require_within(drafted: Drafted, *, is_exact: bool, cents: int = 1) -> None:
    """The tax of each rate is within a cent of its own rounding; without credit notes between, each line is, too."""
    require_sound(drafted)
    for each in drafted.rates:
        assert abs(each.tax - to_cents(each.base * each.rate)) <= cents * CENT
    if is_exact:
        for found in drafted.lines:
            if found.amount is not None:
                assert abs(found.amount - (sales.amount(found.line) or 0)) <= CENT


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ITEMS, min_size=1, max_size=5), EXTRAS, WHIMS)
def test_invoices_sum_to_their_order(lines: list[Line], extras: Extras, chosen: list[int]) -> None:
    cut_anyhow(lines, extras, chosen)


ABROAD = [
    replace(AT_HOME, position=position, is_business=is_business)
    for position in ("intra_eu", "export")
    for is_business in (True, False)
]


@settings(max_examples=40, deadline=None)
@given(st.lists(ITEMS, max_size=6), EXTRAS, WHIMS, st.sampled_from(ABROAD))
def test_invoices_of_sales_abroad_sum_to_their_order_by_rate_and_category(
    lines: list[Line], extras: Extras, chosen: list[int], taxation: Taxation
) -> None:
    cut_anyhow(lines, extras, chosen, taxation)


@pytest.mark.long(minutes=1)
@settings(max_examples=5_000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(ITEMS, min_size=1, max_size=5), EXTRAS, WHIMS)
def test_invoices_sum_to_their_order_in_many_cases(lines: list[Line], extras: Extras, chosen: list[int]) -> None:
    """The twenty thousand, with all that is done to an order besides, are in ``tests/properties``."""
    cut_anyhow(lines, extras, chosen)


def test_three_thirds_of_a_price_make_the_price() -> None:
    """3 for 100.01 € in all, one by one: 33.34 + 33.33 + 33.34, and their tax to the cent."""
    book = Book(sale_of([line("3", "33.336667")]))
    found = [book.invoice({1: Decimal(1)}) for _ in range(3)]
    assert [each.net for each in found] == [Decimal("33.34"), Decimal("33.33"), Decimal("33.34")]
    assert sum(each.total for each in found) == Decimal("120.01")


def test_an_adjustment_waits_for_an_invoice_that_can_bear_it() -> None:
    book = Book(sale_of([line(price="10"), line(price="10")], Extras(adjustment=Decimal(-15))))
    first, second = book.invoice({1: Decimal(1)}), book.invoice({2: Decimal(1)})
    assert [(each.adjustment, each.net) for each in (first, second)] == [
        (Decimal(-10), Decimal(0)),
        (Decimal(-5), Decimal(5)),
    ]


def test_shipping_comes_with_the_first_invoice() -> None:
    book = Book(sale_of([line(kind="service", rate="reduced"), line()], Extras(shipping=Decimal(40))))
    first, second = book.invoice({1: Decimal(1)}), book.invoice({2: Decimal(1)})
    assert [(each.vat, each.charges) for each in first.rates] == [("normal", Decimal(40)), ("reduced", Decimal(0))]
    assert (first.net, second.net) == (Decimal(140), Decimal(100))


def test_headings_and_notes_come_with_what_follows_them() -> None:
    lines = [
        *(Line(kind="heading", text="Bureaux"), Line(kind="note", text="En chêne"), line()),
        *(Line(kind="heading", text="Pose"), line(kind="service"), Line(kind="note", text="Merci")),
    ]
    sale = sale_of(lines)
    found = rules.invoice(sale, Earlier(lines={}, rates={}), {5: Decimal(1)})
    assert [each.line.text for each in found.lines] == ["Pose", "x"]
    assert rules.category(found.lines) == "services"
    both = rules.invoice(sale, Earlier(lines={}, rates={}), {3: Decimal(1), 5: Decimal(1)})
    assert (len(both.lines), rules.category(both.lines)) == (5, "mixed")


WANTED: tuple[tuple[str, str | None, dict[int, str]], ...] = (
    ("remaining", None, {1: "3", 2: "1"}),
    ("products", None, {1: "3"}),
    ("services", None, {2: "1"}),
    ("delivered", None, {1: "1"}),
    ("percent", "30", {1: "1.2", 2: "0.3"}),
    ("percent", "90", {1: "3", 2: "0.9"}),
    ("percent", "0.001", {}),
)


@pytest.mark.parametrize(("what", "percent", "expected"), WANTED)
def test_what_can_be_asked(what: str, percent: str | None, expected: dict[int, str]) -> None:
    sale = sale_of([line("4"), line(kind="service")])
    if percent == "0.001":
        sale = sale_of([line("0.01"), line("0.02", kind="service")])
    invoiced = {1: Invoiced(quantity=Decimal(1))} if percent != "0.001" else {}
    delivered = {1: Decimal(2)}
    left = rules.open_quantities(sale.lines, invoiced, delivered, "on_order")
    share = None if percent is None else Decimal(percent)
    found = rules.chosen(what, sale.lines, left, invoiced, delivered, share)
    assert found == {name: Decimal(each) for name, each in expected.items()}


def test_on_delivery_goods_wait_and_services_do_not() -> None:
    sale = sale_of([line("4"), line(kind="service"), line("2")])
    found = rules.open_quantities(sale.lines, {1: Invoiced(quantity=Decimal(1))}, {1: Decimal(3)}, "on_delivery")
    assert found == {1: 2, 2: 1, 3: 0}
    returned = rules.open_quantities(sale.lines, {1: Invoiced(quantity=Decimal(3))}, {1: Decimal(2)}, "on_delivery")
    assert returned[1] == 0, "what came back after it was invoiced asks for a credit note, not for less than nothing"


def test_a_line_named_twice_counts_twice() -> None:
    left = {1: Decimal(3)}
    found = rules.above(
        [(1, Decimal(2)), (1, Decimal(2)), (9, Decimal(1)), (1, Decimal(-1)), (1, Decimal("NaN"))], left
    )
    assert [(each.field, each.code) for each in found] == [
        ("quantity.1", "invoice_above_open"),
        ("quantity.2", "invoice_line_unknown"),
        ("quantity.3", "line_quantity_invalid"),
        ("quantity.4", "line_quantity_invalid"),
    ]
    assert rules.above([(1, Decimal(1)), (1, Decimal(2))], left) == []


DUE = (
    ("on_order", date(2026, 11, 23), date(2026, 11, 23)),
    ("on_receipt", date(2026, 11, 23), date(2026, 11, 23)),
    ("30_days", date(2027, 1, 31), date(2027, 3, 2)),
    ("30_days_then_end_of_month", date(2027, 1, 31), date(2027, 3, 31)),
    ("end_of_month_then_30_days", date(2027, 1, 15), date(2027, 3, 2)),
    ("45_days_then_end_of_month", date(2026, 11, 23), date(2027, 1, 31)),
    ("end_of_month_then_45_days", date(2026, 11, 23), date(2027, 1, 14)),
    ("60_days", date(2026, 11, 23), date(2027, 1, 22)),
)


@pytest.mark.parametrize(("terms", "day", "due"), DUE)
def test_when_it_is_due(terms: str, day: date, due: date) -> None:
    assert due_on(terms, day) == due


def test_every_term_has_its_day() -> None:
    assert all(due_on(each, date(2028, 2, 29)) >= date(2028, 2, 29) for each in TERMS)
    with pytest.raises(ValueError, match="never"):
        due_on("never", date(2026, 1, 1))


def test_what_was_given_back_is_invoiced_again_with_its_own_tax() -> None:
    """Five desks less 5 %: three, one, one of the three back, then the last two: to the cent, and none is more than a cent off its own."""
    book = Book(sale_of([line("5", "74.33")], Extras(discount=Decimal(5))))
    book.invoice({1: Decimal(3)})
    book.invoice({1: Decimal(1)})
    require_within(book.credit(book.papers[0], {1: Decimal(1)}, is_reinvoiceable=True), is_exact=False)
    last = book.invoice({1: Decimal(2)})
    require_within(last, is_exact=False)
    assert last.net == Decimal("141.23")
    assert sum(each.tax for each in book.earlier.rates.values()) == Decimal("70.61")


def test_the_last_invoice_makes_up_for_the_cents_of_all_that_were_given_back() -> None:
    """Those that were rounded down go back, those that were rounded up stay: ten credit notes, and two cents, yet the order's own tax."""
    book = Book(sale_of([line("60", "0.03")]))
    for _ in range(20):
        book.invoice({1: Decimal(2)})
    back = [paper for paper in book.papers if paper.drafted.tax > Decimal("0.01")]
    for each in back:
        book.credit(each, {1: Decimal(2)}, is_reinvoiceable=True)
    require_within(book.invoice(book.left()), is_exact=False, cents=book.cents_off)
    assert sum(each.tax for each in book.earlier.rates.values()) == Decimal("0.36")


def test_every_tenth_of_a_trifle_given_back_leaves_the_order_its_tax() -> None:
    """Sixty for 0.07 each, three by three: what was rounded down is given back and invoiced at once, five cents off its own tax."""
    book = Book(sale_of([line("60", "0.07", rate="particular")]))
    for _ in range(20):
        book.invoice({1: Decimal(3)})
    back = [paper for paper in book.papers if not paper.drafted.tax]
    for each in back:
        book.credit(each, {1: Decimal(3)}, is_reinvoiceable=True)
    last = book.invoice(book.left())
    require_within(last, is_exact=False, cents=book.cents_off)
    assert abs(last.tax - to_cents(last.net * RATES["particular"])) > CENT
    assert sum(each.tax for each in book.earlier.rates.values()) == Decimal("0.09")


def test_a_credit_note_after_a_dropped_one_is_never_negative() -> None:
    """Two drafts, the first with a cent too little, the second with one too much; the first is dropped, and a trifle is given back."""
    paper = Paper(Book(sale_of([line("16.5044", "30.003")])).invoice({1: Decimal("0.0017")}))
    book = Book(sale_of([]), papers=[paper])
    book.credit(paper, {1: Decimal("0.0005")}, is_reinvoiceable=False)
    book.credit(paper, {1: Decimal("0.0004")}, is_reinvoiceable=False)
    del paper.credits[0]
    for part in ("0.0001", "0.0012"):
        require_sound(book.credit(paper, {1: Decimal(part)}, is_reinvoiceable=False))
    assert paper.credited.rates == paper.whole.rates


def test_a_trifle_that_is_given_back_names_its_rate_though_it_comes_to_nothing() -> None:
    paper = Paper(Book(sale_of([line("60", "0.03"), line(rate="reduced")])).invoice({1: Decimal(60), 2: Decimal(1)}))
    back = Book(sale_of([]), papers=[paper]).credit(paper, {1: Decimal("0.1")}, is_reinvoiceable=False)
    assert [(each.vat, each.base, each.tax) for each in back.rates] == [("normal", ZERO, ZERO)]


@pytest.mark.parametrize(("amount", "found"), [("0.29", ()), ("0.28", ("normal",))])
def test_a_line_of_which_nothing_is_left_cannot_owe_a_cent(amount: str, found: tuple[str, ...]) -> None:
    """9.6 for 0.03 each come to 0.29. Invoiced whole at 0.28, when it was one of more, no invoice would ever bear the cent."""
    sale = sale_of([line("9.6", "0.03"), line()])
    invoiced = {1: Invoiced(quantity=Decimal("9.6"), amount=Decimal(amount))}
    rate = RateTotal(
        vat="normal",
        rate=RATES["normal"],
        lines=Decimal(amount),
        discount=ZERO,
        charges=ZERO,
        base=Decimal(amount),
        tax=Decimal("0.06"),
    )
    assert rules.uneven(sale, Earlier(lines=invoiced, rates={"normal": rate})) == found


def test_charges_that_make_nothing_still_stand_on_the_invoice() -> None:
    """Shipping that is given away, and only books are sold."""
    book = Book(sale_of([line(rate="reduced")], Extras(shipping=Decimal(10), adjustment=Decimal(-10))))
    drafted = book.invoice({1: Decimal(1)})
    require_sound(drafted)
    assert (drafted.shipping, drafted.adjustment, drafted.net) == (Decimal(10), Decimal(-10), Decimal(100))


def test_a_price_that_was_reduced_is_what_a_piece_given_back_costs() -> None:
    """Three desks less 5 %, with shipping: 30 off their price, then one comes back at what is left of its price."""
    book = Book(sale_of([line("3", "100")], Extras(discount=Decimal(5), shipping=Decimal(40))))
    book.invoice({1: Decimal(3)})
    paper = book.papers[0]
    off = book.reduce(paper, {1: Decimal(30)})
    assert [(each.lines, each.discount, each.charges, each.base, each.tax) for each in off.rates] == [
        (Decimal(30), Decimal("1.50"), ZERO, Decimal("28.50"), Decimal("5.70"))
    ]
    assert off.lines[0].line == replace(line("1", "30"), unit="")
    assert rules.is_fully_invoiced(book.sale.lines, book.earlier.lines), "the goods stay invoiced"
    one = book.credit(paper, {1: Decimal(1)}, is_reinvoiceable=False)
    assert [one.lines[0].line.unit_price, one.lines[0].amount, one.shipping] == [90, 90, Decimal("13.33")]
    rest = book.credit(paper, {1: Decimal(2)}, is_reinvoiceable=False)
    assert off.total + one.total + rest.total == paper.drafted.total


def test_a_percentage_is_that_of_the_sum_to_the_cent() -> None:
    """10 % of three trifles of 0.05 is two cents, not three times one."""
    sources = sale_of([line("1", "0.05"), line("1", "0.05"), line("1", "0.05"), line("1", "7", rate="reduced")]).lines
    left = rules.open_amounts(sources, {})
    found = rules.part_of(Decimal(10), sources, left)
    assert found == {1: CENT, 3: CENT, 4: Decimal("0.70")}
    assert rules.part_of(Decimal(100), sources, left) == left


def test_no_more_than_is_left_of_a_price() -> None:
    sources = sale_of([line("2", "10"), line()]).lines
    left = rules.open_amounts(
        sources, {1: Invoiced(quantity=Decimal(1), amount=Decimal(12)), 2: Invoiced(amount=Decimal(100))}
    )
    assert left == {1: Decimal(8)}
    asked = [
        (1, Decimal(5)),
        (1, Decimal("3.01")),
        (2, Decimal(1)),
        (1, Decimal("0.001")),
        (2, Decimal(0)),
        (1, Decimal("NaN")),
    ]
    assert [(each.field, each.code) for each in rules.above_amounts(asked, left)] == [
        ("amount.1", "reduction_above_left"),
        ("amount.2", "reduction_line_unknown"),
        ("amount.3", "amount_invalid"),
        ("amount.5", "amount_invalid"),
    ]


def test_an_adjustment_below_zero_goes_along_with_the_price() -> None:
    """100 less 50 as an adjustment: of half of the line goes back a half of what was paid, never more than there is."""
    book = Book(sale_of([line()], Extras(adjustment=Decimal(-50))))
    book.invoice({1: Decimal(1)})
    off = book.reduce(book.papers[0], {1: Decimal(50)})
    require_sound(off)
    assert (off.adjustment, off.net) == (Decimal(-25), Decimal(25))
    assert book.reduce(book.papers[0], {1: Decimal(50)}).net == Decimal(25)
