"""The bundle: everything that one version of a process consists of, read from its folder and held against itself.

``process.yaml`` · ``*.bpmn``, or the short form ``*.yaml`` where one could be · ``*.dmn`` · ``forms/*.yaml`` (and, without effect here,
``README*.md`` and ``stories/*.yaml``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from engine.decisions import Decision, DecisionModel, Models
from engine.errors import DefinitionError, Problem
from engine.feel import Expression, FeelTooMuch, at_most
from engine.model.bpmn_reader import ProcessFile, read_process_file
from engine.model.bundle_checks import PROCESS_FILE, BundleParts, Lines, at_its_line, cross_check, is_process_file
from engine.model.elements import Model, Process
from engine.model.form_reader import read_form, yaml_expression
from engine.model.forms import Form, Texts
from engine.model.own_cases import OwnCases, own_cases
from engine.model.schema import validate
from engine.model.short_form import read_short_form
from engine.model.short_form.diagram import drawn
from engine.model.yaml_file import YamlFile, parse_yaml, schema_problems

MAXIMAL_FEEL = 200_000
"""Characters of all expressions of a version together: reading them stays a matter of seconds, whoever sends them."""

_Given = TypeVar("_Given")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRule:
    """Who may start an instance by hand, and the form that they fill in."""

    roles: tuple[str, ...]
    form: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage of the case for the bar that shows how far it is; ``elements`` are ids of the diagram."""

    id: str
    title: Texts
    elements: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryField:
    """What the inbox and the case show of the variables."""

    label: Texts
    expression: Expression
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """One version of a process, ready to run. ``names`` holds second-language names; French stands in the diagram.

    ``process_files`` says by id in which file a process stands, ``lines`` in which line of a short form an element or a place in it does.
    ``decision_models`` are its DMN files by path; their decisions are also in ``model``.
    """

    key: str
    title: Texts
    model: Model
    process_id: str
    description: Texts | None = None
    starts: StartRule | None = None
    business_key: Expression | None = None
    names: Mapping[str, Texts] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()
    summary: tuple[SummaryField, ...] = ()
    decision_models: Mapping[str, DecisionModel] = field(default_factory=dict)
    retention_days: int | None = None
    process_files: Mapping[str, str] = field(default_factory=dict)
    lines: Lines = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    durable: OwnCases = field(init=False, repr=False, compare=False)
    """What runs durably: called processes are cases of their own where they can be."""

    def __post_init__(self) -> None:
        # frozen: what follows from the other fields is set once, here
        object.__setattr__(self, "durable", own_cases(self.model))

    @property
    def process(self) -> Process:
        """The process that starts."""
        return self.model.processes[self.process_id]

    @property
    def diagram(self) -> bytes:
        """The BPMN file of the process that starts; where it is written in the short form, one that is drawn of it."""
        return self.diagram_of(self.process_id)

    def diagram_of(self, process_id: str) -> bytes:
        """The same of any process of the version."""
        path = self.process_files[process_id]
        return self.files[path] if path.endswith(".bpmn") else drawn(self.files[path], path)

    def located(self, problem: Problem) -> Problem:
        """A problem of this version; where its element stands in a short form, at its line there."""
        return at_its_line(problem, self.lines)


def content_hash(files: Mapping[str, bytes]) -> str:
    """The name of a content: hex SHA-256 over the sorted paths and their bytes, each with its length before it."""
    digest = hashlib.sha256()
    for path in sorted(files):
        for part in (path.encode(), files[path]):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What the files gave, by path; None where a file could not be read."""

    descriptions: dict[str, YamlFile | None] = field(default_factory=dict)
    processes: dict[str, ProcessFile | None] = field(default_factory=dict)
    names: dict[str, Texts] = field(default_factory=dict)
    lines: dict[tuple[str, str | None], int] = field(default_factory=dict)
    starters: dict[str, str] = field(default_factory=dict)
    decisions: dict[str, DecisionModel | None] = field(default_factory=dict)
    forms: dict[str, Form | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def unread(self) -> frozenset[str]:
        """The files that could not be read."""
        by_path = {**self.processes, **self.decisions, **self.forms}
        return frozenset(path for path, read in by_path.items() if read is None)


def read_bundle(files: Mapping[str, bytes]) -> Bundle:
    """Read all files of a version and hold them against each other. Raises DefinitionError with every problem of every file."""
    with at_most(MAXIMAL_FEEL):
        return _put_together(files, _read_all(files))


def _read_all(files: Mapping[str, bytes]) -> _Read:
    read = _Read()
    problems = read.problems
    models = Models({path: content for path, content in files.items() if _kind(path) == "dmn"})
    for path in sorted(files):
        content = files[path]
        match _kind(path):
            case "process":
                read.descriptions[path] = _try(_read_description, content, path, problems)
            case "bpmn":
                problems.extend(_schema_problems(content, path))
                read.processes[path] = _try(read_process_file, content, path, problems)
            case "short form":
                read.processes[path] = _try(partial(_read_short_form, read), content, path, problems)
                other = f"{path.removesuffix('.yaml')}.bpmn"
                if other in files:
                    problems.append(Problem(code="process_in_two_forms", file=path, facts={"other": other}))
            case "dmn":
                read.decisions[path] = _try(lambda _, path: models.read(path), content, path, problems)
            case "form":
                read.forms[path] = _try(read_form, content, path, problems)
            case None:
                problems.append(Problem(code="file_unknown", file=path, severity="warning"))
    if not read.descriptions:
        problems.append(Problem(code="process_file_missing", file=PROCESS_FILE))
    if not read.processes:
        problems.append(Problem(code="bpmn_file_missing", file=PROCESS_FILE))
    return read


def _kind(path: str) -> str | None:
    """What a file is, by its path; ``other`` for what belongs to the folder and has no effect here."""
    name = path.rpartition("/")[2]
    if path == PROCESS_FILE:
        return "process"
    if "/" not in path and name.endswith((".bpmn", ".dmn")):
        return name.rpartition(".")[2]
    if is_process_file(path):
        return "short form"
    if path.count("/") == 1 and path.startswith("forms/") and name.endswith(".yaml"):
        return "form"
    is_other = (name.startswith("README") and name.endswith(".md")) or (
        path.startswith("stories/") and name.endswith(".yaml")
    )
    return "other" if is_other else None


def _try(read: Callable[[bytes, str], _Given], content: bytes, path: str, problems: list[Problem]) -> _Given | None:
    try:
        return read(content, path)
    except DefinitionError as error:
        problems.extend(error.problems)
    except FeelTooMuch as error:
        _note_too_much(error, path, problems)
    return None


def _note_too_much(error: FeelTooMuch, path: str, problems: list[Problem]) -> None:
    """Once: in the first file that there was no room for."""
    if all(each.code != error.code for each in problems):
        problems.append(Problem(code=error.code, file=path, facts=error.facts))


def _read_short_form(read: _Read, content: bytes, path: str) -> ProcessFile:
    """The process of a short form; its English names, its lines and who begins it are noted."""
    form = read_short_form(content, path)
    read.names.update(form.names)
    read.lines.update(form.lines)
    read.starters.update(form.starters)
    return ProcessFile(processes=(form.process,), warnings=form.warnings)


def _schema_problems(xml: bytes, path: str) -> tuple[Problem, ...]:
    """What the schemas say, except of files that are no acceptable XML: the reader says that."""
    return tuple(each for each in validate(xml, path) if each.code == "schema_violation")


def _read_description(content: bytes, path: str) -> YamlFile:
    document = parse_yaml(content, path)
    problems = schema_problems(document, "process")
    if problems:
        raise DefinitionError(problems)
    return document


def _put_together(files: Mapping[str, bytes], read: _Read) -> Bundle:
    problems = read.problems
    description = read.descriptions.get(PROCESS_FILE)
    processes = _processes(read)
    decisions = _decisions(read)
    forms = {form.id: form for form in read.forms.values() if form is not None}
    business_key: Expression | None = None
    summary: tuple[SummaryField, ...] = ()
    try:
        if description is not None:
            business_key, summary = _business_key(description, problems), _summary(description, problems)
    except FeelTooMuch as error:
        _note_too_much(error, PROCESS_FILE, problems)
    parts = BundleParts(
        description=description,
        processes=processes,
        decisions=decisions,
        forms=forms,
        names=read.names,
        lines=read.lines,
        starters=read.starters,
        unread=read.unread,
        files=files,
    )
    problems.extend(cross_check(parts))
    if description is None or any(each.severity == "error" for each in problems):
        raise DefinitionError(tuple(problems))
    data = description.data
    start = data.get("start")
    return Bundle(
        key=data["key"],
        title=data["title"],
        description=data.get("description"),
        model=Model(processes={key: process for key, (_, process) in processes.items()}, decisions=decisions),
        process_id=data["process"],
        starts=None if start is None else StartRule(roles=tuple(start["roles"]), form=start.get("form")),
        business_key=business_key,
        names={**read.names, **data.get("names", {})},
        forms=forms,
        stages=tuple(
            Stage(id=each["id"], title=each["title"], elements=tuple(each["elements"]))
            for each in data.get("stages", ())
        ),
        summary=summary,
        decision_models={path: model for path, model in read.decisions.items() if model is not None},
        retention_days=data.get("retention_days"),
        process_files={key: path for key, (path, _) in processes.items()},
        lines=read.lines,
        warnings=tuple(problems),
        files=dict(files),
    )


def _processes(read: _Read) -> dict[str, tuple[str, Process]]:
    """The processes of all files with their file; the warnings of the files are passed on."""
    found: dict[str, tuple[str, Process]] = {}
    file_of: dict[str, str] = {}
    for path, file in read.processes.items():
        if file is None:
            continue
        read.problems.extend(file.warnings)
        for process in file.processes:
            # names, stages and the history speak of elements by their id alone: it must mean one thing in the whole version
            # (a global task is a process and its own one node: one id)
            for identity in dict.fromkeys((process.id, *process.nodes, *process.flows, *process.lanes)):
                if identity in file_of:
                    read.problems.append(_twice(path, identity, file_of[identity]))
                file_of[identity] = path
            found[process.id] = (path, process)
    return found


def _decisions(read: _Read) -> dict[str, Decision]:
    found: dict[str, tuple[str, Decision]] = {}
    for path, model in read.decisions.items():
        if model is None:
            continue
        read.problems.extend(model.warnings)
        for identity, decision in model.decisions.items():
            if identity in found:
                read.problems.append(_twice(path, identity, found[identity][0]))
            found[identity] = (path, decision)
    return {identity: decision for identity, (_, decision) in found.items()}


def _twice(path: str, identity: str, other: str) -> Problem:
    return Problem(code="id_in_two_files", file=path, element_id=identity, facts={"id": identity, "other": other})


def _business_key(description: YamlFile, problems: list[Problem]) -> Expression | None:
    text = description.data.get("business_key")
    return None if text is None else yaml_expression(description, ("business_key",), text, problems)


def _summary(description: YamlFile, problems: list[Problem]) -> tuple[SummaryField, ...]:
    found = []
    for position, each in enumerate(description.data.get("summary", ())):
        expression = yaml_expression(description, ("summary", position, "value"), each["value"], problems)
        if expression is not None:
            found.append(SummaryField(label=each["label"], expression=expression, type=each["type"]))
    return tuple(found)
