"""What there is for diagrams to name, as data: each handler with what it takes and gives as JSON Schema (draft 2020-12)."""

from __future__ import annotations

import inspect
from typing import Any

from pydantic import TypeAdapter

from engine.handler import Handler, HandlerTable


def catalogue(handlers: HandlerTable) -> dict[str, dict[str, Any]]:
    """Every handler by name. ``input`` and ``output`` are schemas (null where a handler takes or gives nothing)."""
    return {name: described(each) for name, each in sorted(handlers.handlers.items())}


def described(handler: Handler) -> dict[str, Any]:
    """One handler as tools and editors read it."""
    return {
        "name": handler.name,
        "title": {"fr": handler.title_fr, "en": handler.title_en},
        "description": inspect.getdoc(handler.run) or "",
        "effect": handler.is_effect,
        "once": handler.once,
        "hold_seconds": int(handler.hold.total_seconds()),
        "attempts": handler.retries.attempts,
        "errors": list(handler.errors),
        "input": _schema(handler.input_type, "validation"),
        "output": _schema(handler.output_type, "serialization"),
    }


def _schema(kind: type, mode: Any) -> dict[str, Any] | None:
    return None if kind is type(None) else TypeAdapter(kind).json_schema(mode=mode)
