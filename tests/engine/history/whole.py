"""A company's history for tests: several cases and publications, steps and checkpoints, numbered and signed as the worker does it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from engine.database.session import Database
from engine.history import checkpoints, order, publications, signing, whole_export
from engine.history.checkpoints import Checkpoint
from engine.history.signing import Signer
from engine.model.notation import Form
from tests.engine.history.conftest import NOW, MakeCase, MoreEvents


def signer_in(folder: Path) -> Signer:
    """A key of its own."""
    signing.ensure_key(folder / "checkpoint_key")
    found = signing.load(folder / "checkpoint_key")
    assert found is not None
    return found


def number_all(database: Database) -> None:
    with database.transaction() as session:
        order.number(session)


def checkpoint(database: Database, signer: Signer, hours: int = 1) -> Checkpoint | None:
    number_all(database)
    with database.transaction() as session:
        return checkpoints.make(session, signer, NOW + timedelta(hours=hours))


def publish(database: Database, process: str, version: int = 1) -> None:
    with database.transaction() as session:
        publications.append(
            session,
            process,
            NOW,
            "olivia",
            version=version,
            content_hash="00" * 32,
            note="é",
            reason="",
            verdicts=[],
            form=Form.DIAGRAM,
            form_before=None,
        )


def live(
    database: Database, make_case: MakeCase, more_events: MoreEvents, signer: Signer, *, rounds: int = 4
) -> list[Checkpoint]:
    """Some company's days: each ends with a checkpoint; what comes after the last one is not covered."""
    drawn = random.Random(7)
    cases = [make_case(each) for each in (4, 7, 2)]
    made: list[Checkpoint | None] = []
    for day in range(rounds):
        for case in drawn.sample(cases, 2):
            more_events(case, drawn.randint(1, 5))
            number_all(database)
        publish(database, "parcel", day + 1)
        made.append(checkpoint(database, signer, day + 1))
    more_events(cases[0], 3)
    number_all(database)
    return [each for each in made if each is not None]


def exported(database: Database) -> list[bytes]:
    with database.reading() as session:
        return list(whole_export.lines(session, NOW + timedelta(days=9)))


def said(kept: Sequence[Checkpoint]) -> list[dict[str, object]]:
    return [dict(each.said) for each in kept]


class Told(list[str]):
    """A log that remembers the names of what it was told as errors."""

    def error(self, event: str, **_facts: object) -> None:
        self.append(event)

    exception = error
