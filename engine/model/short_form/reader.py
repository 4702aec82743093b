"""A short form to the process that it means, with every problem at its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import DefinitionError, Problem
from engine.model.bpmn_reader import read_tree
from engine.model.elements import Process
from engine.model.forms import Texts
from engine.model.problems import Problems
from engine.model.short_form.events import as_event, draw_event
from engine.model.short_form.order import jumps
from engine.model.short_form.shape import shape_problems
from engine.model.short_form.sheet import Sheet, Spot
from engine.model.short_form.steps import Steps
from engine.model.xml_file import Element
from engine.model.yaml_file import Path, YamlFile, parse_yaml

_FOLLOW = frozenset({"incoming_missing", "unreachable"})
"""What the reader says of steps that the form has said already to be never reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortForm:
    """What a short form gives: the process as the reader of BPMN files would give it, the English names of its elements by id, and the
    warnings.

    ``lines``: where each element stands, and where a place in it (of an element without a place: None). ``starters``: the role that begins
    a case by hand, by the start event that says it.
    """

    process: Process
    names: Mapping[str, Texts]
    lines: Mapping[tuple[str, str | None], int]
    starters: Mapping[str, str]
    warnings: tuple[Problem, ...] = ()


def read_short_form(content: bytes, file: str) -> ShortForm:
    """The process of a short form.

    Raises DefinitionError: first with everything that makes it no short form (keys, kinds), else with every problem of what it says.
    """
    document = parse_yaml(content, file)
    if problems := shape_problems(document):
        raise DefinitionError(problems)
    sheet = Sheet(document=document)
    _draw_process(sheet, document.data)
    try:
        read = read_tree(sheet.root, file)
    except DefinitionError as error:
        raise DefinitionError(_all_problems(sheet, error.problems)) from None
    if sheet.problems:
        raise DefinitionError(_all_problems(sheet, read.warnings))
    return ShortForm(
        process=read.processes[0],
        names={identity: texts for identity, texts in sheet.names.items() if identity != document.data["process"]},
        lines={place: _line(document, path) for place, path in sheet.sources.items()},
        starters={each["id"]: each["who"] for each in _starts(document.data) if "who" in each},
        warnings=tuple(_located(sheet, each) for each in read.warnings),
    )


# -- drawing --------------------------------------------------------------------------------------------------------------------------


def _draw_process(sheet: Sheet, said: Mapping[str, Any]) -> None:
    identity = sheet.identity(said["process"], ("process",))
    process = sheet.add(sheet.root, "process", id=identity, isExecutable="true")
    sheet.title(process, said)
    sheet.note(process, said)
    if "version" in said:
        sheet.extend(process, "versionTag", value=said["version"])
    _draw_lanes(sheet, process, said.get("roles", {}))
    spot = Spot(scope=process, strand=identity, lane=next(iter(sheet.lanes), None))
    steps = Steps(sheet, wanted=frozenset(jumps(said)))
    first, spot = _draw_starts(sheet, said, spot)
    way = sheet.way(first, spot, ("start",))
    steps.close(steps.draw(said["steps"], ("steps",), way, spot), ("steps",), f"{identity}_end")
    for key in ("meanwhile", "instead", "if it fails"):
        for position, event in enumerate(said.get(key, ())):
            _draw_any_time(steps, as_event(event), (key, position), spot, is_interrupting=key != "meanwhile")
    steps.resolve_jumps()
    sheet.draw_ways()


def _draw_lanes(sheet: Sheet, process: Element, roles: Mapping[str, Texts]) -> None:
    lane_set = sheet.add(process, "laneSet", id="Lanes") if roles else None
    for role, title in roles.items():
        assert lane_set is not None
        path: Path = ("roles", role)
        lane = sheet.add(lane_set, "lane", id=sheet.identity(f"lane_{role}", path))
        sheet.title(lane, {"title": title})
        sheet.set_property(lane, "role", role)
        sheet.lanes[role] = lane


def _draw_starts(sheet: Sheet, said: Mapping[str, Any], spot: Spot) -> tuple[Element, Spot]:
    """How a case begins, and in which row; where there are several ways, the gateway at which they meet."""
    identity = said["process"]
    starts: list[Element] = []
    for position, each in enumerate(_starts(said)):
        path: Path = ("start", position) if isinstance(said.get("start"), list) else ("start",)
        spot = sheet.row(each, path, spot)
        event = sheet.node("startEvent", each["id"], spot, path, each)
        draw_event(sheet, event, each, path)
        sheet.hand_over(event, each, path)
        starts.append(event)
    if len(starts) == 1:
        return starts[0], spot
    ways = [sheet.way(event, spot, ("start",)) for event in starts]
    gateway = sheet.node("exclusiveGateway", f"{identity}_join", spot, ("start",), {})
    for way in ways:
        way.target = gateway.get("id")
    return gateway, spot


def _starts(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = said.get("start", {"id": f"{said['process']}_start"})
    return given if isinstance(given, list) else [given]


def _draw_any_time(steps: Steps, said: Mapping[str, Any], path: Path, spot: Spot, *, is_interrupting: bool) -> None:
    """What may happen at any time: an event sub-process."""
    sheet = steps.sheet
    around = sheet.node("subProcess", said["id"], sheet.row(said, path, spot), path, said, triggeredByEvent="true")
    identity = around.get("id") or ""
    inside = Spot(scope=around, strand=identity, is_inside=True, is_beside=not is_interrupting)
    start = sheet.node(
        "startEvent", f"{identity}_start", inside, path, {}, isInterrupting="true" if is_interrupting else "false"
    )
    draw_event(sheet, start, said, path)
    sheet.hand_over(start, said, path)
    steps.draw_whole(said["then"], (*path, "then"), start, inside, f"{identity}_end")


# -- problems -------------------------------------------------------------------------------------------------------------------------


def _all_problems(sheet: Sheet, read: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Those of the form, then those of what it means, without those that only follow from the former; not more than anybody reads."""
    problems = Problems(sheet.document.file)
    is_cut_off = any(each.code == "short_form_never_reached" for each in sheet.problems)
    located = (_located(sheet, each) for each in read if not (is_cut_off and each.code in _FOLLOW))
    for each in (*sheet.problems, *located):
        problems.take(each)
    return problems.found


def _located(sheet: Sheet, problem: Problem) -> Problem:
    """The problem of an element, at the line of the form that made it."""
    key = problem.element_id or ""
    path = sheet.sources.get((key, problem.place)) or sheet.sources.get((key, None)) or ()
    line = _line(sheet.document, path)
    return replace(problem, place=f"line:{line}", facts=problem.facts | {"line": line})


def _line(document: YamlFile, path: Path) -> int:
    return int(document.problem("", path).facts["line"] or 1)
