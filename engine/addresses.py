"""Addresses of mail, as far as we take them: what a hostile one could do is put a header, or a second receiver, into a letter."""

from __future__ import annotations

import re
from email.headerregistry import Address
from typing import Final

LONGEST: Final = 254

_PLAIN: Final = re.compile(
    r"(?P<local>[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    r"@(?P<domain>[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+)"
)


def is_address(found: str) -> bool:
    """Whether ``found`` is one plain address: no display name, no comment, no quotes, ASCII (every server takes it)."""
    return len(found) <= LONGEST and _PLAIN.fullmatch(found) is not None


def is_name(found: str) -> bool:
    """Whether ``found`` can stand before an address: something that prints, on one line."""
    return 0 < len(found) <= 120 and found.isprintable()


def header(address: str, name: str = "") -> Address:
    """The value of a header. Raises ValueError for what ``is_address`` refuses; a name that cannot stand there is left out."""
    if not is_address(address):
        raise ValueError("not a plain address")
    local, _, domain = address.rpartition("@")
    return Address(display_name=name if is_name(name) else "", username=local, domain=domain)
