"""Sending a letter: once. The same rules as for effects that must not be repeated (``engine.instances.effects``).

It is written down as *begun* in a transaction of its own, before anything can leave the house; then the letter is locked, the server takes
it, and what it said is committed. Whoever comes later waits for that lock. If nobody is at it any more and it is still begun, the worker
died somewhere in between: that is an incident that a person decides about, never a second mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Final

from sqlalchemy.orm import Session

from engine import clock, log
from engine.database.session import Database
from engine.jobs import incidents, queue
from engine.mail import outbox, sealing, settings, transport
from engine.mail.message import AddressUnusable, Ready, build
from engine.mail.settings import Plan, Server
from engine.mail.transport import NotSent, Uncertain

WAITS: Final = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60, 120, 240, 480))
"""Between two tries of a letter that the server did not take: a server that is away is away for minutes or hours, not for seconds."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """What of this installation mail depends on: the key that the server's password was sealed with, and whether a letter that has no
    server to go to is for the demonstration's mailbox.
    """

    secret_key: str = ""
    is_demonstration: bool = False


def send(database: Database, mailing: Mailing, letter_id: int, round_: int) -> None:
    """Send the letter, if it is still wanted in this round."""
    begun = clock.now()
    with database.transaction() as session:
        is_ours = outbox.begin(session, letter_id, round_, begun)
        left = None if is_ours else outbox.is_left(session, letter_id, round_)
        if left is not None:
            _uncertain(session, letter_id, left.kind, begun)
        server = settings.find_server(session)
        if is_ours and server is None:
            # nothing leaves the house, so nothing can be uncertain: one transaction
            _send(session, mailing, letter_id, round_, begun, None)
    if is_ours and server is not None:
        with database.transaction() as session:
            _send(session, mailing, letter_id, round_, begun, server)


def _send(  # noqa: PLR0917 - as ``send`` has them at hand
    session: Session, mailing: Mailing, letter_id: int, round_: int, begun: datetime, server: Server | None
) -> None:
    taken = outbox.take(session, letter_id, round_, begun)
    if taken is None:
        return
    letter, attempts = taken
    plan, now = settings.find_plan(session), clock.now()
    try:
        if server is None:
            _keep(session, mailing, letter, plan, now)
            return
        said = _deliver(mailing, letter, server, plan)
    except NotSent as error:
        _not_sent(session, letter, attempts, error, now)
    except Uncertain:
        _uncertain(session, letter.id, letter.kind, now)
    else:
        outbox.sent(session, letter.id, "smtp", said, now)


def _deliver(mailing: Mailing, letter: Ready, server: Server, plan: Plan) -> str:
    try:
        password = "" if server.password is None else sealing.unseal(mailing.secret_key, server.password)
    except sealing.PasswordUnreadable as error:
        raise NotSent(error.code, "", is_final=True) from error
    return transport.send(server, password, _built(letter, server, plan), server.sender_address, letter.to_address)


def _built(letter: Ready, server: Server, plan: Plan) -> EmailMessage:
    try:
        return build(letter, server, plan.site)
    except AddressUnusable as error:
        raise NotSent("mail_address_unusable", "", is_final=True) from error


def _keep(session: Session, mailing: Mailing, letter: Ready, plan: Plan, now: datetime) -> None:
    """Nobody has said through which server. The demonstration keeps the letter, built as it would go; a company is told."""
    if not mailing.is_demonstration:
        raise NotSent("mail_not_set_up", "", is_final=True)
    _built(letter, _NOWHERE, plan)
    outbox.sent(session, letter.id, "demonstration", "", now)


_NOWHERE = Server(
    host="localhost",
    port=25,
    security="none",
    login="",
    password=None,
    sender_name="Bordereau",
    sender_address="bordereau@demonstration.example",
    reply_to="",
)


def _not_sent(session: Session, letter: Ready, attempts: int, error: NotSent, now: datetime) -> None:
    _log.warning("letter_not_sent", letter=letter.id, code=error.code, attempt=attempts + 1)
    if not error.is_final and letter.kind != "test" and attempts < len(WAITS):
        outbox.later(session, letter.id, due=now + WAITS[attempts], code=error.code, said=error.said)
        return
    again = outbox.refused(session, letter.id, code=error.code, said=error.said, now=now)
    if not error.is_final and letter.kind != "test":
        _raise(session, letter.id, letter.kind, again, code="letter_not_sent", now=now)


def _uncertain(session: Session, letter_id: int, kind: str, now: datetime) -> None:
    again = outbox.uncertain(session, letter_id)
    _log.warning("letter_uncertain", letter=letter_id)
    _raise(session, letter_id, kind, again, code="letter_uncertain", now=now)


def _raise(session: Session, letter_id: int, kind: str, again: int, *, code: str, now: datetime) -> None:
    """An incident whose *try again* sends the letter in its next round."""
    told = {"letter_id": letter_id, "round": again}
    incidents.raise_for_job(
        session, queue.SEND_LETTER, told, code=code, facts={"letter": letter_id, "kind": kind}, now=now
    )
