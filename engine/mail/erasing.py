"""Letters that went, without what they said and to whom: that one went, when, and how it ended stays."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

ERASED: Final = "letter_erased"
"""The code of such a letter; its other texts are empty."""

_NOTHING: Final = f"""
    UPDATE engine.letter SET to_login = NULL, to_address = '', to_name = '', subject = '', body = NULL, html = NULL,
        attachment = NULL, attachment_name = NULL, said = NULL, code = '{ERASED}'
    WHERE ended_at IS NOT NULL AND to_address <> ''
"""  # noqa: S608 - composed of constants
# a process writes a letter under the key of the activity that wrote it, which begins with the number of the case
_OF_CASES: Final = "kind = 'process' AND split_part(key, ':', 1) = ANY(CAST(:cases AS text[]))"
_COUNT = text(f"SELECT count(*) FROM engine.letter WHERE {_OF_CASES} AND ended_at IS NOT NULL AND to_address <> ''")  # noqa: S608
_ERASE_OF_CASES = text(f"{_NOTHING} AND {_OF_CASES}")
_ERASE_TO_PERSON = text(f"{_NOTHING} AND to_login = :login")
_ERASE_TO_ADDRESS = text(f"{_NOTHING} AND lower(to_address) = lower(:address) RETURNING id")


def count_of_case(session: Session, case: int) -> int:
    """How many letters of a case have ended and say something still."""
    return int(session.execute(_COUNT, {"cases": [str(case)]}).scalar_one())


def erase_of_cases(session: Session, cases: Collection[int]) -> None:
    """Erase the letters that these cases wrote, as far as they have ended. One statement."""
    session.execute(_ERASE_OF_CASES, {"cases": [str(each) for each in cases]})


def erase_to_person(session: Session, login: str) -> None:
    """Erase the letters to somebody with an account. One statement."""
    session.execute(_ERASE_TO_PERSON, {"login": login})


def erase_to_address(session: Session, address: str) -> int:
    """Erase all letters to an address; how many. One statement."""
    return len(session.execute(_ERASE_TO_ADDRESS, {"address": address}).all())
