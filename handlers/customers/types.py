"""What a customer is for those who ask and change."""

from __future__ import annotations

from engine.data import data

PAYMENTS = ("transfer", "card", "direct_debit", "cheque", "cash")
"""How a customer can prefer to pay."""

DOCUMENTS = ("quotes", "orders", "delivery_notes", "invoices")
"""What a contact can receive by mail. *orders*: their acknowledgements; *invoices*: credit notes, reminders and statements too."""


@data
class CustomerData:
    """Everything that people write about a customer beside addresses and contacts. Texts may be empty, but not ``name``.

    ``locale``: of the documents for this customer. ``notes`` never leave the house; ``delivery_notes`` are for warehouse and carrier.
    ``preferred_payment``: one of ``PAYMENTS``, or empty. ``account_code``: the customer's auxiliary account in the books.
    ``fiscal_position``: one of ``fiscal.POSITIONS``, or empty: it follows from the address and the VAT number.
    """

    name: str
    is_company: bool = True
    is_prospect: bool = False
    siren: str = ""
    siret: str = ""
    vat_number: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""
    locale: str = "fr"
    tags: tuple[str, ...] = ()
    notes: str = ""
    delivery_notes: str = ""
    preferred_payment: str = ""
    account_code: str = ""
    fiscal_position: str = ""


@data
class AddressData:
    """A place. ``street`` may have several lines; ``country`` is its code of two letters (ISO 3166-1)."""

    label: str = ""
    street: str = ""
    postal_code: str = ""
    city: str
    country: str = "FR"
    is_billing: bool = False
    is_shipping: bool = False


@data
class ContactData:
    """Somebody whom we talk to. ``receives``: which of ``DOCUMENTS`` go to their address."""

    name: str
    department: str = ""
    email: str = ""
    phone: str = ""
    receives: tuple[str, ...] = ()


FIELD_KINDS = ("text", "number", "date", "choice", "flag")
"""What a field of the company's own can hold. *flag*: yes or nothing."""


@data
class CustomFieldData:
    """A field that this company wants on each customer. ``label_en``: empty where the French one does. ``choices``: of a choice alone.
    ``is_active``: asked for; of one that is not, what was noted is still shown.
    """

    label_fr: str
    label_en: str = ""
    kind: str = "text"
    choices: tuple[str, ...] = ()
    is_active: bool = True


@data
class CustomValue:
    """What a field of the company's own (``key``) says of a customer: text as typed, a number with a point, a day as ISO 8601, a flag as
    ``yes``; nothing is empty.
    """

    key: str
    value: str
