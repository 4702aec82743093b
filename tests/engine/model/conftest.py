from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from engine.feel import Expression

BUNDLES = Path(__file__).parents[2] / "golden" / "bundles"


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def described(value: Any) -> Any:
    """Read elements as JSON-like data that says everything about them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            each.name: described(getattr(value, each.name))
            for each in dataclasses.fields(value)
            if each.init
            and each.name not in {"files", "process_files"}  # what was read: not where, nor what follows from it
        }
        return {"is": type(value).__name__} | fields
    if isinstance(value, Expression):
        return f"= {value.source}"
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): described(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [described(each) for each in value]
    return value


@pytest.fixture
def describe() -> Callable[[Any], Any]:
    return described


@pytest.fixture
def expedition() -> dict[str, bytes]:
    """The files of the golden bundle that holds every construct."""
    return files_of(BUNDLES / "expedition")


@pytest.fixture
def expedition_xml(expedition: dict[str, bytes]) -> str:
    return expedition["expedition.bpmn"].decode()
