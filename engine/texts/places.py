"""Where in a file a problem is, in words: ``rule:3/input:1 Amount`` → “rule 3, input 1 (Amount)”.

A place is a path that belongs to no language: segments ``kind``, ``kind:number``, ``kind:name`` or ``kind:number name``. The words of a
kind stand in the catalogue as ``place_<kind>``.
"""

from __future__ import annotations

import re

from engine.texts import has, say

_SEGMENT = re.compile(r"(?P<kind>[a-z]+)(?::(?P<number>\d+)?(?P<gap> ?)(?P<name>.*))?", re.DOTALL)


def place_text(place: str, locale: str) -> str:
    """``place`` in the language of ``locale``; as it is when it is no path of known kinds (a name in a BPMN file, a line)."""
    found = [_segment(each, locale) for each in place.split("/")]
    return ", ".join(each for each in found if each is not None) if None not in found else place


def _segment(segment: str, locale: str) -> str | None:
    match = _SEGMENT.fullmatch(segment)
    if match is None or not has(f"place_{match['kind']}"):
        return None
    number, name = match["number"], match["name"]
    if number and name and not match["gap"]:
        # a name that begins with a digit
        number, name = "", f"{number}{name}"
    words = [say(f"place_{match['kind']}", locale)]
    if number:
        words.append(number)
    if name:
        words.append(f"({name})" if number else say("place_name", locale, name=name))
    return " ".join(words)
