"""The key that signs checkpoints: Ed25519, in a file outside the database, which only its owner may read.

Whoever holds all rights on the database, and not this file, cannot make a checkpoint that its public half accepts. That half is no secret:
it stands in every checkpoint, and whoever receives checkpoints is to be told it by another way once.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.errors import WrongState


class KeyUnusable(WrongState):
    """There is no signing key where it should be, or it cannot be used."""

    default_code = "history_key_unreadable"


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs."""

    _private: Ed25519PrivateKey

    @property
    def public_key(self) -> bytes:
        """Its public half, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    def sign(self, content: bytes) -> bytes:
        """The signature over ``content``, 64 bytes."""
        return self._private.sign(content)


def ensure_key(file: Path) -> None:
    """Make a key in ``file`` (mode 0600) unless there is one; of two that try at once, one wins and both use its key."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    content = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    made = file.with_name(f".{file.name}.{os.getpid()}")
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())  # a key that signed something and is lost with the power would look like a forger's
    with suppress(FileExistsError):
        os.link(made, file)
    made.unlink()


def load(file: Path) -> Signer | None:
    """The key in ``file``; None when there is no such file. Raises KeyUnusable: others may read it, or it is no key of this kind."""
    try:
        mode, content = file.stat().st_mode, file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyUnusable(None, file=str(file), reason=str(error.strerror)) from error
    if mode & 0o077:
        raise KeyUnusable("history_key_open", file=str(file))
    try:
        found = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        raise KeyUnusable(None, file=str(file), reason=type(error).__name__) from error
    if not isinstance(found, Ed25519PrivateKey):
        raise KeyUnusable(None, file=str(file), reason=type(found).__name__)
    return Signer(found)
