"""Which fiscal position is proposed, and which a customer can have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from handlers.base import territories
from handlers.customers import fiscal, rules
from handlers.customers.types import CustomerData

GERMAN = "DE136695976"
GREEK = "EL094259216"
FRENCH = "FR40303265045"


@pytest.mark.parametrize(
    ("country", "number", "is_company", "expected"),
    [
        (None, "", True, ("domestic", "no_address")),
        ("FR", "", True, ("domestic", "home")),
        ("MC", "", False, ("domestic", "home")),
        ("FR", GERMAN, True, ("domestic", "home")),
        ("DE", GERMAN, True, ("intra_eu", "business_in_eu")),
        ("GR", GREEK, True, ("intra_eu", "business_in_eu")),
        ("ES", GERMAN, True, ("intra_eu", "business_in_eu")),
        ("DE", "", True, ("domestic", "no_number")),
        ("DE", FRENCH, True, ("domestic", "no_number")),
        ("DE", "DE136695977", True, ("domestic", "no_number")),
        ("DE", GERMAN, False, ("domestic", "no_number")),
        ("CH", "", True, ("export", "outside")),
        ("GB", "", False, ("export", "outside")),
        ("NC", "", True, ("export", "outside")),
        ("RE", "", True, ("domestic", "overseas")),
        ("GF", "", True, ("domestic", "overseas")),
    ],
)
def test_what_address_and_number_propose(
    country: str | None,
    number: str,
    is_company: bool,
    expected: tuple[str, str],
) -> None:
    found = fiscal.proposed(country, number, is_company=is_company)
    assert (found.position, found.reason) == expected


@given(
    some.sampled_from(sorted({*territories.MEMBER_STATES, *territories.OVERSEAS, "MC", "CH", "US"})), some.booleans()
)
def test_what_is_proposed_can_be_had(country: str, is_company: bool) -> None:
    for number in (GERMAN, GREEK, FRENCH, ""):
        found = fiscal.proposed(country, number, is_company=is_company)
        assert fiscal.problem(found.position, number, is_company=is_company) is None


def test_there_are_twenty_seven_member_states() -> None:
    assert len(territories.MEMBER_STATES) == 27
    assert {"FR", "GR", "HR"} <= territories.MEMBER_STATES
    assert not {"GB", "XI", "EL"} & territories.MEMBER_STATES


def said(**data: object) -> list[tuple[str, str]]:
    wanted = rules.tidied(CustomerData(name="Möbelhaus", **data))  # type: ignore[arg-type]
    return [(each.field, each.code) for each in rules.problems(wanted)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, None),
        ({"fiscal_position": "domestic"}, None),
        ({"fiscal_position": "export"}, None),
        ({"fiscal_position": "intra_eu", "vat_number": "DE 136 695 976"}, None),
        ({"fiscal_position": "intra_eu"}, "fiscal_position_without_number"),
        ({"fiscal_position": "intra_eu", "vat_number": FRENCH}, "fiscal_position_without_number"),
        ({"fiscal_position": "intra_eu", "vat_number": GERMAN, "is_company": False}, "fiscal_position_of_a_person"),
        ({"fiscal_position": "elsewhere"}, "fiscal_position_unknown"),
    ],
)
def test_the_position_of_a_customer_fits_it(data: dict[str, object], expected: str | None) -> None:
    assert said(**data) == ([] if expected is None else [("fiscal_position", expected)])


def test_a_wrong_number_is_said_before_the_position_that_hangs_on_it() -> None:
    assert said(fiscal_position="intra_eu", vat_number="DE136695977") == [("vat_number", "vat_number_invalid")]


@pytest.mark.parametrize(
    ("country", "postal_code", "territory"),
    [
        ("FR", "39000", "FR"),
        ("FR", "97110", "GP"),
        ("FR", "97 200", "MQ"),
        ("FR", "97300", "GF"),
        ("FR", "97400", "RE"),
        ("FR", "97600", "YT"),
        ("FR", "97133", "BL"),
        ("FR", "97150", "MF"),
        ("FR", "98800", "NC"),
        ("FR", "98000", "FR"),
        ("FR", "9711", "FR"),
        ("DE", "97110", "DE"),
        ("RE", "97400", "RE"),
    ],
)
def test_an_overseas_place_is_known_by_its_postal_code(country: str, postal_code: str, territory: str) -> None:
    assert territories.territory(country, postal_code) == territory


@pytest.mark.parametrize(
    ("position", "territory", "number", "is_company", "has_goods", "expected"),
    [
        ("domestic", "FR", "", False, True, None),
        ("domestic", None, "", True, True, None),
        ("domestic", "RE", "", True, True, "fiscal_overseas"),
        ("export", "YT", "", False, False, "fiscal_overseas"),
        ("domestic", "DE", "", False, True, "fiscal_consumer_abroad"),
        ("domestic", "DE", GERMAN, False, True, "fiscal_consumer_abroad"),
        ("domestic", "DE", "", True, True, "fiscal_consumer_abroad"),
        ("domestic", "DE", "", False, False, None),
        ("domestic", "DE", GERMAN, True, True, None),
        ("intra_eu", "DE", GERMAN, True, True, None),
        ("intra_eu", "DE", "", True, True, "fiscal_position_without_number"),
        ("intra_eu", "DE", GERMAN, False, True, "fiscal_position_of_a_person"),
        ("export", "CH", "", False, True, None),
        ("export", "NC", "", True, True, None),
    ],
)
def test_what_is_refused_by_name(  # noqa: PLR0917 - a row of the table
    position: str, territory: str | None, number: str, is_company: bool, has_goods: bool, expected: str | None
) -> None:
    def found(*, is_below_threshold: bool) -> str | None:
        return fiscal.refusal(
            *(position, territory, number),
            is_company=is_company,
            has_goods=has_goods,
            is_below_threshold=is_below_threshold,
        )

    assert found(is_below_threshold=False) == expected
    assert expected is None or expected in fiscal.REFUSALS
    assert found(is_below_threshold=True) == (None if expected == "fiscal_consumer_abroad" else expected)
