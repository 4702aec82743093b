"""What people do with a letter: take it back before it goes, say that it arrived, have it sent again, erase it, send a test."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.addresses import is_address
from engine.data import data, to_canonical
from engine.errors import FieldProblem, InvalidInput, NotFound, WrongState
from engine.identity.memberships import ADMINISTRATOR
from engine.jobs import queue
from engine.letter import Letter, ToAddress, write
from engine.mail import erasing
from engine.record import Change, RecordContext, RecordTable, reason_of, record_command
from engine.texts import say

KIND: Final = "letter"

_LOCK = text(
    "SELECT id, state, queued_at, body IS NOT NULL AS has_text, to_address, round FROM engine.letter WHERE id = :id FOR UPDATE"
)
_TAKEN_BACK = text("UPDATE engine.letter SET state = 'taken_back', ended_at = :now WHERE id = :id")
_ARRIVED = text("""
    UPDATE engine.letter SET state = 'sent', way = 'smtp', ended_at = :now, code = NULL, round = round + 1 WHERE id = :id
""")
_AGAIN = text("""
    UPDATE engine.letter SET state = 'waiting', ended_at = NULL, queued_at = NULL, attempts = 0, due_at = :now, round = round + 1
    WHERE id = :id
""")
_RESOLVE = text("""
    UPDATE engine.incident SET resolved_at = :now, resolved_by = :actor
    WHERE job_name = :job AND job_arguments = :arguments AND resolved_at IS NULL
""")


@data
class TakeBack:
    """Do not send it."""

    letter: int


@data
class ConfirmLetter:
    """It arrived, although the server's answer did not."""

    letter: int


@data
class SendAgain:
    """Send it once more."""

    letter: int


@data
class EraseLetters:
    """Erase what this letter said and to whom, and every other letter to that address."""

    letter: int
    because: str


@data
class SendTest:
    """Send a test mail to ``address``."""

    address: str


@record_command(
    "mail.take_back", event="letter:taken_back", kind=KIND, key="letter", may=(ADMINISTRATOR,),
    fr="Retirer un courriel", en="Take an e-mail back",
)  # fmt: skip
def take_back(given: TakeBack, context: RecordContext) -> Change:
    """Raises NotFound, WrongState (``letter_gone``: it is on its way, or was)."""
    row = _locked(context.session, given.letter)
    if row.state != "waiting" or row.queued_at is not None:
        raise WrongState("letter_gone", letter=given.letter)
    context.session.execute(_TAKEN_BACK, {"id": given.letter, "now": context.now})
    return _changed("waiting", "taken_back")


@record_command(
    "mail.confirm_letter", event="letter:confirmed", kind=KIND, key="letter", may=(ADMINISTRATOR,),
    fr="Confirmer qu’un courriel est arrivé", en="Confirm that an e-mail arrived",
)  # fmt: skip
def confirm_letter(given: ConfirmLetter, context: RecordContext) -> Change:
    """Raises NotFound, WrongState (``letter_not_uncertain``)."""
    row = _locked(context.session, given.letter)
    if row.state != "uncertain":
        raise WrongState("letter_not_uncertain", letter=given.letter)
    context.session.execute(_ARRIVED, {"id": given.letter, "now": context.now})
    _resolve(context.session, row, context.actor.login, context.now)
    return _changed("uncertain", "sent")


@record_command(
    "mail.send_again", event="letter:sent_again", kind=KIND, key="letter", may=(ADMINISTRATOR,),
    fr="Renvoyer un courriel", en="Send an e-mail again",
)  # fmt: skip
def send_again(given: SendAgain, context: RecordContext) -> Change:
    """Raises NotFound, WrongState (``letter_not_stopped``: it went or goes; ``letter_without_text``: its texts are gone)."""
    row = _locked(context.session, given.letter)
    if row.state not in ("uncertain", "refused"):
        raise WrongState("letter_not_stopped", letter=given.letter)
    if not row.has_text:
        raise WrongState("letter_without_text", letter=given.letter)
    context.session.execute(_AGAIN, {"id": given.letter, "now": context.now})
    _resolve(context.session, row, context.actor.login, context.now)
    return _changed(row.state, "waiting")


@record_command(
    "mail.erase_letters", event="letter:erased", kind=KIND, key="letter", may=(ADMINISTRATOR,),
    fr="Effacer les courriels à une adresse", en="Erase the e-mails to an address",
)  # fmt: skip
def erase_letters(given: EraseLetters, context: RecordContext) -> Change:
    """The answer is how many. That they went, when and how it ended stays. Raises InvalidInput (``because``), NotFound, WrongState
    (``letter_not_ended``: what is to become of it is not decided; ``letter_erased_already``).
    """
    because, row = reason_of(given.because), _locked(context.session, given.letter)
    if row.state in {"waiting", "uncertain"}:
        raise WrongState("letter_not_ended", letter=given.letter)
    if not row.to_address:
        raise WrongState("letter_erased_already", letter=given.letter)
    erased = erasing.erase_to_address(context.session, row.to_address)
    queue.defer(context.session, queue.LIST_ERASURES, {})
    return Change(before={}, after={}, facts={"because": because, "letters": erased}, answer=erased)


@record_command(
    "mail.send_test", event="letter:test_asked", kind=KIND, key=None, may=(ADMINISTRATOR,), personal=("to",),
    fr="Envoyer un courriel d’essai", en="Send a test mail",
)  # fmt: skip
def send_test(given: SendTest, context: RecordContext) -> Change:
    """The answer is the number of the letter. Raises InvalidInput."""
    if not is_address(given.address):
        raise InvalidInput((FieldProblem(field="address", code="mail_address_invalid"),))
    locale = context.actor.locale
    letter = Letter(
        key=f"test/{context.actor.login}/{context.now.isoformat()}",
        kind="test",
        to=ToAddress(address=given.address),
        locale=locale,
        subject=say("mail.test.subject", locale),
        body=say("mail.test.body", locale, name=context.actor.name),
    )
    (made,) = write(context.session, letter, context.now, context.actor.login)
    return Change(before=None, after={"to": given.address}, key=str(made), answer=made)


COMMANDS = RecordTable.of(take_back, confirm_letter, send_again, erase_letters, send_test)


def _locked(session: Session, letter: int) -> Row[Any]:
    row = session.execute(_LOCK, {"id": min(letter, 2**62)}).one_or_none()
    if row is None:
        raise NotFound("letter_not_found", letter=letter)
    return row


def _changed(before: str, after: str) -> Change:
    return Change(before={"state": before}, after={"state": after})


def _resolve(session: Session, row: Row[Any], actor: str, now: datetime) -> None:
    """Close the incident that asked what to do."""
    arguments = to_canonical({"letter_id": row.id, "round": row.round})
    session.execute(_RESOLVE, {"job": queue.SEND_LETTER, "arguments": arguments, "actor": actor, "now": now})
