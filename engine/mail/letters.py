"""Letters as people see them: the list, one of them, those that were written to somebody."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.errors import NotFound

LetterState = Literal["waiting", "sent", "uncertain", "refused", "taken_back"]
STATES: Final[tuple[LetterState, ...]] = get_args(LetterState)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A letter and what became of it. ``body`` None: its texts are gone by now; ``is_queued``: too late to take it back.

    ``code`` and ``said``: why it did not go (yet), and what the server said last.
    """

    id: int
    kind: str
    to_login: str | None
    to_address: str
    to_name: str
    subject: str
    body: str | None
    html: str | None
    attachment_name: str | None
    business_key: str | None
    made_at: datetime
    made_by: str
    state: LetterState
    due_at: datetime
    is_queued: bool
    attempts: int
    ended_at: datetime | None
    way: str | None
    code: str | None
    said: str | None

    @property
    def is_held(self) -> bool:
        """It can still be taken back."""
        return self.state == "waiting" and not self.is_queued


_COLUMNS = """
    id, kind, to_login, to_address, to_name, subject, body, html, attachment_name, business_key, made_at, made_by, state, due_at,
    queued_at IS NOT NULL AS is_queued, attempts, ended_at, way, code, said
"""
_WHICH = "(CAST(:before AS bigint) IS NULL OR id < :before) AND (CAST(:state AS text) IS NULL OR state = :state)"
_PAGE = text(f"SELECT {_COLUMNS} FROM engine.letter WHERE {_WHICH} ORDER BY id DESC LIMIT :limit")  # noqa: S608 - composed of constants
_PAGE_TO = text(f"""
    SELECT {_COLUMNS} FROM engine.letter WHERE {_WHICH} AND lower(to_address) ^@ lower(:address) ORDER BY id DESC LIMIT :limit
""")  # noqa: S608 - composed of constants
_ONE = text(f"SELECT {_COLUMNS} FROM engine.letter WHERE id = :id")  # noqa: S608 - composed of constants
_TO = text(f"""
    SELECT {_COLUMNS} FROM engine.letter WHERE to_login = :login AND state IN ('waiting', 'sent') AND body IS NOT NULL
    ORDER BY id DESC LIMIT :limit
""")  # noqa: S608 - composed of constants
_TO_OTHERS = text(f"""
    SELECT {_COLUMNS} FROM engine.letter
    WHERE to_login IS NULL AND kind = 'process' AND business_key = ANY(:keys) AND state IN ('waiting', 'sent') AND body IS NOT NULL
    ORDER BY id DESC LIMIT :limit
""")  # noqa: S608 - composed of constants
_ATTACHMENT = text("SELECT attachment_name, attachment FROM engine.letter WHERE id = :id AND attachment IS NOT NULL")


def page(
    session: Session,
    *,
    state: LetterState | None = None,
    address: str = "",
    before: int | None = None,
    limit: int = 50,
) -> tuple[Posted, ...]:
    """The newest letters, the newest first: at most ``limit`` of those before number ``before``, all or those in one state, or to an
    address that begins with ``address``.
    """
    asked = {"state": state, "before": before, "limit": limit}
    rows = session.execute(_PAGE_TO, asked | {"address": address}) if address else session.execute(_PAGE, asked)
    return tuple(Posted(**row) for row in rows.mappings())


def find(session: Session, letter_id: int) -> Posted:
    """One letter. Raises NotFound."""
    row = session.execute(_ONE, {"id": min(letter_id, 2**62)}).mappings().one_or_none()
    if row is None:
        raise NotFound("letter_not_found", letter=letter_id)
    return Posted(**row)


def to_person(session: Session, login: str, *, limit: int = 100) -> tuple[Posted, ...]:
    """The newest letters that were written to ``login``, the newest first; not those that went wrong or were taken back."""
    return tuple(Posted(**row) for row in session.execute(_TO, {"login": login, "limit": limit}).mappings())


def to_others(session: Session, keys: Collection[str], *, limit: int = 100) -> tuple[Posted, ...]:
    """The newest letters to somebody outside that cases of these business keys wrote, as ``to_person``."""
    return tuple(Posted(**row) for row in session.execute(_TO_OTHERS, {"keys": list(keys), "limit": limit}).mappings())


def attachment(session: Session, letter_id: int) -> tuple[str, bytes]:
    """Name and content of what goes with a letter. Raises NotFound."""
    row = session.execute(_ATTACHMENT, {"id": min(letter_id, 2**62)}).one_or_none()
    if row is None:
        raise NotFound("letter_not_found", letter=letter_id)
    return row.attachment_name, bytes(row.attachment)
