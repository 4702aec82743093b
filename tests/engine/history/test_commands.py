"""``bordereau history …`` on a real database: key, checkpoint, export, and verifying what was written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine import cli
from engine.database.session import Database
from engine.history import verifier
from tests.engine.history.conftest import MakeCase
from tests.engine.history.readers import read_ocel, read_xes
from tests.engine.history.whole import publish

Run = Callable[..., int]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("BORDEREAU_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LC_ALL", "en_GB")
    return lambda *given: cli.run(["history", *map(str, given)])


def test_from_the_key_to_the_proof(
    run: Run, database: Database, make_case: MakeCase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_case(9)
    assert run("key") == 1
    assert run("checkpoint") == 1
    assert "no signing key" in capsys.readouterr().err
    assert run("key", "--make") == 0
    public = capsys.readouterr().out.split()[-1]
    assert run("checkpoint") == 0
    assert "Checkpoint 1: 9 events" in capsys.readouterr().out
    point = tmp_path / "data" / "checkpoints" / "checkpoint-000001.json"
    make_case(3)
    for name in ("history.jsonl", "history.jsonl.gz"):
        assert run("export", tmp_path / name) == 0
        assert "12 events" in capsys.readouterr().out
        assert verifier.main([str(tmp_path / name), "--checkpoint", str(point), "--key", public, "--lang", "en"]) == 0
        assert "the 3 events after that" in capsys.readouterr().out
    assert run("verify", "--checkpoint", point) == 0
    assert "the first 9 events are, unchanged" in capsys.readouterr().out
    assert run("verify", "--checkpoint", tmp_path / "nothing") == 2
    assert run("checkpoint") == 0
    assert run("checkpoint") == 0
    assert "Nothing is new" in capsys.readouterr().out


def test_exports_for_process_mining(
    run: Run, make_case: MakeCase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_case(9)
    assert run("export", tmp_path / "a.json", "--as", "ocel", "--process", "approval") == 0
    assert run("export", tmp_path / "a.xes", "--as", "xes", "--process", "approval", "--from", "2026-11-21") == 0
    assert read_ocel((tmp_path / "a.json").read_text()).events == 9
    assert read_xes((tmp_path / "a.xes").read_bytes()).events == 9
    assert run("export", tmp_path / "b.xes", "--as", "xes", "--process", "approval", "--until", "2026-11-20") == 0
    assert read_xes((tmp_path / "b.xes").read_bytes()).events == 0
    capsys.readouterr()
    assert run("export", tmp_path / "c", "--as", "ocel") == 2
    assert run("export", tmp_path / "c", "--until", "2026-11-20") == 2
    assert run("export", tmp_path / "c", "--as", "ocel", "--process", "nothing") == 1
    assert run("export", tmp_path / "no" / "c") == 2
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_file()) == ["a.json", "a.xes", "b.xes"]


def test_what_is_changed_is_said(
    run: Run, database: Database, make_case: MakeCase, capsys: pytest.CaptureFixture[str]
) -> None:
    make_case(2)
    publish(database, "parcel")
    assert run("verify") == 1, "the publication of a version that is not there"
    assert "not, or no longer, what the history says" in capsys.readouterr().out
