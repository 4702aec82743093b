"""Passwords are kept as argon2id hashes; checking one costs the same whether the login exists or not."""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
"""Characters, as typed: length is what resists guessing, so nothing else is asked (NIST SP 800-63B asks for 8 at least)."""

LONGEST = 1024
"""Characters; what is longer is refused before any work is done for it."""

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


@cache
def _nobody() -> str:
    return hasher.hash("nobody has this password")


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)  # é typed on one keyboard is é typed on another
