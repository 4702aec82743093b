"""What may stand in a customer's record."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from handlers.base.parties import is_vat_number
from handlers.customers.rules import (
    address_problems,
    contact_problems,
    problems,
    tidied,
    tidied_address,
    tidied_contact,
)
from handlers.customers.types import AddressData, ContactData, CustomerData

OURS = "303265045"


def codes(given: CustomerData) -> list[tuple[str, str]]:
    return [(each.field, each.code) for each in problems(tidied(given))]


def test_numbers_are_kept_without_spaces_and_the_siren_follows_from_the_siret() -> None:
    found = tidied(CustomerData(name="  Dupont\n et  fils ", siret="732 829 320 00074", vat_number="fr 44 732829320"))
    assert (found.name, found.siret, found.vat_number) == ("Dupont et fils", "73282932000074", "FR44732829320")
    assert (found.siren, problems(found)) == ("732829320", [])


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (CustomerData(name=" "), [("name", "customer_name_missing")]),
        (CustomerData(name="A", siren="303265046"), [("siren", "siren_invalid")]),
        (CustomerData(name="A", siren=OURS), []),
        (CustomerData(name="A", siren=OURS, is_company=False), [("siren", "siren_of_a_person")]),
        (CustomerData(name="A", siret="12345678901234"), [("siret", "siret_invalid")]),
        (CustomerData(name="A", siren=OURS, vat_number="FR40303265045"), []),
        (CustomerData(name="A", vat_number="FR41303265045"), [("vat_number", "vat_number_invalid")]),
        (CustomerData(name="A", vat_number="40303265045"), [("vat_number", "vat_number_invalid")]),
        (
            CustomerData(name="A", siren="732829320", vat_number="FR40303265045"),
            [("vat_number", "vat_number_of_another_siren")],
        ),
        (
            CustomerData(name="A", siren=OURS, siret="73282932000074"),
            [("siret", "siret_of_another_siren")],
        ),
        (CustomerData(name="A", email="a@b"), [("email", "email_invalid")]),
        (CustomerData(name="A", email="a@b.fr, c@d.fr"), [("email", "email_invalid")]),
        (CustomerData(name="A", phone="+33 (0)3 84 00 00 00"), []),
        (CustomerData(name="A", phone="call me"), [("phone", "phone_invalid")]),
        (CustomerData(name="A", website="dupont.fr"), []),
        (CustomerData(name="A", website="javascript://x\nalert(1)"), [("website", "website_invalid")]),
        (CustomerData(name="A", locale="de"), [("locale", "locale_unknown")]),
        (CustomerData(name="A", preferred_payment="bitcoin"), [("preferred_payment", "payment_unknown")]),
        (CustomerData(name="A", account_code="411 dupont"), []),
        (CustomerData(name="A", account_code="411-1"), [("account_code", "account_code_invalid")]),
        (CustomerData(name="A", tags=tuple(str(n) for n in range(21))), [("tags", "tags_too_many")]),
        (CustomerData(name="A", notes="x" * 4_001), [("notes", "text_too_long")]),
    ],
)
def test_what_is_wrong_is_said_at_its_field(given: CustomerData, wrong: list[tuple[str, str]]) -> None:
    assert codes(given) == wrong


@pytest.mark.parametrize(
    ("number", "is_right"),
    [
        ("FR40303265045", True),
        ("DE136695976", True),
        ("DE136695977", False),
        ("EL094259216", True),
        ("GB980780684", True),
        ("CHE-100.155.212", True),
        ("", False),
        ("FR", False),
    ],
)
def test_vat_numbers_say_their_country(number: str, is_right: bool) -> None:
    assert is_vat_number(number) is is_right


def test_an_address_has_a_city_and_a_french_one_five_digits() -> None:
    found = tidied_address(AddressData(street=" 3 rue\n\n du  Lac ", city=" Lons ", postal_code="39000", country="fr"))
    assert (found.street, found.city, found.country) == ("3 rue\ndu Lac", "Lons", "FR")
    assert address_problems(found) == []
    wrong = address_problems(tidied_address(AddressData(city=" ", postal_code="3900", country="France")))
    assert [each.field for each in wrong] == ["city", "country"]
    assert [each.field for each in address_problems(AddressData(city="Lons", postal_code="3900"))] == ["postal_code"]
    assert address_problems(AddressData(city="Dublin", country="IE")) == []


def test_a_contact_has_a_name() -> None:
    wrong = contact_problems(tidied_contact(ContactData(name=" ", email="x", phone="y")))
    assert [each.field for each in wrong] == ["name", "email", "phone"]


def test_a_contact_receives_documents_somewhere() -> None:
    twice = ContactData(name="Marie", email="marie@dupont.example", receives=("invoices", "invoices"))
    assert tidied_contact(twice).receives == ("invoices",)
    assert contact_problems(tidied_contact(twice)) == []
    wrong = contact_problems(ContactData(name="Marie", receives=("letters",)))
    assert [(each.field, each.code) for each in wrong] == [
        ("receives", "documents_unknown"),
        ("email", "contact_receives_nowhere"),
    ]


@given(
    some.builds(
        CustomerData, **{name: some.text(max_size=30) for name in ("name", "siren", "siret", "vat_number", "website")}
    )
)
def test_whatever_is_typed_is_answered_and_tidying_again_changes_nothing(typed: CustomerData) -> None:
    once = tidied(typed)
    assert tidied(once) == once
    assert all(each.code for each in problems(once))
