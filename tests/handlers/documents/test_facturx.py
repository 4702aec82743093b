"""Invoices for machines: what the official rules accept, and that they refuse what is wrong. One process judges them all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import pytest

from engine.errors import InvariantBroken
from handlers.documents import checking
from handlers.documents.checking import complaints
from handlers.documents.facturx import xml_of
from handlers.documents.gaps import decisive, gaps
from handlers.documents.model import (
    Adjustment,
    Buyer,
    Document,
    DocumentKind,
    ElectronicAddress,
    ItemLine,
    Mention,
    NoteLine,
    PostalAddress,
    SectionLine,
)
from handlers.documents.rules import contradictions
from handlers.documents.units import code_of
from tests.handlers.documents.examples import (
    BUYER,
    CONSUMER,
    DEPOSIT,
    DESK,
    GERMAN,
    NORMAL,
    ORIGINAL,
    SELLER,
    figures,
    invoice,
    item,
    short,
)

CREDIT: Final = DocumentKind.CREDIT_NOTE
REDUCED: Final = Decimal("0.0550")
UNTAXED: Final = (item(DESK, rate=None), item("Lampe", "4", "64.90", None))
SWISS: Final = replace(GERMAN, address=PostalAddress(city="Genève", country="CH"), vat_number="")


ABROAD: Final = item("Montage", "2", "58", None, exemption="reverse_charge")


def back(price: str) -> ItemLine:
    """A deposit that is deducted: a negative quantity, since prices have no sign."""
    return replace(item("Acompte n° 1", price=price), quantity=Decimal(-1), amount=-Decimal(price))


def discounted() -> Document:
    lines = (
        SectionLine(title="Mobilier", subtotal=Decimal("1863.00")),
        replace(item(DESK, "3"), discount_percent=Decimal("10.00"), amount=Decimal("1863.00")),
        SectionLine(title="Divers"),
        item("Livres", "12", "21.123456", REDUCED, "Deux\nlignes"),
        NoteLine(text="Livraison au deuxième étage."),
    )
    return invoice(
        lines,
        adjustments=(
            Adjustment(label="Remise 5 %", vat_rate=NORMAL, amount=Decimal("-93.15")),
            Adjustment(label="Remise 5 %", vat_rate=REDUCED, amount=Decimal("-12.67")),
            Adjustment(label="Frais de port", vat_rate=NORMAL, amount=Decimal("45.00")),
        ),
        delivery_address=PostalAddress(name="Chantier", street="1\n2\n3\n4", city="Dole", postal_code="39100"),
        subject="Premier étage",
    )


def a_cent_off() -> Document:
    """The last of several partial invoices: amount and tax are what the others left."""
    lines = (replace(item("Étagère", "1", "33.333333"), amount=Decimal("33.34")),)
    made = figures(lines, ())
    part = replace(made["vat"][0], vat=Decimal("6.66"))
    return invoice(lines, vat=(part,), totals=replace(made["totals"], vat=Decimal("6.66"), gross=Decimal("40.00")))


ON_DEBITS: Final = Mention(code="vat_on_debits", text="Option pour le paiement de la taxe d’après les débits.")
RIGHT: Final[Mapping[str, Document]] = {
    "380 B1": invoice(),
    "380 S1": invoice(category="services", payment_method="cheque"),
    "380 S1 on debits": invoice(category="services", mentions=(*invoice().mentions, ON_DEBITS)),
    "380 M1": invoice(category="mixed", payment_method="", language="en"),
    "380 partial": a_cent_off(),
    "380 discounts and shipping": discounted(),
    "380 partly paid": invoice(prepaid=Decimal("100.00")),
    "380 nothing to pay": invoice((item("Échantillon", "1", "0"),)),
    "380 gift": invoice((item(DESK, "3"), item("Cadeau", "1", "0"))),
    "380 without a SIREN": invoice(buyer=replace(CONSUMER, is_company=True, name="Comité des fêtes")),
    "380 without a delivery": invoice(delivered_on=None),
    "380 consumer": invoice(buyer=CONSUMER, payment_method="card"),
    "380 B4": invoice((item(DESK, "3"), back("500.00")), nature="after_deposits", references=(DEPOSIT,)),
    "380 B4 prepaid": invoice(nature="after_deposits", references=(DEPOSIT,), prepaid=Decimal("600.00")),
    "381": invoice(kind=CREDIT),
    "381 of several": invoice(kind=CREDIT, references=(ORIGINAL, replace(ORIGINAL, number="FA-2026-00004"))),
    "384": invoice(nature="replacement", references=(ORIGINAL,)),
    "386": invoice(nature="deposit", category="services"),
    "386 paid": invoice(nature="deposit", prepaid=invoice().totals.gross),
    "503": invoice(kind=CREDIT, nature="deposit", references=(DEPOSIT,)),
    "K": invoice(UNTAXED, exemption="intra_eu", buyer=GERMAN),
    "G": invoice(UNTAXED, exemption="export", buyer=SWISS),
    "AE": invoice(UNTAXED, exemption="reverse_charge", buyer=GERMAN, category="services"),
    "K beside AE": invoice((item(DESK, rate=None, exemption="intra_eu"), ABROAD), buyer=GERMAN, category="mixed"),
    "G for two reasons": invoice(
        (item(DESK, rate=None, exemption="export"), replace(ABROAD, exemption="service_abroad")), buyer=SWISS
    ),
    "G beside S": invoice((item(DESK, rate=None, exemption="export"), item("Pose")), buyer=SWISS),
    "E franchise": invoice(UNTAXED, exemption="franchise", seller=replace(SELLER, vat_number="")),
    "E beside S": invoice((*UNTAXED, item("Pose")), exemption="exempt"),
}


def test_the_official_rules_accept_every_kind_and_so_do_ours() -> None:
    nothing: tuple[str, ...] = ()
    known_gaps = dict.fromkeys(RIGHT, nothing) | {"380 without a SIREN": ("buyer_siren",)}
    assert {name: contradictions(each) for name, each in RIGHT.items()} == dict.fromkeys(RIGHT, nothing)
    assert {name: gaps(each) for name, each in RIGHT.items()} == known_gaps
    assert {name: complaints(xml_of(each)) for name, each in RIGHT.items()} == dict.fromkeys(RIGHT, nothing)


def test_the_option_for_debits_is_the_day_of_the_tax() -> None:
    written = xml_of(RIGHT["380 S1 on debits"]).decode()
    assert "<ram:DueDateTypeCode>5</ram:DueDateTypeCode>" in written
    assert ON_DEBITS.text in written
    assert "DueDateTypeCode" not in xml_of(RIGHT["380 S1"]).decode()


def test_the_same_invoice_is_the_same_xml() -> None:
    assert all(xml_of(each) == xml_of(each) for each in RIGHT.values())


WRONG: Final[Mapping[str, tuple[Document, str]]] = {
    "384 of nothing": (invoice(nature="replacement"), "BR-FR-CO-04"),
    "384 of two": (
        invoice(nature="replacement", references=(ORIGINAL, replace(ORIGINAL, number="FA-2026-00004"))),
        "BR-FR-CO-04",
    ),
    "381 of nothing": (invoice(kind=CREDIT, references=()), "BR-FR-CO-05"),
    "wrong tax": (
        invoice(
            vat=(replace(invoice().vat[0], vat=Decimal("100.00")),),
            totals=replace(invoice().totals, vat=Decimal("100.00"), gross=invoice().totals.net + 100),
        ),
        "BR-S-09",
    ),
    "wrong net": (invoice(totals=replace(invoice().totals, net=Decimal("1.00"))), "BR-CO-13"),
    "number with a space": (invoice(number="FA 2026 00007"), "BR-FR-02"),
    "due before it is issued": (invoice(due_on=ORIGINAL.issued_on), "BR-FR-CO-07"),
    "no mention of the forty euros": (
        invoice(mentions=tuple(each for each in invoice().mentions if each.code != "recovery_fee")),
        "BR-FR-05",
    ),
    "no SIREN": (invoice(seller=replace(SELLER, siren="", siret="")), "BR-FR-10"),
    "no day of a supply within the EU": (
        invoice(UNTAXED, exemption="intra_eu", buyer=GERMAN, delivered_on=None),
        "BR-IC-11",
    ),
}
OUR_OWN: Final = {"no mention of the forty euros", "no SIREN", "no day of a supply within the EU"}
"""What figures cannot contradict: mentions come from their table, the others are gaps."""


def test_the_official_rules_refuse_what_is_wrong_and_so_do_ours() -> None:
    unnoticed = {
        name
        for name, (document, rule) in WRONG.items()
        if not any(rule in each for each in complaints(xml_of(document)))
    }
    assert unnoticed == set()
    assert {name for name, (document, _) in WRONG.items() if not contradictions(document)} == OUR_OWN


def test_what_is_changed_in_the_xml_is_noticed() -> None:
    xml = xml_of(RIGHT["380 B4"])
    assert complaints(xml) == ()
    due = rb"(<ram:DuePayableAmount>)[0-9.]+"
    assert any("BR-CO-16" in each for each in complaints(re.sub(due, rb"\g<1>1.00", xml)))
    deposit = xml.replace(b"<ram:TypeCode>380<", b"<ram:TypeCode>386<")
    assert any("BR-FR-CO-08" in each for each in complaints(deposit))
    assert complaints(xml.replace(b"CrossIndustryInvoice", b"CrossIndustryInvoices"))[0].startswith("XSD")
    assert complaints(b"<not")[0].startswith("XSD")


def test_a_negative_amount_is_refused_by_ours_alone() -> None:
    """The official rules have nothing against a deposit above the total."""
    less = invoice((item(DESK), back("1000.00")), nature="after_deposits", references=(DEPOSIT,))
    assert complaints(xml_of(less)) == ()
    assert "negative_total" in contradictions(less)
    assert "more_is_paid_than_due" in contradictions(invoice(prepaid=Decimal("99999.00")))


def test_a_judge_that_dies_or_says_nothing_lets_nothing_through(monkeypatch: pytest.MonkeyPatch) -> None:
    xml = xml_of(invoice())
    judge = checking._Judge()
    monkeypatch.setattr(checking, "_judge", judge)
    try:
        running = judge._running()
        running.kill()  # as a crash of the library would
        running.wait()
        monkeypatch.setattr(checking, "LONGEST_SECONDS", 0)
        with pytest.raises(InvariantBroken, match="invoice_not_judged"):
            complaints(xml)
        assert judge.process is None
    finally:
        judge.end()


def test_where_it_is_delivered() -> None:
    said = xml_of(discounted()).decode()
    there = said[said.index("<ram:ShipToTradeParty>") : said.index("</ram:ShipToTradeParty>")]
    assert re.findall("<ram:(?:Name|Line\\w+|CityName)>([^<]+)", there) == ["Chantier", "1", "2", "3, 4", "Dole"]
    own = xml_of(invoice()).decode()
    assert "Cabinet Vallier Architectes" in own[own.index("<ram:ShipToTradeParty>") :]


def test_addresses_for_machines() -> None:
    said = xml_of(invoice(buyer=GERMAN)).decode()
    assert '<ram:URIID schemeID="EM">rechnung@moebelhaus.example' in said
    assert ">B2BINT<" in said
    own = replace(GERMAN, electronic_address=ElectronicAddress(scheme="9930", value="DE136695976"))
    assert '<ram:URIID schemeID="9930">DE136695976' in xml_of(invoice(buyer=own)).decode()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"seller": replace(SELLER, siren="", vat_number="")}, ("seller_siren", "seller_vat_number")),
        ({"buyer": replace(invoice().buyer, siren="", email="x@y.example")}, ("buyer_siren",)),
    ],
)
def test_what_a_person_must_supply_first(changed: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert gaps(replace(invoice(), **changed)) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (invoice(UNTAXED, exemption="reverse_charge", buyer=replace(GERMAN, vat_number="")), ("buyer_vat_number",)),
        (invoice(UNTAXED, exemption="intra_eu", buyer=GERMAN, delivered_on=None), ("delivery_day",)),
        (invoice((ABROAD,), buyer=GERMAN, seller=replace(SELLER, vat_number="")), ("seller_vat_number",)),
        (
            invoice(UNTAXED, exemption="export", buyer=SWISS, seller=replace(SELLER, vat_number="")),
            ("seller_vat_number",),
        ),
    ],
)
def test_what_an_exemption_hangs_on(document: Document, expected: tuple[str, ...]) -> None:
    assert gaps(document) == decisive(document) == expected


def test_goods_that_stay_are_told_of_and_a_person_may_know_better() -> None:
    """A forwarder may take them over in France."""
    for stays in (
        invoice(UNTAXED, exemption="intra_eu", buyer=GERMAN, delivery_address=PostalAddress(city="Dole")),
        invoice(UNTAXED, exemption="intra_eu", buyer=replace(SWISS, vat_number="DE136695976")),
        invoice(UNTAXED, exemption="export", buyer=GERMAN),
    ):
        assert (gaps(stays), decisive(stays)) == (("delivery_country",), ())
    assert decisive(invoice(UNTAXED, exemption="exempt", seller=replace(SELLER, vat_number=""))) == ()


def test_each_category_is_broken_down_once() -> None:
    said = xml_of(RIGHT["G for two reasons"]).decode()
    assert len(re.findall(r"<ram:ExemptionReason>", said)) == 1
    assert "262 I du CGI. TVA non applicable, art. 259-1° du CGI.</ram:ExemptionReason>" in said
    assert len(re.findall(r"<ram:ExemptionReason>", xml_of(RIGHT["K beside AE"]).decode())) == 2


def test_whatever_people_type_is_written_so_that_the_rules_accept_it() -> None:
    odd = "\x00<a & b>\"'\u202e\ud800 \ufffe 😀 日本 ]]> <!-- &amp; " * 3
    line = replace(item("x"), name=odd, description=odd * 50, reference=odd, unit=odd)
    nameless = replace(item("y"), name="\n\t\x01", reference="")
    place = PostalAddress(name=odd, street="\n".join([odd] * 6), city=odd, postal_code=odd)
    typed = invoice(
        (line, nameless, NoteLine(text=odd)),
        buyer=replace(invoice().buyer, name=odd, contact=odd, address=place),
        subject=odd,
        introduction=odd,
        reference=odd,
        order_number=odd,
    )
    xml = xml_of(typed)
    assert complaints(xml) == ()
    assert b"&lt;a &amp; b&gt;" in xml


def test_a_quote_is_not_written_for_machines() -> None:
    with pytest.raises(ValueError, match="quote"):
        xml_of(short())


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        *(("pièce", "H87"), ("Pièces", "H87"), ("heure", "HUR"), ("h", "HUR"), ("Jours", "DAY"), ("kg", "KGM")),
        *(("m²", "MTK"), ("forfait", "LS"), ("mois", "MON"), ("ml", "C62"), ("", "C62"), ("日", "C62")),
    ],
)
def test_units_for_machines(unit: str, code: str) -> None:
    assert code_of(unit) == code


@pytest.mark.parametrize("buyer", [BUYER, CONSUMER], ids=["business", "consumer"])
def test_nobody_is_told_to_pay_a_credit_note(buyer: Buyer) -> None:
    """It is our account that would stand there, and a day on which nothing is due. What the reform wants on every document says so."""
    xml = xml_of(invoice(kind=CREDIT, buyer=buyer))
    for each in (b"IBANID", b"SpecifiedTradeSettlementPaymentMeans", b"DueDateDateTime", b"L. 441-10", b"D. 441-5"):
        assert each not in xml
    told = xml.decode()
    assert told.count("Sans objet : un avoir n’est pas à payer.") == 3
    assert "<ram:Description>Ce montant vient en déduction de vos factures à payer, ou vous est remboursé." in told
    assert complaints(xml) == ()
