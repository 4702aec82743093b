r"""Patterns of XPath 3.1 (Functions and Operators §5.6.1, on XML Schema Part 2 appendix F) written for RE2, which is linear in the text.

The two grammars look alike and differ: classes of characters are subtracted, ``\i \c`` are the characters of XML names, ``\d \w \s``
are Unicode's, a dot stops at line feeds and carriage returns, ``x`` removes blanks. What XPath does not know (``\b``, lookahead, named
groups) is refused although RE2 knows some of it. Not supported, because nothing finds them in linear time: back references (``\1``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from engine.feel.functions.characters import Ranges, block, category, complement, difference, folded, joined

_BLANKS = " \t\n\r"
_SINGLE = {"n": "\n", "r": "\r", "t": "\t", **{sign: sign for sign in "\\|.?*+(){}-[]^$"}}
_SPACES: Ranges = ((9, 10), (13, 13), (32, 32))
_NAME_START: Ranges = (
    *(
        (0x3A, 0x3A),
        (0x41, 0x5A),
        (0x5F, 0x5F),
        (0x61, 0x7A),
        (0xC0, 0xD6),
        (0xD8, 0xF6),
        (0xF8, 0x2FF),
        (0x370, 0x37D),
    ),
    *((0x37F, 0x1FFF), (0x200C, 0x200D), (0x2070, 0x218F), (0x2C00, 0x2FEF), (0x3001, 0xD7FF), (0xF900, 0xFDCF)),
    *((0xFDF0, 0xFFFD), (0x10000, 0xEFFFF)),
)
_NAME: Ranges = joined(_NAME_START, ((0x2D, 0x2E), (0x30, 0x39), (0xB7, 0xB7), (0x300, 0x36F), (0x203F, 0x2040)))
_QUANTIFIER = re.compile(r"[?*+]\??|\{[0-9]{1,6}(?:,(?:[0-9]{1,6})?)?\}\??")
_COUNTED = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
_PROPERTY = re.compile(r"\{([A-Za-z0-9-]{1,60})\}")
_MAX_SUBTRACTIONS = 20
_MAX_TRANSLATED = 100_000


class _Refused(Exception):
    """The pattern is none of XPath's."""


@dataclass(frozen=True, slots=True)
class Translated:
    """A pattern for RE2. ``places``: how many characters and classes stand in it, those that are counted as often as they may come.

    ``is_bounded``: nothing in it may be repeated without end.
    """

    written: str
    places: int
    is_bounded: bool


def translated(pattern: str, flags: str) -> Translated | None:
    """``pattern`` for RE2, to be compiled with the case sensitivity that ``flags`` ask for; None when XPath 3.1 does not allow it.

    Flags: ``s`` (a dot takes everything), ``m`` (``^ $`` at every line), ``i`` (case does not matter), ``x`` (blanks say nothing), ``q``
    (the pattern is plain text).
    """
    if "q" in flags:
        return Translated("".join(map(_literal, pattern)), len(pattern), is_bounded=True)
    try:
        made = _Translation(_without_blanks(pattern) if "x" in flags else pattern, flags).whole()
    except _Refused:
        return None
    return made if len(made.written) <= _MAX_TRANSLATED else None


def _without_blanks(pattern: str) -> str:
    """Flag ``x``: blanks outside of character classes say nothing."""
    made: list[str] = []
    depth = 0
    is_escaped = False
    for character in pattern:
        if depth == 0 and character in _BLANKS:
            continue
        if not is_escaped:
            depth += {"[": 1, "]": -1}.get(character, 0)
        is_escaped = character == "\\" and not is_escaped
        made.append(character)
    return "".join(made)


def _literal(character: str) -> str:
    if character.isascii() and not character.isalnum():
        return f"\\x{ord(character):02x}"
    return character


class _Translation:
    """One walk over one pattern."""

    def __init__(self, pattern: str, flags: str) -> None:
        self._pattern = pattern
        self._index = 0
        self._ignores_case = "i" in flags
        self._dot = "(?s:.)" if "s" in flags else r"[^\n\r]"
        self._line = ("(?m:^)", "(?m:$)") if "m" in flags else (r"\A", r"\z")

    def whole(self) -> Translated:
        """All of it."""
        made: list[str] = []
        # places of the whole and of each group that is open
        places = [0]
        is_bounded = True
        while self._index < len(self._pattern):
            character = self._next()
            if character == "(":
                places.append(0)
                made.append(self._group())
                continue
            inside = 1
            if character == ")":
                inside = places.pop()
                if not places:
                    raise _Refused
            elif character == "|":
                made.append("|")
                continue
            made.append(self._atom(character))
            quantifier = _QUANTIFIER.match(self._pattern, self._index)
            if quantifier:
                made.append(quantifier.group())
                self._index = quantifier.end()
                times = _COUNTED.match(quantifier.group())
                if times is not None:
                    inside *= int(times[3] or times[1])
                is_bounded &= not times[2] or bool(times[3]) if times else quantifier.group().startswith("?")
            places[-1] += inside
        if len(places) > 1:
            raise _Refused
        return Translated("".join(made), places[0], is_bounded)

    def _next(self) -> str:
        if self._index >= len(self._pattern):
            raise _Refused
        self._index += 1
        return self._pattern[self._index - 1]

    def _peek(self, text: str) -> bool:
        return self._pattern.startswith(text, self._index)

    def _group(self) -> str:
        if self._peek("?:"):
            self._index += 2
            return "(?:"
        if self._peek("?"):
            raise _Refused
        return "("

    def _atom(self, character: str) -> str:
        if character == ")":
            return ")"
        if character == "[":
            return self._written(self._class(0))
        if character == "\\":
            following = self._next()
            if following in _SINGLE:
                return _literal(_SINGLE[following])
            return self._written(self._escaped(following))
        if character == ".":
            return self._dot
        if character in "^$":
            # a group, so that a quantifier may follow
            return f"(?:{self._line[character == '$']})"
        if character in "?*+{}]":
            raise _Refused
        return _literal(character)

    # --- sets of characters. Whether case matters is settled here: categories and blocks are not touched by it (XPath 3.1 §5.6.1.1)

    def _written(self, ranges: Ranges) -> str:
        return f"(?-i:{_written(ranges)})" if self._ignores_case else _written(ranges)

    def _class(self, depth: int) -> Ranges:
        """After ``[``: ``^``, characters, ranges and escapes, then perhaps ``-[…]`` taken away, then ``]``."""
        if depth > _MAX_SUBTRACTIONS:
            raise _Refused
        is_negated = self._peek("^")
        self._index += is_negated
        plain: list[tuple[int, int]] = []
        escaped: list[Ranges] = []
        taken: Ranges = ()
        while True:
            character = self._next()
            if character == "]" and (plain or escaped):
                break
            if character == "-" and self._peek("[") and (plain or escaped):
                self._index += 1
                taken = self._class(depth + 1)
                if self._next() != "]":
                    raise _Refused
                break
            if character in "[]":
                raise _Refused
            first = self._character(character)
            if isinstance(first, tuple):
                escaped.append(first)
                continue
            plain.append((first, self._last(first)))
        found = joined(tuple(plain))
        found = joined(folded(found) if self._ignores_case else found, *escaped)
        return difference(complement(found) if is_negated else found, taken)

    def _last(self, first: int) -> int:
        """The end of the range that ``first`` begins, or ``first``: a hyphen before ``]`` or ``-[`` is no range."""
        if not self._peek("-") or self._peek("-]") or self._peek("-["):
            return first
        self._index += 1
        character = self._next()
        last = self._character(character)
        if isinstance(last, tuple) or character in "[]" or last < first:
            raise _Refused
        return last

    def _character(self, character: str) -> int | Ranges:
        if character != "\\":
            return ord(character)
        following = self._next()
        return ord(_SINGLE[following]) if following in _SINGLE else self._escaped(following)

    def _escaped(self, letter: str) -> Ranges:
        r"""What ``\d``, ``\p{Lu}``, ``\P{IsGreek}`` mean."""
        if letter in "pP":
            found = self._property()
        elif letter in "dDsSwWiIcC":
            found = _named(letter.lower())
        else:
            raise _Refused
        return complement(found) if letter.isupper() else found

    def _property(self) -> Ranges:
        match = _PROPERTY.match(self._pattern, self._index)
        if match is None:
            raise _Refused
        self._index = match.end()
        name = match.group(1)
        found = block(name.removeprefix("Is")) if name.startswith("Is") else category(name)
        if found is None:
            raise _Refused
        return found


@lru_cache(maxsize=64)
def _written(ranges: Ranges) -> str:
    if not ranges:
        # nothing is in it, so nothing matches
        return r"[^\x00-\x{10ffff}]"
    inner = (f"\\x{{{first:x}}}" if first == last else f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in ranges)
    return f"[{''.join(inner)}]"


@lru_cache(maxsize=8)
def _named(letter: str) -> Ranges:
    if letter == "d":
        return category("Nd") or ()
    if letter == "w":
        return complement(joined(*(category(name) or () for name in "PZC")))
    return {"s": _SPACES, "i": _NAME_START, "c": _NAME}[letter]
