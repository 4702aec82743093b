"""What an examination depends on besides the files: the release of the engine, and what the handlers declare.

Between two releases of one number (a checkout that was brought up to date), what was found is forgotten when the product starts
(``examination.forget_all``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version

from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema

from engine.handler import HandlerTable


def fingerprint(handlers: HandlerTable) -> str:
    """Hex SHA-256 of both: the same in every process of one release with these handlers."""
    lines = [f"bordereau {_release()}", *sorted(_declared(handlers))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@cache
def _release() -> str:
    return version("bordereau")


def _declared(handlers: HandlerTable) -> Iterator[str]:
    """A line for each list of choices, and for each handler with its errors and types."""
    yield from (f"choices {name}" for name in handlers.choices)
    for name, each in handlers.handlers.items():
        types = f"{_type(each.input_type)} -> {_type(each.output_type)}"
        yield f"handler {name} {each.is_effect} {','.join(each.errors)} {types}"


@cache
def _type(kind: type) -> str:
    """The JSON schema of a type, with everything inside it; its name where it has none."""
    try:
        return json.dumps(TypeAdapter(kind).json_schema(), sort_keys=True)
    except PydanticInvalidForJsonSchema:
        return str(kind)
