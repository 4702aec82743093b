"""Whoever writes the rows himself, with every trigger out of the way, is found out; and what was hashed long ago still verifies."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine import cli
from engine.command import CommandContext
from engine.database.session import Database
from engine.records.queries import noted
from handlers.invoices import chain, store, verifying
from handlers.invoices.chain import BEGINNING, Named
from handlers.invoices.tables import Invoice, InvoiceLine, InvoiceRate
from handlers.invoices.verifying import Verified
from tests.handlers.invoices.conftest import Drafter, add_order, validate, verified


@pytest.fixture
def four(order: Database, drafted: Drafter) -> Database:
    """Four invoices, FA-2026-00001 to 4."""
    for _ in range(2):
        number = add_order(order)
        for what in ("products", "services"):
            validate(order, drafted(what, number=number))
    return order


def forced(session: Session, *statements: str) -> None:
    """What somebody does who owns the tables."""
    session.execute(text("SET LOCAL session_replication_role = replica"))
    for each in statements:
        session.execute(text(each))


def found(database: Database, *statements: str) -> Verified:
    """What is found when these were done; afterwards they are undone."""
    with database.transaction() as session:
        forced(session, *statements)
        result = verifying.verify(session, noted)
        session.rollback()
    return result


def codes(result: Verified) -> list[tuple[int, str]]:
    return [(each.sequence, each.code) for each in result.broken]


def emptied(where: str) -> tuple[str, ...]:
    chosen = f"SELECT id FROM business.invoice WHERE {where}"
    return (
        *(f"DELETE FROM business.{each} WHERE invoice_id IN ({chosen})" for each in ("invoice_line", "invoice_rate")),
        f"DELETE FROM business.invoice WHERE {where}",
    )


def test_what_nobody_touched_is_whole(four: Database) -> None:
    result = verified(four)
    assert (result.count, result.of, result.first, result.last) == (4, 4, "FA-2026-00001", "FA-2026-00004")
    assert (result.broken, result.unnoted, result.is_whole) == ((), 0, True)
    with four.reading() as session:
        assert result.hash == session.execute(text("SELECT hash FROM business.invoice WHERE sequence = 4")).scalar_one()


def test_there_is_nothing_to_verify(shop: Database) -> None:
    result = verified(shop)
    assert (result.count, result.hash, result.is_whole) == (0, BEGINNING, True)


def test_a_changed_amount_says_what_it_was(four: Database) -> None:
    result = found(
        four, "UPDATE business.invoice SET net = net - 100, total = total - 100, customer_id = 7 WHERE sequence = 2"
    )
    assert codes(result) == [(2, "changed")]
    told = {each.field: (each.was, each.now) for each in result.broken[0].differences}
    assert told["customer_id"] == ("1", "7")
    assert Decimal(told["total"][0]) - Decimal(told["total"][1]) == 100
    result = found(four, "UPDATE business.invoice_line SET text = 'x' WHERE invoice_id = 2")
    assert [(each.code, [one.field for one in each.differences]) for each in result.broken] == [("changed", ["lines"])]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (("UPDATE business.invoice SET email = 'x' WHERE sequence = 1",), [(1, "changed")]),
        (
            ("UPDATE business.invoice SET hash = repeat('a', 64) WHERE sequence = 1",),
            [(1, "changed"), (1, "rewritten"), (2, "unlinked")],
        ),
        (
            ("UPDATE business.invoice SET issued_on = '2025-01-01' WHERE sequence = 2",),
            [(2, "earlier"), (2, "changed")],
        ),
        (
            ("UPDATE business.invoice SET hash_version = 1 WHERE sequence = 3",),
            [(3, "older_form"), (3, "changed")],
        ),
        (emptied("sequence = 2"), [(3, "missing"), (3, "unlinked"), (2, "gone")]),
        (
            (
                *emptied("sequence = 2"),
                "UPDATE business.invoice SET sequence = 2 WHERE sequence = 3",
                "UPDATE business.invoice SET sequence = 3 WHERE sequence = 4",
                "UPDATE business.number_series SET next_number = 4 WHERE series = 'FA/chain'",
            ),
            [(2, "unlinked"), (2, "misnumbered"), (2, "changed"), (3, "changed"), (2, "gone")],
        ),
        (emptied("sequence > 2"), [(4, "counter"), (3, "gone"), (4, "gone")]),
        (
            (
                *emptied("sequence > 2"),
                "UPDATE business.number_series SET next_number = 3 WHERE series LIKE 'FA%'",
            ),
            [(3, "gone"), (4, "gone")],
        ),
        (
            (*emptied("true"), "DELETE FROM business.number_series WHERE series LIKE 'FA%'"),
            [(1, "gone"), (2, "gone"), (3, "gone"), (4, "gone")],
        ),
        (
            (
                "UPDATE business.invoice SET sequence = 99 WHERE sequence = 2",
                "UPDATE business.invoice SET sequence = 2 WHERE sequence = 3",
                "UPDATE business.invoice SET sequence = 3 WHERE sequence = 99",
            ),
            [
                *((2, each) for each in ("unlinked", "misnumbered", "changed")),
                *((3, each) for each in ("unlinked", "misnumbered", "changed")),
                *((4, each) for each in ("unlinked", "misnumbered")),
            ],
        ),
    ],
    ids=[
        *("content", "hash", "day", "downgraded", "middle deleted", "middle deleted and closed up"),
        *("tail cut", "tail cut with the counters", "all cut with the counters", "swapped"),
    ],
)
def test_who_changes_the_rows_is_found_out(
    four: Database, statements: tuple[str, ...], expected: list[tuple[int, str]]
) -> None:
    assert codes(found(four, *statements)) == expected


def test_a_chain_that_is_hashed_anew_is_not_what_the_history_knows(four: Database) -> None:
    """The chain itself is sound again; only the events know better."""
    with four.transaction() as session:
        forced(session, "UPDATE business.invoice SET email = 'x' WHERE sequence = 2")
        rehash(session, since=2)
        result = verifying.verify(session, noted)
        session.rollback()
    assert codes(result) == [(2, "rewritten"), (3, "rewritten"), (4, "rewritten")]


def test_an_invoice_that_the_history_does_not_know(four: Database) -> None:
    """Put in by hand, with everything right in the chain."""
    result = found(
        four,
        "UPDATE business.invoice_line SET invoice_id = 400 WHERE invoice_id = 4",
        "UPDATE business.invoice_rate SET invoice_id = 400 WHERE invoice_id = 4",
        "UPDATE business.invoice SET id = 400 WHERE id = 4",
    )
    assert codes(result) == [(4, "unnoted"), (4, "gone")]


def test_what_is_made_a_draft_again_is_found_out(four: Database) -> None:
    """With every check of the table out of the way, too."""
    result = found(
        four,
        "ALTER TABLE business.invoice DROP CONSTRAINT ck_invoice_complete_once_validated",
        "UPDATE business.invoice SET status = 'draft' WHERE sequence = 2",
        "UPDATE business.invoice SET number = NULL, validated_at = NULL WHERE sequence = 3",
    )
    assert codes(result) == [
        *((2, "changed"), (3, "misnumbered"), (3, "changed"), (4, "misnumbered")),
        (2, "gone"),
    ]


def rehash(session: Session, since: int, version: int | None = None) -> None:
    """Hash the chain anew from there on, as our own code would."""
    forced(session)
    session.flush()
    for sequence, row_id in session.execute(
        text("SELECT sequence, id FROM business.invoice WHERE sequence >= :since ORDER BY sequence"), {"since": since}
    ).all():
        row = session.get_one(Invoice, row_id, populate_existing=True)
        before = session.execute(
            text("SELECT hash FROM business.invoice WHERE sequence = :before"), {"before": sequence - 1}
        ).scalar()
        row.previous_hash = before or BEGINNING
        row.hash_version = version or row.hash_version
        order = session.execute(
            text("SELECT number FROM business.sales_order WHERE id = :id"), {"id": row.order_id}
        ).scalar()
        said = chain.content(
            row, Named(order=order, corrects=None), store.lines_of(session, row_id), store.rates_of(session, row_id)
        )
        row.hash = chain.link(row.previous_hash, said)
        session.flush()


def test_what_was_hashed_the_first_way_is_verified_so(four: Database) -> None:
    """As a release before left it: the first way, and the history knows no hash."""
    with four.transaction() as session:
        forced(session, "ALTER TABLE engine.record_event DISABLE TRIGGER USER", "DELETE FROM engine.record_event")
        rehash(session, since=1, version=1)
        before = verifying.verify(session, noted)
        forced(session, "UPDATE business.invoice SET customer_id = 7 WHERE sequence = 2")
        blind = verifying.verify(session, noted)
        session.rollback()
    assert (before.count, before.unnoted, before.broken) == (4, 4, ())
    assert before.unnoted_last == before.last, "up to where the chain alone keeps them is said"
    assert blind.broken == (), "the first way did not say whose it was; that is why there is a second"


def test_the_first_way_of_hashing_never_changes() -> None:
    """A golden hash, made by the release that had no other: old invoices are verified for ten years."""
    row = Invoice(
        number="FA-2026-00001",
        kind="invoice",
        sequence=1,
        issued_on=date(2026, 11, 22),
        due_on=date(2026, 12, 22),
        reason="",
        is_reinvoiceable=False,
        subject="Mobilier",
        contact="",
        email="achats@vallier.example",
        locale="fr",
        party={"name": "Cabinet Vallier", "is_company": True},
        customer_reference="",
        terms="30_days",
        payment_method="transfer",
        currency="EUR",
        is_untaxed=False,
        category="goods",
        seller={"name": "Atelier du Jura", "siren": "303265045"},
        mentions=[{"code": "no_discount", "text": "Pas d’escompte."}],
        validated_at=datetime(2026, 11, 22, 9, tzinfo=UTC),
        validated_by="yasmine",
        discount=Decimal(0),
        shipping=Decimal(40),
        adjustment=Decimal(0),
        net=Decimal(1240),
        tax=Decimal(248),
        total=Decimal(1488),
        hash_version=1,
        customer_id=1,
    )
    line = InvoiceLine(
        place=0,
        kind="item",
        article=None,
        text="Bureau",
        quantity=Decimal(4),
        unit="pièce",
        unit_price=Decimal(300),
        discount=Decimal(0),
        vat="normal",
        product_type="product",
        amount=Decimal(1200),
    )
    rate = InvoiceRate(
        vat="normal",
        rate=Decimal("0.2"),
        lines=Decimal(1200),
        discount=Decimal(0),
        charges=Decimal(40),
        base=Decimal(1240),
        tax=Decimal(248),
    )
    named = Named(order="CC-2026-00001", corrects=None)
    first = chain.link(BEGINNING, chain.content(row, named, [line], [rate]))
    assert first == "e0da34bbc71348f9471e07b75d958d1107073c148973de24d22da3cc197f631f"
    row.hash_version = 2
    assert (
        chain.link(BEGINNING, chain.content(row, named, [line], [rate]))
        == "41ec5d6d648154bbedaa2b4ea15974eabc61fa458c3f3dc462c85af61f3ba9fb"
    )


def test_nobody_empties_what_is_validated(four: Database) -> None:
    for table in ("invoice", "invoice_line", "invoice_rate", "sales_order", "customer"):
        with four.transaction() as session:
            forced(session)
            with pytest.raises(DBAPIError, match="validated invoices are kept"):
                session.execute(text(f"TRUNCATE business.{table} CASCADE"))
            session.rollback()


def test_drafts_may_go(order: Database, drafted: Drafter) -> None:
    drafted()
    with order.transaction() as session:
        session.execute(text("TRUNCATE business.invoice CASCADE"))


def test_it_is_read_in_pieces(four: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, a piece costs the same: and what is found is the same."""
    whole = verified(four)
    monkeypatch.setattr(verifying, "AT_ONCE", 1)
    statements: list[str] = []
    with four.reading() as session:
        so_far = verifying.begin(session)
        event.listen(four.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        counts = []
        while not so_far.is_done:
            before = len(statements)
            so_far = verifying.verify_more(session, noted, so_far)
            counts.append(len(statements) - before)
    assert so_far.count == 4
    assert max(counts) <= 5
    assert (so_far.hash, so_far.last, so_far.broken) == (whole.hash, whole.last, ())


def test_the_command_says_how_far_it_is_and_what_it_found(four: Database) -> None:
    answers: list[tuple[str, dict[str, Any]]] = []
    told: list[str] = []

    def run(session: Session) -> bool:
        context = CommandContext(
            session=session,
            noted=noted,
            answer=lambda code, **facts: answers.append((code, facts)),
            tell=lambda code, **_facts: told.append(code),
        )
        return verifying.command(context)

    with four.reading() as session:
        assert run(session)
    assert told == ["invoices_verified_so_far"]
    assert [code for code, _ in answers] == ["invoices_verified", "invoices_verified_head", "invoices_verified_whole"]
    answers.clear()
    with four.transaction() as session:
        forced(session, "UPDATE business.invoice SET tax = tax + 1, total = total + 1 WHERE sequence = 2")
        assert not run(session)
        session.rollback()
    assert [code for code, _ in answers][2:] == [
        "invoice_chain.changed",
        "invoices_verified_difference",
        "invoices_verified_difference",
        "invoices_verified_broken",
    ]


def test_the_day_of_the_services_is_kept_and_of_goods_there_is_none(order: Database, drafted: Drafter) -> None:
    validate(order, drafted("services"), performed_on=date(2026, 11, 3))
    validate(order, drafted("products"), performed_on=date(2026, 11, 3))
    with order.reading() as session:
        rows = session.execute(
            text("SELECT performed_on, delivered_on, hash_version FROM business.invoice ORDER BY id")
        )
        assert [tuple(each) for each in rows] == [(date(2026, 11, 3), None, 2), (None, None, 2)]


def test_the_command_line_says_so_with_its_exit_code(
    four: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # of a command that another test ran
    assert cli.run(["invoices", "verify"]) == 0
    said = capsys.readouterr()
    assert "Invoices and credit notes verified: 4, from FA-2026-00001 to FA-2026-00004." in said.out
    assert "Nothing is missing and nothing was changed." in said.out
    assert said.err == "4 of 4 …\n"
    with four.transaction() as session:
        forced(session, *emptied("sequence = 4"), "UPDATE business.number_series SET next_number = 4")
    assert cli.run(["invoices", "verify"]) == 1
    assert "FA-2026-00004 (place 4): the history says that it was validated" in capsys.readouterr().out
    monkeypatch.setenv("BORDEREAU_COMMANDS", "handlers.nowhere:COMMANDS")
    assert cli.run(["invoices", "verify"]) == 1
    assert "BORDEREAU_COMMANDS" in capsys.readouterr().err
