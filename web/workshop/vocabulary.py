"""What the expressions of a decision file may speak of: its names, its types, the types of its inputs. Drafts may be broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from engine.decisions.reader import read_file
from engine.errors import DefinitionError
from engine.feel import FeelTooMuch, at_most
from engine.feel.tree import TypeName
from engine.model.bundle import MAXIMAL_FEEL
from web.workshop.decisions import is_decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """``names`` of variables and functions, ``variables`` those of them whose type is declared, ``types`` the item definitions."""

    names: frozenset[str] = frozenset()
    variables: Mapping[str, TypeName] = field(default_factory=dict)
    types: Mapping[str, TypeName] = field(default_factory=dict)


NOTHING = Vocabulary()


def of_file(files: Mapping[str, bytes], path: str) -> Vocabulary:
    """What the decision file ``path`` knows; nothing when it cannot be read."""
    return _read(path, tuple((each, files[each]) for each in sorted(files) if is_decision(each)))


def of_element(files: Mapping[str, bytes], element: str | None) -> Vocabulary | None:
    """What the decision file knows that holds ``element``; None when it belongs to none, or is newer than what is saved."""
    if not element:
        return None
    quoted = f'"{element}"'.encode("utf-8", "replace")
    path = next((each for each in sorted(files) if is_decision(each) and quoted in files[each]), None)
    return None if path is None else of_file(files, path)


@lru_cache(maxsize=4)
def _read(path: str, files: tuple[tuple[str, bytes], ...]) -> Vocabulary:
    """Kept for a moment: somebody who types asks several times a second."""
    others = dict(files)
    try:
        with at_most(MAXIMAL_FEEL):
            model, _ = read_file(others.pop(path), path, others=others)
    except (DefinitionError, FeelTooMuch):
        return NOTHING
    declared = {each.name: each.type for each in model.inputs.values() if each.type is not None}
    return Vocabulary(names=model.names, variables=declared, types=model.types)
