"""One expression checked while it is typed: what compiling says, with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.errors import CommandRejected, Facts
from engine.feel import (
    Analysis,
    Expression,
    FeelSyntaxError,
    UnaryTests,
    analyse,
    compile_expression,
    compile_unary_tests,
)
from engine.feel.printer import printed_type
from engine.model.bundle import Bundle
from web.ui import t
from web.workshop import variables, vocabulary
from web.workshop.sent import is_text

SOURCE_LENGTH: Final = 20_000
"""Characters. FEEL has its own limit and says so; this one is far above it and spares reading what nobody types."""

_KINDS: Final = ("expression", "tests", "condition")
_WORD: Final = re.compile(r"[\w.]+|\S")
_NAMES: Final = 1_000
_NAME_LENGTH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is typed. ``kind``: an expression, the unary tests of a table's cell, or a condition (an expression that must be true or false).

    ``names``: the variables that the page knows, ``element``: the id of what the expression belongs to.
    """

    source: str
    kind: str
    names: frozenset[str]
    element: str | None


def read_asked(body: Any) -> Asked:
    """What the page asks. Raises CommandRejected."""
    if not isinstance(body, dict):
        raise CommandRejected("web.editor.not_json")
    source: Any = body.get("source")
    kind, names, element = body.get("kind"), body.get("names") or [], body.get("element")
    if not is_text(source) or len(source) > SOURCE_LENGTH or kind not in _KINDS or not isinstance(names, list):
        raise CommandRejected("web.editor.not_json")
    if len(names) > _NAMES or not all(is_text(each) and 0 < len(each) <= _NAME_LENGTH for each in names):
        raise CommandRejected("web.editor.not_json")
    if element is not None and not is_text(element):
        raise CommandRejected("web.editor.not_json")
    return Asked(source=source, kind=kind, names=frozenset(names), element=element)


def checked(asked: Asked, bundle: Bundle, files: Mapping[str, bytes]) -> dict[str, object]:
    """``problems`` of the expression (``at`` and ``length`` count as browsers do, in UTF-16 units) and its ``type`` where it is known.

    ``bundle``: the latest version, which tells variables and flows; ``files``: of the draft, whose decision files know more of what stands
    in them. What is empty has no problem: it is not typed yet.
    """
    skipped = 0 if asked.kind == "tests" else _before_feel(asked.source)
    source = asked.source[skipped:]
    if not source.strip():
        return {"problems": [], "type": None}
    types = {name: kind for name, kind in variables.known(bundle).items() if kind is not None}
    file = vocabulary.of_element(files, asked.element) or vocabulary.NOTHING
    types = {name: kind for name, kind in types.items() if name not in file.names} | dict(file.variables)
    names = asked.names.union(file.names, variables.known(bundle))
    compile_source = compile_unary_tests if asked.kind == "tests" else compile_expression
    try:
        compiled = compile_source(source, names=names, types=file.types)
    except FeelSyntaxError as error:
        found = _Found(code=error.code, at=error.position, length=error.length, facts=error.facts)
        return {"problems": [_record(found, asked.source, skipped)], "type": None}
    analysis = analyse(compiled, types)
    is_condition = asked.kind == "condition" or _is_flow(bundle, asked.element)
    problems = [*_findings(analysis, source), *(_no_condition(compiled, analysis, source) if is_condition else ())]
    return {
        "problems": [_record(each, asked.source, skipped) for each in problems],
        "type": None if analysis.type is None else printed_type(analysis.type),
    }


def _is_flow(bundle: Bundle, element: str | None) -> bool:
    return any(element in process.flows for process in bundle.model.processes.values())


def _findings(analysis: Analysis, source: str) -> Iterator[_Found]:
    for each in analysis.findings:
        word = _WORD.match(source, each.at)
        yield _Found(
            code=each.code, at=each.at, length=len(word[0]) if word else 0, facts=dict(each.facts), severity="warning"
        )


def _no_condition(compiled: Expression | UnaryTests, analysis: Analysis, source: str) -> Iterator[_Found]:
    """That the condition of a flow is never true or false: an error where the gate says so, which knows no types of variables."""
    if analysis.type is not None and analysis.type.name not in ("boolean", "Any"):
        alone = analyse(compiled, {}).type
        facts: Facts = {"type": printed_type(analysis.type), "expression": source}
        yield _Found(
            code="condition_never_boolean",
            at=0,
            length=len(source),
            facts=facts,
            severity="warning" if alone is None else "error",
        )


def _before_feel(text: str) -> int:
    """The length of what stands before FEEL in a diagram: blanks and the sign ``=``."""
    bare = text.lstrip()
    blanks = len(text) - len(bare)
    return blanks + 1 if bare.startswith("=") else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Something about an expression. ``at`` and ``length`` count code points, from the beginning of FEEL."""

    code: str
    at: int
    length: int
    facts: Facts
    severity: str = "error"


def _record(found: _Found, text: str, skipped: int) -> dict[str, object]:
    """As the page marks it in ``text``."""
    start = min(found.at + skipped, len(text))
    return {
        "code": found.code,
        "message": t(found.code, **found.facts),
        "at": _units(text[:start]),
        "length": _units(text[start : start + found.length]),
        "severity": found.severity,
    }


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
