"""What is said at the terminal: in its language, with the place of what is wrong, in colour only where somebody looks."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from engine.errors import EngineError, Problem
from engine.texts import language_of
from engine.texts import say as say_in
from engine.texts.places import place_text

DONE, NOT_DONE, ASKED_WRONGLY = 0, 1, 2
"""The exit codes."""

_ALIKE_SHOWN = 3
_NARROWEST, _PIPE_WIDTH = 40, 120
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


class AskedWrongly(EngineError):
    """The command line asks for something that cannot be meant: a file that is not there, JSON that is broken."""

    default_code = "cli_asked_wrongly"


def locale() -> str:
    """The language of the terminal; one that says nothing of the kind (``C``) is a developer's and reads English."""
    chosen = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "C")
    return "en" if chosen.split(".")[0] in ("C", "POSIX") else language_of(chosen)


def say(code: str, /, **facts: Any) -> str:
    """The sentence of ``code`` in the language of the terminal."""
    return say_in(code, locale(), **facts)


def tell(code: str, /, **facts: Any) -> None:
    """Print the sentence of ``code`` on standard error: remarks do not mix with results."""
    print(say(code, **facts), file=sys.stderr)


def problem_line(problem: Problem) -> str:
    """``error: file id “name” (place): what is wrong``."""
    where = " ".join(
        part
        for part in (
            problem.file,
            problem.element_id,
            say("cli_element_name", name=problem.element_name) if problem.element_name else None,
            f"({place_text(problem.place, locale())})" if problem.place else None,
        )
        if part
    )
    return f"{say('cli_' + problem.severity)} {where}: {say(problem.code, **problem.facts)}"


def problem_record(problem: Problem) -> dict[str, str | None]:
    """The same for scripts."""
    return {
        "severity": problem.severity,
        "code": problem.code,
        "file": problem.file,
        "element_id": problem.element_id,
        "element_name": problem.element_name,
        "place": problem.place,
        "message": say(problem.code, **problem.facts),
    }


def print_problems(problems: Sequence[Problem], stream: TextIO | None = None) -> None:
    """One line each, on standard output or on ``stream``; of many that say the same in one file, the first few and how many more."""
    alike: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        alike.setdefault((problem.file, say(problem.code, **problem.facts)), []).append(problem)
    for group in alike.values():
        shown = group[:_ALIKE_SHOWN]
        for problem in shown:
            print(f"  {problem_line(problem)}", file=stream or sys.stdout)
        if len(group) > len(shown):
            print(f"  {say('cli_more_alike', count=len(group) - len(shown))}", file=stream or sys.stdout)


def styled(text: str, style: str, stream: TextIO | None = None) -> str:
    """``text`` in a ``style`` (bold, dim, red, green, yellow), when ``stream`` (standard output) is a terminal and NO_COLOR is not set."""
    looks = (stream or sys.stdout).isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if looks else text


def width() -> int:
    """How many columns a line may take: those of the terminal, or what reads well in a file."""
    return max(shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns, _NARROWEST)


def columns_of(text: str) -> int:
    """How many columns ``text`` takes on a terminal: an ideograph two, a combining accent none."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, columns: int) -> str:
    """``text`` with blanks up to ``columns``."""
    return text + " " * (columns - columns_of(text))


def harmless(text: str) -> str:
    """``text`` of a file without what a terminal would obey: control characters are shown as ``�``, line breaks as blanks."""
    return "".join(" " if each in "\n\r\t" else "�" if unicodedata.category(each) == "Cc" else each for each in text)


def pointed(source: str, position: int, length: int = 0) -> Iterator[str]:
    """The line of ``source`` that holds ``position``, and below it carets under ``length`` characters (at least one).

    A long line is cut around it, and one of several lines has its number before it.
    """
    position = max(0, min(position, len(source)))
    start = source.rfind("\n", 0, position) + 1
    end = source.find("\n", position)
    line = harmless(source[start : len(source) if end < 0 else end].rstrip("\r\n"))
    at = min(position - start, len(line))
    under = line[at : at + length] or " "
    room = width() - 6
    if columns_of(line) > room:
        first = max(0, min(at - room // 2, len(line) - room))
        head, tail = "…" if first else "", "…" if first + room < len(line) else ""
        line, at = head + line[first : first + room] + tail, at - first + len(head)
        under = under[: len(line) - at] or " "
    number = f"{source.count(chr(10), 0, position) + 1}: " if "\n" in source.strip("\n") else "  "
    yield number + line
    yield " " * (len(number) + columns_of(line[:at])) + "^" * max(1, columns_of(under))
