"""Invalid models: one fault each, made from valid files by kinds of faults; every one is refused at the element that has it.

Each kind finds all places where it can be made; of all these models 200 are drawn, every kind at least once.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
from lxml import etree

import tests.engine.model.event_mutations  # noqa: F401 - registers its kinds
from engine.errors import DefinitionError
from engine.model.bpmn_reader import read_process_file
from engine.texts import say
from tests.engine.model.mutations import KINDS, Tree

FILES = sorted(Path(__file__).with_name("files").glob("*.bpmn"))
MODELS = 200


@dataclass(frozen=True)
class Fault:
    """``tree`` has the one fault of this kind, at ``element``."""

    kind: str
    file: str
    tree: Tree
    element: str


@cache
def faults() -> tuple[Fault, ...]:
    """Every kind once, then others by chance, the same in every run."""
    trees = {
        path.name: etree.parse(str(path), etree.XMLParser(remove_comments=True, remove_pis=True)).getroot()
        for path in FILES
    }
    drawn: list[Fault] = []
    rest: list[Fault] = []
    for name, (_, mutation) in KINDS.items():
        found = [Fault(name, file, *made) for file, root in trees.items() for made in islice(mutation(root), 4)]
        assert found, f"no file in which this fault can be made: {name}"
        drawn.append(found[0])
        rest += found[1:]
    random.Random(4).shuffle(rest)
    return tuple((drawn + rest)[:MODELS])


def test_there_are_enough_models_of_every_kind() -> None:
    assert len(faults()) == MODELS
    assert {each.kind for each in faults()} == set(KINDS)


def test_each_invalid_model_is_refused_at_its_element() -> None:
    wrong: list[str] = []
    for fault in faults():
        code = KINDS[fault.kind][0]
        try:
            read_process_file(etree.tostring(fault.tree), fault.file)
        except DefinitionError as error:
            found = {(each.code, each.element_id) for each in error.problems if each.severity == "error"}
            if (code, fault.element) not in found:
                wrong.append(f"{fault}: {code} is not among {sorted(map(str, found))}")
            for each in error.problems:
                for locale in ("fr", "en"):
                    assert "…" not in say(each.code, locale, **each.facts)
        else:
            wrong.append(f"{fault}: it is read")
    assert wrong == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_models_that_faults_are_made_from_are_valid(path: Path) -> None:
    assert read_process_file(path.read_bytes(), path.name).processes
