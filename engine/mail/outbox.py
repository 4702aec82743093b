"""The rows of ``engine.letter``: how a letter goes from *waiting* to what became of it. ``sending`` decides, this writes it down.

A letter that is *begun* may have left the house; whoever finds it begun and finds nobody at it any more knows that nobody knows. Its
``round`` goes up whenever a person wants it sent again: a job of an earlier round, however late it comes, finds nothing to do.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.jobs import queue
from engine.mail.message import Ready

BATCH: Final = 200
TEXTS_KEPT: Final = timedelta(days=30)
"""How long the texts of a letter are kept after it ended: they say of people what the rest does not."""

_PROMOTE = text("""
    WITH due AS (
        SELECT id FROM engine.letter WHERE state = 'waiting' AND queued_at IS NULL AND due_at <= :now
          AND (kind = 'test' OR NOT EXISTS (SELECT FROM engine.restoration WHERE released_at IS NULL))
        ORDER BY due_at LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    UPDATE engine.letter SET queued_at = :now FROM due WHERE letter.id = due.id RETURNING letter.id, letter.round
""")

_READY = """
    id, kind, to_address, to_name, locale, subject, body, html, attachment_name, attachment, made_at, round
"""
# a round that an operator asked for by trying an incident again finds the letter where the incident left it
_BEGIN = text("""
    UPDATE engine.letter SET begun_at = :now, state = 'waiting', ended_at = NULL
    WHERE id = :letter AND round = :round AND begun_at IS NULL AND state IN ('waiting', 'uncertain', 'refused') AND body IS NOT NULL
      AND (kind = 'test' OR NOT EXISTS (SELECT FROM engine.restoration WHERE released_at IS NULL))
    RETURNING id
""")
_BEGUN = text("""
    SELECT id, kind FROM engine.letter
    WHERE id = :letter AND round = :round AND begun_at IS NOT NULL AND state = 'waiting' FOR UPDATE
""")
_TAKE = text(f"""
    SELECT {_READY}, attempts FROM engine.letter
    WHERE id = :letter AND round = :round AND begun_at = :begun AND state = 'waiting' FOR UPDATE
""")  # noqa: S608 - composed of constants
_SENT = text("""
    UPDATE engine.letter SET state = 'sent', way = :way, begun_at = NULL, ended_at = :now, code = NULL, said = :said WHERE id = :letter
""")
_LATER = text("""
    UPDATE engine.letter
    SET begun_at = NULL, queued_at = NULL, attempts = attempts + 1, due_at = :due, code = :code, said = :said
    WHERE id = :letter
""")
_REFUSED = text("""
    UPDATE engine.letter
    SET state = 'refused', begun_at = NULL, ended_at = :now, attempts = attempts + 1, code = :code, said = :said, round = round + 1
    WHERE id = :letter RETURNING round
""")
_UNCERTAIN = text("""
    UPDATE engine.letter SET state = 'uncertain', begun_at = NULL, code = 'letter_uncertain', said = NULL, round = round + 1
    WHERE id = :letter RETURNING round
""")
_FORGET = text("""
    UPDATE engine.letter SET body = NULL, html = NULL, attachment = NULL,
        subject = CASE WHEN kind = 'notice' THEN '' ELSE subject END  -- a notice names the task, and with it what it is about
    WHERE body IS NOT NULL AND ended_at < :before
""")

Way = Literal["smtp", "demonstration"]


def promote(session: Session, now: datetime, *, batch: int = BATCH) -> int:
    """Queue the job of each letter whose time has come, ``batch`` at most; gives how many. As ``timers.promoter``."""
    due = session.execute(_PROMOTE, {"now": now, "batch": batch}).all()
    queue.defer(session, queue.SEND_LETTER, *({"letter_id": row.id, "round": row.round} for row in due))
    return len(due)


def begin(session: Session, letter: int, round_: int, now: datetime) -> bool:
    """Write down that somebody begins to send it; False when somebody has before, or nobody wants it any more.

    Waits for whoever is at it, and then knows how that ended.
    """
    return session.execute(_BEGIN, {"letter": letter, "round": round_, "now": now}).first() is not None


def is_left(session: Session, letter: int, round_: int) -> Row[Any] | None:
    """The letter (``id``, ``kind``), locked, when somebody began to send it and is not at it any more."""
    return session.execute(_BEGUN, {"letter": letter, "round": round_}).one_or_none()


def take(session: Session, letter: int, round_: int, begun: datetime) -> tuple[Ready, int] | None:
    """The letter, locked until the transaction ends, and how often it was tried; None when somebody thought that we had died."""
    row = session.execute(_TAKE, {"letter": letter, "round": round_, "begun": begun}).mappings().one_or_none()
    if row is None:
        return None
    values = dict(row)
    attempts = int(values.pop("attempts"))
    attachment = values.pop("attachment")
    return Ready(**values, attachment=None if attachment is None else bytes(attachment)), attempts


def sent(session: Session, letter: int, way: Way, said: str, now: datetime) -> None:
    """It went out."""
    session.execute(_SENT, {"letter": letter, "way": way, "said": said, "now": now})


def later(session: Session, letter: int, *, due: datetime, code: str, said: str) -> None:
    """Nothing went out; it is tried again at ``due``."""
    session.execute(_LATER, {"letter": letter, "due": due, "code": code, "said": said})


def refused(session: Session, letter: int, *, code: str, said: str, now: datetime) -> int:
    """Nothing went out, and nothing will by itself; gives the round in which somebody may try again."""
    return int(session.execute(_REFUSED, {"letter": letter, "code": code, "said": said, "now": now}).scalar_one())


def uncertain(session: Session, letter: int) -> int:
    """Nobody knows whether it went out; gives the round in which somebody may send it again."""
    return int(session.execute(_UNCERTAIN, {"letter": letter}).scalar_one())


def forget_texts(session: Session, now: datetime) -> None:
    """Drop the texts of letters that ended long ago."""
    session.execute(_FORGET, {"before": now - TEXTS_KEPT})
