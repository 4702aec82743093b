"""What dmn-js saves decides what its authors meant."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.decisions import DecisionFailure, DecisionModel, read_model
from engine.decisions.table import Table
from engine.feel import Environment

D = Decimal
FOLDER = Path(__file__).parents[2] / "golden" / "dmn"


def model(name: str) -> DecisionModel:
    return read_model((FOLDER / name).read_bytes(), name)


@pytest.mark.parametrize(
    ("kind", "amount", "day", "wanted"),
    [
        ("revendeur", "999.99", date(2026, 12, 1), ("5", 0)),
        ("revendeur", "1000", date(2026, 12, 1), ("8", 1)),
        ("revendeur", "5000", date(2027, 12, 1), ("12", 2)),
        ("public", "4999", date(2027, 12, 1), ("0", 3)),
        ("particulier", "5000", date(2026, 12, 31), ("3", 4)),
        ("particulier", "5000", date(2027, 1, 1), ("2", 5)),
    ],
)
def test_a_unique_table(environment: Environment, kind: str, amount: str, day: date, wanted: tuple[str, int]) -> None:
    decision = model("remise.dmn").decisions["remise"]
    found = decision.evaluate({"categorie": kind, "montant": D(amount), "date_commande": day}, environment)
    assert isinstance(decision.logic, Table)
    rebate, rule = wanted
    assert (found.value, found.rules) == (D(rebate), (decision.logic.rules[rule].id,))


def test_a_value_that_the_column_does_not_allow(environment: Environment) -> None:
    decision = model("remise.dmn").decisions["remise"]
    with pytest.raises(DecisionFailure) as caught:
        decision.evaluate({"categorie": "voisin", "montant": D(1), "date_commande": date(2027, 1, 1)}, environment)
    assert caught.value.code == "decision_input_not_allowed"
    assert caught.value.facts["input"] == "Catégorie du client"


def test_a_sum_of_what_applies(environment: Environment) -> None:
    decision = model("frais-de-port.dmn").decisions["frais_de_port"]
    assert decision.evaluate({"poids": D(12), "pays": "DE", "fragile": True}, environment).value == D("21.40")
    assert decision.evaluate({"poids": D(2), "pays": "FR", "fragile": False}, environment).value == D("4.90")


def test_a_graph_with_knowledge(environment: Environment) -> None:
    found = model("accord.dmn")
    assert (set(found.decisions), set(found.inputs)) == ({"accord", "total"}, {"commande"})
    lines: list[Any] = [{"prix": D("1250.005"), "quantité": D(4)}]
    result = found.decisions["accord"].evaluate({"commande": {"lignes": lines}}, environment)
    assert result.value == "direction"
    assert result.required["total"].value == D("5000.02")
    lines[0]["quantité"] = D(3)
    assert found.decisions["accord"].evaluate({"commande": {"lignes": lines}}, environment).value == "achats"
