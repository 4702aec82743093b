"""Checkpoints that leave the house by mail: every day, and when somebody asks, to those who keep them where nobody of the house can.

A letter for each receiver and day: one that does not come is a sign too. It carries the newest checkpoint as a file, byte for byte what the
verifier takes, and once more in its text, for mail programs that lose files.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import NotFound, WrongState
from engine.history import checkpoints
from engine.history.checkpoints import Checkpoint
from engine.identity import company
from engine.identity.memberships import ADMINISTRATOR
from engine.letter import Attachment, Letter, ToAddress, write
from engine.mail import settings
from engine.mail.settings import KEY, PLAN
from engine.record import Change, RecordContext, RecordTable, record_command
from engine.texts import format as forms
from engine.texts import say

HELD: Final = timedelta(minutes=1)
"""How long what somebody asked for can be taken back."""

LANGUAGES: Final = ("fr", "en")
"""Nobody has said which language receivers outside the house read."""

_WRITTEN = text("SELECT key FROM engine.letter WHERE key = ANY(CAST(:keys AS text[]))")


@data
class SendCheckpoint:
    """Send the newest checkpoint to all who receive checkpoints. ``zone``: the company's; ``key`` is always ``KEY``."""

    zone: str
    key: str = KEY


@record_command(
    "mail.send_checkpoint", event="checkpoint:mailed", kind=PLAN, key="key", may=(ADMINISTRATOR, "auditor"),
    fr="Envoyer le dernier scellement", en="Send the last checkpoint",
)  # fmt: skip
def send_checkpoint(given: SendCheckpoint, context: RecordContext) -> Change:
    """The answer is how many letters wait to go. Raises WrongState (``mail_without_readers``), NotFound (``mail_no_checkpoint``)."""
    session, now = context.session, context.now
    readers = settings.find_plan(session).checkpoint_to
    if not readers:
        raise WrongState("mail_without_readers")
    newest = checkpoints.newest(session, limit=1)
    if not newest:
        raise NotFound("mail_no_checkpoint")
    name = _name(session)
    for each in readers:
        key = f"checkpoint/{now.isoformat()}/{each.lower()}"
        letter = _letter(newest[0], key, each, name, ZoneInfo(given.zone), held_until=now + HELD)
        write(session, letter, now, context.actor.login)
    facts = {"checkpoint": newest[0].number, "checkpoint_to": list(readers)}
    return Change(before={}, after={}, facts=facts, answer=len(readers))


COMMANDS = RecordTable.of(send_checkpoint)


def send_daily(session: Session, zone: ZoneInfo, now: datetime) -> int:
    """Write today's letters once the hour has come, each once, whoever else tries; gives how many. Two statements on most calls."""
    plan, local = settings.find_plan(session), now.astimezone(zone)
    if not plan.checkpoint_to or local.time() < plan.digest_at:
        return 0
    wanted = {f"checkpoint/{local.date()}/{each.lower()}": each for each in plan.checkpoint_to}
    missing = wanted.keys() - set(session.scalars(_WRITTEN, {"keys": list(wanted)}))
    newest = checkpoints.newest(session, limit=1) if missing else []
    if not newest:
        return 0
    name = _name(session)
    letters = (_letter(newest[0], key, wanted[key], name, zone) for key in sorted(missing))
    return sum(len(write(session, each, now, "system")) for each in letters)


def _name(session: Session) -> str:
    found = company.find(session)
    return "Bordereau" if found is None else found.name


def _letter(  # noqa: PLR0917 - as its callers have them at hand
    made: Checkpoint, key: str, address: str, name: str, zone: ZoneInfo, held_until: datetime | None = None
) -> Letter:
    line = made.text.decode()
    bodies = [
        say(
            "mail.checkpoint.body",
            locale,
            number=made.number,
            name=name,
            moment=forms.moment(made.at, locale, zone),
            events=made.size,
            file=made.file_name,
            key=str(made.said["key"]),
        )
        for locale in LANGUAGES
    ]
    subjects = (say("mail.checkpoint.subject", each, number=made.number, name=name) for each in LANGUAGES)
    return Letter(
        key=key,
        kind="checkpoint",
        to=ToAddress(address=address),
        locale=LANGUAGES[0],
        subject=" / ".join(subjects),
        body="\n----\n\n".join(bodies) + f"\n----\n\n{line}",
        attachment=Attachment(name=made.file_name, content=made.text),
        held_until=held_until,
    )
