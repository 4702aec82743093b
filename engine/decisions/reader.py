"""DMN files to decisions, 1.1 to 1.5. What cannot be run is refused by name; all problems of a file are told at once."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from engine.decisions import xml as dmn
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

    Raises DefinitionError with every problem found, also in what it needs of the files that it imports; FeelTooMuch within
    ``engine.feel.at_most``.
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


def needed_for(wanted: str, xml: bytes, file: str) -> frozenset[str]:
    """The ids of the decision of that id or name and of all that it requires in its file; none when there is no such decision.

    Raises DefinitionError when the file is no DMN file.
    """
    elements = {dmn.key(each): each for each in dmn.parse(xml, file).iterchildren(tag=etree.Element)}
    decisions = [key for key, each in elements.items() if dmn.local(each) == "decision"]
    ahead = [key for key in decisions if key == wanted] or [
        key for key in decisions if dmn.variable_name(elements[key]) == wanted
    ]
    found: set[str] = set()
    while ahead:
        key = ahead.pop()
        if key in elements and key not in found:
            found.add(key)
            ahead += [each.get("href", "").rpartition("#")[2] for each in elements[key].iter(etree.Element)]
    return frozenset(found)


class Models:
    """The DMN files of one folder or version, which may import each other: each is read once, however many import it."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._shelf = Shelf(Library(files))

    def read(self, path: str) -> DecisionModel:
        """The model of one file. Raises DefinitionError with the problems of that file alone: those of its imports are told of them.

        Raises FeelTooMuch within ``engine.feel.at_most``.
        """
        reader = self._shelf.reader(path)
        found = _model(reader)
        if reader.notes.errors:
            raise DefinitionError(tuple(reader.notes.problems))
        return found


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
