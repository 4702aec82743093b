"""Known names of more than one token (``unit price``, ``a-b``, ``date and time``), found in a row of tokens."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from itertools import pairwise

from engine.feel.errors import FeelSyntaxError
from engine.feel.lexer import Token, tokens_of

_SIMPLE = re.compile(r"[^\W\d]\w*")
_OPERATORS = frozenset("+-*/")


class Names:
    """Known names, found by their first token, longest first."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], tuple[bool, ...], str]]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Know ``name`` from now on; single words need no knowing."""
        texts, gaps = _split(name)
        if len(texts) > 1:
            known = self._by_first.setdefault(texts[0], [])
            if all((texts, gaps) != other[:2] for other in known):
                known.append((texts, gaps, name))
                known.sort(key=lambda entry: -len(entry[0]))

    def copy(self) -> Names:
        """The same names, to add more for a while."""
        made = Names()
        made._by_first.update((first, list(known)) for first, known in self._by_first.items())
        return made

    def match(self, tokens: list[Token], index: int) -> tuple[str, int] | None:
        """The longest known name that begins at ``index``, with the number of its tokens.

        ``a-b`` is the name when it is known, but ``a - b`` is a subtraction: around an operator, blanks that the name has not count.
        """
        best: tuple[str, int] | None = None
        for texts, gaps, name in self._by_first.get(tokens[index].text, ()):
            if best is not None and best[1] > len(texts):
                break
            found = tokens[index : index + len(texts)]
            if (
                len(found) == len(texts)
                and all(token.text == text for token, text in zip(found, texts, strict=True))
                and all(token.kind not in ("string", "at") for token in found)
                and not _is_spread(found, gaps)
            ):
                if gaps == gaps_of(found):
                    return name, len(texts)
                best = best or (name, len(texts))
        return best


@lru_cache(maxsize=4096)
def _split(name: str) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    """The tokens of ``name`` and the gaps between them; none when there is nothing to know, or nothing that could be written."""
    if _SIMPLE.fullmatch(name):
        return (), ()
    try:
        tokens = tokens_of(name)[:-1]
    except FeelSyntaxError:
        return (), ()
    return tuple(token.text for token in tokens), gaps_of(tokens)


@lru_cache(maxsize=16)
def fixed(names: Collection[str]) -> Names:
    """``names`` that are the same for many sources; nothing is to be added to them but in a copy."""
    return Names(names)


def _is_spread(tokens: list[Token], gaps: tuple[bool, ...]) -> bool:
    """Whether a blank stands beside an operator where the name has none."""
    return any(
        is_gap and not may_be and (one.text in _OPERATORS or other.text in _OPERATORS)
        for is_gap, may_be, (one, other) in zip(gaps_of(tokens), gaps, pairwise(tokens), strict=True)
    )


def gaps_of(tokens: list[Token]) -> tuple[bool, ...]:
    """Whether there is anything between every two neighbours, be it a blank or a comment."""
    return tuple(one.end != other.start for one, other in pairwise(tokens))


def words_of(tokens: list[Token]) -> str:
    """A name as it is known, whatever stands between its words."""
    parts = [tokens[0].text]
    for token, is_gap in zip(tokens[1:], gaps_of(tokens), strict=True):
        parts.append(f" {token.text}" if is_gap else token.text)
    return "".join(parts)
