"""An order of five hundred lines beside one of three: its price, its writing, its confirmation, its paper."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from engine import records
from engine.database.session import Database
from engine.handler import Actor, HandlerContext
from engine.instances.invoke import run_handler
from handlers.catalogue.commands import AddArticle, add_article
from handlers.catalogue.types import ArticleData
from handlers.customers.commands import AddCustomer, add_customer
from handlers.customers.types import CustomerData
from handlers.demonstration.company import seed_company
from handlers.documents.ours import find_ours
from handlers.documents.press import pdf_of
from handlers.orders import commands, printing, queries
from handlers.orders.handlers import confirm_order
from handlers.orders.steps import Confirm
from handlers.orders.types import OrderData
from handlers.sales import rules
from handlers.sales.taxes import Taxation
from handlers.sales.types import Extras, Line
from tests.benchmarks import databases
from tests.benchmarks.documents import processor
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.measure import BLOCKS, Spread, cpu, wall

FEW, MANY = 3, 500
TODAY = date(2026, 12, 1)
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
ACTOR = Actor(login="bench", name="Bench", roles=frozenset({"sales", "sales_manager", "purchasing_admin"}))
ARTICLES = 50
EXTRAS = Extras(discount=Decimal("2.5"), shipping=Decimal(40))


def orders() -> Iterator[Figure]:
    """What each costs; what is sent to the database does not grow with the lines."""
    lines, rates = _lines(MANY), Taxation(day=TODAY).rates()
    priced = [1e3 * cpu(lambda: rules.totals(lines, EXTRAS, rates), 5) for _ in range(BLOCKS)]
    yield Figure(f"orders.price_{MANY}", Spread.of(priced), "ms")
    with databases.fresh() as (database, _):
        _open(database)
        yield from _acts(database)
        number = _add(database, MANY)
        with database.reading() as session:
            ours, order = find_ours(session), queries.find_order(session, number)
        assert ours is not None
        assert order is not None
        document = printing.document_of(order, ours, is_draft=False)
        size = len(pdf_of(document)) // 1000
        drawn = [1e3 * processor(document) for _ in range(BLOCKS)]
        yield Figure(f"orders.pdf_{MANY}", Spread.of(drawn), "ms", note=f"{size} kB")


def _acts(database: Database) -> Iterator[Figure]:
    """Writing an order and confirming it, the two sizes in turn."""
    taken: dict[tuple[str, int], list[float]] = {}
    sent: dict[tuple[str, int], int] = {}
    for _ in range(BLOCKS):
        for size in (FEW, MANY):
            made: list[str] = []
            with databases.sent_to(database) as statements:
                seconds = wall(lambda size=size, made=made: made.append(_add(database, size)))  # type: ignore[misc]
            taken.setdefault(("add", size), []).append(seconds)
            sent["add", size] = len(statements)
            with databases.sent_to(database) as statements:
                seconds = wall(lambda made=made: _confirm(database, made[0]))  # type: ignore[misc]
            taken.setdefault(("confirm", size), []).append(seconds)
            sent["confirm", size] = len(statements)
    for act in ("add", "confirm"):
        more = sent[act, MANY] - sent[act, FEW]
        yield Figure(f"orders.{act}_{MANY}", Spread.of([1e3 * each for each in taken[act, MANY]]), "ms")
        yield Figure(f"orders.{act}.vs_{FEW}_lines", Spread.of_ratio(taken[act, MANY], taken[act, FEW]))
        note = f"{sent[act, FEW]} for {FEW} lines"
        yield Figure(f"orders.{act}.more_statements", Spread.of([more]), "n", goal=Goal("<=", 0), note=note)


def _open(database: Database) -> None:
    with database.transaction() as session:
        seed_company(session)
    records.execute(database, add_customer, AddCustomer(customer=CustomerData(name="Cabinet Vallier")), ACTOR, now=NOW)
    for number in range(ARTICLES):
        article = ArticleData(name=f"Bureau chêne n° {number}", unit="pièce", sale_price=Decimal(690))
        given = AddArticle(reference=f"BUR-{number:03}", article=article)
        records.execute(database, add_article, given, ACTOR, now=NOW)


def _lines(many: int) -> tuple[Line, ...]:
    return tuple(
        Line(
            article=f"BUR-{number % ARTICLES:03}",
            text=f"Bureau chêne n° {number}\nPlateau massif.",
            quantity=Decimal("2.5"),
            unit="pièce",
            unit_price=Decimal("690.125"),
            discount=Decimal(number % 7),
            vat=("normal", "intermediate", "reduced")[number % 3],
        )
        for number in range(many)
    )


def _add(database: Database, many: int) -> str:
    order = OrderData(subject="Mobilier", email="achats@vallier.example", extras=EXTRAS)
    given = commands.AddOrder(customer="CL-2026-00001", order=order, lines=_lines(many), today=TODAY)
    return str(records.execute(database, commands.add_order, given, ACTOR, now=NOW).answer)


_keys = count(1)


def _confirm(database: Database, number: str) -> None:
    with database.transaction() as session:
        view = queries.find_order(session, number)
        assert view is not None
        given: Any = Confirm(order_number=number, total=view.totals.total, confirmed_by=None)
        run_handler(confirm_order, given, _context(session))


def _context(session: Session) -> HandlerContext:
    return HandlerContext(
        session=session,
        actor=ACTOR,
        business_key=None,
        attempt=1,
        idempotency_key=f"bench:{next(_keys)}",
        now=NOW,
        starter=ACTOR.login,
    )
