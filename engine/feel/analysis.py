"""What can be said of an expression before it is evaluated: its type, and what in it can never give what is wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from engine.feel.expression import Expression, UnaryTests
from engine.feel.extensions import FUNCTIONS
from engine.feel.hints import closest
from engine.feel.inference import Finding, Inference
from engine.feel.tree import Name, Node, Tests, children
from engine.feel.values import TypeName

__all__ = ["Analysis", "Finding", "analyse", "slips", "strangers"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """``type`` is what the value is of unless it is null (``Null``: it always is); None when that is not known.

    ``findings`` stand in the order of the source. What is not known is never complained of.
    """

    type: TypeName | None
    findings: tuple[Finding, ...]


def analyse(compiled: Expression | UnaryTests, types: Mapping[str, TypeName]) -> Analysis:
    """Analyse ``compiled`` for variables of the given ``types``; variables that are not among them may be anything.

    The type of what unary tests test is that of ``?``.
    """
    inference, tree = Inference(types, compiled.types), compiled.tree
    found = inference.tests(tree, inference.variable("?")) if isinstance(tree, Tests) else inference.type_of(tree)
    return Analysis(found, tuple(sorted(inference.findings, key=lambda finding: finding.at)))


LITERALS = ("true", "false", "null")
"""What somebody who names no variable may have meant, too."""


def strangers(compiled: Expression | UnaryTests, known: Collection[str]) -> Iterator[Finding]:
    """Each variable that is none of the ``known`` ones, where it first stands, with *did you mean* where one of them is close."""
    unknown = {name for name in compiled.variables if name not in known and name not in FUNCTIONS}
    for name in _names(compiled.tree) if unknown else ():
        if name.name not in unknown:
            continue
        unknown.remove(name.name)
        suggestion = closest(name.name, (*known, *LITERALS))
        if suggestion is None:
            yield Finding("feel_unknown_name", name.at, {"name": name.name})
        else:
            yield Finding("feel_unknown_name_similar", name.at, {"name": name.name, "suggestion": suggestion})


def slips(compiled: Expression | UnaryTests, known: Collection[str]) -> Iterator[Finding]:
    """Those strangers that are close to a known name: most likely it is meant."""
    return (each for each in strangers(compiled, known) if "suggestion" in each.facts)


def _names(tree: Node) -> Iterator[Name]:
    """The names of ``tree``, in the order of the source."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Name):
            yield node
        stack.extend(reversed(tuple(children(node))))
