"""A case's history as a file that leaves the house and proves itself: events, model, description, verifier (``docs/history-format.md``)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.history import checkpoints, inclusion, verifier
from engine.history.kinds import CASES, ChainKind
from engine.history.store import moment_text
from engine.history.tables import event
from engine.texts import say

_CASE = text("""
    SELECT instance.id, instance.process_key, instance.business_key, instance.status, instance.chain_sequence, instance.chain_hash,
           instance.started_at, instance.started_by, instance.ended_at, version.number, version.content_hash, version.title_fr,
           version.title_en, version.published_at, version.published_by
    FROM engine.instance JOIN engine.definition_version version ON version.id = coalesce(instance.first_version_id, instance.version_id)
    WHERE instance.id = :instance
""")

_PERSONAL = text("""
    SELECT personal.commitment, personal.value, personal.salt, erasure.done_at, erasure.done_by, erasure.because
    FROM engine.personal_value personal LEFT JOIN engine.erasure ON erasure.id = personal.erasure_id
    WHERE personal.kind = 'case' AND personal.chain = :case ORDER BY personal.commitment
""")
_LATER = text("""
    SELECT DISTINCT record::json -> 'to' ->> 'content_hash' FROM engine.event
    WHERE instance_id = :case AND type IN ('instance:migrated', 'instance:migration-undone')
""")
_FILES = text("""
    SELECT content_hash, path, content FROM engine.definition_file WHERE content_hash = ANY(:content_hashes) ORDER BY content_hash, path
""")


def bundle(session: Session, instance_id: int, now: datetime, *, checkpoint: int | None = None) -> bytes:
    """The bundle of a case as it stands: the same bytes for the same state and ``now``, on every machine.

    ``checkpoint``: the number of the one that its proof is to lead to, by default the newest; no proof where that covers nothing of it.
    ``session`` should see one moment (``Database.reading``). Nothing is repaired or left out: a history that was tampered with in the
    database gives a bundle that does not verify. Raises NotFound (``history_case_not_found``, ``history_checkpoint_not_found``).
    """
    case = session.execute(_CASE, {"instance": instance_id}).one_or_none()
    if case is None:
        raise NotFound("history_case_not_found", case=instance_id)
    members = {
        "LISEZ-MOI.txt": _readme("fr", case),
        "README.txt": _readme("en", case),
        verifier.EVENTS: _events(session, instance_id),
        "verifier.py": Path(verifier.__file__).read_bytes(),
        **proof(session, CASES, str(instance_id), checkpoint),
        **_apart(session, instance_id),
    }
    for row in session.execute(_FILES, {"content_hashes": [case.content_hash]}):
        members[f"{verifier.MODEL}{row.path}"] = bytes(row.content)
    later = [each for each in session.scalars(_LATER, {"case": instance_id}) if each != case.content_hash]
    for row in session.execute(_FILES, {"content_hashes": later}) if later else ():
        members[f"{verifier.LATER}{row.content_hash}/{row.path}"] = bytes(row.content)
    members[verifier.CASE] = _case(case, members, now)
    return verifier.pack(sorted(members.items()))


def proof(session: Session, kind: ChainKind, chain: str, checkpoint: int | None) -> dict[str, bytes]:
    """The member that leads from a chain to a checkpoint (None: the newest), where one covers it.

    Raises NotFound (``history_checkpoint_not_found``).
    """
    points = checkpoints.newest(session, limit=1) if checkpoint is None else [checkpoints.find(session, checkpoint)]
    found = inclusion.proof(session, kind, chain, points[0]) if points else None
    return {} if found is None else {verifier.PROOF: f"{verifier.canonical(found)}\n".encode()}


def _apart(session: Session, instance_id: int) -> dict[str, bytes]:
    """The member with the personal values of a case, which its events do not have; none where there are none."""
    lines = []
    for row in session.execute(_PERSONAL, {"case": str(instance_id)}):
        said: dict[str, Any] = {"commitment": bytes(row.commitment).hex()}
        if row.value is None:
            said["erased"] = {"at": moment_text(row.done_at), "because": row.because, "by": row.done_by}
        else:
            said |= {"salt": bytes(row.salt).hex(), "value": row.value}
        lines.append(f"{verifier.canonical(said)}\n")
    return {verifier.PERSONAL_FILE: "".join(lines).encode()} if lines else {}


def _events(session: Session, instance_id: int) -> bytes:
    """One line an event. The record goes in as it is stored: what is not canonical there must not become so here."""
    lines = []
    asked = select(event).where(event.c.instance_id == instance_id).order_by(event.c.sequence)
    for row in session.execute(asked):
        before = verifier.canonical({"actor": row.actor, "at": moment_text(row.at), "hash": bytes(row.hash).hex()})
        lines.append(f'{before[:-1]},"instance":{row.instance_id},"record":{row.record},"sequence":{row.sequence}}}\n')
    return "".join(lines).encode()


def _case(case: Row[Any], members: Mapping[str, bytes], now: datetime) -> bytes:
    """``stated`` is what the chain does not hold: the verifier shows it as said by us, not as proven."""
    stated = {
        "business_key": case.business_key,
        "ended_at": None if case.ended_at is None else moment_text(case.ended_at),
        "exported_at": moment_text(now),
        "process": case.process_key,
        "process_title": {"en": case.title_en, "fr": case.title_fr},
        "published_at": moment_text(case.published_at),
        "published_by": case.published_by,
        "started_at": moment_text(case.started_at),
        "started_by": case.started_by,
        "status": case.status,
        "version": case.number,
    }
    content: dict[str, Any] = {
        "format": verifier.FORMAT,
        "head": {"hash": bytes(case.chain_hash).hex(), "sequence": case.chain_sequence},
        "instance": case.id,
        "stated": stated,
        "version_hash": case.content_hash,
    }
    return sealed(content, members)


def sealed(content: Mapping[str, Any], members: Mapping[str, bytes]) -> bytes:
    """The description of a bundle: ``content`` with the list of the other members, and its seal."""
    listed = [
        {"path": path, "sha256": hashlib.sha256(each).hexdigest(), "size": len(each)}
        for path, each in sorted(members.items())
    ]
    described = {**content, "members": listed}
    return f"{verifier.canonical({**described, 'seal': verifier.seal(described)})}\n".encode()


def seal_of(bundle: bytes) -> str:
    """The fingerprint of a bundle that ``bundle`` made, to be shown (and noted) when it is handed over."""
    case = json.loads(dict(verifier.unpack(bundle) or ())[verifier.CASE])
    return str(case["seal"])


def _readme(locale: str, case: Row[Any]) -> bytes:
    title = case.title_fr if locale == "fr" else case.title_en
    return say("history_readme", locale, case=case.id, process=title, version=case.number).encode()
