"""What earlier releases recorded is read, folded and verified as ever. Files in ``tests/golden/history`` are added, never edited."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from engine.data import from_canonical, to_canonical
from engine.history import verifier
from engine.kernel import State, fold
from engine.protocol.events import EVENTS, from_record, to_record
from tests.architecture.sources import sources
from tests.engine.history import golden
from tests.engine.kernel import test_golden_constructs as constructs

RELEASES = sorted(each for each in golden.FOLDER.iterdir() if each.is_dir())


KIND = re.compile(r"[a-z]+:[a-z]+(-[a-z]+)*")
RECORDS = sorted(golden.FOLDER.glob("*/records.jsonl"))
"""What people, operators and the engine around the kernel recorded, a line of each kind (``gathering``)."""

NO_RECORDS = {
    *(
        "cases:read",
        "cases:start",
        "history:read",
        "messages:send",
        "records:read",
        "records:write",
        "tasks:complete",
        "tasks:read",
    ),
    "call:withdrawn",
}
"""What tokens of services may do, and a reason: written as the kinds of records are."""


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
    for file in sorted(release.glob("*.zip")):
        assert verifier.verify(file.read_bytes(), [kept] if file.parent.name != "1" else ()).is_whole


def test_the_newest_whole_history_has_a_chain_of_every_sort_and_sealed_values() -> None:
    """Of cases, publications, records and refusals; with personal values apart, and erased ones (``golden_house``)."""
    newest = max((each for each in RELEASES if (each / "history.jsonl").exists()), key=lambda each: int(each.name))
    told = [json.loads(each) for each in events_in(newest / "history.jsonl")]
    for member in ("instance", "process", "kind", "refused"):
        assert any(member in each for each in told), member
    assert '"@personal"' in (newest / "history.jsonl").read_text(encoding="utf-8")
    erased = verifier.verify((newest / "erased.zip").read_bytes())
    assert erased.is_whole
    assert erased.apart.erased


def test_the_newest_files_have_every_event_that_there_is_now() -> None:
    """When this fails, something new is recorded: ``python -m tests.engine.history.golden tests/golden/history/N``, with the next N."""
    newest = RELEASES[-1]
    assert {from_canonical(each)["type"] for each in events_in(newest / "events.jsonl")} == set(EVENTS)
    assert (newest / "events.jsonl").read_bytes() == golden.lines(golden.one_of_each())


@pytest.mark.parametrize("file", RECORDS, ids=lambda each: each.parent.name)
def test_every_record_of_a_release_is_still_read(file: Path) -> None:
    for line in events_in(file):
        record = from_canonical(line)
        assert to_canonical(record) == line
        assert record["type"] not in EVENTS, "an event of the kernel: events.jsonl has it"


def test_the_files_have_every_kind_of_record_that_there_is_now() -> None:
    """When this fails, something new is recorded: `gathering` says how to take a record of it into a file of this release."""
    kept = {from_canonical(line)["type"] for file in RECORDS for line in events_in(file)}
    assert written() - set(EVENTS) - NO_RECORDS - kept == set()


def written() -> set[str]:
    """The kinds of records that the sources name: in the engine any (not what belongs to a format of others), in handlers of commands."""
    commands = {
        each.value.value
        for source in sources()
        if source.is_in("engine/", "handlers/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        for each in node.keywords
        if each.arg == "event" and isinstance(each.value, ast.Constant) and isinstance(each.value.value, str)
    }
    return commands | {
        node.value
        for source in sources()
        if source.is_in("engine/")
        and not source.is_in("engine/history/xes", "engine/history/verifier", "engine/model/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and KIND.fullmatch(node.value)
    }
