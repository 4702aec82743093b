#!/usr/bin/env python3
"""Verify what Bordereau exported: ``python3 verifier.py case-42.zip`` (a case, or the publications of a process), or the whole history,
held against checkpoints that were kept: ``python3 verifier.py history.jsonl --checkpoint checkpoint-12.json``.

One file, nothing but Python 3.9 or newer, no network, no database: whoever receives a bundle can check it with a copy of this file from a
source they trust. (The bundle carries a copy for convenience; a forger could change that one.) The format is described in
``docs/history-format.md``; Bordereau itself writes bundles and chains with the functions of this file, so that there is one definition.

Exit code 0: everything agrees. 1: something was changed, and it is named. 2: the file could not be read.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import re
import struct
import sys
import zipfile
import zlib
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

FORMAT = "bordereau-case/1"
CASE = "case.json"
PROCESS_FORMAT = "bordereau-process/1"
PROCESS = "process.json"
HISTORY_FORMAT = "bordereau-history/1"
CHECKPOINT_FORMAT = "bordereau-checkpoint/1"
PROOF_FORMAT = "bordereau-proof/1"
PROOF = "proof.json"
"""The member, of a bundle that a checkpoint covers, that leads from an event to the root of the checkpoint."""
NO_CHECKPOINT = "0" * 64
"""What the first checkpoint names as the one before it."""
PERSONAL_FILE = "personal.jsonl"
"""The member, of a bundle with personal values, that has them apart from the events."""
PERSONAL = "@personal"
"""The one key of what stands in an event for a personal value."""
EVENTS = "events.jsonl"
MODEL = "model/"
LATER = "later/"


class Kind(NamedTuple):
    """What a bundle is about: one case, or the publications of one process. ``about`` is the member that describes it, ``subject`` the key,
    there and in each event, of what it is about; ``begins`` the key of what its chain begins with.
    """

    format: str
    about: str
    subject: str
    subject_type: type
    begins: str

    @property
    def fixed_members(self) -> Tuple[str, ...]:
        """The members that every such bundle has."""
        return ("LISEZ-MOI.txt", "README.txt", self.about, EVENTS, "verifier.py")


CASES = Kind(FORMAT, CASE, "instance", int, "version_hash")
PROCESSES = Kind(PROCESS_FORMAT, PROCESS, "process", str, "process")

_BEGIN = b"bordereau/history/1/begin\n"
_EVENT = b"bordereau/history/1/event\n"
_CHECKPOINT = b"bordereau/checkpoint/1\n"
_PERSONAL = b"bordereau/personal/1\n"

NAMED: Dict[str, Tuple[str, ...]] = {"process": ("process",), "record": ("kind", "key"), "refusal": ("refused",)}
"""Chains besides those of cases: the word that they begin with, and the members of an event that say what the chain is about.
``process``: its publications; ``record``: what people change outside a case; ``refusal``: acts of a person that were refused.
"""

Members = List[Tuple[str, bytes]]

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


# -- the format: hashes -----------------------------------------------------------------------------------------------------


def canonical(value: object) -> str:
    """The one JSON text of ``value``: keys sorted, no blanks, no escapes that are not needed, no floats."""
    return _CANONICAL.encode(value)


@lru_cache(maxsize=256)
def _quoted(text: str) -> str:
    """The same of a text that many events share: who acted, and when."""
    return canonical(text)


def content_hash(files: Mapping[str, bytes]) -> str:
    """The name of a version's content: SHA-256 over sorted paths and contents, each after its length (8 bytes)."""
    digest = hashlib.sha256()
    for path in sorted(files):
        for part in (path.encode(), files[path]):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def chain_begin(version_hash: str) -> bytes:
    """What the first event is chained to: the content of the version the case runs. So the chain holds the model too."""
    return hashlib.sha256(_BEGIN + bytes.fromhex(version_hash)).digest()


def event_content(instance: int, sequence: int, at: str, actor: str, record: str) -> bytes:
    """What an event's hash covers; ``record`` is canonical JSON already, and so is the result."""
    return (
        f'{{"actor":{_quoted(actor)},"at":{_quoted(at)},"instance":{instance},"record":{record},"sequence":{sequence}}}'
    ).encode()


def named_begin(word: str, *names: str) -> bytes:
    """What the first event of a chain is chained to that is about something with a name; ``word`` is one of ``NAMED``."""
    return hashlib.sha256(f"bordereau/history/1/{word}\n".encode() + "\n".join(names).encode()).digest()


def named_content(  # noqa: PLR0917 - as event_content
    word: str, names: Sequence[str], sequence: int, at: str, actor: str, record: str
) -> bytes:
    """What the hash of an event of such a chain covers: its names stand where the case stands otherwise."""
    members = {"actor": canonical(actor), "at": canonical(at), "record": record, "sequence": str(sequence)}
    members.update(zip(NAMED[word], map(canonical, names)))  # noqa: B905 - strict= came with 3.10
    return ("{" + ",".join(f'"{each}":{members[each]}' for each in sorted(members)) + "}").encode()


def chain_link(previous: bytes, content: bytes) -> bytes:
    """The hash of an event after the one whose hash is ``previous`` (always 32 bytes, so that nothing can slide between the two)."""
    return hashlib.sha256(_EVENT + previous + content).digest()


def commitment(salt: bytes, value: str) -> bytes:
    """What stands in an event for a personal value, which is canonical JSON; ``salt`` has 32 bytes, so that nothing can be guessed."""
    return hashlib.sha256(_PERSONAL + salt + value.encode()).digest()


def seal(case: Mapping[str, Any]) -> str:
    """The bundle's fingerprint: SHA-256 of its description without its seal. It names the hash of every other member."""
    return hashlib.sha256(canonical({key: value for key, value in case.items() if key != "seal"}).encode()).hexdigest()


# -- the format: the tree over all events, and the signature of its root ------------------------------------------------------


class Tree:
    """The Merkle tree over the hashes of all events in their order, as RFC 6962 (2.1) defines it; only its right edge is kept.

    ``size`` is the number of events; ``peaks`` are the roots of the complete subtrees from left to right, the largest first.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)

    def add(self, event_hash: bytes) -> None:
        """The hash of the next event. Leaves and nodes are hashed apart (a zero or a one before them): neither can pass for the other."""
        node, level = leaf(event_hash), 0
        complete = self.size
        while complete & 1:
            node = joined(self.peaks.pop(), node)
            complete >>= 1
            level += 1
            self.completed(level, complete, node)
        self.peaks.append(node)
        self.size += 1

    def completed(self, level: int, position: int, node: bytes) -> None:
        """The subtree number ``position`` (from 0) of ``2 ** level`` events is complete. For whoever keeps them; nothing here."""

    def root(self) -> bytes:
        """The hash that stands for every event up to here and for their order."""
        if not self.peaks:
            return hashlib.sha256().digest()
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = joined(peak, node)
        return node


def leaf(event_hash: bytes) -> bytes:
    """What stands for an event in the tree."""
    return hashlib.sha256(b"\x00" + event_hash).digest()


def joined(left: bytes, right: bytes) -> bytes:
    """What stands for two neighbouring subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_by_path(number: int, size: int, event_hash: bytes, path: Sequence[bytes]) -> Optional[bytes]:
    """The root of the tree over ``size`` events to which ``path`` leads from event ``number`` (from 1): RFC 9162, 2.1.3.2.

    None where a path to such an event has another length.
    """
    if not 0 < number <= size:
        return None
    at, last, node = number - 1, size - 1, leaf(event_hash)
    for each in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            node = joined(each, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = joined(node, each)
        at, last = at >> 1, last >> 1
    return node if last == 0 else None


def checkpoint_content(checkpoint: Mapping[str, Any]) -> bytes:
    """What the signature of a checkpoint covers: all of it but the signature."""
    return _CHECKPOINT + canonical({key: value for key, value in checkpoint.items() if key != "signature"}).encode()


def checkpoint_hash(checkpoint: Mapping[str, Any]) -> str:
    """What the next checkpoint calls this one."""
    return hashlib.sha256(checkpoint_content(checkpoint)).hexdigest()


# Ed25519, the verifying half, from RFC 8032 (5.1): points as (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z. Nothing here is secret, so
# it may take as long as it takes.

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT_OF_MINUS_1 = pow(2, (_P - 1) // 4, _P)

_Point = Tuple[int, int, int, int]


def _add(one: _Point, other: _Point) -> _Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(factor: int, point: _Point) -> _Point:
    found: _Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            found = _add(found, point)
        point = _add(point, point)
        factor >>= 1
    return found


def _point(encoded: bytes) -> Optional[_Point]:
    """The point of 32 bytes (RFC 8032, 5.1.3), None where they are none."""
    y = int.from_bytes(encoded, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    if y >= _P:
        return None
    squared = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(squared, (_P + 3) // 8, _P)
    if (x * x - squared) % _P:
        x = x * _ROOT_OF_MINUS_1 % _P
    if (x * x - squared) % _P or (x == 0 and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return x, y, 1, x * y % _P


def is_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` (64 bytes) over ``message`` is of the Ed25519 key whose public half is ``public_key`` (32 bytes)."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    base, key, commitment = _point(_BASE), _point(public_key), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if base is None or key is None or commitment is None or s >= _L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % _L
    one, other = _times(s, base), _add(commitment, _times(h, key))
    return (one[0] * other[2] - other[0] * one[2]) % _P == 0 and (one[1] * other[2] - other[1] * one[2]) % _P == 0


_BASE = (4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little")


# -- the format: the container ----------------------------------------------------------------------------------------------

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_UTF8_NAMES, _FIRST_DAY, _UNIX, _PLAIN_FILE = 0x0800, 0x0021, 0x0314, 0o100644 << 16


def pack(members: Members) -> bytes:
    """The one zip of ``members``: stored, in their order, without dates. The same bytes on every machine, for ever.

    Raises ValueError when it would be larger than a plain zip can be (4 GiB, 65,535 members).
    """
    body, directory = io.BytesIO(), io.BytesIO()
    for name, content in members:
        encoded, offset = name.encode(), body.tell()
        if len(encoded) > 0xFFFF or offset + len(content) > 0xFFFF0000 or len(members) > 0xFFFE:
            raise ValueError("too large for a bundle")
        common = (20, _UTF8_NAMES, 0, 0, _FIRST_DAY, zlib.crc32(content), len(content), len(content), len(encoded), 0)
        body.write(_LOCAL.pack(b"PK\x03\x04", *common) + encoded + content)
        directory.write(_CENTRAL.pack(b"PK\x01\x02", _UNIX, *common, 0, 0, 0, _PLAIN_FILE, offset) + encoded)
    count, size = len(members), len(directory.getvalue())
    end = _END.pack(b"PK\x05\x06", 0, 0, count, count, size, body.tell(), 0)
    return body.getvalue() + directory.getvalue() + end


def unpack(data: bytes) -> Optional[Members]:
    """The members of a zip that ``pack`` wrote, also when bytes of it were changed; None when it cannot be followed."""
    members: Members = []
    offset = 0
    while data[offset : offset + 4] == b"PK\x03\x04":
        if offset + _LOCAL.size > len(data):
            return None
        _, _, _, method, _, _, _, size, _, name_size, extra_size = _LOCAL.unpack_from(data, offset)
        offset += _LOCAL.size
        end = offset + name_size + extra_size + size
        if method != 0 or end > len(data):
            return None
        try:
            name = data[offset : offset + name_size].decode()
        except UnicodeDecodeError:
            return None
        members.append((name, data[end - size : end]))
        offset = end
    return members if members and data[offset : offset + 4] == b"PK\x01\x02" else None


def _unpack_anyhow(data: bytes) -> Optional[Members]:
    """The members of a zip that some other program wrote; what cannot be read is left out. None when it is no zip at all."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members: Members = []
            for about in archive.infolist():
                try:
                    if about.file_size <= 1 << 30:
                        members.append((about.filename, archive.read(about)))
                except (
                    zipfile.BadZipFile,
                    zlib.error,
                    OSError,
                    RuntimeError,
                    NotImplementedError,
                    EOFError,
                    ValueError,
                ):
                    continue
            return members
    except (zipfile.BadZipFile, OSError, ValueError, struct.error, NotImplementedError, EOFError):
        return None


# -- verifying --------------------------------------------------------------------------------------------------------------


class Problem(NamedTuple):
    """One thing that does not agree. ``event`` is the number of the line in the history, counted from 1."""

    code: str
    member: Optional[str] = None
    event: Optional[int] = None
    facts: Mapping[str, Any] = MappingProxyType({})


class Event(NamedTuple):
    """What a line of the history says, its hash included; nothing of it is trusted."""

    subject: Any
    sequence: int
    at: str
    actor: str
    record: Dict[str, Any]
    hash: bytes


class Led(NamedTuple):
    """That a bundle's chain leads to a checkpoint: its events 1 to ``event`` are among the first ``size`` of the whole history.

    ``is_kept``: the checkpoint is one that was kept elsewhere, and not only the bundle's own word.
    """

    number: int
    size: int
    at: str
    key: str
    event: int
    is_kept: bool


class Apart(NamedTuple):
    """The personal values of a bundle: ``sealed`` in its events, ``shown`` beside them and held against them, ``erased`` as it is said."""

    sealed: int
    shown: int
    erased: List[Mapping[str, str]]


class Verdict(NamedTuple):
    """What was found. ``case`` is what its description says, as far as it can be read; ``hashes`` the stated chain; ``led``: the checkpoint
    to which its proof leads, None without a proof that does.
    """

    problems: List[Problem]
    case: Dict[str, Any]
    events: int
    hashes: List[bytes]
    first_at: Optional[str]
    last_at: Optional[str]
    is_readable: bool = True
    kind: Kind = CASES
    led: Optional[Led] = None
    apart: Apart = Apart(0, 0, [])

    @property
    def is_whole(self) -> bool:
        """Whether everything agrees."""
        return not self.problems


def verify(data: bytes, kept: Sequence[Mapping[str, Any]] = (), keys: Sequence[str] = ()) -> Verdict:
    """Check a bundle: container, members, model, chain and head by themselves; and its proof, which leads to a signed checkpoint.

    ``kept`` are checkpoints that left the system earlier, ``keys`` public keys (hex) known from elsewhere; where either is given, a bundle
    whose proof does not lead there is not whole.
    """
    members = unpack(data)
    if members is None:
        members = _unpack_anyhow(data)
        if members is None:
            return Verdict([Problem("unreadable")], {}, 0, [], None, None, is_readable=False)
    problems: List[Problem] = []
    if not _is_as_packed(members, data):
        problems.append(Problem("container_changed"))
    files = dict(members)
    if len(files) != len(members):
        problems.append(Problem("member_twice"))
    kind = PROCESSES if PROCESS in files and CASE not in files else CASES
    case = _read_case(files, kind, problems)
    _check_members(files, case, kind, problems)
    begin = (
        _check_model(files, case, problems)
        if kind is CASES
        else named_begin("process", case["process"])
        if case
        else None
    )
    events = _check_events(files.get(EVENTS, b""), case, kind, begin, problems)
    hashes = [each.hash for each in events]
    first, last = (events[0].at, events[-1].at) if events else (None, None)
    led = _check_proof(files.get(PROOF), hashes, kept, keys, problems)
    apart = _check_personal(files.get(PERSONAL_FILE), events, problems)
    if kind is CASES:
        _check_later(files, events, problems)
    return Verdict(problems, case, len(events), hashes, first, last, kind=kind, led=led, apart=apart)


def compare(newer: Verdict, older: Verdict) -> List[Problem]:
    """What speaks against ``newer`` being the same case (or process) as ``older``, continued.

    The one test that a re-made history cannot pass.
    """
    if not older.is_whole:
        return [Problem("older_not_whole", facts={"count": len(older.problems)})]
    subject = older.case.get(older.kind.subject)
    if newer.kind != older.kind or newer.case.get(newer.kind.subject) != subject:
        return [Problem("older_other_case", facts={"found": subject})]
    for number, (mine, theirs) in enumerate(zip(newer.hashes, older.hashes), 1):  # noqa: B905 - strict= came with 3.10
        if mine != theirs:
            return [Problem("older_differs", EVENTS, number)]
    if len(newer.hashes) < len(older.hashes):
        return [Problem("older_longer", EVENTS, len(newer.hashes) + 1, {"count": len(older.hashes)})]
    return []


def compare_head(verdict: Verdict, sequence: int, noted: bytes) -> List[Problem]:
    """What speaks against ``noted`` being the hash of event ``sequence``, as somebody wrote it down earlier."""
    if sequence > len(verdict.hashes):
        return [Problem("noted_longer", EVENTS, len(verdict.hashes) + 1, {"count": sequence})]
    if verdict.hashes[sequence - 1] != noted:
        return [Problem("noted_differs", EVENTS, sequence)]
    return []


def _is_as_packed(members: Members, data: bytes) -> bool:
    try:
        return pack(members) == data
    except (ValueError, UnicodeEncodeError):
        return False


_DESCRIPTION: Dict[str, Any] = {"format": str, "head": dict, "members": list, "seal": str, "stated": dict}


def _read_case(files: Mapping[str, bytes], kind: Kind, problems: List[Problem]) -> Dict[str, Any]:
    """What the description says where it has the form it must have; else nothing."""
    about = kind.about
    if about not in files:
        problems.append(Problem("member_missing", about))
        return {}
    found = _parse(files[about])
    wanted = {**_DESCRIPTION, kind.begins: str, kind.subject: kind.subject_type}
    if not isinstance(found, dict) or not _has_form(found, wanted) or found["format"] != kind.format:
        problems.append(Problem("case_unreadable", about))
        return {}
    head = found["head"]
    listed = all(
        isinstance(each, dict) and _has_form(each, {"path": str, "sha256": str, "size": int})
        for each in found["members"]
    )
    # the key of a process must be text that has bytes
    begins = is_hash(found["version_hash"]) if kind is CASES else _encoded(found["process"]) != b"?"
    if not listed or not _has_form(head, {"hash": str, "sequence": int}) or not begins:
        problems.append(Problem("case_unreadable", about))
        return {}
    if _encoded(found) + b"\n" != files[about] or seal(found) != found["seal"]:
        problems.append(Problem("case_changed", about))
    return found


def _check_members(files: Mapping[str, bytes], case: Mapping[str, Any], kind: Kind, problems: List[Problem]) -> None:
    fixed = set(kind.fixed_members) - {kind.about}
    if not case:
        problems.extend(Problem("member_missing", each) for each in sorted(fixed - set(files)))
        return
    listed = {each["path"]: each for each in case["members"]}
    problems.extend(Problem("member_missing", path) for path in sorted((fixed | set(listed)) - set(files)))
    for path in sorted(set(files) - {kind.about}):
        may_be = path in fixed or path in (PROOF, PERSONAL_FILE) or (kind is CASES and path.startswith((MODEL, LATER)))
        if path not in listed or not may_be:
            problems.append(Problem("member_added", path))
        elif (
            hashlib.sha256(files[path]).hexdigest() != listed[path]["sha256"]
            or len(files[path]) != listed[path]["size"]
        ):
            problems.append(Problem("member_changed", path))


def _check_model(files: Mapping[str, bytes], case: Mapping[str, Any], problems: List[Problem]) -> Optional[bytes]:
    """The beginning of the chain, as the model files of the bundle make it."""
    if not case:
        return None
    model = {path[len(MODEL) :]: content for path, content in files.items() if path.startswith(MODEL)}
    if content_hash(model) != case["version_hash"]:
        problems.append(Problem("model_changed", MODEL))
    return chain_begin(case["version_hash"])


def _check_later(files: Mapping[str, bytes], events: Sequence[Event], problems: List[Problem]) -> None:
    """Models of versions that the case was moved to, each below its hash: the files are those, and the chain names them."""
    named = {_moved_to(each.record) for each in events}
    models: Dict[str, Dict[str, bytes]] = {}
    for path, content in files.items():
        if path.startswith(LATER):
            hashed, _, name = path[len(LATER) :].partition("/")
            models.setdefault(hashed, {})[name] = content
    for hashed, model in sorted(models.items()):
        if content_hash(model) != hashed:
            problems.append(Problem("model_changed", f"{LATER}{hashed}/"))
        elif hashed not in named:
            problems.append(Problem("model_of_nothing", f"{LATER}{hashed}/"))


def _moved_to(record: Mapping[str, Any]) -> Optional[str]:
    """The hash of the version that a move led to."""
    to = record.get("to") if record.get("type") in ("instance:migrated", "instance:migration-undone") else None
    found = to.get("content_hash") if isinstance(to, dict) else None
    return found if isinstance(found, str) else None


def _check_events(
    text: bytes, case: Mapping[str, Any], kind: Kind, begin: Optional[bytes], problems: List[Problem]
) -> List[Event]:
    """Follow the chain. After a broken link the stated hash is taken, so that each event that was touched is named, and no other."""
    lines = text.split(b"\n")
    if lines.pop() != b"":
        problems.append(Problem("event_unreadable", EVENTS, len(lines) + 1))
    events: List[Event] = []
    previous, expected = begin, 1
    for number, line in enumerate(lines, 1):
        event = _read_event(line, kind)
        if event is None:
            problems.append(Problem("event_unreadable", EVENTS, number))
            previous = None
            expected += 1
            continue
        events.append(event)
        if case and event.subject != case[kind.subject]:
            problems.append(Problem("event_of_other_case", EVENTS, number, {"found": event.subject}))
        if event.sequence != expected:
            facts = {"expected": expected, "found": event.sequence}
            problems.append(Problem("event_out_of_order", EVENTS, number, facts))
        elif previous is not None and _rehash(previous, event, kind) != event.hash:
            problems.append(Problem("event_changed", EVENTS, number))
        previous, expected = event.hash, event.sequence + 1
    if case:
        _check_head(events, begin, case["head"], problems)
    return events


def _check_head(
    events: Sequence[Event], begin: Optional[bytes], head: Mapping[str, Any], problems: List[Problem]
) -> None:
    sequence = events[-1].sequence if events else 0
    reached = events[-1].hash if events else begin
    if sequence != head["sequence"]:
        facts = {"expected": head["sequence"], "found": sequence}
        problems.append(Problem("end_missing" if sequence < head["sequence"] else "end_added", EVENTS, None, facts))
    elif reached is not None and reached.hex() != head["hash"]:
        problems.append(Problem("head_differs", EVENTS, sequence or None))


def _rehash(previous: bytes, event: Event, kind: Kind) -> bytes:
    told = (event.sequence, event.at, event.actor, canonical(event.record))
    if kind is CASES:
        return chain_link(previous, event_content(event.subject, *told))
    return chain_link(previous, named_content("process", [event.subject], *told))


_SHOWN_FORM: Dict[str, Any] = {"commitment": str, "salt": str, "value": str}
_ERASED_FORM: Dict[str, Any] = {"commitment": str, "erased": dict}
_ERASED: Dict[str, Any] = {"at": str, "because": str, "by": str}


def _check_personal(text: Optional[bytes], events: Sequence[Event], problems: List[Problem]) -> Apart:
    """Hold the personal values that stand apart against what the events have in their places."""
    sealed = {each for event in events for each in _commitments(event.record)}
    seen: Dict[str, bool] = {}
    erased = []
    lines = (text or b"").split(b"\n")
    if lines.pop() != b"":
        problems.append(Problem("personal_unreadable", PERSONAL_FILE, None, {"line": len(lines) + 1}))
    for number, line in enumerate(lines, 1):
        found = _parse(line)
        if not isinstance(found, dict) or _encoded(found) != line or not _is_personal(found):
            problems.append(Problem("personal_unreadable", PERSONAL_FILE, None, {"line": number}))
        elif found["commitment"] not in sealed or found["commitment"] in seen:
            problems.append(Problem("personal_of_nothing", PERSONAL_FILE, None, {"line": number}))
        elif "erased" in found:
            seen[found["commitment"]] = False
            erased.append(found["erased"])
        else:
            seen[found["commitment"]] = True
            if commitment(bytes.fromhex(found["salt"]), found["value"]).hex() != found["commitment"]:
                problems.append(Problem("personal_changed", PERSONAL_FILE, None, {"line": number}))
    return Apart(len(sealed), sum(seen.values()), erased)


def _is_personal(found: Mapping[str, Any]) -> bool:
    if _has_form(found, _SHOWN_FORM):
        return is_hash(found["commitment"]) and is_hash(found["salt"]) and _encoded(found["value"]) != b"?"
    return _has_form(found, _ERASED_FORM) and is_hash(found["commitment"]) and _has_form(found["erased"], _ERASED)


def _commitments(value: object) -> List[str]:
    """Every commitment in a record; without recursion, because a record may be deep."""
    found, left = [], [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            sealed = each.get(PERSONAL) if len(each) == 1 else None
            if isinstance(sealed, str) and is_hash(sealed):
                found.append(sealed)
            else:
                left.extend(each.values())
        elif isinstance(each, list):
            left.extend(each)
    return found


_PROOF_FORM: Dict[str, Any] = {"checkpoint": dict, "event": int, "format": str, "number": int, "path": list}


def _check_proof(
    text: Optional[bytes],
    hashes: Sequence[bytes],
    kept: Sequence[Mapping[str, Any]],
    keys: Sequence[str],
    problems: List[Problem],
) -> Optional[Led]:
    """The checkpoint to which the proof leads. The hash of one event covers all before it in its chain: one path is enough for them."""
    if text is None:
        if kept or keys:
            problems.append(Problem("proof_missing", PROOF))
        return None
    found = _parse(text)
    if not isinstance(found, dict) or not _is_proof(found) or _encoded(found) + b"\n" != text:
        problems.append(Problem("proof_unreadable", PROOF))
        return None
    point, event = found["checkpoint"], found["event"]
    if not is_genuine(point):
        problems.append(Problem("checkpoint_not_signed", PROOF, None, {"number": point["number"]}))
        return None
    path = [bytes.fromhex(each) for each in found["path"]]
    root = root_by_path(found["number"], point["size"], hashes[event - 1], path) if event <= len(hashes) else None
    if root is None or root.hex() != point["root"]:
        problems.append(Problem("proof_leads_elsewhere", PROOF, event, {"number": point["number"]}))
        return None
    if keys and point["key"] not in keys:
        facts = {"number": point["number"], "key": point["key"][:16]}
        problems.append(Problem("checkpoint_of_other_key", PROOF, None, facts))
    is_kept = any(checkpoint_content(each) == checkpoint_content(point) for each in kept)
    for each in kept if not is_kept else ():
        code = "proof_kept_differs" if each["number"] == point["number"] else "proof_to_another"
        problems.append(Problem(code, PROOF, None, {"number": point["number"], "found": each["number"]}))
    return Led(point["number"], point["size"], point["at"], point["key"], event, is_kept)


def _is_proof(found: Mapping[str, Any]) -> bool:
    return (
        _has_form(found, _PROOF_FORM)
        and found["format"] == PROOF_FORMAT
        and _is_checkpoint(found["checkpoint"])
        and found["event"] > 0
        and len(found["path"]) <= 64
        and all(isinstance(each, str) and is_hash(each) for each in found["path"])
    )


_EVENT_TYPES: Dict[str, Any] = {"actor": str, "at": str, "hash": str, "record": dict, "sequence": int}


def _read_event(line: bytes, kind: Kind) -> Optional[Event]:
    """The event of a line; None unless it is, byte for byte, what Bordereau writes."""
    found = _parse(line)
    return _event_of(found, kind) if isinstance(found, dict) and _encoded(found) == line else None


def _event_of(found: Mapping[str, Any], kind: Kind) -> Optional[Event]:
    if not _has_form(found, {**_EVENT_TYPES, kind.subject: kind.subject_type}) or not _is_event(found):
        return None
    return Event(
        subject=found[kind.subject],
        sequence=found["sequence"],
        at=found["at"],
        actor=found["actor"],
        record=found["record"],
        hash=bytes.fromhex(found["hash"]),
    )


def _is_event(found: Mapping[str, Any]) -> bool:
    return is_hash(found["hash"]) and _is_moment(found["at"]) and isinstance(found["record"].get("type"), str)


def _has_form(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return set(found) == set(wanted) and all(type(found[key]) is kind for key, kind in wanted.items())


def is_hash(text: str) -> bool:
    """Whether ``text`` is SHA-256 in hex."""
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


def _is_moment(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    return moment.utcoffset() == timedelta(0) and moment.isoformat(timespec="microseconds") == text


def _parse(text: bytes) -> Any:
    """The JSON value of ``text``, or None for what is no JSON of ours. Never raises: the text may be hostile."""
    try:
        return json.loads(text.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(text: str) -> Any:
    raise ValueError(text)


def _encoded(value: object) -> bytes:
    try:
        return canonical(value).encode("utf-8")
    except (ValueError, RecursionError):  # half a character, which UTF-8 cannot write
        return b"?"


# -- verifying the whole history --------------------------------------------------------------------------------------------


class Proven(NamedTuple):
    """A checkpoint that was kept outside and that the history agrees with."""

    number: int
    size: int
    at: str


class HistoryVerdict(NamedTuple):
    """What was found in a whole history. ``keys``: of the checkpoints in it; ``trusted``: given, or of the checkpoints that were kept."""

    problems: List[Problem]
    events: int
    chains: int
    checkpoints: int
    first_at: Optional[str]
    last_at: Optional[str]
    stated: Dict[str, Any]
    proven: List[Proven]
    keys: List[str]
    trusted: List[str]

    @property
    def is_whole(self) -> bool:
        """Whether everything agrees."""
        return not self.problems


_CHECKPOINT_FORM: Dict[str, Any] = {
    **dict.fromkeys(("at", "format", "key", "previous", "root", "signature"), str),
    **dict.fromkeys(("number", "size"), int),
}


def read_checkpoint(text: bytes) -> Optional[Dict[str, Any]]:
    """The checkpoint that a file holds; None unless it is, byte for byte, what Bordereau writes. Its signature is another question."""
    found = _parse(text)
    if not isinstance(found, dict) or _encoded(found) != text.rstrip(b"\n"):
        return None
    return found if _is_checkpoint(found) else None


def _is_checkpoint(found: Mapping[str, Any]) -> bool:
    return (
        _has_form(found, _CHECKPOINT_FORM)
        and found["format"] == CHECKPOINT_FORMAT
        and all(is_hash(found[name]) for name in ("key", "previous", "root"))
        and re.fullmatch(r"[0-9a-f]{128}", found["signature"]) is not None
        and _is_moment(found["at"])
        and found["number"] > 0
        and found["size"] >= 0
    )


def is_genuine(checkpoint: Mapping[str, Any]) -> bool:
    """Whether a checkpoint is signed by the key that it names."""
    key, signature = bytes.fromhex(checkpoint["key"]), bytes.fromhex(checkpoint["signature"])
    return is_signed(key, checkpoint_content(checkpoint), signature)


def verify_history(
    lines: Iterable[bytes], kept: Sequence[Mapping[str, Any]] = (), keys: Sequence[str] = ()
) -> HistoryVerdict:
    """Check a whole history line by line, in memory that grows with the number of cases, not of events.

    ``kept`` are checkpoints that left the system earlier, ``keys`` public keys (hex) known from elsewhere: what speaks for an unchanged
    past comes from them alone.
    """
    reading = _Reading(kept, keys)
    for line in lines:
        reading.take(line)
    return reading.verdict()


_CASE = "case"
_Chain = Tuple[Any, ...]
"""What kind of chain, and what it is about: ``("case", 42)``, ``("record", "customer", "C-17")``."""


def _chain_of(found: Mapping[str, Any]) -> Optional[_Chain]:
    """The chain that an event belongs to; None unless it has the form of an event of one kind."""
    if _has_form(found, {**_EVENT_TYPES, "instance": int}):
        return (_CASE, found["instance"]) if _is_event(found) else None
    for word, members in NAMED.items():
        if _has_form(found, {**_EVENT_TYPES, **dict.fromkeys(members, str)}) and _is_event(found):
            names = [found[each] for each in members]
            # only the last name may hold anything: where one ends and the next begins is never a question
            is_sure = all(re.fullmatch("[a-z_]+", each) for each in names[:-1]) and _encoded(names[-1]) != b"?"
            return (word, *names) if is_sure else None
    return None


def _begin_of(chain: _Chain, version_hash: Any) -> bytes:
    """What the first event of a chain must be chained to; of a case, the content of its version stands beside the event."""
    if chain[0] != _CASE:
        return named_begin(*chain)
    return chain_begin(version_hash) if isinstance(version_hash, str) and is_hash(version_hash) else b""


class _Reading:
    """A whole history as far as it was read."""

    def __init__(self, kept: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> None:
        self.problems: List[Problem] = []
        self.tree = Tree()
        self.heads: Dict[_Chain, Tuple[int, bytes]] = {}
        self.stated: Dict[str, Any] = {}
        self.span: Tuple[Optional[str], Optional[str]] = (None, None)
        self.last: Optional[Mapping[str, Any]] = None
        self.checkpoints = self.lines = 0
        self.is_ended = False
        self.proven: List[Proven] = []
        self.keys: List[str] = []
        self.waiting: Dict[int, List[Mapping[str, Any]]] = {}
        for each in kept:
            if not is_genuine(each) or (keys and each["key"] not in keys):
                self.problems.append(Problem("kept_not_genuine", facts={"number": each["number"]}))
            else:
                self.waiting.setdefault(each["size"], []).append(each)
        self.trusted = list(keys) or sorted({each["key"] for known in self.waiting.values() for each in known})
        self._hold(0)

    def take(self, line: bytes) -> None:
        """The next line."""
        self.lines += 1
        found = _parse(line) if line.endswith(b"\n") else None
        if not isinstance(found, dict) or _encoded(found) + b"\n" != line:
            self._problem("line_unreadable", line=self.lines)
        elif self.lines == 1:
            self._begin(found)
        elif self.is_ended:
            self._problem("after_the_end", line=self.lines)
        elif set(found) == {"checkpoint"}:
            self._checkpoint(found["checkpoint"])
        elif set(found) == {"end"}:
            self._end(found["end"])
        else:
            self._event(found)

    def verdict(self) -> HistoryVerdict:
        """What was found, now that there are no more lines."""
        if not self.is_ended:
            self._problem("end_cut_off")
        for size, kept in sorted(self.waiting.items()):
            self._problem("kept_longer", number=kept[0]["number"], count=size, found=self.tree.size)
        first, last = self.span
        return HistoryVerdict(
            self.problems,
            self.tree.size,
            len(self.heads),
            self.checkpoints,
            first,
            last,
            self.stated,
            self.proven,
            self.keys,
            self.trusted,
        )

    def _problem(self, code: str, event: Optional[int] = None, **facts: Any) -> None:
        self.problems.append(Problem(code, None, event, facts))

    def _begin(self, found: Mapping[str, Any]) -> None:
        if found.get("format") != HISTORY_FORMAT or not isinstance(found.get("stated"), dict) or len(found) != 2:
            self._problem("line_unreadable", line=1)
            return
        self.stated = found["stated"]

    def _end(self, found: Any) -> None:
        self.is_ended = True
        if not isinstance(found, dict) or found.get("events") != self.tree.size:
            self._problem("end_differs", found=self.tree.size)

    def _event(self, found: Dict[str, Any]) -> None:
        number, begins = found.pop("number", None), found.pop("version_hash", None)
        chain = _chain_of(found)
        if chain is None or type(number) is not int:
            self._problem("line_unreadable", line=self.lines)
            return
        if begins is not None and (chain[0] != _CASE or chain in self.heads):
            self._problem("line_unreadable", line=self.lines)
        if number != self.tree.size + 1:
            self._problem("number_differs", number, expected=self.tree.size + 1)
        sequence, previous = self.heads.get(chain, (0, b""))
        if sequence == 0:
            previous = _begin_of(chain, begins)
        reached, name = bytes.fromhex(found["hash"]), " ".join(map(str, chain))
        told = (found["sequence"], found["at"], found["actor"], canonical(found["record"]))
        content = event_content(chain[1], *told) if chain[0] == _CASE else named_content(chain[0], chain[1:], *told)
        if found["sequence"] != sequence + 1:
            facts = {"chain": name, "expected": sequence + 1, "found": found["sequence"]}
            self._problem("chain_out_of_order", number, **facts)
        elif chain_link(previous, content) != reached:
            self._problem("chain_broken", number, chain=name, found=found["sequence"])
        self.heads[chain] = (found["sequence"], reached)
        self.span = (self.span[0] or found["at"], found["at"])
        self.tree.add(reached)
        self._hold(self.tree.size)

    def _hold(self, size: int) -> None:
        """Hold the history against the checkpoints of this size that were kept."""
        for each in self.waiting.pop(size, ()):
            if self.tree.root().hex() == each["root"]:
                self.proven.append(Proven(each["number"], size, each["at"]))
            else:
                self._problem("kept_differs", number=each["number"], count=size, at=each["at"])

    def _checkpoint(self, found: Any) -> None:
        if not isinstance(found, dict) or not _is_checkpoint(found):
            self._problem("line_unreadable", line=self.lines)
            return
        self.checkpoints += 1
        number, last = found["number"], self.last
        follows = last is not None and last["number"] + 1 == number and last["at"] <= found["at"]
        before = NO_CHECKPOINT if last is None else checkpoint_hash(last)
        if found["previous"] != before or not (follows or (last is None and number == 1)):
            self._problem("checkpoint_out_of_order", number=number)
        if found["size"] != self.tree.size or found["root"] != self.tree.root().hex():
            self._problem("checkpoint_differs", number=number, count=found["size"])
        if not is_genuine(found):
            self._problem("checkpoint_not_signed", number=number)
        elif self.trusted and found["key"] not in self.trusted:
            self._problem("checkpoint_of_other_key", number=number, key=found["key"][:16])
        if found["key"] not in self.keys:
            self.keys.append(found["key"])
        self.last = found


# -- saying it --------------------------------------------------------------------------------------------------------------

TEXTS: Dict[str, Tuple[str, str]] = {
    "unreadable": ("Ce fichier n’est pas un dossier exporté par Bordereau.", "This file is no bundle of Bordereau."),
    "container_changed": (
        "Le fichier n’est pas, octet pour octet, celui que Bordereau écrit : il a été modifié, abîmé ou refait.",
        "The file is not, byte for byte, what Bordereau writes: it was changed, damaged or made again.",
    ),
    "member_twice": ("Deux éléments portent le même nom.", "Two members have the same name."),
    "member_missing": ("Il manque {member}.", "{member} is missing."),
    "member_added": ("{member} n’est pas dans la liste de {about}.", "{member} is not in the list of {about}."),
    "member_changed": (
        "{member} n’est pas celui que {about} annonce.",
        "{member} is not the one that {about} names.",
    ),
    "case_unreadable": ("{about} n’a pas la forme attendue.", "{about} does not have the form it must have."),
    "case_changed": ("{about} ne correspond pas à son sceau.", "{about} does not agree with its seal."),
    "model_changed": (
        "Les fichiers du modèle ne sont pas ceux de la version que le dossier a suivie.",
        "The model files are not those of the version that the case followed.",
    ),
    "model_of_nothing": (
        "{member} : l’historique ne nomme pas cette version.",
        "{member}: the history does not name this version.",
    ),
    "event_unreadable": (
        "Événement {event} : la ligne n’est pas, octet pour octet, celle que Bordereau écrit.",
        "Event {event}: the line is not, byte for byte, what Bordereau writes.",
    ),
    "event_of_other_case": (
        "Événement {event} : il appartient à un autre historique ({found}).",
        "Event {event}: it belongs to another history ({found}).",
    ),
    "event_out_of_order": (
        "Événement {event} : numéro {found} au lieu de {expected} – un événement a été retiré, ajouté ou déplacé ici.",
        "Event {event}: number {found} instead of {expected} – an event was removed, added or moved here.",
    ),
    "event_changed": (
        "Événement {event} : son contenu, ou ce qui le précède, a été modifié (l’empreinte ne correspond pas).",
        "Event {event}: its content, or what stands before it, was changed (the hash does not agree).",
    ),
    "end_missing": (
        "La fin manque : l’historique s’arrête à l’événement {found}, {about} annonce {expected}.",
        "The end is missing: the history stops at event {found}, {about} says {expected}.",
    ),
    "end_added": (
        "L’historique va jusqu’à l’événement {found}, {about} n’en annonce que {expected}.",
        "The history goes on to event {found}, {about} says {expected}.",
    ),
    "head_differs": (
        "La dernière empreinte n’est pas celle que {about} annonce.",
        "The last hash is not the one that {about} names.",
    ),
    "older_not_whole": (
        "L’ancien dossier n’est pas intact lui-même ; vérifiez-le d’abord.",
        "The older bundle is not whole itself; verify it first.",
    ),
    "older_other_case": (
        "L’ancien fichier concerne un autre historique ({found}).",
        "The older bundle is of another history ({found}).",
    ),
    "older_differs": (
        "Événement {event} : il n’est plus celui de l’ancien fichier – l’historique a été réécrit.",
        "Event {event}: it is no longer the one of the older bundle – the history was written anew.",
    ),
    "older_longer": (
        "L’ancien fichier a {count} événements : la fin a été coupée à partir de l’événement {event}.",
        "The older bundle has {count} events: the end was cut off from event {event} on.",
    ),
    "noted_differs": (
        "Événement {event} : son empreinte n’est pas celle qui avait été notée – l’historique a été réécrit.",
        "Event {event}: its hash is not the one that was noted – the history was written anew.",
    ),
    "noted_longer": (
        "L’empreinte notée est celle de l’événement {count} : la fin a été coupée à partir de l’événement {event}.",
        "The noted hash is of event {count}: the end was cut off from event {event} on.",
    ),
    "title": ("Vérification de {file}", "Verifying {file}"),
    "case_line": ("Dossier {subject}, {count} événements", "Case {subject}, {count} events"),
    "process_line": ("Processus {subject}, {count} publications", "Process {subject}, {count} publications"),
    "span": ("du {first} au {last}", "from {first} to {last}"),
    "stated": (
        "Annoncé par le système qui a exporté, non prouvé ici :",
        "Stated by the system that exported it, not proven here:",
    ),
    "whole": ("RÉSULTAT : intact. Tout concorde.", "RESULT: whole. Everything agrees."),
    "not_whole": ("RÉSULTAT : PAS INTACT. Constatations : {count}", "RESULT: NOT WHOLE. Findings: {count}"),
    "and_more": ("… et {count} autres", "… and {count} more"),
    "checked": ("Ce qui a été vérifié :", "What was checked:"),
    "checked_container": (
        "le fichier est, octet pour octet, celui que Bordereau écrit pour ce contenu ;",
        "the file is, byte for byte, what Bordereau writes for this content;",
    ),
    "checked_members": (
        "aucun élément ne manque, n’est ajouté ni modifié ; le sceau de {about} est juste ;",
        "no member is missing, added or changed; the seal of {about} is right;",
    ),
    "checked_model": (
        "les fichiers du modèle sont ceux dont part la chaîne des événements ;",
        "the model files are those that the chain of events begins with;",
    ),
    "checked_chain": (
        "chaque événement suit le précédent sans lacune et son empreinte est recalculée ; la dernière est celle annoncée.",
        "each event follows the one before without a gap and its hash was computed again; the last one is as stated.",
    ),
    "checked_older": (
        "le dossier continue l’ancien fichier : ses {count} événements y sont, inchangés.",
        "the case continues the older bundle: its {count} events are here, unchanged.",
    ),
    "checked_noted": (
        "l’événement {event} porte l’empreinte qui avait été notée.",
        "event {event} has the hash that was noted.",
    ),
    "proof_missing": (
        "Il n’y a pas de {member} : rien ne mène de ce fichier à un point de contrôle. Demandez le fichier avec sa preuve.",
        "There is no {member}: nothing leads from this bundle to a checkpoint. Ask for the bundle with its proof.",
    ),
    "proof_unreadable": ("{member} n’a pas la forme attendue.", "{member} does not have the form it must have."),
    "proof_leads_elsewhere": (
        "L’événement {event} n’est pas dans le point de contrôle {number} : son chemin n’y mène pas.",
        "Event {event} is not in checkpoint {number}: its path does not lead there.",
    ),
    "proof_kept_differs": (
        "Le point de contrôle {number} du fichier n’est pas celui que vous avez gardé : l’historique a été réécrit et signé de nouveau.",
        "Checkpoint {number} of the bundle is not the one that you kept: the history was written anew and signed again.",
    ),
    "proof_to_another": (
        "La preuve mène au point de contrôle {number}, pas au {found} que vous avez gardé : demandez le fichier pour celui-là.",
        "The proof leads to checkpoint {number}, not to {found} that you kept: ask for the bundle up to that one.",
    ),
    "personal_unreadable": (
        "{member}, ligne {line} : elle n’a pas la forme attendue.",
        "{member}, line {line}: it does not have the form it must have.",
    ),
    "personal_of_nothing": (
        "{member}, ligne {line} : aucun événement n’a cette valeur à cet endroit, ou elle est donnée deux fois.",
        "{member}, line {line}: no event has this value in its place, or it is given twice.",
    ),
    "personal_changed": (
        "{member}, ligne {line} : ce n’est pas la valeur personnelle qui a été enregistrée.",
        "{member}, line {line}: this is not the personal value that was recorded.",
    ),
    "checked_personal": (
        "des {sealed} valeurs personnelles, {shown} sont jointes et sont celles qui ont été enregistrées ;",
        "of {sealed} personal values, {shown} stand beside the events and are those that were recorded;",
    ),
    "erased_value": (
        "valeur personnelle effacée le {at}, par {by}, parce que : {because}",
        "personal value erased on {at}, by {by}, because: {because}",
    ),
    "not_provable_erased": (
        "ce qu’étaient les {count} valeurs personnelles effacées ou non jointes : l’empreinte salée n’en dit rien, à personne ;",
        "what the {count} personal values were that are erased or not enclosed: their salted hash tells nobody;",
    ),
    "led_kept": (
        "les événements 1 à {event} sont, inchangés et dans cet ordre, dans le point de contrôle {number} du {at} que vous avez gardé.",
        "events 1 to {event} are, unchanged and in this order, in checkpoint {number} of {at}, which you kept.",
    ),
    "led_signed": (
        "les événements 1 à {event} étaient ainsi quand la clé {key} a signé le point de contrôle {number} du {at}.",
        "events 1 to {event} stood like this when key {key} signed checkpoint {number} of {at}.",
    ),
    "led_only_signed": (
        "que le point de contrôle lui-même n’a pas été refait : donnez celui que vous avez gardé (--checkpoint), et la clé (--key) ;",
        "that the checkpoint itself was not made anew: compare it with the one that you kept (--checkpoint), and the key (--key);",
    ),
    "led_not_after": (
        "les {count} événements qui suivent : qui a tous les droits sur la base peut les avoir changés en refaisant chaque empreinte ;",
        "the {count} events after that: whoever has all rights on the database may have changed them, computing every hash again;",
    ),
    "led_not_the_end": (
        "que rien n’a été coupé à la fin : qu’un événement manque après le dernier ne se voit que dans l’historique complet ;",
        "that nothing was cut off at the end: an event that is missing after the last one shows only in the whole history;",
    ),
    "not_provable": ("Ce qu’un fichier seul ne peut pas prouver :", "What a file alone cannot prove:"),
    "not_provable_remade": (
        "que personne n’a refait tout l’historique, ou coupé sa fin, en recalculant chaque empreinte ;",
        "that nobody made the whole history anew, or cut its end, computing every hash again;",
    ),
    "not_provable_hint": (
        "seule une trace plus ancienne le révèle : un fichier exporté plus tôt (--older) ou une empreinte notée (--head). À noter :",
        "only an older trace shows that: a bundle exported earlier (--older) or a hash that was noted (--head). Worth noting:",
    ),
    "not_provable_true": (
        "que ce qui a été enregistré était vrai, ni que l’horloge du serveur était juste.",
        "that what was recorded was true, or that the server’s clock was right.",
    ),
    "fingerprint": ("Empreinte du fichier (sceau) : {seal}", "Fingerprint of the bundle (seal): {seal}"),
    "history_line": (
        "Historique complet : {events} événements, {chains} chaînes, {checkpoints} points de contrôle",
        "Whole history: {events} events, {chains} chains, {checkpoints} checkpoints",
    ),
    "line_unreadable": (
        "Ligne {line} : elle n’est pas, octet pour octet, celle que Bordereau écrit.",
        "Line {line}: it is not, byte for byte, what Bordereau writes.",
    ),
    "after_the_end": ("Ligne {line} : elle vient après la fin.", "Line {line}: it comes after the end."),
    "end_cut_off": ("Le fichier n’a pas de fin : il a été coupé.", "The file has no end: it was cut off."),
    "end_differs": (
        "La dernière ligne n’annonce pas les {found} événements qui la précèdent.",
        "The last line does not tell of the {found} events before it.",
    ),
    "number_differs": (
        "Événement {event} : le numéro {expected} est attendu – un événement a été retiré, ajouté ou déplacé ici.",
        "Event {event}: number {expected} is expected – an event was removed, added or moved here.",
    ),
    "chain_out_of_order": (
        "Événement {event} ({chain}) : rang {found} au lieu de {expected} – un événement a été retiré, ajouté ou déplacé ici.",
        "Event {event} ({chain}): place {found} instead of {expected} – an event was removed, added or moved here.",
    ),
    "chain_broken": (
        "Événement {event} ({chain}, rang {found}) : son contenu, ou ce qui le précède, a été modifié.",
        "Event {event} ({chain}, place {found}): its content, or what stands before it, was changed.",
    ),
    "checkpoint_out_of_order": (
        "Point de contrôle {number} : il ne suit pas celui qui le précède.",
        "Checkpoint {number}: it does not follow the one before it.",
    ),
    "checkpoint_differs": (
        "Point de contrôle {number} : ses {count} événements ne sont pas ceux qui le précèdent ici.",
        "Checkpoint {number}: its {count} events are not those that stand before it here.",
    ),
    "checkpoint_not_signed": (
        "Point de contrôle {number} : sa signature est fausse.",
        "Checkpoint {number}: its signature is false.",
    ),
    "checkpoint_of_other_key": (
        "Point de contrôle {number} : signé par une autre clé ({key}…) que celle à laquelle vous vous fiez.",
        "Checkpoint {number}: signed by another key ({key}…) than the one that you trust.",
    ),
    "kept_not_genuine": (
        "Le point de contrôle {number} que vous avez gardé n’est pas signé par la clé qu’il nomme, ou pas par celle que vous avez donnée.",
        "The checkpoint {number} that you kept is not signed by the key that it names, or not by the one that you gave.",
    ),
    "kept_differs": (
        "Les {count} premiers événements ne sont plus ceux du point de contrôle {number} du {at} : l’historique a été réécrit.",
        "The first {count} events are no longer those of checkpoint {number} of {at}: the history was written anew.",
    ),
    "kept_longer": (
        "Le point de contrôle {number} couvre {count} événements ; il n’en reste ici que {found} : la fin a été coupée.",
        "Checkpoint {number} covers {count} events; only {found} are here: the end was cut off.",
    ),
    "checked_lines": (
        "chaque événement est, octet pour octet, sous la forme que Bordereau écrit ; aucun numéro ne manque ;",
        "each event is, byte for byte, in the form that Bordereau writes; no number is missing;",
    ),
    "checked_chains": (
        "dans chaque dossier, processus ou registre, chaque événement suit le précédent et son empreinte est recalculée ;",
        "in each case, process or register, each event follows the one before and its hash was computed again;",
    ),
    "checked_checkpoints": (
        "les {checkpoints} points de contrôle du fichier se suivent, sont signés et couvrent exactement les événements qui les précèdent.",
        "the {checkpoints} checkpoints of the file follow each other, are signed, and cover exactly the events before them.",
    ),
    "proven": ("Ce qui est prouvé :", "What is proven:"),
    "proven_until": (
        "les {size} premiers événements sont, inchangés, complets et dans le même ordre, ceux du point de contrôle {number} du {at}.",
        "the first {size} events are, unchanged, complete and in the same order, those of checkpoint {number} of {at}.",
    ),
    "proven_nothing": (
        "rien du passé : aucun point de contrôle gardé ailleurs n’a été donné (--checkpoint). Gardez-en un dès aujourd’hui.",
        "nothing of the past: no checkpoint that was kept elsewhere was given (--checkpoint). Keep one from today on.",
    ),
    "not_proven": ("Ce qui n’est pas prouvé :", "What is not proven:"),
    "not_proven_after": (
        "les {count} événements qui suivent : qui a tous les droits sur la base peut les avoir changés en refaisant chaque empreinte ;",
        "the {count} events after that: whoever has all rights on the database may have changed them, computing every hash again;",
    ),
    "not_proven_before": (
        "qu’un événement n’a pas été changé entre son enregistrement et le premier point de contrôle qui le couvre ;",
        "that an event was not changed between its recording and the first checkpoint that covers it;",
    ),
    "not_proven_key": (
        "que la clé de signature est restée secrète. À comparer avec celle que l’on vous a remise : {key} ;",
        "that the signing key stayed secret. To be compared with the one that you were given: {key};",
    ),
    "option_checkpoint": (
        "un point de contrôle gardé plus tôt (peut être répété)",
        "a checkpoint that was kept earlier (may be repeated)",
    ),
    "option_key": (
        "la clé publique, connue par ailleurs : 64 chiffres hexadécimaux (peut être répété)",
        "the public key, known from elsewhere: 64 hexadecimal digits (may be repeated)",
    ),
    "no_checkpoint": ("{file} n’est pas un point de contrôle.", "{file} is no checkpoint."),
    "not_for_this": (
        "{option} n’est pas pour un fichier de cette sorte.",
        "{option} is not for a file of this kind.",
    ),
    "cannot_open": ("{file} ne peut pas être lu : {reason}", "{file} cannot be read: {reason}"),
    "option_older": ("un fichier du même dossier, exporté plus tôt", "a bundle of the same case, exported earlier"),
    "option_head": ("une empreinte notée plus tôt : NUMÉRO:EMPREINTE", "a hash noted earlier: NUMBER:HASH"),
    "option_lang": ("langue : fr ou en", "language: fr or en"),
    "option_json": ("le résultat en JSON, pour des programmes", "the result as JSON, for programs"),
}
"""Everything said to people: French, English."""

Say = Callable[..., str]
_MOST_SHOWN = 20


def sayer(language: str) -> Say:
    """A function ``(code, **facts) -> sentence`` in ``language`` (``fr``, else English)."""
    index = 0 if language == "fr" else 1

    def say(code: str, **facts: object) -> str:
        return TEXTS[code][index].format(**{key: _printable(value) for key, value in facts.items()})

    return say


def sentence(problem: Problem, say: Say, kind: Kind = CASES) -> str:
    """``problem`` in words."""
    return say(problem.code, member=problem.member, event=problem.event, about=kind.about, **problem.facts)


def report(file: str, verdict: Verdict, say: Say, confirmed: Sequence[Tuple[str, Dict[str, Any]]] = ()) -> List[str]:
    """The lines that a person reads. ``confirmed``: what comparisons have shown besides."""
    case, lines = verdict.case, [say("title", file=file)]
    if case:
        code = "case_line" if verdict.kind is CASES else "process_line"
        line = say(code, subject=case[verdict.kind.subject], count=verdict.events)
        if verdict.first_at is not None:
            line += ", " + say("span", first=verdict.first_at, last=verdict.last_at)
        lines += [line, say("stated")]
        lines += [f"  {key}: {_printable(_plain(value))}" for key, value in sorted(case["stated"].items())]
    lines.append("")
    if verdict.problems:
        lines.append(say("not_whole", count=len(verdict.problems)))
        lines += [f"  - {sentence(each, say, verdict.kind)}" for each in verdict.problems[:_MOST_SHOWN]]
        if len(verdict.problems) > _MOST_SHOWN:
            lines.append("  " + say("and_more", count=len(verdict.problems) - _MOST_SHOWN))
        return lines
    lines += [say("whole"), "", say("checked")]
    checked = [
        "checked_container",
        "checked_members",
        *(["checked_model"] if verdict.kind is CASES else []),
        "checked_chain",
    ]
    lines += [f"  - {say(code, about=verdict.kind.about)}" for code in checked]
    apart = verdict.apart
    if apart.sealed:
        lines += [f"  - {say('checked_personal', sealed=apart.sealed, shown=apart.shown)}"]
    lines += [f"  - {say(code, **facts)}" for code, facts in confirmed]
    if apart.erased:
        lines += ["", say("stated"), *(f"  - {said}" for said in _erased(apart, say))]
    lines += _proven(verdict, verdict.led, say) if verdict.led else ["", say("not_provable")]
    lines += [f"  - {say('not_provable_remade')}"] if verdict.led is None else []
    if apart.sealed > apart.shown:
        lines += [f"  - {say('not_provable_erased', count=apart.sealed - apart.shown)}"]
    lines += [f"    {say('not_provable_hint')}", f"    {case['head']['sequence']}:{case['head']['hash']}"]
    lines += [f"  - {say('not_provable_true')}"]
    lines += ["", say("fingerprint", seal=case["seal"])]
    return lines


def _erased(apart: Apart, say: Say) -> List[str]:
    """What was erased, each act once."""
    said = dict.fromkeys(say("erased_value", **each) for each in apart.erased)
    return [*said][:_MOST_SHOWN]


def _proven(verdict: Verdict, led: Led, say: Say) -> List[str]:
    """What the proof of a bundle shows, and what it does not."""
    lines = ["", say("proven"), f"  - {say('led_kept' if led.is_kept else 'led_signed', **led._asdict())}"]
    lines += ["", say("not_proven")]
    lines += [] if led.is_kept else [f"  - {say('led_only_signed')}"]
    after = verdict.events - led.event
    lines += [f"  - {say('led_not_after', count=after)}"] if after else []
    return [*lines, f"  - {say('not_proven_before')}", f"  - {say('led_not_the_end')}"]


def report_history(file: str, verdict: HistoryVerdict, say: Say) -> List[str]:
    """The same for a whole history."""
    lines = [say("title", file=file)]
    line = say("history_line", events=verdict.events, chains=verdict.chains, checkpoints=verdict.checkpoints)
    if verdict.first_at is not None:
        line += ", " + say("span", first=verdict.first_at, last=verdict.last_at)
    lines += [line, say("stated")]
    lines += [f"  {key}: {_printable(_plain(value))}" for key, value in sorted(verdict.stated.items())]
    lines.append("")
    if verdict.problems:
        lines.append(say("not_whole", count=len(verdict.problems)))
        lines += [f"  - {sentence(each, say)}" for each in verdict.problems[:_MOST_SHOWN]]
        if len(verdict.problems) > _MOST_SHOWN:
            lines.append("  " + say("and_more", count=len(verdict.problems) - _MOST_SHOWN))
        return lines
    lines += [say("whole"), "", say("checked"), f"  - {say('checked_lines')}", f"  - {say('checked_chains')}"]
    lines += [f"  - {say('checked_checkpoints', checkpoints=verdict.checkpoints)}"] if verdict.checkpoints else []
    lines += ["", say("proven")]
    lines += [f"  - {say('proven_until', **each._asdict())}" for each in verdict.proven] or [
        f"  - {say('proven_nothing')}"
    ]
    after = verdict.events - max((each.size for each in verdict.proven), default=0)
    lines += ["", say("not_proven")]
    lines += [f"  - {say('not_proven_after', count=after)}"] if after else []
    lines += [f"  - {say('not_proven_before')}"]
    lines += [f"  - {say('not_proven_key', key=each)}" for each in verdict.trusted or verdict.keys]
    return [*lines, f"  - {say('not_provable_true')}"]


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int)) else canonical(value)


def _printable(value: object) -> str:
    """What may be shown in a terminal: a hostile bundle must not move the cursor over our words."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in str(value))


# -- the command ------------------------------------------------------------------------------------------------------------


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Verify the file that the command line names and say what was found; gives the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    say = sayer(_language(given))
    options = _parser(say).parse_args(given)
    try:
        with Path(options.file).open("rb") as stream:
            begins = stream.read(4)
        act = _main_history if begins[:1] == b"{" or begins[:2] == _GZIP else _main_bundle
        return act(options, say)
    except (OSError, EOFError, zlib.error) as error:
        file, reason = getattr(error, "filename", None) or options.file, getattr(error, "strerror", None) or str(error)
        print(say("cannot_open", file=file, reason=reason), file=sys.stderr)
        return 2


_GZIP = b"\x1f\x8b"


def _main_bundle(options: argparse.Namespace, say: Say) -> int:
    kept = _kept(options.checkpoint, options.key, say)
    if kept is None:
        return 2
    verdict = verify(_read(options.file), kept, options.key)
    older = None if options.older is None else verify(_read(options.older))
    confirmed: List[Tuple[str, Dict[str, Any]]] = []
    if older is not None and verdict.is_readable:
        against = compare(verdict, older)
        verdict.problems.extend(against)
        confirmed += [] if against else [("checked_older", {"count": older.events})]
    if options.head is not None and verdict.is_readable:
        against = compare_head(verdict, *options.head)
        verdict.problems.extend(against)
        confirmed += [] if against else [("checked_noted", {"event": options.head[0]})]
    if options.json:
        print(json.dumps(_as_json(options.file, verdict, say), ensure_ascii=True, indent=2))
    else:
        _print(report(options.file, verdict, say, confirmed))
    if not verdict.is_readable:
        return 2
    return 0 if verdict.is_whole else 1


def _main_history(options: argparse.Namespace, say: Say) -> int:
    if options.older is not None or options.head is not None:
        return _not_for_this("--older" if options.older is not None else "--head", say)
    kept = _kept(options.checkpoint, (), say)
    if kept is None:
        return 2
    with _open(options.file) as stream:
        verdict = verify_history(stream, kept, options.key)
    if options.json:
        print(json.dumps(_history_as_json(options.file, verdict, say), ensure_ascii=True, indent=2))
    else:
        _print(report_history(options.file, verdict, say))
    return 0 if verdict.is_whole else 1


def _kept(files: Sequence[str], keys: Sequence[str], say: Say) -> Optional[List[Mapping[str, Any]]]:
    """The checkpoints in ``files``; None, which is said, when one is none (or, for a bundle, is not signed by a key that counts)."""
    kept: List[Mapping[str, Any]] = []
    for file in files:
        found = read_checkpoint(_read(file))
        if found is None:
            print(say("no_checkpoint", file=file), file=sys.stderr)
            return None
        if keys and found["key"] not in keys:
            print(say("kept_not_genuine", number=found["number"]), file=sys.stderr)
            return None
        kept.append(found)
    return kept


def _not_for_this(option: str, say: Say) -> int:
    print(say("not_for_this", option=option), file=sys.stderr)
    return 2


def _parser(say: Say) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="verifier.py", description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--older", metavar="OLDER.zip", help=say("option_older"))
    parser.add_argument("--head", metavar="N:HASH", type=_noted, help=say("option_head"))
    parser.add_argument(
        "--checkpoint", metavar="CHECKPOINT.json", action="append", default=[], help=say("option_checkpoint")
    )
    parser.add_argument("--key", metavar="HEX", type=_key, action="append", default=[], help=say("option_key"))
    parser.add_argument("--lang", choices=("fr", "en"), help=say("option_lang"))
    parser.add_argument("--json", action="store_true", help=say("option_json"))
    return parser


def _key(text: str) -> str:
    if not is_hash(text):
        raise argparse.ArgumentTypeError("HEX")
    return text


def _noted(text: str) -> Tuple[int, bytes]:
    sequence, _, noted = text.partition(":")
    if not sequence.isdecimal() or int(sequence) < 1 or not is_hash(noted):
        raise argparse.ArgumentTypeError("N:HASH")
    return int(sequence), bytes.fromhex(noted)


def _language(arguments: Sequence[str]) -> str:
    """The language asked for, or the one of this computer; looked for first, so that ``--help`` speaks it too."""
    for position, each in enumerate(arguments):
        if each.startswith("--lang="):
            return each[len("--lang=") :]
        if each == "--lang" and position + 1 < len(arguments):
            return arguments[position + 1]
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "fr" if os.environ[name].lower().startswith("fr") else "en"
    return "en"


def _read(file: str) -> bytes:
    return Path(file).read_bytes()


def _open(file: str) -> IO[bytes]:
    """A history as it stands, or compressed."""
    with Path(file).open("rb") as stream:
        is_compressed = stream.read(2) == _GZIP
    return gzip.open(file, "rb") if is_compressed else Path(file).open("rb")  # type: ignore[return-value]


def _history_as_json(file: str, verdict: HistoryVerdict, say: Say) -> Dict[str, Any]:
    return {
        "file": file,
        "is_whole": verdict.is_whole,
        "events": verdict.events,
        "chains": verdict.chains,
        "checkpoints": verdict.checkpoints,
        "keys": verdict.keys,
        "stated": verdict.stated,
        "proven": [each._asdict() for each in verdict.proven],
        "problems": _problems_as_json(verdict.problems, say, CASES),
    }


def _problems_as_json(problems: Sequence[Problem], say: Say, kind: Kind) -> List[Dict[str, Any]]:
    return [
        {
            "code": each.code,
            "member": each.member,
            "event": each.event,
            "facts": dict(each.facts),
            "text": sentence(each, say, kind),
        }
        for each in problems
    ]


def _as_json(file: str, verdict: Verdict, say: Say) -> Dict[str, Any]:
    case = verdict.case
    return {
        "file": file,
        "is_whole": verdict.is_whole,
        verdict.kind.subject: case.get(verdict.kind.subject),
        "events": verdict.events,
        "head": case.get("head"),
        "seal": case.get("seal"),
        "stated": case.get("stated"),
        "personal": verdict.apart._asdict(),
        "proven": None if verdict.led is None else verdict.led._asdict(),
        "problems": _problems_as_json(verdict.problems, say, verdict.kind),
    }


def _print(lines: Sequence[str]) -> None:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    for line in lines:
        print(line.encode(encoding, "replace").decode(encoding))


if __name__ == "__main__":
    sys.exit(main())
