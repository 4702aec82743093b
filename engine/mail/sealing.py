"""The password of the mail server, sealed: what stands in the database is worth nothing without the key, and the key is not there.

The key is derived from the installation's secret key (``settings.secret_key``), which lies in the data folder, goes into backups, and is
the same on every machine of the installation already (docs/adr/0018).
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.errors import WrongState

_NONCE = 12


class PasswordUnreadable(WrongState):
    """The password was sealed with another secret key."""

    default_code = "mail_password_unreadable"


def seal(secret_key: str, password: str) -> bytes:
    """``password`` as it is stored; different each time."""
    nonce = os.urandom(_NONCE)
    return nonce + _cipher(secret_key).encrypt(nonce, password.encode(), None)


def unseal(secret_key: str, sealed: bytes) -> str:
    """The password again. Raises PasswordUnreadable."""
    try:
        return _cipher(secret_key).decrypt(sealed[:_NONCE], sealed[_NONCE:], None).decode()
    except (InvalidTag, ValueError) as error:
        raise PasswordUnreadable from error


def _cipher(secret_key: str) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=b"bordereau/mail/1").derive(secret_key.encode()))
