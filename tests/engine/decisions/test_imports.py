"""Files that import each other (DMN 1.5 §6.3.3): names with the prefix of the import, everything else as if it stood here."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from engine.decisions import Models, read_model
from engine.decisions.xml import NAMESPACES
from engine.errors import DefinitionError
from engine.feel import Environment

D = Decimal
DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def import_of(namespace: str, name: str, *, kind: str = DMN, more: str = "") -> str:
    return f'<import namespace="urn:{namespace}" name="{name}" importType="{kind}" {more}/>'


def model(namespace: str, *elements: str) -> bytes:
    inner = "".join(elements)
    return f'<definitions xmlns="{DMN}" id="d" name="{namespace}" namespace="urn:{namespace}">{inner}</definitions>'.encode()


def decision(name: str, source: str, *requires: str) -> str:
    kinds = {"?": ("informationRequirement", "requiredInput"), "!": ("knowledgeRequirement", "requiredKnowledge")}
    links = ""
    for each in requires:
        requirement, reference = kinds.get(each[0], ("informationRequirement", "requiredDecision"))
        href = each.lstrip("?!")
        links += f'<{requirement}><{reference} href="{href if "#" in href else "#" + href}"/></{requirement}>'
    return f'<decision id="{name}" name="{name}">{links}<literalExpression><text>{source}</text></literalExpression></decision>'


BASE = model(
    "base",
    '<itemDefinition name="tSmall"><typeRef>number</typeRef><allowedValues><text>&lt; 100</text></allowedValues></itemDefinition>',
    '<inputData id="in" name="net price"><variable name="net price" typeRef="tSmall"/></inputData>',
    decision("gross", "vat(net price)", "?in", "!vat"),
    '<businessKnowledgeModel id="vat" name="vat"><encapsulatedLogic><formalParameter name="amount" typeRef="tSmall"/>'
    "<literalExpression><text>amount * 1.2</text></literalExpression></encapsulatedLogic></businessKnowledgeModel>",
    '<decisionService id="whole" name="whole"><outputDecision href="#gross"/><inputData href="#in"/></decisionService>',
)
LEFT = model("left", import_of("base", "tax rules"), decision("left", "tax rules.gross + 1", "urn:base#gross"))
RIGHT = model("right", import_of("base", "b"), decision("right", "b.net price", "?urn:base#in"))


@pytest.fixture
def evaluate(environment: Environment) -> Callable[..., Any]:
    def make(xml: bytes, variables: dict[str, Any], name: str = "d", **others: bytes) -> Any:
        files = {f"{path}.dmn": content for path, content in others.items()}
        return read_model(xml, "main.dmn", others=files).decisions[name].evaluate(variables, environment).value

    return make


def test_decisions_inputs_and_functions_have_the_prefix_of_their_import(evaluate: Callable[..., Any]) -> None:
    xml = model(
        "main",
        import_of("base", "tax rules"),
        decision(
            "d",
            "[tax rules.gross, tax rules.net price, tax rules.vat(1), tax rules.whole(2), tax rules.vat(amount: 3), "
            "tax rules.vat(100), 5 instance of tax rules.tSmall]",
            "urn:base#gross", "?urn:base#in", "!urn:base#vat", "!urn:base#whole",
        ),
    )  # fmt: skip
    expected = [D(60), D(50), D("1.2"), D("2.4"), D("3.6"), None, True]
    assert evaluate(xml, {"net price": D(50)}, base=BASE) == expected
    # where names are not enough, the namespace says which
    assert evaluate(xml, {"net price": D(1), "urn:base#net price": D(50)}, base=BASE) == expected


def test_imports_of_imports_and_one_file_by_two_ways(evaluate: Callable[..., Any]) -> None:
    xml = model(
        "main",
        import_of("left", "L"),
        import_of("right", "R"),
        decision("d", "[L.left, R.right]", "urn:left#left", "urn:right#right"),
    )
    assert evaluate(xml, {"net price": D(50)}, base=BASE, left=LEFT, right=RIGHT) == [D(61), D(50)]


def test_an_import_without_a_name_merges_the_names(evaluate: Callable[..., Any]) -> None:
    typed = '<inputData id="own" name="own"><variable name="own" typeRef="tSmall"/></inputData>'
    xml = model(
        "main",
        import_of("base", ""),
        typed,
        decision("d", "gross + vat(own)", "urn:base#gross", "!urn:base#vat", "?own"),
    )
    assert evaluate(xml, {"net price": D(50), "own": D(10)}, base=BASE) == D(72)


def test_types_of_imports_are_constraints_here(evaluate: Callable[..., Any]) -> None:
    typed = decision("d", "x").replace("<literal", '<variable name="d" typeRef="b.tSmall"/><literal')
    xml = model("main", import_of("base", "b"), typed)
    assert [evaluate(xml, {"x": D(n)}, base=BASE) for n in (99, 100)] == [D(99), None]


def test_the_place_decides_between_files_of_one_namespace(evaluate: Callable[..., Any]) -> None:
    first, second = (model("same", decision("v", each)) for each in ("1", "2"))
    for location, expected in (("two.dmn", D(2)), ("rules/one.dmn", D(1)), ("", D(1))):
        xml = model(
            "main", import_of("same", "s", more=f'locationURI="{location}"'), decision("d", "s.v", "urn:same#v")
        )
        assert evaluate(xml, {}, one=first, two=second) == expected


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_version_imports_every_other(evaluate: Callable[..., Any], namespace: str) -> None:
    xml = model("main", import_of("base", "b", kind=namespace), decision("d", "b.vat(1)", "!urn:base#vat"))
    assert evaluate(xml, {}, base=BASE.replace(DMN.encode(), namespace.encode())) == D("1.2")


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"a": model("a", import_of("b", "b"))}, "dmn_import_missing"),
        ({"a": model("a", import_of("b", "b", kind="http://www.w3.org/2001/XMLSchema"))}, "dmn_import_kind"),
        ({"a": model("a", import_of("a", "a"))}, "dmn_import_cycle"),
        ({"a": model("a", import_of("b", "b")), "b": model("b", import_of("a", "a"))}, "dmn_import_cycle"),
        (
            {"a": model("a", import_of("b", "b")), "b": model("b", import_of("c", "c")), "c": model("c", import_of("a", "a"))},
            "dmn_import_cycle",
        ),
        ({"a": model("a", import_of("b", "b"), decision("d", "1", "urn:b#gone")), "b": model("b")}, "dmn_requirement_unknown"),
        ({"a": model("a", decision("d", "1", "urn:b#d")), "b": model("b", decision("d", "1"))}, "dmn_requirement_unknown"),
        ({"a": model("a", import_of("b", "b"), decision("d", "b.d", "urn:b#d")), "b": model("b", decision("d", "1 +"))}, "feel_ends_early"),
        ({"a": model("a", import_of("b", "b")), "b": b"<broken"}, "dmn_import_missing"),
    ],
)  # fmt: skip
def test_imports_that_cannot_be(files: dict[str, bytes], code: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_model(files["a"], "a", others={name: xml for name, xml in files.items() if name != "a"})
    assert code in {each.code for each in caught.value.problems}


def test_the_files_of_a_version_are_read_once_and_each_tells_its_own_problems(environment: Environment) -> None:
    broken = model("broken", import_of("base", "b"), decision("d", "1 +"))
    models = Models({"base": BASE, "left": LEFT, "right": RIGHT, "broken": broken})
    assert models.read("left").decisions["left"].requires[0] is models.read("base").decisions["gross"]
    assert models.read("right").decisions["right"].evaluate({"net price": D(5)}, environment).value == D(5)
    with pytest.raises(DefinitionError) as caught:
        models.read("broken")
    assert [(each.file, each.code) for each in caught.value.problems] == [("broken", "feel_ends_early")]
