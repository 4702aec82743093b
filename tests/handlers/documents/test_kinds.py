"""What each kind of document says of its own, and what it may not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from handlers.company.types import IdentityData
from handlers.documents.model import DeliveryLine, Document, DocumentKind, NoteLine
from handlers.documents.ours import Ours
from handlers.documents.rules import contradictions
from handlers.documents.sheet import sheet
from handlers.documents.specimen import KINDS, specimen
from tests.handlers.documents.examples import (
    CONSUMER,
    DAY,
    DEPOSIT,
    ORIGINAL,
    acknowledgement,
    delivery_note,
    invoice,
    item,
    long,
    mentions,
    short,
    statement,
)

CREDIT = DocumentKind.CREDIT_NOTE


def said(document: Document) -> dict[str, Any]:
    assert contradictions(document) == ()
    return sheet(document)


def test_an_acknowledgement_says_when_and_how_it_will_be_delivered() -> None:
    made = said(acknowledgement())
    assert made["heading"] == "Accusé de réception de commande CC-2026-00003"
    facts = dict(made["facts"])
    assert facts["Livraison prévue le"] == "4 décembre 2026"
    assert facts["Mode de livraison"] == "Messagerie"
    assert made["signature"] is None
    assert any("40 €" in each for each in made["mentions"])


def test_a_delivery_note_goes_to_the_place_of_delivery_and_has_no_prices() -> None:
    made = said(delivery_note())
    assert made["columns"] == ["Désignation", "Quantité livrée", "Commandé", "Reste à livrer"]
    assert made["rows"][-1]["cells"] == [
        {"text": "2,5", "small": "mètres"},
        {"text": "4", "small": ""},
        {"text": "1,5", "small": ""},
    ]
    assert all(each["kind"] == "item" for each in made["rows"])
    assert made["buyer"]["text"].splitlines()[1:] == ["Chantier des Halles", "2 quai Pasteur", "39100 Dole"]
    assert made["delivery"]["name"] == "Cabinet Vallier Architectes"
    assert [label for label, _ in made["facts"]][1:4] == ["Expédié le", "Transporteur", "Suivi"]
    assert made["signature"]["fields"] == ["Date", "Nom", "Réserves", "Signature"]
    assert "L. 133-3" in made["mentions"][0]
    plain = replace(delivery_note(), lines=(DeliveryLine(name="Table", quantity=Decimal(1), unit=""),))
    assert said(replace(plain, delivery_address=None))["columns"] == ["Désignation", "Quantité livrée"]


def test_a_proforma_says_that_it_is_no_invoice() -> None:
    kind = DocumentKind.PROFORMA
    made = said(replace(short(), kind=kind, mentions=mentions(kind, "fr")))
    assert made["title"] == "Facture proforma"
    assert "Ce document n’est pas une facture" in made["mentions"][-1]
    assert made["signature"] is None


@pytest.mark.parametrize(
    ("document", "title", "relation"),
    [
        (invoice(), "Facture", ""),
        (
            invoice(nature="replacement", references=(ORIGINAL,)),
            "Facture rectificative",
            "Annule et remplace la facture n° FA-2026-00003 du 2 novembre 2026.",
        ),
        (invoice(nature="deposit"), "Facture d’acompte", ""),
        (
            invoice(nature="after_deposits", references=(DEPOSIT,), language="en"),
            "Invoice",
            "After a deposit: invoice FA-2026-00002 of 12 October 2026.",
        ),
        (invoice(kind=CREDIT), "Avoir", "Avoir sur la facture n° FA-2026-00003 du 2 novembre 2026."),
        (
            invoice(kind=CREDIT, nature="deposit", references=(DEPOSIT,), language="en"),
            "Credit note on a deposit",
            "Credit note on invoice FA-2026-00002 of 12 October 2026.",
        ),
    ],
)
def test_an_invoice_says_what_it_is_and_what_it_does_to_others(document: Document, title: str, relation: str) -> None:
    made = said(document)
    assert (made["title"], made["relation"]) == (title, relation)


def test_an_invoice_says_when_and_how_much_is_to_be_paid() -> None:
    made = said(invoice(prepaid=Decimal("658.00")))
    facts = dict(made["facts"])
    assert facts["Échéance"] == "22 décembre 2026"
    assert facts["Livré ou réalisé le"] == "20 novembre 2026"
    assert facts["Catégorie d’opération"] == "livraison de biens"
    assert made["totals"][-2:] == [("Déjà payé", "-658,00\u00a0€"), ("Net à payer", "2\u202f000,00\u00a0€")]
    assert "Référence à rappeler\u00a0: FA-2026-00007" in dict(made["terms"])["Par virement"]
    credited = said(invoice(kind=CREDIT))
    assert credited["totals"][-1][0] == "Total TTC à votre crédit"
    settled = "Ce montant vient en déduction de vos factures à payer, ou vous est remboursé."
    assert credited["terms"] == [("Règlement de l’avoir", settled)]
    assert not {"Échéance", "Mode de paiement"} & dict(credited["facts"]).keys()
    draft = said(invoice(number="", is_draft=True))
    assert (draft["heading"], draft["number"], draft["draft"]) == ("Facture", "", "BROUILLON")


def test_a_consumer_is_told_of_the_mediator_and_of_no_forty_euros() -> None:
    told = " ".join(said(invoice(buyer=CONSUMER))["mentions"])
    assert "cm2c.net" in told
    assert "40 €" not in told


def test_a_statement_leads_from_one_balance_to_the_other() -> None:
    made = said(statement())
    assert [each["cells"][-1]["text"] for each in made["rows"][:-1]] == [
        *("1\u202f200,00", "2\u202f028,00", "1\u202f528,00", "2\u202f356,00", "1\u202f856,00")
    ]
    assert [each["tied"] for each in made["rows"]][-2:] == [2, 0]
    assert made["rows"][1]["description"] == "Échéance dépassée"
    assert made["totals"][-1] == ("Solde au 22/11/2026", "1\u202f856,00\u00a0€")
    assert dict(made["facts"])["Période"] == "du 01/11/2026 au 22/11/2026"
    empty = said(statement(0, "en"))
    assert len(empty["rows"]) == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("regime", ["normal", "franchise"])
def test_specimens_agree_with_themselves(kind: DocumentKind, regime: str) -> None:
    ours = Ours(identity=IdentityData(name="Atelier", vat_regime=regime), logo=None)
    for language in ("fr", "en"):
        made = said(specimen(ours, language, DAY, kind))
        assert made["draft"] in {"BROUILLON", "DRAFT"}


CENT = Decimal("0.01")
ACCOUNT = statement().statement
assert ACCOUNT is not None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (invoice(number=""), "number_is_missing"),
        (invoice(category=None), "category_is_missing"),
        (invoice(kind=CREDIT, references=()), "credit_note_of_nothing"),
        (invoice(kind=CREDIT, due_on=date(2026, 12, 22)), "credit_note_to_be_paid"),
        (invoice(kind=CREDIT, payment_method="transfer"), "credit_note_to_be_paid"),
        (invoice(kind=CREDIT, nature="replacement"), "credit_note_of_another_nature"),
        (invoice(nature="replacement"), "replacement_of_not_one_invoice"),
        (invoice(nature="after_deposits", references=(ORIGINAL,)), "final_invoice_of_no_deposit"),
        (invoice(references=(replace(ORIGINAL, issued_on=date(2027, 1, 1)),)), "reference_to_a_later_invoice"),
        (invoice(references=(replace(ORIGINAL, number="FA-2026-00007"),)), "reference_to_itself"),
        (invoice((item("x", rate=None),)), "untaxed_without_a_reason"),
        (replace(invoice(), vat=(replace(invoice().vat[0], exemption="export"),)), "reason_without_an_untaxed_line"),
        (invoice((item("x", rate=None), item("y")), exemption="franchise"), "franchise_with_tax"),
        (invoice((item("x", price="-1"), item("y"))), "negative_price"),
        (invoice((NoteLine(text="Rien."),)), "nothing_is_invoiced"),
        (invoice(currency="USD"), "not_in_euros"),
        (replace(short(), due_on=DAY), "facts_of_an_invoice"),
        (replace(short(), nature="deposit"), "facts_of_an_invoice"),
        (replace(short(), valid_until=date(2026, 1, 1)), "offer_without_end"),
        (replace(short(), lines=delivery_note().lines), "delivered_lines_where_prices_belong"),
        (replace(long(), kind=DocumentKind.DELIVERY_NOTE), "prices_where_none_belong"),
        (replace(delivery_note(), lines=()), "nothing_is_delivered"),
        (
            replace(delivery_note(), lines=(DeliveryLine(name="Table", quantity=Decimal(0), unit=""),)),
            "delivered_quantity_is_not_positive",
        ),
        (replace(statement(), statement=None), "statement_of_another_kind"),
        (replace(statement(), statement=replace(ACCOUNT, closing=CENT)), "balance_is_not_the_sum_of_rows"),
        (replace(statement(), statement=replace(ACCOUNT, rows=ACCOUNT.rows[::-1])), "rows_out_of_their_period"),
        (
            replace(
                statement(),
                statement=replace(ACCOUNT, rows=(*ACCOUNT.rows, replace(ACCOUNT.rows[-1], debit=CENT))),
            ),
            "row_on_both_sides",
        ),
        (replace(statement(), statement=replace(ACCOUNT, overdue=-CENT)), "negative_overdue"),
    ],
)
def test_what_contradicts_itself(document: Document, expected: str) -> None:
    assert expected in contradictions(document)
