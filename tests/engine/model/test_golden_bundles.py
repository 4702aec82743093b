"""What was read of a bundle stays what is read of it: added to, never edited (style §6)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.model import bundle, elements, forms
from engine.model.bundle import content_hash, read_bundle

Describe = Callable[[Any], Any]

BUNDLES = Path(__file__).parents[2] / "golden" / "bundles"


CLASSES = {
    each.__name__: each
    for module in (bundle, elements, forms)
    for each in vars(module).values()
    if isinstance(each, type) and is_dataclass(each)
}


def lean(data: Any, describe: Describe) -> Any:
    """Without what has its default: an element that knows more than it did when a golden file was written is still the same element."""
    if isinstance(data, list):
        return [lean(each, describe) for each in data]
    if not isinstance(data, dict):
        return data
    if data.get("is_terminate"):  # as ends were written before they could throw other things
        data = data | {"result": {"is": "TerminateDefinition"}}
    data = {key: value for key, value in data.items() if key != "is_terminate"}
    usual = _defaults(CLASSES[data["is"]], describe) if data.get("is") in CLASSES else {}
    return {key: lean(value, describe) for key, value in data.items() if key not in usual or value != usual[key]}


def _defaults(of: Any, describe: Describe) -> dict[str, Any]:
    given = {each.name: each.default for each in fields(of) if each.default is not MISSING}
    made = {each.name: each.default_factory() for each in fields(of) if each.default_factory is not MISSING}
    return {name: describe(value) for name, value in (given | made).items()}


@pytest.mark.parametrize(
    "folder", sorted(path for path in BUNDLES.iterdir() if path.is_dir()), ids=lambda path: path.name
)
def test_a_golden_bundle_is_read_as_it_always_was(folder: Path, describe: Describe) -> None:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    version = read_bundle(files)
    expected = json.loads(folder.with_suffix(".json").read_text(encoding="utf-8"))
    model = describe(version.model)
    model["decisions"] = sorted(model["decisions"])
    read = describe(version) | {
        "model": model,
        "decision_models": {path: sorted(each.decisions) for path, each in version.decision_models.items()},
        "warnings": [f"{each.code} {each.element_id}" for each in version.warnings],
    }
    assert lean({"content_hash": content_hash(files)} | read, describe) == lean(expected, describe)


def test_every_golden_result_has_its_bundle() -> None:
    assert {path.stem for path in BUNDLES.glob("*.json")} == {path.name for path in BUNDLES.iterdir() if path.is_dir()}
