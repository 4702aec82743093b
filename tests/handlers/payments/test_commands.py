"""Recording, allocating, giving back and reversing money; what the database keeps whatever a program does."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from engine import records
from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from engine.record import RecordCommand
from engine.records import queries as recorded
from handlers.payments import commands as c
from handlers.payments import queries
from handlers.payments.types import PaymentData, Wanted
from tests.handlers.payments.conftest import CUSTOMER, NOW, SARAH, TODAY, YASMINE, InvoiceMaker

MONEY = PaymentData(received_on=TODAY, amount=Decimal(100), reference="VIR 4711")


def record(database: Database, amount: str, **more: Any) -> c.Done:
    given: dict[str, Any] = {"customer": CUSTOMER, "key": f"{amount} {sorted(more)}", "today": TODAY} | more
    asked = c.RecordPayment(payment=replace(MONEY, amount=Decimal(amount)), **given)
    done: c.Done = records.execute(database, c.record_payment, asked, YASMINE, now=NOW).answer
    return done


def reverse(database: Database, number: str, on: date = TODAY) -> c.Done:
    given = c.ReversePayment(number=number, because="Chèque rejeté", on=on, today=TODAY)
    done: c.Done = records.execute(database, c.reverse_payment, given, YASMINE, now=NOW).answer
    return done


def refund(database: Database, amount: str, **source: str) -> c.Done:
    given = replace(MONEY, amount=Decimal(amount))
    asked = c.Refund(customer=CUSTOMER, given=given, key=f"refund {amount}", today=TODAY, **source)
    done: c.Done = records.execute(database, c.refund, asked, YASMINE, now=NOW).answer
    return done


def set_off(database: Database, credit_note: str, **more: Any) -> c.Done:
    asked = c.SetOff(customer=CUSTOMER, credit_note=credit_note, key=credit_note, today=TODAY, **more)
    done: c.Done = records.execute(database, c.set_off, asked, YASMINE, now=NOW).answer
    return done


def opens(database: Database, *, with_credit: bool = False) -> dict[str, str]:
    with database.reading() as session:
        return {each.invoice: str(each.open) for each in queries.open_items(session, CUSTOMER, with_credit=with_credit)}


def balance(database: Database) -> queries.Balance:
    with database.reading() as session:
        return queries.balance(session, CUSTOMER, TODAY)


def view(database: Database, number: str) -> queries.PaymentView:
    with database.reading() as session:
        found = queries.find_payment(session, number)
    assert found is not None
    return found


def sql(database: Database, statement: str) -> None:
    with database.transaction() as session:
        session.execute(text(statement))


def wanted(**amounts: str) -> tuple[Wanted, ...]:
    return tuple(Wanted(invoice=name.replace("_", "-"), amount=Decimal(each)) for name, each in amounts.items())


def test_one_payment_pays_several_invoices_what_is_due_first_before_the_rest(
    books: Database, invoice: InvoiceMaker
) -> None:
    second = invoice(normal="100", intermediate="100", issued_on=date(2026, 11, 3))
    first = invoice(normal="50", issued_on=date(2026, 11, 3), days=10)
    assert opens(books) == {second: "230.00", first: "60.00"}
    done = record(books, "160.00")
    assert done == c.Done(number="RG-2026-00001", settled=(first,))
    assert opens(books) == {second: "130.00"}
    found = view(books, done.number)
    assert [(each.invoice, str(each.amount)) for each in found.settles] == [(second, "100.00"), (first, "60.00")]
    assert {each.vat: str(each.amount) for each in found.settles[0].shares} == {
        "normal": "52.17",
        "intermediate": "47.83",
    }
    assert record(books, "130.00", way="chosen", chosen=wanted(FA_2026_00001="130.00")).settled == (second,)
    assert opens(books) == {}
    with books.reading() as session:
        (one, two) = queries.payments_page(session, search="vall 4711").payments
        assert (one.number, two.number, one.rest) == ("RG-2026-00002", "RG-2026-00001", Decimal(0))
        assert recorded.revision(session, c.KIND, done.number) == 1
        assert [str(each.amount) for each in queries.payments_of(session, second)] == ["100.00", "130.00"]
        assert queries.payer(session, second) == CUSTOMER


def test_twenty_invoices_cost_no_more_statements_than_one(books: Database, invoice: InvoiceMaker) -> None:
    counts = []
    for size in (1, 20):
        for _ in range(size):
            invoice(normal="10", intermediate="5")
        said: list[str] = []

        def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any, said: list[str] = said) -> None:
            said.append(statement)

        event.listen(books.engine, "before_cursor_execute", hear)
        done = record(books, f"{size * Decimal('17.50')}")
        event.remove(books.engine, "before_cursor_execute", hear)
        assert len(done.settled) == size
        assert len(view(books, done.number).settles) == size
        counts.append(len(said))
    assert counts[0] == counts[1]


def test_the_same_form_sent_twice_is_one_payment(books: Database, invoice: InvoiceMaker) -> None:
    invoice(normal="100")
    assert record(books, "60.00").number == record(books, "60.00").number == "RG-2026-00001"
    assert opens(books) == {"FA-2026-00001": "60.00"}
    assert record(books, "60.00", key="another").number == "RG-2026-00002"
    with pytest.raises(WrongState, match="already"):
        record(books, "30.00", key="another")


def test_more_than_is_due_is_refused_or_kept_on_account(books: Database, invoice: InvoiceMaker) -> None:
    invoice(normal="100")
    with pytest.raises(InvalidInput) as refused:
        record(books, "150.00")
    assert [(each.field, each.code) for each in refused.value.fields] == [("keeps_rest", "payment_above_due")]
    done = record(books, "150.00", keeps_rest=True)
    assert (view(books, done.number).rest, balance(books).on_account) == (Decimal(30), Decimal(30))
    later = invoice(normal="20", issued_on=date(2026, 11, 20))
    given = c.AllocatePayment(number=done.number)
    answer = records.execute(books, c.allocate, given, YASMINE, now=NOW).answer
    assert answer == c.Done(number=done.number, settled=(later,))
    assert (view(books, done.number).rest, opens(books)) == (Decimal(6), {})
    with pytest.raises(InvalidInput, match="invalid"):
        records.execute(books, c.allocate, given, YASMINE, now=NOW)
    with books.reading() as session:
        (kept,) = queries.payments_page(session, shown="on_account").payments
        assert (kept.number, kept.rest) == (done.number, Decimal(6))
        assert recorded.revision(session, c.KIND, done.number) == 2


def test_money_may_come_before_any_invoice(books: Database, invoice: InvoiceMaker) -> None:
    early = replace(MONEY, received_on=date(2026, 1, 5))
    given = c.RecordPayment(customer=CUSTOMER, payment=early, way="account", key="k", today=TODAY)
    done = records.execute(books, c.record_payment, given, YASMINE, now=NOW).answer
    assert balance(books).balance == Decimal(-100)
    number = invoice(normal="100")
    records.execute(
        books,
        c.allocate,
        c.AllocatePayment(number=done.number, way="chosen", chosen=wanted(FA_2026_00001="100")),
        YASMINE,
        now=NOW,
    )
    assert opens(books) == {number: "20.00"}, "paid ten months before it was issued"


def test_a_reversal_frees_what_was_paid_and_nothing_is_deleted(books: Database, invoice: InvoiceMaker) -> None:
    number = invoice(normal="100", reduced="100")
    done = record(books, "200.00")
    assert reverse(books, done.number).number == "RG-2026-00002"
    assert opens(books) == {number: "225.50"}
    assert balance(books).balance == Decimal("225.50")
    found, opposite = view(books, done.number), view(books, "RG-2026-00002")
    assert (found.reversed_by, found.amount, found.rest) == ("RG-2026-00002", Decimal(200), Decimal(0))
    assert (opposite.reverses, opposite.amount, opposite.note) == (done.number, Decimal(-200), "Chèque rejeté")
    for again, code in ((done.number, "payment_reversed"), ("RG-2026-00002", "payment_is_reversal")):
        with pytest.raises(WrongState) as refused:
            reverse(books, again)
        assert refused.value.code == code
    with pytest.raises(WrongState):
        records.execute(books, c.allocate, c.AllocatePayment(number=done.number), YASMINE, now=NOW)
    assert record(books, "225.50").settled == (number,), "it is paid again"
    with pytest.raises(InvalidInput):
        reverse(books, "RG-2026-00003", date(2026, 11, 24))
    with pytest.raises(InvalidInput):
        reverse(books, "RG-2026-00003", date(2026, 11, 22))


def test_a_reversal_says_what_is_owed_again(books: Database, invoice: InvoiceMaker) -> None:
    first, second = invoice(normal="100"), invoice(normal="100")
    done = record(books, "200.00")
    assert done.settled == (first,)
    undone = reverse(books, done.number)
    assert (undone.reopened, undone.raised) == ((first,), (second,)), "of the second a part had been paid"
    done = record(books, "40.00", way="account")
    undone = reverse(books, done.number)
    assert (undone.reopened, undone.raised) == ((), ())


def test_what_is_on_account_goes_back(books: Database) -> None:
    done = record(books, "100.00", way="account")
    with pytest.raises(InvalidInput):
        refund(books, "100.01", payment=done.number)
    given = refund(books, "40.00", payment=done.number)
    assert (view(books, done.number).rest, view(books, done.number).refunds) == (Decimal(60), (given.number,))
    with pytest.raises(WrongState, match="refunded"):
        reverse(books, done.number)
    assert view(books, reverse(books, given.number).number).of == done.number
    assert view(books, done.number).rest == Decimal(100)
    reverse(books, done.number)
    assert balance(books) == queries.Balance()


def test_a_credit_note_settles_the_invoice_that_it_corrects_first(books: Database, invoice: InvoiceMaker) -> None:
    older = invoice(normal="10", issued_on=date(2026, 10, 1))
    number = invoice(normal="100", intermediate="100")
    credit = invoice(normal="105", corrects=number, issued_on=date(2026, 11, 20))
    assert opens(books, with_credit=True) == {older: "12.00", number: "230.00", credit: "126.00"}
    assert balance(books).balance == Decimal("116.00")
    done = set_off(books, credit)
    assert (done.settled, opens(books, with_credit=True)) == ((), {older: "12.00", number: "104.00"})
    assert balance(books).balance == Decimal("116.00"), "no money moved"
    shares = {
        each.invoice: {part.vat: str(part.amount) for part in each.shares} for each in view(books, done.number).settles
    }
    assert shares == {number: {"normal": "120.00", "intermediate": "6.00"}, credit: {"normal": "-126.00"}}
    with books.reading() as session:
        ids = session.execute(text("SELECT id FROM business.invoice ORDER BY id")).scalars().all()
        found = queries.settlements(session, ids)
        assert [(each.by_money, each.by_credit) for each in found.values()] == [
            (Decimal(0), Decimal(0)),
            (Decimal(0), Decimal(126)),
            (Decimal(0), Decimal(126)),
        ]
        assert queries.paid(session, ids[1:2]) == {ids[1]: Decimal(126)}
    with pytest.raises(NotFound):
        refund(books, "1.00", credit_note=credit)
    reverse(books, done.number)
    assert opens(books, with_credit=True) == {older: "12.00", number: "230.00", credit: "126.00"}


def test_a_credit_note_is_given_back_in_money(books: Database, invoice: InvoiceMaker) -> None:
    number = invoice(normal="100")
    record(books, "120.00")
    credit = invoice(normal="50", corrects=number, issued_on=date(2026, 11, 20))
    assert balance(books).balance == Decimal(-60)
    with pytest.raises(InvalidInput):
        refund(books, "60.01", credit_note=credit)
    done = refund(books, "60.00", credit_note=credit)
    assert balance(books) == queries.Balance()
    reverse(books, done.number)
    assert opens(books, with_credit=True) == {credit: "60.00"}


def test_the_statement_leads_from_one_balance_to_the_next(books: Database, invoice: InvoiceMaker) -> None:
    invoice(normal="100", issued_on=date(2026, 10, 1))
    number = invoice(normal="200", issued_on=date(2026, 11, 5), days=5)
    done = record(books, "150.00")
    reverse(books, done.number)
    record(books, "100.00")
    with books.reading() as session:
        found = queries.statement(session, CUSTOMER, date(2026, 11, 1), TODAY)
        assert found is not None
        assert (found.opening, found.closing, found.overdue) == (Decimal(120), Decimal(260), Decimal(260))
        assert [(each.kind, str(each.debit), str(each.credit)) for each in found.entries] == [
            ("invoice", "240.00", "0.00"),
            ("receipt", "0.00", "150.00"),
            ("reversal", "150.00", "0.00"),
            ("receipt", "0.00", "100.00"),
        ]
        assert found.entries[0].open == Decimal(240)
        assert found.entries[0].number == number
        assert found.closing == queries.balance(session, CUSTOMER, TODAY).balance
        assert queries.statement(session, "CL-0", TODAY, TODAY) is None
        assert queries.balance(session, "CL-0", TODAY) == queries.Balance()


def test_who_may_not_and_what_is_not_there(books: Database, invoice: InvoiceMaker) -> None:
    number = invoice(normal="100", customer="CL-2026-00002")
    given = c.RecordPayment(customer=CUSTOMER, payment=MONEY, way="account", key="k", today=TODAY)
    acts: tuple[tuple[RecordCommand[Any], Any], ...] = (
        (c.record_payment, given),
        (c.allocate, c.AllocatePayment(number="RG-1")),
        (c.reverse_payment, c.ReversePayment(number="RG-1", because="x", on=TODAY, today=TODAY)),
    )
    for command, act in acts:
        with pytest.raises(NotAllowed):
            records.execute(books, command, act, SARAH, now=NOW)
    for asked in (
        replace(given, customer="CL-0"),
        replace(given, way="never"),
        replace(given, payment=replace(MONEY, received_on=date(2026, 11, 24))),
        replace(given, way="chosen", chosen=wanted(FA_2026_00001="100")),
    ):
        with pytest.raises(InvalidInput):
            records.execute(books, c.record_payment, asked, YASMINE, now=NOW)
    with pytest.raises(NotFound):
        reverse(books, "RG-1")
    other = record(books, "5.00", way="account", customer="CL-2026-00002")
    with pytest.raises(NotFound):
        refund(books, "5.00", payment=other.number)
    with pytest.raises(NotFound):
        set_off(books, number)


ALLOCATION = (
    "INSERT INTO business.payment_allocation (payment_id, invoice_id, vat, rate, amount, allocated_at, allocated_by)"
    " SELECT {payment}, id, 'normal', {rate}, {amount}, now(), 'x' FROM business.invoice WHERE number = '{invoice}'"
)
PAYMENT = (
    "INSERT INTO business.payment (number, kind, customer_id, of_id, reverses_id, received_on, method, amount,"
    " reference, note, words, recorded_at, recorded_by)"
    " SELECT 'RG-9', {0}, current_date, {1}, '', '', '', now(), 'x' FROM business.customer WHERE number = 'CL-2026-00001'"
)
OURS = {"payment": 1, "invoice": "FA-2026-00001", "rate": "0.2"}
REFUSED = (
    "UPDATE business.payment SET amount = 1",
    "DELETE FROM business.payment",
    "UPDATE business.payment_allocation SET amount = 1",
    "DELETE FROM business.payment_allocation",
    ALLOCATION.format(**OURS, amount="10.01"),  # more than the payment is
    ALLOCATION.format(**OURS, amount="-40"),
    ALLOCATION.format(**OURS | {"rate": "0.3"}, amount="10"),
    ALLOCATION.format(**OURS | {"invoice": "FA-2026-00002"}, amount="10"),  # of another customer
    ALLOCATION.format(**OURS | {"payment": 2}, amount="100"),  # more than its rate comes to
    PAYMENT.format("'receipt', id, NULL, NULL", "'cash', -1"),
    PAYMENT.format("'receipt', id, NULL, NULL", "'', 1"),
    PAYMENT.format("'refund', id, NULL, NULL", "'cash', -1"),  # gives back what is nowhere
    PAYMENT.format("'refund', id, 1, NULL", "'cash', -10.01"),
    PAYMENT.format("'reversal', id, 1, 1", "'transfer', -49"),
    PAYMENT.format("'reversal', id, 1, 1", "'transfer', -50"),  # and leaves paid what it paid
    PAYMENT.format("'set_off', id, NULL, NULL", "'cash', 0"),
)


def test_the_database_refuses_what_no_command_asks(books: Database, invoice: InvoiceMaker) -> None:
    invoice(normal="100", intermediate="10")
    invoice(normal="100", customer="CL-2026-00002")
    record(books, "50.00", way="chosen", chosen=wanted(FA_2026_00001="40"), keeps_rest=True)
    record(books, "500.00", way="account")
    for statement in REFUSED:
        with pytest.raises(DBAPIError) as refused:
            sql(books, statement)
        assert getattr(refused.value.orig, "sqlstate", "") in {"23001", "23514"}, statement
    sql(books, ALLOCATION.format(**OURS, amount="10"))
    sql(books, PAYMENT.format("'refund', id, 2, NULL", "'cash', -500"))
    assert opens(books)["FA-2026-00001"] == "81.00"


def test_two_people_who_pay_one_invoice_at_once_never_pay_more_than_is_due(
    books: Database, invoice: InvoiceMaker
) -> None:
    number = invoice(normal="100", intermediate="100")
    accounts = [record(books, "100.00", way="account", key=str(each)).number for each in range(4)]
    done: list[Any] = []

    def pay(payment: str) -> None:
        given = c.AllocatePayment(number=payment, way="chosen", chosen=(Wanted(invoice=number, amount=Decimal(100)),))
        try:
            done.append(records.execute(books, c.allocate, given, YASMINE, now=NOW).answer)
        except InvalidInput as refusal:
            done.append(refusal.fields[0].code)

    def record_more(key: str) -> None:
        done.append(record(books, "30.00", key=key, keeps_rest=True).number)

    threads = [threading.Thread(target=pay, args=(each,)) for each in accounts]
    threads += [threading.Thread(target=record_more, args=(f"more {each}",)) for each in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with books.reading() as session:
        paid = session.execute(text("SELECT sum(amount) FROM business.payment_allocation")).scalar_one()
        numbers = {each.number for each in queries.payments_page(session).payments}
    assert len(done) == 6
    assert paid <= Decimal(230)
    assert paid >= Decimal(130), "somebody was not in time, nobody paid twice"
    assert numbers == {f"RG-2026-0000{each}" for each in range(1, 7)}, "no gap"
    assert balance(books).balance == Decimal(230 - 460)
