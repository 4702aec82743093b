"""Boxed expressions give what the FEEL of the same form gives (DMN 1.5 §10.2.2)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from engine.decisions import Decision, read_decisions, read_model
from engine.errors import DefinitionError
from engine.feel import Environment, FeelFailure, Function, Value, printed_value

D = Decimal
Make = Callable[..., Any]


@pytest.fixture
def value(file: Make, decision: Make, environment: Environment) -> Callable[..., Value]:
    """The value of boxed logic."""

    def make(logic: str, *others: str, **variables: Value) -> Value:
        found: Decision = read_decisions(file(decision(logic), *others), "t.dmn")["decide"]
        return found.evaluate(variables, environment).value

    return make


def lit(source: str, **attributes: str) -> str:
    more = "".join(f' {name}="{each}"' for name, each in attributes.items())
    return f"<literalExpression{more}><text>{source}</text></literalExpression>"


def entry(name: str, logic: str, type_ref: str = "") -> str:
    declared = f' typeRef="{type_ref}"' if type_ref else ""
    return f'<contextEntry><variable name="{name}"{declared}/>{logic}</contextEntry>'


def loop(kind: str, source: str, body: str, variable: str = "each one") -> str:
    inner = "return" if kind == "for" else "satisfies"
    return f'<{kind} iteratorVariable="{variable}"><in>{source}</in><{inner}>{body}</{inner}></{kind}>'


def test_lists_and_relations(value: Make) -> None:
    assert value(f"<list>{lit('x')}<list>{lit('1')}</list></list>", x=D(3)) == [D(3), [D(1)]]
    columns = '<column name="unit price" typeRef="number"/><column name="kind"/>'
    rows = f"<row>{lit('x')}{lit('&quot;a&quot;')}</row><row>{lit('&quot;2&quot;')}{lit('null')}</row>"
    assert value(f"<relation>{columns}{rows}</relation>", x=D(3)) == [
        {"unit price": D(3), "kind": "a"},
        {"unit price": None, "kind": None},
    ]


def test_conditionals_evaluate_one_branch(value: Make) -> None:
    logic = f"<conditional><if>{lit('x &gt; 1')}</if><then>{lit('x')}</then><else>{lit('0')}</else></conditional>"
    assert [value(logic, x=x) for x in (D(2), D(1), None)] == [D(2), D(0), D(0)]
    assert value(logic.replace("x &gt; 1", "x"), x="text") is None


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        (loop("for", lit("list"), lit("each one * factor")), [D(20), D(40), D(60)]),
        (loop("for", lit("[]"), lit("each one")), []),
        (loop("for", lit("null"), lit("each one")), None),
        (loop("for", lit("[1..3]"), lit("sum(append(partial, each one))")), [D(1), D(3), D(7)]),
        (loop("for", lit("list"), loop("for", lit("[1, 2]"), lit("each one * b"), "b")), [[D(n), D(2 * n)] for n in (2, 4, 6)]),
        (loop("some", lit("list"), lit("each one = 4")), True),
        (loop("some", lit("list"), lit("each one = 5")), False),
        (loop("some", lit("[]"), lit("true")), False),
        (loop("every", lit("list"), lit("each one &gt; 1")), True),
        (loop("every", lit("list"), lit("each one &gt; 2")), False),
        (loop("every", lit("list"), lit('"no"')), None),
        (f"<filter><in>{lit('list')}</in><match>{lit('item &gt; 3')}</match></filter>", [D(4), D(6)]),
        (f"<filter><in>{lit('7')}</in><match>{lit('item &gt; 3')}</match></filter>", [D(7)]),
        (f"<filter><in>{lit('rows')}</in><match>{lit('price &gt; item.least')}</match></filter>", [{"price": D(2), "least": D(1)}]),
        (f"<filter><in>{lit('list')}</in><match>{lit('2')}</match></filter>", None),
        (f"<filter><in>{lit('list')}</in><match>{lit('if item = 2 then null else true')}</match></filter>", [D(4), D(6)]),
        (f"<filter><in>{lit('[]')}</in><match>{lit('2')}</match></filter>", []),
        (f"<filter><in>{lit('null')}</in><match>{lit('true')}</match></filter>", None),
    ],
)  # fmt: skip
def test_loops_are_those_of_feel(value: Make, logic: str, expected: Value) -> None:
    rows = [{"price": D(2), "least": D(1)}, {"price": D(2), "least": D(3)}]
    # "price" outside is hidden by the entries of the items
    assert value(logic, list=[D(2), D(4), D(6)], factor=D(10), rows=rows, price=D(100)) == expected


def test_functions_take_their_parameters_by_type_and_can_call_themselves(value: Make) -> None:
    function = (
        '<functionDefinition><formalParameter name="n" typeRef="number"/>'
        f"{lit('if n &lt; 2 then 1 else n * factorial(n - 1)')}</functionDefinition>"
    )
    calls = lit('[factorial(5), factorial([3]), factorial(n: 4), factorial("5"), factorial(1, 2)]')
    logic = f"<context>{entry('factorial', function)}<contextEntry>{calls}</contextEntry></context>"
    assert value(logic) == [D(120), D(6), D(24), None, None]


def test_a_decision_may_be_a_function(value: Make) -> None:
    made = value(f'<functionDefinition><formalParameter name="a b"/>{lit("a b + x")}</functionDefinition>', x=D(1))
    assert isinstance(made, Function)
    assert made.run(D(2)) == D(3)


def test_entries_and_expressions_are_of_their_types(value: Make) -> None:
    logic = (
        f"<context>{entry('a', lit('1'), 'string')}{entry('b', lit('[1]'), 'number')}"
        f"{entry('c', lit('b + 1', typeRef='boolean'))}{entry('d', lit('b + 1'))}</context>"
    )
    assert value(logic) == {"a": None, "b": D(1), "c": None, "d": D(2)}


def test_tables_and_invocations_stand_inside(value: Make, table: Make) -> None:
    inner = table([("&gt; 2".replace("&gt;", ">"), '"many"'), ("-", '"few"')], inputs=["n"], policy="FIRST")
    invocation = f'<invocation>{lit("describe")}<binding><parameter name="n"/>{lit("n")}</binding></invocation>'
    function = f'<functionDefinition><formalParameter name="n"/>{inner}</functionDefinition>'
    logic = f"<context>{entry('describe', function)}<contextEntry>{loop('for', lit('[1..3]'), invocation, 'n')}</contextEntry></context>"
    assert value(logic) == ["few", "few", "many"]


def test_what_is_repeated_is_counted(value: Make) -> None:
    logic = loop("for", lit("[1..1000]"), loop("for", lit("[1..1000]"), lit("a + b"), "b"), "a")
    with pytest.raises(FeelFailure) as caught:
        value(logic)
    assert caught.value.code == "feel_too_much_work"
    endless = f'<functionDefinition><formalParameter name="n"/>{lit("again(n)")}</functionDefinition>'
    with pytest.raises(FeelFailure):
        value(f"<context>{entry('again', endless)}<contextEntry>{lit('again(1)')}</contextEntry></context>")


def test_problems_name_the_part(file: Make, decision: Make) -> None:
    logic = (
        f"<context>{entry('a', '<list>' + lit('1') + lit('2 +') + '</list>')}"
        f"{entry('a', '<for><in>' + lit('1') + '</in><return>' + lit('1') + '</return></for>')}</context>"
    )
    java = '<functionDefinition kind="Java"><context/></functionDefinition>'
    with pytest.raises(DefinitionError) as caught:
        read_model(file(decision(logic), decision(java, "other")), "t.dmn")
    told = {(each.element_id, each.code, each.place) for each in caught.value.problems}
    assert told == {
        ("decide", "feel_ends_early", "entry:a/item:2"),
        ("decide", "dmn_iterator_missing", "entry:a"),
        ("other", "dmn_function_kind", None),
    }


@pytest.mark.parametrize(
    "loop",
    [
        ("for", "1..3", "i * 2", "[2, 4, 6]"),
        ("for", "n..1", "i", "[2, 1]"),
        ("for", "1..2 // both", "partial", "[[], [[]]]"),
        ("for", "[1..3]", "i", "[1, 2, 3]"),
        ("some", "1..3", "i > 2", "true"),
        ("every", "1..3", "i > 2", "false"),
    ],
)
def test_loops_go_through_intervals(
    file: Make, decision: Make, literal: Make, environment: Environment, loop: tuple[str, str, str, str]
) -> None:
    kind, source, body, value = loop
    inner = "return" if kind == "for" else "satisfies"
    boxed = f'<{kind} iteratorVariable="i"><in>{literal(source)}</in><{inner}>{literal(body)}</{inner}></{kind}>'
    found = read_decisions(file(decision(boxed)), "t.dmn")["decide"].evaluate({"n": D(2)}, environment)
    assert printed_value(found.value) == value


@pytest.mark.parametrize("source", ["1..", "..3", "1..3, j in 1..2", "1..3 return 4", "[1..3"])
def test_what_is_no_interval_is_a_problem(file: Make, decision: Make, literal: Make, source: str) -> None:
    boxed = f'<for iteratorVariable="i"><in>{literal(source)}</in><return>{literal("i")}</return></for>'
    with pytest.raises(DefinitionError) as caught:
        read_decisions(file(decision(boxed)), "t.dmn")
    assert [each.place for each in caught.value.problems] == ["in"]
