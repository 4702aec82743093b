"""The types of a DMN file (item definitions) and what is done with values where one is declared (DMN 1.5 §7.3.2, §10.3.2.9.4)."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.feel import Budget, Environment, TypeName, UnaryTests, Value, coerced, printed

_ANY = TypeName("Any")
_LISTED = 8
_LONGEST = 80


def listed(tests: UnaryTests) -> str:
    """What ``tests`` allow, in a sentence: the first of the values, or the tests as they are written."""
    values = tests.values()
    if not values:
        return tests.source.strip() if len(tests.source) <= _LONGEST else tests.source.strip()[: _LONGEST - 1] + "…"
    shown = ", ".join(printed(each.tree)[:_LONGEST] for each in values[:_LISTED])
    return f"{shown}, …" if len(values) > _LISTED else shown


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemType:
    """A type by its ``name`` in the file.

    ``feel`` is what FEEL knows of it. What only the file knows: ``tests`` that the whole value must pass, the ``base`` that it restricts,
    the type of an ``item`` when it is a collection, and those of its ``components``.
    """

    name: str
    feel: TypeName
    tests: tuple[UnaryTests, ...] = ()
    base: ItemType | None = None
    item: ItemType | None = None
    components: tuple[tuple[str, ItemType], ...] = ()
    parts: int = field(init=False, repr=False, compare=False)
    is_constrained: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        beneath = [each for each in (self.base, self.item, *(kind for _, kind in self.components)) if each is not None]
        object.__setattr__(self, "parts", 1 + sum(each.parts for each in beneath))
        object.__setattr__(self, "is_constrained", bool(self.tests) or any(each.is_constrained for each in beneath))

    def coerced(self, value: Value, environment: Environment, budget: Budget) -> Value:
        """``value`` where this type is declared: as it is, converted, or null when it does not conform or is not allowed."""
        found = coerced(value, self.feel, budget)
        return found if self.allows(found, environment, budget) else None

    def allows(self, value: Value, environment: Environment, budget: Budget) -> bool:
        """Whether a value of this type is among those allowed, in all its parts. Null always is."""
        if value is None or not self.is_constrained:
            return True
        budget.spend(1 + sum(each.cost for each in self.tests))
        if not all(each.matches(value, {}, environment) for each in self.tests):
            return False
        if self.base is not None and not self.base.allows(value, environment, budget):
            return False
        if self.item is not None and isinstance(value, list):
            return all(self.item.allows(each, environment, budget) for each in value)
        return not isinstance(value, dict) or all(
            kind.allows(value.get(name), environment, budget) for name, kind in self.components
        )

    def barring(
        self, value: Value, environment: Environment, budget: Budget, path: str = ""
    ) -> tuple[str, UnaryTests] | None:
        """The tests that a value of this type does not pass, and at which ``path`` in it (``.status``); None when it is allowed."""
        if self.allows(value, environment, budget):
            return None
        beneath: list[tuple[ItemType, Value, str]] = [] if self.base is None else [(self.base, value, path)]
        if self.item is not None and isinstance(value, list):
            beneath += [(self.item, each, f"{path}[{number}]") for number, each in enumerate(value, 1)]
        elif isinstance(value, dict):
            beneath += [(kind, value.get(name), f"{path}.{name}") for name, kind in self.components]
        found = (kind.barring(part, environment, budget, where) for kind, part, where in beneath)
        return next(
            (each for each in found if each is not None),
            next(((path, each) for each in self.tests if not each.matches(value, {}, environment)), None),
        )

    @property
    def limits(self) -> tuple[UnaryTests, ...]:
        """All tests that the whole value passes, those of the types that this one restricts among them."""
        return self.tests if self.base is None else (*self.tests, *self.base.limits)

    def result(self) -> ItemType | None:
        """What a function gives whose variable is declared so: the result of a signature, else this type itself (as in DMN 1.1)."""
        if self.feel.name != "function":
            return self
        given = self.feel.arguments[-1] if self.feel.arguments else _ANY
        return None if given == _ANY else ItemType(name=given.name, feel=given)

    def values(self) -> UnaryTests | None:
        """The values that one item may have, where they are listed: an output of this type ranks by them (DMN 1.5 §8.2.11)."""
        if self.item is not None:
            return self.item.values()
        return self.tests[0] if self.tests else None if self.base is None else self.base.values()
