"""What the editors offer while an expression is typed: the functions of FEEL with their signatures, the variables with their types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.feel.extensions import FUNCTIONS
from engine.feel.functions import Signature
from engine.feel.functions.registry import Parameter
from engine.feel.printer import printed_type
from engine.feel.tree import TypeName
from engine.feel.types import name_of_kind
from web.ui import t


def functions() -> list[dict[str, object]]:
    """Every function, each signature by itself: ``params`` are those that it needs, ``info`` is the whole of it."""
    return [
        {
            "name": name,
            "params": [{"name": each.name} for each in signature.parameters if not each.is_optional],
            "info": _written(name, signature),
        }
        for name, builtin in sorted(FUNCTIONS.items())
        for signature in _shown(builtin.signatures)
    ]


def _shown(signatures: Sequence[Signature]) -> Sequence[Signature]:
    """The signatures without those that take items in place of their list, and those that differ in types alone."""
    by_names = {tuple(each.name for each in signature.parameters): signature for signature in signatures}
    plain = [each for each in by_names.values() if not any(parameter.is_rest for parameter in each.parameters)]
    return plain or list(by_names.values())


def described(names: Iterable[str], types: Mapping[str, TypeName]) -> list[dict[str, str]]:
    """The variables, with their types in words where they are known."""
    return [
        {"name": name, "detail": _words(printed_type(types[name])) if name in types else ""} for name in sorted(names)
    ]


def _written(name: str, signature: Signature) -> str:
    parameters = (
        t(
            "web.completion.optional" if each.is_optional else "web.completion.parameter",
            name=f"{each.name}…" if each.is_rest else each.name,
            type=_kinds(each),
        )
        for each in signature.parameters
    )
    result = "" if signature.result is None else f" → {_words(printed_type(signature.result))}"
    return f"{name}({', '.join(parameters)}){result}"


def _kinds(parameter: Parameter) -> str:
    return _words(" or ".join(dict.fromkeys(map(name_of_kind, parameter.kinds))) or "Any")


def _words(kind: str) -> str:
    return t("web.completion.type", type=kind)
