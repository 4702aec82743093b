"""One expression checked while it is typed: what compiling says, with its place in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from engine.errors import CommandRejected, Facts
from engine.feel import FeelSyntaxError, compile_expression, compile_unary_tests
from engine.model.bundle import Bundle
from web.ui import t
from web.workshop import variables
from web.workshop.sent import is_text

SOURCE_LENGTH: Final = 20_000
"""Characters. FEEL has its own limit and says so; this one is far above it and spares reading what nobody types."""

_KINDS: Final = ("expression", "tests", "condition")
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


def checked(asked: Asked, bundle: Bundle) -> dict[str, object]:
    """``problems`` of the expression (``at`` and ``length`` count as browsers do, in UTF-16 units) and its ``type`` where it is known.

    ``bundle``: the version that the draft began with; it knows variables and flows. What is empty has no problem: it is not typed yet.
    """
    skipped = 0 if asked.kind == "tests" else _before_feel(asked.source)
    source = asked.source[skipped:]
    if not source.strip():
        return {"problems": [], "type": None}
    names = asked.names.union(variables.known(bundle))
    try:
        if asked.kind == "tests":
            compile_unary_tests(source, names=names)
        else:
            compile_expression(source, names=names)
    except FeelSyntaxError as error:
        found = _Found(code=error.code, at=error.position, facts=error.facts)
        return {"problems": [_record(found, asked.source, skipped)], "type": None}
    return {"problems": [], "type": None}


def _before_feel(text: str) -> int:
    """The length of what stands before FEEL in a diagram: blanks and the sign ``=``."""
    bare = text.lstrip()
    blanks = len(text) - len(bare)
    return blanks + 1 if bare.startswith("=") else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Something about an expression. ``at`` is counted in code points from the beginning of FEEL."""

    code: str
    at: int
    facts: Facts
    severity: str = "error"


def _record(found: _Found, text: str, skipped: int) -> dict[str, object]:
    """As the page marks it in ``text``."""
    start = min(found.at + skipped, len(text))
    length = _length(text, start, found.facts)
    return {
        "code": found.code,
        "message": t(found.code, **found.facts),
        "at": _units(text[:start]),
        "length": _units(text[start : start + length]),
        "severity": found.severity,
    }


def _length(text: str, start: int, facts: Facts) -> int:
    """How much of ``text`` the problem is about: the word that the facts name if it stands there, else one character, at the end none."""
    for each in ("found", "name"):
        word = facts.get(each)
        if isinstance(word, str) and word and text.startswith(word, start):
            return len(word)
    return min(1, len(text) - start)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
