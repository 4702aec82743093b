"""What people do to stock and warehouses through the one door of records, and the pages that read it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import records
from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import Actor
from engine.records import queries as recorded
from handlers.purchasing.queries import awaited
from handlers.stock import commands as s
from handlers.stock import ledger
from handlers.stock import warehouses as w
from handlers.stock.ledger import Wanted
from handlers.stock.movements import movements_page, promises
from handlers.stock.queries import find_article, read_warehouses
from handlers.stock.warehouses import WarehouseData

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
BRUNO = Actor(login="bruno", name="Bruno", roles=frozenset({"warehouse"}))
MONIQUE = Actor(login="monique", name="Monique", roles=frozenset({"purchasing_manager"}))
VAN = w.AddWarehouse(code="VAN", warehouse=WarehouseData(name=" Camion  bleu "))


def codes(refused: pytest.ExceptionInfo[InvalidInput]) -> list[tuple[str, str]]:
    return [(each.field, each.code) for each in refused.value.fields]


@pytest.fixture
def shop(company: Database) -> Database:
    """LAM (none there, level 20), CAI (40 there, level 12), and a second warehouse."""
    records.execute(company, w.add_warehouse, VAN, MONIQUE, now=NOW)
    return company


def bring(shop: Database, **other: Any) -> Any:
    asked: dict[str, Any] = {
        "reference": "CAI",
        "quantity": Decimal(5),
        "source": "DEPOT",
        "target": "VAN",
        "reason": "x",
        "today": NOW.date(),
    }
    return records.execute(shop, s.transfer_stock, s.TransferStock(**(asked | other)), BRUNO, now=NOW)


def article_id(session: Session, reference: str) -> int:
    found = find_article(session, reference)
    assert found is not None
    return found.id


def test_there_is_one_default_warehouse(shop: Database) -> None:
    def change(code: str, **other: Any) -> None:
        wanted = w.ChangeWarehouse(code=code, warehouse=WarehouseData(**({"name": "N"} | other)))
        records.execute(shop, w.change_warehouse, wanted, MONIQUE, now=NOW)

    with pytest.raises(WrongState, match="warehouse_is_default"):
        change("DEPOT")
    change("VAN", is_default=True, may_be_negative=True)
    records.execute(
        shop,
        w.add_warehouse,
        w.AddWarehouse(code="NORD", warehouse=WarehouseData(name="Nord", is_default=True)),
        MONIQUE,
        now=NOW,
    )
    with shop.reading() as session:
        found = {each.code: each for each in w.warehouses(session)}
        assert [code for code, each in found.items() if each.data.is_default] == ["NORD"]
        assert (found["DEPOT"].articles, found["DEPOT"].short) == (1, 1)
        assert found["VAN"].data == WarehouseData(name="N", may_be_negative=True)
        assert [each.value for each in read_warehouses(session)] == ["NORD", "DEPOT", "VAN"]
        assert recorded.history(session, w.KIND, "VAN", limit=5)


def test_what_a_warehouse_is_called(shop: Database) -> None:
    with shop.reading() as session:
        assert w.find_warehouse(session, "VAN") == WarehouseData(name="Camion bleu")
    assert w.tidied_code(" nord 2 ") == "NORD2"
    for code, name, wrong in (
        ("van", "V", [("code", "warehouse_code_invalid")]),
        ("VAN", "V", [("code", "warehouse_code_taken")]),
        ("B", " ", [("name", "warehouse_name_missing")]),
        ("B", "x" * 101, [("name", "text_too_long")]),
    ):
        with pytest.raises(InvalidInput) as refused:
            records.execute(
                shop, w.add_warehouse, w.AddWarehouse(code=code, warehouse=WarehouseData(name=name)), MONIQUE, now=NOW
            )
        assert codes(refused) == wrong
    with pytest.raises(InvalidInput):
        records.execute(
            shop, w.change_warehouse, w.ChangeWarehouse(code="VAN", warehouse=WarehouseData(name="")), MONIQUE, now=NOW
        )
    with pytest.raises(NotFound):
        records.execute(
            shop, w.change_warehouse, w.ChangeWarehouse(code="X", warehouse=WarehouseData(name="X")), MONIQUE, now=NOW
        )
    with pytest.raises(NotAllowed):
        records.execute(shop, w.add_warehouse, VAN, BRUNO, now=NOW)


def test_counts_and_levels_are_of_a_warehouse(shop: Database) -> None:
    count = s.CountStock(reference="CAI", counted=Decimal("2.5"), reason="Inventaire", warehouse="VAN")
    records.execute(shop, s.count_stock, count, BRUNO, now=NOW)
    level = s.SetReorderLevel(reference="CAI", reorder_level=Decimal(3), warehouse="VAN")
    records.execute(shop, s.set_reorder_level, level, BRUNO, now=NOW)
    with shop.reading() as session:
        found = [[each.code, each.on_hand, each.reorder_level] for each in w.lying(session, article_id(session, "CAI"))]
        assert found == [["DEPOT", 40, 12], ["VAN", Decimal("2.5"), 3]]
        page = movements_page(session, "CAI", warehouse="VAN")
        assert [(each.kind, each.quantity, each.after, each.reason, each.by) for each in page.movements] == [
            ("count", Decimal("2.5"), Decimal("2.5"), "Inventaire", "bruno")
        ]
        facts = recorded.history(session, s.KIND, "CAI", limit=1)[0].facts
        assert facts == {"warehouse": "VAN"}
    with pytest.raises(NotFound, match="warehouse_unknown"):
        records.execute(
            shop,
            s.count_stock,
            s.CountStock(reference="CAI", counted=Decimal(1), reason="x", warehouse="MARS"),
            BRUNO,
            now=NOW,
        )


def test_goods_go_to_another_warehouse(shop: Database) -> None:
    bring(shop, quantity=Decimal("2.5"), reason=" Tournée  du lundi ")
    with shop.reading() as session:
        moved = movements_page(session, "CAI", limit=2)
        assert [(each.warehouse_name, each.quantity, each.after) for each in moved.movements] == [
            ("Camion bleu", Decimal("2.5"), 40),
            ("Dépôt principal", Decimal("-2.5"), Decimal("37.5")),
        ]
        assert {(each.document, each.reason) for each in moved.movements} == {("TR-2026-00001", "Tournée du lundi")}
        older = movements_page(session, "CAI", before=moved.next, limit=2)
        assert [[each.kind, each.after] for each in older.movements] == [["count", 40]]
        assert older.next is None
    for other, wrong in (
        ({"quantity": Decimal(38)}, [("quantity", "stock_insufficient")]),
        ({"quantity": Decimal(0)}, [("quantity", "transfer_quantity_invalid")]),
        (
            {"quantity": Decimal("NaN"), "reason": ""},
            [("quantity", "transfer_quantity_invalid"), ("reason", "reason_missing")],
        ),
        ({"target": "DEPOT", "reason": "x" * 201}, [("target", "transfer_to_itself"), ("reason", "text_too_long")]),
    ):
        with pytest.raises(InvalidInput) as refused:
            bring(shop, **other)
        assert codes(refused) == wrong
    with pytest.raises(NotFound):
        bring(shop, target="MARS")
    number = "SELECT max(document) FROM business.stock_movement WHERE kind = 'transfer'"
    bring(shop, today=date(2027, 1, 1))  # at the company's: in Greenwich it is still the year before
    with shop.reading() as session:
        assert session.scalar(text(number)) == "TR-2027-00001"


def test_a_count_and_a_transfer_say_whether_somebody_lacks_what_is_there_now(shop: Database) -> None:
    def count(counted: int) -> Any:
        given = s.CountStock(reference="CAI", counted=Decimal(counted), reason="Inventaire", warehouse="VAN")
        return records.execute(shop, s.count_stock, given, BRUNO, now=NOW).answer

    assert count(2) == ()
    with shop.transaction() as session:
        wanted = (Wanted(line=1, article="CAI", quantity=Decimal(9)),)
        ledger.reserve(session, "BL-1", "VAN", wanted, by="x", now=NOW)
    assert count(2) == (), "all of it is promised"
    assert count(3) == ("CAI",)
    assert count(2) == ()
    assert bring(shop).answer == ("CAI",)


def test_what_was_promised_at_the_opening_can_be_released(shop: Database) -> None:
    with shop.transaction() as session:
        for document, quantity in ((ledger.OPENING, 5), ("BL-1", 50)):
            wanted = (Wanted(line=1, article="CAI", quantity=Decimal(quantity)),)
            ledger.reserve(session, document, "", wanted, by="x", now=NOW + timedelta(minutes=quantity))
    with shop.reading() as session:
        found = [[each.document, each.quantity, each.missing] for each in promises(session, "CAI")]
        assert found == [[ledger.OPENING, 5, 0], ["BL-1", 35, 15]]
        assert awaited(session, "CAI") == ()
    given = s.ReleaseOpening(reference="CAI", reason="Livré avant")
    with pytest.raises(InvalidInput):
        records.execute(shop, s.release_opening, s.ReleaseOpening(reference="CAI", reason=" "), BRUNO, now=NOW)
    assert records.execute(shop, s.release_opening, given, BRUNO, now=NOW).answer == ("CAI",), (
        "what lacks some can have it"
    )
    with shop.reading() as session:
        assert [each.document for each in promises(session, "CAI")] == ["BL-1"]
    with pytest.raises(WrongState, match="nothing_promised"):
        records.execute(shop, s.release_opening, given, BRUNO, now=NOW)
