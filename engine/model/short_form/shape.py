"""Has the file the shape that the short form has: which keys, of which kind? The answer is that of ``schema.json``, in our words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from engine.errors import Problem
from engine.model.problems import MAXIMAL_PROBLEMS
from engine.model.yaml_file import Path, YamlFile

MAXIMAL_VALUES = 10_000
"""Ten times a large process: comparing with the schema takes a second then."""

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no BPMN file could hold, and nobody can read."""

_CODES = {
    "type": "short_form_type",
    "enum": "short_form_value_not_allowed",
    "const": "short_form_value_not_allowed",
    "pattern": "yaml_pattern",
    "maxItems": "short_form_too_many",
    "minItems": "short_form_too_few",
    "minProperties": "short_form_too_few",
}
"""Where the schema itself does not name the problem (its keyword ``problem``, which editors do not read)."""

_KINDS = {
    "object": "keys",
    "array": "list",
    "string": "text",
    "integer": "number",
    "null": "nothing",
    "boolean": "true",
}


@cache
def validator() -> Draft7Validator:
    """The schema of the short form. Draft 7 is what editors understand."""
    text = files("engine.model.short_form").joinpath("schema.json").read_text(encoding="utf-8")
    return Draft7Validator(json.loads(text))


def shape_problems(document: YamlFile) -> tuple[Problem, ...]:
    """Everything that the schema does not allow, in the order of the file."""
    if len(document.lines) > MAXIMAL_VALUES:
        return (document.problem("short_form_too_large", (), count=len(document.lines), limit=MAXIMAL_VALUES),)
    found = list(_unreadable(document))
    for error in islice(validator().iter_errors(document.data), MAXIMAL_PROBLEMS):
        found.extend(_problems(document, error))
    # each missing key is an error of its own: the same problems come again
    different = {repr(each): each for each in found}.values()
    return tuple(sorted(different, key=lambda each: int(each.facts["line"] or 0)))


def _unreadable(document: YamlFile) -> Iterator[Problem]:
    """Texts with characters that cannot be read."""
    waiting: list[tuple[Path, Any]] = [((), document.data)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(((*path, key), each) for key, each in value.items())
            waiting.extend((path, key) for key in value)
        elif isinstance(value, list):
            waiting.extend(((*path, position), each) for position, each in enumerate(value))
        elif isinstance(value, str) and NOT_IN_XML.search(value):
            yield document.problem("short_form_character", path)


def _problems(document: YamlFile, error: ValidationError) -> Iterator[Problem]:
    path = tuple(error.absolute_path)
    keyword = str(error.validator)
    wanted: Any = error.validator_value
    given: Any = error.instance
    schema = error.schema if isinstance(error.schema, dict) else {}
    if keyword == "additionalProperties":
        known = list(schema.get("properties", {}))
        for key in given if isinstance(given, dict) else ():
            if key not in known:
                near = get_close_matches(key, known, n=1)
                facts = {"key": _short(key), "known": ", ".join(near or known)}
                yield document.problem("short_form_key_unknown", (*path, key), **facts)
    elif keyword == "required" and isinstance(wanted, list):
        for key in wanted:
            if key not in given:
                yield document.problem("yaml_key_missing", path, key=key)
    elif keyword == "dependencies" and isinstance(wanted, dict):
        for key, others in wanted.items():
            for other in others:
                if key in given and other not in given:
                    yield document.problem("short_form_key_alone", (*path, key), key=key, other=other)
    elif keyword == "type":
        kinds = [wanted] if isinstance(wanted, str) else wanted
        expected = ", ".join(dict.fromkeys(_KINDS.get(each, each) for each in kinds))
        yield document.problem("short_form_type", path, value=_short(given), expected=expected)
    else:
        allowed = wanted if isinstance(wanted, list) and keyword == "enum" else [wanted]
        code = schema.get("problem") or _CODES.get(keyword, "short_form_invalid")
        yield document.problem(code, path, value=_short(given), expected=", ".join(_short(each) for each in allowed))


def _short(value: object) -> str:
    text = NOT_IN_XML.sub("�", str(value))
    return text if len(text) <= 60 else f"{text[:59]}…"
