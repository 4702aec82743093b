"""What was typed about a customer, as it was typed."""

from __future__ import annotations

from werkzeug.datastructures import MultiDict

from handlers.customers.types import AddressData, ContactData, CustomerData


def customer(form: MultiDict[str, str]) -> CustomerData:
    """The customer of a posted form; tags are separated by commas."""
    return CustomerData(
        name=form.get("name", ""),
        is_company=form.get("kind", "company") != "person",
        is_prospect="is_prospect" in form,
        siren=form.get("siren", ""),
        siret=form.get("siret", ""),
        vat_number=form.get("vat_number", ""),
        email=form.get("email", ""),
        phone=form.get("phone", ""),
        website=form.get("website", ""),
        locale=form.get("locale", ""),
        tags=tuple(filter(None, (each.strip() for each in form.get("tags", "").split(",")))),
        notes=form.get("notes", ""),
        delivery_notes=form.get("delivery_notes", ""),
        preferred_payment=form.get("preferred_payment", ""),
        account_code=form.get("account_code", ""),
        fiscal_position=form.get("fiscal_position", ""),
    )


def address(form: MultiDict[str, str]) -> AddressData:
    """The address of a posted form."""
    return AddressData(
        label=form.get("label", ""),
        street=form.get("street", ""),
        postal_code=form.get("postal_code", ""),
        city=form.get("city", ""),
        country=form.get("country", ""),
        is_billing="is_billing" in form,
        is_shipping="is_shipping" in form,
    )


def has_address(form: MultiDict[str, str]) -> bool:
    """Whether the form of a new customer says a place too."""
    return any(form.get(name, "").strip() for name in ("label", "street", "postal_code", "city"))


def contact(form: MultiDict[str, str]) -> ContactData:
    """The contact of a posted form; its fields are named apart from the customer's."""
    return ContactData(
        name=form.get("contact_name", ""),
        department=form.get("department", ""),
        email=form.get("contact_email", ""),
        phone=form.get("contact_phone", ""),
        receives=tuple(form.getlist("receives")),
    )
