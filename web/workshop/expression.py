"""One expression checked while it is typed: what compiling says, with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.decisions.checks import misfit_type
from engine.definitions import variables
from engine.definitions.expression_checks import Found, Known, findings
from engine.errors import CommandRejected, Facts
from engine.feel import (
    Expression,
    FeelSyntaxError,
    TypeName,
    UnaryTests,
    analyse,
    compile_expression,
    compile_unary_tests,
    strangers,
)
from engine.feel.printer import printed_type
from engine.feel.types import UnresolvedType, resolved
from engine.handler import HandlerTable
from engine.model.bundle import Bundle
from web.ui import t
from web.workshop import vocabulary
from web.workshop.sent import is_text
from web.workshop.vocabulary import Vocabulary

SOURCE_LENGTH: Final = 20_000
"""Characters. FEEL has its own limit and says so; this one is far above it and spares reading what nobody types."""

_KINDS: Final = ("expression", "tests", "condition")
_WORD: Final = re.compile(r"[\w.]+|\S")
_NAMES: Final = 1_000
_NAME_LENGTH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is typed. ``kind``: an expression, the unary tests of a table's cell, or a condition (an expression that must be true or false).

    ``names``: the variables that the page knows, ``element``: the id of what the expression belongs to, ``type``: for a table's cell the
    type of its column, as the file names it.
    """

    source: str
    kind: str
    names: frozenset[str]
    element: str | None
    type: str | None = None


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
    column = body.get("type")
    if any(each is not None and not is_text(each) for each in (element, column)):
        raise CommandRejected("web.editor.not_json")
    return Asked(source=source, kind=kind, names=frozenset(names), element=element, type=column)


def checked(asked: Asked, bundle: Bundle, files: Mapping[str, bytes], handlers: HandlerTable) -> dict[str, object]:
    """``problems`` of the expression (``at`` and ``length`` count as browsers do, in UTF-16 units) and its ``type`` where it is known.

    ``bundle``: the latest version, which tells variables and flows; ``files``: of the draft, whose decision files know more of what stands
    in them. What is empty has no problem: it is not typed yet.
    """
    skipped = 0 if asked.kind == "tests" else _before_feel(asked.source)
    source = asked.source[skipped:]
    if not source.strip():
        return {"problems": [], "type": None}
    file = vocabulary.of_element(files, asked.element)
    known = _known(asked, bundle, handlers, file or vocabulary.NOTHING)
    types = {} if file is None else file.types
    compile_source = compile_unary_tests if asked.kind == "tests" else compile_expression
    try:
        compiled = compile_source(source, names=known.names, types=types)
    except FeelSyntaxError as error:
        found = Found(code=error.code, at=error.position, length=error.length, facts=error.facts, severity="error")
        return {"problems": [_record(found, asked.source, skipped)], "type": None}
    column = _column(asked.type, types)
    if asked.kind == "tests" and column is not None:
        known = replace(known, types={**known.types, "?": column})
    problems = list(
        findings(compiled, known, is_condition=asked.kind == "condition" or _is_flow(bundle, asked.element))
    )
    if asked.type is not None:
        problems = [*_of_cell(compiled, known, column), *problems]
    kind = analyse(compiled, known.types).type
    return {
        "problems": [_record(each, asked.source, skipped) for each in problems],
        "type": None if kind is None else printed_type(kind),
    }


def _known(asked: Asked, bundle: Bundle, handlers: HandlerTable, file: Vocabulary) -> Known:
    types = {name: kind for name, kind in variables.typed(bundle).items() if name not in file.names}
    names = asked.names.union(file.names, variables.names(bundle, handlers))
    return Known(types=types | dict(file.variables), names=names)


def _column(name: str | None, types: Mapping[str, TypeName]) -> TypeName | None:
    """The type that a column is declared with; None when it is none."""
    try:
        return resolved(TypeName(name), types) if name else None
    except UnresolvedType:
        return None


def _of_cell(compiled: Expression | UnaryTests, known: Known, column: TypeName | None) -> Iterator[Found]:
    """What only cells of tables are asked: that they read no variable that there is not, and give what their column promises."""
    for each in strangers(compiled, known.names):
        if "suggestion" not in each.facts:
            yield Found(code=each.code, at=each.at, facts=dict(each.facts))
    other = misfit_type(compiled, column, known.types) if isinstance(compiled, Expression) else None
    if other is not None and column is not None:
        kinds: Facts = {"type": printed_type(column), "found": printed_type(other)}
        yield Found(code="web.expression.output_type", at=0, length=len(compiled.source), facts=kinds, severity="error")


def _is_flow(bundle: Bundle, element: str | None) -> bool:
    return any(element in process.flows for process in bundle.model.processes.values())


def _before_feel(text: str) -> int:
    """The length of what stands before FEEL in a diagram: blanks and the sign ``=``."""
    bare = text.lstrip()
    blanks = len(text) - len(bare)
    return blanks + 1 if bare.startswith("=") else 0


def _record(found: Found, text: str, skipped: int) -> dict[str, object]:
    """As the page marks it in ``text``."""
    start = min(found.at + skipped, len(text))
    word = None if found.length or found.severity == "error" else _WORD.match(text, start)
    return {
        "code": found.code,
        "message": t(found.code, **found.facts),
        "at": _units(text[:start]),
        "length": _units(word[0] if word else text[start : start + found.length]),
        "severity": found.severity,
    }


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
