"""What tasks are called."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.feel import Value
from engine.instances.names import LONGEST_ITEM, title_of_item

TITLE = {"fr": "Facturer", "en": "Invoice"}


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("Dupont SARL : maintenance", "Dupont SARL : maintenance"),
        ("on\ntwo  lines", "on two lines"),
        (Decimal("1E+2"), "100"),
        ({"article": "ART-001", "name": "Chaise", "quantity": Decimal(3)}, "Chaise"),
        ({"id": "L-7", "quantity": Decimal(3)}, "L-7"),
    ],
)
def test_a_task_for_an_item_says_which(item: Value, said: str) -> None:
    assert title_of_item(TITLE, item) == {"fr": f"Facturer – {said}", "en": f"Invoice – {said}"}


@pytest.mark.parametrize("item", [None, True, "  ", [Decimal(1)], {"quantity": Decimal(3)}, {"name": None}])
def test_what_has_no_name_changes_nothing(item: Value) -> None:
    assert title_of_item(TITLE, item) == TITLE


def test_a_long_item_is_cut() -> None:
    said = title_of_item(TITLE, "x" * 500)["fr"].removeprefix("Facturer – ")
    assert said == "x" * (LONGEST_ITEM - 1) + "…"
