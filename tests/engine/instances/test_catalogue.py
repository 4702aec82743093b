"""The catalogue says what each handler takes and gives, in schemas that a validator accepts."""

from __future__ import annotations

import json

import jsonschema
import pytest

from engine.instances.catalogue import catalogue
from handlers.table import HANDLERS
from tests.engine.instances import posting


def test_every_handler_of_the_product_has_valid_schemas() -> None:
    found = json.loads(json.dumps(catalogue(HANDLERS)))
    assert set(found) == set(HANDLERS.handlers)
    for each in found.values():
        assert each["description"], each["name"]
        for schema in (each["input"], each["output"]):
            jsonschema.Draft202012Validator.check_schema(schema or {})


def test_a_schema_takes_what_the_handler_takes() -> None:
    schema = catalogue(HANDLERS)["purchasing.submit_request"]["input"]
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate({"article": "LAM", "quantity": "30"})
    for wrong in (
        {"article": "LAM"},
        {"article": 3, "quantity": "30"},
        {"article": "LAM", "quantity": "30", "more": 1},
    ):
        with pytest.raises(jsonschema.ValidationError):
            validator.validate(wrong)


def test_it_says_how_often_a_handler_is_tried_and_how_long_it_is_held() -> None:
    found = catalogue(posting.HANDLERS)
    mail, held = found["post.mail"], found["post.held"]
    assert (mail["once"], mail["attempts"], mail["output"]) == (True, 3, None)
    assert (held["hold_seconds"], held["errors"]) == (300, ["taken_back"])
