"""The flat list that closures work on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.feel.values import Value

Frame = list[Any]
Run = Callable[[Frame], Value]

VARIABLES, ENVIRONMENT, BUDGET, INPUT, FIRST_SLOT = range(5)
"""Where things are in a frame. ``INPUT`` is the tested value (``?``)."""
