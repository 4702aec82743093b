"""Texts of a definition that are FEEL, or may be: the leading ``=`` of Zeebe, static texts, times in ISO 8601."""

from __future__ import annotations

import json
import re

from engine.feel import Expression, FeelSyntaxError, compile_expression
from engine.model.elements import TimerKind
from engine.model.problems import Problems
from engine.model.xml_file import Element

VARIABLE_NAME = re.compile(r"[^\W\d]\w*")
_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")

_TIME_PART = r"T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?"
_DAYS_DURATION = re.compile(rf"-?P(?=[\dT])(\d+D)?({_TIME_PART})?")
_MONTHS_DURATION = re.compile(r"-?P(?=\d)(\d+Y)?(\d+M)?")
_WEEKS = re.compile(r"P(\d+)W")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d|@[\w/+-]+)?")
_CYCLE = re.compile(r"R(\d*)/(.+)")


def quoted(text: str) -> str:
    """``text`` as a FEEL string literal."""
    return json.dumps(text, ensure_ascii=False)


def compiled(source: str, problems: Problems, owner: Element | None, place: str) -> Expression | None:
    """The compiled expression, or None after noting the problem with the position FEEL gives."""
    if not source.strip():
        problems.add("expression_empty", owner, place=place)
        return None
    try:
        return compile_expression(source)
    except FeelSyntaxError as error:
        problems.add_facts(error.code, error.facts | {"expression": source}, owner, place=place)
        return None


def feel(text: str, problems: Problems, owner: Element | None, place: str) -> Expression | None:
    """``text`` is FEEL, with or without the leading ``=`` (conditions, correlation keys of plain BPMN, YAML)."""
    text = text.strip()
    return compiled(text.removeprefix("=").strip(), problems, owner, place)


def feel_only(text: str, problems: Problems, owner: Element | None, place: str) -> Expression | None:
    """``text`` must be FEEL with the leading ``=``: where Zeebe takes no static text, a missing ``=`` is a slip of the pen."""
    text = text.strip()
    if text and not text.startswith("="):
        problems.add("expression_expected", owner, place=place, text=text)
        return None
    return compiled(text[1:].strip(), problems, owner, place)


def feel_or_text(text: str, problems: Problems, owner: Element | None, place: str) -> Expression | None:
    """FEEL after ``=``, else the text itself as a string."""
    if text.lstrip().startswith("="):
        return compiled(text.lstrip()[1:].strip(), problems, owner, place)
    return compiled(quoted(text), problems, owner, place)


def variable_path(text: str) -> tuple[str, ...] | None:
    """``a.b`` as names, or None when it is no path of variable names."""
    return tuple(text.split(".")) if _PATH.fullmatch(text) else None


def static_duration(text: str) -> str | None:
    """FEEL for an ISO duration, or None. Weeks become days; FEEL has no duration that mixes months and days."""
    if weeks := _WEEKS.fullmatch(text):
        return f'duration("P{7 * int(weeks[1])}D")'
    is_duration = _DAYS_DURATION.fullmatch(text) or _MONTHS_DURATION.fullmatch(text)
    return f'duration("{text}")' if is_duration else None


def static_moment(text: str) -> str | None:
    """FEEL for an ISO date-time (or a date: its midnight), or None."""
    if _DATE.fullmatch(text):
        return f'date and time("{text}T00:00:00")'
    if match := _DATE_TIME.fullmatch(text):
        return f'date and time("{text if match[1] else _with_seconds(text)}")'
    return None


def _with_seconds(text: str) -> str:
    return f"{text[:16]}:00{text[16:]}"


def static_cycle(text: str) -> str | None:
    """FEEL (a string) for ``R[n]/duration``, or None."""
    match = _CYCLE.fullmatch(text)
    if match is None or static_duration(match[2]) is None or match[2].startswith("-"):
        return None
    return quoted(text)


_STATIC = {
    TimerKind.DATE: static_moment,
    TimerKind.DURATION: static_duration,
    TimerKind.CYCLE: static_cycle,
}


def timer_expression(kind: TimerKind, text: str, problems: Problems, owner: Element, place: str) -> Expression | None:
    """The expression of a timer: FEEL after ``=``, or ISO 8601 as it stands."""
    text = text.strip()
    if text.startswith("=") or not text:
        return compiled(text[1:].strip(), problems, owner, place)
    source = _STATIC[kind](text)
    if source is None:
        problems.add(f"timer_{kind}_invalid", owner, place=place, text=text)
        return None
    return compiled(source, problems, owner, place)


def moment_or_duration(text: str, problems: Problems, owner: Element, place: str) -> Expression | None:
    """A due or follow-up time: FEEL after ``=``, or an ISO date-time, or an ISO duration from the task's creation."""
    text = text.strip()
    if text.startswith("="):
        return compiled(text[1:].strip(), problems, owner, place)
    source = static_moment(text) or static_duration(text)
    if source is None:
        problems.add("timer_date_invalid", owner, place=place, text=text)
        return None
    return compiled(source, problems, owner, place)
