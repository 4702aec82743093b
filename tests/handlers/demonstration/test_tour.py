"""The tour goes from the quote to the last payment, and leaves nothing open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import StringIO

import pytest
from sqlalchemy import text

from engine import clock
from engine.database.session import Database
from engine.handler import SYSTEM
from engine.instances import queries
from engine.instances.runtime import Runtime
from handlers.demonstration.tour import Tour, tell
from handlers.table import HANDLERS
from tests.conftest import cloned

AUDITOR = replace(SYSTEM, roles=frozenset({"auditor"}))


@pytest.fixture
def company(company_url: str) -> Iterator[Database]:
    with cloned(company_url) as url:
        found = Database(url)
        yield found
        found.dispose()


def test_the_tour_ends_with_everything_paid_and_nothing_open(company: Database) -> None:
    out = StringIO()
    tour = Tour(runtime=Runtime(database=company, handlers=HANDLERS), language="en", out=out, now=clock.now())
    tell(tour)
    told = out.getvalue()
    for each in ("Sarah", "Marc", "Camille", "Gabriel", "Bruno", "Yasmine", "Hélène Vallier"):
        assert each in told
    with company.reading() as session:
        rows = queries.cases(session, AUDITOR, limit=200).cases
        counted = session.execute(
            text("""
                SELECT (SELECT sum(total) FROM business.invoice) AS invoiced, (SELECT sum(amount) FROM business.payment) AS paid,
                    (SELECT count(*) FROM business.invoice WHERE number IS NOT NULL) AS invoices,
                    (SELECT count(*) FROM business.delivery WHERE status = 'shipped') AS deliveries,
                    (SELECT total FROM business.sales_order WHERE status = 'closed') AS ordered
            """)
        ).one()
        papers = session.scalars(
            text("SELECT attachment_name FROM engine.letter WHERE attachment_name <> '' ORDER BY id")
        )
        kinds = [each.split(" ", 1)[0] for each in papers]
        undelivered = session.scalars(text("SELECT name FROM engine.message WHERE received_at IS NULL")).all()
    assert {(each.process_key, each.status) for each in rows} == {
        (each, "completed")
        for each in ("quote_acceptance", "order_fulfilment", "preparation", "replenishment", "allotment", "invoicing")
    }
    assert not any(each.open_incidents for each in rows)
    assert counted.invoiced == counted.paid == counted.ordered
    assert (counted.invoices, counted.deliveries) == (2, 2)
    assert kinds == ["Devis", "Accusé", "Bon", "Facture", "Bon", "Facture"]
    assert undelivered == [], "nobody is told what nobody waits for"
