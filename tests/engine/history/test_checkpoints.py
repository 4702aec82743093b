"""Checkpoints: signed as RFC 8032 says, over a tree as RFC 6962 says, each after the one before; the history held against them."""

from __future__ import annotations

import hashlib
import json
import random
import re
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import text

from engine.database.session import Database
from engine.errors import InvariantBroken, NotFound
from engine.history import checkpoints, signing, verifier
from engine.history.signing import KeyUnusable, Signer
from engine.mail import restored
from tests.engine.history.conftest import NOW, MakeCase, MoreEvents
from tests.engine.history.whole import checkpoint, exported, live, number_all, publish, said, signer_in

RFC_8032 = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
)
"""RFC 8032, 7.1: public key, message, signature."""


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_signatures_of_the_rfc(key: str, message: str, signature: str) -> None:
    told = [bytes.fromhex(each) for each in (key, message, signature)]
    assert verifier.is_signed(told[0], told[1], told[2])
    for at, part in enumerate(told):
        for bit in range(0, len(part) * 8, 37):
            changed = bytearray(part)
            changed[bit // 8] ^= 1 << bit % 8
            with_it = [*told[:at], bytes(changed), *told[at + 1 :]]
            assert not verifier.is_signed(with_it[0], with_it[1], with_it[2])
    assert not verifier.is_signed(told[0], told[1] + b"x", told[2])


def test_signatures_of_the_library_that_signs() -> None:
    drawn = random.Random(8032)
    for _ in range(20):
        private = Ed25519PrivateKey.from_private_bytes(drawn.randbytes(32))
        message = drawn.randbytes(drawn.randrange(200))
        public, signature = private.public_key().public_bytes_raw(), private.sign(message)
        assert verifier.is_signed(public, message, signature)
        forged = signature[:32] + drawn.randbytes(32)
        assert not verifier.is_signed(public, message, forged)
        with pytest.raises(InvalidSignature):
            private.public_key().verify(forged, message)


def test_what_is_no_signature_at_all() -> None:
    key, _, signature = (bytes.fromhex(each) for each in RFC_8032[0])
    order = 2**252 + 27742317777372353535851937790883648493
    moved = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert not verifier.is_signed(key, b"", moved), "the same signature written in another way"
    assert not verifier.is_signed(key[:31], b"", signature)
    assert not verifier.is_signed(key, b"", signature[:63])
    assert not verifier.is_signed(b"\xff" * 32, b"", signature)
    assert not verifier.is_signed((2).to_bytes(32, "little"), b"", signature), "no point of the curve"


def root_by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_by_definition(leaves[:half]) + root_by_definition(leaves[half:])).digest()


def test_the_tree_is_that_of_rfc_6962() -> None:
    """Against the definition for every size to 70, and against the published roots of Certificate Transparency's own test."""
    leaves = [hashlib.sha256(bytes([each])).digest() for each in range(70)]
    tree = verifier.Tree()
    for size in range(71):
        assert tree.root() == root_by_definition(leaves[:size])
        assert verifier.Tree(tree.size, tree.peaks).root() == tree.root()
        if size < 70:
            tree.add(leaves[size])
    published = [bytes.fromhex(each) for each in ("", "00", "10", "2021", "3031", "40414243")]
    published += [bytes.fromhex(each) for each in ("5051525354555657", "606162636465666768696a6b6c6d6e6f")]
    tree = verifier.Tree()
    for each in published:
        tree.add(each)
    assert tree.root().hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_the_key_is_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "checkpoint_key"
    assert signing.load(file) is None
    signing.ensure_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first = signing.load(file)
    signing.ensure_key(file)
    second = signing.load(file)
    assert first is not None
    assert second is not None
    assert first.public_key == second.public_key
    assert [each.name for each in file.parent.iterdir()] == ["checkpoint_key"]
    file.chmod(0o640)
    with pytest.raises(KeyUnusable, match="history_key_open"):
        signing.load(file)
    file.chmod(0o600)
    file.write_bytes(b"not a key")
    with pytest.raises(KeyUnusable, match="history_key_unreadable"):
        signing.load(file)
    other = generate_private_key(SECP256R1())
    file.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(KeyUnusable, match="history_key_unreadable"):
        signing.load(file)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return signer_in(tmp_path)


def test_checkpoints_follow_each_other(database: Database, make_case: MakeCase, signer: Signer) -> None:
    assert checkpoint(database, signer) is None, "nothing was recorded"
    make_case(5)
    first = checkpoint(database, signer, 1)
    assert first is not None
    assert (first.number, first.size) == (1, 5)
    assert checkpoint(database, signer, 2) is None, "nothing is new"
    publish(database, "parcel")
    second = checkpoint(database, signer, 0)
    assert second is not None
    assert (second.number, second.size) == (2, 6)
    assert second.at == first.at, "a clock that was put back does not make an earlier checkpoint"
    assert second.said["previous"] == verifier.checkpoint_hash(first.said)
    with database.reading() as session:
        assert checkpoints.find(session, 2) == second
        assert checkpoints.newest(session, limit=1) == [second]
        assert checkpoints.newest(session, before=2) == [first]
        with pytest.raises(NotFound):
            checkpoints.find(session, 10**12)
    for each in (first, second):
        assert verifier.read_checkpoint(each.text) == each.said
        assert verifier.is_genuine(each.said)
        assert not verifier.is_genuine({**each.said, "size": each.size + 1})


def test_files_of_checkpoints(database: Database, make_case: MakeCase, signer: Signer, tmp_path: Path) -> None:
    folder = tmp_path / "far" / "away"
    make_case(3)
    first = checkpoint(database, signer)
    with database.reading() as session:
        assert checkpoints.write_out(session, folder) == 1
        assert checkpoints.write_out(session, folder) == 0
    publish(database, "parcel")
    checkpoint(database, signer)
    with database.reading() as session:
        assert checkpoints.write_out(session, folder) == 1
    assert sorted(each.name for each in folder.iterdir()) == ["checkpoint-000001.json", "checkpoint-000002.json"]
    assert first is not None
    assert (folder / first.file_name).read_bytes() == first.text


def test_a_checkpoint_is_written_beside_another_one_of_its_number(
    database: Database, make_case: MakeCase, signer: Signer, tmp_path: Path
) -> None:
    """As after an older backup was brought back: the folder has checkpoints that this database never made. All of them are evidence."""
    make_case(3)
    checkpoint(database, signer)
    with database.reading() as session:
        checkpoints.write_out(session, tmp_path)
    for number in (2, 3, 7):
        (tmp_path / f"checkpoint-{number:06d}.json").write_text("of the days that were lost")
    publish(database, "parcel")
    second = checkpoint(database, signer)
    assert second is not None
    with database.reading() as session:
        assert checkpoints.write_out(session, tmp_path) == 1
        assert checkpoints.write_out(session, tmp_path) == 0
    beside = checkpoints.file_of(tmp_path, second)
    assert re.fullmatch(r"checkpoint-000002-[0-9a-f]{8}\.json", beside.name)
    assert beside.read_bytes() == second.text
    assert (tmp_path / second.file_name).read_text() == "of the days that were lost"
    make_case(2)
    third = checkpoint(database, signer)
    assert third is not None
    with database.reading() as session:
        assert checkpoints.write_out(session, tmp_path) == 1
    assert checkpoints.file_of(tmp_path, third).read_bytes() == third.text
    assert len(list(tmp_path.glob("*.json"))) == 6


def test_after_a_restore_a_checkpoint_has_a_name_of_its_own_wherever_it_goes(
    database: Database, make_case: MakeCase, signer: Signer, tmp_path: Path
) -> None:
    """Whoever kept what was mailed before does not lose it when the new one of its number is saved beside it."""
    make_case(3)
    before = checkpoint(database, signer)
    assert before is not None
    with database.transaction() as session:
        restored.enter(session, before.at, "0.1", before.at + timedelta(hours=1))
    make_case(3)
    made = checkpoint(database, signer, hours=2)
    assert made is not None
    with database.reading() as session:
        assert checkpoints.find(session, before.number).file_name == before.file_name == "checkpoint-000001.json"
        assert checkpoints.find(session, made.number).file_name == made.file_name
        assert re.fullmatch(r"checkpoint-000002-[0-9a-f]{8}\.json", made.file_name)
        assert checkpoints.write_out(session, tmp_path / "kept") == 2
        assert checkpoints.write_out(session, tmp_path / "kept") == 0
    assert {each.name for each in (tmp_path / "kept").iterdir()} == {before.file_name, made.file_name}


def test_nothing_is_signed_over_a_gap_or_a_forged_tree(database: Database, make_case: MakeCase, signer: Signer) -> None:
    case = make_case(6)
    checkpoint(database, signer)
    make_case(4)
    number_all(database)
    tampering(
        database, "UPDATE engine.history_checkpoint SET peaks = decode(repeat('00', 64), 'hex')", "history_checkpoint"
    )
    with pytest.raises(InvariantBroken, match="history_checkpoint_changed"):
        checkpoint(database, signer)
    tampering(database, "TRUNCATE engine.history_checkpoint", "history_checkpoint")
    tampering(database, f"DELETE FROM engine.event WHERE instance_id = {case} AND sequence = 3", "event")
    with pytest.raises(InvariantBroken, match="history_numbered_event_gone"):
        checkpoint(database, signer)


def tampering(database: Database, statement: str, table: str) -> None:
    """What somebody with the owner's rights can do: the triggers go first."""
    with database.transaction() as session:
        session.execute(text(f"ALTER TABLE engine.{table} DISABLE TRIGGER USER"))
        session.execute(text(statement))
        session.execute(text(f"ALTER TABLE engine.{table} ENABLE ALWAYS TRIGGER {table}_only_grows"))


def test_a_whole_history_agrees_with_every_checkpoint_that_was_kept(
    database: Database, make_case: MakeCase, more_events: MoreEvents, signer: Signer
) -> None:
    kept = live(database, make_case, more_events, signer)
    lines = exported(database)
    verdict = verifier.verify_history(lines, said(kept), [signer.public_key.hex()])
    assert verdict.problems == []
    assert [each.number for each in verdict.proven] == [1, 2, 3, 4]
    assert verdict.events == kept[-1].size + 3
    assert verdict.chains == 4
    assert verdict.checkpoints == 4
    assert verifier.verify_history(lines).proven == [], "without a kept checkpoint nothing of the past is proven"


def test_what_a_kept_checkpoint_must_be(
    database: Database, make_case: MakeCase, more_events: MoreEvents, signer: Signer, tmp_path: Path
) -> None:
    kept = live(database, make_case, more_events, signer, rounds=2)
    lines = exported(database)
    other = signer_in(tmp_path / "other").public_key.hex()
    codes = [each.code for each in verifier.verify_history(lines, said(kept), [other]).problems]
    assert set(codes) == {"kept_not_genuine", "checkpoint_of_other_key"}
    assert verifier.read_checkpoint(kept[0].text.replace(b"{", b"{ ", 1)) is None
    assert verifier.read_checkpoint(b"{}") is None
    assert verifier.read_checkpoint(kept[0].text.replace(b'"size":', b'"size":1')) is not None
    changed = {**kept[0].said, "size": kept[0].size + 1}
    assert [each.code for each in verifier.verify_history(lines, [changed]).problems] == ["kept_not_genuine"]


def test_the_command_says_what_is_proven_and_what_is_not(
    database: Database, make_case: MakeCase, more_events: MoreEvents, signer: Signer, tmp_path: Path
) -> None:
    kept = live(database, make_case, more_events, signer, rounds=2)
    file, point = tmp_path / "history.jsonl", tmp_path / kept[-1].file_name
    file.write_bytes(b"".join(exported(database)))
    point.write_bytes(kept[-1].text)

    def run(*given: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", verifier.__file__, str(file), "--lang", "en", *given]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    whole = run("--checkpoint", str(point), "--key", signer.public_key.hex())
    assert whole.returncode == 0, whole.stderr
    assert f"the first {kept[-1].size} events are, unchanged" in whole.stdout
    assert "the 3 events after that: whoever has all rights" in whole.stdout
    alone = run()
    assert alone.returncode == 0
    assert "nothing of the past" in alone.stdout
    assert json.loads(run("--json", "--checkpoint", str(point)).stdout)["proven"][0]["number"] == 2
    assert run("--older", str(file)).returncode == 2
    assert run("--checkpoint", str(file)).returncode == 2
    assert run("--checkpoint", str(tmp_path / "nothing")).returncode == 2
    file.write_bytes(file.read_bytes()[:-30])
    cut = run("--checkpoint", str(point))
    assert cut.returncode == 1
    assert "cut off" in cut.stdout


def test_moments_of_checkpoints_are_those_of_the_clock(database: Database, make_case: MakeCase, signer: Signer) -> None:
    make_case(1)
    made = checkpoint(database, signer, 5)
    assert made is not None
    assert made.at == NOW + timedelta(hours=5)
