"""Passwords: what is accepted, how it is kept (argon2id), and checking one, which costs the same whether the login exists or not.

What is accepted follows OWASP ASVS 5.0, 6.2: a length, no rules about signs, and nothing that would be guessed first: common passwords and
words with the usual changes, rows of keys, repetitions, the person's own names. ``zxcvbn`` knows those lists (30,000 passwords, words,
names); the French ones that it lacks are here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from engine.errors import FieldProblem

SHORTEST = 12
"""Characters, as typed: length is what resists guessing, so nothing else is asked (NIST SP 800-63B asks for 8 at least)."""

LONGEST = 1024
"""Characters; what is longer is refused before any work is done for it."""

EASY = 10**8
"""Guesses: what somebody with lists finds within so many is refused. An account can be tried a hundred times a day (``throttle``), a stolen
hash some thousand times a second on a large machine."""

_LOOKED_AT = 72
"""Characters that zxcvbn looks at: its work grows faster than the length, and what is longer is not guessed by lists."""

_MADE_BY_ONESELF = 5
"""Letters that have to be left beside words that others know."""

_OWN_WORDS = (
    "bordereau", "motdepasse", "motdepass", "azerty", "azertyuiop", "qsdfghjklm", "wxcvbn", "bonjour", "soleil", "doudou", "chouchou",
    "loulou", "marseille", "jetaime", "coucou", "administrateur", "entreprise", "bienvenue", "printemps", "automne", "vacances", "secret",
)  # fmt: skip

hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's first choice for argon2id: about 25 ms and 19 MiB a check, so that eight people may sign in at once on a small machine.
Tests put a cheaper one here."""


def hashed(password: str) -> str:
    """What to keep of ``password``."""
    return hasher.hash(_normal(password))


def is_right(kept: str | None, password: str) -> bool:
    """Whether ``password`` is the one of ``kept``; with None (nobody of that login) it is not, after the same work."""
    if len(password) > LONGEST:
        return False
    try:
        hasher.verify(kept or _nobody(), _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether ``kept`` was made with other parameters than today's and should be made again at a sign-in."""
    return hasher.check_needs_rehash(kept)


def problems(password: str, own: Sequence[str] = (), *, may_be_weak: bool = False) -> list[FieldProblem]:
    """What is wrong with ``password`` as a new one, for the field ``password``: at most one thing.

    ``own``: what others know of the person (login, name, address, company). ``may_be_weak``: for demonstrations, with public passwords.
    """
    if not 0 < len(password) <= LONGEST:
        return [FieldProblem(field="password", code="password_invalid")]
    if may_be_weak:
        return []
    if len(password) < SHORTEST:
        return [FieldProblem(field="password", code="password_too_short")]
    return [FieldProblem(field="password", code="password_easy")] if is_easy(password, own) else []


def is_easy(password: str, own: Sequence[str] = ()) -> bool:
    """Whether lists of common passwords and words, or knowing the person, would find ``password`` soon."""
    plain = "".join(each for each in unicodedata.normalize("NFD", password) if not unicodedata.combining(each))
    words = [word for each in own for word in (each, *each.replace("@", " ").replace(".", " ").split()) if word]
    known = [*words, *_OWN_WORDS]
    return _is_made_of(plain, known) or bool(zxcvbn(plain[:_LOOKED_AT], user_inputs=known)["guesses"] < EASY)


def _is_made_of(password: str, words: Sequence[str]) -> bool:
    """Whether hardly a letter is left beside ``words``: years and signs around one's own name are no secret."""
    whole = left = password.casefold()
    for word in sorted((each.casefold() for each in words if len(each) >= _MADE_BY_ONESELF - 1), key=len, reverse=True):
        left = left.replace(word, " ")
    return left != whole and sum(each.isalpha() for each in left) < _MADE_BY_ONESELF


@cache
def _nobody() -> str:
    return hasher.hash("nobody has this password")


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)  # é typed on one keyboard is é typed on another
