"""Drafting, validating and crediting on PostgreSQL; what the database keeps whatever a program does."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from engine import records
from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import SYSTEM
from engine.records.queries import noted
from handlers.company.commands import SetIdentity, set_identity
from handlers.demonstration.company import IDENTITY
from handlers.invoices import commands as c
from handlers.invoices import making, queries, store, verifying
from handlers.invoices.making import Asked
from handlers.sales.types import Extras, Line
from tests.handlers.invoices.conftest import CAMILLE, NUMBER, YASMINE, Drafter, add_order, validate, verified
from tests.handlers.orders.conftest import ORDER
from tests.handlers.sales.conftest import DESK, NOW, TODAY

FIRST = "FA-2026-00001"


def found(database: Database, key: str | int = FIRST) -> queries.InvoiceView:
    with database.reading() as session:
        view = queries.find_invoice(session, key)
    assert view is not None
    return view


def sql(database: Database, statement: str) -> None:
    with database.transaction() as session:
        session.execute(text(statement))


def all_of(view: queries.InvoiceView) -> tuple[c.Quantity, ...]:
    return tuple(
        c.Quantity(line=each.id, quantity=each.line.quantity) for each in view.lines if each.amount is not None
    )


def test_a_whole_order_becomes_an_invoice_that_sums_to_it(order: Database, drafted: Drafter) -> None:
    draft = drafted()
    view = found(order, draft)
    assert (view.number, view.status, view.hash, view.issued_on) == (None, "draft", None, None)
    assert validate(order, draft) == FIRST
    view = found(order)
    assert (view.issued_on, view.due_on, view.sequence, view.category) == (
        TODAY,
        TODAY + timedelta(days=30),
        1,
        "mixed",
    )
    assert view.seller is not None
    assert view.seller["siren"] == IDENTITY.siren
    assert view.mentions
    with order.reading() as session:
        row = queries.invoices_page(session, search="fa-2026 vall").invoices[0]
        assert (row.number, row.order_number) == (FIRST, NUMBER)
        assert [each.number for each in queries.invoices_of(session, NUMBER)] == [FIRST]
        assert [each.number for each in queries.open_invoices(session, "CL-2026-00001")] == [FIRST]
        assert verifying.verify(session, noted).broken == ()
        sold = session.execute(text("SELECT net, tax, total FROM business.sales_order")).one()
    assert tuple(sold) == (view.totals.net, view.totals.tax, view.totals.total)
    assert [each.line.text for each in view.lines] == ["Bureaux", "Bureau chêne", "Montage"]


def test_by_product_type_then_the_rest(order: Database, drafted: Drafter) -> None:
    """The example of the seeds: one invoice per product type (F4)."""
    services, goods = drafted("services"), drafted("products")
    with pytest.raises(WrongState, match="nothing_to_invoice"):
        drafted()
    validate(order, goods)
    validate(order, services)
    first, second = found(order), found(order, "FA-2026-00002")
    assert (first.category, second.category) == ("goods", "services")
    assert (first.totals.charges, second.totals.charges) == (Decimal(0), Decimal(40)), (
        "shipping came with what was drafted first"
    )
    with order.reading() as session:
        assert queries.orders_to_invoice(session) == ()


def test_the_same_step_drafts_once(drafted: Drafter) -> None:
    assert drafted(key="1:a:b") == drafted(key="1:a:b")


def test_a_draft_is_changed_by_quantity_and_may_be_dropped(order: Database, drafted: Drafter) -> None:
    draft = drafted()
    lines = {each.line.text: each.order_line_id or 0 for each in found(order, draft).lines}
    one = (c.Quantity(line=lines["Bureau chêne"], quantity=Decimal(1)),)
    records.execute(order, c.change_draft, c.ChangeDraft(invoice=str(draft), quantities=one), YASMINE, now=NOW)
    assert found(order, draft).totals.lines == Decimal(690)
    for wrong, code in (
        ((*one, c.Quantity(line=lines["Bureau chêne"], quantity=Decimal("2.5"))), "invoice_above_open"),
        ((c.Quantity(line=10**9, quantity=Decimal(1)),), "invoice_line_unknown"),
        ((), "invoice_quantities_missing"),
    ):
        with pytest.raises(InvalidInput) as refused:
            records.execute(
                order, c.change_draft, c.ChangeDraft(invoice=str(draft), quantities=wrong), YASMINE, now=NOW
            )
        assert [each.code for each in refused.value.fields] == [code]
    with pytest.raises(NotAllowed):
        records.execute(order, c.change_draft, c.ChangeDraft(invoice=str(draft), quantities=one), CAMILLE, now=NOW)
    rest = drafted()
    assert found(order, rest).totals.lines == Decimal("1500.00")
    with order.transaction() as session:
        store.drop(session, store.lock_draft(session, rest)[0])
    with order.reading() as session:
        assert queries.find_invoice(session, rest) is None
        assert sum(each.quantity for each in queries.invoiced(session, NUMBER).values()) == 1
        (waiting,) = queries.orders_to_invoice(session, search="vallier")
    assert (waiting.number, waiting.invoiced) == (NUMBER, Decimal("730.00"))


def test_what_is_missing_is_named(order: Database, drafted: Drafter) -> None:
    draft = drafted()
    with pytest.raises(WrongState, match="validator_is_asker"):
        validate(order, draft, by="camille")
    with order.transaction() as session:
        row, sold = store.lock_draft(session, draft)
        with pytest.raises(WrongState, match="invoice_terms_missing"):
            making.validate(session, row, sold, "", today=TODAY, now=NOW, by="yasmine")
    nameless = SetIdentity(identity=replace(IDENTITY, siren="", siret="", vat_number=""))
    records.execute(order, set_identity, nameless, SYSTEM, now=NOW)
    with pytest.raises(WrongState, match="company_siren_missing"):
        validate(order, draft)
    sql(order, "DELETE FROM business.company_identity")
    with pytest.raises(WrongState, match="company_identity_missing"):
        validate(order, draft)
    sql(order, "DELETE FROM business.customer_address")
    records.execute(order, set_identity, SetIdentity(identity=IDENTITY), SYSTEM, now=NOW)
    with pytest.raises(WrongState, match="buyer_address_missing"):
        validate(order, draft)
    with order.transaction() as session, pytest.raises(NotFound):
        store.find_id(session, "FA-0")


def test_only_what_stands_is_invoiced(shop: Database) -> None:
    asked = Asked(what="remaining")
    add_order(shop)
    sql(shop, "UPDATE business.sales_order SET status = 'closed', closed_at = created_at, closed_because = 'x'")
    for what, code in ((asked, "order_not_invoiceable"), (Asked(what="all"), "order_not_invoiceable")):
        with shop.transaction() as session, pytest.raises(WrongState, match=code):
            making.draft(session, NUMBER, what, key=None, asked_by="c", now=NOW, by="c")
    second = add_order(shop)
    for wrong in (Asked(what="all"), Asked(what="percent"), Asked(what="percent", percent=Decimal(101))):
        with shop.transaction() as session, pytest.raises(WrongState, match="percent_invalid"):
            making.draft(session, second, wrong, key=None, asked_by="c", now=NOW, by="c")


def test_a_credit_note_gives_back_and_may_let_invoice_again(order: Database, drafted: Drafter) -> None:
    validate(order, drafted())
    view = found(order)
    one = tuple(replace(each, quantity=Decimal(1)) for each in all_of(view)[:1])
    given = c.AddCreditNote(invoice=FIRST, quantities=one, reason="Rayé", is_reinvoiceable=True)
    first = records.execute(order, c.add_credit_note, given, YASMINE, now=NOW).answer
    with order.reading() as session:
        assert queries.invoiced(session, NUMBER)[view.lines[1].order_line_id or 0].quantity == 3, (
            "a draft gives nothing back"
        )
    assert validate(order, first, TODAY + timedelta(days=1)) == "FA-2026-00002"
    with order.reading() as session:
        assert queries.invoiced(session, NUMBER)[view.lines[1].order_line_id or 0].quantity == 2
    again = drafted()
    rest = replace(given, quantities=(replace(one[0], quantity=Decimal(2)), *all_of(view)[1:]), is_reinvoiceable=False)
    last = records.execute(order, c.add_credit_note, rest, YASMINE, now=NOW).answer
    validate(order, last, TODAY + timedelta(days=2))
    note, back = found(order, "FA-2026-00002"), found(order, "FA-2026-00003")
    assert note.corrects == (FIRST, TODAY)
    assert note.totals.total + back.totals.total == view.totals.total, "all of it, to the cent"
    assert note.totals.net == found(order, again).totals.net, "and what is invoiced again costs what was given back"
    for wrong in (all_of(view)[:1], ()):
        with pytest.raises(InvalidInput):
            records.execute(order, c.add_credit_note, replace(given, quantities=wrong), YASMINE, now=NOW)
    with pytest.raises(InvalidInput):
        records.execute(order, c.add_credit_note, replace(given, reason=" "), YASMINE, now=NOW)
    with pytest.raises(WrongState, match="invoice_not_creditable"):
        records.execute(order, c.add_credit_note, replace(given, invoice="FA-2026-00002"), YASMINE, now=NOW)
    with pytest.raises(NotAllowed):
        records.execute(order, c.add_credit_note, given, CAMILLE, now=NOW)
    assert verified(order).broken == ()


FROZEN = (
    "DELETE FROM business.invoice",
    "UPDATE business.invoice SET subject = 'x'",
    "UPDATE business.invoice SET status = 'draft', number = NULL",
    "UPDATE business.invoice_line SET text = 'x'",
    "DELETE FROM business.invoice_line",
    "UPDATE business.invoice_rate SET tax = 0",
    "DELETE FROM business.invoice_rate",
    "INSERT INTO business.invoice_rate SELECT id, 'particular', 0.021, 0, 0, 0, 0, 0 FROM business.invoice",
)


def test_what_is_validated_stays(order: Database, drafted: Drafter) -> None:
    validate(order, drafted())
    for statement in FROZEN:
        with pytest.raises(DBAPIError, match=r"is validated"):
            sql(order, statement)


INCOMPLETE = (
    "",
    "number = NULL",
    "hash = NULL",
    "terms = ''",
    "due_on = values.issued_on - 1",
    "seller = jsonb_set(values.seller, '{siren}', '\"\"')",
    "mentions = NULL",
    "category = ''",
    "sequence = 3",
    "previous_hash = repeat('1', 64)",
    "net = invoice.net + 1, total = invoice.total + 1",
    "shipping = invoice.shipping + 1",
)


def test_nothing_incomplete_is_validated(order: Database, drafted: Drafter) -> None:
    """A number without its hash, no terms, a later place in the chain, other figures: the database refuses."""
    draft = drafted()
    with order.transaction() as session:
        row, sold = store.lock_draft(session, draft)
        making.validate(session, row, sold, None, today=TODAY, now=NOW, by="yasmine")
        values = session.execute(text("SELECT to_jsonb(invoice) FROM business.invoice")).scalar_one()
        session.rollback()
    columns = ("number", "hash", "terms", "due_on", "issued_on", "mentions", "seller", "sequence", "previous_hash")
    told = json.dumps({name: values[name] for name in (*columns, "validated_at", "validated_by")})
    for change in INCOMPLETE:
        changed = change.partition(" ")[0]
        kept = [f"{name} = values.{name}" for name in json.loads(told) if name != changed]
        statement = (
            f"UPDATE business.invoice SET status = 'validated', {', '.join(filter(None, [*kept, change]))} "
            "FROM jsonb_populate_record(NULL::business.invoice, CAST(:told AS jsonb)) AS values"
        )
        with order.transaction() as session:
            if change:
                with pytest.raises(DBAPIError):
                    session.execute(text(statement), {"told": told})
            else:
                session.execute(text(statement), {"told": told})  # as it is, it would be taken
            session.rollback()


def test_never_above_what_was_ordered_whatever_a_program_does(order: Database, drafted: Drafter) -> None:
    drafted()
    for change in ("quantity = quantity + 1", "amount = amount + 0.01"):
        with pytest.raises(DBAPIError, match="more is invoiced than was ordered"):
            sql(order, f"UPDATE business.invoice_line SET {change} WHERE kind = 'item'")
    with pytest.raises(DBAPIError, match="more is invoiced than was ordered"):  # the invoice's own lines count, too
        sql(
            order,
            "INSERT INTO business.invoice_line SELECT id + 100, invoice_id, order_line_id, NULL, 99, kind, article, text, 0.5, unit, "
            "unit_price, discount, vat, product_type, 0 FROM business.invoice_line WHERE article = 'BUR'",
        )


def test_days_never_go_back_not_even_over_the_year(order: Database, drafted: Drafter) -> None:
    validate(order, drafted("products"), date(2027, 1, 1))
    validate(order, drafted("services"), date(2026, 12, 31))  # a clock that is late
    with order.reading() as session:
        rows = session.execute(text("SELECT number, issued_on FROM business.invoice ORDER BY sequence")).all()
    assert [tuple(each) for each in rows] == [("FA-2027-00001", date(2027, 1, 1)), ("FA-2027-00002", date(2027, 1, 1))]


def at_once(work: Any, count: int) -> list[Any]:
    """What ``count`` threads come to that begin together: an answer, or an exception."""
    found: list[Any] = [None] * count
    ready = threading.Barrier(count)

    def run(place: int) -> None:
        ready.wait()
        try:
            found[place] = work(place)
        except Exception as error:  # noqa: BLE001 - it is the answer
            found[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return found


def test_sixteen_validate_at_the_same_time(shop: Database) -> None:
    """No gap, no number twice, days that rise, one chain."""
    line = (replace(DESK, quantity=Decimal(1)),)
    numbers = [add_order(shop, line, replace(ORDER, extras=Extras())) for _ in range(16)]

    def draft(number: str) -> int:
        with shop.transaction() as session:
            return making.draft(
                session, number, Asked(what="remaining"), key=None, asked_by="camille", now=NOW, by="camille"
            ).id

    drafts = [draft(each) for each in numbers]
    days = [TODAY + timedelta(days=place % 3) for place in range(16)]
    done = at_once(lambda place: validate(shop, drafts[place], days[place]), 16)
    assert sorted(done) == [f"FA-2026-{each:05d}" for each in range(1, 17)]
    with shop.reading() as session:
        assert verifying.verify(session, noted).broken == ()
        rows = session.execute(text("SELECT number, issued_on FROM business.invoice ORDER BY sequence")).all()
    assert [each.number for each in rows] == sorted(done)
    assert [each.issued_on for each in rows] == sorted(each.issued_on for each in rows)


def test_two_invoice_the_same_lines_and_one_of_them_gets_nothing(order: Database) -> None:
    def draft(_place: int) -> int:
        with order.transaction() as session:
            return making.draft(session, NUMBER, Asked(what="remaining"), key=None, asked_by="c", now=NOW, by="c").id

    done = at_once(draft, 8)
    assert sorted(type(each).__name__ for each in done) == ["WrongState"] * 7 + ["int"]
    with order.reading() as session:
        sums = queries.invoiced(session, NUMBER).values()
    assert [(each.quantity, each.amount) for each in sums] == [
        (Decimal(3), Decimal(2070)),
        (Decimal("2.5"), Decimal(120)),
    ]


def test_two_credit_the_same_invoice(order: Database, drafted: Drafter) -> None:
    validate(order, drafted())
    given = c.AddCreditNote(invoice=FIRST, quantities=all_of(found(order)), reason="x", is_reinvoiceable=True)
    done = at_once(lambda _: records.execute(order, c.add_credit_note, given, YASMINE, now=NOW), 4)
    assert sorted(type(each).__name__ for each in done) == ["InvalidInput"] * 3 + ["Recorded"]


def test_five_hundred_lines_cost_no_more_statements_than_one(shop: Database) -> None:
    counts = []
    for size in (1, 500):
        lines: tuple[Line, ...] = (replace(DESK, quantity=Decimal(2)),) * size
        number = add_order(shop, lines)
        said: list[str] = []

        def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any, said: list[str] = said) -> None:
            said.append(statement)

        event.listen(shop.engine, "before_cursor_execute", hear)
        with shop.transaction() as session:
            made = making.draft(
                session, number, Asked(what="percent", percent=Decimal(50)), key=None, asked_by="c", now=NOW, by="c"
            ).id
        key = validate(shop, made)
        view = found(shop, key)
        event.remove(shop.engine, "before_cursor_execute", hear)
        counts.append(len(said))
        assert len(view.lines) == size
    assert counts[0] == counts[1]


def reduction(*amounts: c.Amount, percent: str | None = None, **more: Any) -> c.AddReduction:
    share = None if percent is None else Decimal(percent)
    return c.AddReduction(invoice=FIRST, amounts=amounts, percent=share, reason="Rayé", **more)


def add_reduction(database: Database, given: c.AddReduction) -> int:
    return int(records.execute(database, c.add_reduction, given, YASMINE, now=NOW).answer)


def test_a_price_is_reduced_and_the_goods_stay_invoiced(order: Database, drafted: Drafter) -> None:
    """30 € off the desks: a credit note of one line, nothing to invoice again; then two desks come back at what is left of their price."""
    validate(order, drafted())
    view = found(order)
    desks = view.lines[1]
    given = reduction(c.Amount(line=desks.id, amount=Decimal(30)), key="yasmine/1")
    note = add_reduction(order, given)
    assert add_reduction(order, given) == note, "a form that was sent twice"
    with pytest.raises(WrongState, match="reduction_waits"):
        records.execute(
            order,
            c.add_credit_note,
            c.AddCreditNote(invoice=FIRST, quantities=all_of(view)[:1], reason="x", is_reinvoiceable=False),
            YASMINE,
            now=NOW,
        )
    assert validate(order, note, TODAY + timedelta(days=1)) == "FA-2026-00002"
    paper = found(order, "FA-2026-00002")
    assert (paper.is_reduction, paper.is_reinvoiceable, paper.corrects) == (True, False, (FIRST, TODAY))
    (line,) = [each.line for each in paper.lines if each.amount is not None]
    assert (line.text.splitlines()[0], line.quantity, line.unit_price, line.unit) == (
        "Réduction de prix\u00a0: Bureau chêne",
        Decimal(1),
        Decimal(30),
        "",
    )
    assert (paper.totals.net, paper.totals.tax) == (Decimal(30), Decimal(6))
    after = found(order).lines[1]
    assert (after.credited, after.given, after.reduced) == (Decimal(0), Decimal(30), Decimal(30))
    with order.reading() as session:
        assert queries.invoiced(session, NUMBER)[desks.order_line_id or 0].quantity == 3
        assert queries.orders_to_invoice(session) == ()
    two = c.AddCreditNote(
        invoice=FIRST, quantities=(c.Quantity(line=desks.id, quantity=Decimal(2)),), reason="x", is_reinvoiceable=True
    )
    with pytest.raises(InvalidInput) as refused:
        records.execute(order, c.add_credit_note, two, YASMINE, now=NOW)
    assert [(each.field, each.code) for each in refused.value.fields] == [("quantity.0", "credit_line_reduced")]
    back = records.execute(order, c.add_credit_note, replace(two, is_reinvoiceable=False), YASMINE, now=NOW).answer
    (came,) = [each for each in found(order, back).lines if each.amount is not None]
    assert (came.line.unit_price, came.amount) == (Decimal(680), Decimal(1360))
    rest = add_reduction(order, reduction(percent="100"))
    total = view.totals.total - sum(found(order, each).totals.total for each in ("FA-2026-00002", back, rest))
    assert total == Decimal("16.00"), "a third of shipping is paid for; its price is not that of a line"
    for each in (back, rest):
        validate(order, each, TODAY + timedelta(days=2))
    assert verified(order).broken == ()


def test_eight_reduce_the_same_price_and_only_what_is_left_of_it(order: Database, drafted: Drafter) -> None:
    """2,070 € of desks, 690 € eight times: three get it, and validate it together."""
    validate(order, drafted())
    given = reduction(c.Amount(line=found(order).lines[1].id, amount=Decimal(690)))
    done = at_once(lambda _: add_reduction(order, given), 8)
    notes = [each for each in done if isinstance(each, int)]
    assert sorted(type(each).__name__ for each in done) == ["InvalidInput"] * 5 + ["int"] * 3
    sealed = at_once(lambda place: validate(order, notes[place], TODAY + timedelta(days=1)), 3)
    assert sorted(sealed) == [f"FA-2026-{each:05d}" for each in (2, 3, 4)]
    assert found(order).lines[1].given == Decimal(2070)
    assert verified(order).broken == ()


def test_prices_are_reduced_by_a_percentage(order: Database, drafted: Drafter) -> None:
    validate(order, drafted())
    note = found(order, add_reduction(order, reduction(percent="10")))
    assert [each.amount for each in note.lines if each.amount is not None] == [Decimal(207), Decimal(12)]
    assert (note.totals.net, note.totals.charges) == (Decimal(219), Decimal(0))
    assert note.category == "mixed"


def test_what_no_reduction_can_be(order: Database, drafted: Drafter) -> None:
    draft = drafted()
    with pytest.raises(NotFound):
        add_reduction(order, reduction(percent="5"))
    with pytest.raises(WrongState, match="invoice_not_creditable"):
        add_reduction(order, replace(reduction(percent="5"), invoice=str(draft)))
    validate(order, draft)
    line = found(order).lines[1].id
    for wrong, field, code in (
        (reduction(), "amounts", "reduction_missing"),
        (reduction(c.Amount(line=line, amount=Decimal(0))), "amounts", "reduction_missing"),
        (reduction(c.Amount(line=line, amount=Decimal("2070.01"))), "amount.0", "reduction_above_left"),
        (reduction(c.Amount(line=line, amount=Decimal(-1))), "amount.0", "amount_invalid"),
        (reduction(c.Amount(line=10**9, amount=Decimal(1))), "amount.0", "reduction_line_unknown"),
        (reduction(c.Amount(line=line, amount=Decimal(1)), percent="5"), "percent", "reduction_twice"),
        (reduction(percent="0"), "percent", "percent_invalid"),
        (reduction(percent="100.01"), "percent", "percent_invalid"),
        (reduction(percent="0.0001"), "percent", "percent_invalid"),
        (replace(reduction(percent="5"), reason=" "), "reason", "credit_reason_missing"),
    ):
        with pytest.raises(InvalidInput) as refused:
            add_reduction(order, wrong)
        assert [(each.field, each.code) for each in refused.value.fields] == [(field, code)]
    with pytest.raises(NotAllowed):
        records.execute(order, c.add_reduction, reduction(percent="5"), CAMILLE, now=NOW)


def test_never_more_credited_than_invoiced_whatever_a_program_does(order: Database, drafted: Drafter) -> None:
    """Quantities and amounts together: the database counts both."""
    validate(order, drafted())
    note = add_reduction(order, reduction(percent="60"))
    given = c.AddCreditNote(invoice=FIRST, quantities=all_of(found(order)), reason="x", is_reinvoiceable=False)
    validate(order, note)
    back = records.execute(order, c.add_credit_note, given, YASMINE, now=NOW).answer
    assert found(order, note).totals.total + found(order, back).totals.total == found(order).totals.total
    for change in ("quantity = quantity + 1", "amount = amount + 0.01"):
        with pytest.raises(DBAPIError, match="more is credited than was invoiced"):
            sql(order, f"UPDATE business.invoice_line SET {change} WHERE kind = 'item' AND invoice_id = {back}")
    with pytest.raises(DBAPIError, match="is frozen"):
        sql(order, f"UPDATE business.invoice SET is_reduction = true WHERE id = {back}")


def test_two_reduce_the_same_price(order: Database, drafted: Drafter) -> None:
    validate(order, drafted())
    done = at_once(lambda _: add_reduction(order, reduction(percent="100")), 4)
    assert sorted(type(each).__name__ for each in done) == ["InvalidInput"] * 3 + ["int"]


def test_the_last_invoice_makes_up_for_drafts_that_were_dropped(shop: Database, drafted: Drafter) -> None:
    """Each draft rounds its tax after those that are there; two are dropped, and what the others left is two cents off its own."""
    lines = (
        replace(DESK, quantity=Decimal(3), unit_price=Decimal("1249.99"), vat="particular", discount=Decimal(0)),
        replace(DESK, quantity=Decimal(12), unit_price=Decimal("0.02"), vat="particular", discount=Decimal(0)),
    )
    number = add_order(shop, lines, replace(ORDER, extras=Extras()))

    def draft(*quantities: str) -> int:
        made = drafted(number=number)
        left = [each.order_line_id or 0 for each in found(shop, made).lines if each.amount is not None]
        asked = zip(sold or left, quantities, strict=False)
        wanted = tuple(c.Quantity(line=line, quantity=Decimal(each)) for line, each in asked)
        records.execute(shop, c.change_draft, c.ChangeDraft(invoice=str(made), quantities=wanted), YASMINE, now=NOW)
        sold[:] = sold or left
        return made

    def drop(made: int) -> None:
        with shop.transaction() as session:
            store.drop(session, store.lock_draft(session, made)[0])

    sold: list[int] = []
    first = draft("0", "12")
    second = draft("1.6133", "0")
    drop(first)
    third = draft("0.009", "6")
    drop(second)
    validate(shop, third)
    last = validate(shop, drafted(number=number))
    assert (found(shop, last).totals.net, found(shop, last).totals.tax) == (Decimal("3738.84"), Decimal("78.50"))
    assert found(shop, last).cents_off == 2


def test_what_was_credited_before_prices_could_be_reduced_keeps_its_hash(order: Database, drafted: Drafter) -> None:
    """The step of the database goes back and comes again, as long as no price was reduced; then it does not go back any more."""
    validate(order, drafted("products"))
    given = c.AddCreditNote(invoice=FIRST, quantities=all_of(found(order)), reason="x", is_reinvoiceable=True)
    validate(order, records.execute(order, c.add_credit_note, given, YASMINE, now=NOW).answer)
    versions = Path(making.__file__).parents[1] / "migrations" / "versions"
    spec = spec_from_file_location("reductions", versions / "handlers_0023_price_reductions.py")
    assert spec is not None
    assert spec.loader is not None
    migration = module_from_spec(spec)
    spec.loader.exec_module(migration)
    for step in (migration.downgrade, migration.upgrade):
        with order.transaction() as session, Operations.context(MigrationContext.configure(session.connection())):
            step()
    assert verified(order).broken == ()
    validate(order, drafted())
    add_reduction(order, replace(reduction(percent="5"), invoice="FA-2026-00003"))
    with (
        pytest.raises(DBAPIError, match="prices were reduced"),
        order.transaction() as session,
        Operations.context(MigrationContext.configure(session.connection())),
    ):
        migration.downgrade()
