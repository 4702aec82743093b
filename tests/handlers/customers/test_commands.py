"""Customers in the database: each command once, what it refuses, what the history keeps, and what is found again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from engine import records
from engine.database.session import Database
from engine.errors import CommandRejected, InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import Actor
from engine.records import queries as recorded
from handlers.customers import commands as c
from handlers.customers import queries
from handlers.customers.types import AddressData, ContactData, CustomerData

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SARAH = Actor(login="sarah", name="Sarah", roles=frozenset({"sales"}))
DUPONT = CustomerData(name="Dupont SARL", siren="303265045", email="contact@dupont.example", tags=("bois",))
LONS = AddressData(
    street="3 rue du Lac", postal_code="39000", city="Lons-le-Saunier", is_billing=True, is_shipping=True
)


def add(database: Database, customer: CustomerData = DUPONT, address: AddressData | None = None) -> str:
    given = c.AddCustomer(customer=customer, address=address)
    return str(records.execute(database, c.add_customer, given, SARAH, now=NOW).answer)


def found(database: Database, number: str) -> queries.CustomerView:
    with database.reading() as session:
        view = queries.find_customer(session, number)
    assert view is not None
    return view


def names(database: Database, search: str, *, is_prospect: bool | None = None) -> list[str]:
    with database.reading() as session:
        return [each.name for each in queries.customers_page(session, search=search, is_prospect=is_prospect).customers]


def test_a_customer_is_added_numbered_and_found_by_first_letters(database: Database) -> None:
    number = add(database, address=LONS)
    add(database, CustomerData(name="Écuries du Pont", is_prospect=True))
    assert number == "CL-2026-00001"
    view = found(database, number)
    assert view.data == DUPONT
    assert [each.data for each in view.addresses] == [LONS]
    assert names(database, "dup") == names(database, "DUPONT sa") == names(database, "3032") == ["Dupont SARL"]
    assert names(database, "ecu") == names(database, "", is_prospect=True) == ["Écuries du Pont"]
    assert names(database, "pont") == ["Écuries du Pont"]
    assert names(database, "") == ["Dupont SARL", "Écuries du Pont"]
    assert names(database, "dup | !x:*") == []


def test_the_first_number_of_a_year_is_taken_from_midnight_at_the_company(database: Database) -> None:
    given = c.AddCustomer(customer=DUPONT, today=date(2027, 1, 1))
    late = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert records.execute(database, c.add_customer, given, SARAH, now=late).answer == "CL-2027-00001"


def test_pages_follow_each_other(database: Database) -> None:
    for n in range(7):
        add(database, CustomerData(name=f"Client {n % 3}"))
    seen, after = [], None
    for _ in range(4):
        with database.reading() as session:
            page = queries.customers_page(session, after=after, limit=2)
        seen += [each.number for each in page.customers]
        after = page.next
    assert len(set(seen)) == 7
    assert after is None


def test_a_company_is_recorded_once(database: Database) -> None:
    number = add(database)
    with pytest.raises(InvalidInput) as refusal:
        add(database)
    (problem,) = refusal.value.fields
    assert (problem.field, problem.code, problem.facts) == ("siren", "customer_known_already", {"number": number})
    records.execute(database, c.change_customer, c.ChangeCustomer(number=number, customer=DUPONT), SARAH, now=NOW)


def test_two_people_add_one_company_at_once(database: Database) -> None:
    barrier, told = Barrier(2), []

    def work() -> None:
        barrier.wait()
        try:
            told.append(add(database))
        except CommandRejected as refusal:
            told.append(refusal.code)

    threads = [Thread(target=work) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(told) == ["CL-2026-00001", "invalid_input"]


def test_what_is_refused_leaves_no_gap_in_the_numbers(database: Database) -> None:
    with pytest.raises(InvalidInput):
        add(database, CustomerData(name=""))
    with pytest.raises(NotAllowed):
        records.execute(
            database,
            c.add_customer,
            c.AddCustomer(customer=DUPONT),
            Actor(login="gabriel", name="Gabriel", roles=frozenset({"purchasing_admin"})),
        )
    assert add(database) == "CL-2026-00001"


def test_one_address_each_for_invoices_and_goods(database: Database) -> None:
    number = add(database, address=LONS)
    dole = AddressData(label="Dépôt", postal_code="39100", city="Dole", is_shipping=True)
    records.execute(database, c.save_address, c.SaveAddress(number=number, address_id=None, address=dole), SARAH)
    first, second = found(database, number).addresses
    assert (first.data.city, first.data.is_billing, first.data.is_shipping) == ("Lons-le-Saunier", True, False)
    assert second.data == dole
    records.execute(database, c.save_address, c.SaveAddress(number=number, address_id=second.id, address=LONS), SARAH)
    assert [(each.id, each.data.is_billing) for each in found(database, number).addresses] == [
        (second.id, True),
        (first.id, False),
    ]
    records.execute(database, c.remove_address, c.RemoveAddress(number=number, address_id=first.id), SARAH)
    assert [each.id for each in found(database, number).addresses] == [second.id]


def test_lines_of_another_customer_are_out_of_reach(database: Database) -> None:
    number, other = add(database, address=LONS), add(database, CustomerData(name="Autre"))
    line = found(database, number).addresses[0].id
    with pytest.raises(NotFound):
        records.execute(database, c.save_address, c.SaveAddress(number=other, address_id=line, address=LONS), SARAH)
    with pytest.raises(NotFound):
        records.execute(database, c.remove_address, c.RemoveAddress(number=other, address_id=line), SARAH)
    marie = ContactData(name="Marie")
    with pytest.raises(NotFound):
        records.execute(database, c.save_contact, c.SaveContact(number=other, contact_id=line, contact=marie), SARAH)
    with pytest.raises(NotFound):
        records.execute(database, c.remove_contact, c.RemoveContact(number=other, contact_id=line), SARAH)
    unknown = c.ChangeCustomer(number="CL-2026-09999", customer=DUPONT)
    with pytest.raises(NotFound):
        records.execute(database, c.change_customer, unknown, SARAH)
    assert len(found(database, number).addresses) == 1


def test_the_history_tells_every_old_and_new_value(database: Database) -> None:
    number = add(database, address=LONS)
    changed = CustomerData(name="Dupont et fils", siren="303265045", email="contact@dupont.example", tags=("bois",))
    records.execute(database, c.change_customer, c.ChangeCustomer(number=number, customer=changed), SARAH)
    marie = ContactData(name="Marie Dupont", department="Achats")
    records.execute(database, c.save_contact, c.SaveContact(number=number, contact_id=None, contact=marie), SARAH)
    with database.reading() as session:
        last, before, first = recorded.history(session, c.KIND, number, limit=5)
    assert first.became == "created"
    assert {name: (each.old, each.new) for name, each in before.fields.items()} == {
        "name": ("Dupont SARL", "Dupont et fils")
    }
    ((name, told),) = last.fields.items()
    assert (name.partition(" ")[0], told.old, told.new["name"]) == ("contact", None, "Marie Dupont")
    assert {each.actor for each in (last, before, first)} == {"sarah"}


def test_a_deleted_customer_is_gone_with_its_lines_but_not_its_number(database: Database) -> None:
    number = add(database, address=LONS)
    records.execute(database, c.delete_customer, c.DeleteCustomer(number=number), SARAH)
    with database.reading() as session:
        assert queries.find_customer(session, number) is None
        assert session.scalar(text("SELECT count(*) FROM business.customer_address")) == 0
        assert recorded.history(session, c.KIND, number, limit=5)[0].became == "deleted"
    assert add(database) == "CL-2026-00002"
    with pytest.raises(NotFound):
        records.execute(database, c.change_customer, c.ChangeCustomer(number=number, customer=DUPONT), SARAH)


def test_a_customer_with_documents_is_not_deleted(database: Database) -> None:
    number = add(database)
    with database.transaction() as session:
        session.execute(text("CREATE TABLE business.paper (customer_id bigint REFERENCES business.customer (id))"))
        session.execute(text("INSERT INTO business.paper SELECT id FROM business.customer"))
    with pytest.raises(WrongState) as refusal:
        records.execute(database, c.delete_customer, c.DeleteCustomer(number=number), SARAH)
    assert refusal.value.code == "customer_has_documents"
    assert found(database, number).data == DUPONT
