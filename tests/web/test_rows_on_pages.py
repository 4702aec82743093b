"""What handlers did to rows, on the page of a case and for auditors: in words, with old and new values."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape
from typing import Any

from flask import g

from engine.history import keeping
from engine.instances.row_changes import CHANGED, DIGEST
from handlers.base.tables import Table
from tests.web.conftest import Office
from web.records import rows as told
from web.ui import t
from web.words import row_title


def one(table: str, became: str, name: str | None = None, **fields: tuple[Any, Any]) -> dict[str, Any]:
    row = {"table": table, "key": {"id": Decimal(7)}, "became": became} | ({} if name is None else {"name": name})
    return row | {"fields": {each: {"old": old, "new": new} for each, (old, new) in fields.items()}}


def record(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"type": CHANGED, "activity": "a1", "element": "e", "handler": "h", "rows": list(rows)}


def shown(office: Office, *rows: dict[str, Any], locale: str = "fr", is_detailed: bool = False) -> told.Rows:
    with office.app.test_request_context():
        g.locale = locale
        return told.rows([record(*rows)], {"zoe": "Zoé Morel"}, is_detailed=is_detailed)


def test_an_order_that_is_confirmed_in_words(office: Office) -> None:
    row = one(
        *("sales_order", "changed", "CO-2026-00012"),
        status=("draft", "confirmed"),
        confirmed_by=(None, "zoe"),
        customer_id=(Decimal(1), Decimal(2)),
        total=(Decimal("10.00"), Decimal("12.00")),
    )
    (line,) = shown(office, row).lines
    assert (line.title, line.became) == ("Commande CO-2026-00012", "modification")
    assert [(each.label, each.old, each.new) for each in line.changes] == [
        ("État", "brouillon", "confirmée"),
        ("Total TTC", "10", "12"),
        ("Confirmée par", None, "Zoé Morel"),
    ]
    (line,) = shown(office, row, locale="en", is_detailed=True).lines
    assert (line.title, line.became) == ("Order CO-2026-00012", "changed")
    assert [each.label for each in line.changes] == ["State", "Total with tax", "Confirmed by", "customer id"]


def test_a_row_that_came_says_little_and_all_of_it_with_every_detail(office: Office) -> None:
    row = one(
        "order_line",
        "created",
        article=(None, "LAM"),
        quantity=(None, Decimal(3)),
        unit=(None, "pièce"),
        place=(None, 1),
    )
    assert [each.label for each in shown(office, row).lines[0].changes] == ["Article", "Quantité"]
    assert len(shown(office, row, is_detailed=True).lines[0].changes) == 4
    assert shown(office, row).lines[0].title == "Ligne de commande 7"


def test_what_has_no_words_is_called_by_its_name_and_what_is_long_by_its_length(office: Office) -> None:
    digest = {DIGEST: {"length": Decimal(1234), "sha256": "ab" * 32}}
    (line,) = shown(office, one("odd_thing", "changed", odd_field=("x", digest))).lines
    assert line.title == "odd thing 7"
    assert (line.changes[0].label, line.changes[0].old) == ("odd field", "x")
    assert "abababababab…" in (line.changes[0].new or "")
    assert re.search(r"1.234", line.changes[0].new or "")


def test_many_rows_are_counted_and_number_series_stay_behind(office: Office) -> None:
    many = [one("order_line", "deleted") for _ in range(told.MOST + 5)]
    found = shown(office, *many, one("number_series", "changed"))
    assert (len(found.lines), found.more, found.count) == (told.MOST, 5, told.MOST + 5)
    assert shown(office, *many, one("number_series", "changed"), is_detailed=True).count == told.MOST + 6


def test_every_table_of_the_business_has_a_word(office: Office) -> None:
    """One that has none is called by its name on the page: give it one in ``engine/texts/catalogue/rows.yaml``."""
    with office.app.test_request_context():
        g.locale = "fr"
        called = {
            each.name: row_title(one(each.name, "created", "")).removesuffix(" 7")
            for each in Table.metadata.tables.values()
        }
    assert {name for name, title in called.items() if title == name.replace("_", " ")} <= {"stock", "article"}


def test_the_page_of_a_case_and_the_audit_tell_the_rows_of_a_step(office: Office) -> None:
    camille = office.as_("camille")
    case = office.start()
    page = unescape(camille.get(f"/cases/{case}").text)
    with office.app.test_request_context():
        g.locale = "fr"
        assert re.search(r"Demande de réapprovisionnement DA-\d{4}-\d+ <span[^>]*>création", page), t(
            "web.timeline.rows"
        )
    assert "soumise" in page
    assert "Série de numéros" not in page
    assert "Série de numéros" in unescape(camille.get(f"/cases/{case}?detail=all").text)
    keeping.number_all(office.runtime.database)
    auditor = office.as_("aurelien")
    steps = auditor.get(f"/audit/steps?case={case}").text
    address = re.findall(r'href="(/audit/steps/\d+)"', steps)[0]
    page = unescape(auditor.get(address).text)
    assert "rows:changed" in page
    assert "replenishment_request.status" in page
