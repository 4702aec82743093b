"""Small DMN files, written as dmn-js writes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

import pytest

from engine.feel import Environment

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"

File = Callable[..., bytes]
Table = Callable[..., str]


@pytest.fixture
def environment() -> Environment:
    return Environment(datetime(2026, 11, 21, 22, 30, tzinfo=UTC))


def text(kind: str, source: str) -> str:
    return f"<{kind}><text>{escape(source)}</text></{kind}>"


@pytest.fixture
def file() -> File:
    """A whole file around the elements given."""

    def make(*elements: str, namespace: str = NAMESPACE) -> bytes:
        inner = "".join(elements)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f'<definitions xmlns="{namespace}" id="d" name="d" namespace="urn:d">{inner}</definitions>'
        ).encode()

    return make


@pytest.fixture
def decision() -> Callable[..., str]:
    """A decision around its logic; ``requires`` are ids, with ``?`` before inputs and ``!`` before knowledge."""

    def make(logic: str, id: str = "decide", requires: Sequence[str] = ()) -> str:  # noqa: A002 - as in the file
        kinds = {"?": ("informationRequirement", "requiredInput"), "!": ("knowledgeRequirement", "requiredKnowledge")}
        links = ""
        for each in requires:
            requirement, reference = kinds.get(each[0], ("informationRequirement", "requiredDecision"))
            links += f'<{requirement}><{reference} href="#{each.lstrip("?!")}"/></{requirement}>'
        return f'<decision id="{id}" name="{id}">{links}{logic}</decision>'

    return make


@pytest.fixture
def literal() -> Callable[[str], str]:
    return lambda source: text("literalExpression", source)


@pytest.fixture
def table() -> Table:
    """``rows`` of cells, inputs first. ``outputs``: name, or name and output values."""

    def make(
        rows: Sequence[Sequence[str]],
        *,
        inputs: Sequence[str] = ("amount",),
        outputs: Sequence[str | tuple[str, str]] = ("approval",),
        policy: str | None = None,
        aggregation: str | None = None,
        default: str | None = None,
        allowed: str | None = None,
    ) -> str:
        attributes = "".join(
            f" {name}={quoteattr(value)}"
            for name, value in (("hitPolicy", policy), ("aggregation", aggregation))
            if value
        )
        parts = [
            f'<input id="i{number}">{text("inputExpression", each)}{text("inputValues", allowed) if allowed else ""}</input>'
            for number, each in enumerate(inputs)
        ]
        for each in outputs:
            name, values = (each, "") if isinstance(each, str) else each
            parts.append(
                f"<output name={quoteattr(name)}>{text('outputValues', values) if values else ''}"
                f"{text('defaultOutputEntry', default) if default else ''}</output>"
            )
        for number, row in enumerate(rows, 1):
            cells = "".join(
                text("inputEntry" if index < len(inputs) else "outputEntry", cell) for index, cell in enumerate(row)
            )
            parts.append(f'<rule id="r{number}">{cells}</rule>')
        return f'<decisionTable id="t"{attributes}>{"".join(parts)}</decisionTable>'

    return make
