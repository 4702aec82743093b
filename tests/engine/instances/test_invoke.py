"""Handlers are held to what they declare, both ways; what they write before they fail is undone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator
from sqlalchemy import Text, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from engine.data import Money, data
from engine.database.session import Database
from engine.errors import Crashed, InputInvalid, OutputInvalid, Unavailable
from engine.handler import SYSTEM, BusinessError, Handler, HandlerContext, Transient, handler
from engine.instances.invoke import Returned, Threw, invoke


class Kind(StrEnum):
    SMALL = "small"
    LARGE = "large"


@data
class Line:
    article: str
    amount: Money


@data
class Given:
    number: int
    on: date
    kind: Kind
    lines: tuple[Line, ...]
    remark: str | None = None


@data
class Result:
    total: Money
    kind: Kind
    lines: tuple[Line, ...]
    count: int


def no_names(remark: str) -> str:
    raise ValueError(f"{remark} is somebody's name")


@data
class Careful:
    remark: Annotated[str, AfterValidator(no_names)]


FINE: dict[str, Any] = {
    "number": Decimal(7),
    "on": date(2026, 11, 23),
    "kind": "large",
    "lines": [{"article": "hat", "amount": Decimal("12.50")}],
}


def made(run: Any) -> Handler:
    def act(given: Given, context: HandlerContext) -> Result:
        result: Result = run(given, context)
        return result

    return handler("test.act", fr="Agir", en="Act")(act)


def sums(given: Given, context: HandlerContext) -> Result:
    total = sum((line.amount for line in given.lines), Decimal(0))
    return Result(total=total, kind=given.kind, lines=given.lines, count=given.number)


@pytest.fixture
def context(database: Database) -> Iterator[HandlerContext]:
    with database.transaction() as session:
        session.execute(text("CREATE TABLE business.mark (word text)"))
        yield context_of(session)


def context_of(session: Session) -> HandlerContext:
    return HandlerContext(
        session=session,
        actor=SYSTEM,
        business_key=None,
        attempt=1,
        idempotency_key="1:a2:test.act",
        now=datetime(2026, 11, 23, tzinfo=UTC),
        starter="clea",
    )


class Own(DeclarativeBase):
    pass


class Mark(Own):
    __tablename__ = "mark"
    __table_args__ = {"schema": "business"}  # noqa: RUF012 - so SQLAlchemy wants it
    word: Mapped[str] = mapped_column(Text, primary_key=True)


def mark(session: Session) -> None:
    session.execute(text("INSERT INTO business.mark VALUES ('here')"))


def marks(session: Session) -> int:
    return int(session.execute(text("SELECT count(*) FROM business.mark")).scalar_one())


def test_values_become_types_and_types_values(context: HandlerContext) -> None:
    assert invoke(made(sums), FINE, context) == Returned(
        result={
            "total": Decimal("12.50"),
            "kind": "large",
            "lines": [{"article": "hat", "amount": Decimal("12.50")}],
            "count": Decimal(7),
        }
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": Decimal("7.5")}, "number"),
        ({"kind": "huge"}, "kind"),
        ({"lines": [{"article": "hat", "amount": 12.5}]}, ""),
        ({"lines": [{"article": "hat", "amount": Decimal(1), "colour": "red"}]}, "lines.0.colour"),
        ({"colour": "red"}, "colour"),
        ({"on": "soon"}, "on"),
    ],
)
def test_an_input_that_does_not_fit_never_reaches_the_handler(
    context: HandlerContext, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(InputInvalid) as refused:
        invoke(made(lambda given, context: pytest.fail("it ran")), FINE | change, context)
    assert refused.value.facts["field"] == field
    assert "soon" not in str(refused.value.facts["reason"])


@pytest.mark.parametrize(
    "result",
    [
        None,
        {"total": Decimal(1)},
        Result(total=1.5, kind=Kind.SMALL, lines=(), count=1),  # type: ignore[arg-type]
        Result(total=Decimal(1), kind="huge", lines=(), count=1),  # type: ignore[arg-type]
        Result(total=Decimal(1), kind=Kind.SMALL, lines=(), count="many"),  # type: ignore[arg-type]
    ],
)
def test_a_result_that_does_not_fit_is_undone(context: HandlerContext, result: object) -> None:
    def act(given: Given, context: HandlerContext) -> object:
        mark(context.session)
        return result

    with pytest.raises(OutputInvalid):
        invoke(made(act), FINE, context)
    assert marks(context.session) == 0


@pytest.mark.parametrize(
    ("error", "raised"),
    [(ZeroDivisionError("bug"), Crashed), (Transient("busy"), Transient), (KeyError("x"), Crashed)],
)
def test_what_a_handler_raises_undoes_what_it_wrote(
    context: HandlerContext, error: Exception, raised: type[Exception]
) -> None:
    def act(given: Given, context: HandlerContext) -> object:
        mark(context.session)
        raise error

    with pytest.raises(raised) as failed:
        invoke(made(act), FINE, context)
    assert marks(context.session) == 0
    if isinstance(failed.value, Crashed):
        assert failed.value.facts == {"handler": "test.act", "kind": type(error).__name__}
        assert failed.value.__cause__ is error


@pytest.mark.parametrize(("asks", "savepoints"), [(0, 0), (1, 1), (2, 1)])
def test_a_savepoint_begins_when_the_session_is_first_asked_for(
    context: HandlerContext, asks: int, savepoints: int
) -> None:
    sent: list[str] = []
    connection = context.session.connection()
    event.listen(connection, "savepoint", lambda *_: sent.append("savepoint"))

    def act(given: Given, context: HandlerContext) -> object:
        for _ in range(asks):
            mark(context.session)
        return sums(given, context)

    assert isinstance(invoke(made(act), FINE, context), Returned)
    assert (len(sent), marks(context.session)) == (savepoints, asks)


def test_what_is_not_sent_yet_fails_within_the_savepoint(context: HandlerContext) -> None:
    context.session.execute(text("CREATE UNIQUE INDEX ON business.mark (word)"))
    mark(context.session)

    def act(given: Given, context: HandlerContext) -> object:
        context.session.add(Mark(word="here"))
        return sums(given, context)

    with pytest.raises(Crashed):
        invoke(made(act), FINE, context)
    assert marks(context.session) == 1


def test_what_a_check_of_the_handler_says_is_not_passed_on(context: HandlerContext) -> None:
    @handler("test.careful", fr="Lire", en="Read")
    def read(given: Careful, context: HandlerContext) -> None:
        pytest.fail("it ran")

    with pytest.raises(InputInvalid) as refused:
        invoke(read, {"remark": "Zoé"}, context)
    assert refused.value.facts == {"handler": "test.careful", "field": "remark", "reason": "value_error"}


def test_a_business_error_is_an_answer_and_undoes_what_was_written(context: HandlerContext) -> None:
    def act(given: Given, context: HandlerContext) -> object:
        mark(context.session)
        raise BusinessError("too_late", day=3)

    outcome = invoke(made(act), FINE, context)
    assert isinstance(outcome, Threw)
    assert (outcome.error.code, outcome.error.facts) == ("too_late", {"day": 3})
    assert marks(context.session) == 0


def test_an_error_of_the_database_does_not_end_the_transaction(context: HandlerContext) -> None:
    def act(given: Given, context: HandlerContext) -> object:
        context.session.execute(text("SELECT 1/0"))
        return None

    with pytest.raises(Crashed):
        invoke(made(act), FINE, context)
    mark(context.session)
    assert marks(context.session) == 1


def end(database: Database, session: Session) -> None:
    """End the connection of the session, as a server does that stops."""
    mine = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with database.transaction() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": mine})


def test_a_database_that_goes_away_or_is_busy_is_no_failure_of_the_handler(database: Database) -> None:
    """Whoever opened the transaction is told, and tries again: an incident would say that the handler is wrong."""

    def loses(_given: Given, context: HandlerContext) -> None:
        end(database, context.session)
        context.session.execute(text("SELECT 1"))

    def waits(_given: Given, context: HandlerContext) -> None:
        context.session.execute(text("SELECT pg_sleep(5)"))

    def called(run: Any) -> None:
        with hurried.transaction() as session:
            invoke(made(run), FINE, context_of(session))

    hurried = Database(database.url, busy_after=0.2)
    for run, code in ((loses, "database_unavailable"), (waits, "database_busy")):
        with pytest.raises(Unavailable, match=code):
            called(run)
    hurried.dispose()


def test_a_handler_that_hides_that_the_database_went_away_hides_it_from_nobody(database: Database) -> None:
    def hides(_given: Given, context: HandlerContext) -> None:
        end(database, context.session)
        try:
            context.session.execute(text("SELECT 1"))
        except DBAPIError as error:
            raise RuntimeError from error

    def goes_on() -> None:
        with database.transaction() as session:
            with pytest.raises(Crashed):
                invoke(made(hides), FINE, context_of(session))
            session.execute(text("SELECT 1"))

    with pytest.raises(Unavailable, match="database_unavailable"):
        goes_on()
