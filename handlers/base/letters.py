"""A letter of a step: written with it, sent once it is committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy.orm import Session

from engine.handler import HandlerContext
from engine.letter import Attachment, Letter, ToAddress, ToPerson, ToRole, write
from engine.texts import language_of, say
from handlers.base.letter_rules import LETTERS, filled
from handlers.base.tables import LetterText

COMPANY_LANGUAGE: Final = "fr"
"""What the house itself reads."""


def write_to_each(  # noqa: PLR0917 - a letter in the order of its parts
    context: HandlerContext,
    code: str,
    addresses: Sequence[str],
    facts: Mapping[str, str],
    locale: str,
    attachment: Attachment | None = None,
) -> None:
    """The same letter to several addresses outside the house, once each for this activity; none to an empty one."""
    for place, address in enumerate(filter(None, dict.fromkeys(addresses))):
        key = f"{context.idempotency_key}/{place}" if place else ""
        write_letter(context, code, ToAddress(address=address), facts, locale, attachment, key=key)


def worded(session: Session, code: str, locale: str, facts: Mapping[str, str]) -> tuple[str, str]:
    """Subject and body of a letter: as the company words it, else as the product does. At most one statement."""
    own = session.get(LetterText, (code, language_of(locale))) if code in LETTERS else None
    if own is not None:
        return filled(own.subject, facts), filled(own.body, facts)
    return say(f"{code}.subject", locale, **facts), say(f"{code}.body", locale, **facts)


def write_letter(  # noqa: PLR0917 - a letter in the order of its parts
    context: HandlerContext,
    code: str,
    to: ToAddress | ToPerson | ToRole,
    facts: Mapping[str, str],
    locale: str = COMPANY_LANGUAGE,
    attachment: Attachment | None = None,
    *,
    key: str = "",
) -> None:
    """Put a letter into the outbox, once for this activity, or once for ``key`` where one is given. ``code``: of its texts, ``….subject``
    and ``….body``, filled with ``facts``.
    """
    subject, body = worded(context.session, code, locale, facts)
    letter = Letter(
        key=key or context.idempotency_key,
        kind="process",
        to=to,
        locale=locale,
        subject=subject,
        body=body,
        attachment=attachment,
        business_key=context.business_key,
    )
    write(context.session, letter, context.now, context.actor.login)
