"""Sales abroad from the order to the payment: what bears no VAT says why, and passes the official rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine import records
from engine.database.session import Database
from engine.errors import InvalidInput, WrongState
from engine.handler import SYSTEM
from engine.records.queries import noted
from handlers.company.commands import SetIdentity, set_identity
from handlers.company.types import IdentityData
from handlers.customers import commands as customers
from handlers.customers.types import AddressData, CustomerData
from handlers.demonstration.company import IDENTITY
from handlers.documents.facturx import xml_of
from handlers.documents.gaps import gaps
from handlers.documents.model import Document, ItemLine
from handlers.documents.ours import find_ours
from handlers.invoices import judging, making, proforma, queries, verifying
from handlers.orders import commands as orders
from handlers.orders import printing as acknowledgements
from handlers.orders import queries as ordered
from handlers.orders.tables import OrderLine
from handlers.payments import commands as payments
from handlers.payments import queries as paid
from handlers.payments.types import PaymentData
from tests.handlers.invoices.conftest import Drafter, confirm, validate
from tests.handlers.invoices.test_printing import paper, ship
from tests.handlers.orders.conftest import ORDER
from tests.handlers.sales.conftest import DESK, FITTING, NOW, SARAH, TODAY
from tests.handlers.sales.conftest import LINES as BOTH

GERMAN = CustomerData(name="Möbelhaus Berlin", vat_number="DE136695976", email="r@berlin.example", locale="en")
SWISS = CustomerData(name="Genève Meubles", email="f@geneve.example")
TOURIST = CustomerData(name="Jane Doe", is_company=False, email="jane@example.org", locale="en")
BERLIN = AddressData(street="Torstraße 1", postal_code="10115", city="Berlin", country="DE", is_billing=True)
GENEVA = AddressData(street="1 rue du Lac", postal_code="1201", city="Genève", country="CH", is_billing=True)
FREE = Decimal("0.00")


def sell(  # noqa: PLR0917 - to whom, where, as what, and what
    database: Database,
    customer: CustomerData,
    place: AddressData,
    position: str,
    lines: tuple[object, ...] = BOTH,
    shipped_on: date | None = TODAY,
) -> str:
    """A confirmed order to a new customer, whose goods have left; its number."""
    added = customers.AddCustomer(customer=customer, address=place, today=TODAY)
    number = str(records.execute(database, customers.add_customer, added, SARAH, now=NOW).answer)
    with database.reading() as session:
        address = session.scalar(text("SELECT max(id) FROM business.customer_address"))
    data = replace(ORDER, locale=customer.locale, billing_id=address, fiscal_position=position)
    wanted = orders.AddOrder(customer=number, order=data, lines=lines, today=TODAY)  # type: ignore[arg-type]
    order = str(records.execute(database, orders.add_order, wanted, SARAH, now=NOW).answer)
    with database.transaction() as session:
        confirm(session)
        goods = session.scalars(select(OrderLine).where(OrderLine.product_type == "product", OrderLine.kind == "item"))
        for at, line in enumerate(goods.all() if shipped_on else (), 1):
            assert shipped_on is not None
            ship(session, line, f"BL-2026-{order[-3:]}{at}", shipped_on)
    return order


def prospect(session: Session, invoice_id: int) -> Document:
    found = judging.prospect(session, invoice_id, TODAY)
    assert found is not None
    return found


def credit(database: Database, number: str) -> int:
    with database.transaction() as session:
        view = queries.find_invoice(session, number)
        assert view is not None
        asked = [(each.id, each.line.quantity) for each in view.lines if each.amount is not None]
        return making.credit(
            session, view.id, asked, reason="Retour.", is_reinvoiceable=False, now=NOW, by="yasmine"
        ).id


def taxes_of(document: Document) -> list[tuple[Decimal | None, str | None]]:
    return [(each.vat_rate, each.exemption) for each in document.lines if isinstance(each, ItemLine)]


CASES = {
    "K": (GERMAN, BERLIN, "intra_eu", (DESK,), {"intra_eu": (Decimal("2110.00"), FREE)}),
    "AE": (GERMAN, BERLIN, "intra_eu", (FITTING,), {"reverse_charge": (Decimal("160.00"), FREE)}),
    "K and AE": (
        *(GERMAN, BERLIN, "intra_eu", BOTH),
        {"intra_eu": (Decimal("2110.00"), FREE), "reverse_charge": (Decimal("120.00"), FREE)},
    ),
    "G": (SWISS, GENEVA, "export", (DESK,), {"export": (Decimal("2110.00"), FREE)}),
    "G of both kinds": (
        *(SWISS, GENEVA, "export", BOTH),
        {"export": (Decimal("2110.00"), FREE), "service_abroad": (Decimal("120.00"), FREE)},
    ),
    "G beside S": (
        *(TOURIST, GENEVA, "export", BOTH),
        {"export": (Decimal("2110.00"), FREE), "intermediate": (Decimal("120.00"), Decimal("12.00"))},
    ),
    "S": (SWISS, GENEVA, "domestic", (DESK,), {"normal": (Decimal("2110.00"), Decimal("422.00"))}),
}


@pytest.mark.parametrize("case", CASES)
def test_every_position_passes_the_official_rules_and_its_credit_note_too(
    shop: Database, drafted: Drafter, case: str
) -> None:
    customer, place, position, lines, expected = CASES[case]
    order = sell(shop, customer, place, position, lines)
    draft = drafted(number=order)
    with shop.reading() as session:
        document = prospect(session, draft)
        assert gaps(document) == ()
        assert judging.complaints(document) == ()
    back = credit(shop, validate(shop, draft))
    with shop.reading() as session:
        given = prospect(session, back)
        assert judging.complaints(given) == ()
        assert taxes_of(given) == taxes_of(document)
    validate(shop, back)
    with shop.reading() as session:
        for each in (draft, back):
            view = queries.find_invoice(session, each)
            assert view is not None
            assert {rate.vat: (rate.base, rate.tax) for rate in view.totals.rates} == expected
        assert verifying.verify(session, noted).broken == ()


def test_parts_of_a_sale_abroad_are_the_whole(shop: Database, drafted: Drafter) -> None:
    order = sell(shop, GERMAN, BERLIN, "intra_eu")
    drafts = [
        drafted("percent", Decimal("33.3"), number=order),
        drafted("services", number=order),
        drafted(number=order),
    ]
    with shop.reading() as session:
        assert [judging.complaints(prospect(session, each)) for each in drafts] == [(), (), ()]
        views = [queries.find_invoice(session, each) for each in drafts]
        assert sum(each.totals.net for each in views if each) == Decimal("2230.00")
        assert all(each is not None and each.totals.tax == 0 for each in views)


@pytest.mark.parametrize(
    ("case", "code", "fr", "en"),
    [
        ("K", "vat_intra_eu", "262 ter I du CGI", "262 ter I of the French tax code"),
        ("AE", "vat_reverse_charge", "Autoliquidation, art. 283-2 du CGI.", "Reverse charge"),
        ("G", "vat_export", "Exonération de TVA, art. 262 I du CGI.", "262 I of the French tax code"),
    ],
)
def test_every_document_says_why(  # noqa: PLR0917 - the cases of the table
    shop: Database, drafted: Drafter, case: str, code: str, fr: str, en: str
) -> None:
    customer, place, position, lines, _ = CASES[case]
    for locale, expected in (("fr", fr), ("en", en)):
        order = sell(shop, replace(customer, locale=locale, vat_number=customer.vat_number), place, position, lines)
        number = validate(shop, drafted(number=order, key=locale))
        with shop.reading() as session:
            view, ours = ordered.find_order(session, order), find_ours(session)
            assert view is not None
            assert ours is not None
            said = [acknowledgements.document_of(view, ours, is_draft=True), proforma.document_of(view, ours, TODAY)]
        for each in (*said, paper(shop, number)):
            assert next(one.text for one in each.mentions if one.code == code).count(expected) == 1


def test_machines_read_both_numbers_the_country_and_the_reason(shop: Database, drafted: Drafter) -> None:
    draft = drafted(number=sell(shop, GERMAN, BERLIN, "intra_eu", (DESK,), TODAY - timedelta(days=2)))
    with shop.reading() as session:
        said = xml_of(prospect(session, draft)).decode()
    for part in (
        *("<ram:CategoryCode>K</ram:CategoryCode>", "<ram:ExemptionReasonCode>VATEX-EU-IC</ram:ExemptionReasonCode>"),
        *(">DE136695976<", ">FR11123456782<", '<udt:DateTimeString format="102">20261121</udt:DateTimeString>'),
        "article 262 ter I of the French tax code.</ram:ExemptionReason>",
    ):
        assert part in said
    there = said[said.index("<ram:ShipToTradeParty>") : said.index("</ram:ShipToTradeParty>")]
    assert "<ram:CountryID>DE</ram:CountryID>" in there


def set_company(database: Database, identity: IdentityData) -> None:
    records.execute(database, set_identity, SetIdentity(identity=identity), SYSTEM, now=NOW)


@pytest.mark.parametrize("case", ["K", "AE", "G"])
def test_without_our_own_number_nothing_is_free_of_tax(shop: Database, drafted: Drafter, case: str) -> None:
    """The official rules let a reverse charge without it pass."""
    customer, place, position, lines, _ = CASES[case]
    draft = drafted(number=sell(shop, customer, place, position, lines))
    set_company(shop, replace(IDENTITY, vat_number=""))
    with shop.reading() as session:
        said = judging.complaints(prospect(session, draft))
    assert said[0].startswith("Il manque le numéro de TVA de votre société")
    with pytest.raises(WrongState) as refused:
        validate(shop, draft)
    assert refused.value.facts["which"] == "seller_vat_number"


def test_without_the_number_of_the_customer_or_the_day_nothing_goes_abroad_untaxed(
    shop: Database, drafted: Drafter
) -> None:
    draft = drafted(number=sell(shop, GERMAN, BERLIN, "intra_eu", (DESK,), None))
    with shop.transaction() as session:
        session.execute(text("UPDATE business.invoice SET party = jsonb_set(party, '{vat_number}', '\"\"')"))
        session.execute(text("UPDATE business.customer SET vat_number = ''"))
    with shop.reading() as session:
        document = prospect(session, draft)
        assert gaps(document) == ("buyer_vat_number", "delivery_day")
        assert [each.partition(".")[0] for each in judging.complaints(document)] == [
            "Il manque le numéro de TVA du client (sur sa fiche)",
            "Il manque la date de livraison",
        ]
        home = replace(document.buyer, address=replace(document.buyer.address, country="FR"))  # type: ignore[type-var]
        assert "delivery_country" in gaps(replace(document, buyer=home))
    with pytest.raises(WrongState, match="customer_vat_number_gone"):
        validate(shop, draft)
    with shop.transaction() as session:
        session.execute(text("UPDATE business.customer SET vat_number = 'DE136695976' WHERE name LIKE 'M%'"))
    with shop.reading() as session:
        view = queries.find_invoice(session, draft)
        assert view is not None
        assert judging.lacking(session, view, TODAY) == ("delivery_day",), "what the sentence says helps"
        assert prospect(session, draft).buyer.vat_number == "DE136695976"


@pytest.mark.parametrize(
    ("customer", "position", "code"),
    [
        (SWISS, "intra_eu", "fiscal_position_without_number"),
        (TOURIST, "intra_eu", "fiscal_position_of_a_person"),
        (GERMAN, "elsewhere", "fiscal_position_unknown"),
    ],
)
def test_an_order_has_a_position_that_fits(shop: Database, customer: CustomerData, position: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        sell(shop, customer, BERLIN, position)
    assert [(each.field, each.code) for each in refused.value.fields] == [("fiscal_position", code)]


def test_the_position_is_frozen_with_the_order(shop: Database) -> None:
    sell(shop, GERMAN, BERLIN, "intra_eu")
    with pytest.raises(IntegrityError, match="frozen"), shop.transaction() as session:
        session.execute(text("UPDATE business.sales_order SET fiscal_position = 'domestic'"))


def test_no_tax_is_kept_of_what_is_exempt(shop: Database, drafted: Drafter) -> None:
    drafted(number=sell(shop, GERMAN, BERLIN, "intra_eu"))
    with pytest.raises(IntegrityError, match="exempt_is_free"), shop.transaction() as session:
        session.execute(text("UPDATE business.invoice_rate SET tax = 0.01 WHERE vat = 'intra_eu'"))


def test_the_franchise_exempts_goods_and_services_abroad_are_taxed_there(shop: Database, drafted: Drafter) -> None:
    set_company(shop, replace(IDENTITY, vat_regime="franchise"))
    draft = drafted(number=sell(shop, GERMAN, BERLIN, "intra_eu"))
    with shop.reading() as session:
        document = prospect(session, draft)
        assert {each.exemption: each.base for each in document.vat} == {
            "franchise": Decimal("2110.00"),
            "reverse_charge": Decimal("120.00"),
        }
        assert {each.code for each in document.mentions if each.code.startswith("vat_")} == {
            *("vat_franchise", "vat_reverse_charge"),
        }
        assert judging.complaints(document) == ()


def test_what_is_paid_is_told_by_rate_also_where_there_is_none(shop: Database, drafted: Drafter) -> None:
    """Status 212 wants an amount for each rate."""
    number = validate(shop, drafted(number=sell(shop, GERMAN, BERLIN, "intra_eu")))
    with shop.reading() as session:
        view = queries.find_invoice(session, number)
        assert view is not None
    money = PaymentData(received_on=TODAY, amount=Decimal("1115.00"), method="transfer")
    asked = payments.RecordPayment(customer=view.customer_number, payment=money, key="k", today=TODAY)
    yasmine = replace(SARAH, login="yasmine", roles=frozenset({"accounting"}))
    done = records.execute(shop, payments.record_payment, asked, yasmine, now=NOW).answer
    with shop.reading() as session:
        found = paid.find_payment(session, done.number)
        assert found is not None
        assert [(each.vat, each.rate, each.amount) for each in found.settles[0].shares] == [
            ("intra_eu", FREE, Decimal("1055.00")),
            ("reverse_charge", FREE, Decimal("60.00")),
        ]


def test_what_stood_before_there_were_positions_was_sold_at_home_and_keeps_its_hash(
    order: Database, drafted: Drafter
) -> None:
    number = validate(order, drafted())
    versions = Path(making.__file__).parents[1] / "migrations" / "versions"
    spec = spec_from_file_location("positions", versions / "handlers_0019_fiscal_positions.py")
    assert spec is not None
    assert spec.loader is not None
    migration = module_from_spec(spec)
    spec.loader.exec_module(migration)
    with order.transaction() as session:
        sealed = session.execute(text("SELECT hash, to_jsonb(invoice) FROM business.invoice")).all()
        with Operations.context(MigrationContext.configure(session.connection())):
            migration.downgrade()
            migration.upgrade()
    with order.reading() as session:
        assert session.execute(text("SELECT hash, to_jsonb(invoice) FROM business.invoice")).all() == sealed
        assert verifying.verify(session, noted).broken == ()
        for table in ("customer", "sales_order"):
            assert session.execute(text(f"SELECT DISTINCT fiscal_position FROM business.{table}")).all() == [
                ("domestic",)
            ]
        view = queries.find_invoice(session, number)
        assert view is not None
        assert {each.vat for each in view.totals.rates} == {"normal", "intermediate"}


def test_an_invoice_without_vat_waits_for_the_vat_number_that_is_gone(shop: Database, drafted: Drafter) -> None:
    """It was there when the order was confirmed; without it the sale would bear VAT."""
    draft = drafted(number=sell(shop, GERMAN, BERLIN, "intra_eu"))
    with shop.transaction() as session:
        session.execute(text("UPDATE business.customer SET vat_number = '' WHERE name = :name"), {"name": GERMAN.name})
    with pytest.raises(WrongState, match="customer_vat_number_gone"):
        validate(shop, draft)
    with shop.transaction() as session:
        session.execute(
            text("UPDATE business.customer SET vat_number = :number WHERE name = :name"),
            {"name": GERMAN.name, "number": GERMAN.vat_number},
        )
    number = validate(shop, draft)
    with shop.transaction() as session:
        session.execute(text("UPDATE business.customer SET vat_number = '' WHERE name = :name"), {"name": GERMAN.name})
    assert validate(shop, credit(shop, number)), "what was invoiced so is given back so"
