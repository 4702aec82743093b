"""Giving a mail to an SMTP server, with the one distinction that matters afterwards: whether it is certain that nothing went out.

Until the server has the whole text it is; what it answers to the text decides; and where that answer is lost, nobody knows.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from typing import Final

from engine.mail.settings import Server

SECONDS: Final = 30.0
"""How long the server may take for one answer."""

_LONGEST = 300


class NotSent(Exception):
    """Nothing went out. ``is_final``: trying again would end the same. ``code`` makes the sentence, ``said`` is what the server said."""

    def __init__(self, code: str, said: str, *, is_final: bool = False) -> None:
        super().__init__(code, said)
        self.code, self.said, self.is_final = code, said, is_final


class Uncertain(Exception):
    """The server has the text, and its answer did not come."""


def send(server: Server, password: str, mail: EmailMessage, sender: str, receiver: str) -> str:
    """Hand ``mail`` to ``server``; gives what it said. Raises NotSent, Uncertain."""
    with _session(server, password) as smtp:
        _accepted(*smtp.mail(sender), code="mail_sender_refused")
        _accepted(*smtp.rcpt(receiver), code="mail_receiver_refused")
        content = mail.as_bytes()
        try:
            answer, text = smtp.data(content)
        except smtplib.SMTPDataError as error:  # it does not even want to hear the text
            _accepted(error.smtp_code, error.smtp_error, code="mail_text_refused")
            raise
        except (smtplib.SMTPException, OSError) as error:
            raise Uncertain(type(error).__name__) from error
        _accepted(answer, text, code="mail_text_refused")
        return _said(answer, text)


@contextmanager
def _session(server: Server, password: str) -> Iterator[smtplib.SMTP]:
    """A session, secured and signed in. What fails before the text is there: NotSent."""
    try:
        smtp = _connect(server)
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent("mail_server_unreachable", _reason(error)) from error
    try:
        try:
            if server.security == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            if server.login:
                smtp.login(server.login, password)
            smtp.ehlo_or_helo_if_needed()
        except smtplib.SMTPAuthenticationError as error:
            raise NotSent("mail_sign_in_refused", _reason(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent("mail_server_unreachable", _reason(error)) from error
        try:
            yield smtp
        except (smtplib.SMTPException, OSError) as error:  # of MAIL and RCPT: ``send`` deals with the text itself
            raise NotSent("mail_server_unreachable", _reason(error)) from error
    finally:
        with suppress(smtplib.SMTPException, OSError):  # what was taken is taken, however the goodbye goes
            smtp.quit()
        smtp.close()


def _connect(server: Server) -> smtplib.SMTP:
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=ssl.create_default_context())
    return smtplib.SMTP(server.host, server.port, timeout=SECONDS)


def _accepted(answer: int, text: bytes | str, *, code: str) -> None:
    """Raises NotSent unless the server said yes; with 5xx it said that it will never."""
    if not 200 <= answer < 300:
        raise NotSent(code, _said(answer, text), is_final=500 <= answer < 600)


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _said(error.smtp_code, error.smtp_error)
    return _clean(f"{type(error).__name__}: {error}")


def _said(answer: int, text: bytes | str) -> str:
    return _clean(f"{answer} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}")


def _clean(text: str) -> str:
    """On one line, of things that print: a server is a stranger."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:_LONGEST]
