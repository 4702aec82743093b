"""A process of the tests' own, with its handlers, its table and its cast (fixed, as in Healthchecks: who may what is known by the name)."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.data import Money, data
from engine.database.session import Database
from engine.definitions.store import Version, read_folder
from engine.handler import (
    SYSTEM,
    Actor,
    BusinessError,
    Choice,
    ChoiceSource,
    HandlerContext,
    HandlerTable,
    handler,
)
from engine.identity import people
from engine.instances.runtime import Runtime
from tests.publishing import publish

FOLDER = Path(__file__).parent / "parcel"

PACKERS = [Actor(login=f"pack{n}", name=f"Packer {n}", roles=frozenset({"packer"})) for n in range(8)]
PACKER = PACKERS[0]
CLERK = Actor(login="clea", name="Cléa", roles=frozenset({"clerk"}))
CHIEF = Actor(login="chan", name="Chan", roles=frozenset({"chief"}))
BOTH = Actor(login="bo", name="Bo", roles=frozenset({"packer", "chief"}))
OWNER = Actor(login="olga", name="Olga", roles=frozenset({"process_owner"}))
AUDITOR = Actor(login="aude", name="Aude", roles=frozenset({"auditor"}))
STRANGER = Actor(login="zoe", name="Zoé", roles=frozenset({"gardener"}))

ROLES = ("packer", "clerk", "chief", "process_owner", "auditor", "gardener")


@data
class Asked:
    article: str
    worth: Money


@data
class Recorded:
    number: str


@handler("parcel.record", fr="Enregistrer", en="Record", errors=("article_unknown", "worth_too_high"))
def record(given: Asked, context: HandlerContext) -> Recorded:
    """Writes a row first, so that whatever ends badly has something to undo."""
    number = context.session.execute(
        text("INSERT INTO business.parcel (article, worth, key) VALUES (:article, :worth, :key) RETURNING id"),
        {"article": given.article, "worth": given.worth, "key": context.idempotency_key},
    ).scalar_one()
    if given.article == "unknown":
        raise BusinessError("article_unknown", article=given.article)
    if given.article == "dear":
        raise BusinessError("worth_too_high", limit=1000)
    if given.article == "crash":
        raise ZeroDivisionError("the handler has a bug")
    if given.article == "broken":
        context.session.execute(text("SELECT 1/0"))
    return Recorded(number=f"P{number}")


@data
class Sent:
    number: str
    weight: int


@handler("parcel.send", fr="Envoyer", en="Send")
def send(given: Sent, context: HandlerContext) -> None:
    if given.weight == 13:
        raise RuntimeError("thirteen")
    context.session.execute(
        text("UPDATE business.parcel SET weight = :weight WHERE 'P' || id = :number"),
        {"weight": given.weight, "number": given.number},
    )


@data
class Told:
    number: str
    subject: str


@handler("parcel.tell", fr="Prévenir", en="Tell", effect=True)
def tell(given: Told, context: HandlerContext) -> None:
    context.session.execute(
        text("INSERT INTO business.letter (number, subject, key) VALUES (:number, :subject, :key)"),
        {"number": given.number, "subject": given.subject, "key": context.idempotency_key},
    )


def articles(session: Session) -> list[Choice]:
    return [Choice(value=each, label=each.title()) for each in ("hat", "unknown", "dear", "crash", "broken")]


HANDLERS = HandlerTable.of(
    [record, send, tell],
    [ChoiceSource(name="parcel.articles", read=articles)],
)


def files() -> dict[str, bytes]:
    return read_folder(FOLDER)


def prepare(database: Database, handlers: HandlerTable = HANDLERS) -> Runtime:
    """Roles, the tables of the handlers, and the process published."""
    with database.transaction() as session:
        for role in ROLES:
            people.add_role(session, role, role, role)
        session.execute(
            text("""
            CREATE TABLE business.parcel (id bigserial PRIMARY KEY, article text, worth numeric, weight int, key text UNIQUE);
            CREATE TABLE business.letter (id bigserial PRIMARY KEY, number text, subject text, key text)
            """)
        )
    publish_parcel(database, handlers)
    return Runtime(database=database, handlers=handlers)


def publish_parcel(database: Database, handlers: HandlerTable = HANDLERS, **changes: str) -> Version:
    """Publish the process; ``changes`` replace text of the diagram (``old__new`` would be unreadable: pass ``old=…, new=…``)."""
    found = files()
    if changes:
        old, new = changes["old"], changes["new"]
        assert old in found["parcel.bpmn"].decode()
        found["parcel.bpmn"] = found["parcel.bpmn"].decode().replace(old, new).encode()
    return publish(database, SYSTEM, found, handlers)
