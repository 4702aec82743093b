#!/usr/bin/env python3
"""Verify a bundle of Bordereau, of a case or of the publications of a process: ``python3 verifier.py case-42.zip``.

One file, nothing but Python 3.9 or newer, no network, no database: whoever receives a bundle can check it with a copy of this file from a
source they trust. (The bundle carries a copy for convenience; a forger could change that one.) The format is described in
``docs/history-format.md``; Bordereau itself writes bundles and chains with the functions of this file, so that there is one definition.

Exit code 0: everything agrees. 1: something was changed, and it is named. 2: the file could not be read.
"""

from __future__ import annotations

import argparse
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
from pathlib import Path
from types import MappingProxyType
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

FORMAT = "bordereau-case/1"
CASE = "case.json"
PROCESS_FORMAT = "bordereau-process/1"
PROCESS = "process.json"
EVENTS = "events.jsonl"
MODEL = "model/"


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
_BEGIN_PROCESS = b"bordereau/history/1/process\n"
_EVENT = b"bordereau/history/1/event\n"

Members = List[Tuple[str, bytes]]


# -- the format: hashes -----------------------------------------------------------------------------------------------------


def canonical(value: object) -> str:
    """The one JSON text of ``value``: keys sorted, no blanks, no escapes that are not needed, no floats."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


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


def process_begin(process: str) -> bytes:
    """What the first publication of a process is chained to: its key."""
    return hashlib.sha256(_BEGIN_PROCESS + process.encode()).digest()


def event_content(instance: int, sequence: int, at: str, actor: str, record: str) -> bytes:
    """What an event's hash covers; ``record`` is canonical JSON already, and so is the result."""
    return (
        f'{{"actor":{canonical(actor)},"at":{canonical(at)},"instance":{instance},"record":{record},"sequence":{sequence}}}'
    ).encode()


def process_event_content(process: str, sequence: int, at: str, actor: str, record: str) -> bytes:
    """The same for the history of a process: it is named where the case stands."""
    return (
        f'{{"actor":{canonical(actor)},"at":{canonical(at)},"process":{canonical(process)},"record":{record},"sequence":{sequence}}}'
    ).encode()


def chain_link(previous: bytes, content: bytes) -> bytes:
    """The hash of an event after the one whose hash is ``previous`` (always 32 bytes, so that nothing can slide between the two)."""
    return hashlib.sha256(_EVENT + previous + content).digest()


def seal(case: Mapping[str, Any]) -> str:
    """The bundle's fingerprint: SHA-256 of its description without its seal. It names the hash of every other member."""
    return hashlib.sha256(canonical({key: value for key, value in case.items() if key != "seal"}).encode()).hexdigest()


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


class Verdict(NamedTuple):
    """What was found. ``case`` is what its description says, as far as it can be read; ``hashes`` the stated chain."""

    problems: List[Problem]
    case: Dict[str, Any]
    events: int
    hashes: List[bytes]
    first_at: Optional[str]
    last_at: Optional[str]
    is_readable: bool = True
    kind: Kind = CASES

    @property
    def is_whole(self) -> bool:
        """Whether everything agrees."""
        return not self.problems


def verify(data: bytes) -> Verdict:
    """Check a bundle by itself: container, members, model, chain and head."""
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
    begin = _check_model(files, case, problems) if kind is CASES else process_begin(case["process"]) if case else None
    events = _check_events(files.get(EVENTS, b""), case, kind, begin, problems)
    hashes = [each.hash for each in events]
    first, last = (events[0].at, events[-1].at) if events else (None, None)
    return Verdict(problems, case, len(events), hashes, first, last, kind=kind)


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
    begins = _is_hash(found["version_hash"]) if kind is CASES else _encoded(found["process"]) != b"?"
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
        may_be = path in fixed or (kind is CASES and path.startswith(MODEL))
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
    content = event_content if kind is CASES else process_event_content
    return chain_link(previous, content(event.subject, event.sequence, event.at, event.actor, canonical(event.record)))


_EVENT_TYPES: Dict[str, Any] = {"actor": str, "at": str, "hash": str, "record": dict, "sequence": int}


def _read_event(line: bytes, kind: Kind) -> Optional[Event]:
    """The event of a line; None unless it is, byte for byte, what Bordereau writes."""
    found = _parse(line)
    wanted = {**_EVENT_TYPES, kind.subject: kind.subject_type}
    if not isinstance(found, dict) or not _has_form(found, wanted) or _encoded(found) != line:
        return None
    if not _is_hash(found["hash"]) or not _is_moment(found["at"]) or not isinstance(found["record"].get("type"), str):
        return None
    return Event(
        subject=found[kind.subject],
        sequence=found["sequence"],
        at=found["at"],
        actor=found["actor"],
        record=found["record"],
        hash=bytes.fromhex(found["hash"]),
    )


def _has_form(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return set(found) == set(wanted) and all(type(found[key]) is kind for key, kind in wanted.items())


def _is_hash(text: str) -> bool:
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
    lines += [f"  - {say(code, **facts)}" for code, facts in confirmed]
    lines += ["", say("not_provable")]
    lines += [f"  - {say('not_provable_remade')}", f"    {say('not_provable_hint')}"]
    lines += [f"    {case['head']['sequence']}:{case['head']['hash']}"]
    lines += [f"  - {say('not_provable_true')}"]
    lines += ["", say("fingerprint", seal=case["seal"])]
    return lines


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
        verdict = verify(_read(options.file))
        older = None if options.older is None else verify(_read(options.older))
    except OSError as error:
        print(say("cannot_open", file=error.filename, reason=error.strerror), file=sys.stderr)
        return 2
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


def _parser(say: Say) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="verifier.py", description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("file", metavar="CASE.zip")
    parser.add_argument("--older", metavar="OLDER.zip", help=say("option_older"))
    parser.add_argument("--head", metavar="N:HASH", type=_noted, help=say("option_head"))
    parser.add_argument("--lang", choices=("fr", "en"), help=say("option_lang"))
    parser.add_argument("--json", action="store_true", help=say("option_json"))
    return parser


def _noted(text: str) -> Tuple[int, bytes]:
    sequence, _, noted = text.partition(":")
    if not sequence.isdecimal() or int(sequence) < 1 or not _is_hash(noted):
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
        "problems": [
            {
                "code": each.code,
                "member": each.member,
                "event": each.event,
                "facts": dict(each.facts),
                "text": sentence(each, say, verdict.kind),
            }
            for each in verdict.problems
        ],
    }


def _print(lines: Sequence[str]) -> None:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    for line in lines:
        print(line.encode(encoding, "replace").decode(encoding))


if __name__ == "__main__":
    sys.exit(main())
