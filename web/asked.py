"""What a list of documents is asked for by its address, and the addresses of its neighbouring pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for

from web import ui

PAGE = 50
"""How many documents a page shows."""
_LAST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """``q``: what was typed; ``shown``: the filter, as it was sent; ``customer``: a number or empty; ``after``: the id that ended the page
    before.
    """

    q: str
    shown: str
    customer: str
    after: int | None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Asked:
        """Read from the address; what is too long is cut, what is no number, or none that an id can be, is as near as can be."""
        after = given.get("after", "")[:20]
        return cls(
            q=given.get("q", "").strip()[:100],
            shown=given.get("shown", ""),
            customer=given.get("customer", "")[:40],
            after=max(0, min(int(after), _LAST_ID)) if after.isascii() and after.isdigit() else None,
        )

    def pager(self, endpoint: str, following: int | None) -> ui.Pager:
        """The first page, when this is a later one, and the page after ``following``, the last id of this one; None: there is none."""
        told = {"q": self.q, "shown": self.shown, "customer": self.customer}
        kept: dict[str, Any] = {name: value for name, value in told.items() if value}
        return ui.Pager(
            previous=url_for(endpoint, **kept) if self.after else None,
            next=url_for(endpoint, after=following, **kept) if following else None,
        )
