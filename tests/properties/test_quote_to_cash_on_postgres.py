"""The same on PostgreSQL: what the commands do and the queries say is what the account says, after each act."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from engine import records
from engine.database.session import Database
from engine.handler import SYSTEM
from engine.records.queries import noted
from handlers.company.commands import SetIdentity, set_identity
from handlers.demonstration.company import IDENTITY
from handlers.invoices import verifying
from handlers.payments import queries
from tests.conftest import cloned
from tests.handlers.sales.conftest import open_shop
from tests.properties.play import EMPHASES, Player, Tape
from tests.properties.postgres import CUSTOMER, DAY, NOW, PostgresHouse

TAPES = st.binary(min_size=90, max_size=260)
CHECKS = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture)


@pytest.fixture(scope="module")
def shop(template_url: str) -> Iterator[Database]:
    """A customer, two articles, and who we are."""
    with cloned(template_url, "cash") as url:
        database = Database(url)
        open_shop(database)
        records.execute(database, set_identity, SetIdentity(identity=IDENTITY), SYSTEM, now=NOW)
        yield database
        database.dispose()


def holds(shop: Database, data: bytes, emphasis: str, most: int) -> None:
    with shop.engine.connect() as connection, Session(connection) as session:
        player = Player(PostgresHouse(session), Tape(data), emphasis, most=most, positions=("domestic",))
        player.play()
        assert verifying.verify(session, noted).broken == ()
        said = queries.statement(session, CUSTOMER, DAY, date(2027, 12, 31))
        assert said is not None
        assert said.closing == queries.balance(session, CUSTOMER, DAY).balance
        session.rollback()


@settings(max_examples=20, suppress_health_check=CHECKS)
@given(TAPES, st.sampled_from(("all", "goods", "credits", "money")))
def test_queries_say_what_the_account_says(shop: Database, data: bytes, emphasis: str) -> None:
    holds(shop, data, emphasis, most=5)


@pytest.mark.long(minutes=1)
@pytest.mark.parametrize("emphasis", EMPHASES)
@settings(max_examples=30, suppress_health_check=CHECKS)
@given(data=TAPES)
def test_queries_say_what_the_account_says_many_times(shop: Database, emphasis: str, data: bytes) -> None:
    holds(shop, data, emphasis, most=20)
