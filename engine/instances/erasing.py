"""Erasing the personal values that the history keeps apart (``history.personal``): by an administrator, with a reason, as record commands.

A *subject* is what the values were recorded of: ``case/42``, or a record, ``person/zoe``. Erasing takes all its values and their salts
away, those in the row of the case or person itself, and what speaks of people beside the chain (``clearing``); every hash stays, and the
history says who erased when, and why. Of a record that exists, or of somebody whose account is open, only values that were replaced since
are erased: a contact that left, an address of before. Refused: while the case runs, where a record has nothing but what it needs, and as
long as the law has the case kept (``retention_days`` of its process). Where the settings ask for four eyes, one administrator asks and
another one confirms.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.data import data, from_canonical
from engine.definitions import store as definitions
from engine.errors import NotAllowed, NotFound, WrongState
from engine.history.kinds import CASES, RECORDS
from engine.history.personal import commitments
from engine.identity.memberships import ADMINISTRATOR
from engine.instances.clearing import Besides, besides, clear_case, texts_in
from engine.jobs import queue
from engine.mail import erasing as letters
from engine.record import Change, RecordContext, RecordTable, reason_of, record_command

KIND: Final = "erasure"
PERSON: Final = "person"
SETTINGS: Final = "erasing"

_MAY: Final = (ADMINISTRATOR,)
_FOUR_EYES = text("SELECT four_eyes FROM engine.erasing_setting")
_SET = text("""
    INSERT INTO engine.erasing_setting (four_eyes) VALUES (:four_eyes)
    ON CONFLICT (is_only) DO UPDATE SET four_eyes = EXCLUDED.four_eyes
""")
_VALUES = text("""
    SELECT commitment, value FROM engine.personal_value WHERE kind = :kind AND chain = :chain AND value IS NOT NULL
""")
_WAITING = text("""
    SELECT id, because, asked_at, asked_by FROM engine.erasure WHERE kind = :kind AND chain = :chain AND done_at IS NULL FOR UPDATE
""")
_ASK = text("""
    INSERT INTO engine.erasure (kind, chain, because, asked_at, asked_by) VALUES (:kind, :chain, :because, :now, :actor) RETURNING id
""")
_DONE = text("UPDATE engine.erasure SET done_at = :now, done_by = :actor WHERE id = :id")
_DROP = text("DELETE FROM engine.erasure WHERE id = :id")
_ERASE = text("""
    UPDATE engine.personal_value SET value = NULL, salt = NULL, words = NULL, erasure_id = :erasure
    WHERE kind = :kind AND chain = :chain AND value IS NOT NULL AND commitment <> ALL(CAST(:kept AS bytea[]))
""")
_CASE = text("SELECT id, ended_at, version_id FROM engine.instance WHERE id = :instance FOR UPDATE")
_RECORDS = text("SELECT record FROM engine.record_event WHERE kind = :kind AND key = :key ORDER BY sequence")
_PERSON = text("SELECT is_active FROM engine.person WHERE login = :login FOR UPDATE")
_CLEAR_PERSON = text("UPDATE engine.person SET name = login, email = '' WHERE login = :login")
_TOMBSTONE = text("SELECT is_deleted FROM engine.record_chain WHERE kind || '/' || key = :chain")


@data
class ErasePersonal:
    """Erase all personal values of a subject; where four eyes are asked for, ask for it."""

    subject: str
    because: str


@data
class ConfirmErasure:
    """Do what another administrator asked for."""

    subject: str


@data
class WithdrawErasure:
    """Do not erase what somebody asked to be erased."""

    subject: str


@data
class RepeatErasure:
    """Erase again what was erased after the backup was made that was brought back: it had its reason, and its four eyes, then."""

    subject: str
    because: str


@data
class SetErasing:
    """Whether a second administrator confirms each erasure. ``key`` is always ``SETTINGS``."""

    four_eyes: bool
    key: str = SETTINGS


@record_command(
    "personal.erase",
    event="personal:erased",
    kind=KIND,
    key="subject",
    may=_MAY,
    fr="Effacer des données personnelles",
    en="Erase personal data",
)
def erase_personal(given: ErasePersonal, context: RecordContext) -> Change:
    """Raises InvalidInput (``because``), NotFound (``erasure_nothing_held``), WrongState (``erasure_…``)."""
    because = reason_of(given.because)
    session, about = context.session, _subject(given.subject)
    if session.execute(_WAITING, about).first() is not None:
        raise WrongState("erasure_asked_already")
    if not four_eyes(session):
        return _erase(about, because, context)
    _held(session, about)
    _require_erasable(session, about, context.now)
    session.execute(_ASK, {**about, "because": because, "now": context.now, "actor": context.actor.login})
    return Change(before={"erasure": None}, after={"erasure": "asked"}, facts={"because": because})


@record_command(
    "personal.confirm_erasure",
    event="personal:erasure_confirmed",
    kind=KIND,
    key="subject",
    may=_MAY,
    fr="Confirmer un effacement",
    en="Confirm an erasure",
)
def confirm_erasure(given: ConfirmErasure, context: RecordContext) -> Change:
    """Raises NotFound (``erasure_not_asked``), NotAllowed (``erasure_four_eyes``), WrongState (``erasure_…``)."""
    session, about = context.session, _subject(given.subject)
    row = _waiting(session, about)
    if row.asked_by == context.actor.login:
        raise NotAllowed("erasure_four_eyes")
    _require_erasable(session, about, context.now)
    facts = {"because": row.because, "asked_by": row.asked_by}
    facts |= _perform(session, row.id, about, _held(session, about), context)
    return Change(before={"erasure": "asked"}, after={"erasure": "erased"}, facts=facts)


@record_command(
    "personal.withdraw_erasure",
    event="personal:erasure_withdrawn",
    kind=KIND,
    key="subject",
    may=_MAY,
    fr="Retirer une demande d’effacement",
    en="Withdraw a request to erase",
)
def withdraw_erasure(given: WithdrawErasure, context: RecordContext) -> Change:
    """Raises NotFound (``erasure_not_asked``)."""
    row = _waiting(context.session, _subject(given.subject))
    context.session.execute(_DROP, {"id": row.id})
    return Change(before={"erasure": "asked"}, after={"erasure": None}, facts={"asked_by": row.asked_by})


@record_command(
    "personal.repeat_erasure",
    event="personal:erasure_repeated",
    kind=KIND,
    key="subject",
    may=_MAY,
    fr="Effacer de nouveau, après une restauration",
    en="Erase again, after a restore",
)
def repeat_erasure(given: RepeatErasure, context: RecordContext) -> Change:
    """Raises as ``erase_personal``. Who asked for it in the backup has it by this."""
    session, about = context.session, _subject(given.subject)
    waiting = session.execute(_WAITING, about).one_or_none()
    if waiting is not None:
        session.execute(_DROP, {"id": waiting.id})
    return _erase(about, reason_of(given.because), context)


@record_command(
    "personal.set_erasing",
    event="personal:erasing_set",
    kind=SETTINGS,
    key="key",
    may=_MAY,
    fr="Régler les effacements",
    en="Set how personal data is erased",
)
def set_erasing(given: SetErasing, context: RecordContext) -> Change:
    """Whether four eyes are asked for from now on."""
    before = four_eyes(context.session)
    context.session.execute(_SET, {"four_eyes": given.four_eyes})
    return Change(before={"four_eyes": before}, after={"four_eyes": given.four_eyes})


COMMANDS = RecordTable.of(erase_personal, confirm_erasure, withdraw_erasure, repeat_erasure, set_erasing)


def four_eyes(session: Session) -> bool:
    """Whether a second administrator confirms each erasure."""
    return bool(session.execute(_FOUR_EYES).scalar())


def subject_of(kind: str, chain: str) -> str:
    """What a chain's values are called as a subject."""
    return f"case/{chain}" if kind == CASES.word else chain


def _subject(subject: str) -> dict[str, str]:
    """The chain of a subject. Raises NotFound."""
    what, _, key = subject.partition("/")
    if what == CASES.word:
        if not (key.isascii() and key.isdecimal() and len(key) < 19):
            raise NotFound("erasure_nothing_held")
        return {"kind": CASES.word, "chain": key}
    return {"kind": RECORDS.word, "chain": subject}


def _erase(about: dict[str, str], because: str, context: RecordContext) -> Change:
    """Erase at once. Raises NotFound (``erasure_nothing_held``), WrongState (``erasure_…``)."""
    session = context.session
    held = _held(session, about)
    _require_erasable(session, about, context.now)
    asked = {**about, "because": because, "now": context.now, "actor": context.actor.login}
    erasure = session.execute(_ASK, asked).scalar_one()
    facts: dict[str, Any] = {"because": because}
    facts |= _perform(session, erasure, about, held, context)
    return Change(before={"erasure": None}, after={"erasure": "erased"}, facts=facts)


def _waiting(session: Session, about: dict[str, str]) -> Row[Any]:
    row = session.execute(_WAITING, about).one_or_none()
    if row is None:
        raise NotFound("erasure_not_asked")
    return row


def _require_erasable(session: Session, about: dict[str, str], now: datetime) -> None:
    """Raises WrongState: it is needed still, or the law has it kept."""
    what, _, key = about["chain"].partition("/")
    if about["kind"] == CASES.word:
        row = session.execute(_CASE, {"instance": int(about["chain"])}).one_or_none()
        if row is None:
            return
        if row.ended_at is None:
            raise WrongState("erasure_case_running", case=row.id)
        days = definitions.load(session, row.version_id).bundle.retention_days or 0
        if row.ended_at + timedelta(days=days) > now:
            until = (row.ended_at + timedelta(days=days)).date().isoformat()
            raise WrongState("erasure_kept_by_law", case=row.id, until=until)
    elif _exists(session, about) and not _replaced(session, about):
        if what == PERSON:
            raise WrongState("erasure_person_active", login=key)
        raise WrongState("erasure_record_exists", record=about["chain"])


def _exists(session: Session, about: dict[str, str]) -> bool:
    """Whether the account of a person is open, or a record is more than its tombstone."""
    what, _, key = about["chain"].partition("/")
    if what == PERSON:
        return bool(session.execute(_PERSON, {"login": key}).scalar())
    return session.execute(_TOMBSTONE, about).scalar() is False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What a subject has: values by commitment (canonical text), and beside its chain."""

    values: Mapping[bytes, str]
    besides: Besides | None


def _held(session: Session, about: dict[str, str]) -> _Held:
    """What there is to be erased. Raises NotFound (``erasure_nothing_held``)."""
    values = {bytes(row.commitment): row.value for row in session.execute(_VALUES, about)}
    beside = besides(session, int(about["chain"])) if about["kind"] == CASES.word else None
    if not values and not beside:
        raise NotFound("erasure_nothing_held")
    return _Held(values=values, besides=beside)


def _in_force(session: Session, about: dict[str, str]) -> frozenset[bytes]:
    """Of a record that exists: the commitments of the values that its fields have now; empty for one that is gone, or a case."""
    if about["kind"] == CASES.word or not _exists(session, about):
        return frozenset()
    what, _, key = about["chain"].partition("/")
    fields: dict[str, Any] = {}
    for record in session.scalars(_RECORDS, {"kind": what, "key": key}):
        fields |= {name: each.get("new") for name, each in json.loads(record).get("fields", {}).items()}
    return frozenset(bytes.fromhex(each) for value in fields.values() for each in commitments(value))


def _replaced(session: Session, about: dict[str, str]) -> bool:
    """Whether values are held of a record that it has not any more."""
    held = {bytes(row.commitment) for row in session.execute(_VALUES, about)}
    return not held <= _in_force(session, about)


def _perform(
    session: Session, erasure: int, about: dict[str, str], held: _Held, context: RecordContext
) -> dict[str, int]:
    """Erase; how much of what there was. Of a record that exists, what it has now stays."""
    actor, now = context.actor.login, context.now
    session.execute(_DONE, {"id": erasure, "now": now, "actor": actor})
    kept = _in_force(session, about)
    session.execute(_ERASE, {**about, "erasure": erasure, "kept": list(kept)})
    counted = {"values": len(held.values.keys() - kept)}
    what, _, key = about["chain"].partition("/")
    if about["kind"] == CASES.word:
        spoken = {each for value in held.values.values() for each in texts_in(from_canonical(value))}
        clear_case(session, int(about["chain"]), spoken, actor, now)
        counted |= {} if held.besides is None else asdict(held.besides)
    elif what == PERSON and not kept:
        session.execute(_CLEAR_PERSON, {"login": key})
        letters.erase_to_person(session, key)
    queue.defer(session, queue.LIST_ERASURES, {})
    return {name: count for name, count in counted.items() if count or name == "values"}
