"""Functions on strings (DMN 1.5 §10.3.4.3). Patterns run on RE2, whose time is linear in the text: no pattern can stall the engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import re2

from engine.feel.errors import FeelFailure
from engine.feel.functions.patterns import Translated, translated
from engine.feel.functions.registry import builtin
from engine.feel.numbers import whole
from engine.feel.operations import MAX_TEXT, Budget, normal
from engine.feel.values import Value

_MAX_PATTERN = 2_000
_PATTERN_MEMORY = 1 << 22
_TRANSLATION_STEPS = 10
_REFUSAL_STEPS = 20_000
"""RE2 refuses a pattern for its size after as much work as it would have been."""
_FEW_PLACES = 8
_TRIED_BY_FEW = 16_000
_TRIED_FOR_GROUPS = 1_000
_TRIED_BY_MANY = 250
"""Instructions that are tried in the time of a step: where tables stay small, where groups are asked for, and by others at worst."""
_GROUP = re.compile(r"[0-9]{1,4}")


@builtin("string length(string: string) -> number")
def string_length(text: str) -> Value:
    """The number of characters."""
    return Decimal(len(text))


@builtin("upper case(string: string) -> string")
def upper_case(budget: Budget, text: str) -> Value:
    """In capitals."""
    budget.text(len(text))
    return text.upper()


@builtin("lower case(string: string) -> string")
def lower_case(budget: Budget, text: str) -> Value:
    """In small letters."""
    budget.text(len(text))
    return text.lower()


@builtin("trim(string: string) -> string")
def trim(budget: Budget, text: str) -> Value:
    """Without the blanks at both ends (an extension shared with other engines)."""
    budget.text(len(text))
    return text.strip()


@builtin("substring(string: string, start position: number, length: number or null?) -> string")
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


@builtin("substring before(string: string, match: string) -> string")
def substring_before(budget: Budget, text: str, match: str) -> Value:
    """What stands before the first ``match``; empty without one."""
    budget.text(len(text))
    return text.partition(match)[0] if match and match in text else ""


@builtin("substring after(string: string, match: string) -> string")
def substring_after(budget: Budget, text: str, match: str) -> Value:
    """What stands after the first ``match``; empty without one."""
    budget.text(len(text))
    return text.partition(match)[2] if match else text


@builtin("contains(string: string, match: string) -> boolean")
def contains(budget: Budget, text: str, match: str) -> Value:
    """Whether ``match`` stands in it."""
    budget.text(len(text))
    return match in text


@builtin("starts with(string: string, match: string) -> boolean")
def starts_with(text: str, match: str) -> Value:
    """Whether it begins with ``match``."""
    return text.startswith(match)


@builtin("ends with(string: string, match: string) -> boolean")
def ends_with(text: str, match: str) -> Value:
    """Whether it ends with ``match``."""
    return text.endswith(match)


@builtin("string join(list: list, delimiter: string or null?) -> string")
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
    read: Translated


@builtin("matches(input: string, pattern: string, flags: string or null?) -> boolean")
def matches(budget: Budget, text: str, pattern: str, flags: str | None = None) -> Value:
    """Whether the pattern (XPath 3.1) matches somewhere."""
    found = _pattern(pattern, flags or "", budget)
    if found is None:
        return None
    encoded = text.encode("utf-8", "replace")
    _charge(found, len(encoded), budget)
    return found.compiled.search(encoded) is not None


@builtin("replace(input: string, pattern: string, replacement: string, flags: string or null?) -> string")
def replace(budget: Budget, text: str, pattern: str, replacement: str, flags: str | None = None) -> Value:
    """Every match replaced; ``$1`` is the first group. Null for a pattern that matches the empty text (XPath 3.1 §5.6.4)."""
    is_plain = flags is not None and "q" in flags
    found = _pattern(pattern, flags or "", budget, wants_groups="$" in replacement and not is_plain)
    if found is None or found.takes_nothing:
        return None
    pieces = [replacement.encode("utf-8", "replace")] if is_plain else _pieces(replacement, found.compiled.groups)
    if pieces is None:
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


@builtin("split(string: string, delimiter: string) -> list<string>")
def split(budget: Budget, text: str, delimiter: str) -> Value:
    """The parts between the matches of a pattern."""
    found = _pattern(delimiter, "", budget)
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


@builtin("extract(input: string, pattern: string) -> list<string>")
def extract(budget: Budget, text: str, pattern: str) -> Value:
    """All that matches a pattern (an extension shared with other engines)."""
    found = _pattern(pattern, "", budget)
    if found is None:
        return None
    made = [match.group().decode() for match in _every(found, text.encode("utf-8", "replace"), budget)]
    budget.items(len(made))
    return made


def _pattern(pattern: str, flags: str, budget: Budget, *, wants_groups: bool = False) -> _Pattern | None:
    """The pattern for RE2, or None when it or its flags are not allowed. Flags: ``s m i x q`` (XPath 3.1 §5.6.1.1).

    ``wants_groups``: what each group took will be asked for. That costs more than finding where a match begins and ends.
    """
    if len(pattern) > _MAX_PATTERN or (flags and not set(flags) <= set("smixq")):
        return None
    found, steps = _prepared(pattern, flags and "".join(sorted(set(flags))), wants_groups=wants_groups)
    budget.prepare((pattern, flags), steps)
    return found


@lru_cache(maxsize=128)
def _prepared(pattern: str, flags: str, *, wants_groups: bool) -> tuple[_Pattern | None, int]:
    """The pattern, and the steps that it takes to make: one for an instruction of RE2, which is what making it takes time for."""
    translation = _TRANSLATION_STEPS * len(pattern)
    read = translated(pattern, flags)
    if read is None:
        return None, translation
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _PATTERN_MEMORY
    options.case_sensitive = "i" not in flags
    options.never_capture = not wants_groups
    try:
        compiled = re2.compile(read.written.encode("utf-8", "replace"), options)
    except re2.error:
        return None, translation + _REFUSAL_STEPS
    size = compiled.programsize
    return _Pattern(compiled, size, compiled.search(b"") is not None, read), translation + size


def _every(pattern: _Pattern, encoded: bytes, budget: Budget) -> Iterator[Any]:
    """All matches. Each search may read the text to its end: one after the other is quadratic, so each is charged.

    Only where no match can be long, a search reads little more than what it finds.
    """
    _charge(pattern, len(encoded), budget)
    # no instruction without repetition takes a second byte
    reach = pattern.size if pattern.read.is_bounded else len(encoded)
    for match in pattern.compiled.finditer(encoded):
        yield match
        _charge(pattern, min(len(encoded) - match.end(), reach), budget)


def _charge(pattern: _Pattern, length: int, budget: Budget) -> None:
    """RE2 reads 256 bytes in the time of a step, as long as the tables that it makes while it reads stay small.

    Patterns of many places may need tables without end (``(a|b)*a(a|b){20}``): then every byte is tried on each instruction.
    """
    if length > MAX_TEXT * 4:
        raise FeelFailure("feel_text_too_long", limit=MAX_TEXT)
    tried = _TRIED_FOR_GROUPS if pattern.compiled.groups else _TRIED_BY_FEW
    if pattern.read.places > _FEW_PLACES:
        tried = _TRIED_BY_MANY
    budget.spend(1 + length // 256 + length * pattern.size // tried)


def _pieces(replacement: str, groups: int) -> list[bytes | int] | None:
    """Literal text and group numbers of a replacement; None when a backslash or ``$`` stands alone.

    ``$12`` is the twelfth group where there are so many, else the first and a 2 (XPath 3.1 §5.6.4).
    """
    made: list[bytes | int] = []
    index = 0
    while index < len(replacement):
        character = replacement[index]
        index += 1
        if character == "\\":
            if replacement[index : index + 1] not in ("\\", "$"):
                return None
            made.append(replacement[index].encode())
            index += 1
        elif character == "$":
            digits = _GROUP.match(replacement, index)
            if digits is None:
                return None
            number = digits.group()
            while len(number) > 1 and int(number) > groups:
                number = number[:-1]
            made.append(int(number))
            index += len(number)
        else:
            made.append(character.encode("utf-8", "replace"))
    return made


def _group(match: Any, number: int) -> bytes:
    return (match.group(number) or b"") if number <= match.re.groups else b""
