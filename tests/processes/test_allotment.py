"""The stories of ``allotment`` with the real handlers on PostgreSQL: deliveries wait in the real ``preparation``, and goods come in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from engine import records
from engine.definitions.store import read_folder
from engine.handler import SYSTEM
from engine.instances import commands, queries
from engine.instances.runtime import Runtime
from engine.messages import store as messages
from engine.messages.store import OutgoingMessage
from engine.model.bundle import Bundle, read_bundle
from engine.protocol.events import MessageThrown
from engine.stories import play, read_story
from handlers.catalogue.commands import columns
from handlers.catalogue.tables import Article
from handlers.catalogue.types import ArticleData
from handlers.customers.commands import AddCustomer, add_customer
from handlers.customers.types import CustomerData
from handlers.orders import commands as orders
from handlers.orders.types import OrderData
from handlers.sales.types import Line
from handlers.stock import ledger
from handlers.stock.ledger import Wanted
from handlers.table import HANDLERS
from tests.engine.stories.telling import at
from tests.processes.told import AUDITOR, EDITOR, PROCESSES, Told, entered, house, plain

FOLDER: Final = PROCESSES / "allotment"
STORIES: Final = sorted(FOLDER.glob("stories/*.yaml"))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return read_bundle(read_folder(FOLDER))


@dataclass
class AllotmentTold(Told):
    """As many orders of the article as deliveries wait in the story; nothing of it is there."""

    @property
    def article(self) -> str:
        assert self.story.start.variables is not None
        return str(plain(self.story.start.variables["article"]))

    def prepare(self) -> None:
        database = self.runtime.database
        customer = AddCustomer(customer=CustomerData(name="Cabinet Vallier"))
        records.execute(database, add_customer, customer, SYSTEM, now=self.now)
        with database.transaction() as session:
            session.add(
                Article(reference=self.article, **columns(self.article, ArticleData(name="Chaise", unit="pièce")))
            )
        chairs = Line(article=self.article, text="Chaise", quantity=Decimal(4), unit="pièce")
        seller = replace(SYSTEM, roles=frozenset({"sales_admin"}))
        for _ in self.coming("list_waiting")["deliveries"]:
            given = orders.AddOrder(customer="CL-2026-00001", order=OrderData(), lines=(chairs,), today=self.now.date())
            order = records.execute(database, orders.add_order, given, seller, now=self.now).key
            with database.transaction() as session:
                session.execute(
                    text(
                        "UPDATE business.sales_order SET status = 'confirmed', confirmed_at = created_at, confirmed_by = 'c'"
                        " WHERE status = 'draft'"
                    )
                )
            self.begin(order)

    def begin(self, order: str) -> None:
        answers = {"order_number": order}
        case = self.attempt(lambda: commands.start_instance(self.runtime, EDITOR, "preparation", answers).instance_id)
        assert set(self.open(case)) == {"settle_shortage"}

    def start(self) -> None:
        """Three of them come in: not enough for everybody, and each delivery is told all the same."""
        with self.runtime.database.transaction() as session:
            came = [Wanted(line=1, article=self.article, quantity=Decimal(3))]
            ledger.receive(session, "RC-1", "", came, by="bruno", now=self.now)
            sent = OutgoingMessage(name="goods_received", key=self.article, payload={"article": self.article})
            messages.send(session, [sent], self.now, sender="bruno")
        self.work()
        self.case = self.find("allotment")


@pytest.fixture(scope="module")
def published(template_url: str) -> Iterator[Runtime]:
    with house(template_url, "allotment", ("preparation", "allotment")) as runtime:
        yield runtime


@pytest.fixture
def runtime(published: Runtime) -> Runtime:
    """Without an order: each story begins with the first one."""
    with published.database.transaction() as session:
        session.execute(text("TRUNCATE business.customer, business.article, business.number_series CASCADE"))
        for table in ("message", "subscription"):
            session.execute(text(f"DELETE FROM engine.{table}"))
    return published


@pytest.mark.parametrize("file", STORIES, ids=lambda each: each.stem)
def test_each_story_goes_the_same_way_with_real_handlers(file: Path, bundle: Bundle, runtime: Runtime) -> None:
    story = read_story(file.read_bytes(), f"stories/{file.name}")
    report = play(bundle, story, HANDLERS, at)
    assert report.deviations == ()
    told = AllotmentTold(runtime=runtime, story=story)
    told.go()
    with runtime.database.reading() as session:
        case = queries.case(session, AUDITOR, told.case)
        sent = text("SELECT name, correlation_key FROM engine.message WHERE sender_instance_id = :case ORDER BY id")
        thrown = [(name, key) for name, key in session.execute(sent, {"case": told.case})]
    assert [each.element_id for each in case.timeline if each.type == "element:entered"] == entered(report)
    assert (case.row.status, case.row.business_key) == ("completed", told.article)
    assert thrown == [(each.name, each.key) for each in report.events if isinstance(each, MessageThrown)]
