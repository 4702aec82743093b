"""*Did you mean*: the nearest known name to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` most likely means, or None. Spaces, underscores and capitals do not count."""
    plain = {_plain(each): each for each in sorted(known)}
    wanted = _plain(name[:100])
    if wanted in plain:
        return plain[wanted]
    found = get_close_matches(wanted, plain, n=1, cutoff=0.75)
    return plain[found[0]] if found else None


def _plain(name: str) -> str:
    return name.replace(" ", "").replace("_", "").casefold()
