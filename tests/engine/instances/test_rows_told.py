"""What handlers do to rows is told by the history of the case: in the step's chain and transaction, sealed where it is personal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import BigInteger, Identity, MetaData, Text, event, select, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from engine import clock, records
from engine.data import data, from_canonical
from engine.database.session import Database
from engine.handler import SYSTEM, Actor, BusinessError, HandlerContext, HandlerTable, handler
from engine.history import export, keeping, ocel, personal, verifier, xes
from engine.history import queries as history
from engine.history.cases_export import Chosen
from engine.history.personal import Erased
from engine.history.verification import verify_all
from engine.identity import people
from engine.instances import commands, queries
from engine.instances.erasing import ErasePersonal, erase_personal
from engine.instances.runtime import Runtime
from engine.kernel import State
from engine.migration import fold_case
from engine.record import Change, RecordContext, record_command
from tests.engine.instances.conftest import CLERK, NOW, OWNER, House
from tests.engine.instances.drawing import boundary, bundle_files, error, error_named, plain, service, user
from tests.publishing import publish_unexamined

ADA = Actor(login="ada", name="Ada", person_id=uuid4(), roles=frozenset({"admin"}))
NAME = "Jérôme Dupont-Öztürk"
FORM = b"""id: answer
title: {fr: Repondre, en: Answer}
fields:
  - {name: customer, type: text, personal: true, label: {fr: Client, en: Customer}}
"""


class Own(DeclarativeBase):
    metadata = MetaData(schema="business")


class Card(Own):
    __tablename__ = "card"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    holder: Mapped[str] = mapped_column(Text)
    remark: Mapped[str] = mapped_column(Text)


@data
class Said:
    said: str


@handler("card.make", fr="Faire", en="Make", errors=("no",))
def make_card(given: Said, context: HandlerContext) -> None:
    context.session.add(Card(number="K-1", status="draft", holder=NAME, remark=f"{given.said}"))
    if given.said == "no":
        context.session.flush()
        raise BusinessError("no")


@handler("card.read", fr="Lire", en="Read")
def read_card(_given: Said, context: HandlerContext) -> None:
    context.session.scalars(select(Card)).all()


@handler("card.send", fr="Envoyer", en="Send", effect=True)
def send_card(given: Said, context: HandlerContext) -> None:
    context.session.execute(update(Card).values(status=given.said))


@handler("card.post", fr="Poster", en="Post", effect=True, once=True)
def post_card(given: Said, context: HandlerContext) -> None:
    context.session.execute(update(Card).values(status=given.said))


@data
class Rename:
    number: str
    holder: str


@record_command("card.rename", event="card:renamed", kind="card", key="number", may=(), fr="Renommer", en="Rename")
def rename_card(given: Rename, context: RecordContext) -> Change:
    row = context.session.scalars(select(Card).where(Card.number == given.number)).one()
    before = {"holder": row.holder}
    row.holder = given.holder
    return Change(before=before, after={"holder": row.holder})


@handler("card.rename", fr="Renommer", en="Rename", errors=("no",))
def keep_name(given: Said, context: HandlerContext) -> None:
    """Asks for the session only after the command: its savepoint is there all the same."""
    context.keep(rename_card, Rename(number="K-1", holder=given.said))
    if given.said == "no":
        raise BusinessError("no")
    for row in context.session.scalars(select(Card)):
        row.status = "renamed"


HANDLERS = HandlerTable.of([make_card, read_card, send_card, post_card, keep_name], [], {"card": frozenset({"holder"})})


@pytest.fixture
def house(database: Database) -> House:
    with database.transaction() as session:
        for role in ("clerk", "process_owner", "admin"):
            people.add_role(session, role, role, role)
        Own.metadata.create_all(session.connection())
    return House(runtime=Runtime(database=database, handlers=HANDLERS))


def publish(house: House, *inside: str, flows: str, before: Sequence[str] = ()) -> None:
    files = bundle_files("cards", *before, plain("cards", *inside, flows=flows))
    files["forms/answer.yaml"] = FORM
    publish_unexamined(house.runtime.database, SYSTEM, files, HANDLERS)
    house.work()


def told(house: House, case: int) -> list[Mapping[str, Any]]:
    with house.runtime.database.reading() as session:
        timeline = history.timeline(session, case)
        held = session.execute(
            text("SELECT snapshot, chain_sequence FROM engine.instance WHERE id = :case"), {"case": case}
        ).one()
    folded = fold_case(each.record for each in timeline)
    assert folded.to_text() == State.from_text(bytes(held.snapshot)).to_text()
    assert len(timeline) == held.chain_sequence
    return [each.record for each in timeline if each.type == "rows:changed"]


def whole(house: House) -> None:
    keeping.number_all(house.runtime.database)
    with house.runtime.database.reading() as session:
        report = verify_all(session)
    assert report.is_whole, report.lines("en")


def fields(record: Mapping[str, Any], row: int = 0) -> dict[str, tuple[Any, Any]]:
    return {name: (each["old"], each["new"]) for name, each in record["rows"][row]["fields"].items()}


def test_what_a_step_does_to_rows_stands_in_its_history(house: House) -> None:
    publish(
        house,
        service("make", "card.make", inputs={"said": '"new"'}),
        service("send", "card.send", inputs={"said": '"sent"'}),
        flows="start -> make -> send -> end",
    )
    case = house.start("cards")
    made, sent = told(house, case)
    assert (made["element"], made["handler"], made["rows"][0]["became"], made["rows"][0]["name"]) == (
        *("make", "card.make", "created", "K-1"),
    )
    assert fields(made)["status"] == (None, "draft")
    assert (sent["element"], sent["handler"], fields(sent)) == ("send", "card.send", {"status": ("draft", "sent")})
    assert house.status(case) == "completed"
    whole(house)


def test_what_must_not_be_repeated_tells_its_rows_before_the_case_goes_on(house: House) -> None:
    publish(
        house,
        service("make", "card.make", inputs={"said": '"new"'}),
        service("post", "card.post", inputs={"said": '"posted"'}),
        flows="start -> make -> post -> end",
    )
    case = house.start_only("cards")
    ((name, arguments),) = house.jobs()
    house.perform(name, arguments)
    assert fields(told(house, case)[1]) == {"status": ("draft", "posted")}
    assert house.status(case) == "active"
    house.work()
    assert len(told(house, case)) == 2
    assert house.status(case) == "completed"
    whole(house)


def test_a_modelled_error_leaves_no_row_and_no_word_of_it(house: House) -> None:
    publish(
        house,
        service("make", "card.make", inputs={"said": '"no"'}),
        boundary("caught", "make", error("no")),
        flows="start -> make -> end\ncaught -> end",
        before=[error_named("no")],
    )
    case = house.start("cards")
    assert told(house, case) == []
    assert house.status(case) == "completed"


def test_a_handler_that_only_reads_tells_nothing_and_costs_nothing_more(house: House) -> None:
    publish(
        house,
        user("ask"),
        service("read", "card.read", inputs={"said": '"x"'}),
        user("then"),
        service("make", "card.make", inputs={"said": '"x"'}),
        user("last"),
        flows="start -> ask -> read -> then -> make -> last -> end",
    )
    case = house.start("cards")
    counts = {}
    for element in ("ask", "then", "last"):
        seen: list[str] = []
        engine = house.runtime.database.engine

        def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any, seen: list[str] = seen) -> None:
            seen.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        house.complete_only(case, element)
        event.remove(engine, "before_cursor_execute", note)
        counts[element] = [each for each in seen if "SAVEPOINT" not in each]
    assert [each["element"] for each in told(house, case)] == ["make"]
    assert len(counts["then"]) == len(counts["ask"]), "one SELECT there, one INSERT here"


def test_a_record_that_is_kept_is_told_by_its_own_history_alone(house: House) -> None:
    publish(
        house,
        service("make", "card.make", inputs={"said": '"new"'}),
        service("rename", "card.rename", inputs={"said": '"Zoé Morel"'}),
        service("fail", "card.rename", inputs={"said": '"no"'}),
        boundary("caught", "fail", error("no")),
        flows="start -> make -> rename -> fail -> end\ncaught -> end",
        before=[error_named("no")],
    )
    case = house.start("cards")
    assert house.status(case) == "completed"
    assert [fields(each) for each in told(house, case)][1:] == [{"status": ("draft", "renamed")}]
    assert house.rows("SELECT holder FROM business.card") == [("Zoé Morel",)], "undone with the savepoint of who failed"
    kept = [
        from_canonical(record) for (record,) in house.rows("SELECT record FROM engine.record_event WHERE kind = 'card'")
    ]
    assert [each["fields"] for each in kept] == [{"holder": {"old": NAME, "new": "Zoé Morel"}}]


def test_personal_fields_are_sealed_and_can_be_erased(house: House) -> None:
    """A declared column, and a text that is known as a personal value of the case and stands in another column."""
    publish(
        house,
        user("ask", form="answer"),
        service("make", "card.make", inputs={"said": "customer"}),
        flows="start -> ask -> make -> end",
    )
    with clock.frozen(NOW):
        case = commands.start_instance(house.runtime, CLERK, "cards").instance_id
    house.complete(case, "ask", customer="Ada Lovelace")
    assert len(told(house, case)) == 1
    ((stored_record,),) = house.rows("SELECT record FROM engine.event WHERE type = 'rows:changed'")
    record = from_canonical(stored_record)
    assert set(fields(record)["holder"][1]) == set(fields(record)["remark"][1]) == {personal.MARK}
    assert fields(record)["status"] == (None, "draft")
    stored = "".join(record for (record,) in house.rows("SELECT record FROM engine.event"))
    assert NAME not in stored
    assert "Ada Lovelace" not in stored
    shown = [each.record for each in house.case(case).timeline if each.type == "rows:changed"]
    assert (fields(shown[0])["holder"][1], fields(shown[0])["remark"][1]) == (NAME, "Ada Lovelace")
    whole(house)
    records.execute(
        house.runtime.database, erase_personal, ErasePersonal(subject=f"case/{case}", because="asked"), ADA, now=NOW
    )
    (after,) = [each.record for each in house.case(case).timeline if each.type == "rows:changed"]
    assert isinstance(fields(after)["holder"][1], Erased)
    whole(house)
    with house.runtime.database.reading() as session:
        assert verifier.verify(export.bundle(session, case, NOW)).is_whole


def test_it_is_exported_for_process_mining(house: House) -> None:
    publish(
        house,
        service("make", "card.make", inputs={"said": '"new"'}),
        flows="start -> make -> end",
    )
    house.start("cards")
    with house.runtime.database.reading() as session:
        for kind in (ocel, xes):
            written = "".join(kind.lines(session, Chosen(process_key="cards"), lambda _hash, element: element))
            assert "rows:changed" in written
            assert NAME not in written
        assert queries.cases(session, OWNER, process_key="cards").cases
