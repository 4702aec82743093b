"""The structured log: one line an entry, with the ids of what is going on (request, instance, job).

``context(request=…)`` binds ids for a block; every entry written inside carries them, the entries of libraries too. Nothing personal and no
secret is written: entries name things by id, and ``_hide`` takes out what slipped in all the same (words after ``password``, the
password of an address, e-mail addresses), in exceptions as well. What others wrote cannot forge a line, nor move a terminal's cursor:
control characters, and those that turn the direction of writing, are written as escapes.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Literal, TextIO

import structlog

_SECRET_KEYS = re.compile(r"(?i)password|secret|token|cookie|authorization|e?mail|phone|iban")
_ADDRESS_PASSWORD = re.compile(r"(?<=://)([^:/@\s]*):[^@\s]*@")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""All controls but the line feed, which the renderers escape themselves."""
HIDDEN = "[hidden]"


def configure(
    process: str, *, level: str = "info", style: Literal["text", "json"] = "text", stream: TextIO | None = None
) -> None:
    """Set up the log of this process (``process``: ``web``, ``worker``…). Libraries that use ``logging`` come out alike."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _process_name(process),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.processors.LogfmtRenderer(
            key_order=["at", "level", "process", "event"], drop_missing=True, bool_as_flag=False
        )
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _hide,
                _escape,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module: ``log.get(__name__).info("step_done", instance=42, events=7)``."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


@contextmanager
def context(**ids: str | int | None) -> Iterator[None]:
    """Within the block every entry of this thread carries ``ids`` (``request``, ``instance``, ``job``); None binds nothing."""
    with structlog.contextvars.bound_contextvars(**{name: value for name, value in ids.items() if value is not None}):
        yield


def _process_name(process: str) -> Any:
    def add(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        entry["process"] = process
        return entry

    return add


def _escape(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in entry.items():
        if isinstance(value, str):
            entry[key] = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", value)
    return entry


def _hide(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in entry.items():
        if key not in ("event", "exception") and _SECRET_KEYS.search(key):
            entry[key] = HIDDEN
        elif isinstance(value, str):
            entry[key] = _EMAIL.sub(HIDDEN, _ADDRESS_PASSWORD.sub(rf"\1:{HIDDEN}@", value))
    return entry
