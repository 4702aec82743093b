"""Reading YAML that strangers wrote: plain data only (the core schema of YAML 1.2), each key once, no anchors, no tags, bounded.

Words stay words: ``no``, ``on``, ``12:30`` and ``2026-11-21`` are text here, not booleans, seconds and dates as in YAML 1.1; numbers with a
fraction are exact decimals. Every value remembers its line, so that a problem can say where it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from engine.errors import DefinitionError, Fact, Problem

MAXIMAL_BYTES = 256 * 1024
MAXIMAL_DEPTH = 20

Path = tuple[str | int, ...]

_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")

_CODES: Mapping[str, str] = {
    "additionalProperties": "yaml_key_unknown",
    "required": "yaml_key_missing",
    "type": "yaml_type",
    "enum": "yaml_value_not_allowed",
    "pattern": "yaml_pattern",
    "dependentRequired": "yaml_key_missing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlFile:
    """The data of a file and the line of every value (by its path of keys and positions)."""

    file: str
    data: Any
    lines: Mapping[Path, int]

    def problem(self, code: str, path: Path = (), /, **facts: Fact) -> Problem:
        """A problem at the value of ``path``."""
        line = next((self.lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self.lines), 1)
        return Problem(code=code, file=self.file, place=place_of(path), facts=facts | {"line": line})


def place_of(path: Sequence[str | int]) -> str:
    """``("fields", 2, "label")`` → ``fields[2].label``."""
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
    return text.removeprefix(".")


def parse_yaml(content: bytes, file: str) -> YamlFile:
    """Read one document. Raises DefinitionError with the first problem, its line as place."""
    if len(content) > MAXIMAL_BYTES:
        raise _refused("yaml_too_large", file, size=len(content), limit=MAXIMAL_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused("yaml_not_utf8", file) from None
    builder = _Builder(file=file)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise _refused("yaml_broken", file, line, reason=error.problem or "") from None
    except yaml.YAMLError as error:
        raise _refused("yaml_broken", file, reason=str(error).splitlines()[0]) from None
    return YamlFile(file=file, data=builder.data, lines=builder.lines)


def schema_problems(document: YamlFile, schema: str) -> tuple[Problem, ...]:
    """How ``document`` differs from the JSON Schema ``engine/model/schemas/<schema>.schema.json``: everything at once."""
    return problems_by(document, _validator(schema))


def problems_by(document: YamlFile, validator: Draft202012Validator) -> tuple[Problem, ...]:
    """How ``document`` differs from the schema of ``validator``: everything at once."""
    errors = sorted(validator.iter_errors(document.data), key=lambda error: [str(each) for each in error.absolute_path])
    found: list[Problem] = []
    for error in errors:
        # jsonschema reports each missing key as an error of its own: the same problems come again
        found.extend(each for each in _schema_problems(document, error) if each not in found)
    return tuple(found)


@cache
def _validator(schema: str) -> Draft202012Validator:
    text = files("engine.model").joinpath("schemas", f"{schema}.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def _schema_problems(document: YamlFile, error: ValidationError) -> Iterator[Problem]:
    path = tuple(error.absolute_path)
    keyword = str(error.validator)
    code = _CODES.get(keyword, "yaml_invalid")
    if keyword == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        for key in error.instance:
            if key not in known:
                yield document.problem(code, (*path, key), key=str(key))
    elif keyword == "required" and isinstance(error.instance, dict) and isinstance(error.validator_value, list):
        for key in error.validator_value:
            if key not in error.instance:
                yield document.problem(code, path, key=str(key))
    else:
        yield document.problem(code, path, value=_short(error.instance), expected=_short(error.validator_value))


def _short(value: object) -> str:
    text = ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _refused(code: str, file: str, line: int = 1, **facts: Fact) -> DefinitionError:
    return DefinitionError((Problem(code=code, file=file, place=str(line), facts=facts | {"line": line}),))


@dataclass(slots=True, kw_only=True)
class _Open:
    """A mapping or list being filled; ``key`` is the key whose value comes next."""

    container: dict[str, Any] | list[Any]
    path: Path
    key: str | None = None


@dataclass(slots=True, kw_only=True)
class _Builder:
    """Makes data of PyYAML's events, which come one by one: depth is counted, not found by a stack that overflows."""

    file: str
    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    _open: list[_Open] = field(default_factory=list)
    _documents: int = 0

    def take(self, event: yaml.Event) -> None:
        assert event.start_mark is not None
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or (isinstance(event, yaml.NodeEvent) and event.anchor is not None):
            raise _refused("yaml_anchor", self.file, line)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _refused("yaml_documents", self.file, line)
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            raise _refused("yaml_tag", self.file, line, tag=str(event.tag))
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin({}, line)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin([], line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)

    def _begin(self, container: dict[str, Any] | list[Any], line: int) -> None:
        if len(self._open) >= MAXIMAL_DEPTH:
            raise _refused("yaml_too_deep", self.file, line, limit=MAXIMAL_DEPTH)
        if self._is_key():
            raise _refused("yaml_key_not_text", self.file, line)
        path = self._add(container, line)
        self._open.append(_Open(container=container, path=path))

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        if not self._is_key():
            self._add(event.value if event.style else _plain(event.value), line)
            return
        inside = self._open[-1]
        if event.value in inside.container:
            raise _refused("yaml_key_twice", self.file, line, key=event.value)
        inside.key = event.value

    def _is_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].container, dict) and self._open[-1].key is None

    def _add(self, value: object, line: int) -> Path:
        if not self._open:
            self.data = value
            self.lines[()] = line
            return ()
        inside = self._open[-1]
        if isinstance(inside.container, list):
            path: Path = (*inside.path, len(inside.container))
            inside.container.append(value)
        else:
            assert inside.key is not None
            path = (*inside.path, inside.key)
            inside.container[inside.key] = value
            inside.key = None
        self.lines[path] = line
        return path


def _plain(text: str) -> bool | int | Decimal | str | None:
    """What an unquoted scalar means in the core schema, without its rarer spellings."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _DECIMAL.fullmatch(text) else text
