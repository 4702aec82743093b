"""What calls of built-in functions give, by the types of their arguments, and arguments that no signature takes."""

from __future__ import annotations

from engine.feel import kinds, types
from engine.feel.functions import Signature
from engine.feel.kinds import shape_of
from engine.feel.types import NULL, joined, known
from engine.feel.values import TypeName

Type = TypeName | None
LIST = TypeName("list")


def part_of(source: TypeName) -> Type:
    """What a list or a range is of."""
    return known(source.arguments[0]) if source.arguments else None


def item_of(source: Type) -> Type:
    """The items of a list; anything else is itself one item."""
    return part_of(source) if source is not None and source.name == "list" else source


def list_of(item: Type) -> TypeName:
    """A list of items of which ``item`` is known."""
    return LIST if item is None else TypeName("list", (item,))


def misfit(signature: Signature, arguments: list[Type]) -> int | None:
    """The first argument that can never be what ``signature`` takes there."""
    for index, given in enumerate(arguments):
        parameter = signature.parameters[min(index, len(signature.parameters) - 1)]
        if given is not None and not kinds.can_be_argument(shape_of(given), parameter):
            return index
    return None


def wanted_at(signatures: list[Signature], index: int) -> str:
    """What the signatures take at a place, in the words of FEEL."""
    found = [each.parameters[min(index, len(each.parameters) - 1)].kinds for each in signatures if each.parameters]
    return ", ".join(dict.fromkeys(types.name_of_kind(kind) for some in found for kind in some))


_FIRST_LIST = frozenset(("reverse", "sublist", "remove", "distinct values", "duplicate values", "sort"))
_ALL_ITEMS = frozenset(("concatenate", "union"))
_OF_ITEMS = frozenset(("min", "max"))
_INTO_LIST = {"append": 1, "insert before": 2}
"""Where the arguments begin that go into the list."""


def result_of(name: str, possible: list[Signature], arguments: list[Type]) -> Type:
    """What a built-in gives: as declared, or a list of what its arguments hold."""
    if name in _FIRST_LIST:
        return list_of(item_of(arguments[0]))
    if name in _ALL_ITEMS or name in _OF_ITEMS:
        found: Type = NULL
        for argument in arguments:
            found = joined(found, item_of(argument))
        return found if name in _OF_ITEMS else list_of(found)
    if name in _INTO_LIST:
        found = item_of(arguments[0])
        for argument in arguments[_INTO_LIST[name] :]:
            found = joined(found, argument)
        return list_of(found)
    results = {signature.result for signature in possible}
    return results.pop() if len(results) == 1 else None
