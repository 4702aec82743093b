"""Times as people write them (``3 days``, ``2 working days``) and what they are in a BPMN file: ISO 8601, or FEEL after ``=``."""

from __future__ import annotations

import re

from engine.model.expressions import static_cycle, static_duration, static_moment

_WORDS = re.compile(r"(?P<count>\d{1,6}) +(?P<working>working +)?(?P<unit>minute|hour|day|week|month|year)s?")
_PERIODS = {"minute": "PT{}M", "hour": "PT{}H", "day": "P{}D", "week": "P{}W", "month": "P{}M", "year": "P{}Y"}
_WORKING = {"day": "working_days_after(now(), {})", "hour": "working_hours_after(now(), {})"}
_BEGINS_AS_WORDS = re.compile(r"\d+ +[^\W\d]+")

WORKING_TIME = "= working_"
"""How a moment in working time begins: working time has no length, only an end."""


class NotATime(ValueError):
    """These words say no time."""


def duration(text: str) -> str:
    """How long something takes: ISO 8601, FEEL that gives a duration, or FEEL that gives the end in working time (``WORKING_TIME``).

    Raises NotATime for what begins as words and is none that we know.
    """
    text = text.strip()
    if words := _WORDS.fullmatch(text):
        patterns = _WORKING if words["working"] else _PERIODS
        if words["unit"] in patterns:
            said = patterns[words["unit"]].format(int(words["count"]))
            return f"= {said}" if words["working"] else said
    if _BEGINS_AS_WORDS.match(text):
        raise NotATime(text)
    return text if static_duration(text) else feel(text)


def moment(text: str) -> str:
    """When: ISO 8601, or FEEL that gives a date and time."""
    text = text.strip()
    return text if static_moment(text) else feel(text)


def cycle(text: str, times: int | None, first: str | None) -> str:
    """Again and again: a cycle of ISO 8601, or FEEL that gives one. ``times``: how often in all; ``first``: when.

    Raises NotATime for what has no constant length, and for what says already how often.
    """
    text = text.strip()
    if static_cycle(text):
        period = None
    else:
        found = duration(text)
        period = None if found.startswith("=") else found
    if period is None:
        if times is not None or first is not None or _WORDS.fullmatch(text):
            raise NotATime(text)
        return text if static_cycle(text) else feel(text)
    begin = f"R{times or ''}/"
    if first is None:
        return f"{begin}{period}"
    return f'= "{begin}{first}/{period}"'


def feel(value: object) -> str:
    """``value`` of a YAML file as FEEL after ``=``; who wrote the ``=`` already is understood."""
    if isinstance(value, bool) or value is None:
        return "= null" if value is None else f"= {str(value).lower()}"
    return f"= {str(value).strip().removeprefix('=').strip()}"
