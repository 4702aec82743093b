"""What a person names on the command line: files, bounded before they are read, and JSON with exact numbers."""

from __future__ import annotations

import json
import re
import sys
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from engine.commands.speaking import AskedWrongly

LARGEST = 5_000_000
"""Bytes of a file of JSON or of an expression; files of decisions and processes have limits of their own, of the same size."""

DEEPEST = 100
"""Levels of JSON."""

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,5})?")
_LONGEST_NUMBER, _DIGITS, _LARGEST_EXPONENT = 1_000, 34, 6_000


def read_bytes(path: Path, most: int = LARGEST) -> bytes | None:
    """The content of a file, None when it has more than ``most`` bytes: its size is asked before anything is read.

    ``-`` is standard input. Raises AskedWrongly when the file cannot be read.
    """
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(most + 1)
        else:
            if path.stat().st_size > most:
                return None
            with path.open("rb") as stream:
                content = stream.read(most + 1)  # a pipe has no size
    except FileNotFoundError as error:
        raise AskedWrongly("cli_path_not_found", path=str(path)) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise AskedWrongly("cli_file_unreadable", path=str(path), reason=reason) from error
    return None if len(content) > most else content


def text_of(given: str) -> tuple[str, str]:
    """What ``given`` means, and where it comes from: itself, ``@file``, or ``-`` for standard input.

    Raises AskedWrongly: not there, too large, not UTF-8.
    """
    if given != "-" and not given.startswith("@"):
        return given, ""
    path = Path(given.removeprefix("@"))
    content = read_bytes(path)
    if content is None:
        raise AskedWrongly("cli_file_too_large", path=str(path), limit=LARGEST)
    try:
        return content.decode("utf-8-sig"), str(path)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise AskedWrongly("cli_file_not_utf8", path=str(path), line=line) from error


def read_object(given: str, option: str) -> dict[str, Any]:
    """The JSON object that ``given`` means (see ``text_of``): numbers are exact Decimals, no name stands twice.

    Raises AskedWrongly with line and column of what is wrong; ``option`` is named in it.
    """
    text, file = text_of(given)
    place = f"{option} {file}".strip()
    try:
        found = json.loads(
            text,
            parse_float=partial(_number, place),
            parse_int=partial(_number, place),
            parse_constant=partial(_no_number, place),
            object_pairs_hook=partial(_object, place),
        )
    except json.JSONDecodeError as error:
        raise AskedWrongly(
            "cli_json_broken", place=place, line=error.lineno, column=error.colno, near=_near(text, error.pos)
        ) from error
    except RecursionError as error:
        raise AskedWrongly("cli_json_too_deep", place=place, limit=DEEPEST) from error
    if not isinstance(found, dict):
        raise AskedWrongly("cli_json_no_object", place=place)
    _bound(found, place)
    return found


def _near(text: str, position: int) -> str:
    return " ".join(text[position : position + 20].split()) or "…"


def exact_number(text: str) -> Decimal | None:
    """The number that the digits in ``text`` write, None when FEEL has none like it: of 34 digits at most, which are never rounded."""
    if not _NUMBER.fullmatch(text) or len(text) > _LONGEST_NUMBER:
        return None
    found = Decimal(text)
    digits = len("".join(map(str, found.as_tuple().digits)).rstrip("0"))
    return found if digits <= _DIGITS and abs(found.adjusted()) <= _LARGEST_EXPONENT else None


def _number(place: str, text: str) -> Decimal:
    found = exact_number(text)
    return _no_number(place, text) if found is None else found


def _no_number(place: str, text: str) -> NoReturn:
    raise AskedWrongly("cli_json_number", place=place, found=text[:60])


def _object(place: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise AskedWrongly("cli_json_twice", place=place, name=name[:60])
        found[name] = value
    return found


def _bound(value: Any, place: str) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise AskedWrongly("cli_json_too_deep", place=place, limit=DEEPEST)
