"""What people do to customers, as record commands. The record's key is the customer's number; its history tells every old and new value."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any, Final, TypeVar

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import FieldProblem, InvalidInput, NotFound, WrongState
from engine.record import Change, RecordContext, RecordTable, record_command
from handlers.base.numbers import take_number
from handlers.base.rows import fields_of, found_by, put
from handlers.customers import rules
from handlers.customers.tables import Customer, CustomerAddress, CustomerContact
from handlers.customers.types import AddressData, ContactData, CustomerData

KIND: Final = "customer"
EDITORS: Final = ("sales", "sales_admin", "sales_manager", "accounting")
"""Who may add and change customers."""

READERS: Final = (*EDITORS, "auditor")
"""Who may see them."""

PERSONAL: Final = ("name", "email", "phone", "website", "notes", "delivery_notes", "address", "contact")
"""Fields whose values the history keeps apart, so that they can be erased: a customer can be a person, and contacts are."""

MOST_LINES: Final = 100
"""Addresses, and contacts, of one customer."""

Line = TypeVar("Line", CustomerAddress, CustomerContact)


@data
class AddCustomer:
    """A new customer or prospect, with the first address if one is known. ``today``: the day at the company's; None: the day in UTC."""

    customer: CustomerData
    address: AddressData | None = None
    today: date | None = None


@data
class ChangeCustomer:
    """A customer as it is to be."""

    number: str
    customer: CustomerData


@data
class NoteOrder:
    """A prospect of whom an order is confirmed."""

    number: str


@data
class SaveAddress:
    """An address as it is to be; ``address_id`` None: a new one. Where invoices or goods go moves here if the address says so."""

    number: str
    address_id: int | None
    address: AddressData


@data
class RemoveAddress:
    """An address that is no longer used. Documents keep their own copy."""

    number: str
    address_id: int


@data
class SaveContact:
    """A contact as it is to be; ``contact_id`` None: a new one."""

    number: str
    contact_id: int | None
    contact: ContactData


@data
class RemoveContact:
    """Somebody whom we no longer talk to."""

    number: str
    contact_id: int


@data
class DeleteCustomer:
    """A customer who was entered by mistake. The number is not given again, and the history stays."""

    number: str


@record_command(
    "customers.add",
    event="customer:added",
    kind=KIND,
    key=None,
    may=EDITORS,
    personal=PERSONAL,
    fr="Ajouter un client",
    en="Add a customer",
)
def add_customer(given: AddCustomer, context: RecordContext) -> Change:
    """The answer is the number. Raises InvalidInput."""
    wanted = rules.tidied(given.customer)
    address = None if given.address is None else rules.tidied_address(given.address)
    _refuse(rules.problems(wanted) + ([] if address is None else rules.address_problems(address)))
    session = context.session
    _require_free(session, wanted)
    number = take_number(session, "CL", (given.today or context.now).year)
    row = Customer(number=number, created_at=context.now, **_columns(number, wanted))
    session.add(row)
    session.flush()
    if address is not None:
        session.add(CustomerAddress(customer_id=row.id, **asdict(address)))
        session.flush()
    return Change(before=None, after=_fields(session, row), key=number, answer=number)


@record_command(
    "customers.note_order",
    event="customer:ordered",
    kind=KIND,
    key="number",
    may=(),
    fr="Faire d’un prospect un client",
    en="Make a customer of a prospect",
)
def note_order(given: NoteOrder, context: RecordContext) -> Change:
    """Who has ordered is no prospect any more; whoever may confirm the order may do this. Raises NotFound (``customer_unknown``)."""
    row = _row(context.session, given.number)
    before, row.is_prospect = row.is_prospect, False
    context.session.flush()
    return Change(before={"is_prospect": before}, after={"is_prospect": False})


@record_command(
    "customers.change",
    event="customer:changed",
    kind=KIND,
    key="number",
    may=EDITORS,
    personal=PERSONAL,
    fr="Modifier un client",
    en="Change a customer",
)
def change_customer(given: ChangeCustomer, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``customer_unknown``)."""
    wanted = _sound(given.customer)
    row = _row(context.session, given.number)
    _require_free(context.session, wanted, but=row.id)
    before = _fields(context.session, row)
    put(row, _columns(row.number, wanted))
    context.session.flush()
    return Change(before=before, after=_fields(context.session, row))


@record_command(
    "customers.save_address",
    event="customer:address_saved",
    kind=KIND,
    key="number",
    may=EDITORS,
    personal=PERSONAL,
    fr="Enregistrer une adresse",
    en="Save an address",
)
def save_address(given: SaveAddress, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``customer_unknown``, ``address_unknown``), WrongState (``customer_lines_too_many``)."""
    wanted = _sound_address(given.address)
    session = context.session
    row = _row(session, given.number)
    before = _fields(session, row)
    for use in ("is_billing", "is_shipping"):
        if getattr(wanted, use):
            others = update(CustomerAddress).where(CustomerAddress.customer_id == row.id)
            session.execute(others.values({use: False}))
    _write_line(session, CustomerAddress, row.id, given.address_id, asdict(wanted), "address_unknown")
    return Change(before=before, after=_fields(session, row))


@record_command(
    "customers.remove_address",
    event="customer:address_removed",
    kind=KIND,
    key="number",
    may=EDITORS,
    personal=PERSONAL,
    fr="Retirer une adresse",
    en="Remove an address",
)
def remove_address(given: RemoveAddress, context: RecordContext) -> Change:
    """Raises NotFound (``customer_unknown``, ``address_unknown``)."""
    return _removed(context.session, given.number, CustomerAddress, given.address_id, "address_unknown")


@record_command(
    "customers.save_contact",
    event="customer:contact_saved",
    kind=KIND,
    key="number",
    may=EDITORS,
    personal=PERSONAL,
    fr="Enregistrer un contact",
    en="Save a contact",
)
def save_contact(given: SaveContact, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``customer_unknown``, ``contact_unknown``), WrongState (``customer_lines_too_many``)."""
    wanted = rules.tidied_contact(given.contact)
    _refuse(rules.contact_problems(wanted))
    session = context.session
    row = _row(session, given.number)
    before = _fields(session, row)
    values = asdict(wanted) | {"receives": list(wanted.receives)}
    _write_line(session, CustomerContact, row.id, given.contact_id, values, "contact_unknown")
    return Change(before=before, after=_fields(session, row))


@record_command(
    "customers.remove_contact",
    event="customer:contact_removed",
    kind=KIND,
    key="number",
    may=EDITORS,
    personal=PERSONAL,
    fr="Retirer un contact",
    en="Remove a contact",
)
def remove_contact(given: RemoveContact, context: RecordContext) -> Change:
    """Raises NotFound (``customer_unknown``, ``contact_unknown``)."""
    return _removed(context.session, given.number, CustomerContact, given.contact_id, "contact_unknown")


@record_command(
    "customers.delete",
    event="customer:deleted",
    kind=KIND,
    key="number",
    may=EDITORS,
    personal=PERSONAL,
    fr="Supprimer un client",
    en="Delete a customer",
)
def delete_customer(given: DeleteCustomer, context: RecordContext) -> Change:
    """Raises NotFound (``customer_unknown``), WrongState (``customer_has_documents``) when something refers to the customer."""
    session = context.session
    row = _row(session, given.number)
    before = _fields(session, row)
    try:
        with session.begin_nested():
            session.execute(delete(Customer).where(Customer.id == row.id))
    except IntegrityError as error:
        raise WrongState("customer_has_documents", number=given.number) from error
    return Change(before=before, after=None)


COMMANDS = RecordTable.of(
    add_customer,
    note_order,
    change_customer,
    save_address,
    remove_address,
    save_contact,
    remove_contact,
    delete_customer,
)


def _refuse(found: list[FieldProblem]) -> None:
    if found:
        raise InvalidInput(fields=tuple(found))


def _sound(given: CustomerData) -> CustomerData:
    wanted = rules.tidied(given)
    _refuse(rules.problems(wanted))
    return wanted


def _sound_address(given: AddressData) -> AddressData:
    wanted = rules.tidied_address(given)
    _refuse(rules.address_problems(wanted))
    return wanted


def _require_free(session: Session, wanted: CustomerData, but: int | None = None) -> None:
    """One record for each establishment: a second one would split what a customer owes. The lock lets two people add only one."""
    if not wanted.siren:
        return
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"customer {wanted.siren}"}
    )
    same = select(Customer.number).where(Customer.siren == wanted.siren, Customer.siret == wanted.siret)
    taken = session.scalar(same if but is None else same.where(Customer.id != but))
    if taken is not None:
        field = "siret" if wanted.siret else "siren"
        raise InvalidInput(fields=(FieldProblem(field=field, code="customer_known_already", facts={"number": taken}),))


def _columns(number: str, wanted: CustomerData) -> dict[str, Any]:
    more = (number, wanted.siren, wanted.siret, wanted.vat_number, wanted.email, *wanted.tags)
    return asdict(wanted) | {"tags": list(wanted.tags)} | found_by(wanted.name, *more)


def _row(session: Session, number: str) -> Customer:
    found = session.scalar(select(Customer).where(Customer.number == number))
    if found is None:
        raise NotFound("customer_unknown", number=number)
    return found


def _line(session: Session, table: type[Line], customer: int, line: int, unknown: str) -> Line:
    """A line of this very customer: numbers in addresses of pages are typed by anybody."""
    found = session.get(table, line)
    if found is None or found.customer_id != customer:
        raise NotFound(unknown, id=line)
    return found


def _write_line(  # noqa: PLR0917 - which line of what
    session: Session, table: type[Line], customer: int, line: int | None, values: dict[str, Any], unknown: str
) -> None:
    """A line as it is to be; a new one without ``line``."""
    if line is None:
        _require_room(session, table, customer)
        session.add(table(customer_id=customer, **values))
    else:
        put(_line(session, table, customer, line, unknown), values)
    session.flush()


def _require_room(session: Session, table: type[CustomerAddress | CustomerContact], customer: int) -> None:
    held = session.scalar(select(func.count()).select_from(table).where(table.customer_id == customer)) or 0
    if held >= MOST_LINES:
        raise WrongState("customer_lines_too_many", most=MOST_LINES)


def _removed(session: Session, number: str, table: type[Line], line: int, unknown: str) -> Change:
    row = _row(session, number)
    before = _fields(session, row)
    session.delete(_line(session, table, row.id, line, unknown))
    session.flush()
    return Change(before=before, after=_fields(session, row))


def _fields(session: Session, row: Customer) -> dict[str, Any]:
    """What the history compares: each field of the customer, each address and each contact as one."""
    fields = fields_of(CustomerData, row) | {"tags": list(row.tags)}
    for address in session.scalars(select(CustomerAddress).where(CustomerAddress.customer_id == row.id)):
        fields[f"address {address.id}"] = fields_of(AddressData, address)
    for contact in session.scalars(select(CustomerContact).where(CustomerContact.customer_id == row.id)):
        fields[f"contact {contact.id}"] = fields_of(ContactData, contact) | {"receives": list(contact.receives)}
    return fields
