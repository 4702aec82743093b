"""The purchasing handlers on the real database: what they write, what they refuse, what the database refuses whatever they do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.database.session import Database
from engine.errors import Crashed
from engine.handler import BusinessError, HandlerContext
from engine.identity import people
from engine.instances.invoke import run_handler
from engine.mail.letters import to_person
from handlers.base.tables import NumberSeries
from handlers.purchasing.handlers import (
    close_request,
    launch_request,
    receive_goods,
    refuse_request,
    remind_buyers,
    remind_delivery,
    submit_request,
    tell_receipt,
    tell_submitter,
)
from handlers.purchasing.queries import order_of_request, read_suppliers, receipts_of_order
from handlers.purchasing.tables import ReplenishmentRequest, SupplierOrder
from handlers.purchasing.types import (
    Arrival,
    Arrived,
    Closed,
    Closing,
    Ended,
    Launch,
    Launched,
    Outcome,
    Overdue,
    Refusal,
    RequestSubmitted,
    RequestWanted,
    Waiting,
)
from handlers.stock.ledger import availability
from handlers.stock.queries import read_short_articles
from handlers.stock.tables import StockMovement

ContextMaker = Callable[..., HandlerContext]


def _submit(session: Session, context_of: ContextMaker, **changes: Any) -> RequestSubmitted:
    asked: dict[str, Any] = {"article": "LAM", "quantity": Decimal(30)}
    wanted = RequestWanted(**(asked | changes))
    submitted = run_handler(submit_request, wanted, context_of(session, key=f"submit {changes}"))
    assert isinstance(submitted, RequestSubmitted)
    return submitted


def _launch(number: str, **changes: Any) -> Launch:
    facts: dict[str, Any] = {
        "supplier": "PRO",
        "unit_price": Decimal("199.995"),
        "launched_by": "gabriel",
        "approved_by": "monique",
    }
    return Launch(request_number=number, **(facts | changes))


def _plain(sentence: str) -> str:
    """French puts unbreakable blanks before some signs."""
    return sentence.replace("\u00a0", " ").replace("\u202f", " ")


def test_a_request_is_numbered_and_recorded(company: Database, context_of: ContextMaker) -> None:
    with company.transaction() as session:
        submitted = _submit(session, context_of)
    assert submitted == RequestSubmitted(
        request_number="DA-2026-00001", article_name="Lampe", unit="pièce", warehouse_name="Dépôt principal"
    )
    with company.reading() as session:
        row = session.scalars(select(ReplenishmentRequest)).one()
        assert (row.status, row.quantity, row.submitted_by) == ("submitted", Decimal(30), "camille")


def test_numbers_are_of_the_year_at_the_company(company: Database, context_of: ContextMaker) -> None:
    """Half an hour after midnight in Paris, half an hour before it in Greenwich."""
    day = date(2027, 1, 1)
    with company.transaction() as session:
        number = _submit(session, context_of, today=day).request_number
        launched = run_handler(launch_request, _launch(number, today=day), context_of(session, key="launch"))
    assert (number, launched.order_number) == ("DA-2027-00001", "CF-2027-00001")


def test_a_request_names_a_warehouse_that_there_is(company: Database, context_of: ContextMaker) -> None:
    with company.transaction() as session, pytest.raises(BusinessError, match="warehouse_unknown"):
        _submit(session, context_of, warehouse="MARS")


@pytest.mark.parametrize(("article", "code"), [("CAI", "article_not_short"), ("NONE", "article_unknown")])
def test_only_a_short_article_can_be_asked_for(
    company: Database, context_of: ContextMaker, article: str, code: str
) -> None:
    with company.transaction() as session:
        with pytest.raises(BusinessError) as refused:
            _submit(session, context_of, article=article)
        assert refused.value.code == code
        assert session.scalar(select(func.count()).select_from(ReplenishmentRequest)) == 0


def test_numbers_have_no_gap_after_a_rollback(company: Database, context_of: ContextMaker) -> None:
    class Undone(Exception):
        """Stands for whatever ends a transaction badly."""

    def submit_and_fail() -> None:
        with company.transaction() as session:
            _submit(session, context_of)
            raise Undone

    with pytest.raises(Undone):
        submit_and_fail()
    with company.transaction() as session:
        assert _submit(session, context_of).request_number == "DA-2026-00001"
        assert _submit(session, context_of, quantity=Decimal(2)).request_number == "DA-2026-00002"
        assert session.get_one(NumberSeries, ("DA", 2026)).next_number == 3


@pytest.mark.parametrize(
    "change",
    [
        "quantity = 31",
        "article_id = (SELECT id FROM business.article WHERE reference = 'CAI')",
        "comment = 'other'",
        "needed_on = '2027-01-01'",
        "submitted_by = 'hugo'",
        "number = 'DA-2026-99999'",
    ],
)
def test_a_submitted_request_is_frozen(company: Database, context_of: ContextMaker, change: str) -> None:
    with company.transaction() as session:
        _submit(session, context_of)
    with pytest.raises(IntegrityError, match="frozen"), company.transaction() as session:
        session.execute(text(f"UPDATE business.replenishment_request SET {change}"))


def test_a_request_is_never_deleted(company: Database, context_of: ContextMaker) -> None:
    with company.transaction() as session:
        _submit(session, context_of)
    with pytest.raises(IntegrityError, match="never deleted"), company.transaction() as session:
        session.execute(text("DELETE FROM business.replenishment_request"))


def test_the_submitter_never_decides(company: Database, context_of: ContextMaker) -> None:
    with company.transaction() as session:
        number = _submit(session, context_of).request_number
    refusal = Refusal(request_number=number, reason="non", refused_by="camille")
    with pytest.raises(Crashed) as refused, company.transaction() as session:
        run_handler(refuse_request, refusal, context_of(session))
    assert "submitter_does_not_decide" in str(refused.value.__cause__)


def test_launching_makes_one_order(company: Database, context_of: ContextMaker) -> None:
    with company.transaction() as session:
        number = _submit(session, context_of).request_number
    with company.transaction() as session:
        launched = run_handler(launch_request, _launch(number), context_of(session, "monique"))
    assert launched.order_number == "CF-2026-00001"
    assert launched.amount == Decimal("5999.85")
    with company.transaction() as session, pytest.raises(BusinessError, match="request_already_decided"):
        run_handler(launch_request, _launch(number), context_of(session, "monique", key="again"))
    with company.reading() as session:
        order = order_of_request(session, number)
        assert order is not None
        assert (order.launched_by, order.approved_by, order.supplier_name) == ("gabriel", "monique", "Lumière Pro")
        assert session.scalar(select(func.count()).select_from(SupplierOrder)) == 1


def test_nothing_is_ordered_from_an_inactive_supplier(company: Database, context_of: ContextMaker) -> None:
    with company.transaction() as session:
        number = _submit(session, context_of).request_number
        with pytest.raises(BusinessError, match="supplier_inactive"):
            run_handler(launch_request, _launch(number, supplier="OLD"), context_of(session))
        with pytest.raises(BusinessError, match="supplier_unknown"):
            run_handler(launch_request, _launch(number, supplier="NOBODY"), context_of(session))
        assert order_of_request(session, number) is None
        assert [choice.value for choice in read_suppliers(session)] == ["PRO"]


def test_the_approver_is_another_than_the_launcher(company: Database, context_of: ContextMaker) -> None:
    with company.transaction() as session:
        number = _submit(session, context_of).request_number
    with pytest.raises(Crashed) as refused, company.transaction() as session:
        run_handler(launch_request, _launch(number, approved_by="gabriel"), context_of(session))
    assert "approver_is_another" in str(refused.value.__cause__)


def test_a_refused_request_keeps_its_reason(company: Database, context_of: ContextMaker) -> None:
    with company.transaction() as session:
        number = _submit(session, context_of).request_number
        refusal = Refusal(request_number=number, reason="Fin de série", refused_by="gabriel")
        run_handler(refuse_request, refusal, context_of(session, "gabriel"))
    with pytest.raises(IntegrityError, match="is decided"), company.transaction() as session:
        session.execute(update(ReplenishmentRequest).values(refusal_reason="autre"))


def _order(session: Session, context_of: ContextMaker) -> str:
    """A launched order of thirty."""
    number = _submit(session, context_of).request_number
    launched = run_handler(launch_request, _launch(number), context_of(session, "monique"))
    assert isinstance(launched, Launched)
    return launched.order_number


def _arrival(order: str, received: str, **more: str) -> Arrival:
    return Arrival(order_number=order, received=Decimal(received), received_by="bruno", **more)


def test_goods_come_in_parts_into_the_stock(company: Database, context_of: ContextMaker) -> None:
    with company.transaction() as session:
        order = _order(session, context_of)
        first = run_handler(
            receive_goods, _arrival(order, "12.5", delivery_note="BL 4711"), context_of(session, key="1")
        )
        assert first == Arrived(outstanding=Decimal("17.5"), request_status="launched")
        with pytest.raises(BusinessError, match="receipt_too_large") as refused:
            run_handler(receive_goods, _arrival(order, "17.5001"), context_of(session, key="2"))
        assert refused.value.facts == {"order": order, "outstanding": "17.5"}
        last = run_handler(receive_goods, _arrival(order, "17.5"), context_of(session, key="3"))
        assert last == Arrived(outstanding=Decimal(0), request_status="received")
        with pytest.raises(BusinessError, match="order_not_awaited"):
            run_handler(receive_goods, _arrival(order, "1"), context_of(session, key="4"))
    with company.reading() as session:
        moved = session.execute(select(StockMovement.kind, StockMovement.quantity, StockMovement.document)).all()
        assert sorted(map(tuple, moved)) == [
            ("count", 40, ""),
            ("receipt", Decimal("12.5"), order),
            ("receipt", Decimal("17.5"), order),
        ]
        assert availability(session, ["LAM"])["LAM"].on_hand == 30
        request = session.scalars(select(ReplenishmentRequest)).one()
        assert (request.status, request.closed_by, request.closed_because) == ("received", "bruno", None)
        receipts = receipts_of_order(session, order)
        assert [(each.quantity, each.delivery_note) for each in receipts] == [
            (Decimal("12.5"), "BL 4711"),
            (Decimal("17.5"), ""),
        ]


@pytest.mark.parametrize(("received", "status"), [("0", "cancelled"), ("4", "received")])
def test_what_does_not_come_is_given_up(
    company: Database, context_of: ContextMaker, received: str, status: str
) -> None:
    with company.transaction() as session:
        order = _order(session, context_of)
        run_handler(receive_goods, _arrival(order, received), context_of(session, key="1"))
        closing = Closing(order_number=order, reason="Faillite", closed_by="gabriel")
        assert run_handler(close_request, closing, context_of(session, key="2")) == Closed(request_status=status)
        with pytest.raises(BusinessError, match="order_not_awaited"):
            run_handler(close_request, closing, context_of(session, key="3"))
    with pytest.raises(IntegrityError, match="is decided"), company.transaction() as session:
        session.execute(update(ReplenishmentRequest).values(closed_because="autre"))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE business.supplier_receipt SET quantity = 1", "never changed"),
        ("DELETE FROM business.supplier_receipt", "never changed"),
        (
            (
                "INSERT INTO business.supplier_receipt (order_id, quantity, delivery_note, received_by, received_at, idempotency_key)"
                " SELECT order_id, 28, '', 'x', received_at, 'k' FROM business.supplier_receipt"
            ),
            "more was received",
        ),
        (
            "UPDATE business.replenishment_request SET status = 'submitted', decided_by = NULL, decided_at = NULL",
            "decided",
        ),
        (
            "UPDATE business.replenishment_request SET status = 'received', quantity = 1, closed_by = 'x', closed_at = decided_at",
            "frozen",
        ),
        (
            "UPDATE business.replenishment_request SET status = 'cancelled', closed_by = 'x', closed_at = decided_at",
            "cancelled_with_reason",
        ),
    ],
)
def test_the_database_keeps_receipts(company: Database, context_of: ContextMaker, statement: str, said: str) -> None:
    with company.transaction() as session:
        run_handler(receive_goods, _arrival(_order(session, context_of), "3"), context_of(session, key="1"))
    with pytest.raises(IntegrityError, match=said), company.transaction() as session:
        session.execute(text(statement))


def test_two_who_note_the_same_goods_come_one_after_the_other(company: Database, context_of: ContextMaker) -> None:
    """Thirty were ordered; two note twenty each at the same time: one of them is refused."""
    with company.transaction() as session:
        order = _order(session, context_of)
    ready, ends = Barrier(2), []

    def note(key: str) -> None:
        try:
            with company.transaction() as session:
                ready.wait(10)
                run_handler(receive_goods, _arrival(order, "20"), context_of(session, key=key))
            ends.append("done")
        except BusinessError as refused:
            ends.append(refused.code)

    threads = [Thread(target=note, args=(key,)) for key in "12"]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert sorted(ends) == ["done", "receipt_too_large"]


def test_mails_reach_whom_they_address_once(company: Database, context_of: ContextMaker) -> None:
    outcome = Outcome(request_number="DA-1", article_name="Lampe", order_number="CF-1", supplier_name="Pro")
    refused = Outcome(request_number="DA-2", article_name="Lampe", reason="Fin de série")
    waiting = Waiting(request_number="DA-3", article_name="Lampe", role="purchasing_admin")
    with company.transaction() as session:
        people.add_role(session, "purchasing_admin", "GAA", "purchasing")
        for login, roles in (("camille", ()), ("gabriel", ("purchasing_admin",))):
            email = f"{login}@prost.example"
            people.add_person(session, login=login, name=login, email=email, password=None, roles=roles, locale="fr")
        for _ in range(2):
            run_handler(tell_submitter, outcome, context_of(session, key="tell 1"))
        run_handler(tell_submitter, refused, context_of(session, key="tell 2"))
        run_handler(remind_buyers, waiting, context_of(session, key="remind"))
        for key, left in (("all", "0"), ("part", "2.50")):
            ended = Ended(request_number="DA-4", article_name="Lampe", outstanding=Decimal(left), unit="pièce")
            run_handler(tell_receipt, ended, context_of(session, key=key))
        late = Overdue(
            order_number="CF-1", supplier_name="Pro", article_name="Lampe", outstanding=Decimal(3), unit="pièce"
        )
        run_handler(remind_delivery, late, context_of(session, key="late"))
    with company.reading() as session:
        to_camille = to_person(session, "camille")
        assert [_plain(mail.subject) for mail in to_camille] == [
            "Demande DA-4 : le reste ne viendra pas",
            "Demande DA-4 : reçue",
            "Demande DA-2 : refusée",
            "Demande DA-1 : commande CF-1 passée",
        ]
        assert "ne viendra pas : 2,5 pièces." in _plain(to_camille[0].body or "")
        assert "Fin de série" in (to_camille[2].body or "")
        to_buyers = to_person(session, "gabriel")
        assert [_plain(mail.subject) for mail in to_buyers] == [
            "Commande CF-1 en retard",
            "Rappel : la demande DA-3 attend une décision",
        ]
        assert "il manque encore à la date attendue : 3 pièces." in _plain(to_buyers[0].body or "")


def test_only_short_articles_are_offered(company: Database) -> None:
    with company.reading() as session:
        choices = read_short_articles(session)
    assert [(choice.value, choice.details) for choice in choices] == [
        ("LAM", {"available": "0", "missing": "20", "unit": "pièce"})
    ]
