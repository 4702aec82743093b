"""The DMN files of a version import each other."""

from __future__ import annotations

import pytest

from engine.errors import DefinitionError
from engine.model.bundle import read_bundle

Files = dict[str, bytes]
DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def file(namespace: str, *elements: str) -> bytes:
    inner = "".join(elements)
    return f'<definitions xmlns="{DMN}" id="d" name="{namespace}" namespace="urn:{namespace}">{inner}</definitions>'.encode()


IMPORT = f'<import namespace="urn:rates" name="rates" importType="{DMN}"/>'
USES = (
    '<decision id="uses" name="uses"><informationRequirement><requiredDecision href="urn:rates#rate"/></informationRequirement>'
    "<literalExpression><text>rates.rate</text></literalExpression></decision>"
)
RATE = '<decision id="rate" name="rate"><literalExpression><text>0.2</text></literalExpression></decision>'


def test_a_decision_of_one_file_requires_one_of_another(expedition: Files) -> None:
    bundle = read_bundle(expedition | {"a.dmn": file("main", IMPORT, USES), "b.dmn": file("rates", RATE)})
    assert bundle.model.decisions["uses"].requires == (bundle.model.decisions["rate"],)
    assert set(bundle.decision_models) == {path for path in bundle.files if path.endswith(".dmn")}


def test_problems_are_told_once_and_by_their_own_file(expedition: Files) -> None:
    broken = file("rates", RATE.replace("0.2", "0.2 +"))
    with pytest.raises(DefinitionError) as caught:
        read_bundle(expedition | {"a.dmn": file("main", IMPORT, USES), "b.dmn": broken})
    errors = [(each.file, each.code) for each in caught.value.problems if each.severity == "error"]
    assert errors == [("b.dmn", "feel_ends_early")]
    with pytest.raises(DefinitionError) as caught:
        read_bundle(expedition | {"a.dmn": file("main", IMPORT, USES)})
    assert ("a.dmn", "dmn_import_missing") in {(each.file, each.code) for each in caught.value.problems}


def test_what_is_odd_is_a_warning(expedition: Files) -> None:
    drawn = file("main", '<decision id="drawn" name="drawn"/>')
    assert "dmn_decision_without_logic" in {each.code for each in read_bundle(expedition | {"a.dmn": drawn}).warnings}
