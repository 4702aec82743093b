"""The pages of warehouses and of what moved the stock of an article."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

from sqlalchemy import text

from engine import clock, records
from handlers.stock import ledger
from handlers.stock.ledger import Wanted
from handlers.stock.warehouses import AddWarehouse, WarehouseData, add_warehouse
from tests.web.conftest import Office
from web.stock.drawing import curve

AT = "/articles/CAI-MOB-03"


def test_a_warehouse_is_added_and_changed(office: Office) -> None:
    monique = office.as_("monique")
    monique.get("/warehouses/new")
    wrong = monique.post("/warehouses/new", {"code": "nord est", "name": " "})
    assert wrong.status_code == 422
    assert "L’entrepôt doit avoir un nom" in unescape(wrong.text)
    assert 'value="NORDEST"' in wrong.text
    assert monique.post("/warehouses/new", {"code": "nord", "name": "Dépôt nord"}).status_code == 303
    page = unescape(monique.get("/warehouses").text)
    assert "Dépôt nord" in page
    assert "par défaut" in page
    refused = monique.post("/warehouses/DEPOT", {"name": "Dépôt"})
    assert refused.status_code == 422
    assert "l’entrepôt par défaut" in unescape(refused.text)
    assert monique.post("/warehouses/NORD", {"name": "Nord", "may_be_negative": "1"}).status_code == 303
    changed = unescape(monique.get("/warehouses/NORD").text)
    assert "peut devenir négatif" in changed
    assert "Modifier un entrepôt" in changed
    assert monique.get("/warehouses/MARS").status_code == 404
    assert office.as_("sarah").get("/warehouses").status_code == 200
    assert office.as_("bruno").post("/warehouses/NORD", {"name": "X"}).status_code == 403


def test_movements_say_what_why_and_who(office: Office) -> None:
    van = AddWarehouse(code="VAN", warehouse=WarehouseData(name="Camionnette"))
    records.execute(office.runtime.database, add_warehouse, van, office.actor("monique"))
    bruno = office.as_("bruno")
    page = unescape(bruno.get(AT).text)
    assert f"{AT}/movements" in page
    count = {"counted": "38", "reason": "Deux cassés", "warehouse": "DEPOT"}
    assert bruno.post(f"{AT}/count", count).status_code == 303
    page = unescape(bruno.get(f"{AT}/movements").text)
    for said in ("Stock d’ouverture", "+40", "Deux cassés", "Bruno Tissot", "Avant l’ouverture du stock", "<svg"):
        assert said in page
    sent = {"source": "DEPOT", "target": "VAN", "quantity": "34", "reason": "Tournée"}
    wrong = bruno.post(f"{AT}/transfer", sent)
    assert wrong.status_code == 422
    assert "33 disponible(s)" in unescape(wrong.text)
    assert 'value="34"' in wrong.text
    assert "Ce n’est pas un nombre" in bruno.post(f"{AT}/transfer", sent | {"quantity": "x"}).text
    lacking = (Wanted(line=1, article=AT.rpartition("/")[2], quantity=Decimal(3)),)
    with office.runtime.database.transaction() as session:
        ledger.reserve(session, "BL-1", "VAN", lacking, by="bruno", now=clock.now())
    assert bruno.post(f"{AT}/transfer", sent | {"quantity": "2,5"}).status_code == 303
    with office.runtime.database.reading() as session:
        told = session.execute(
            text("SELECT correlation_key FROM engine.message WHERE name = 'goods_received'")
        ).scalars()
        assert list(told) == [lacking[0].article], "whoever lacks it learns that some is there now"
    there = unescape(bruno.get(f"{AT}/movements?warehouse=VAN").text)
    assert "+2,5" in there
    assert "Deux cassés" not in there
    assert "TR-" in there
    assert bruno.post(f"{AT}/release", {"reason": ""}).status_code == 422
    assert bruno.post(f"{AT}/release", {"reason": "Livré"}).status_code == 303
    assert "Avant l’ouverture" not in unescape(bruno.get(f"{AT}/movements").text)
    sarah = office.as_("sarah")
    assert "Transférer" not in sarah.get(f"{AT}/movements").text
    assert sarah.post(f"{AT}/transfer", sent).status_code == 403
    assert bruno.get("/articles/NIX/movements").status_code == 404


def test_what_is_ordered_is_awaited(office: Office) -> None:
    case = office.start("CAB-RJ-305", "9")
    office.complete("gabriel", case, decision="launch", supplier="OFFICE-NORD", unit_price="18,50")
    page = unescape(office.as_("ines").get("/articles/CAB-RJ-305/movements").text)
    assert "Commandé, pas encore arrivé" in page
    assert "9 bobines de Office Nord Distribution" in page


def test_the_curve_steps_from_one_quantity_to_the_next() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    assert curve([(start, Decimal(3))], start) is None
    found = curve([(start, Decimal(4)), (start + timedelta(days=5), Decimal(-4))], start + timedelta(days=10))
    assert found is not None
    assert found.path == "M4.0 4.0H320.0V116.0H636"
    assert [found.ground, found.highest, found.lowest] == ["60.0", 4, -4]
    assert curve([(start, Decimal(0))] * 2, start) is not None
