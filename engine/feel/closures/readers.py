"""Reading variables, local names and paths: closures of a frame."""

from __future__ import annotations

from engine.feel import operations
from engine.feel.closures.frame import Frame, Run
from engine.feel.functions import Builtin
from engine.feel.values import Value


def null(_frame: Frame) -> Value:
    """An argument that is left out."""
    return None


def slot_reader(slot: int) -> Run:
    """A local name."""
    return lambda frame: frame[slot]


def variable_reader(name: str) -> Run:
    """A variable; null when there is none."""

    def run(frame: Frame) -> Value:
        try:
            return frame[0][name]
        except KeyError:
            return None

    return run


def builtin_reader(name: str, builtin: Builtin) -> Run:
    """A variable that hides a built-in function, or that function."""

    def run(frame: Frame) -> Value:
        try:
            return frame[0][name]
        except KeyError:
            return builtin.as_value(frame[1], frame[2])

    return run


def item_reader(slot: int, name: str, outer: Run) -> Run:
    """An entry of the filter's item, or what the name means further out."""

    def run(frame: Frame) -> Value:
        try:
            return frame[slot][name]
        except (KeyError, TypeError):
            return outer(frame)

    return run


def whole_item_reader(slot: int) -> Run:
    """``item`` inside a filter: the filter's item, unless that is a context with an entry of this name (DMN 1.5 §10.3.2.5)."""

    def run(frame: Frame) -> Value:
        value = frame[slot]
        return value.get("item", value) if type(value) is dict else value

    return run


def two_step_reader(first: str, second: str) -> Run:
    """``variable.entry``."""

    def run(frame: Frame) -> Value:
        try:
            return frame[0][first][second]
        except (KeyError, TypeError):
            return operations.member(frame[0].get(first), second, frame[2])

    return run


def slot_member_reader(slot: int, name: str) -> Run:
    """``local.entry``."""

    def run(frame: Frame) -> Value:
        value = frame[slot]
        if type(value) is dict:
            try:
                return value[name]
            except KeyError:
                return None
        return operations.member(value, name, frame[2])

    return run


def member_reader(source: Run, name: str) -> Run:
    """``value.entry``."""

    def run(frame: Frame) -> Value:
        value = source(frame)
        if type(value) is dict:
            return value.get(name)
        return operations.member(value, name, frame[2])

    return run


def path_reader(source: Run, names: tuple[str, ...]) -> Run:
    """A path of several entries."""

    def run(frame: Frame) -> Value:
        value = source(frame)
        for name in names:
            value = value.get(name) if type(value) is dict else operations.member(value, name, frame[2])
        return value

    return run
