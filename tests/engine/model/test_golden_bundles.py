"""What was read of a bundle stays what is read of it: added to, never edited (style §6)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.model.bundle import content_hash, read_bundle

BUNDLES = Path(__file__).parents[2] / "golden" / "bundles"


@pytest.mark.parametrize(
    "folder", sorted(path for path in BUNDLES.iterdir() if path.is_dir()), ids=lambda path: path.name
)
def test_a_golden_bundle_is_read_as_it_always_was(folder: Path, describe: Callable[[Any], Any]) -> None:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    bundle = read_bundle(files)
    expected = json.loads(folder.with_suffix(".json").read_text(encoding="utf-8"))
    model = describe(bundle.model)
    model["decisions"] = sorted(model["decisions"])
    read = describe(bundle) | {
        "model": model,
        "decision_models": {path: sorted(each.decisions) for path, each in bundle.decision_models.items()},
        "warnings": [f"{each.code} {each.element_id}" for each in bundle.warnings],
    }
    assert {"content_hash": content_hash(files)} | read == expected


def test_every_golden_result_has_its_bundle() -> None:
    assert {path.stem for path in BUNDLES.glob("*.json")} == {path.name for path in BUNDLES.iterdir() if path.is_dir()}
