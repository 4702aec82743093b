"""Articles: what may stand in their record, their commands, the rates of tax, and what is found again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from engine import records
from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import Actor
from engine.records import queries as recorded
from handlers.catalogue import commands as c
from handlers.catalogue import vat
from handlers.catalogue.rules import problems, reference_problems, tidied, tidied_reference
from handlers.catalogue.types import ArticleData
from handlers.stock import commands as s
from handlers.stock import queries

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
INES = Actor(login="ines", name="Inès", roles=frozenset({"purchasing_admin"}))
CHAIR = ArticleData(name="Chaise Nuage", unit="pièce", category="Sièges", sale_price=Decimal("329.00"))
MAKING = ArticleData(name="Montage", unit="heure", kind="service", vat="intermediate")


@pytest.fixture
def shop(database: Database) -> Database:
    for reference, article in (("CHA-02", CHAIR), ("MON-01", MAKING)):
        records.execute(database, c.add_article, c.AddArticle(reference=reference, article=article), INES, now=NOW)
    return database


def names(database: Database, search: str = "", *, stock: str = "", is_active: bool = True) -> list[str]:
    with database.reading() as session:
        page = queries.articles_page(session, search=search, stock=stock, is_active=is_active)
    return [each.data.name for each in page.articles]


@pytest.mark.parametrize(
    ("article", "wrong"),
    [
        (CHAIR, []),
        (ArticleData(name=" ", unit=""), [("name", "article_name_missing"), ("unit", "unit_missing")]),
        (ArticleData(name="A", unit="m", kind="thing"), [("kind", "article_kind_unknown")]),
        (ArticleData(name="A", unit="m", vat="zero"), [("vat", "vat_unknown")]),
        (ArticleData(name="A", unit="m", sale_price=Decimal(-1)), [("sale_price", "price_invalid")]),
        (ArticleData(name="A", unit="m", sale_price=Decimal("0.0000001")), [("sale_price", "price_invalid")]),
        (ArticleData(name="A", unit="m", sale_price=Decimal("NaN")), [("sale_price", "price_invalid")]),
        (ArticleData(name="A", unit="m", sale_price=Decimal("1E+30")), [("sale_price", "price_invalid")]),
        (ArticleData(name="x" * 201, unit="m"), [("name", "text_too_long")]),
    ],
)
def test_what_is_wrong_is_said_at_its_field(article: ArticleData, wrong: list[tuple[str, str]]) -> None:
    assert [(each.field, each.code) for each in problems(tidied(article))] == wrong


def test_references_are_plain() -> None:
    assert tidied_reference(" cha-erg 02 ") == "CHA-ERG02"
    assert reference_problems("CHA-ERG/02") == []
    for wrong in ("", "-A", "É1", "A B", "A" * 41):
        assert [each.code for each in reference_problems(wrong)] == ["reference_invalid"]


def test_a_rate_holds_from_its_day() -> None:
    assert vat.rate("normal", date(2026, 11, 22)) == Decimal("0.20")
    assert [vat.rate(each, date(2026, 11, 22)) for each in vat.NAMES] == [
        Decimal("0.2"),
        Decimal("0.1"),
        Decimal("0.055"),
        Decimal("0.021"),
    ]
    with pytest.raises(KeyError):
        vat.rate("normal", date(2013, 12, 31))


def test_articles_are_found_by_first_letters_and_stay_when_no_longer_sold(shop: Database) -> None:
    assert names(shop) == ["Chaise Nuage", "Montage"]
    assert names(shop, "sieg") == names(shop, "cha nua") == ["Chaise Nuage"]
    closed = ArticleData(name="Chaise Nuage", unit="pièce", is_active=False)
    records.execute(shop, c.change_article, c.ChangeArticle(reference="CHA-02", article=closed), INES)
    assert (names(shop), names(shop, is_active=False)) == (["Montage"], ["Chaise Nuage"])


def test_a_reference_is_one_article_s(shop: Database) -> None:
    with pytest.raises(InvalidInput) as refusal:
        records.execute(shop, c.add_article, c.AddArticle(reference="CHA-02", article=MAKING), INES)
    assert [(each.field, each.code) for each in refusal.value.fields] == [("reference", "reference_taken")]
    with pytest.raises(NotFound):
        records.execute(shop, c.change_article, c.ChangeArticle(reference="NIX", article=MAKING), INES)


def test_a_count_and_a_level_say_what_is_short_and_stay_in_the_history(shop: Database) -> None:
    with shop.reading() as session:
        found = queries.find_article(session, "CHA-02")
    assert found is not None
    assert (found.level, found.is_short) == (None, False)
    count = s.CountStock(reference="CHA-02", counted=Decimal("3.5"), reason=" Inventaire  annuel ")
    records.execute(shop, s.count_stock, count, INES)
    records.execute(shop, s.set_reorder_level, s.SetReorderLevel(reference="CHA-02", reorder_level=Decimal(4)), INES)
    assert names(shop, stock="short") == names(shop, stock="below") == ["Chaise Nuage"]
    assert names(shop, stock="out") == []
    with shop.reading() as session:
        found = queries.find_article(session, "CHA-02")
        level, counted = recorded.history(session, s.KIND, "CHA-02", limit=5)
    assert found is not None
    assert found.level is not None
    assert (found.level.on_hand, found.level.reorder_level, found.is_short) == (Decimal("3.5"), Decimal(4), True)
    assert {name: (each.old, each.new) for name, each in counted.fields.items()} == {
        "on_hand": (Decimal(0), Decimal("3.5"))
    }
    assert dict(counted.facts) == {"reason": "Inventaire annuel"}
    assert list(level.fields) == ["reorder_level"]
    nothing = s.CountStock(reference="CHA-02", counted=Decimal(0), reason="Casse")
    records.execute(shop, s.count_stock, nothing, INES)
    assert names(shop, stock="short") == names(shop, stock="out") == ["Chaise Nuage"]
    assert names(shop, stock="below") == []


def test_what_cannot_be_counted(shop: Database) -> None:
    with pytest.raises(WrongState):
        records.execute(shop, s.count_stock, s.CountStock(reference="MON-01", counted=Decimal(1), reason="x"), INES)
    with pytest.raises(NotFound):
        records.execute(shop, s.count_stock, s.CountStock(reference="NIX", counted=Decimal(1), reason="x"), INES)
    for wrong in (Decimal(-1), Decimal("0.00001"), Decimal("NaN"), Decimal("Infinity"), Decimal(10) ** 9):
        with pytest.raises(InvalidInput):
            records.execute(shop, s.count_stock, s.CountStock(reference="CHA-02", counted=wrong, reason="x"), INES)
    with pytest.raises(InvalidInput):
        records.execute(shop, s.count_stock, s.CountStock(reference="CHA-02", counted=Decimal(1), reason=" "), INES)
    seller = Actor(login="sarah", name="Sarah", roles=frozenset({"sales"}))
    with pytest.raises(NotAllowed):
        records.execute(shop, s.count_stock, s.CountStock(reference="CHA-02", counted=Decimal(1), reason="x"), seller)
