"""Words for searching cases and records: what people type is compared by the beginnings of words, without case and accents. Pure.

PostgreSQL's own configurations are not asked: they know one language each, and order numbers are no words of any.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

LONGEST_WORD: Final = 60
MOST_WORDS: Final = 200
MOST_ASKED: Final = 10

_WORD = re.compile(r"[^\W_]+")


def words_of(texts: Iterable[str]) -> list[str]:
    """The words of ``texts``, each once, in order: at most ``MOST_WORDS``, cut at ``LONGEST_WORD`` characters."""
    found: dict[str, None] = {}
    for each in texts:
        for word in _WORD.findall(_plain(each)):
            found.setdefault(word[:LONGEST_WORD])
            if len(found) == MOST_WORDS:
                return list(found)
    return list(found)


def query_of(typed: str) -> str | None:
    """What was typed as a ``tsquery``: every word must begin a word of what is found. None when there is no word in it."""
    asked = words_of([typed[:1_000]])[:MOST_ASKED]
    # words are letters and digits only: nothing in them is syntax
    return " & ".join(f"'{each}':*" for each in asked) or None


def _plain(text: str) -> str:
    """Without case and accents; œ and ß as people type them."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("æ", "ae"))
    return "".join(each for each in decomposed if not unicodedata.combining(each)).replace("\0", " ")
