"""Publishing in tests: examined here, so that no worker is needed; or without asking what the gate asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.database.session import Database
from engine.definitions import examination, store
from engine.definitions.examining import Covered, Examined
from engine.definitions.gate import check
from engine.definitions.store import Version
from engine.errors import DefinitionError
from engine.handler import Actor, HandlerTable
from engine.instances.runtime import Runtime
from engine.model.bundle import read_bundle


def publish(
    database: Database, actor: Actor, files: Mapping[str, bytes], handlers: HandlerTable, *note: str, **options: Any
) -> Version:
    """Examine ``files`` and publish them: the whole gate, in this process."""
    at = Runtime(database=database, handlers=handlers).environment
    examination.examine_now(database, actor, files, handlers, at)
    return store.publish(database, actor, files, handlers, *note, **options)


def publish_unexamined(
    database: Database, actor: Actor, files: Mapping[str, bytes], handlers: HandlerTable, *note: str, **options: Any
) -> Version:
    """Publish what may be unsound, to see what the engine then does: such versions are from before the gate asked."""
    nothing = Examined(covered=Covered(elements={}, flows={}, rules={}, percent=100, stories=0))
    errors = tuple(each for each in check(files, handlers) if each.severity == "error")
    if errors:
        raise DefinitionError(errors)
    examination.keep(database, actor, read_bundle(files), handlers, nothing)
    return store.publish(database, actor, files, handlers, *note, **options)
