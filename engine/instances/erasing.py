"""Erasing the personal values that the history keeps apart (``history.personal``): by an administrator, with a reason, as record commands.

A *subject* is what the values were recorded of: ``case/42``, or a record, ``person/zoe``. Erasing takes all its values and their salts
away, and those in the row of the case or person itself; every hash stays, and the history says who erased when, and why. Refused: while
the case runs, the account is open or the record exists, and as long as the law has the case kept (``retention_days`` of its process).
Where the settings ask for four eyes, one administrator asks and another one confirms.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.data import data
from engine.definitions import store as definitions
from engine.errors import FieldProblem, InvalidInput, NotAllowed, NotFound, WrongState
from engine.feel import Value
from engine.history.kinds import CASES, RECORDS
from engine.identity.memberships import ADMINISTRATOR
from engine.instances import archive
from engine.kernel import State
from engine.model.personal import personal_names
from engine.record import Change, RecordContext, RecordTable, record_command

KIND: Final = "erasure"
PERSON: Final = "person"
LONGEST_REASON: Final = 500
SETTINGS: Final = "erasing"

_MAY: Final = (ADMINISTRATOR,)
_FOUR_EYES = text("SELECT four_eyes FROM engine.erasing_setting")
_SET = text("""
    INSERT INTO engine.erasing_setting (four_eyes) VALUES (:four_eyes)
    ON CONFLICT (is_only) DO UPDATE SET four_eyes = EXCLUDED.four_eyes
""")
_HELD = text("SELECT count(*) FROM engine.personal_value WHERE kind = :kind AND chain = :chain AND value IS NOT NULL")
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
    WHERE kind = :kind AND chain = :chain AND value IS NOT NULL
""")
_CASE = text("""
    SELECT id, status, ended_at, archived_at, removed_at, snapshot, version_id, business_key
    FROM engine.instance WHERE id = :instance FOR UPDATE
""")
_CLEAR_CASE = text("""
    WITH words AS (DELETE FROM engine.case_words WHERE instance_id = :instance),
         fields AS (DELETE FROM engine.case_field WHERE instance_id = :instance),
         former AS (UPDATE engine.migration_item SET former = NULL WHERE instance_id = :instance AND former IS NOT NULL)
    UPDATE engine.instance SET summary = '[]', business_key = :business_key, snapshot = :snapshot WHERE id = :instance
""")
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
    because = given.because.strip()
    if not because:
        raise InvalidInput((FieldProblem(field="because", code="reason_missing"),))
    if len(because) > LONGEST_REASON:
        raise InvalidInput((FieldProblem(field="because", code="reason_too_long", facts={"limit": LONGEST_REASON}),))
    session, about = context.session, _subject(given.subject)
    if session.execute(_WAITING, about).first() is not None:
        raise WrongState("erasure_asked_already")
    if not session.execute(_HELD, about).scalar_one():
        raise NotFound("erasure_nothing_held")
    _require_erasable(session, about, context.now)
    asked = {**about, "because": because, "now": context.now, "actor": context.actor.login}
    erasure = session.execute(_ASK, asked).scalar_one()
    facts: dict[str, Any] = {"because": because}
    if four_eyes(session):
        return Change(before={"erasure": None}, after={"erasure": "asked"}, facts=facts)
    facts["values"] = _perform(session, erasure, about, context)
    return Change(before={"erasure": None}, after={"erasure": "erased"}, facts=facts)


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
    values = _perform(session, row.id, about, context)
    facts = {"because": row.because, "asked_by": row.asked_by, "values": values}
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


COMMANDS = RecordTable.of(erase_personal, confirm_erasure, withdraw_erasure, set_erasing)


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
    elif what == PERSON:
        if session.execute(_PERSON, {"login": key}).scalar():
            raise WrongState("erasure_person_active", login=key)
    elif session.execute(_TOMBSTONE, about).scalar() is False:
        raise WrongState("erasure_record_exists", record=about["chain"])


def _perform(session: Session, erasure: int, about: dict[str, str], context: RecordContext) -> int:
    """Erase; how many values there were."""
    session.execute(_DONE, {"id": erasure, "now": context.now, "actor": context.actor.login})
    erased = session.execute(_ERASE, {**about, "erasure": erasure})
    what, _, key = about["chain"].partition("/")
    if about["kind"] == CASES.word:
        clear_case(session, int(about["chain"]))
    elif what == PERSON:
        session.execute(_CLEAR_PERSON, {"login": key})
    return int(erased.rowcount)  # type: ignore[attr-defined]


def clear_case(session: Session, instance_id: int) -> None:
    """Take personal values out of the row of an ended case: its variables, its summary, what it is found by."""
    row = session.execute(_CASE, {"instance": instance_id}).one_or_none()
    if row is None or row.removed_at is not None:
        return
    names = personal_names(definitions.load(session, row.version_id).bundle)
    kept = archive.read(session, instance_id) if row.archived_at is not None else None
    state = State.from_text(bytes(row.snapshot) if kept is None else kept.snapshot)
    gone: set[str] = set()
    for scope in state.scopes.values():
        for name in names & scope.variables.keys():
            gone.update(_texts(scope.variables[name]))
            scope.variables[name] = None
    for scope in state.scopes.values():
        for name, value in scope.variables.items():
            scope.variables[name] = _without(value, gone)
    snapshot = state.to_text()
    if kept is not None:
        archive.replace_snapshot(session, instance_id, snapshot)
        snapshot = bytes(row.snapshot)
    business_key = None if row.business_key in gone else row.business_key
    session.execute(_CLEAR_CASE, {"instance": instance_id, "snapshot": snapshot, "business_key": business_key})


def _texts(value: Value) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [each for inner in value.values() for each in _texts(inner)]
    return [each for inner in value for each in _texts(inner)] if isinstance(value, list | tuple) else []


def _without(value: Value, gone: set[str]) -> Value:
    """``value`` with nothing where a text that is gone stood."""
    if isinstance(value, str):
        return None if value in gone else value
    if isinstance(value, dict):
        return {name: _without(each, gone) for name, each in value.items()}
    return [_without(each, gone) for each in value] if isinstance(value, list | tuple) else value
