"""`bordereau feel`, as somebody types it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import cli
from engine.settings import CHECKOUT


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """English, and nothing of the machine's own settings."""
    for name in list(os.environ):
        if name.startswith("BORDEREAU_") or name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name)


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    assert cli.run(["feel", *words]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["0.1 + 0.2"], "0.3"),
        (["-5"], "-5"),
        (["total * 2", "--context", '{"total": 1842.505}'], "3685.010"),
        (["order total + 1", "--context", '{"order total": 1}'], "2"),
        (['date("2026-11-22") + duration("P1D")'], 'date("2026-11-23")'),
        (['@"2026-11-22"'], 'date("2026-11-22")'),
        (["today()", "--now", "2026-02-28"], 'date("2026-02-28")'),
        (["now().hour", "--now", "2026-11-22T23:30:00Z", "--zone", "Asia/Tokyo"], "8"),
        (['working_days_after(date("2026-11-20"), 1)'], 'date("2026-11-23")'),
        (['"a" + "\\u0022"'], '"a\\""'),
        (["[1, null, {a: true}]"], "[1, null, {a: true}]"),
        (["decimal(123, -1)"], "120"),
        (["10 ** 30"], "1" + "0" * 30),
        (["--tests", "> 5, [1..3]", "--input", "7"], "true"),
        (["--tests", "> 5, [1..3]", "--input", "4"], "false"),
        (["--tests", "-", "--input", "4"], "true"),
        (["--tests", "< limit", "--input", "4", "--context", '{"limit": 5}'], "true"),
        (["--tests", '[date("2026-01-01")..date("2026-12-31")]', "--input", 'date("2026-07-14")'], "true"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else None,
)
def test_values_are_exact_and_in_feel(words: list[str], value: str, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, *words)
    assert (out.strip(), err) == (value, "")


def test_nothing_is_no_expression(capsys: pytest.CaptureFixture[str]) -> None:
    assert "The expression is empty." in said(capsys, "", code=1)[1]


def test_scripts_read_of_bounds_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, "for i in 1..100000 return for j in 1..100000 return 1", "--json", code=1)
    assert json.loads(out)["error"]["code"] == "feel_too_much_work"
    assert err == ""


def test_json_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    source = '{n: amount * 3, d: @"2026-11-22", p: @"P1DT2H", r: [1..3), l: [], t: @"10:00:00", u: ammount}'
    out, err = said(capsys, source, "--context", '{"amount": 0.1}', "--json")
    read = json.loads(out, parse_float=str)
    assert err == ""
    assert read["value"] == {
        "n": "0.3",
        "d": "2026-11-22",
        "p": "P1DT2H",
        "r": "[1..3)",
        "l": [],
        "t": "10:00:00",
        "u": None,
    }
    assert read["variables"] == ["ammount", "amount"]
    assert read["type"].startswith("context")
    assert any("Did you mean “amount”?" in each["message"] for each in read["warnings"])


def test_a_variable_that_the_context_lacks_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, "ammount > 2", "--context", '{"amount": 3}')
    assert out.strip() == "null"
    assert "“ammount” is not in the context" in err
    assert "Did you mean “amount”?" in err


@pytest.mark.parametrize(
    ("source", "context", "part"),
    [
        ("1/0", "{}", "1 / 0"),
        ("2 + 1 / 0 * 3", "{}", "1 / 0"),
        ('date("2026-02-30")', "{}", 'date("2026-02-30")'),
        ('date("2026-02-30") + duration("P1D")', "{}", 'date("2026-02-30")'),
        ("if a then 1 / 0 else 2 / 1", '{"a": true}', "1 / 0"),
        ("order total + 1", '{"order total": null}', "order total"),
        ("count(a[1].b) + a[1].c", '{"a": [{"b": 1, "c": null}]}', "a[1].c"),
        ("[1, 2, 3][4]", "{}", "[1, 2, 3][4]"),
    ],
)
def test_the_part_that_gives_null_is_named(
    source: str, context: str, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = said(capsys, source, "--context", context)
    assert out.strip() == "null"
    assert f"The result is null because of “{part}”" in err or f"because “{part}” is null" in err
    out, err = said(capsys, source, "--context", context, "--json")
    assert part in json.loads(out)["reason"]["message"]
    assert err == ""


@pytest.mark.parametrize("source", ["null", "if true then null else 1", "{a: 1}.b", "1"])
def test_what_is_null_by_itself_needs_no_reason(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "The result is null" not in said(capsys, source)[1]


def test_a_function_is_shown_with_its_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "function(a, b) a + b")[0].strip() == "function(a, b)"
    assert said(capsys, "{f: function(a) a}")[0].strip() == "{f: function(a)}"


def test_a_test_that_no_such_value_passes_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, "--tests", "> 5", "--input", '"x"')
    assert out.strip() == "false"
    assert "This test never passes: the tested value is of type string, and the test asks for number." in err
    assert "null" not in err


class TestWhatIsNotFeel:
    def test_is_shown_where_it_stands(self, capsys: pytest.CaptureFixture[str]) -> None:
        _, err = said(capsys, "amount * lenght(1)", code=1)
        source, caret, sentence = err.splitlines()[:3]
        assert source[caret.index("^") :].startswith("lenght")
        assert "There is no function “lenght”" in sentence

    def test_in_a_long_line_is_shown_with_what_is_around_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        _, err = said(capsys, "1 + " * 200 + "lenght(1)" + " + 1" * 200, code=1)
        source, caret = err.splitlines()[:2]
        assert source[caret.index("^") :].startswith("lenght")
        assert len(source) < 130

    def test_on_one_of_several_lines_is_shown_with_its_number(self, capsys: pytest.CaptureFixture[str]) -> None:
        _, err = said(capsys, "1 +\n2 + lenght(3)\n+ 4", code=1)
        assert err.startswith("2: 2 + lenght(3)\n")

    def test_in_json_has_code_and_position(self, capsys: pytest.CaptureFixture[str]) -> None:
        out, err = said(capsys, "1 + lenght(3)", "--json", code=1)
        assert json.loads(out)["error"]["position"] == 4
        assert err == ""

    def test_in_the_value_to_be_tested(self, capsys: pytest.CaptureFixture[str]) -> None:
        _, err = said(capsys, "--tests", "> 5", "--input", "7 +", code=1)
        assert err.startswith("  7 +\n")

    def test_controls_no_terminal(self, capsys: pytest.CaptureFixture[str]) -> None:
        _, err = said(capsys, "1 \x1b[31m + ", code=1)
        assert "\x1b" not in err


def test_limits_are_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    _, err = said(capsys, "for i in 1..100000, j in 1..100000 return i", code=1)
    assert "The evaluation takes more than" in err


class TestTheContext:
    @pytest.mark.parametrize(
        ("context", "sentence"),
        [
            ('{"a": 1,\n "b": }', "--context: this is not correct JSON, line 2, column 7, near “}”"),
            ("{a: 1}", "line 1, column 2"),
            ("[1]", "must be a JSON object"),
            ('{"a": 1, "a": 2}', "“a” stands twice"),
            ('{"a": NaN}', "NaN is not a number"),
            ('{"a": 1e999999}', "1e999999 is not a number"),
            (f'{{"a": {"9" * 5_000}}}', "is not a number"),
            (f'{{"a": 0.{"1" * 40}}}', "34 digits"),
            ('{"a": ' + "[" * 200 + "]" * 200 + "}", "more than 100 levels"),
            ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "more than 100 levels"),
            ("@nowhere.json", "nowhere.json does not exist"),
            ("@.", ". cannot be read"),
        ],
    )
    def test_that_cannot_be_used(self, context: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
        _, err = said(capsys, "a", "--context", context, code=2)
        assert sentence in err
        assert len(err) < 400

    def test_in_a_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "order.json"
        file.write_text('{"lines": [{"quantity": 2}, {"quantity": 5}]}', encoding="utf-8-sig")
        out, _ = said(capsys, "count(lines[quantity > 3])", "--context", f"@{file}")
        assert out.strip() == "1"

    def test_in_a_file_that_is_not_utf8(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "order.json"
        file.write_bytes('{"a": 1,\n"é": 2}'.encode("latin-1"))
        _, err = said(capsys, "a", "--context", f"@{file}", code=2)
        assert "is not UTF-8 text (line 2)" in err

    def test_of_50_megabytes_is_refused_unread(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "order.json"
        with file.open("wb") as stream:
            stream.truncate(50_000_000)
        _, err = said(capsys, "a", "--context", f"@{file}", code=2)
        assert "larger than 5000000 bytes" in err

    def test_on_standard_input(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"a": 20}')))
        out, _ = said(capsys, "a + 1", "--context", "-")
        assert out.strip() == "21"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["1", "--zone", "Mars/Olympus"], "There is no time zone “Mars/Olympus”"),
        (["1", "--now", "tomorrow"], "“tomorrow” is neither a date nor a moment"),
        (["--tests", "> 5"], "--tests and --input go together"),
        (["1", "--input", "5"], "--tests and --input go together"),
        (["-", "--context", "-"], "can be read only once"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else None,
)
def test_asked_wrongly(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, err = said(capsys, *words, code=2)
    assert sentence in err


def test_typed_in_a_shell(tmp_path: Path) -> None:
    def typed(*words: str, given: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], **variables}
        command = [sys.executable, "-m", "engine.cli", "feel", *words]
        return subprocess.run(
            command, input=given, capture_output=True, encoding="utf-8", cwd=CHECKOUT, env=environment, check=False
        )

    assert typed("-", given="2 + 3 * 4\n").stdout == "14\n"
    refused = typed("lenght(1)", LANG="fr_FR.UTF-8")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "La fonction « lenght » n’existe pas" in refused.stderr.replace("\N{NO-BREAK SPACE}", " ")
    assert "\x1b" not in refused.stderr
    ascii_only = typed('"✓ é"', PYTHONIOENCODING="ascii:strict")
    assert (ascii_only.returncode, ascii_only.stdout) == (0, '"\\u2713 \\xe9"\n')
