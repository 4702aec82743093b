"""What our own files and tests say in FEEL, damaged at random: a value or a typed error, within the bounds."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from engine.feel import Budget, Environment, FeelError, FeelFailure, compile_expression, compile_unary_tests, printed
from engine.feel.operations import MAX_STEPS
from engine.feel.printer import same
from engine.texts import has

ROOT = Path(__file__).parents[3]
ENVIRONMENT = Environment(datetime(2026, 11, 21, tzinfo=UTC))
CONTEXT = {
    "a": Decimal(1),
    "b": [Decimal(2), {"a": "x"}],
    "x": "text",
    "order": {"lines": [{"a": Decimal(1), "quantity": Decimal(3)}], "total": Decimal(100)},
    "customer": {"country": "FR"},
    "unit price": Decimal(3),
}
_IN_XML = re.compile(r"<(?:\w+:)?(?:text|conditionExpression)[^>]*>([^<]+)<|=\"=([^\"]+)\"")
_PIECES = re.compile(r"\w+|\s+|.", re.DOTALL)
_STRANGE = "()[]{}<>=!+-*/.,:;'\"\\@?_ \t\n\u00a0\ufeff\u202e\x00\u2028é💩İ0123456789eEabc"
_FROM = (
    "#if",
    "not(",
    "..",
    "**",
    "in",
    "and",
    "for i in ",
    "return ",
    "function(",
    '@"P1D"',
    "null",
    "1e99",
    "/*",
    "partial",
)


@cache
def corpus() -> tuple[str, ...]:
    """All sources in tests, processes and benchmarks that are read as an expression or as tests."""
    found = set(_texts())
    return tuple(sorted(source for source in found if len(source) < 400 and _is_feel(source)))


def _texts() -> Iterator[str]:
    for file in (*(ROOT / "tests/engine/feel").rglob("*.py"), *(ROOT / "tests/engine/decisions").rglob("*.py")):
        if file.name not in ("attacks.py", Path(__file__).name):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
    for folder in ("processes", "tests/benchmarks/inputs", "tests/golden"):
        for file in (ROOT / folder).rglob("*"):
            if file.suffix in (".bpmn", ".dmn", ".feel"):
                text = file.read_text("utf-8")
                yield from text.splitlines() if file.suffix == ".feel" else map(_unescaped, _IN_XML.findall(text))


def _unescaped(groups: tuple[str, ...]) -> str:
    text = "".join(groups)
    for escaped, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#34;", '"'), ("&amp;", "&")):
        text = text.replace(escaped, sign)
    return text


def _is_feel(source: str) -> bool:
    for compiled in (compile_expression, compile_unary_tests):
        try:
            compiled(source, names=CONTEXT)
        except FeelError:
            continue
        return True
    return False


def damaged(source: str, chance: random.Random) -> str:
    """``source`` after one or two accidents."""
    pieces = _PIECES.findall(source) or [""]
    for _ in range(chance.randint(1, 2)):
        at, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        accident = chance.randrange(6)
        if accident == 0:
            pieces[at], pieces[other] = pieces[other], pieces[at]
        elif accident == 1 and len(pieces) > 1:
            del pieces[at]
        elif accident == 2:
            pieces[at:at] = pieces[min(at, other) : max(at, other) + 1] * chance.randint(1, 3)
        elif accident == 3:
            donor = _PIECES.findall(chance.choice(corpus()))
            start = chance.randrange(len(donor))
            pieces[at:other] = donor[start : start + chance.randint(1, 8)]
        elif accident == 4:
            pieces.insert(at, "".join(chance.choices(_STRANGE, k=chance.randint(1, 4))))
        else:
            pieces.insert(at, chance.choice(_FROM))
    return "".join(pieces)[:2000]


def tried(source: str, *, prints: bool) -> str:
    """What became of ``source``; with ``prints``, its tree is printed and read again. All but a value or a typed error is raised."""
    budget = Budget()
    try:
        expression = compile_expression(source, names=CONTEXT)
        if prints:
            text = printed(expression.tree, names=CONTEXT)
            assert same(compile_expression(text, names=CONTEXT).tree, expression.tree), text
        expression.evaluate(CONTEXT, ENVIRONMENT, budget)
    except FeelError as error:
        assert has(error.code)  # noqa: PT017 - an error is what is expected, just not which one
        start, length = error.facts.get("position", 0), error.facts.get("length", 0)
        assert isinstance(start, int)
        assert isinstance(length, int)
        assert 0 <= start <= start + length <= len(source)
        return "too much" if isinstance(error, FeelFailure) else "refused"
    assert budget.spent <= MAX_STEPS
    return "value"


def _try_many(count: int, seed: int) -> dict[str, int]:
    chance = random.Random(seed)
    found = dict.fromkeys(("refused", "too much", "value"), 0)
    sources = corpus()
    for number in range(count):
        source = damaged(chance.choice(sources), chance)
        try:
            found[tried(source, prints=number % 5 == 0)] += 1
            compile_unary_tests(source, names=CONTEXT).matches(Decimal(1), CONTEXT, ENVIRONMENT)
        except FeelError:
            pass
        except BaseException as error:
            error.add_note(f"source: {source!r}")
            raise
    return found


def test_the_corpus_is_large() -> None:
    assert len(corpus()) > 500


def test_damaged_sources_give_a_value_or_a_typed_error() -> None:
    found = _try_many(2_000, seed=20261122)
    # both must happen, or the damage is too heavy or too light to find anything
    assert found["refused"] > 300
    assert found["value"] > 300


@pytest.mark.long
def test_a_hundred_thousand_damaged_sources_give_a_value_or_a_typed_error() -> None:
    found = _try_many(100_000, seed=1)
    assert sum(found.values()) == 100_000
