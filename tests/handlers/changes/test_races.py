"""Two people at once, on real PostgreSQL: whoever comes first is right, the other is told, and no document ever has more than the order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import text

from engine.database.session import Database
from engine.errors import CommandRejected, InvalidInput
from engine.handler import BusinessError
from handlers.deliveries import handlers as d
from handlers.deliveries.steps import Picked, Replan
from tests.handlers.changes.conftest import CHAIRS, DESKS, revise, view
from tests.handlers.changes.test_commands import draft, plan, run

ROUNDS = range(2)


def both(*acts: Callable[[], object]) -> list[str]:
    """What became of acts that begin at the same moment: ``done``, or the code with which each was refused."""
    gate, said = threading.Barrier(len(acts)), ["lost"] * len(acts)

    def run_one(at: int, act: Callable[[], object]) -> None:
        gate.wait()
        try:
            act()
            said[at] = "done"
        except InvalidInput as refusal:
            said[at] = refusal.fields[0].code
        except (CommandRejected, BusinessError) as refusal:
            said[at] = refusal.code

    threads = [threading.Thread(target=run_one, args=each) for each in enumerate(acts)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return said


def sums(database: Database) -> list[tuple[Decimal, Decimal, Decimal]]:
    """Of each sold line: what is ordered, prepared, and invoiced."""
    with database.reading() as session:
        rows = session.execute(
            text("""
            SELECT ordered.quantity,
                (SELECT coalesce(sum(line.quantity), 0) FROM business.delivery_line line
                 JOIN business.delivery ON delivery.id = line.delivery_id
                 WHERE line.order_line_id = ordered.id AND delivery.status IN ('prepared', 'shipped')) AS prepared,
                (SELECT coalesce(sum(line.quantity), 0) FROM business.invoice_line line
                 WHERE line.order_line_id = ordered.id) AS invoiced
            FROM business.order_line ordered WHERE ordered.kind = 'item' ORDER BY ordered.place
            """)
        )
        return [(row.quantity, row.prepared, row.invoiced) for row in rows]


@pytest.mark.parametrize("_round", ROUNDS)
def test_a_change_while_the_warehouse_marks_it_prepared(order: Database, _round: int) -> None:
    number = plan(order)
    picked = Picked(delivery_number=number, picked="1 : 5\n2 : 4", prepared_by="bruno")
    less, prepared = both(
        lambda: revise(order, {DESKS: {"quantity": Decimal(2)}}), lambda: run(order, d.prepare, picked, "1:p:h")
    )
    assert (less, prepared) in {("done", "delivery_outdated"), ("order_line_below_started", "done")}
    assert all(ordered >= carried for ordered, carried, _ in sums(order))
    if less == "done":
        planned = run(order, d.replan_delivery, Replan(delivery_number=number, reason="Commande modifiée"))
        assert planned.changed == "1. 5 → 2 pièces · BUR Bureau chêne"
        assert run(order, d.prepare, Picked(delivery_number=number, picked="1 : 2\n2 : 4", prepared_by="bruno"))


@pytest.mark.parametrize("_round", ROUNDS)
def test_a_change_while_somebody_invoices_the_same_line(order: Database, _round: int) -> None:
    less, invoiced = both(
        lambda: revise(order, {DESKS: {"quantity": Decimal(2)}, CHAIRS: {"unit_price": Decimal(90)}}),
        lambda: draft(order),
    )
    assert invoiced == "done", "what is left then is invoiced"
    assert less in {"done", "order_line_below_invoiced"}
    assert all(ordered >= billed for ordered, _, billed in sums(order))
    with order.reading() as session:
        total = session.execute(text("SELECT total FROM business.invoice")).scalar_one()
    assert total == view(order).totals.total


@pytest.mark.parametrize("_round", ROUNDS)
def test_two_change_it_at_once(order: Database, _round: int) -> None:
    said = both(
        *(lambda n=n: revise(order, {DESKS: {"quantity": Decimal(n)}}, key=f"form-{n}", version=1) for n in (6, 7, 8))
    )
    assert sorted(said) == ["done", "record_changed_meanwhile", "record_changed_meanwhile"]
    assert view(order).version == 2


@pytest.mark.parametrize("_round", ROUNDS)
def test_the_same_form_twice_at_once_changes_once(order: Database, _round: int) -> None:
    same = {DESKS: {"quantity": Decimal(7)}}
    assert both(*(lambda: revise(order, same, version=1) for _ in range(3))) == ["done"] * 3
    assert view(order).version == 2
    with order.reading() as session:
        asked = text("SELECT count(*) FROM business.order_version")
        assert session.execute(asked).scalar_one() == 1
