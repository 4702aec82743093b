"""*Did you mean*: the nearest known name to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from engine.feel.habits import FUNCTIONS


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` most likely means, or None. Spaces, underscores and capitals do not count."""
    plain = {_plain(each): each for each in sorted(known)}
    wanted = _plain(name[:100])
    if wanted in plain:
        return plain[wanted]
    elsewhere = FUNCTIONS.get(wanted)
    if elsewhere is not None and plain.get(_plain(elsewhere)) == elsewhere:
        return elsewhere
    found = get_close_matches(wanted, plain, n=1, cutoff=0.75)
    if found:
        return plain[found[0]]
    # two letters that changed places ("adn") count as one mistake, not as two
    swapped = {wanted[:at] + wanted[at + 1] + wanted[at] + wanted[at + 2 :] for at in range(len(wanted) - 1)}
    meant = next((plain[each] for each in sorted(swapped) if each in plain), None)
    return meant or _misspelt_elsewhere(wanted, plain)


def _misspelt_elsewhere(wanted: str, plain: Mapping[str, str]) -> str | None:
    """The known function that has another name elsewhere, and that one misspelt ("uper")."""
    for each in get_close_matches(wanted, FUNCTIONS, n=1, cutoff=0.8):
        found = plain.get(_plain(FUNCTIONS[each]))
        if found == FUNCTIONS[each]:
            return found
    return None


def _plain(name: str) -> str:
    return name.replace(" ", "").replace("_", "").casefold()
