"""What a letter is: the contract of everything that leaves the house by mail (notices, checkpoints, what processes write to people).

Whoever wants one sent writes it into the outbox, in the transaction that has a reason to: it exists if, and only if, that commits. The
worker sends it afterwards, once (``engine.mail.sending``), and until ``held_until`` a person can take it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

DEFAULT_SITE: Final = "http://127.0.0.1:8000"
"""Where this installation is, until an administrator says so."""

LetterKind = Literal["process", "notice", "checkpoint", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToAddress:
    """Somebody outside the house. The address is looked at when the letter is built."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToPerson:
    """The active person ``login``; who has no address gets nothing."""

    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToRole:
    """Every active person who has ``role`` now: a letter each."""

    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with a letter."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter to be sent. ``key``: the same one is written only once, whoever repeats it (each receiver of a role apart).

    ``html``: the same as ``body`` for those who read HTML; ``held_until``: until then it can be taken back, None: it goes at once;
    ``locale``: the language of its texts, for people who get several.
    """

    key: str
    kind: LetterKind
    to: ToAddress | ToPerson | ToRole
    locale: str
    subject: str
    body: str
    html: str | None = None
    attachment: Attachment | None = None
    business_key: str | None = None
    held_until: datetime | None = None


_VALUES = """
    :kind, {login}, {address}, {name}, :locale, :subject, :body, CAST(:html AS text), CAST(:file AS text), CAST(:content AS bytea),
    CAST(:business_key AS text), :now, :by, :due
"""
_COLUMNS = """
    key, kind, to_login, to_address, to_name, locale, subject, body, html, attachment_name, attachment, business_key, made_at, made_by,
    due_at
"""
_PERSON = _VALUES.format(login="person.login", address="person.email", name="person.name")
_END = "ON CONFLICT (key) DO NOTHING RETURNING id"
_SITE = text("SELECT site FROM engine.mail_plan")
_TO_ADDRESS = text(
    f"INSERT INTO engine.letter ({_COLUMNS}) SELECT :key, "
    f"{_VALUES.format(login='NULL', address=':to', name=chr(39) * 2)} {_END}"
)
_TO_PERSON = text(f"""
    INSERT INTO engine.letter ({_COLUMNS})
    SELECT :key, {_PERSON} FROM engine.person WHERE person.login = :to AND person.is_active AND person.email <> '' {_END}
""")  # noqa: S608 - composed of constants
_TO_ROLE = text(f"""
    INSERT INTO engine.letter ({_COLUMNS})
    SELECT :key || '/' || person.login, {_PERSON}
    FROM engine.person_role held JOIN engine.person ON person.id = held.person_id
    WHERE held.role_key = :to AND (held.until_at IS NULL OR held.until_at > :now) AND person.is_active AND person.email <> ''
    ORDER BY person.login {_END}
""")  # noqa: S608 - composed of constants


def write(session: Session, letter: Letter, now: datetime, by: str) -> tuple[int, ...]:
    """Put ``letter`` into the outbox, in one statement; gives the numbers of what is new. ``by``: the login of who wants it sent."""
    to, statement = _receiver(letter.to)
    given = {
        "key": letter.key,
        "kind": letter.kind,
        "to": to,
        "locale": letter.locale,
        "subject": letter.subject,
        "body": letter.body,
        "html": letter.html,
        "file": None if letter.attachment is None else letter.attachment.name,
        "content": None if letter.attachment is None else letter.attachment.content,
        "business_key": letter.business_key,
        "now": now,
        "by": by,
        "due": letter.held_until or now,
    }
    return tuple(session.execute(statement, given).scalars())


def site(session: Session) -> str:
    """The address of this installation, for links in letters; without a slash at its end."""
    return str(session.scalar(_SITE) or DEFAULT_SITE).rstrip("/")


def _receiver(to: ToAddress | ToPerson | ToRole) -> tuple[str, TextClause]:
    match to:
        case ToAddress(address=address):
            return address, _TO_ADDRESS
        case ToPerson(login=login):
            return login, _TO_PERSON
        case ToRole(role=role):
            return role, _TO_ROLE
