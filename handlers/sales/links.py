"""The address that a customer gets: what it names is signed with a key of that version alone, so that nobody makes one or changes one.

Whether it still opens something is not in the token: the row of the version says so (its status, its validity).
"""

from __future__ import annotations

import secrets
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

_SALT: Final = "quote"
_LONGEST: Final = 200
_MOST_VERSIONS: Final = 10_000


def new_key() -> bytes:
    """The key of a version that is sent."""
    return secrets.token_bytes(32)


def token(number: str, version: int, key: bytes) -> str:
    """What stands in the address."""
    return str(URLSafeSerializer(key, salt=_SALT).dumps([number, version]))


def named(found: str) -> tuple[str, int] | None:
    """Which quote and version a token *claims* to be for; None for what is no token. Believe it only after ``is_genuine``."""
    if len(found) > _LONGEST or not found.isascii():
        return None
    _, claimed = URLSafeSerializer(b"not known yet", salt=_SALT).loads_unsafe(found)
    match claimed:
        case [str(number), int(version)] if number.isprintable() and 0 < version <= _MOST_VERSIONS:
            return number, version  # nothing that PostgreSQL could not even be asked for
        case _:
            return None


def is_genuine(found: str, key: bytes) -> bool:
    """Whether the token was signed with ``key``."""
    if not found.isascii():
        return False
    try:
        URLSafeSerializer(key, salt=_SALT).loads(found)
    except BadData:
        return False
    return True
