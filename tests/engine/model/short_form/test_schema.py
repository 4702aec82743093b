"""The schema for editors and the reader agree: what one refuses the other refuses, and nothing that may be said is ignored."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from importlib.resources import files
from random import Random
from string import Formatter
from typing import Any

import pytest

from engine.errors import DefinitionError, Problem
from engine.model import short_form
from engine.model.short_form import read_short_form
from engine.model.short_form.order import VERBS
from engine.model.short_form.shape import validator
from engine.texts import catalogue, has
from tests.engine.model.short_form.drawing import as_yaml, document

SCHEMA: dict[str, Any] = json.loads(files(short_form).joinpath("schema.json").read_text(encoding="utf-8"))
OTHERS: tuple[Any, ...] = (
    None,
    0,
    True,
    "save nothing and tell whoever acted",
    "choose",
    "=",
    "3 dayz",
    "\u0007",
    [],
    {},
    ["x"],
    {"text": "x"},
    {"fr": "a", "en": "b"},
)
Place = tuple[Any, Any]
"""A dict or list, and the key or position in it."""


def places(value: Any) -> Iterator[Place]:
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(each, dict | list):
            yield from places(each)


def mutant(seed: int) -> Any:
    """A short form with one thing changed, of which many are none any more."""
    chance = Random(seed)
    data = document(seed)
    inside, key = chance.choice(list(places(data)))
    match chance.choice(("delete", "rename", "replace", "double")):
        case "delete":
            del inside[key]
        case "rename" if isinstance(inside, dict):
            name = chance.choice([*VERBS, "id", "when", "then", "after", "message", "key", "send", "nothing"])
            inside[name] = inside.pop(key)
        case "double" if isinstance(inside, list):
            inside.append(copy.deepcopy(inside[key]))
        case _:
            inside[key] = copy.deepcopy(chance.choice(OTHERS))
    return data


def problems_of(data: Any) -> tuple[Problem, ...]:
    try:
        return read_short_form(as_yaml(data).encode(), "p.yaml").warnings
    except DefinitionError as error:
        return error.problems


def hold(seed: int) -> None:
    """Refused for its shape exactly when the schema refuses it, and always with lines and words."""
    data = mutant(seed)
    found = problems_of(data)
    has_shape = any(each.code in SHAPES for each in found)
    # a schema cannot say well which characters nobody can read
    assert has_shape == (not validator().is_valid(data) or "\\u0007" in json.dumps(data)), found
    for each in found:
        assert each.facts["line"], each
        assert has(each.code)


def codes(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("problem"), str):
            yield value["problem"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from codes(each)


SHAPES = frozenset(
    {
        *codes(SCHEMA),
        *(
            "yaml_key_missing",
            "yaml_pattern",
            "short_form_key_unknown",
            "short_form_key_alone",
            "short_form_type",
            "short_form_invalid",
        ),
        *("short_form_value_not_allowed", "short_form_too_many", "short_form_too_few", "short_form_character"),
    }
)


def test_every_problem_of_the_schema_has_its_words() -> None:
    known = {"line", "key", "known", "other", "value", "expected"}
    for code in SHAPES:
        for sentence in catalogue()[code].values():
            assert isinstance(sentence, str)
            assert {name for _, name, _, _ in Formatter().parse(sentence) if name} <= known, code


def test_the_verbs_are_those_of_the_schema() -> None:
    step = SCHEMA["definitions"]["step"]
    assert step["properties"].keys() == step["dependencies"].keys() == VERBS


def test_every_word_is_explained_to_editors() -> None:
    """What stands there, or what it refers to, has a description; names and titles speak for themselves."""

    def is_explained(said: dict[str, Any]) -> bool:
        refers = said.get("$ref", "").rpartition("/")[2]
        return "description" in said or (refers and is_explained(SCHEMA["definitions"][refers]))

    spoken = {"message", "signal", "escalation", "error", "fr", "en", "text"}
    silent = [
        f"{name}: {key}"
        for name, kind in SCHEMA["definitions"].items()
        for key, said in kind.get("properties", {}).items()
        if key not in spoken and not is_explained(said)
    ]
    assert silent == []


def test_schema_and_reader_refuse_the_same() -> None:
    for seed in range(100):
        hold(seed)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_schema_and_reader_refuse_the_same_of_many() -> None:
    for seed in range(100, 2000):
        hold(seed)


def test_nothing_that_may_be_said_is_ignored() -> None:
    """For each word of the schema there is a form that means something else, or nothing, without it."""
    words = {key for kind in SCHEMA["definitions"].values() for key in kind.get("properties", {})} | set(
        SCHEMA["properties"]
    )
    left = words - {"fr", "en"}
    for seed in range(300):
        data = document(seed)
        meant: tuple[Any, ...] | None = None
        for inside, key in list(places(data)):
            if not isinstance(inside, dict) or key not in left:
                continue
            meant = meaning(data) if meant is None else meant
            before = dict(inside)
            del inside[key]
            if meaning(data) != meant:
                left.remove(key)
            inside.clear()
            inside.update(before)
        if not left:
            return
    assert left == set()


def meaning(data: Any) -> tuple[Any, ...]:
    try:
        read = read_short_form(as_yaml(data).encode(), "p.yaml")
    except DefinitionError:
        return ()
    return read.process, read.names
