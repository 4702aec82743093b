"""What the handlers of an order do, refuse and write; and the acknowledgement on paper."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, text

from engine import records
from engine.database.session import Database
from engine.handler import BusinessError
from engine.identity.people import add_person, add_role
from handlers.customers.commands import SaveContact, save_contact
from handlers.customers.types import ContactData
from handlers.demonstration.company import IDENTITY, seed_company
from handlers.documents import store as printed
from handlers.documents.model import Document, DocumentKind
from handlers.documents.ours import Ours
from handlers.documents.rules import contradictions
from handlers.orders import commands as c
from handlers.orders import handlers as h
from handlers.orders import queries, store
from handlers.orders.printing import document_of, print_acknowledgement
from handlers.orders.queries import OrderView
from handlers.orders.steps import Cancelled, Confirm, GivenUp, Order, Over, Waiting
from handlers.orders.types import OrderData
from handlers.sales.types import Extras
from handlers.stock import ledger
from tests.handlers.conftest import ContextMaker
from tests.handlers.orders.conftest import NUMBER, ORDER
from tests.handlers.sales.conftest import DESK, LINES, NOW, SARAH, TODAY

THIS = Order(order_number=NUMBER)
Run = Callable[..., Any]


@pytest.fixture
def run(draft: Database, context_of: ContextMaker) -> Run:
    """Runs one handler in a transaction of its own."""

    def act(handler: Any, given: Any, key: str = "1:a1:handler") -> Any:
        with draft.transaction() as session:
            return handler.run(given, context_of(session, key=key))

    return act


def view(database: Database) -> OrderView:
    with database.reading() as session:
        found = queries.find_order(session, NUMBER)
    assert found is not None
    return found


def change(database: Database, order: OrderData = ORDER, lines: Any = LINES) -> None:
    wanted = c.ChangeOrder(number=NUMBER, order=order, lines=lines, today=TODAY)
    records.execute(database, c.change_order, wanted, SARAH, now=NOW)


def confirmed(run: Run, database: Database) -> OrderView:
    run(h.confirm_order, Confirm(order_number=NUMBER, total=view(database).totals.total, confirmed_by="camille"))
    return view(database)


@pytest.fixture
def people(draft: Database) -> None:
    """Who made the order, and who is reminded of it."""
    with draft.transaction() as session:
        for role, login in (("sales", "sarah"), ("sales_admin", "camille")):
            add_role(session, role, title_fr=role, title_en=role)
            add_person(
                session,
                login=login,
                name=login.title(),
                email=f"{login}@demonstration.example",
                password="demo",
                roles=(role,),
                locale="fr",
                may_be_weak=True,
            )


def letters(database: Database) -> list[Any]:
    with database.reading() as session:
        return list(session.execute(text("SELECT * FROM engine.letter ORDER BY id")))


def test_what_decisions_need_is_read_from_the_order(run: Run, draft: Database) -> None:
    found = run(h.read_order, THIS)
    assert (found.customer_name, found.net, found.total) == ("Cabinet Vallier", Decimal("2230.00"), Decimal("2664.00"))
    assert (found.is_from_quote, found.origin_quote) == (False, None)
    assert (found.shipment_on, found.seller) == (date(2026, 12, 4), "sarah")
    assert found.missing_articles == 1
    with draft.transaction() as session:
        ledger.count(session, "", "BUR", Decimal(5), reason="Inventaire", by="bruno", now=NOW)
    assert run(h.read_order, THIS).missing_articles == 0
    change(draft, lines=(DESK, replace(DESK, text="Encore")))
    assert run(h.read_order, THIS).missing_articles == 1, "two lines of three want six together"
    change(draft, lines=LINES[2:])
    assert run(h.read_order, THIS).missing_articles == 0


@pytest.mark.parametrize(
    ("position", "country", "postal_code", "code"),
    [
        ("intra_eu", "FR", "39000", "fiscal_position_without_number"),
        ("domestic", "FR", "97400", "fiscal_overseas"),
        ("domestic", "DE", "10115", "fiscal_consumer_abroad"),
    ],
)
def test_reading_says_why_its_vat_would_be_refused(  # noqa: PLR0917 - where it goes, and why not
    run: Run, draft: Database, position: str, country: str, postal_code: str, code: str
) -> None:
    assert run(h.read_order, THIS).vat_refusal is None
    with draft.transaction() as session:
        place = json.dumps({"country": country, "postal_code": postal_code})
        said = "UPDATE business.sales_order SET fiscal_position = :position, party = jsonb_set(party, '{shipping}', CAST(:place AS jsonb))"
        session.execute(text(said), {"position": position, "place": place})
    found = run(h.read_order, THIS)
    assert found.vat_refusal == code
    with pytest.raises(BusinessError, match=code):
        run(h.confirm_order, Confirm(order_number=NUMBER, total=found.total))


def test_reading_takes_as_many_statements_however_many_lines(run: Run, draft: Database) -> None:
    def statements() -> int:
        told: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            told.append(statement)

        event.listen(draft.engine, "before_cursor_execute", note)
        run(h.read_order, THIS)
        event.remove(draft.engine, "before_cursor_execute", note)
        return len(told)

    few = statements()
    change(draft, lines=tuple(replace(DESK, text=f"Bureau {at}") for at in range(200)))
    assert statements() == few


def test_a_confirmed_order_keeps_what_it_says(run: Run, draft: Database) -> None:
    found = confirmed(run, draft)
    assert (found.status, found.confirmed_at, found.confirmed_by) == ("confirmed", NOW, "camille")
    again = Confirm(order_number=NUMBER, total=found.totals.total)
    with pytest.raises(BusinessError, match="order_not_draft"):
        run(h.confirm_order, again)


def test_what_follows_needs_is_read_when_it_is_confirmed(run: Run, draft: Database) -> None:
    run(h.read_order, THIS)
    changed = replace(ORDER, closing_rule="paid", invoicing_policy="on_delivery", shipment_on=None, extras=Extras())
    change(draft, changed, LINES[2:])
    found = run(h.confirm_order, Confirm(order_number=NUMBER, total=view(draft).totals.total))
    assert (found.has_goods, found.closing_rule, found.invoicing_policy) == (False, "paid", "on_delivery")
    assert found.shipment_on is None


def test_a_prospect_who_orders_becomes_a_customer_and_the_history_says_so(run: Run, draft: Database) -> None:
    def told() -> list[str]:
        with draft.reading() as session:
            return list(
                session.scalars(text("SELECT type FROM engine.record_event WHERE kind = 'customer' ORDER BY sequence"))
            )

    with draft.transaction() as session:
        session.execute(text("UPDATE business.customer SET is_prospect = true"))
    confirmed(run, draft)
    with draft.reading() as session:
        assert not session.scalars(text("SELECT is_prospect FROM business.customer")).one()
    assert told()[-1] == "customer:ordered"


def test_whoever_made_it_confirms_where_nobody_is_asked(run: Run, draft: Database) -> None:
    run(h.confirm_order, Confirm(order_number=NUMBER, total=view(draft).totals.total))
    assert view(draft).confirmed_by == "sarah"


def test_what_changed_since_it_was_decided_on_is_not_confirmed(run: Run, draft: Database) -> None:
    seen = view(draft).totals.total
    change(draft, lines=(*LINES, DESK))
    with pytest.raises(BusinessError, match="order_changed"):
        run(h.confirm_order, Confirm(order_number=NUMBER, total=seen))
    change(draft, lines=LINES[:1])
    with pytest.raises(BusinessError, match="order_empty"):
        run(h.confirm_order, Confirm(order_number=NUMBER, total=seen))
    assert view(draft).status == "draft"


def test_one_that_is_closed_may_go_on_and_keeps_the_last_reason(run: Run, draft: Database) -> None:
    confirmed(run, draft)
    with draft.transaction() as session:
        store.close(store.lock(session, NUMBER), "", NOW)
    found = view(draft)
    assert (found.closed_at, found.closed_because) == (NOW, "")
    with draft.transaction() as session:
        assert store.goes_on(store.lock(session, NUMBER)), "the other side is still to come"
    assert run(h.close_order, Over(order_number=NUMBER)).order_status == "closed"
    for reason in ("Le reste est offert", "Trop tard"):
        assert run(h.close_order, Over(order_number=NUMBER, reason=reason)).order_status == "closed"
    assert (view(draft).closed_because, view(draft).closed_at) == ("Le reste est offert", NOW)
    with draft.transaction() as session:
        assert not store.goes_on(store.lock(session, NUMBER))


def test_an_order_is_closed_by_hand_for_a_reason(run: Run, draft: Database) -> None:
    confirmed(run, draft)
    assert run(h.close_order, Over(order_number=NUMBER, reason="Le client renonce")).order_status == "closed"
    assert view(draft).closed_because == "Le client renonce"
    with draft.transaction() as session:
        assert not store.goes_on(store.lock(session, NUMBER))


@pytest.mark.usefixtures("people")
def test_a_draft_is_given_up_and_its_maker_told(run: Run, draft: Database) -> None:
    assert run(h.give_up_order, GivenUp(order_number=NUMBER, reason="Doublon")).order_status == "cancelled"
    assert view(draft).closed_because == "Doublon"
    told = Cancelled(order_number=NUMBER, customer_name="Cabinet Vallier", seller="sarah", reason="Doublon")
    run(h.tell_seller, told)
    (letter,) = letters(draft)
    assert letter.subject == f"Commande {NUMBER}\u00a0: annulée"
    assert "Doublon" in letter.body


def test_the_customer_gets_the_acknowledgement_once(run: Run, draft: Database) -> None:
    with draft.transaction() as session:
        seed_company(session)
    confirmed(run, draft)
    for _ in range(2):
        run(h.send_acknowledgement, THIS)
    (letter,) = letters(draft)
    assert letter.subject == f"Accusé de réception de votre commande {NUMBER}"
    assert "2\u202f664,00\u00a0€ TTC" in letter.body
    assert "l’expédier le 4 déc. 2026" in letter.body.replace("\u00a0", " ")
    assert (letter.to_address, letter.attachment_name) == (
        "achats@vallier.example",
        f"Accusé de réception de commande {NUMBER}.pdf",
    )


def test_the_acknowledgement_goes_to_the_contacts_who_receive_orders(run: Run, draft: Database) -> None:
    for place, receives in enumerate((("orders",), ("invoices",), ("orders", "quotes"))):
        contact = ContactData(name=f"Contact {place}", email=f"c{place}@vallier.example", receives=receives)
        saved = SaveContact(number="CL-2026-00001", contact_id=None, contact=contact)
        records.execute(draft, save_contact, saved, SARAH, now=NOW)
    change(draft, replace(ORDER, email=""))
    confirmed(run, draft)
    for _ in range(2):
        run(h.send_acknowledgement, THIS)
    assert [each.to_address for each in letters(draft)] == ["c0@vallier.example", "c2@vallier.example"]


def test_it_is_written_in_the_customers_language_and_without_a_day_where_none_is_planned(
    run: Run, draft: Database
) -> None:
    change(draft, replace(ORDER, locale="en", shipment_on=None, customer_reference="BC-77"))
    confirmed(run, draft)
    run(h.send_acknowledgement, THIS)
    (letter,) = letters(draft)
    assert letter.subject == f"Acknowledgement of your order {NUMBER}"
    assert "reference BC-77" in letter.body
    assert "ship" not in letter.body


def test_without_an_address_nothing_is_sent(run: Run, draft: Database) -> None:
    change(draft, replace(ORDER, email=""))
    confirmed(run, draft)
    run(h.send_acknowledgement, THIS)
    assert letters(draft) == []


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("waits_for", ["confirmation", "invoice_request", "invoice"])
def test_who_is_waited_for_is_reminded(run: Run, draft: Database, waits_for: str) -> None:
    given = Waiting(order_number=NUMBER, customer_name="Cabinet Vallier", role="sales_admin", waits_for=waits_for)
    run(h.remind_people, given)
    (letter,) = letters(draft)
    assert letter.subject.startswith("Rappel\u00a0: ")
    assert NUMBER in letter.body


def paper(database: Database) -> Document:
    return document_of(view(database), Ours(identity=IDENTITY, logo=None), is_draft=True)


def test_the_acknowledgement_says_what_was_ordered(draft: Database) -> None:
    document = paper(draft)
    assert contradictions(document) == ()
    assert (document.kind, document.number) == (DocumentKind.ORDER_ACKNOWLEDGEMENT, NUMBER)
    assert (document.delivered_on, document.delivery_method) == (date(2026, 12, 4), "Camion")
    assert (document.totals.net, document.totals.gross) == (Decimal("2230.00"), Decimal("2664.00"))
    assert document.payment_method == "transfer"
    change(draft, replace(ORDER, extras=replace(ORDER.extras, discount=Decimal("7.5"), adjustment=Decimal("-3.33"))))
    assert contradictions(paper(draft)) == ()


def test_only_a_confirmed_order_is_printed_and_stays_as_it_was(run: Run, draft: Database) -> None:
    def print_() -> Any:
        with draft.transaction() as session:
            return print_acknowledgement(session, NUMBER, NOW)

    assert print_() is None, "nobody has said who we are"
    with draft.transaction() as session:
        seed_company(session)
    assert print_() is None, "a draft binds nobody"
    confirmed(run, draft)
    first = print_()
    assert printed.file_name(first) == f"Accusé de réception de commande {NUMBER}.pdf"
    run(h.close_order, Over(order_number=NUMBER, reason="Fini"))
    assert print_() == first
