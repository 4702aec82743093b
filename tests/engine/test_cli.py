from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from engine import cli
from engine.commands.connecting import load
from engine.database.session import Database
from engine.settings import CHECKOUT, SettingInvalid
from engine.texts import language_of
from tests import replenishment

REPLENISHMENT = CHECKOUT / "processes" / "replenishment"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """English, and nothing of the machine's own settings."""
    for name in list(os.environ):
        if name.startswith("BORDEREAU_") or name in ("LC_ALL", "LC_MESSAGES", "LANG"):
            monkeypatch.delenv(name)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["version"]) == 0
    assert capsys.readouterr().out.startswith("bordereau 0.")


def help_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as left:
        cli.run([*arguments, "--help"])
    assert left.value.code == 0
    return capsys.readouterr().out


COMMANDS = [
    ["run"],
    ["web"],
    ["worker"],
    ["migrate"],
    ["check"],
    ["play"],
    ["publish"],
    ["decide"],
    ["feel"],
    ["history", "verify"],
]


def test_help_explains(capsys: pytest.CaptureFixture[str]) -> None:
    said = help_of([], capsys)
    assert "usage: bordereau" in said
    assert "examples:" in said
    assert [name for name, *_ in COMMANDS if f"\n    {name} " not in said] == []
    assert "usage: bordereau history" in help_of(["history"], capsys)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(("language", "heading"), [("en_GB.UTF-8", "example"), ("fr_FR.UTF-8", "exemple")])
def test_help_of_each_command_has_examples_that_can_be_read_by_it(
    words: list[str], language: str, heading: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LANG", language)
    said = help_of(words, capsys)
    examples = said[said.index(f"\n{heading}") :].splitlines()[2:]
    assert examples
    for line in examples:
        typed = shlex.split(re.split(r"\s{4,}", line.strip())[0])
        typed = typed[typed.index("bordereau") + 1 :]
        assert typed[: len(words)] == words
        cli._parser().parse_args(typed)


def test_help_and_refusals_are_in_the_language_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    said = help_of(["feel"], capsys)
    assert [word for word in ("usage:", "show", "positional", "examples") if word in said] == []
    assert "utilisation\N{NO-BREAK SPACE}: bordereau feel" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "il manque COMMANDE"),
        (["check"], "il manque FICHIER-OU-DOSSIER"),
        (["feel"], "il faut l’un de ces arguments : EXPRESSION --tests"),
        (["feel", "1", "--tests", "2"], "--tests ne va pas avec EXPRESSION"),
        (["feel", "1", "--zone"], "il manque la valeur de --zone"),
        (["feel", "1", "2"], "arguments inconnus : 2"),
        (["dance"], "COMMANDE ne peut pas être 'dance' ; choisissez parmi 'run'"),
        (["history", "verify", "--case", "x"], "'x' n’est pas une valeur possible de --case"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else None,
)
def test_what_was_typed_wrongly_is_said_in_french(
    arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    with pytest.raises(SystemExit) as left:
        cli.run(arguments)
    assert left.value.code == 2
    assert sentence in capsys.readouterr().err.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["history"],
        ["check"],
        ["history", "verify", "--case", "x"],
        ["history", "verify", "a.zip", "--case", "1"],
    ],
)
def test_asked_wrongly(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.run(arguments)
    assert left.value.code == 2
    assert "usage: bordereau" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["fel"], "“feel”"),
        (["decied", "a.dmn"], "“decide”"),
        (["feel", "--jsn", "1"], "“--json”"),
        (["history", "verfy"], "“verify”"),
    ],
)
def test_what_was_misspelt_is_suggested(
    arguments: list[str], meant: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    with pytest.raises(SystemExit) as left:
        cli.run(arguments)
    assert left.value.code == 2
    assert f"Did you mean {meant}?" in capsys.readouterr().err


def test_help_needs_nothing_but_itself() -> None:
    """And the list of the business's commands, which names what they do and loads none of it."""
    code = (
        "import sys; from engine import cli\n"
        "try: cli.run(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'flask', 'waitress', 'procrastinate', 'lxml', 'engine.feel', 'web'}\n"
        "business = {each for each in sys.modules if each.startswith('handlers.')} - {'handlers.commands'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules) | business) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=CHECKOUT)


def test_a_wrong_setting_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("BORDEREAU_PORT", "eighty")
    assert cli.run(["version"]) == 1
    assert capsys.readouterr().err == "BORDEREAU_PORT is “eighty”; it must be a whole number from 1 to 65535.\n"
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    assert cli.run(["version"]) == 1
    assert "il faut un nombre entier" in capsys.readouterr().err


STUCK = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="x">
<process id="stuck" isExecutable="true">
<startEvent id="start"/><exclusiveGateway id="split" default="b"/><parallelGateway id="join"/><endEvent id="end"/>
<sequenceFlow id="s" sourceRef="start" targetRef="split"/>
<sequenceFlow id="a" sourceRef="split" targetRef="join"><conditionExpression>amount &gt; 5</conditionExpression></sequenceFlow>
<sequenceFlow id="b" sourceRef="split" targetRef="join"/>
<sequenceFlow id="e" sourceRef="join" targetRef="end"/>
</process></definitions>"""
"""One way is chosen, and then both are waited for."""


class TestCheck:
    def test_the_process_that_ships(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.run(["check", str(REPLENISHMENT)]) == 0
        assert "error:" not in capsys.readouterr().out

    def test_a_folder_of_processes(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        two = ("allotment", "recurring_invoicing")  # each is proved, which takes its time
        for name in two:
            shutil.copytree(REPLENISHMENT.parent / name, tmp_path / name)
        assert cli.run(["check", str(tmp_path)]) == 0
        said = capsys.readouterr().out
        assert all(str(tmp_path / name) in said for name in two)

    def test_a_broken_process_says_where(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        folder = tmp_path / "broken"
        shutil.copytree(REPLENISHMENT, folder)
        form = folder / "replenishment.yaml"
        text = form.read_text(encoding="utf-8")
        wrong = text.replace("purchasing.launch_request", "purchasing.launch_reqest")
        form.write_text(wrong, encoding="utf-8")
        assert cli.run(["check", str(folder)]) == 1
        said = capsys.readouterr().out
        line = wrong[: wrong.index("launch_reqest")].count("\n") + 1
        assert f"error: replenishment.yaml launch_request “Lancer la commande” (line {line})" in said
        assert "purchasing.launch_reqest" in said

    def test_one_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.run(["check", str(REPLENISHMENT / "replenishment.yaml")]) == 0
        drawn = tmp_path / "replenishment.bpmn"
        drawn.write_text(replenishment.diagram(), encoding="utf-8")
        assert cli.run(["check", str(drawn)]) == 0
        assert cli.run(["check", str(REPLENISHMENT / "approval.dmn")]) == 0
        (tmp_path / "not.bpmn").write_text("<no", encoding="utf-8")
        assert cli.run(["check", str(tmp_path / "not.bpmn")]) == 1
        assert "error: not.bpmn" in capsys.readouterr().out

    def test_whether_every_case_can_come_to_an_end(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.run(["check", str(REPLENISHMENT)]) == 0
        said = capsys.readouterr().out
        assert "Replenishment request: The process is sound" in said
        assert "7 stories, 0 failed; 100 % of the process covered" in said
        drawing = tmp_path / "stuck.bpmn"
        drawing.write_text(STUCK, encoding="utf-8")
        assert cli.run(["check", str(drawing)]) == 1
        assert "stuck: A case can get stuck at “join”" in capsys.readouterr().out
        assert cli.run(["check", "--json", str(drawing)]) == 1
        (verdict,) = json.loads(capsys.readouterr().out)["files"][0]["soundness"]
        assert (verdict["verdict"], verdict["kind"], verdict["element_id"]) == ("unsound", "deadlock", "join")

    def test_a_story_that_goes_another_way_fails(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        folder = tmp_path / "process"
        shutil.copytree(REPLENISHMENT, folder)
        table = folder / "approval.dmn"
        table.write_text(table.read_text(encoding="utf-8").replace("5000", "500000"), encoding="utf-8")
        assert cli.run(["check", "--json", str(folder)]) == 1
        (found,) = json.loads(capsys.readouterr().out)["files"]
        failed = [each["file"] for each in found["stories"] if not each["passed"]]
        assert failed == ["stories/approved.yaml", "stories/denied.yaml"]
        assert {each["file"] for each in found["problems"] if each["severity"] == "error"} == set(failed)

    def test_nothing_there(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert cli.run(["check", str(tmp_path / "nowhere")]) == 2
        assert cli.run(["check", str(tmp_path)]) == 2
        assert "holds no process" in capsys.readouterr().err
        assert cli.run(["check", str(REPLENISHMENT), str(tmp_path / "nowhere")]) == 2

    def test_several_files_and_all_that_is_wrong_with_each(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        good, broken = REPLENISHMENT / "approval.dmn", tmp_path / "broken.dmn"
        text = good.read_text(encoding="utf-8")
        broken.write_text(text.replace("&lt;= 5000", "&lt;=").replace("&gt; 5000", "&gt;"), encoding="utf-8")
        assert cli.run(["check", str(good), str(broken)]) == 1
        said = capsys.readouterr().out
        assert f"{good}: no problem" in said
        assert f"{broken}: 2 problems" in said

        assert cli.run(["check", "--json", str(good), str(broken)]) == 1
        read = json.loads(capsys.readouterr().out)
        assert (read["errors"], read["warnings"]) == (2, 0)
        assert [len(each["problems"]) for each in read["files"]] == [0, 2]
        assert set(read["files"][1]["problems"][0]) == {
            "severity",
            "code",
            "file",
            "element_id",
            "element_name",
            "place",
            "message",
        }

    def test_gaps_and_rows_without_effect_are_warnings_and_do_not_fail(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "gap.dmn"
        text = (REPLENISHMENT / "approval.dmn").read_text(encoding="utf-8")
        path.write_text(text.replace("&gt; 5000", "&gt; 6000"), encoding="utf-8")
        assert cli.run(["check", str(path)]) == 0
        assert "warning: gap.dmn approval_needed" in capsys.readouterr().out
        path.write_text(text.replace("&gt; 5000", "&gt; 4000"), encoding="utf-8")
        assert cli.run(["check", str(path)]) == 1
        assert "error: gap.dmn approval_needed" in capsys.readouterr().out

    @pytest.mark.parametrize("name", ["large.dmn", "large.bpmn", "process"])
    def test_50_megabytes_are_refused_unread(
        self, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / name
        if not path.suffix:
            shutil.copytree(REPLENISHMENT, path)
        with (path if path.suffix else path / "large.dmn").open("wb") as stream:
            stream.truncate(50_000_000)
        assert cli.run(["check", str(path)]) == 1
        assert "larger than 5000000 bytes" in capsys.readouterr().out


class TestLoad:
    def test_what_a_setting_names(self) -> None:
        assert load("engine.texts:language_of", "X") is language_of

    @pytest.mark.parametrize("name", ["no_such_module:x", "engine.no_such_module:x", "engine.texts:no_such_name"])
    def test_what_is_not_there_names_the_variable(self, name: str) -> None:
        with pytest.raises(SettingInvalid) as refused:
            load(name, "BORDEREAU_HANDLERS")
        assert refused.value.code == "setting_name_not_found"
        assert refused.value.facts["variable"] == "BORDEREAU_HANDLERS"

    def test_a_module_that_lacks_something_itself_says_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "half_installed.py").write_text("import a_package_that_is_missing")
        monkeypatch.syspath_prepend(tmp_path)
        with pytest.raises(ModuleNotFoundError, match="a_package_that_is_missing"):
            load("half_installed:x", "BORDEREAU_HANDLERS")


def test_migrate_and_verify_an_empty_database(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert cli.run(["migrate"]) == 0
    assert capsys.readouterr().out == "The database is up to date.\n"
    assert cli.run(["history", "verify"]) == 0
    assert capsys.readouterr().out
    assert cli.run(["history", "verify", "--case", "42"]) == 1
    assert "42" in capsys.readouterr().err


def test_verify_a_file_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["history", "verify", str(tmp_path / "nowhere.zip")]) == 2
    (tmp_path / "case.zip").write_bytes(b"not a zip")
    assert cli.run(["history", "verify", str(tmp_path / "case.zip")]) == 2
    capsys.readouterr()


class TestTheDatabase:
    """Whoever starts one command by hand reads a sentence, never a traceback."""

    @pytest.mark.parametrize("words", [["history", "verify"], ["web"], ["worker"]], ids=" ".join)
    def test_without_our_tables(
        self, words: list[str], database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        database = Database(database_url)
        with database.transaction() as session:
            session.execute(text("DROP TABLE engine.alembic_version"))
        database.dispose()
        monkeypatch.setenv("DATABASE_URL", database_url)
        assert cli.run(words) == 1
        assert "“bordereau migrate” brings it up to date" in capsys.readouterr().err

    @pytest.mark.parametrize("words", [pytest.param(["migrate"], marks=pytest.mark.long), ["worker"]], ids=" ".join)
    def test_that_does_not_answer(
        self, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
        assert cli.run(words) == 1
        assert capsys.readouterr().err.startswith("The database does not answer")

    def test_that_does_not_exist_is_not_created_to_be_verified(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("BORDEREAU_DATA", str(tmp_path / "data"))
        monkeypatch.delenv("DATABASE_URL", raising=False)
        assert cli.run(["history", "verify"]) == 1
        assert "There is no database in" in capsys.readouterr().err
        assert not (tmp_path / "data").exists()
