"""The bundle of one case leads to a signed checkpoint: what one chain proves against a point that an auditor kept, without the house."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text

from engine.database.session import Database
from engine.errors import NotFound
from engine.history import checkpoints, export, inclusion, keeping, publication_export, verifier
from engine.history.checkpoints import Checkpoint
from engine.history.kinds import CASES
from engine.history.signing import Signer
from engine.history.verifier import Led, Problem
from tests.engine.history.conftest import NOW, MakeCase, MoreEvents
from tests.engine.history.test_verifier import members_of, rechained, remade
from tests.engine.history.whole import checkpoint, live, publish, said, signer_in


@pytest.fixture
def house(tmp_path: Path) -> Signer:
    return signer_in(tmp_path)


def bundle_of(database: Database, case: int, number: int | None = None) -> bytes:
    with database.reading() as session:
        return export.bundle(session, case, NOW, checkpoint=number)


def codes(data: bytes, kept: list[Checkpoint], keys: tuple[str, ...] = ()) -> list[str]:
    return [each.code for each in verifier.verify(data, said(kept), keys).problems]


def signed(database: Database, house: Signer, hours: int = 1) -> Checkpoint:
    made = checkpoint(database, house, hours)
    assert made is not None
    return made


def test_every_path_of_every_small_tree_leads_to_its_root_and_no_other_does() -> None:
    """The verifier's way up against the tree that signs, for all sizes and leaves; RFC 9162 gives both."""
    hashes = [bytes([number]) * 32 for number in range(40)]

    def root(part: list[bytes]) -> bytes:
        tree = verifier.Tree()
        for each in part:
            tree.add(each)
        return tree.root()

    def path(at: int, part: list[bytes]) -> list[bytes]:
        if len(part) == 1:
            return []
        middle = 1 << (len(part) - 1).bit_length() - 1
        left, right = part[:middle], part[middle:]
        return [*path(at, left), root(right)] if at < middle else [*path(at - middle, right), root(left)]

    for size in range(1, 41):
        part = hashes[:size]
        for at in range(size):
            way = path(at, part)
            assert verifier.root_by_path(at + 1, size, part[at], way) == root(part)
            assert verifier.root_by_path(at + 1, size, part[at], [*way, bytes(32)]) is None
            assert verifier.root_by_path(at + 1, size, bytes(32), way) != root(part) or part[at] == bytes(32)
            if way:
                assert verifier.root_by_path(at + 1, size, part[at], way[:-1]) is None
        assert verifier.root_by_path(0, size, part[0], []) is None
        assert verifier.root_by_path(size + 1, size, part[0], []) is None


def test_each_case_leads_to_each_checkpoint_that_covers_it(
    database: Database, make_case: MakeCase, more_events: MoreEvents, house: Signer
) -> None:
    points = live(database, make_case, more_events, house)
    with database.reading() as session:
        cases = list(session.scalars(text("SELECT id FROM engine.instance ORDER BY id")))
        covered = text(
            "SELECT max(sequence + last - first) FROM engine.history_order WHERE chain = :chain AND last <= :size"
        )
        last = {
            (case, each.number): session.execute(covered, {"chain": str(case), "size": each.size}).scalar_one()
            for case in cases
            for each in points
        }
    for case in cases:
        for each in points:
            verdict = verifier.verify(bundle_of(database, case, each.number), said([each]), [house.public_key.hex()])
            assert verdict.problems == []
            assert verdict.led == Led(
                number=each.number,
                size=each.size,
                at=each.said["at"],
                key=house.public_key.hex(),
                event=last[case, each.number],
                is_kept=True,
            )


def test_the_way_is_the_same_with_kept_nodes_and_without(
    database: Database, make_case: MakeCase, more_events: MoreEvents, house: Signer
) -> None:
    cases = [make_case(3), make_case(1)]
    for _ in range(9):
        more_events(cases[0], 100)
        more_events(cases[1], 50)
    point = signed(database, house)
    without = [bundle_of(database, each) for each in cases]
    keeping.keep_ways(database)
    with database.reading() as session:
        nodes = session.execute(text("SELECT level, position FROM engine.history_node ORDER BY 1, 2")).all()
    assert point.size == 1354
    assert [tuple(each) for each in nodes] == [(8, at) for at in range(5)] + [(9, 0), (9, 1), (10, 0)]
    assert [bundle_of(database, each) for each in cases] == without
    more_events(cases[1], 800)
    later = signed(database, house, 2)
    keeping.keep_ways(database)
    for case in cases:
        assert codes(bundle_of(database, case), [later]) == []
        assert codes(bundle_of(database, case, 1), [point]) == []


def test_a_way_reads_no_more_in_a_longer_history(
    database: Database, make_case: MakeCase, more_events: MoreEvents, house: Signer
) -> None:
    """Statements, and the events that they read: those of two neighbourhoods of 256."""
    case = make_case(300)
    counts = []
    for hours in (1, 2):
        more_events(case, 900)
        point = signed(database, house, hours)
        keeping.keep_ways(database)
        counts.append(_statements(database, lambda session, at=point: inclusion.proof(session, CASES, str(case), at)))
    assert max(counts) <= 14


def _statements(database: Database, ask: Callable[..., Any]) -> int:
    told: list[str] = []

    def tell(*given: Any) -> None:
        told.append(given[2])

    with database.reading() as session:
        connection = session.connection()
        sqlalchemy_event.listen(connection, "before_cursor_execute", tell)
        assert ask(session) is not None
        sqlalchemy_event.remove(connection, "before_cursor_execute", tell)
    return len(told)


def test_what_no_checkpoint_covers_yet_has_no_proof(database: Database, make_case: MakeCase, house: Signer) -> None:
    first = make_case(3)
    assert verifier.PROOF not in members_of(bundle_of(database, first))
    kept = signed(database, house)
    later = make_case(2)
    data = bundle_of(database, later)
    assert verifier.PROOF not in members_of(data)
    assert codes(data, []) == []
    assert codes(data, [kept]) == ["proof_missing"]
    assert codes(data, [], (house.public_key.hex(),)) == ["proof_missing"]
    with database.reading() as session, pytest.raises(NotFound):
        export.bundle(session, first, NOW, checkpoint=9)


def test_publications_lead_there_too(database: Database, make_case: MakeCase, version_id: int, house: Signer) -> None:
    make_case(3)
    publish(database, "approval", 3)
    kept = signed(database, house)
    with database.reading() as session:
        data = publication_export.bundle(session, "approval", NOW)
    verdict = verifier.verify(data, said([kept]))
    assert verdict.problems == []
    assert verdict.led is not None
    assert (verdict.led.event, verdict.led.is_kept) == (1, True)


# -- tampering ----------------------------------------------------------------------------------------------------------------


def with_proof(data: bytes, **changes: Any) -> bytes:
    members = members_of(data)
    found = json.loads(members[verifier.PROOF]) | changes
    return remade(members | {verifier.PROOF: f"{verifier.canonical(found)}\n".encode()})


@pytest.fixture
def kept(database: Database, make_case: MakeCase, more_events: MoreEvents, house: Signer) -> Checkpoint:
    case = make_case(4)
    make_case(5)
    more_events(case, 3)
    return signed(database, house)


def test_a_perfect_forgery_of_one_case_is_found_with_a_kept_checkpoint(
    database: Database, kept: Checkpoint, more_events: MoreEvents
) -> None:
    """Every hash of the chain, the head, the list and the seal are computed anew: by itself the bundle would be whole."""
    more_events(1, 3)
    data = bundle_of(database, 1)
    verdict = verifier.verify(data, said([kept]))
    assert verdict.led is not None
    assert (verdict.problems, verdict.events, verdict.led.event) == ([], 10, 7)
    drawn = Random(20261122)
    for _ in range(100):
        at = drawn.randrange(6)

        def forge(events: list[dict[str, Any]], at: int = at) -> list[dict[str, Any]]:
            match drawn.randrange(5):
                case 0:
                    return [*events[:at], events[at] | {"actor": "nobody"}, *events[at + 1 :]]
                case 1:
                    return [*events[:at], *events[at + 1 :]]
                case 2:
                    return [*events[:at], events[at], *events[at:]]
                case 3:
                    return [*events[:at], events[at] | {"at": "2026-11-20T09:00:00.000000+00:00"}, *events[at + 1 :]]
                case _:
                    return events[:at]

        assert codes(rechained(data, forge), [kept]) == ["proof_leads_elsewhere"]
    # what came after the checkpoint is not proven, and the report says how much that is
    later = rechained(data, lambda events: [*events[:-1], events[-1] | {"actor": "nobody"}])
    assert codes(later, [kept]) == []
    report = "\n".join(verifier.report("case.zip", verifier.verify(later, said([kept])), verifier.sayer("en")))
    assert "events 1 to 7 are, unchanged and in this order, in checkpoint 1" in report
    assert "the 3 events after that" in report
    assert "shows only in the whole history" in report


def test_a_house_that_signs_its_forgery_again_is_found(
    database: Database, kept: Checkpoint, house: Signer, tmp_path: Path
) -> None:
    """A tree of one event, signed by the right key: only the checkpoint that was kept tells."""
    forged = rechained(bundle_of(database, 1), lambda events: [events[0] | {"actor": "nobody"}])
    tree = verifier.Tree()
    tree.add(verifier.verify(forged).hashes[0])
    point = {**kept.said, "size": 1, "root": tree.root().hex()}
    point["signature"] = house.sign(verifier.checkpoint_content(point)).hex()
    found = {"checkpoint": point, "event": 1, "number": 1, "path": []}
    again = with_proof(forged, **found)
    assert codes(again, []) == []
    assert verifier.verify(again).led is not None
    assert codes(again, [kept]) == ["proof_kept_differs"]
    other = {**point, "number": 2}
    other["signature"] = house.sign(verifier.checkpoint_content(other)).hex()
    assert codes(with_proof(forged, **found | {"checkpoint": other}), [kept]) == ["proof_to_another"]
    (tmp_path / "elsewhere").mkdir()
    stranger = signer_in(tmp_path / "elsewhere")
    point["key"] = stranger.public_key.hex()
    point["signature"] = stranger.sign(verifier.checkpoint_content(point)).hex()
    strange = with_proof(forged, **found | {"checkpoint": point})
    assert codes(strange, [], (house.public_key.hex(),)) == ["checkpoint_of_other_key"]


def test_a_proof_that_was_touched_is_found(database: Database, kept: Checkpoint) -> None:
    data = bundle_of(database, 1)
    good = json.loads(members_of(data)[verifier.PROOF])
    assert codes(with_proof(data), [kept]) == []
    point = good["checkpoint"]
    for changes, code in (
        ({"event": 6}, "proof_leads_elsewhere"),
        ({"event": 99}, "proof_leads_elsewhere"),
        ({"event": 0}, "proof_unreadable"),
        ({"event": True}, "proof_unreadable"),
        ({"number": good["number"] - 1}, "proof_leads_elsewhere"),
        ({"number": 10**9}, "proof_leads_elsewhere"),
        ({"path": good["path"][:-1]}, "proof_leads_elsewhere"),
        ({"path": [*good["path"], "00" * 32]}, "proof_leads_elsewhere"),
        ({"path": ["00" * 32] * len(good["path"])}, "proof_leads_elsewhere"),
        ({"path": ["00" * 32] * 65}, "proof_unreadable"),
        ({"path": ["zz"]}, "proof_unreadable"),
        ({"path": [1]}, "proof_unreadable"),
        ({"format": "bordereau-proof/2"}, "proof_unreadable"),
        ({"more": 1}, "proof_unreadable"),
        ({"checkpoint": {}}, "proof_unreadable"),
        ({"checkpoint": point | {"size": point["size"] + 1}}, "checkpoint_not_signed"),
        ({"checkpoint": point | {"root": "00" * 32}}, "checkpoint_not_signed"),
        ({"checkpoint": point | {"size": -1}}, "proof_unreadable"),
    ):
        assert codes(with_proof(data, **changes), [kept]) == [code], changes
    members = members_of(data)
    del members[verifier.PROOF]
    assert codes(remade(members), [kept]) == ["proof_missing"]
    assert codes(remade(members), []) == []


def test_the_command_holds_a_bundle_against_what_was_kept(
    database: Database, kept: Checkpoint, house: Signer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, point = tmp_path / "case.zip", tmp_path / kept.file_name
    file.write_bytes(bundle_of(database, 1))
    point.write_bytes(kept.text)

    def run(*more: object) -> tuple[int, str]:
        code = verifier.main([str(each) for each in (file, "--lang", "en", *more)])
        said = capsys.readouterr()
        return code, said.out + said.err

    key = house.public_key.hex()
    code, told = run("--checkpoint", point, "--key", key)
    assert code == 0
    assert "which you kept" in told
    assert "making" not in told
    code, told = run()
    assert code == 0
    assert f"when key {key} signed checkpoint 1" in told
    assert "that the checkpoint itself was not made anew" in told
    assert run("--key", "00" * 32)[0] == 1
    assert run("--checkpoint", point, "--key", "00" * 32)[0] == 2
    assert run("--checkpoint", file)[0] == 2
    assert verifier.main([str(file), "--json", "--checkpoint", str(point)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["proven"]["is_kept"] is True
    assert answer["proven"]["event"] == 7


def test_a_changed_node_leads_nowhere_and_is_found(
    database: Database, make_case: MakeCase, more_events: MoreEvents, house: Signer
) -> None:
    case = make_case(3)
    more_events(make_case(3), 600)
    signed(database, house)
    keeping.keep_ways(database)
    with database.transaction() as session:
        session.execute(text("UPDATE engine.history_node SET hash = :hash WHERE level = 9"), {"hash": bytes(32)})
        session.execute(text("UPDATE engine.history_node SET hash = :hash WHERE level = 8"), {"hash": bytes(32)})
    assert [each.code for each in verifier.verify(bundle_of(database, case)).problems] == ["proof_leads_elsewhere"]


def test_the_newest_checkpoint_is_the_one_that_a_bundle_leads_to(
    database: Database, kept: Checkpoint, more_events: MoreEvents, house: Signer
) -> None:
    more_events(1, 2)
    later = signed(database, house, 2)
    data = bundle_of(database, 1)
    assert codes(data, [later]) == []
    assert verifier.verify(data, said([kept])).problems == [
        Problem("proof_to_another", verifier.PROOF, None, {"number": 2, "found": 1})
    ]
    with database.reading() as session:
        assert checkpoints.find(session, 1).said == kept.said


GOLDEN = Path(__file__).parents[2] / "golden" / "proofs"


@pytest.mark.parametrize("release", sorted(GOLDEN.iterdir()), ids=lambda each: each.name)
def test_a_proof_of_an_earlier_release_still_leads_to_its_checkpoint(release: Path) -> None:
    """A case with personal values, one of them erased, and the checkpoint that an auditor kept. Files are added, never edited."""
    kept = verifier.read_checkpoint((release / "checkpoint.json").read_bytes())
    assert kept is not None
    verdict = verifier.verify((release / "case.zip").read_bytes(), [kept], [kept["key"]])
    assert verdict.problems == []
    assert verdict.led is not None
    assert verdict.led.is_kept
    assert (verdict.apart.sealed, verdict.apart.shown, len(verdict.apart.erased)) == (2, 1, 1)
