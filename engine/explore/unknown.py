"""What is not known before a case runs: values that people, handlers, messages and decisions will give, and what a path asks of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engine.decisions import Decision
from engine.feel import Expression, Value

Path = tuple[str, ...]
Domains = Mapping[Path, tuple[Value, ...]]
"""By the path inside a value, the only values that can stand there."""


@dataclass(frozen=True, slots=True)
class Free:
    """Somebody outside gives it: any value, or one of ``domains``."""

    domains: Domains = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kept:
    """Somebody who does not say what he writes may have written it: any value, for certain only what it was before."""

    previous: Value


@dataclass(frozen=True, slots=True)
class Computed:
    """What an expression makes of unknown values."""

    expression: Expression
    bindings: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision makes of unknown values; its table gives nothing but ``domains``."""

    decision: Decision
    bindings: Mapping[str, Value]
    domains: Domains = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Put:
    """``previous`` with ``value`` at ``path``."""

    previous: Value
    path: Path
    value: Value


@dataclass(frozen=True, slots=True)
class Hidden:
    """Any value, or one of ``domains``, and nothing can be said for certain: it depends on the clock, on a decision that is not known, on
    what is not followed, or was computed too often to follow.
    """

    domains: Domains = field(default_factory=dict)


Origin = Free | Kept | Computed | Decided | Put | Hidden


@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """One value, the same wherever it is kept: two are equal only when they are one. ``name`` is the variable that it came in by."""

    name: str
    origin: Origin

    @property
    def domains(self) -> Domains:
        """What can stand in it."""
        return self.origin.domains if isinstance(self.origin, Free | Decided | Hidden) else {}


def may_have_changed(name: str, previous: Value) -> Unknown:
    """The value after somebody who may have written it. Chains are kept short: what it was before is what it was at first."""
    if isinstance(previous, Unknown) and isinstance(previous.origin, Kept):
        previous = previous.origin.previous
    return Unknown(name, Kept(previous))


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A condition that was asked at ``element``, and the answer that the path takes.

    ``bindings`` are the values that it read (None: it reads what is not followed). ``may_be_null``: anything but true counts as no.
    """

    element: str
    condition: Expression
    bindings: Mapping[str, Value] | None
    holds: bool
    may_be_null: bool = False

    @property
    def unknowns(self) -> Iterator[Unknown]:
        """What it says something about."""
        return (each for each in (self.bindings or {}).values() if isinstance(each, Unknown))

    def is_kept_by(self, value: Value) -> bool:
        """Whether ``value`` is the answer."""
        if self.may_be_null and not self.holds:
            return value is not True
        return value is self.holds
