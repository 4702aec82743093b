"""Shares of a payment: exact to the cent, never above what is left, rate by rate."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.payments import rules
from handlers.payments.types import OpenItem, PaymentData, Share, Wanted

TODAY = date(2026, 11, 23)
RATES = {
    "normal": Decimal("0.2"),
    "intermediate": Decimal("0.1"),
    "reduced": Decimal("0.055"),
    "particular": Decimal("0.021"),
}
DATA = PaymentData(received_on=TODAY, amount=Decimal(100))


def shares(**amounts: str) -> tuple[Share, ...]:
    return tuple(Share(vat=name, rate=RATES[name], amount=Decimal(amount)) for name, amount in amounts.items())


def amounts(found: tuple[Share, ...]) -> dict[str, str]:
    return {each.vat: str(each.amount) for each in found}


def item(invoice: str, due: int, **left: str) -> OpenItem:
    found = shares(**left)
    total = sum((each.amount for each in found), Decimal(0))
    day = date(2026, 11, due)
    return OpenItem(id=due, invoice=invoice, kind="invoice", issued_on=day, due_on=day, total=total, shares=found)


CENTS = st.integers(min_value=0, max_value=10_000_000).map(lambda cents: Decimal(cents) / 100)
THOUSANDTHS = st.integers(min_value=0, max_value=1000)
LEFT = st.dictionaries(st.sampled_from(sorted(RATES)), CENTS, min_size=1).map(
    lambda found: tuple(Share(vat=name, rate=RATES[name], amount=amount) for name, amount in found.items())
)


def whole(left: tuple[Share, ...]) -> Decimal:
    return sum((each.amount for each in left), Decimal(0))


def within(part: tuple[Share, ...], left: tuple[Share, ...]) -> bool:
    most = {each.vat: each.amount for each in left}
    return all(0 < each.amount <= most[each.vat] for each in part)


@given(LEFT, st.lists(THOUSANDTHS, max_size=5))
def test_payments_one_after_the_other_are_exact_and_end_with_nothing_left_at_any_rate(
    left: tuple[Share, ...], steps: list[int]
) -> None:
    for step in [*steps, 1000]:
        amount = Decimal(int(whole(left) * step / 10)) / 100
        found = rules.share(amount, left)
        assert whole(found) == amount
        assert within(found, left)
        assert found == rules.share(amount, left[::-1])[::-1] or amounts(found) == amounts(
            rules.share(amount, left[::-1])
        )
        gone = {each.vat: each.amount for each in found}
        left = tuple(replace(each, amount=each.amount - gone.get(each.vat, Decimal(0))) for each in left)
    assert whole(left) == 0
    assert all(each.amount == 0 for each in left)


def test_the_cents_that_are_missing_go_to_the_largest_remainders() -> None:
    left = shares(normal="120.00", intermediate="110.00", reduced="105.50")
    assert amounts(rules.share(Decimal("100.00"), left)) == {
        "normal": "35.77",
        "intermediate": "32.79",
        "reduced": "31.44",
    }
    assert amounts(rules.share(Decimal("0.01"), left)) == {"normal": "0.01"}
    assert rules.share(Decimal(0), left) == ()
    for wrong in ("335.51", "-0.01"):
        with pytest.raises(ValueError, match="of"):
            rules.share(Decimal(wrong), left)


@given(LEFT, LEFT, THOUSANDTHS)
def test_a_credit_note_leaves_one_side_as_much_as_it_pays_of_the_other(
    credit: tuple[Share, ...], debt: tuple[Share, ...], part: int
) -> None:
    amount = Decimal(int(min(whole(credit), whole(debt)) * part / 10)) / 100
    used, paid = rules.set_off(amount, credit, debt)
    assert whole(used) == whole(paid) == amount
    assert within(used, credit)
    assert within(paid, debt)


def test_a_credit_note_settles_the_rate_that_it_takes_back() -> None:
    credit, debt = shares(normal="120.00"), shares(normal="120.00", intermediate="110.00")
    used, paid = rules.set_off(Decimal("120.00"), credit, debt)
    assert amounts(used) == amounts(paid) == {"normal": "120.00"}
    used, paid = rules.set_off(Decimal("130.00"), shares(normal="130.00"), debt)
    assert (amounts(used), amounts(paid)) == ({"normal": "130.00"}, {"normal": "120.00", "intermediate": "10.00"})
    with pytest.raises(ValueError, match="of"):
        rules.set_off(Decimal("120.01"), credit, debt)


def test_what_is_due_first_is_paid_first() -> None:
    items = [item("FA-3", 20, normal="50.00"), item("FA-1", 10, normal="30.00"), item("FA-2", 10, normal="40.00")]
    assert rules.oldest_first(Decimal("75.00"), items) == (
        Wanted(invoice="FA-1", amount=Decimal("30.00")),
        Wanted(invoice="FA-2", amount=Decimal("40.00")),
        Wanted(invoice="FA-3", amount=Decimal("5.00")),
    )
    assert rules.rest(Decimal(200), rules.oldest_first(Decimal(200), items)) == Decimal("80.00")
    assert rules.oldest_first(Decimal(0), items) == ()


@given(st.lists(CENTS, max_size=8), CENTS)
def test_a_payment_over_several_invoices_never_pays_more_than_is_due(opens: list[Decimal], amount: Decimal) -> None:
    items = [item(f"FA-{place}", 1 + place, normal=str(left)) for place, left in enumerate(opens)]
    found = rules.oldest_first(amount, items)
    left = {each.invoice: each.open for each in items}
    assert rules.wanted_problems(amount, found, left) == []
    assert rules.rest(amount, found) == max(Decimal(0), amount - sum(opens, Decimal(0)))


def test_what_is_wrong_is_said_at_its_field() -> None:
    assert rules.problems(DATA, TODAY) == []
    early = replace(DATA, received_on=date(2026, 1, 2))
    assert rules.problems(early, TODAY) == [], "before the day of any invoice"
    wrong = replace(DATA, received_on=date(2026, 11, 24), method="gold", amount=Decimal("0.001"), reference="r" * 201)
    assert [(each.field, each.code) for each in rules.problems(wrong, TODAY)] == [
        ("received_on", "received_in_future"),
        ("method", "payment_unknown"),
        ("amount", "payment_amount_invalid"),
        ("reference", "text_too_long"),
    ]
    assert rules.problems(replace(DATA, received_on=date(1926, 1, 1)), TODAY)[0].code == "received_too_early"
    for amount in ("0", "-1", "NaN", "Infinity", "1000000000"):
        assert not rules.is_amount(Decimal(amount))


def test_what_is_wrong_with_what_is_to_be_paid() -> None:
    left = {"FA-1": Decimal(60), "FA-2": Decimal(60)}

    def codes(*wanted: tuple[str, str]) -> list[tuple[str, str]]:
        asked = [Wanted(invoice=invoice, amount=Decimal(amount)) for invoice, amount in wanted]
        return [(each.field, each.code) for each in rules.wanted_problems(Decimal(100), asked, left)]

    assert codes(("FA-1", "60"), ("FA-2", "40")) == []
    assert codes(("FA-1", "60"), ("FA-2", "40.01")) == [("amount", "payment_too_small")]
    assert codes(("FA-1", "60.01")) == [("invoices.FA-1", "payment_above_open")]
    assert codes(("FA-1", "1"), ("FA-1", "1")) == [("invoices.FA-1", "invoice_not_open")]
    assert codes(("FA-9", "1")) == [("invoices.FA-9", "invoice_not_open")]
    assert codes(("FA-1", "0"), ("FA-2", "-5")) == [
        ("invoices.FA-1", "payment_amount_invalid"),
        ("invoices.FA-2", "payment_amount_invalid"),
    ]
    assert codes(*((f"FA-{each}", "1") for each in range(201))) == [("amount", "payment_invoices_too_many")]


@pytest.mark.parametrize(
    ("money", "credit", "due", "said"),
    [
        ("0", "0", date(2026, 11, 23), "unpaid"),
        ("0", "0", None, "unpaid"),
        ("0", "0", date(2026, 11, 22), "overdue"),
        ("40", "0", date(2026, 12, 1), "partial"),
        ("40", "0", date(2026, 11, 1), "overdue"),
        ("0", "40", date(2026, 12, 1), "partial"),
        ("100", "0", date(2026, 11, 1), "paid"),
        ("60", "40", date(2026, 11, 1), "paid"),
        ("0", "100", date(2026, 11, 1), "credited"),
    ],
)
def test_the_state_of_an_invoice_follows_from_what_was_paid(
    money: str, credit: str, due: date | None, said: str
) -> None:
    found = rules.state(total=Decimal(100), by_money=Decimal(money), by_credit=Decimal(credit), due_on=due, today=TODAY)
    assert found == said


def test_the_state_of_a_credit_note_follows_from_what_was_used() -> None:
    said = [rules.credit_state(total=Decimal(100), used=Decimal(used)) for used in (0, 40, 100)]
    assert said == ["to_use", "partly_used", "used"]
    assert rules.state(total=Decimal(0), by_money=Decimal(0), by_credit=Decimal(0), due_on=None, today=TODAY) == "paid"
