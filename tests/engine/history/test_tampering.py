"""Whatever somebody with all rights on the database does to what a checkpoint covers that left the house is found, offline.

Each forgery is written into the real tables (and rolled back), exported, and held against the last checkpoint that was kept, by the
verifier alone. ``pytest -m long`` makes a thousand of them.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from engine.database.session import Database
from engine.history import verifier, whole_export
from engine.history.checkpoints import Checkpoint
from engine.history.signing import Signer
from engine.history.verifier import HistoryVerdict
from tests.engine.history import forging
from tests.engine.history.conftest import NOW, MakeCase, MoreEvents
from tests.engine.history.forging import ATTACKS, COVERS, Ledger
from tests.engine.history.whole import live, signer_in


class Undo(Exception):
    """Nothing of this was meant."""


@pytest.fixture
def house(tmp_path: Path) -> Signer:
    return signer_in(tmp_path)


@pytest.fixture
def kept(database: Database, make_case: MakeCase, more_events: MoreEvents, house: Signer) -> Checkpoint:
    """A company that lived for two days; an auditor has its last checkpoint."""
    return live(database, make_case, more_events, house, rounds=2)[-1]


def forge(
    database: Database, was: Ledger, kept: Checkpoint, house: Signer, seed: int
) -> tuple[str, str, HistoryVerdict]:
    """One forgery by its number: what was done, how it was hidden, what was found. Nothing of it stays."""
    drawn = Random(seed)
    attack, cover = ATTACKS[seed % len(ATTACKS)], COVERS[seed // len(ATTACKS) % len(COVERS)]
    forged = was.copy()
    while forged.events[: kept.size] == was.events[: kept.size]:  # a change that changes something
        forged = was.copy()
        attack(forged, drawn, kept.size)
    cover(forged, drawn, house)
    return attack.__name__, cover.__name__, audit_of(database, forged, kept)


def audit_of(database: Database, ledger: Ledger, kept: Checkpoint) -> HistoryVerdict:
    """What the auditor finds, who has nothing but the file and the checkpoint, when this stands in the tables; it does not stay there."""
    found: list[HistoryVerdict] = []
    with suppress(Undo), database.transaction() as session:
        ledger.write(session)
        lines = whole_export.lines(session, NOW + timedelta(days=9))
        found.append(verifier.verify_history(lines, [dict(kept.said)]))
        raise Undo
    return found[0]


def read(database: Database) -> Ledger:
    with database.reading() as session:
        return Ledger.read(session)


def check(database: Database, kept: Checkpoint, house: Signer, seeds: range) -> None:
    was = read(database)
    missed, tried = [], Counter[tuple[str, str]]()
    for seed in seeds:
        attack, cover, verdict = forge(database, was, kept, house, seed)
        tried[attack, cover] += 1
        if verdict.is_whole:
            missed.append(f"{seed}: {attack}, {cover}")
    assert not missed, "\n".join(missed)
    assert len(tried) == len(ATTACKS) * len(COVERS)


def test_what_nobody_touched_is_whole(database: Database, kept: Checkpoint) -> None:
    """Also when the forger's tools took it out and put it back: what they change is all that differs."""
    verdict = audit_of(database, read(database), kept)
    assert verdict.problems == []
    assert verdict.proven[0].size == kept.size


def test_a_hundred_forgeries_are_found(database: Database, kept: Checkpoint, house: Signer) -> None:
    check(database, kept, house, range(102))


@pytest.mark.long
def test_a_thousand_forgeries_are_found(database: Database, kept: Checkpoint, house: Signer) -> None:
    check(database, kept, house, range(10_000, 11_000))


def test_what_came_after_the_last_kept_checkpoint_is_not_proven(
    database: Database, kept: Checkpoint, house: Signer
) -> None:
    """The limit, which the verifier tells: a remade end passes, and the report says how many events that concerns."""
    ledger = read(database)
    assert len(ledger.events) > kept.size
    ledger.events[-1] = replace(ledger.events[-1], actor="monique")
    forging.recompute_chains(ledger, Random(1), house)
    verdict = audit_of(database, ledger, kept)
    assert verdict.is_whole
    report = "\n".join(verifier.report_history("history.jsonl", verdict, verifier.sayer("en")))
    assert f"the {verdict.events - kept.size} events after that" in report
    assert "computing every hash again" in report
