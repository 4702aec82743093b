"""The texts of letters to customers that a company may word itself, and how its words are filled. Pure.

What people write is hostile input: ``{name}`` is replaced where the letter has such a fact, and nothing else in it means anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from engine.errors import FieldProblem
from engine.texts import LOCALES, catalogue, say

LETTERS: Final = (
    "mail.quote_sent",
    "mail.quote_reminder",
    "mail.order_acknowledged",
    "mail.order_acknowledged_for",
    "mail.order_revised",
    "mail.delivery_sent",
    "mail.invoice_sent",
    "mail.credit_note_sent",
    "mail.payment_reminder_friendly",
    "mail.payment_reminder_firm",
    "mail.payment_reminder_formal",
    "mail.statement",
)
"""Letters to customers, by the code of their texts. What goes to our own people is worded by the product."""

REQUIRED: Final = {"mail.quote_sent": ("link",), "mail.quote_reminder": ("link",)}
"""Facts without which a letter is of no use: nobody can answer a quote without its link."""

LONGEST_SUBJECT: Final = 200
LONGEST_BODY: Final = 5_000

_NAME: Final = re.compile(r"\{([a-z_]+)\}")


def names(code: str) -> tuple[str, ...]:
    """The facts that a letter can name: those of its ordinary text, in any language, in their order there."""
    texts = [str(catalogue()[f"{code}.{part}"][locale]) for part in ("subject", "body") for locale in LOCALES]
    return tuple(dict.fromkeys(name for each in texts for name in _NAME.findall(each)))


def ordinary(code: str, locale: str) -> tuple[str, str]:
    """Subject and body of the ordinary text, as it is edited: its facts named in braces."""
    facts = {name: f"{{{name}}}" for name in names(code)}
    return say(f"{code}.subject", locale, **facts), say(f"{code}.body", locale, **facts)


def tidied(subject: str, body: str) -> tuple[str, str]:
    """As they are kept: the subject one line, the body without blanks at its ends."""
    return " ".join(subject.split()), "\n".join(each.rstrip() for each in body.strip().splitlines())


def problems(code: str, subject: str, body: str) -> list[FieldProblem]:
    """What is wrong with tidied texts, by field."""
    found = []
    for field, text, most in (("subject", subject, LONGEST_SUBJECT), ("body", body, LONGEST_BODY)):
        unknown = sorted(set(_NAME.findall(text)) - set(names(code)))
        if not text:
            found.append(FieldProblem(field=field, code="letter_text_missing"))
        elif len(text) > most:
            found.append(FieldProblem(field=field, code="text_too_long", facts={"most": most}))
        elif unknown:
            found.append(FieldProblem(field=field, code="letter_fact_unknown", facts={"name": unknown[0]}))
    for name in REQUIRED.get(code, ()):
        if not found and f"{{{name}}}" not in body:
            found.append(FieldProblem(field="body", code="letter_fact_missing", facts={"name": name}))
    return found


def filled(text: str, facts: Mapping[str, str]) -> str:
    """``text`` with its facts; one that is not known reads ``…``."""
    return _NAME.sub(lambda found: facts.get(found[1], "…"), text)
