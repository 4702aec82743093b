"""What releases recorded of moved cases folds as ever. Files in ``tests/golden/migration`` are added, never edited.

``python -m tests.engine.migration.test_golden FOLDER`` writes what this release records: a case in which every construct lives, moved to
the same process under other ids, with its state before and after.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.data import from_canonical, to_canonical
from engine.kernel import State, to_record
from engine.migration import Known, counterparts, fold_case, plan
from tests.engine.history import golden
from tests.engine.kernel import test_golden_constructs as constructs
from tests.engine.kernel.building import at
from tests.engine.migration.renamed_model import chosen, renamed_main

FOLDER = Path(__file__).parents[2] / "golden" / "migration"
RELEASES = sorted(each for each in FOLDER.iterdir() if each.is_dir()) if FOLDER.is_dir() else []
MOVED = "moved.jsonl"


def write(folder: Path) -> None:
    """The files of this release."""
    newest = max(golden.FOLDER.iterdir())
    lines = (newest / "constructs.jsonl").read_text(encoding="utf-8").splitlines()
    state = State.from_text((newest / "constructs.state.json").read_bytes())
    old = constructs.constructs()
    new = renamed_main(old, "p")
    pairs = counterparts(old, new, "p", "p", chosen(old, "p"))
    found = plan(state, old, new, pairs, at(golden.NOW), Known())
    assert not found.lacks, found.lacks
    version = {"version": 1, "content_hash": "0" * 64}
    told = {
        "type": "instance:migrated",
        "from": version,
        "to": {**version, "version": 2},
        "mapping": chosen(old, "p"),
        "renamed": found.renamed,
        "forgotten": {},
        "tasks": [],
        "changes": [],
        "migration": 1,
        "reason": "golden",
    }
    back = {
        "type": "instance:migration-undone",
        "from": version,
        "to": version,
        "migrated": len(lines) + 1,
        "reason": "golden",
    }
    folder.mkdir(parents=True)
    records = [*lines, *(to_canonical(each) for each in (told, *map(to_record, found.events), back))]
    (folder / MOVED).write_text("".join(f"{each}\n" for each in records), encoding="utf-8")
    (folder / "before.state.json").write_bytes(state.to_text())
    (folder / "after.state.json").write_bytes(found.state.to_text())


@pytest.mark.parametrize("release", RELEASES, ids=lambda each: each.name)
def test_what_a_release_recorded_still_leads_to_its_states(release: Path) -> None:
    records = [from_canonical(each) for each in (release / MOVED).read_text(encoding="utf-8").splitlines()]
    after, before = (State.from_text((release / f"{each}.state.json").read_bytes()) for each in ("after", "before"))
    assert records[-1]["type"] == "instance:migration-undone"
    assert fold_case(records[:-1]).to_text() == after.to_text()
    undone = fold_case(records)
    assert undone.counter == after.counter
    undone.counter = before.counter
    assert undone.to_text() == before.to_text()


def test_there_is_one() -> None:
    assert RELEASES


if __name__ == "__main__":
    write(Path(sys.argv[1]))
