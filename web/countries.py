"""The countries of an address."""

from __future__ import annotations

from babel import Locale

from web import ui

_NO_PLACES = frozenset({"ZZ", "EU", "EZ", "UN", "QO", "XA", "XB"})


def countries() -> list[tuple[str, str]]:
    """Code and name in the person's language, by name, France first."""
    named = {
        code: name
        for code, name in Locale(ui.locale()).territories.items()
        if len(code) == 2 and code not in _NO_PLACES
    }
    return [("FR", named.pop("FR")), *sorted(named.items(), key=lambda each: each[1])]
