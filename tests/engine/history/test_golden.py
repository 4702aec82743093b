"""What earlier releases recorded is read, folded and verified as ever. Files in ``tests/golden/history`` are added, never edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.data import from_canonical, to_canonical
from engine.history import verifier
from engine.kernel import State, fold
from engine.protocol.events import EVENTS, from_record, to_record
from tests.engine.history import golden
from tests.engine.kernel import test_golden_constructs as constructs

RELEASES = sorted(each for each in golden.FOLDER.iterdir() if each.is_dir())


def events_in(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("release", RELEASES, ids=lambda each: each.name)
def test_every_event_of_a_release_is_still_read(release: Path) -> None:
    """Fields that came later have their defaults; what was recorded is there unchanged."""
    for line in events_in(release / "events.jsonl"):
        record = from_canonical(line)
        now = to_record(from_record(record))
        assert to_canonical({name: now[name] for name in record}) == line


@pytest.mark.parametrize("release", RELEASES, ids=lambda each: each.name)
def test_the_events_of_a_release_still_lead_to_its_state(release: Path) -> None:
    events = [from_record(from_canonical(each)) for each in events_in(release / "constructs.jsonl")]
    saved = State.from_text((release / "constructs.state.json").read_bytes())
    assert fold(constructs.constructs(), events) == saved


@pytest.mark.parametrize("release", [each for each in RELEASES if (each / "checkpoint.json").exists()])
def test_a_whole_history_of_a_release_still_verifies(release: Path) -> None:
    kept = verifier.read_checkpoint((release / "checkpoint.json").read_bytes())
    assert kept is not None
    with (release / "history.jsonl").open("rb") as stream:
        verdict = verifier.verify_history(stream, [kept])
    assert verdict.problems == []
    assert [each.size for each in verdict.proven] == [kept["size"]]
    assert verdict.events > kept["size"]
    for name in ("case.zip", "process.zip"):
        assert verifier.verify((release / name).read_bytes()).is_whole


def test_the_newest_files_have_every_event_that_there_is_now() -> None:
    """When this fails, something new is recorded: ``python -m tests.engine.history.golden tests/golden/history/N``, with the next N."""
    newest = RELEASES[-1]
    assert {from_canonical(each)["type"] for each in events_in(newest / "events.jsonl")} == set(EVENTS)
    assert (newest / "events.jsonl").read_bytes() == golden.lines(golden.one_of_each())
