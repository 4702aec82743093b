"""What people change outside a process goes through one door: right, revision, history, tombstone; a refusal changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from engine import records
from engine.data import Money, data
from engine.database.session import Database
from engine.errors import CommandRejected, Conflict, FieldProblem, InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import SYSTEM, Actor
from engine.history import keeping
from engine.history.verification import verify_all
from engine.record import Change, RecordContext, RecordTable, record_command
from engine.records import queries

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
ANNE = Actor(login="anne", name="Anne", person_id=uuid4(), roles=frozenset({"pricing"}))
BOB = Actor(login="bob", name="Bob", person_id=uuid4(), roles=frozenset({"sales"}))


@data
class SetPrice:
    article: str
    price: Money
    since: date | None = None


@data
class DropPrice:
    article: str


@data
class OpenAccount:
    name: str


def read(context: RecordContext, article: str) -> dict[str, Any] | None:
    row = context.session.execute(
        text("SELECT price, since FROM price WHERE article = :article"), {"article": article}
    ).first()
    return None if row is None else {"price": row.price, "since": row.since}


@record_command(
    "test.set_price", event="price:set", kind="price", key="article", may=("pricing",), fr="Prix", en="Set a price"
)
def set_price(given: SetPrice, context: RecordContext) -> Change:
    if given.price < 0:
        raise InvalidInput((FieldProblem(field="price", code="field_required"),))
    if given.price > 1000:
        raise WrongState("record_deleted", key=given.article)
    before = read(context, given.article)
    context.session.execute(
        text("""
            INSERT INTO price VALUES (:article, :price, :since)
            ON CONFLICT (article) DO UPDATE SET price = EXCLUDED.price, since = EXCLUDED.since
        """),
        {"article": given.article, "price": given.price, "since": given.since},
    )
    return Change(before=before, after={"price": given.price, "since": given.since})


@record_command(
    "test.drop_price", event="price:dropped", kind="price", key="article", may=("pricing",), fr="Ôter", en="Drop"
)
def drop_price(given: DropPrice, context: RecordContext) -> Change:
    before = read(context, given.article)
    if before is None:
        raise NotFound("record_deleted", key=given.article)
    context.session.execute(text("DELETE FROM price WHERE article = :article"), {"article": given.article})
    return Change(before=before, after=None)


@record_command("test.open_account", event="account:opened", kind="account", key=None, may=(), fr="Ouvrir", en="Open")
def open_account(given: OpenAccount, context: RecordContext) -> Change:
    number = context.session.execute(text("SELECT nextval('account_number')")).scalar_one()
    return Change(
        before=None,
        after={"name": given.name, "tags": {"b", "a"}},
        key=f"A-{number}",
        answer="shown once",
        facts={"by": 1},
    )


@pytest.fixture
def company(database: Database) -> Database:
    with database.transaction() as session:
        session.execute(text("CREATE TABLE public.price (article text PRIMARY KEY, price numeric, since date)"))
        session.execute(text("CREATE SEQUENCE public.account_number"))
    return database


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    said: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(database.engine, "before_cursor_execute", hear)
    yield said
    event.remove(database.engine, "before_cursor_execute", hear)


def told(database: Database, key: str = "BUR-1") -> tuple[queries.Entry, ...]:
    with database.reading() as session:
        return queries.history(session, "price", key)


def price(amount: str, since: date | None = None) -> SetPrice:
    return SetPrice(article="BUR-1", price=Decimal(amount), since=since)


def test_each_field_is_told_from_what_to_what(company: Database) -> None:
    made = records.execute(company, set_price, price("12.50"), ANNE, now=NOW)
    assert (made.kind, made.key, made.revision, made.is_changed) == ("price", "BUR-1", 1, True)
    records.execute(company, set_price, price("13.00", date(2026, 12, 1)), ANNE, seen=1, now=NOW)
    newer, first = told(company)
    assert (first.became, first.actor, first.at, first.type) == ("created", "anne", NOW, "price:set")
    assert (newer.became, newer.command, newer.sequence) == ("changed", "test.set_price", 2)
    assert newer.fields == {
        "price": queries.FieldChange(old=Decimal("12.50"), new=Decimal("13.00")),
        "since": queries.FieldChange(old=None, new=date(2026, 12, 1)),
    }


def test_what_is_so_already_writes_nothing(company: Database) -> None:
    records.execute(company, set_price, price("12.50"), ANNE)
    again = records.execute(company, set_price, price("12.5"), ANNE, seen=1)
    assert (again.revision, again.is_changed) == (1, False)
    assert len(told(company)) == 1


def test_only_a_role_that_may_and_the_engine_itself(company: Database) -> None:
    with pytest.raises(NotAllowed, match="record_not_allowed"):
        records.execute(company, set_price, price("1"), BOB)
    with pytest.raises(NotAllowed):
        records.execute(company, set_price, price("1"), Actor(login="system", name="x", person_id=uuid4()))
    assert told(company) == ()
    records.execute(company, set_price, price("1"), SYSTEM)
    assert told(company)[0].actor == "system"


def test_a_refusal_is_remembered_and_changes_nothing(company: Database) -> None:
    for given, actor in ((price("2000"), ANNE), (price("1"), BOB)):
        with pytest.raises(CommandRejected):
            records.execute(company, set_price, given, actor, now=NOW)
    with pytest.raises(InvalidInput):  # somebody mistyped: nobody was kept from anything
        records.execute(company, set_price, price("-1"), ANNE, now=NOW)
    with company.reading() as session:
        noted = session.execute(text("SELECT actor, at, record FROM engine.refusal_event ORDER BY actor")).all()
        assert session.execute(text("SELECT count(*) FROM engine.record_chain")).scalar_one() == 0
        assert session.execute(text("SELECT count(*) FROM price")).scalar_one() == 0
    assert [(each.actor, each.at) for each in noted] == [("anne", NOW), ("bob", NOW)]
    told_of_bob = json.loads(noted[1].record)
    assert (told_of_bob["act"], told_of_bob["code"]) == ("test.set_price", "record_not_allowed")
    assert told_of_bob["about"] == {"key": "BUR-1", "kind": "price"}


def test_the_verifier_knows_these_chains(company: Database) -> None:
    for amount in ("1", "2", "3"):
        records.execute(company, set_price, price(amount), ANNE, now=NOW)
    keeping.number_all(company)
    with company.reading() as session:
        assert verify_all(session).is_whole
    with company.transaction() as session:
        session.execute(text("ALTER TABLE engine.record_event DISABLE TRIGGER record_event_only_grows"))
        session.execute(text("UPDATE engine.record_event SET actor = 'bob' WHERE sequence = 2"))
    with company.reading() as session:
        assert not verify_all(session).is_whole


def test_who_saw_an_older_revision_is_told(company: Database) -> None:
    records.execute(company, set_price, price("1"), ANNE, seen=0)
    records.execute(company, set_price, price("2"), ANNE, seen=1)
    with pytest.raises(Conflict, match="record_changed_meanwhile"):
        records.execute(company, set_price, price("3"), ANNE, seen=1)
    assert len(told(company)) == 2


def test_of_eight_at_once_who_saw_the_same_one_wins(company: Database) -> None:
    def attempt(amount: int) -> bool:
        try:
            records.execute(company, set_price, price(str(amount)), ANNE, seen=0)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(attempt, range(1, 9)))
    assert won.count(True) == 1
    (only,) = told(company)
    with company.reading() as session:
        assert session.execute(text("SELECT price FROM price")).scalar_one() == only.fields["price"].new


def test_deleting_leaves_a_tombstone(company: Database) -> None:
    records.execute(company, set_price, price("9"), ANNE)
    records.execute(company, drop_price, DropPrice(article="BUR-1"), ANNE, seen=1)
    gone, _ = told(company)
    assert (gone.became, gone.fields["price"].old, gone.fields["price"].new) == ("deleted", 9, None)
    with company.reading() as session:
        assert queries.is_deleted(session, "price", "BUR-1")
        assert queries.revision(session, "price", "BUR-1") == 2
    with pytest.raises(NotFound, match="record_deleted"):
        records.execute(company, set_price, price("1"), ANNE)
    with pytest.raises(NotFound, match="record_deleted"):
        records.execute(company, drop_price, DropPrice(article="BUR-1"), ANNE)


def test_a_command_may_make_the_key_and_give_an_answer_that_nobody_keeps(company: Database) -> None:
    made = records.execute(company, open_account, OpenAccount(name="Jura"), BOB)
    assert (made.key, made.answer) == ("A-1", "shown once")
    with company.reading() as session:
        (entry,) = queries.history(session, "account", "A-1")
        assert entry.fields["tags"].new == ["a", "b"]
        assert entry.facts == {"by": 1}
        assert "shown once" not in session.execute(text("SELECT record FROM engine.record_event")).scalar_one()


def test_the_chain_is_computed_as_documented(company: Database) -> None:
    for amount in ("1", "2"):
        records.execute(company, set_price, price(amount), ANNE, now=NOW)
    with company.reading() as session:
        rows = session.execute(text("SELECT * FROM engine.record_event ORDER BY sequence")).all()
        head = session.execute(text("SELECT sequence, hash FROM engine.record_chain")).one()
    reached = hashlib.sha256(b"bordereau/history/1/record\nprice\nBUR-1").digest()
    for row in rows:
        content = json.dumps(
            {
                "actor": "anne",
                "at": "2026-11-22T09:00:00.000000+00:00",
                "key": "BUR-1",
                "kind": "price",
                "record": json.loads(row.record),
                "sequence": row.sequence,
            },
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        ).encode()
        reached = hashlib.sha256(b"bordereau/history/1/event\n" + reached + content).digest()
        assert bytes(row.hash) == reached
    assert (head.sequence, bytes(head.hash)) == (2, reached)


@pytest.mark.parametrize("act", ["UPDATE engine.record_event SET actor = 'x'", "DELETE FROM engine.record_event"])
def test_the_history_only_grows(company: Database, act: str) -> None:
    records.execute(company, set_price, price("1"), ANNE)
    with pytest.raises(IntegrityError, match="only grows"), company.transaction() as session:
        session.execute(text(act))


def test_the_door_takes_two_statements_however_long_the_history(company: Database) -> None:
    counts = []
    for amount in range(1, 12):
        with counted(company) as said:
            records.execute(company, set_price, price(str(amount)), ANNE)
        counts.append(len(said))
    assert set(counts) == {4}  # lock and event, and the two of the command itself


def test_pages_of_a_history(company: Database) -> None:
    for amount in range(1, 6):
        records.execute(company, set_price, price(str(amount)), ANNE)
    with company.reading() as session:
        first = queries.history(session, "price", "BUR-1", limit=2)
        rest = queries.history(session, "price", "BUR-1", before=first[-1].sequence)
    assert [each.sequence for each in (*first, *rest)] == [5, 4, 3, 2, 1]


def test_a_table_has_each_name_once_and_knows_its_kinds() -> None:
    assert set(RecordTable.of(set_price, drop_price).commands) == {"test.set_price", "test.drop_price"}
    with pytest.raises(ValueError, match="one name"):
        RecordTable.of(set_price, set_price)
    with pytest.raises(ValueError, match="no field"):
        record_command("x.y", event="x:y", kind="x", key="nothing", may=(), fr="x", en="x")(set_price.run)
