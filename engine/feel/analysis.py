"""What can be said of an expression before it is evaluated: its type, and what in it can never give what is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.feel.expression import Expression, UnaryTests
from engine.feel.inference import Finding, Inference
from engine.feel.tree import Tests
from engine.feel.values import TypeName

__all__ = ["Analysis", "Finding", "analyse"]


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
