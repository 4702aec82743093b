"""What an examination depends on besides the files: what this release of the engine does, and what the handlers declare.

A release is told by its sources, not by its number: a checkout that was brought up to date asks again, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema

import engine
from engine.handler import HandlerTable


def fingerprint(handlers: HandlerTable) -> str:
    """Hex SHA-256 of both."""
    digest = hashlib.sha256(_release())
    for line in sorted(_declared(handlers)):
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()


@cache
def _release() -> bytes:
    """SHA-256 of the engine's sources: read once a process."""
    digest = hashlib.sha256()
    root = Path(engine.__file__).parent
    for file in sorted(each for each in root.rglob("*") if each.suffix in {".py", ".json"}):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.digest()


def _declared(handlers: HandlerTable) -> Iterator[str]:
    """A line for each list of choices, and for each handler with its errors and types."""
    yield from (f"choices {name}" for name in handlers.choices)
    for name, each in handlers.handlers.items():
        types = f"{_type(each.input_type)} -> {_type(each.output_type)}"
        yield f"handler {name} {each.is_effect} {','.join(each.errors)} {types}"


def _type(kind: type) -> str:
    """The JSON schema of a type, with everything inside it; its name where it has none."""
    try:
        return json.dumps(TypeAdapter(kind).json_schema(), sort_keys=True)
    except PydanticInvalidForJsonSchema:
        return str(kind)
