"""What an examination found, as JSON text that is kept, and as what stands against publishing.

Kept are codes and facts, never sentences: whoever reads them has a language.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from engine.definitions.examining import Covered, Examined, Played, Proved
from engine.errors import Problem
from engine.explore import Asked, Kind, Soundness, Verdict
from engine.stories.values import notation


def text_of(found: Examined) -> str:
    """The JSON text of ``found``. Raises RecursionError for example values that nest beyond all reason."""
    record = {
        "proved": [proved_record(each) for each in found.proved],
        "played": [asdict(each) for each in found.played],
        "covered": asdict(found.covered),
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def examined_of(text: str) -> Examined:
    """What ``text_of`` wrote; the values of an example come back as the texts of their FEEL."""
    record = json.loads(text)
    return Examined(
        proved=tuple(map(proved_of, record["proved"])),
        played=tuple(_played(each) for each in record["played"]),
        covered=Covered(**record["covered"]),
    )


def proved_record(proved: Proved) -> dict[str, Any]:
    """One verdict as JSON; the values of its example as FEEL."""
    verdict = proved.verdict
    return {
        "file": proved.file,
        "title": dict(proved.title),
        "names": {locale: dict(names) for locale, names in proved.names.items()},
        "process": verdict.process,
        "soundness": verdict.soundness.name.lower(),
        "kind": None if verdict.kind is None else verdict.kind.name.lower(),
        "element": verdict.element,
        "path": list(verdict.path),
        "conditions": [asdict(each) for each in verdict.conditions],
        "example": {name: notation(value) for name, value in verdict.example.items()},
        "relies_on": list(verdict.relies_on),
        "states": verdict.states,
        "flows": sorted(verdict.flows),
    }


def kept_with_version(proved: Proved) -> dict[str, Any]:
    """What a version and its history keep of a verdict: all that its sentence needs."""
    record = proved_record(proved)
    return {name: each for name, each in record.items() if name not in {"example", "relies_on"}}


def proved_of(record: Mapping[str, Any]) -> Proved:
    """What ``proved_record`` or ``kept_with_version`` wrote."""
    return Proved(
        file=record["file"],
        title=record["title"],
        names=record["names"],
        verdict=Verdict(
            process=record["process"],
            soundness=Soundness[record["soundness"].upper()],
            kind=None if record["kind"] is None else Kind[record["kind"].upper()],
            element=record["element"],
            path=tuple(record["path"]),
            conditions=tuple(Asked(**each) for each in record["conditions"]),
            example=record.get("example", {}),
            relies_on=tuple(record.get("relies_on", ())),
            states=record["states"],
            titles=record["names"]["fr"],
            flows=frozenset(record["flows"]),
        ),
    )


def _played(record: Mapping[str, Any]) -> Played:
    return Played(
        file=record["file"],
        title=record["title"],
        problems=tuple(Problem(**each) for each in record["problems"]),
        path=tuple(record["path"]),
    )


def problems_of(found: Examined, *, has_reason: bool) -> Iterator[Problem]:
    """What stands against publishing: what is unsound, stories that do not go as told, and a reason that is missing."""
    for proved in found.proved:
        verdict = proved.verdict
        if verdict.is_unsound:
            yield _problem(proved, verdict.code, process=verdict.process, element=_title(proved), states=verdict.states)
        elif not verdict.is_sound and not has_reason:
            yield _problem(proved, "soundness_reason_missing", process=proved.title["fr"])
    for played in found.played:
        yield from played.problems


def _problem(proved: Proved, code: str, **facts: str | int | None) -> Problem:
    element = proved.verdict.element
    return Problem(
        code=code,
        file=proved.file,
        element_id=element or proved.verdict.process,
        element_name=None if element is None else proved.names["fr"].get(element),
        facts=dict(facts),
    )


def _title(proved: Proved) -> str:
    """As the diagram has it: a problem's facts know no language."""
    element = proved.verdict.element or proved.verdict.process
    return proved.names["fr"].get(element, element)
