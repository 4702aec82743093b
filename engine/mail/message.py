"""The mail that a letter becomes: headers that nobody can smuggle anything into, plain text, simple HTML, an attachment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from engine.addresses import header, is_address
from engine.mail.settings import Server

LONGEST_SUBJECT: Final = 200
NOTICES: Final = "/account/notices"
"""Where people say which notices they want, on the site."""

_BLANKS = re.compile(r"\s+")


class AddressUnusable(ValueError):
    """The letter's address is none that a letter can go to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A letter as the outbox has it when it is about to go."""

    id: int
    kind: str
    to_address: str
    to_name: str
    locale: str
    subject: str
    body: str
    html: str | None
    attachment_name: str | None
    attachment: bytes | None
    made_at: datetime
    round: int


def build(letter: Ready, server: Server, site: str) -> EmailMessage:
    """The mail. The same letter always has the same Message-ID, also when somebody has it sent again. Raises AddressUnusable."""
    if not is_address(letter.to_address):
        raise AddressUnusable
    mail = EmailMessage(policy=SMTP)
    mail["From"] = header(server.sender_address, server.sender_name)
    mail["To"] = header(letter.to_address, letter.to_name)
    if server.reply_to:
        mail["Reply-To"] = header(server.reply_to)
    mail["Subject"] = subject_line(letter.subject)
    mail["Date"] = letter.made_at
    mail["Message-ID"] = (
        f"<bordereau.{letter.id}.{letter.made_at:%Y%m%d%H%M%S}@{server.sender_address.rpartition('@')[2]}>"
    )
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = letter.locale
    if letter.kind == "notice":
        # a page that asks who is there: nobody can switch off somebody else's notices with a link
        mail["List-Unsubscribe"] = f"<{site}{NOTICES}>"
    mail.set_content(letter.body)
    if letter.html is not None:
        mail.add_alternative(letter.html, subtype="html")
    if letter.attachment is not None and letter.attachment_name is not None:
        mail.add_attachment(letter.attachment, maintype="application", subtype="json", filename=letter.attachment_name)
    return mail


def subject_line(subject: str) -> str:
    """``subject`` on one line, of things that print, and not longer than people read."""
    line = _BLANKS.sub(" ", "".join(each if each.isprintable() else " " for each in subject)).strip()
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"
