"""What a handler does to rows is seen, however it does it, with the old and the new value of each field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
    values,
)
from sqlalchemy import column as said_column
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from engine.data import data
from engine.database.session import Database
from engine.errors import Crashed
from engine.handler import SYSTEM, BusinessError, HandlerContext, handler
from engine.instances.invoke import Returned, Threw, invoke
from engine.instances.row_changes import DIGEST, LONGEST, MOST_ROWS, FieldChange, RowChange, records

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Own(DeclarativeBase):
    metadata = MetaData(schema="business")


class Shelf(Own):
    __tablename__ = "shelf"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    status: Mapped[str] = mapped_column(Text)
    weight: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    about: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    seal: Mapped[bytes | None] = mapped_column(LargeBinary)
    at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    words: Mapped[str | None] = mapped_column(TSVECTOR)


class Box(Own):
    __tablename__ = "box"
    shelf: Mapped[str] = mapped_column(Text, primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)
    quantity: Mapped[int] = mapped_column(Integer)
    made: Mapped[str | None] = mapped_column(Text, server_default=text("'by the server'"))


@data
class Nothing:
    pass


Act = Callable[[Session], object]


@pytest.fixture
def context(database: Database) -> Iterator[HandlerContext]:
    with database.transaction() as session:
        Own.metadata.create_all(session.connection())
        session.add(Shelf(id=1000, number="S-1", status="placed", weight=Decimal("2.50"), about={"name": "Ada"}))
        session.add_all(Box(shelf="S-1", place=place, quantity=place) for place in (1, 2, 3))
        session.flush()
        session.expunge_all()
        yield HandlerContext(
            session=session,
            actor=SYSTEM,
            business_key=None,
            attempt=1,
            idempotency_key="1:a2:test.act",
            now=NOW,
            starter="clea",
        )
        session.execute(text("DROP TABLE business.shelf, business.box"))


def called(context: HandlerContext, act: Act) -> Returned | Threw:
    def run(_given: Nothing, context: HandlerContext) -> None:
        act(context.session)

    return invoke(handler("test.act", fr="Agir", en="Act", errors=("no",))(run), {}, context)


def done(context: HandlerContext, act: Act) -> tuple[RowChange, ...]:
    outcome = called(context, act)
    assert isinstance(outcome, Returned)
    return outcome.rows


def plain(changes: tuple[RowChange, ...]) -> list[tuple[Any, ...]]:
    return [
        (each.table, tuple(each.key.values()), each.became, {name: (f.old, f.new) for name, f in each.fields.items()})
        for each in changes
    ]


BOX_1 = ("box", ("S-1", 1))


# ---- objects


def test_an_object_that_is_changed_is_told_with_old_and_new_values(context: HandlerContext) -> None:
    def act(session: Session) -> None:
        row = session.get_one(Shelf, 1000)
        row.status = "confirmed"
        row.weight = Decimal(3)
        row.number = "S-1"  # as it was
        row.words = func.array_to_tsvector(["confirmed"])

    (change,) = done(context, act)
    assert change == RowChange(
        table="shelf",
        key={"id": Decimal(1000)},
        name="S-1",
        became="changed",
        fields={
            "status": FieldChange(old="placed", new="confirmed"),
            "weight": FieldChange(old=Decimal("2.50"), new=Decimal("3.00")),
        },
    )
    assert str(change.fields["weight"].new) == "3.00", "as the database has it"


def test_an_object_that_is_made_is_told_with_what_the_database_gave_it(context: HandlerContext) -> None:
    def act(session: Session) -> None:
        session.add(
            Shelf(number="S-2", status="new", at=datetime(2026, 11, 23, 9, tzinfo=timezone(timedelta(hours=1))))
        )
        session.add(Box(shelf="S-2", place=1, quantity=7))

    shelf, box = sorted(done(context, act), key=lambda each: each.table, reverse=True)
    assert (shelf.became, shelf.name, list(shelf.key)) == ("created", "S-2", ["id"])
    assert {name: each.new for name, each in shelf.fields.items()} == {
        "id": shelf.key["id"],
        "number": "S-2",
        "status": "new",
        "at": datetime(2026, 11, 23, 8, tzinfo=UTC),
    }
    assert all(each.old is None for each in (*shelf.fields.values(), *box.fields.values()))
    assert box.fields["made"].new == "by the server"


def test_an_object_that_is_deleted_is_told_with_all_that_it_held(context: HandlerContext) -> None:
    def act(session: Session) -> None:
        row = session.get_one(Box, ("S-1", 1))
        row.quantity = 9
        session.delete(row)

    assert plain(done(context, act)) == [
        (
            *BOX_1,
            "deleted",
            {"shelf": ("S-1", None), "place": (1, None), "quantity": (1, None), "made": ("by the server", None)},
        )
    ]


def test_what_an_object_does_not_know_of_itself_is_read(context: HandlerContext) -> None:
    """Expired, it was written without having been read; and a value that the database works out."""

    def act(session: Session) -> None:
        row, other = session.get_one(Box, ("S-1", 1)), session.get_one(Box, ("S-1", 2))
        session.expire(row)
        row.quantity = 9
        other.quantity = Box.quantity + 10

    assert sorted(plain(done(context, act))) == [
        (*BOX_1, "changed", {"quantity": (1, 9)}),
        ("box", ("S-1", 2), "changed", {"quantity": (2, 12)}),
    ]


def test_an_expired_object_that_is_deleted_is_told_whole(context: HandlerContext) -> None:
    def act(session: Session) -> None:
        row = session.get_one(Box, ("S-1", 1))
        session.expire(row)
        session.delete(row)

    ((_, _, became, fields),) = plain(done(context, act))
    assert (became, fields["quantity"], fields["made"]) == ("deleted", (1, None), ("by the server", None))


# ---- several things done to one row


def test_a_row_that_is_touched_several_times_is_told_once(context: HandlerContext) -> None:
    def act(session: Session) -> None:
        row = session.get_one(Box, ("S-1", 1))
        for quantity in (5, 6, 7):
            row.quantity = quantity
            session.flush()
        session.execute(update(Box).where(Box.place == 1).values(made="x"))

    assert plain(done(context, act)) == [(*BOX_1, "changed", {"quantity": (1, 7), "made": ("by the server", "x")})]


def test_there_and_back_is_nothing(context: HandlerContext) -> None:
    def act(session: Session) -> None:
        row = session.get_one(Box, ("S-1", 1))
        row.quantity = 5
        session.flush()
        row.quantity = 1
        session.add(made := Box(shelf="S-9", place=1, quantity=1))
        session.flush()
        session.delete(made)
        session.flush()
        session.execute(update(Box).values(quantity=Box.quantity))

    assert done(context, act) == ()


def test_a_row_that_is_put_in_place_of_another_is_changed(context: HandlerContext) -> None:
    def act(session: Session) -> None:
        session.execute(delete(Box).where(Box.place == 1))
        session.add(Box(shelf="S-1", place=1, quantity=4, made="anew"))

    assert plain(done(context, act)) == [(*BOX_1, "changed", {"quantity": (1, 4), "made": ("by the server", "anew")})]


# ---- statements


def test_an_update_by_a_statement_is_told_with_what_was_there(context: HandlerContext) -> None:
    def act(session: Session) -> None:
        result = session.execute(update(Box).where(Box.place > 1).values(quantity=Box.quantity * 10))
        assert result.rowcount == 2  # type: ignore[attr-defined]

    assert plain(done(context, act)) == [
        ("box", ("S-1", 2), "changed", {"quantity": (2, 20)}),
        ("box", ("S-1", 3), "changed", {"quantity": (3, 30)}),
    ]


def test_an_update_from_a_list_of_values_that_gives_objects_back(context: HandlerContext) -> None:
    said = values(said_column("at", Integer), said_column("now", Integer), name="said").data([(1, 8), (3, 3)])
    found: list[Box] = []

    def act(session: Session) -> None:
        known = session.get_one(Box, ("S-1", 1))
        found.extend(
            session.scalars(
                update(Box)
                .where(Box.place == said.c.at)
                .values(quantity=said.c.now)
                .returning(Box)
                .execution_options(synchronize_session=False, populate_existing=True)
            )
        )
        assert known.quantity == 8

    assert plain(done(context, act)) == [(*BOX_1, "changed", {"quantity": (1, 8)})]
    assert sorted((each.place, each.quantity) for each in found) == [(1, 8), (3, 3)]


def test_a_deletion_by_a_statement_with_and_without_an_answer(context: HandlerContext) -> None:
    def act(session: Session) -> None:
        known = session.get_one(Box, ("S-1", 2))
        assert session.scalars(delete(Box).where(Box.place == 1).returning(Box.quantity)).all() == [1]
        session.execute(delete(Box).where(Box.place == 2))
        assert session.get(Box, ("S-1", 2)) is None
        assert known not in session

    assert [each[1:3] for each in plain(done(context, act))] == [(("S-1", 1), "deleted"), (("S-1", 2), "deleted")]


def test_an_insertion_by_a_statement_is_told_with_what_the_database_gave(context: HandlerContext) -> None:
    def act(session: Session) -> None:
        session.execute(insert(Box).values([{"shelf": "S-2", "place": each, "quantity": each} for each in (1, 2)]))
        session.execute(insert(Box), [{"shelf": "S-3", "place": each, "quantity": each} for each in (1, 2)])
        assert session.scalar(insert(Shelf).values(number="S-4", status="new").returning(Shelf.number)) == "S-4"

    changes = done(context, act)
    assert [each.became for each in changes] == ["created"] * 5
    assert changes[0].fields["made"] == FieldChange(old=None, new="by the server")
    assert changes[4].name == "S-4"


@pytest.mark.parametrize("is_table", [False, True])
def test_an_insertion_that_gives_way_or_replaces(context: HandlerContext, *, is_table: bool) -> None:
    target: Any = Box.__table__ if is_table else Box

    def act(session: Session) -> None:
        rows = [{"shelf": "S-1", "place": each, "quantity": 50 + each} for each in (3, 4)]
        session.execute(upsert(target).values(rows[:1]).on_conflict_do_nothing())
        written = upsert(target).values(rows)
        session.execute(
            written.on_conflict_do_update(
                index_elements=["shelf", "place"], set_={"quantity": written.excluded.quantity}
            )
        )

    assert plain(done(context, act)) == [
        ("box", ("S-1", 3), "changed", {"quantity": (3, 53)}),
        (
            "box",
            ("S-1", 4),
            "created",
            {"shelf": (None, "S-1"), "place": (None, 4), "quantity": (None, 54), "made": (None, "by the server")},
        ),
    ]


def test_an_update_that_cannot_be_seen_is_refused(context: HandlerContext) -> None:
    def act(session: Session) -> None:
        table = Box.__table__
        session.execute(
            update(Box.metadata.tables[table.fullname]).where(Column("place") == bindparam("at")).values(quantity=1),  # type: ignore[attr-defined]
            [{"at": 1}, {"at": 2}],
        )

    with pytest.raises(Crashed) as crashed:
        called(context, act)
    assert crashed.value.facts["kind"] == "InvariantBroken"


# ---- what is undone, and what is too long


def test_what_a_handler_takes_back_is_not_told(context: HandlerContext) -> None:
    def act(session: Session) -> None:
        session.execute(update(Box).where(Box.place == 1).values(quantity=5))
        savepoint = session.begin_nested()
        session.execute(delete(Box).where(Box.place == 2))
        session.get_one(Box, ("S-1", 3)).quantity = 7
        session.flush()
        savepoint.rollback()
        with session.begin_nested():
            session.execute(update(Box).where(Box.place == 3).values(quantity=8))

    assert plain(done(context, act)) == [
        (*BOX_1, "changed", {"quantity": (1, 5)}),
        ("box", ("S-1", 3), "changed", {"quantity": (3, 8)}),
    ]


def test_a_modelled_error_undoes_rows_and_tells_none(context: HandlerContext) -> None:
    def act(session: Session) -> None:
        session.execute(update(Box).values(quantity=5))
        raise BusinessError("no")

    assert isinstance(called(context, act), Threw)
    assert done(context, lambda session: session.scalars(select(Box.quantity)).all()) == ()
    assert context.session.scalars(select(Box.quantity).order_by(Box.place)).all() == [1, 2, 3]


def test_nobody_watches_before_and_after_a_handler(context: HandlerContext) -> None:
    context.session.execute(update(Box).values(quantity=Box.quantity + 1))
    assert done(context, lambda session: session.execute(delete(Box).where(Box.place == 1)))
    context.session.execute(delete(Box).where(Box.place == 2))
    assert done(context, lambda session: session.get(Box, ("S-1", 3))) == ()


def test_what_is_too_long_is_told_by_its_length_and_hash(context: HandlerContext) -> None:
    def act(session: Session) -> None:
        row = session.get_one(Shelf, 1000)
        row.status = "é" * (LONGEST + 1)
        row.about = {"many": ["word"] * LONGEST, "weight": 1.5}
        row.seal = b"key"

    (change,) = done(context, act)
    assert {name: each.new[DIGEST]["length"] for name, each in change.fields.items()} == {
        "status": LONGEST + 1,
        "about": change.fields["about"].new[DIGEST]["length"],
        "seal": 3,
    }
    assert change.fields["seal"].new[DIGEST]["sha256"].startswith("2c70e12b")


def test_many_rows_are_told_in_parts() -> None:
    one = RowChange(table="box", key={}, name=None, became="changed", fields={})
    assert list(records("a", "e", "h", [])) == []
    (alone,) = records("a", "e", "h", [one] * MOST_ROWS)
    assert "part" not in alone
    parts = list(records("a", "e", "h", [one] * (MOST_ROWS * 2 + 1)))
    assert [(each["part"], each["parts"], len(each["rows"])) for each in parts] == [(1, 3, 100), (2, 3, 100), (3, 3, 1)]


# ---- whatever is done: what is told, done to the rows before, gives the rows after

DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["object", "update", "delete", "insert", "upsert", "add", "remove", "taken back"]),
        st.integers(1, 5),
        st.integers(0, 3),
    ),
    max_size=8,
)


def table_now(session: Session) -> dict[int, tuple[int, str | None]]:
    table = Box.__table__
    return {row.place: (row.quantity, row.made) for row in session.execute(select(table))}


def deed(session: Session, kind: str, place: int, quantity: int) -> None:
    row = {"shelf": "S-1", "place": place, "quantity": quantity}
    if kind == "object":
        found = session.get(Box, ("S-1", place))
        if found is not None:
            found.quantity = quantity
    elif kind == "update":
        session.execute(update(Box).where(Box.place >= place).values(quantity=Box.quantity + quantity))
    elif kind == "delete":
        session.execute(delete(Box).where(Box.place == place))
    elif kind == "insert":
        session.execute(upsert(Box).values(row).on_conflict_do_nothing())
    elif kind == "upsert":
        session.execute(
            upsert(Box)
            .values(row)
            .on_conflict_do_update(index_elements=["shelf", "place"], set_={"quantity": quantity})
        )
    elif kind == "add" and session.get(Box, ("S-1", place)) is None:
        session.add(Box(**row, made=f"by {quantity}"))
    elif kind == "remove" and (found := session.get(Box, ("S-1", place))) is not None:
        session.delete(found)
    elif kind == "taken back":
        savepoint = session.begin_nested()
        deed(session, "update", place, quantity + 1)
        deed(session, "delete", place + 1, 0)
        savepoint.rollback()
    session.flush()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DEEDS)
def test_what_is_told_leads_from_the_rows_before_to_those_after(
    context: HandlerContext, deeds: list[tuple[str, int, int]]
) -> None:
    session = context.session
    whole = session.begin_nested()
    before = table_now(session)

    def act(session: Session) -> None:
        for each in deeds:
            deed(session, *each)

    changes = done(context, act)
    session.expire_all()
    after = table_now(session)
    for each in changes:
        place = int(each.key["place"])
        old = dict(zip(("quantity", "made"), before.get(place, (None, None)), strict=True))
        assert (place in before) == (each.became != "created")
        assert all(field.old == old[name] for name, field in each.fields.items() if name in old)
        new = old | {name: field.new for name, field in each.fields.items() if name in old}
        before[place] = (new["quantity"], new["made"])
        if each.became == "deleted":
            del before[place]
    assert before == after
    whole.rollback()
    session.expunge_all()
