"""How events and stimuli are made: thousands of times a second, so cheaply."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar, cast, dataclass_transform

Kind = TypeVar("Kind", bound="type[Any]")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def fact(kind: Kind) -> Kind:
    """A dataclass that nobody changes: the type checker refuses it as it does for ``frozen=True``.

    At run time nothing hinders it: a frozen dataclass sets each field by a call of its own, and takes several times as long to make.
    """
    made: Any = dataclass(slots=True)(kind)
    return cast("Kind", made)
