"""`bordereau decide`, as somebody types it."""

from __future__ import annotations

import io
import itertools
import json
import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from engine import cli
from engine.settings import CHECKOUT

APPROVAL = CHECKOUT / "processes" / "replenishment" / "approval.dmn"
NUMBERS = itertools.count()
HEAD = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="{namespace}" {more}>'
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """English, 100 columns, and nothing of the machine's own settings."""
    for name in list(os.environ):
        if name.startswith("BORDEREAU_") or name in ("LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")


def said(capsys: pytest.CaptureFixture[str], *words: str | Path, code: int = 0) -> tuple[str, str]:
    assert cli.run(["decide", *map(str, words)]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def rule(*cells: str) -> str:
    *tests, output = cells
    entries = "".join(f"<inputEntry><text><![CDATA[{test}]]></text></inputEntry>" for test in tests)
    return f'<rule id="r{next(NUMBERS)}">{entries}<outputEntry><text><![CDATA[{output}]]></text></outputEntry></rule>'


def table(inputs: dict[str, str], *rules: str, policy: str = "UNIQUE", output: str = "out") -> str:
    columns = "".join(
        f'<input label="{name}"><inputExpression typeRef="{kind}"><text>{name}</text></inputExpression></input>'
        for name, kind in inputs.items()
    )
    return f'<decisionTable hitPolicy="{policy}">{columns}<output name="{output}"/>{"".join(rules)}</decisionTable>'


def decision(name: str, logic: str, *, needs: tuple[str, ...] = (), data: tuple[str, ...] = ()) -> str:
    wanted = "".join(
        f'<informationRequirement><requiredDecision href="#{each}"/></informationRequirement>' for each in needs
    )
    wanted += "".join(
        f'<informationRequirement><requiredInput href="#i_{each}"/></informationRequirement>' for each in data
    )
    return f'<decision id="{name}" name="{name}"><variable name="{name}"/>{wanted}{logic}</decision>'


def literal(text: str) -> str:
    return f"<literalExpression><text>{text}</text></literalExpression>"


def data(name: str, kind: str) -> str:
    return f'<inputData id="i_{name}" name="{name}"><variable name="{name}" typeRef="{kind}"/></inputData>'


def file(folder: Path, *elements: str, name: str = "a.dmn", namespace: str = "urn:a", more: str = "") -> Path:
    path = folder / name
    text = HEAD.format(namespace=namespace, more=more) + "".join(elements) + "</definitions>"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Two tables below an expression; the upper one takes the first of several rows."""
    risk = table({"age": "number"}, rule("< 18", '"high"'), rule(">= 18", '"low"'))
    price = table(
        {"risk": "string", "day": "date"},
        rule('"high"', "-", "30"),
        rule('"low"', '>= date("2026-07-01")', "20"),
        rule("-", "-", "10"),
        policy="FIRST",
    )
    return file(
        tmp_path,
        data("age", "number"),
        data("day", "date"),
        decision("risk", risk, data=("age",)),
        decision("price", price, needs=("risk",), data=("day",)),
        decision("offer", literal("price * 2"), needs=("price",)),
    )


def test_which_row_matched_and_why_the_other_did_not(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, APPROVAL, "--inputs", '{"amount": 6000}')
    assert out.splitlines() == [
        "Accord nécessaire ? = true",
        "    UNIQUE; matching row 2",
        "         Montant de la commande (hors taxes)  → Accord nécessaire ?",
        "         6000",
        "    ✗ 1  ✗ <= 5000                            false",
        "    ✓ 2  ✓ > 5000                             true",
    ]
    assert err == ""


def test_what_a_decision_requires_stands_below_it(graph: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, graph, "--inputs", '{"age": 20, "day": "2026-08-01"}')
    lines = out.splitlines()
    assert lines[:4] == ["offer = 40", "    price: 20", "    requires:", "        price = 20"]
    assert '            ✗ 1  ✗ "high"  ✓ -                      30' in lines
    assert '            ✓ 2  ✓ "low"   ✓ >= date("2026-07-01")  20' in lines
    assert "            ~ 3  ✓ -       ✓ -                      10" in lines
    assert "            ~ matches too, but does not count under the policy FIRST" in lines
    assert '                risk = "low"' in lines


def test_one_decision_by_name(graph: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, graph, "--decision", "risk", "--inputs", '{"age": "17.5", "day": null}')
    assert out.startswith('risk = "high"\n')


def test_json_for_scripts(graph: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, graph, "--inputs", '{"age": 20, "day": "2026-08-01"}', "--json")
    read: dict[str, Any] = json.loads(out)
    assert (read["decision"], read["value"], read["type"], read["failure"]) == ("offer", 40, "number", None)
    assert [each["name"] for each in read["decisions"]] == ["offer", "price", "risk"]
    (shown,) = read["decisions"][1]["tables"]
    assert shown["inputs"] == [{"label": "risk", "value": "low"}, {"label": "day", "value": "2026-08-01"}]
    assert [row["matched"] for row in shown["rows"]] == [False, True, True]
    assert [cell["passed"] for cell in shown["rows"][0]["cells"]] == [False, True]
    assert read["decisions"][1]["rules"] == [shown["rows"][1]["id"]]


def test_two_rows_where_only_one_may_match(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = file(tmp_path, decision("a", table({"n": "number"}, rule("> 1", "1"), rule("> 2", "2"))))
    out, err = said(capsys, path, "--inputs", '{"n": 3}', code=1)
    assert out.startswith("a = no result\n    UNIQUE; matching rows 1, 2\n")
    assert "Several rules apply" in err
    out, _ = said(capsys, path, "--inputs", '{"n": 3}', "--json", code=1)
    assert json.loads(out)["failure"]["code"] == "decision_several_rules"


class TestOnATerminal:
    WIDE = table(
        {f"input_{number}": "string" for number in range(8)},
        rule(*(f'"a long text for cell {number}"' for number in range(8)), "1"),
    )

    def test_too_narrow_for_the_table_each_failing_cell_has_a_line(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = file(tmp_path, decision("a", self.WIDE))
        given = {f"input_{number}": "x" for number in range(8)} | {"input_3": "a long text for cell 3"}
        out, _ = said(capsys, path, "--inputs", json.dumps(given))
        assert '        ✗ input_0: "a long text for cell 0"' in out.splitlines()
        assert "✓" not in out  # input_3 passed: only what did not is shown
        assert max(map(len, out.splitlines())) <= 100

    def test_a_long_test_is_wrapped_not_cut(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        words = ", ".join(f'"{number:08}"' for number in range(15))
        path = file(tmp_path, decision("a", table({"n": "string"}, rule(words, "1"))))
        out, _ = said(capsys, path, "--inputs", '{"n": "x"}')
        together = "".join(line.strip() for line in out.splitlines()[4:]).replace(" ", "")
        assert words.replace(" ", "").split(",")[-1] in together
        assert max(map(len, out.splitlines())) <= 100

    def test_colour_only_where_somebody_looks(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = (APPROVAL, "--inputs", '{"amount": 6000}')
        assert "\x1b" not in said(capsys, *words)[0]
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        assert "\x1b[32m✓ > 5000" in said(capsys, *words)[0]
        monkeypatch.setenv("NO_COLOR", "1")
        assert "\x1b" not in said(capsys, *words)[0]

    def test_labels_of_the_file_do_not_control_it(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = file(tmp_path, decision("a", table({"n": "string"}, rule('"\N{CONTROL SEQUENCE INTRODUCER}2J"', "1"))))
        assert "\N{CONTROL SEQUENCE INTRODUCER}" not in said(capsys, path, "--inputs", '{"n": "x"}')[0]


class TestInputs:
    @pytest.mark.parametrize(
        ("kind", "given", "value"),
        [
            ("number", "0.1", "0.1"),
            ("number", '"0.10"', "0.10"),
            ("date", '"2026-11-22"', 'date("2026-11-22")'),
            ("time", '"10:30:00"', 'time("10:30:00")'),
            ("dateTime", '"2026-11-22T10:30:00Z"', 'date and time("2026-11-22T10:30:00Z")'),
            ("dayTimeDuration", '"P1DT2H"', 'duration("P1DT2H")'),
            ("yearMonthDuration", '"P1Y"', 'duration("P1Y")'),
            ("string", '"2026-11-22"', '"2026-11-22"'),
            ("boolean", "true", "true"),
            ("Any", '{"a": [1]}', "{a: [1]}"),
            ("date", "null", "null"),
            ("tDays", '["2026-11-22", null]', '[date("2026-11-22"), null]'),
            ("tDays", '"2026-11-22"', '[date("2026-11-22")]'),
            ("tOrder", '{"day": "2026-11-22", "more": 1}', '{day: date("2026-11-22"), more: 1}'),
        ],
    )
    def test_become_what_the_file_declares(
        self, kind: str, given: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        types = '<itemDefinition name="tDays" isCollection="true"><typeRef>date</typeRef></itemDefinition>'
        types += '<itemDefinition name="tOrder"><itemComponent name="day"><typeRef>date</typeRef></itemComponent></itemDefinition>'
        path = file(tmp_path, types, data("x", kind), decision("a", literal("x"), data=("x",)))
        assert said(capsys, path, "--inputs", f'{{"x": {given}}}')[0].splitlines()[0] == f"a = {value}"

    @pytest.mark.parametrize(
        ("kind", "given", "sentence"),
        [
            ("number", '"many"', '“x” is of type number; "many" does not fit. Example in JSON: 12.5'),
            ("date", '"22.11.2026"', 'Example in JSON: "2026-11-22"'),
            ("yearMonthDuration", '"P1D"', 'Example in JSON: "P1Y6M"'),
            ("boolean", '"true"', "“x” is of type boolean"),
            ("tOrder", '{"days": 1}', "“x” has no entry “day”"),
            ("tOrder", '{"day": 5}', "“x.day” is of type date; 5 does not fit"),
            ("tDays", '["2026-11-22", "x"]', "“x[2]” is of type date"),
        ],
    )
    def test_that_do_not_fit_are_named(
        self, kind: str, given: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        types = '<itemDefinition name="tDays" isCollection="true"><typeRef>date</typeRef></itemDefinition>'
        types += '<itemDefinition name="tOrder"><itemComponent name="day"><typeRef>date</typeRef></itemComponent></itemDefinition>'
        path = file(tmp_path, types, data("x", kind), decision("a", literal("x"), data=("x",)))
        assert sentence in said(capsys, path, "--inputs", f'{{"x": {given}}}', code=2)[1]

    def test_that_are_missing_or_unknown_are_named(self, graph: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert "The values of age, day are missing" in said(capsys, graph, code=2)[1].replace("day, age", "age, day")
        _, err = said(capsys, graph, "--inputs", '{"ages": 1, "day": null}', code=2)
        assert "does not read “ages”. Did you mean “age”?" in err
        assert "It reads: " in said(capsys, graph, "--inputs", '{"weather": 1}', code=2)[1]

    def test_on_standard_input(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"amount": 1}')))
        assert "= false" in said(capsys, APPROVAL, "--inputs", "-")[0]
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(APPROVAL.read_bytes())))
        assert "= false" in said(capsys, "-", "--inputs", '{"amount": 1}')[0]
        assert "only once" in said(capsys, "-", "--inputs", "-", code=2)[1]


class TestTheFile:
    def test_with_several_decisions_lists_them(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = file(tmp_path, decision("first", literal("1")), decision("second", literal("2")))
        _, err = said(capsys, path, code=2)
        assert err.splitlines()[1:] == ["  first", "  second"]
        assert said(capsys, path, "--decision", "second")[0].startswith("second = 2")
        assert "Did you mean “second”?" in said(capsys, path, "--decision", "secnd", code=2)[1]
        assert "There are:\n  first\n  second" in said(capsys, path, "--decision", "weather", code=2)[1]

    def test_with_a_chain_of_decisions_too_long_to_follow_is_a_sentence(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        first, *others = (f"d{number}" for number in range(900))
        chain = [decision(name, literal("1"), needs=(before,)) for before, name in pairwise([first, *others])]
        path = file(tmp_path, decision(first, literal("1")), *chain)
        assert "nested too deep" in said(capsys, path, code=1)[1]

    def test_without_a_decision(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert "a.dmn holds no decision" in said(capsys, file(tmp_path), code=2)[1]

    def test_finds_what_it_imports_beside_it(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file(tmp_path, decision("rate", literal("0.2")), name="b.dmn", namespace="urn:b")
        imported = '<import name="b" namespace="urn:b" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
        needs = '<informationRequirement><requiredDecision href="urn:b#rate"/></informationRequirement>'
        own = f'<decision id="tax" name="tax"><variable name="tax"/>{needs}{literal("10 * b.rate")}</decision>'
        out, _ = said(capsys, file(tmp_path, imported, own))
        assert out.splitlines()[0] == "tax = 2.0"
        assert "rate = 0.2" in out

    def test_with_problems_says_them_all(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = file(tmp_path, decision("a", literal("1 +")), decision("b", literal("lenght(")))
        _, err = said(capsys, path, code=1)
        assert len(err.splitlines()) == 2
        out, _ = said(capsys, path, "--json", code=1)
        assert len(json.loads(out)["problems"]) == 2

    def test_with_one_broken_decision_still_takes_the_others(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = file(
            tmp_path,
            decision("good", literal("2")),
            decision("bad", literal("1 +")),
            decision("worse", literal("lenght(")),
            decision("above", literal("bad"), needs=("bad",)),
        )
        out, err = said(capsys, path, "--decision", "good")
        assert out.startswith("good = 2")
        assert "2 problems in other parts of the file" in err
        out, err = said(capsys, path, "--decision", "good", "--json")
        assert ([each["element_id"] for each in json.loads(out)["problems"]], err) == (["bad", "worse"], "")
        for wanted in ("above", "bad"):
            out, err = said(capsys, path, "--decision", wanted, code=1)
            assert (out, len(err.splitlines())) == ("", 1)
            assert "a.dmn bad “bad”: " in err
        assert len(said(capsys, path, code=1)[1].splitlines()) == 2
        assert "Did you mean “good”?" in said(capsys, path, "--decision", "goood", code=2)[1]

    def test_with_many_problems_alike_tells_the_first_ones(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        chain = [decision(f"d{n}", literal("1"), needs=(f"d{n + 1}",)) for n in range(400)]
        _, err = said(capsys, file(tmp_path, *chain, decision("d400", literal("1"))), code=1)
        *shown, last = err.splitlines()
        assert len(shown) == 3
        assert last.strip().startswith("… and ")

    def test_of_50_megabytes_is_refused_unread(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "large.dmn"
        with path.open("wb") as stream:
            stream.truncate(50_000_000)
        assert "larger than 5000000 bytes" in said(capsys, path, code=2)[1]

    def test_that_is_none(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert "does not exist" in said(capsys, tmp_path / "nowhere.dmn", code=2)[1]
        path = tmp_path / "a.dmn"
        path.write_bytes(b"\xff\xfe\x00 not XML")
        assert "error: a.dmn" in said(capsys, path, code=1)[1]
