"""What can be asked about customers."""

from __future__ import annotations

from datetime import datetime
from itertools import chain

from sqlalchemy import any_, select, tuple_
from sqlalchemy.orm import Session

from engine.data import data
from handlers.base import territories
from handlers.base.rows import begins_words, fields_of
from handlers.customers import fiscal
from handlers.customers.fiscal import Proposal
from handlers.customers.tables import Customer, CustomerAddress, CustomerContact
from handlers.customers.types import AddressData, ContactData, CustomerData


@data
class CustomerRow:
    """A customer in a list. ``city``: where its invoices go, else where its goods go; empty when neither is known."""

    number: str
    name: str
    sort_name: str
    is_prospect: bool
    city: str
    email: str
    phone: str
    tags: tuple[str, ...]


@data
class CustomerPage:
    """Some customers by name. ``next``: where the next page begins (sort name, number); None on the last one."""

    customers: tuple[CustomerRow, ...]
    next: tuple[str, str] | None


@data
class Address:
    """An address and the number that its commands take."""

    id: int
    data: AddressData


@data
class Contact:
    """A contact and the number that its commands take."""

    id: int
    data: ContactData


@data
class CustomerView:
    """Everything about one customer. ``created_at`` is in UTC."""

    number: str
    data: CustomerData
    addresses: tuple[Address, ...]
    contacts: tuple[Contact, ...]
    created_at: datetime

    def proposal(self, shipping_id: int | None = None, billing_id: int | None = None) -> Proposal:
        """The fiscal position that fits a sale which goes to these addresses; without them, to those of the customer."""
        places = {each.id: each.data for each in self.addresses}
        usual = (each.data for each in sorted(self.addresses, key=lambda each: not each.data.is_shipping))
        named = (places[each] for each in (shipping_id, billing_id) if each in places)
        place = next(chain(named, usual), None)
        country = None if place is None else territories.territory(place.country, place.postal_code)
        return fiscal.proposed(country, self.data.vat_number, is_company=self.data.is_company)


_CITY = (
    select(CustomerAddress.city)
    .where(CustomerAddress.customer_id == Customer.id)
    .order_by(CustomerAddress.is_billing.desc(), CustomerAddress.is_shipping.desc(), CustomerAddress.id)
    .limit(1)
    .scalar_subquery()
)


def customers_page(
    session: Session,
    *,
    search: str = "",
    is_prospect: bool | None = None,
    after: tuple[str, str] | None = None,
    limit: int = 50,
) -> CustomerPage:
    """Customers by name; ``search``: each typed word begins a word of the number, name, SIREN, VAT number, address or tags.

    One statement, whatever there is.
    """
    asked = select(Customer, _CITY).order_by(Customer.sort_name, Customer.number).limit(limit + 1)
    wanted = begins_words(Customer.words, search)
    if wanted is not None:
        asked = asked.where(wanted)
    if is_prospect is not None:
        asked = asked.where(Customer.is_prospect == is_prospect)
    if after is not None:
        asked = asked.where(tuple_(Customer.sort_name, Customer.number) > after)
    found = [_listed(row, city) for row, city in session.execute(asked)]
    more, found = len(found) > limit, found[:limit]
    return CustomerPage(customers=tuple(found), next=(found[-1].sort_name, found[-1].number) if more else None)


def delivery_notes(session: Session, number: str) -> str:
    """What the customer of this number wants whoever brings goods to know; empty when that is nothing."""
    return session.scalar(select(Customer.delivery_notes).where(Customer.number == number)) or ""


def find_customer(session: Session, number: str) -> CustomerView | None:
    """The customer of this number; None when there is none."""
    row = session.scalar(select(Customer).where(Customer.number == number))
    if row is None:
        return None
    addresses = session.scalars(
        select(CustomerAddress)
        .where(CustomerAddress.customer_id == row.id)
        .order_by(CustomerAddress.is_billing.desc(), CustomerAddress.is_shipping.desc(), CustomerAddress.id)
    )
    contacts = session.scalars(
        select(CustomerContact).where(CustomerContact.customer_id == row.id).order_by(CustomerContact.id)
    )
    known = fields_of(CustomerData, row)
    return CustomerView(
        number=row.number,
        data=CustomerData(**known | {"tags": tuple(row.tags)}),
        addresses=tuple(Address(id=each.id, data=AddressData(**fields_of(AddressData, each))) for each in addresses),
        contacts=tuple(Contact(id=each.id, data=_contact(each)) for each in contacts),
        created_at=row.created_at,
    )


def recipients(session: Session, customer_id: int, document: str) -> tuple[str, ...]:
    """The addresses of the contacts who receive ``document`` (one of ``DOCUMENTS``), each once; empty when nobody was named."""
    rows = session.scalars(
        select(CustomerContact.email)
        .where(CustomerContact.customer_id == customer_id, any_(CustomerContact.receives) == document)
        .order_by(CustomerContact.id)
    )
    return tuple(dict.fromkeys(rows))


def _contact(row: CustomerContact) -> ContactData:
    return ContactData(**fields_of(ContactData, row) | {"receives": tuple(row.receives)})


def _listed(row: Customer, city: str | None) -> CustomerRow:
    return CustomerRow(
        number=row.number,
        name=row.name,
        sort_name=row.sort_name,
        is_prospect=row.is_prospect,
        city=city or "",
        email=row.email,
        phone=row.phone,
        tags=tuple(row.tags),
    )
