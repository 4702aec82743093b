"""How the company words its letters to customers, by letter and language: a record each, whose history tells every old and new text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import InvalidInput, NotFound
from engine.record import Change, RecordContext, RecordTable, record_command
from engine.texts import LOCALES
from handlers.base import letter_rules as rules
from handlers.base.tables import LetterText

KIND: Final = "letter_text"
EDITORS: Final = ("admin", "sales_manager")
"""Who may say what customers read."""


@data
class WordLetter:
    """The words of a letter from now on. ``key``: its code and the language, ``key_of``."""

    key: str
    subject: str
    body: str


@data
class UnwordLetter:
    """The product's own words again."""

    key: str


@record_command(
    "company.word_letter",
    event="letter_text:worded",
    kind=KIND,
    key="key",
    may=EDITORS,
    fr="Rédiger un e-mail aux clients",
    en="Word a letter to customers",
)
def word_letter(given: WordLetter, context: RecordContext) -> Change:
    """Letters that were written keep their words. Raises InvalidInput, NotFound (``letter_unknown``)."""
    code, locale = _parts(given.key)
    subject, body = rules.tidied(given.subject, given.body)
    if found := rules.problems(code, subject, body):
        raise InvalidInput(tuple(found))
    row = context.session.get(LetterText, (code, locale))
    before = {"subject": "", "body": ""} if row is None else {"subject": row.subject, "body": row.body}
    if row is None:
        context.session.add(LetterText(code=code, locale=locale, subject=subject, body=body))
    else:
        row.subject, row.body = subject, body
    context.session.flush()
    return Change(before=before, after={"subject": subject, "body": body})


@record_command(
    "company.unword_letter",
    event="letter_text:unworded",
    kind=KIND,
    key="key",
    may=EDITORS,
    fr="Reprendre le texte d’origine d’un e-mail",
    en="Take the original text of a letter again",
)
def unword_letter(given: UnwordLetter, context: RecordContext) -> Change:
    """Raises NotFound (``letter_unknown``)."""
    row = context.session.get(LetterText, _parts(given.key))
    if row is None:
        return Change(before={}, after={})
    before = {"subject": row.subject, "body": row.body}
    context.session.delete(row)
    context.session.flush()
    return Change(before=before, after={"subject": "", "body": ""})


COMMANDS = RecordTable.of(word_letter, unword_letter)


def key_of(code: str, locale: str) -> str:
    """Of the record of a letter in a language. Raises NotFound (``letter_unknown``)."""
    if code not in rules.LETTERS or locale not in LOCALES:
        raise NotFound("letter_unknown", letter=code[:60])
    return f"{code}/{locale}"


def own_texts(session: Session) -> Mapping[tuple[str, str], tuple[str, str]]:
    """Subject and body by code and language, of letters that the company words itself. One statement."""
    return {(each.code, each.locale): (each.subject, each.body) for each in session.scalars(select(LetterText))}


def _parts(key: str) -> tuple[str, str]:
    code, _, locale = key.partition("/")
    key_of(code, locale)
    return code, locale
