"""Two people who write one draft of sales at the same moment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.web.conftest import Browser

SEEN = re.compile(r'name="seen" value="([0-9]+)"')
OVER = re.compile(r'name="over" value="([0-9]+)"')
FIRST, SECOND = "De qui enregistre d’abord", "De qui enregistre ensuite"
"""The subjects that they write."""


def two_at_one_draft(
    one: Browser, other: Browser, address: str, form: Mapping[str, Any], first: Mapping[str, Any] | None = None
) -> str:
    """Both open the draft; ``one`` saves it, with what ``first`` says too, and ``other`` is told before theirs is written over it.

    Gives the page on which they were told; the draft has the second subject then.
    """
    seen, seen_by_other = (SEEN.findall(each.get(address).text)[0] for each in (one, other))
    saving = dict(form) | {"act": "save"}
    mine = dict(form) | {"subject": SECOND, "seen": seen_by_other}
    assert one.post(address, saving | {"subject": FIRST, "seen": seen} | dict(first or {})).status_code == 303
    refused = other.post(address, mine | {"act": "save"})
    assert refused.status_code == 422
    assert f'value="{SECOND}"' in refused.text, "what was typed stays"
    assert FIRST in refused.text, "and what the other wrote is told"
    (told,) = OVER.findall(refused.text)
    assert one.post(address, saving | {"subject": f"{FIRST} encore", "seen": told}).status_code == 303
    late = other.post(address, mine | {"over": told})
    assert late.status_code == 422, "what nobody was told of is not written over"
    assert f"{FIRST} encore" in late.text
    (told,) = OVER.findall(late.text)
    assert other.post(address, mine | {"over": told}).status_code == 303
    (now,) = SEEN.findall(one.get(address).text)
    assert 'name="over"' not in one.post(address, saving | {"email": "non", "seen": now}).text
    return str(refused.text)
