"""A golden file of a whole house, with what this release seals, refuses and records beside cases.

    GOLDEN=tests/golden/history/N pytest tests/engine/history/golden_house.py

writes its history, a checkpoint that was kept before the last events, a case with personal values apart and its proof, and the process's
publications. Not collected with the tests: files are added, never edited (``golden``).
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from engine.database.session import Database
from engine.errors import NotAllowed
from engine.history import export, keeping, publication_export, refusals, signing, whole_export
from engine.history.keeping import Keeping
from engine.instances.erasing import ErasePersonal, erase_personal
from engine.instances.runtime import Runtime
from tests.engine.instances.conftest import NOW
from tests.engine.instances.test_personal import do, publish, runtime, visited

__all__ = ["runtime"]


def test_write_the_house(runtime: Runtime, database: Database, tmp_path: Path) -> None:
    folder = Path(os.environ["GOLDEN"])
    folder.mkdir(parents=True, exist_ok=True)
    signing.ensure_key(tmp_path / "key")
    where = Keeping(key_file=tmp_path / "key", folder=tmp_path / "points")
    publish(runtime, listed="personal: [greeting]\n")
    first, second = visited(runtime), visited(runtime, "Zoé Morel")
    refusals.note(database, NotAllowed("not_yours"), "clea", NOW, act="task:complete", about={"case": second})
    keeping.sign(database, where, NOW)
    do(runtime, erase_personal, ErasePersonal(subject=f"case/{second}", because="asked by letter"))
    (kept,) = keeping.sign(database, where, NOW + timedelta(hours=1))
    visited(runtime, "Ada Lovelace")
    keeping.number_all(database)
    with database.reading() as session:
        (folder / "history.jsonl").write_bytes(b"".join(whole_export.lines(session, NOW)))
        (folder / "checkpoint.json").write_bytes((where.folder / kept.file_name).read_bytes())
        (folder / "case.zip").write_bytes(export.bundle(session, first, NOW, checkpoint=kept.number))
        (folder / "erased.zip").write_bytes(export.bundle(session, second, NOW, checkpoint=kept.number))
        (folder / "process.zip").write_bytes(publication_export.bundle(session, "visit", NOW, checkpoint=kept.number))
