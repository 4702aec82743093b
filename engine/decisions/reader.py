"""DMN files to decisions, 1.1 to 1.5. What cannot be run is refused by name; all problems of a file are told at once."""

from __future__ import annotations

from collections.abc import Mapping

from engine.decisions.decision import Decision
from engine.decisions.graph_reader import GraphReader, Shelf
from engine.decisions.imports import Library
from engine.decisions.model import DecisionModel
from engine.errors import DefinitionError, Problem


def read_decisions(xml: bytes, file: str, *, others: Mapping[str, bytes] | None = None) -> Mapping[str, Decision]:
    """The decisions of a DMN file by id. Takes and raises what ``read_model`` does."""
    return read_model(xml, file, others=others).decisions


def read_model(xml: bytes, file: str, *, others: Mapping[str, bytes] | None = None) -> DecisionModel:
    """Everything in a DMN file. ``others`` are the files at hand, by path, in which its imports are found by their namespace.

    Raises DefinitionError with every problem found, in the files that it imports too; FeelTooMuch within ``engine.feel.at_most``.
    """
    found, problems = read_file(xml, file, others=others)
    if any(each.severity == "error" for each in problems):
        raise DefinitionError(problems)
    return found


def read_file(
    xml: bytes, file: str, *, others: Mapping[str, bytes] | None = None
) -> tuple[DecisionModel, tuple[Problem, ...]]:
    """What can be run, and the problems of the rest. Raises DefinitionError when it is no DMN file."""
    shelf = Shelf(Library({**(others or {}), file: xml}))
    found = _model(shelf.reader(file))
    return found, tuple(problem for each in shelf.readers.values() for problem in each.notes.problems)


def read_models(files: Mapping[str, bytes]) -> tuple[Mapping[str, DecisionModel], tuple[Problem, ...]]:
    """The models of several files that may import each other, by path, and all problems; a file with errors has no model.

    Each file is read once, however many import it. Raises FeelTooMuch within ``engine.feel.at_most``.
    """
    shelf = Shelf(Library(files))
    found: dict[str, DecisionModel] = {}
    problems: list[Problem] = []
    for path in sorted(files):
        try:
            found[path] = _model(shelf.reader(path))
        except DefinitionError as error:
            problems.extend(error.problems)
    for reader in shelf.readers.values():
        problems.extend(reader.notes.problems)
    broken = {each.file for each in problems if each.severity == "error"}
    return {path: model for path, model in found.items() if path not in broken}, tuple(problems)


def _model(reader: GraphReader) -> DecisionModel:
    return DecisionModel(
        file=reader.path,
        name=reader.root.get("name", ""),
        namespace=reader.namespace,
        decisions=reader.all("decision", GraphReader.decision),
        services=reader.all("decisionService", GraphReader.service),
        knowledge=reader.all("businessKnowledgeModel", GraphReader.model),
        inputs=reader.all("inputData", GraphReader.data),
        types=reader.types.feel(),
        names=reader.names,
        warnings=tuple(each for each in reader.notes.problems if each.severity == "warning"),
    )
