"""What the editor is given and what it sends back."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from engine.errors import CommandRejected, FieldProblem, InvalidInput
from engine.handler import Handler, HandlerTable
from engine.identity.people import RoleTitles
from engine.model.bundle import Bundle
from web import ui
from web.ui import in_language, safe_json

BPMN_BYTES = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What the editor posts: the diagram, and what it was based on."""

    bpmn: bytes
    base_version: int | None
    revision: int
    note: str


NOTE_LENGTH = 500


def read_sent(body: Any) -> Sent:
    """What the editor posted. Raises CommandRejected (not of its form), InvalidInput (too large)."""
    if not isinstance(body, dict) or not isinstance(body.get("bpmn"), str):
        raise CommandRejected("web.editor.not_json")
    base, revision, note = body.get("base_version"), body.get("revision") or 0, body.get("note") or ""
    if not _is_count(revision) or not (base is None or _is_count(base)) or not _is_text(note):
        raise CommandRejected("web.editor.not_json")
    content = body["bpmn"].encode("utf-8", "replace")
    if len(content) > BPMN_BYTES:
        raise InvalidInput((FieldProblem(field="bpmn", code="web.editor.too_large"),))
    return Sent(bpmn=content, base_version=base, revision=revision, note=note.strip()[:NOTE_LENGTH])


def _is_text(value: object) -> bool:
    """Text that PostgreSQL can keep: without NUL and half characters."""
    return isinstance(value, str) and "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def bpmn_path(files: Mapping[str, bytes]) -> str:
    """The path of the diagram in a bundle."""
    return next(path for path in sorted(files) if path.endswith(".bpmn"))


def with_diagram(files: Mapping[str, bytes], bpmn: bytes) -> dict[str, bytes]:
    """``files`` with another diagram; forms, decisions and texts stay."""
    return {**files, bpmn_path(files): bpmn}


def data(files: Mapping[str, bytes], bundle: Bundle, handlers: HandlerTable, roles: RoleTitles) -> Markup:
    """All that the editor offers, as JSON. ``bundle``: the version that the draft began with; it has the forms and decisions."""
    return safe_json(
        {
            "bpmn": files[bpmn_path(files)].decode("utf-8", "replace"),
            "handlers": [_handler(each) for _, each in sorted(handlers.handlers.items())],
            "roles": [{"key": key, "title": in_language(title)} for key, title in sorted(roles.items())],
            "forms": [{"id": each.id, "title": in_language(each.title)} for _, each in sorted(bundle.forms.items())],
            "decisions": [{"id": each.id, "title": each.name} for _, each in sorted(bundle.model.decisions.items())],
            "texts": {},
        }
    )


def _handler(handler: Handler) -> dict[str, object]:
    return {
        "name": handler.name,
        "title": handler.title_fr if ui.locale() == "fr" else handler.title_en,
        "inputs": _fields(handler.input_type),
        "outputs": _fields(handler.output_type),
        "errors": list(handler.errors),
        "effect": handler.is_effect,
    }


def _fields(record: type) -> list[dict[str, object]]:
    if not dataclasses.is_dataclass(record):
        return []
    hints = typing.get_type_hints(record)
    return [
        {"name": each.name, "type": _type_name(hints[each.name]), "required": _is_required(each)}
        for each in dataclasses.fields(record)
    ]


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _type_name(hint: Any) -> str:
    """A type as a process owner reads it: ``Decimal``, ``date or nothing``."""
    arguments = [each for each in typing.get_args(hint) if each is not type(None)]
    is_optional = type(None) in typing.get_args(hint)
    name = arguments[0].__name__ if is_optional and len(arguments) == 1 else getattr(hint, "__name__", str(hint))
    return f"{name}?" if is_optional else name
