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
from engine.second_opinion import Opinion
from engine.second_opinion.keeping import opinion_of, record_of
from engine.stories.values import notation


def text_of(found: Examined) -> str:
    """The JSON text of ``found``. Raises RecursionError for example values that nest beyond all reason."""
    record = {
        "proved": [proved_record(each) for each in found.proved],
        "played": [_played_record(each) for each in found.played],
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


def kept_with_version(found: Examined) -> list[dict[str, Any]]:
    """What a version and its history keep: each verdict with what the second engine says of the stories of this process, and of both all
    that their sentences need.
    """
    return [_kept(each, found.opinions) for each in found.proved]


def _kept(proved: Proved, opinions: tuple[Opinion, ...]) -> dict[str, Any]:
    record = proved_record(proved)
    kept = {name: each for name, each in record.items() if name not in {"example", "relies_on"}}
    return {**kept, "opinions": [record_of(each) for each in opinions if each.process == proved.verdict.process]}


def opinions_of(kept: Mapping[str, Any]) -> tuple[Opinion, ...]:
    """What ``kept_with_version`` wrote with one verdict; versions from before the second engine was asked have none."""
    return tuple(map(opinion_of, kept.get("opinions", ())))


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


def _played_record(played: Played) -> dict[str, Any]:
    opinion = None if played.opinion is None else record_of(played.opinion)
    problems = [asdict(each) for each in played.problems]
    return {
        "file": played.file,
        "title": dict(played.title),
        "problems": problems,
        "path": list(played.path),
        "opinion": opinion,
    }


def _played(record: Mapping[str, Any]) -> Played:
    # what was kept before the second engine was asked has none
    opinion = record.get("opinion")
    return Played(
        file=record["file"],
        title=record["title"],
        problems=tuple(Problem(**each) for each in record["problems"]),
        path=tuple(record["path"]),
        opinion=None if opinion is None else opinion_of(opinion),
    )


def problems_of(found: Examined, *, has_reason: bool) -> Iterator[Problem]:
    """What stands against publishing: what is unsound, stories that do not go as told, those in which a second engine goes another way
    and nobody knows why, and a reason that is missing.
    """
    for proved in found.proved:
        verdict = proved.verdict
        if verdict.is_unsound:
            yield _problem(proved, verdict.code, process=verdict.process, element=_title(proved), states=verdict.states)
        elif not verdict.is_sound and not has_reason:
            yield _problem(proved, "soundness_reason_missing", process=proved.title["fr"])
    for played in found.played:
        yield from played.problems
    for opinion in found.opinions:
        if opinion.problem is not None:
            yield opinion.problem


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
