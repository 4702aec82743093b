"""Functions on strings (DMN 1.5 §10.3.4.3). Patterns run on RE2, whose time is linear in the text: no pattern can stall the engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import re2

from engine.feel.errors import FeelFailure
from engine.feel.functions.registry import builtin
from engine.feel.numbers import whole
from engine.feel.operations import MAX_TEXT, Budget, normal
from engine.feel.values import Value

_MAX_PATTERN = 2_000
_PATTERN_MEMORY = 1 << 20


@builtin("string length(string: string)")
def string_length(text: str) -> Value:
    """The number of characters."""
    return Decimal(len(text))


@builtin("upper case(string: string)")
def upper_case(budget: Budget, text: str) -> Value:
    """In capitals."""
    budget.text(len(text))
    return text.upper()


@builtin("lower case(string: string)")
def lower_case(budget: Budget, text: str) -> Value:
    """In small letters."""
    budget.text(len(text))
    return text.lower()


@builtin("trim(string: string)")
def trim(budget: Budget, text: str) -> Value:
    """Without the blanks at both ends (an extension shared with other engines)."""
    budget.text(len(text))
    return text.strip()


@builtin("substring(string: string, start position: number, length: number or null?)")
def substring(budget: Budget, text: str, start: Decimal, length: Decimal | None = None) -> Value:
    """From a position (1 is the first, -1 the last), ``length`` characters or the rest."""
    budget.text(len(text))
    position = whole(start)
    if position is None or position == 0 or abs(position) > len(text):
        return None
    first = position - 1 if position > 0 else len(text) + position
    if length is None:
        return text[first:]
    size = int(length) if length.is_finite() and abs(length) < MAX_TEXT * 10 else None
    return None if size is None or size < 1 else text[first : first + size]


@builtin("substring before(string: string, match: string)")
def substring_before(budget: Budget, text: str, match: str) -> Value:
    """What stands before the first ``match``; empty without one."""
    budget.text(len(text))
    return text.partition(match)[0] if match and match in text else ""


@builtin("substring after(string: string, match: string)")
def substring_after(budget: Budget, text: str, match: str) -> Value:
    """What stands after the first ``match``; empty without one."""
    budget.text(len(text))
    return text.partition(match)[2] if match else text


@builtin("contains(string: string, match: string)")
def contains(budget: Budget, text: str, match: str) -> Value:
    """Whether ``match`` stands in it."""
    budget.text(len(text))
    return match in text


@builtin("starts with(string: string, match: string)")
def starts_with(text: str, match: str) -> Value:
    """Whether it begins with ``match``."""
    return text.startswith(match)


@builtin("ends with(string: string, match: string)")
def ends_with(text: str, match: str) -> Value:
    """Whether it ends with ``match``."""
    return text.endswith(match)


@builtin("string join(list: list, delimiter: string or null?)")
def string_join(budget: Budget, items: list[Value], delimiter: str | None = None) -> Value:
    """The texts of a list in one; null among them is passed over."""
    texts = [normal(item) for item in items if item is not None]
    if any(type(text) is not str for text in texts):
        return None
    glue = delimiter or ""
    budget.items(len(items))
    budget.text(sum(map(len, texts)) + len(glue) * len(texts))
    return glue.join(texts)


# --- patterns
#
# RE2 works on UTF-8; patterns and texts go in as bytes, because its wrapper spends most of its time on translating offsets of characters.


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A pattern ready to run. ``size`` is the number of its instructions; ``takes_nothing``: it matches the empty text."""

    compiled: Any
    size: int
    takes_nothing: bool


@builtin("matches(input: string, pattern: string, flags: string or null?)")
def matches(budget: Budget, text: str, pattern: str, flags: str | None = None) -> Value:
    """Whether the pattern (XPath 3.1) matches somewhere."""
    found = _pattern(pattern, flags or "")
    if found is None:
        return None
    encoded = text.encode("utf-8", "replace")
    _charge(found, len(encoded), budget)
    return found.compiled.search(encoded) is not None


@builtin("replace(input: string, pattern: string, replacement: string, flags: string or null?)")
def replace(budget: Budget, text: str, pattern: str, replacement: str, flags: str | None = None) -> Value:
    """Every match replaced; ``$1`` is the first group. Null for a pattern that matches the empty text (XPath 3.1 §5.6.4)."""
    found = _pattern(pattern, flags or "")
    pieces = [replacement.encode("utf-8", "replace")] if flags and "q" in flags else _pieces(replacement)
    if found is None or pieces is None or found.takes_nothing:
        return None
    made: list[bytes] = []
    encoded = text.encode("utf-8", "replace")
    length = end = 0
    for match in _every(found, encoded, budget):
        parts = [
            encoded[end : match.start()],
            *(_group(match, piece) if isinstance(piece, int) else piece for piece in pieces),
        ]
        length += sum(map(len, parts))
        budget.spend(len(parts))
        if length > MAX_TEXT:
            raise FeelFailure("feel_text_too_long", limit=MAX_TEXT)
        made.extend(parts)
        end = match.end()
    return (b"".join(made) + encoded[end:]).decode()


@builtin("split(string: string, delimiter: string)")
def split(budget: Budget, text: str, delimiter: str) -> Value:
    """The parts between the matches of a pattern."""
    found = _pattern(delimiter, "")
    if found is None or found.takes_nothing:
        return None
    made: list[Value] = []
    encoded = text.encode("utf-8", "replace")
    end = 0
    for match in _every(found, encoded, budget):
        made.append(encoded[end : match.start()].decode())
        end = match.end()
    budget.items(len(made) + 1)
    return [*made, encoded[end:].decode()]


@builtin("extract(input: string, pattern: string)")
def extract(budget: Budget, text: str, pattern: str) -> Value:
    """All that matches a pattern (an extension shared with other engines)."""
    found = _pattern(pattern, "")
    if found is None:
        return None
    made = [match.group().decode() for match in _every(found, text.encode("utf-8", "replace"), budget)]
    budget.items(len(made))
    return made


@lru_cache(maxsize=256)
def _pattern(pattern: str, flags: str) -> _Pattern | None:
    """The pattern for RE2, or None when it or its flags are not allowed. Flags: ``s m i x q`` (XPath 3.1 §5.6.1.1)."""
    if len(pattern) > _MAX_PATTERN or not set(flags) <= set("smixq"):
        return None
    if "q" in flags:
        pattern = re2.escape(pattern)
    elif "x" in flags:
        pattern = _without_blanks(pattern)
    inline = "".join(flag for flag in "sm" if flag in flags and "q" not in flags)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _PATTERN_MEMORY
    options.case_sensitive = "i" not in flags
    whole = f"(?{inline})(?:{pattern})" if inline else pattern
    try:
        compiled = re2.compile(whole.encode("utf-8", "replace"), options)
    except re2.error:
        return None
    return _Pattern(compiled, compiled.programsize, compiled.search(b"") is not None)


def _without_blanks(pattern: str) -> str:
    """Flag ``x``: blanks outside of character classes say nothing."""
    made: list[str] = []
    depth = 0
    previous = ""
    for character in pattern:
        is_escaped = previous == "\\"
        if not is_escaped:
            depth += {"[": 1, "]": -1}.get(character, 0)
        if depth > 0 or character not in " \t\n\r":
            made.append(character)
        previous = "" if is_escaped else character
    return "".join(made)


def _every(pattern: _Pattern, encoded: bytes, budget: Budget) -> Iterator[Any]:
    """All matches. Each search may read the text to its end: one after the other is quadratic, so each is charged."""
    _charge(pattern, len(encoded), budget)
    for match in pattern.compiled.finditer(encoded):
        yield match
        _charge(pattern, len(encoded) - match.end(), budget)


def _charge(pattern: _Pattern, length: int, budget: Budget) -> None:
    """RE2 reads 256 characters in the time of a step; when a pattern is too large for its tables, one instruction at a time."""
    if length > MAX_TEXT * 4:
        raise FeelFailure("feel_text_too_long", limit=MAX_TEXT)
    budget.spend(1 + length // 256 + length * pattern.size // 16_000)


def _pieces(replacement: str) -> list[bytes | int] | None:
    """Literal text and group numbers of a replacement; None when a backslash or ``$`` stands alone."""
    made: list[bytes | int] = []
    index = 0
    while index < len(replacement):
        character, following = replacement[index], replacement[index + 1 : index + 2]
        if character == "\\":
            if following not in ("\\", "$"):
                return None
            made.append(following.encode())
            index += 2
        elif character == "$":
            if not following.isascii() or not following.isdigit():
                return None
            made.append(int(following))
            index += 2
        else:
            made.append(character.encode("utf-8", "replace"))
            index += 1
    return made


def _group(match: Any, number: int) -> bytes:
    return (match.group(number) or b"") if number <= match.re.groups else b""
