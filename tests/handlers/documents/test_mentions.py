"""Which sentence the law asks for, by the day of the document."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from handlers.documents.mentions import MENTIONS, Circumstances, due
from handlers.documents.model import DocumentKind, Language

SOLD = Circumstances(
    kind=DocumentKind.QUOTE,
    day=date(2026, 11, 22),
    exemptions=(),
    is_business=True,
    penalty_percent=None,
    has_discount=False,
    mediator="CM2C, 49 rue de Ponthieu, 75008 Paris, cm2c.net",
)


def said(language: Language = "fr", **changed: Any) -> str:
    return "\n".join(each.text for each in due(replace(SOLD, **changed), language))


@pytest.mark.parametrize(
    ("day", "expected", "not_yet"),
    [
        (date(2026, 8, 31), "TVA non applicable, art. 293 B du CGI.", "CIBS"),
        (
            date(2026, 9, 1),
            "TVA non applicable, art. L. 223-1 et suivants du CIBS (ancien art. 293 B du CGI).",
            "293 B du CGI.",
        ),
        (date(2040, 1, 1), "art. L. 223-1 et suivants du CIBS", "293 B du CGI."),
    ],
)
def test_the_franchise_names_the_law_of_the_day(day: date, expected: str, not_yet: str) -> None:
    assert expected in said(day=day, exemptions=("franchise",))
    assert not_yet not in said(day=day, exemptions=("franchise",))
    assert "TVA non applicable" not in said(day=day)
    assert expected.partition(" et ")[0].rstrip(".") in said("en", day=day, exemptions=("franchise",))


def test_the_forty_euros_are_due_since_2013_and_by_businesses_only() -> None:
    assert "40 €" in said(day=date(2013, 1, 1))
    assert "40 €" not in said(day=date(2012, 12, 31))
    assert "40 €" not in said(is_business=False)
    assert "€40" in said("en")


def test_nothing_is_said_of_paying_what_nobody_pays() -> None:
    assert said(kind=DocumentKind.INVOICE, penalty_percent=Decimal(12)).count("\n") == 2
    assert not said(kind=DocumentKind.CREDIT_NOTE)
    assert not said(kind=DocumentKind.CREDIT_NOTE, penalty_percent=Decimal(12))
    assert said(kind=DocumentKind.CREDIT_NOTE, exemptions=("intra_eu",)) == "Exonération de TVA, art. 262 ter I du CGI."


def test_the_penalty_is_the_rate_of_the_company_or_of_the_law() -> None:
    assert "Banque centrale européenne majoré de dix points" in said()
    assert "au taux annuel de 12,5\u00a0%" in said(penalty_percent=Decimal("12.500"))
    assert "Banque centrale" not in said(penalty_percent=Decimal("12.500"))
    assert "yearly rate of 12.5%" in said("en", penalty_percent=Decimal("12.500"))
    assert "retard" not in said(is_business=False)


def test_a_discount_takes_the_sentence_that_there_is_none_away() -> None:
    assert "Pas d’escompte" in said()
    assert "escompte" not in said(has_discount=True)


def test_the_mediator_is_named_to_consumers() -> None:
    assert "cm2c.net" in said(is_business=False)
    assert "cm2c.net" not in said()
    assert said(is_business=False, mediator="") == ""


def test_each_sentence_has_its_source_and_no_day_has_two_of_a_kind() -> None:
    for each in MENTIONS:
        assert each.source
        assert each.fr
        assert each.en
    for code in {each.code for each in MENTIONS}:
        dated = sorted((each for each in MENTIONS if each.code == code), key=lambda each: each.since)
        assert all(one.until is not None and one.until < other.since for one, other in pairwise(dated))


def test_the_option_for_debits_is_said_of_invoices_that_bear_tax() -> None:
    option = "Option pour le paiement de la taxe d’après les débits."
    assert option in said(kind=DocumentKind.INVOICE, is_on_debits=True)
    assert "d’après les débits" in said("en", kind=DocumentKind.CREDIT_NOTE, is_on_debits=True)
    assert option not in said(kind=DocumentKind.INVOICE)
    assert option not in said(kind=DocumentKind.QUOTE, is_on_debits=True)
    assert option not in said(kind=DocumentKind.INVOICE, is_on_debits=True, exemptions=("franchise",))
