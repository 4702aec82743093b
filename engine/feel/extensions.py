"""Functions of this product that FEEL does not have: declared here by name and signature, brought by the environment of an evaluation.

An expression never reaches a Python object: what is not declared cannot be called, arguments are checked as those of built-ins are, and
what comes back is a value of FEEL or null.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.feel.functions import BUILTINS
from engine.feel.functions.registry import Builtin, signature_of
from engine.feel.operations import normal
from engine.feel.types import conforms
from engine.feel.values import Environment, TypeName, Value

EXTENSIONS: dict[str, Builtin] = {}
"""By name. ``Environment.functions`` holds what runs them; a function that an environment does not bring gives null."""


def declare(*signatures: str) -> None:
    """Declare an extension function by its signatures, written as for ``builtin``: one call for all of a name."""
    for text in signatures:
        name = text.partition("(")[0]
        known = EXTENSIONS.get(name, Builtin(name, ()))
        _, made = signature_of(text, _brought(name), "environment")
        made = replace(made, run=_brought(name, made.result))
        EXTENSIONS[name] = Builtin(name, (*known.signatures, made))


def _brought(name: str, result: TypeName | None = None) -> Callable[..., Value]:
    """Runs the function of that name which the environment brings; what is not of its declared type is null."""

    def run(environment: Environment, *arguments: Value) -> Value:
        function = environment.functions.get(name)
        value = None if function is None else _plain(function.run(*arguments))
        return value if result is None or conforms(value, result) else None

    return run


def _plain(value: object) -> Value:
    """``value`` with all in it as FEEL knows it; what is no value of FEEL is null."""
    value = normal(value)
    if type(value) is list:
        return [_plain(item) for item in value]
    if type(value) is dict:
        return {str(key): _plain(item) for key, item in value.items()}
    return value


declare(
    "working_days_after(from: date, days: number) -> date",
    "working_days_after(from: date and time, days: number) -> date and time",
)
declare("working_hours_after(from: date or date and time, hours: number or days and time duration) -> date and time")

FUNCTIONS = {**BUILTINS, **EXTENSIONS}
"""All functions that an expression can name."""
