"""After a backup was brought back: nothing leaves the house until an administrator has looked at what waits.

What waited when the backup was made may have gone since, and what a case did since it will do again: the database cannot know. So no letter
goes (test mails do), and no effect that can be taken back or must not be repeated (``engine.jobs.outbox``), until somebody lets them go.
Until then letters can be dropped, one by one or all that waited in the backup.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import records
from engine.data import data
from engine.errors import NotFound
from engine.handler import SYSTEM
from engine.identity.memberships import ADMINISTRATOR
from engine.record import Change, RecordContext, RecordTable, record_command

KIND: Final = "restoration"
DROPPED: Final = "letter_dropped_after_restore"
"""Why a letter was taken back that waited in a backup."""
MOST_EFFECTS: Final = 50

# a backup of a moment when an older one was still undecided: what may have gone reaches back to that one
_ENTER = text("""
    INSERT INTO engine.restoration (made_at, restored_at) VALUES (:made_at, :now)
    ON CONFLICT ((true)) WHERE released_at IS NULL
    DO UPDATE SET made_at = least(restoration.made_at, EXCLUDED.made_at), restored_at = EXCLUDED.restored_at
    RETURNING id
""")
# out of the queue, so that they can be taken back; a job that is there finds nothing to do. What somebody had begun stays so: an incident.
_LETTERS_WAIT = text("""
    UPDATE engine.letter SET queued_at = NULL, round = round + 1 WHERE state = 'waiting' AND begun_at IS NULL
""")
_EFFECTS_WAIT = text("""
    UPDATE engine.effect SET queued_at = NULL WHERE held_until IS NOT NULL AND begun_at IS NULL AND outcome IS NULL
""")
_OPEN = text("""
    SELECT id, made_at, restored_at,
        (SELECT count(*) FROM engine.letter WHERE state = 'waiting' AND made_at <= restored_at) AS before,
        (SELECT count(*) FROM engine.letter WHERE state = 'waiting' AND made_at > restored_at) AS since
    FROM engine.restoration WHERE released_at IS NULL
""")
_LOCK = text("SELECT restored_at FROM engine.restoration WHERE id = :id AND released_at IS NULL FOR UPDATE")
_RELEASE = text("UPDATE engine.restoration SET released_at = :now, released_by = :by WHERE id = :id")
_DROP = text("""
    UPDATE engine.letter SET state = 'taken_back', ended_at = :now, code = :code
    WHERE state = 'waiting' AND queued_at IS NULL AND made_at <= :before AND kind <> 'test' RETURNING id
""")
_EFFECTS = text("""
    SELECT effect.instance_id, instance.business_key, version.title_fr, version.title_en, count(*) AS effects
    FROM engine.effect JOIN engine.instance ON instance.id = effect.instance_id
    JOIN engine.definition_version version ON version.id = instance.version_id
    WHERE effect.held_until IS NOT NULL AND effect.queued_at IS NULL
    GROUP BY effect.instance_id, instance.business_key, version.title_fr, version.title_en ORDER BY effect.instance_id LIMIT :most
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """A backup of ``made_at``, brought back at ``restored_at``, about which nobody has decided yet. ``before``: letters that wait and
    waited in the backup, perhaps gone since; ``since``: letters written afterwards, which wait too.
    """

    id: int
    made_at: datetime
    restored_at: datetime
    before: int
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingCase:
    """A case with effects that wait. ``title``: of its process, by locale."""

    case: int
    business_key: str | None
    title: Mapping[str, str]
    effects: int


@data
class NoteRestored:
    """A backup of ``made_at`` by release ``release`` was brought back."""

    made_at: datetime
    release: str


@data
class DropLetters:
    """Do not send what waited in the backup."""

    restoration: int


@data
class LetGo:
    """What waits may go again."""

    restoration: int


@record_command(
    "backup.note_restored", event="backup:restored", kind=KIND, key=None, may=(ADMINISTRATOR,),
    fr="Reprendre une sauvegarde", en="Bring a backup back",
)  # fmt: skip
def note_restored(given: NoteRestored, context: RecordContext) -> Change:
    """Stop all that leaves the house; the answer is the number of letters that waited in the backup."""
    session = context.session
    restoration = session.execute(_ENTER, {"made_at": given.made_at, "now": context.now}).scalar_one()
    session.execute(_LETTERS_WAIT)
    session.execute(_EFFECTS_WAIT)
    found = find_open(session)
    waiting = 0 if found is None else found.before
    facts = {"made_at": given.made_at, "release": given.release, "letters": waiting}
    return Change(before={"is_open": False}, after={"is_open": True}, facts=facts, key=str(restoration), answer=waiting)


@record_command(
    "backup.drop_letters", event="backup:letters_dropped", kind=KIND, key="restoration", may=(ADMINISTRATOR,),
    fr="Retirer les courriels qui attendaient dans la sauvegarde", en="Drop the e-mails that waited in the backup",
)  # fmt: skip
def drop_letters(given: DropLetters, context: RecordContext) -> Change:
    """The answer is how many. One statement. Raises NotFound (``restoration_over``)."""
    restored_at = _locked(context.session, given.restoration)
    dropped = {"now": context.now, "before": restored_at, "code": DROPPED}
    letters = len(context.session.execute(_DROP, dropped).all())
    return Change(before={}, after={}, facts={"letters": letters} if letters else {}, answer=letters)


@record_command(
    "backup.let_go", event="backup:released", kind=KIND, key="restoration", may=(ADMINISTRATOR,),
    fr="Laisser repartir les courriels", en="Let e-mails go again",
)  # fmt: skip
def let_go(given: LetGo, context: RecordContext) -> Change:
    """Raises NotFound (``restoration_over``)."""
    _locked(context.session, given.restoration)
    context.session.execute(_RELEASE, {"id": given.restoration, "now": context.now, "by": context.actor.login})
    return Change(before={"is_open": True}, after={"is_open": False})


COMMANDS = RecordTable.of(note_restored, drop_letters, let_go)


def enter(session: Session, made_at: datetime, release: str, now: datetime) -> int:
    """Note in the open transaction that a backup was brought back, and let nothing go; gives how many letters waited in it."""
    return int(
        records.apply(session, note_restored, NoteRestored(made_at=made_at, release=release), SYSTEM, now=now).answer
    )


def find_open(session: Session) -> Restoration | None:
    """The restoration about which nobody has decided yet."""
    row = session.execute(_OPEN).mappings().one_or_none()
    return None if row is None else Restoration(**row)


def holding_cases(session: Session) -> tuple[HoldingCase, ...]:
    """Cases whose effects wait, by number; at most ``MOST_EFFECTS``."""
    return tuple(
        HoldingCase(
            case=row.instance_id,
            business_key=row.business_key,
            title={"fr": row.title_fr, "en": row.title_en},
            effects=row.effects,
        )
        for row in session.execute(_EFFECTS, {"most": MOST_EFFECTS})
    )


def _locked(session: Session, restoration: int) -> datetime:
    found: datetime | None = session.scalar(_LOCK, {"id": min(restoration, 2**62)})
    if found is None:
        raise NotFound("restoration_over")
    return found
