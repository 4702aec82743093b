"""Functions on strings (DMN 1.5 §10.3.4.3). Patterns run on RE2, whose time is linear in the text: no pattern can stall the engine."""

from __future__ import annotations

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


@builtin("matches(input: string, pattern: string, flags: string or null?)")
def matches(budget: Budget, text: str, pattern: str, flags: str | None = None) -> Value:
    """Whether the pattern (XPath 3.1) matches somewhere."""
    compiled = _compiled(pattern, flags or "")
    if compiled is None:
        return None
    _charge(compiled, text, budget)
    return compiled.search(text) is not None


@builtin("replace(input: string, pattern: string, replacement: string, flags: string or null?)")
def replace(budget: Budget, text: str, pattern: str, replacement: str, flags: str | None = None) -> Value:
    """Every match replaced; ``$1`` is the first group. Null for a pattern that matches nothing at all (XPath 3.1 §5.6.4)."""
    compiled = _compiled(pattern, flags or "")
    pieces = [replacement] if flags and "q" in flags else _pieces(replacement)
    if compiled is None or pieces is None or compiled.search("") is not None:
        return None
    _charge(compiled, text, budget)
    made: list[str] = []
    length = end = 0
    for match in compiled.finditer(text):
        parts = [
            text[end : match.start()],
            *(_group(match, piece) if isinstance(piece, int) else piece for piece in pieces),
        ]
        length += sum(map(len, parts))
        budget.spend(len(parts))
        if length > MAX_TEXT:
            raise FeelFailure("feel_text_too_long", limit=MAX_TEXT)
        made.extend(parts)
        end = match.end()
    return "".join(made) + text[end:]


@builtin("split(string: string, delimiter: string)")
def split(budget: Budget, text: str, delimiter: str) -> Value:
    """The parts between the matches of a pattern."""
    compiled = _compiled(delimiter, "")
    if compiled is None or compiled.search("") is not None:
        return None
    _charge(compiled, text, budget)
    made: list[Value] = []
    end = 0
    for match in compiled.finditer(text):
        made.append(text[end : match.start()])
        end = match.end()
        budget.spend(1)
    return [*made, text[end:]]


@builtin("extract(input: string, pattern: string)")
def extract(budget: Budget, text: str, pattern: str) -> Value:
    """All that matches a pattern (an extension shared with other engines)."""
    compiled = _compiled(pattern, "")
    if compiled is None:
        return None
    _charge(compiled, text, budget)
    found: list[Value] = []
    for match in compiled.finditer(text):
        budget.spend(1)
        found.append(match.group())
    return found


@lru_cache(maxsize=256)
def _compiled(pattern: str, flags: str) -> Any:
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
    try:
        return re2.compile(f"(?{inline})(?:{pattern})" if inline else pattern, options)
    except re2.error:
        return None


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


def _charge(compiled: Any, text: str, budget: Budget) -> None:
    """RE2 may need one step per character and instruction of the pattern."""
    budget.text(len(text))
    budget.spend(len(text) * compiled.programsize // 4_000)


def _pieces(replacement: str) -> list[str | int] | None:
    """Literal text and group numbers of a replacement; None when a backslash or ``$`` stands alone."""
    made: list[str | int] = []
    index = 0
    while index < len(replacement):
        character, following = replacement[index], replacement[index + 1 : index + 2]
        if character == "\\":
            if following not in ("\\", "$"):
                return None
            made.append(following)
            index += 2
        elif character == "$":
            if not following.isascii() or not following.isdigit():
                return None
            made.append(int(following))
            index += 2
        else:
            made.append(character)
            index += 1
    return made


def _group(match: Any, number: int) -> str:
    return (match.group(number) or "") if number <= match.re.groups else ""
