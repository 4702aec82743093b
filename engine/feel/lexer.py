"""Source text to tokens (DMN 1.5 §10.3.1.2, rules 21–37). Names with spaces are put together by the parser, which knows them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from engine.feel.errors import FeelSyntaxError
from engine.feel.habits import unreadable_sign

MAX_SOURCE_BYTES = 10_000

KEYWORDS = frozenset(
    (
        *("true", "false", "null", "and", "or", "if", "then", "else", "for", "in", "return", "some", "every"),
        *("satisfies", "instance", "of", "between", "function", "external"),
    )
)

Kind = Literal["number", "string", "at", "name", "sign", "end"]

# grammar rules 28 and 29 without the blanks that lie within their ranges; ª µ º are letters too
_START = (
    r"?A-Z_a-zªµº\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u167f\u1681-\u180d\u180f-\u1fff"
    r"\u200c\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufefe\uff00-\ufffd\U00010000-\U000effff"
)
_PART = _START + r"0-9\u00b7\u0300-\u036f\u203f\u2040"
WORD = f"[{_START}][{_PART}]*"
"""The pattern of one word of a name."""

# \s knows all blanks of rule 61 but these
_SPACE = r"[\s\u180e\u200b\ufeff]"
_TOKEN = re.compile(
    rf"""
    (?P<space> {_SPACE}+ | //[^\n]* | /\*(?:[^*]|\*(?!/))*\*/ )
  | (?P<number> (?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)? )
  | (?P<at> @"(?:[^"\\]|\\.)*" )
  | (?P<string> "(?:[^"\\]|\\.)*" )
  | (?P<name> {WORD} )
  | (?P<sign> \*\*|\.\.|->|<=|>=(?!=)|!=(?!=)|/(?!\*)|=(?![=<>])|[-+*<>()\[\]{{}},:.'] )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Token:
    """``text`` as written; ``start`` and ``end`` are offsets in the source."""

    kind: Kind
    text: str
    start: int
    end: int


def tokens_of(source: str) -> list[Token]:
    """All tokens of ``source`` and a last one of kind ``end``. Raises FeelSyntaxError."""
    try:
        size = len(source.encode("utf-8"))
    except UnicodeEncodeError as error:
        found_text = f"U+{ord(source[error.start]):04X}"
        raise FeelSyntaxError("feel_character", error.start, length=1, found=found_text) from error
    if size > MAX_SOURCE_BYTES:
        raise FeelSyntaxError("feel_source_too_long", MAX_SOURCE_BYTES, length=0, limit=MAX_SOURCE_BYTES)
    found: list[Token] = []
    position = 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:
            raise _unreadable(source, position)
        kind = match.lastgroup
        if kind != "space":
            found.append(Token(kind, match.group(), position, match.end()))  # type: ignore[arg-type]
        position = match.end()
    found.append(Token("end", "", len(source), len(source)))
    return found


def _unreadable(source: str, position: int) -> FeelSyntaxError:
    rest = len(source) - position
    if source.startswith(('"', '@"'), position):
        return FeelSyntaxError("feel_string_not_closed", position, length=rest)
    if source.startswith("/*", position):
        return FeelSyntaxError("feel_comment_not_closed", position, length=rest)
    return unreadable_sign(source, position)


def text_of(literal: str) -> str:
    """What a string literal (with its quotes) means."""
    inner = literal[1:-1]
    if "\\" not in inner:
        return inner

    def replaced(match: re.Match[str]) -> str:
        short, long, other = match.groups()
        if short or long:
            point = int(short or long, 16)
            return chr(point) if point <= 0x10FFFF else "\ufffd"
        # XPath-like escapes of patterns (\d, \s) stay as they are written: DMN 1.5 knows only the listed ones
        return _ESCAPED.get(other, other if other in "\"'\\" else "\\" + other)

    # a pair of \uD83D\uDCA9 is one character
    joined = _ESCAPE.sub(replaced, inner)
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
