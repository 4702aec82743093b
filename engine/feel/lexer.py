"""Source text to tokens (DMN 1.5 §10.3.1.2, rules 21–37). Names with spaces are put together by the parser, which knows them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from engine.feel.errors import FeelSyntaxError

MAX_SOURCE_BYTES = 10_000

Kind = Literal["number", "string", "at", "name", "sign", "end"]

_TOKEN = re.compile(
    r"""
    (?P<space> [\s\ufeff]+ | //[^\n]* | /\*(?:[^*]|\*(?!/))*\*/ )
  | (?P<number> (?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)? )
  | (?P<at> @"(?:[^"\\]|\\.)*" )
  | (?P<string> "(?:[^"\\]|\\.)*" )
  | (?P<name> (?:[^\W\d]|[?\u200c\u200d\u2070-\u218f\U00010000-\U000effff])(?:\w|[?\u00b7\u200c\u200d\u203f\u2040\U00010000-\U000effff])* )
  | (?P<sign> \*\*|\.\.|->|<=|>=|!=|/(?!\*)|[-+*<>=()\[\]{},:.'] )
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
        raise FeelSyntaxError("feel_character", error.start, found=f"U+{ord(source[error.start]):04X}") from error
    if size > MAX_SOURCE_BYTES:
        raise FeelSyntaxError("feel_source_too_long", MAX_SOURCE_BYTES, limit=MAX_SOURCE_BYTES)
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
    if source.startswith(('"', '@"'), position):
        return FeelSyntaxError("feel_string_not_closed", position)
    if source.startswith("/*", position):
        return FeelSyntaxError("feel_comment_not_closed", position)
    return FeelSyntaxError("feel_character", position, found=source[position])


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
