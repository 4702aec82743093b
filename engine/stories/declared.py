"""What a story needs to know of handlers, and how what it says of them is held to what they declare.

Protocols, so that stories stay pure: the handler table (``engine.handler``) fits them, with the database that it knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from engine.data import to_values
from engine.errors import Facts
from engine.feel import Value
from engine.model.values import storable


class Declared(Protocol):
    """A handler's declaration."""

    @property
    def name(self) -> str:
        """Its name in diagrams."""

    @property
    def input_type(self) -> type:
        """What it takes."""

    @property
    def output_type(self) -> type:
        """What it returns."""

    @property
    def is_effect(self) -> bool:
        """It runs after the step, not within."""

    @property
    def errors(self) -> tuple[str, ...]:
        """The business errors that it may raise."""


class Declarations(Protocol):
    """Handlers and lists of choices by name."""

    @property
    def handlers(self) -> Mapping[str, Declared]:
        """The handlers."""

    @property
    def choices(self) -> Mapping[str, object]:
        """The lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """What does not fit a declared type: the code of the sentence, and its facts (``field`` among them)."""

    code: str
    facts: Facts


@lru_cache(maxsize=1024)
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def result_of(handler: Declared, returns: Mapping[str, Value]) -> tuple[Mapping[str, Value], tuple[Unfit, ...]]:
    """What the handler gives when a story says that it ``returns`` this, typed as it declares; and what does not fit."""
    if handler.output_type is type(None):
        return {}, tuple(
            Unfit(code="story_result_unknown", facts={"handler": handler.name, "field": each}) for each in returns
        )
    try:
        typed = to_values(_adapter(handler.output_type).validate_python(dict(returns)))
    except ValidationError as error:
        return {}, tuple(_unfit(handler, error))
    return storable(typed), ()


def input_problem(handler: Declared, given: Mapping[str, Value]) -> Unfit | None:
    """Why the handler would refuse the input that the process gives it."""
    try:
        _adapter(handler.input_type).validate_python(dict(given))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(map(str, found["loc"]))
        return Unfit(
            code="story_input_refused", facts={"handler": handler.name, "field": field, "reason": found["msg"]}
        )
    return None


def _unfit(handler: Declared, error: ValidationError) -> Iterator[Unfit]:
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        facts: Facts = {"handler": handler.name, "field": ".".join(map(str, each["loc"])), "reason": each["msg"]}
        match each["type"]:
            case "missing":
                yield Unfit(code="story_result_missing", facts=facts)
            case "extra_forbidden" | "unexpected_keyword_argument":
                yield Unfit(code="story_result_unknown", facts=facts)
            case _:
                yield Unfit(code="story_result_kind", facts=facts)
