"""Fields that a company adds to its customers: what they may hold, who says so, and what the history tells."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import records
from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import Actor
from engine.records import queries as recorded
from handlers.customers import custom_fields as c
from handlers.customers import custom_rules as rules
from handlers.customers.commands import KIND as CUSTOMER
from handlers.customers.types import CustomFieldData, CustomValue
from tests.handlers.customers.test_commands import NOW, SARAH, add

MARC = Actor(login="marc", name="Marc", roles=frozenset({"sales_manager"}))
SECTOR = CustomFieldData(label_fr="Secteur d’activité", label_en="Industry", kind="choice", choices=("bois", "acier"))


def begin(database: Database, field: CustomFieldData = SECTOR, actor: Actor = MARC) -> str:
    return str(records.execute(database, c.add_field, c.AddField(field=field), actor, now=NOW).answer)


def describe(database: Database, number: str, **values: str) -> None:
    told = tuple(CustomValue(key=key, value=value) for key, value in values.items())
    records.execute(database, c.set_values, c.SetValues(number=number, values=told), SARAH, now=NOW)


def said(database: Database, number: str) -> dict[str, str]:
    with database.reading() as session:
        return c.values_of(session, number)


@given(st.text(), st.integers(0, 5))
def test_a_key_is_a_plain_word_that_nobody_has(label: str, times: int) -> None:
    taken: set[str] = set()
    for _ in range(times + 1):
        key = rules.key_for(label, taken)
        assert key not in taken
        assert key.isascii()
        assert key.replace("_", "a").isalnum()
        assert len(key) <= 43
        taken.add(key)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6))
def test_a_number_is_kept_exactly(value: Decimal) -> None:
    kept = rules.tidied_value("number", f" {value} ")
    assert Decimal(kept) == value
    assert "E" not in kept
    assert rules.value_problem(CustomFieldData(label_fr="n", kind="number"), kept) is None


@pytest.mark.parametrize(
    ("kind", "value", "is_wrong"),
    [
        ("text", "x" * 500, False),
        ("text", "x" * 501, True),
        ("number", "12.5", False),
        ("number", "NaN", True),
        ("number", "Infinity", True),
        ("number", "1e40", True),
        ("number", "0.0000001", True),
        ("number", "douze", True),
        ("date", "2026-02-28", False),
        ("date", "2026-02-30", True),
        ("date", "20260228", True),
        ("choice", "bois", False),
        ("choice", "verre", True),
        ("flag", "yes", False),
        ("flag", "no", True),
        ("date", "", False),
    ],
)
def test_a_value_fits_its_kind(kind: str, value: str, is_wrong: bool) -> None:
    field = CustomFieldData(label_fr="x", kind=kind, choices=("bois",))
    assert (rules.value_problem(field, value) == f"custom_value_no_{kind}") is is_wrong
    assert rules.value_problem(field, value, before=value) is None, "what was there may stay"


@pytest.mark.parametrize(
    ("field", "at", "code"),
    [
        (CustomFieldData(label_fr=" "), "label_fr", "custom_label_missing"),
        (CustomFieldData(label_fr="x" * 81), "label_fr", "text_too_long"),
        (CustomFieldData(label_fr="x", kind="money"), "kind", "custom_kind_unknown"),
        (CustomFieldData(label_fr="x", kind="choice", choices=(" ",)), "choices", "custom_choices_missing"),
        (
            CustomFieldData(label_fr="x", kind="choice", choices=tuple(map(str, range(101)))),
            "choices",
            "custom_choices_too_many",
        ),
    ],
)
def test_a_field_is_sound(field: CustomFieldData, at: str, code: str) -> None:
    assert [(each.field, each.code) for each in rules.problems(rules.tidied(field))] == [(at, code)]


def test_choices_stand_once_and_only_where_something_is_chosen() -> None:
    assert rules.tidied(CustomFieldData(label_fr="x", kind="text", choices=("a",))).choices == ()
    tidied = rules.tidied(CustomFieldData(label_fr=" x  y ", kind="choice", choices=("a", " a ", "", "b")))
    assert (tidied.label_fr, tidied.choices) == ("x y", ("a", "b"))


def test_fields_are_added_by_few_and_filled_in_by_whoever_edits_customers(database: Database) -> None:
    number = add(database)
    with pytest.raises(NotAllowed):
        begin(database, actor=SARAH)
    assert begin(database) == "secteur_d_activite"
    assert begin(database) == "secteur_d_activite_2", "values of two fields of one name are kept apart"
    discount = begin(database, CustomFieldData(label_fr="Remise", kind="number"))
    describe(database, number, secteur_d_activite="bois", remise="2.50")
    assert said(database, number) == {"secteur_d_activite": "bois", discount: "2.5"}
    describe(database, number, secteur_d_activite="acier", remise="")
    assert said(database, number) == {"secteur_d_activite": "acier"}
    with database.reading() as session:
        last = recorded.history(session, CUSTOMER, number, limit=5)[0]
    changes = {name: (each.old, each.new) for name, each in last.fields.items()}
    assert changes == {"field secteur_d_activite": ("bois", "acier"), "field remise": ("2.5", "")}


def test_what_is_wrong_is_said_for_each_field_and_nothing_is_kept(database: Database) -> None:
    number = add(database)
    begin(database)
    begin(database, CustomFieldData(label_fr="Depuis", kind="date"))
    with pytest.raises(InvalidInput) as refused:
        describe(database, number, secteur_d_activite="verre", depuis="hier")
    assert [(each.field, each.code) for each in refused.value.fields] == [
        ("field_secteur_d_activite", "custom_value_no_choice"),
        ("field_depuis", "custom_value_no_date"),
    ]
    assert said(database, number) == {}
    with pytest.raises(NotFound):
        describe(database, number, unknown="x")
    with pytest.raises(NotFound):
        describe(database, "CL-2026-99999", depuis="2026-01-01")


def test_a_field_that_is_no_longer_asked_for_keeps_what_it_says(database: Database) -> None:
    number = add(database)
    key = begin(database)
    describe(database, number, secteur_d_activite="bois")

    def change(field: CustomFieldData) -> None:
        records.execute(database, c.change_field, c.ChangeField(key=key, field=field), MARC, now=NOW)

    change(CustomFieldData(label_fr="Branche", kind="choice", choices=("acier",), is_active=False))
    assert said(database, number) == {key: "bois"}
    describe(database, number, secteur_d_activite="bois")
    with pytest.raises(InvalidInput) as refused:
        change(CustomFieldData(label_fr="Branche", kind="text"))
    assert refused.value.fields[0].code == "custom_kind_stays"
    with pytest.raises(NotFound):
        records.execute(database, c.change_field, c.ChangeField(key="nothing", field=SECTOR), MARC, now=NOW)


def test_there_is_an_end_of_fields(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_FIELDS", 1)
    begin(database)
    with pytest.raises(WrongState):
        begin(database)
