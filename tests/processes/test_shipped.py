"""Every process that ships: drawn as a person would draw it, and in force in the demonstration."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine import explore
from engine.database.session import Database
from engine.definitions import store
from engine.definitions.gate import check
from engine.definitions.store import read_folder
from engine.model.bpmn_reader import read_processes
from engine.model.bundle import read_bundle
from engine.model.schema import validate
from engine.model.short_form.diagram import as_diagrams
from handlers.demonstration.seed import PEOPLE, seed
from handlers.table import HANDLERS
from tests.engine.model.diagrams import faults_of
from tests.engine.stories.telling import at

ENOUGH = explore.MAX_MOVES // 2
"""So many moves a proof of what ships may take: a process owner adds to it, and it is to be proved still."""

FOLDERS = sorted(each.parent for each in (Path(__file__).parents[2] / "processes").glob("*/process.yaml"))


def test_a_release_may_draw_what_the_one_before_wrote(database: Database, tmp_path: Path) -> None:
    """A database that has the short form in force gets the diagram as the next version; both mean the same, and cases keep theirs."""
    seed(database)
    source = next(each for each in FOLDERS if each.name == "recurring_invoicing")
    numbers = []
    for files in (written := read_folder(source), as_diagrams(written)):
        shutil.rmtree(tmp_path / "p", ignore_errors=True)
        for path, content in files.items():
            (tmp_path / "p" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "p" / path).write_bytes(content)
        numbers.append(store.publish_folder(database, tmp_path / "p", HANDLERS, at).number)
    assert numbers[1] == numbers[0] + 1
    with database.reading() as session:
        after, before = store.versions(session, "recurring_invoicing")[:2]
        drawn, was = (store.load(session, each.id).bundle for each in (after, before))
        forms = store.forms(session, (after, before))
    assert drawn.model == was.model
    assert drawn.names == was.names
    assert forms[after.number] != forms[before.number]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda each: each.name)
def test_nothing_is_wrong_with_it(folder: Path) -> None:
    assert check(read_folder(folder), HANDLERS, {role for _, _, roles in PEOPLE for role in roles}) == ()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda each: each.name)
def test_it_is_proved_with_room_to_spare(folder: Path) -> None:
    bundle = read_bundle(read_folder(folder))
    known = explore.Surroundings(
        forms=bundle.forms,
        start_form=None if bundle.starts is None else bundle.starts.form,
        errors={name: tuple(each.errors) for name, each in HANDLERS.handlers.items()},
        outputs={name: each.gives for name, each in HANDLERS.handlers.items()},
    )
    verdict = explore.explore(bundle.model, bundle.process_id, surroundings=known, max_moves=ENOUGH)
    assert verdict.is_sound, verdict


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda each: each.name)
def test_it_is_drawn_without_a_crossing_and_means_the_same(folder: Path) -> None:
    bundle = read_bundle(read_folder(folder))
    assert bundle.key == folder.name
    xml = bundle.diagram
    assert validate(xml, "p.bpmn") == ()
    assert read_processes(xml, "p.bpmn") == (bundle.process,)
    found = faults_of(xml)
    assert (found.crossings, found.others) == ([], [])
