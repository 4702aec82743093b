"""The syntax tree of FEEL. Immutable; ``at`` is the offset in the source, so that every later complaint can point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

from engine.feel.values import TypeName as TypeName  # noqa: PLC0414 - part of the tree, but values (functions) have types too
from engine.feel.values import Value

ComparisonOperator = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Node:
    """What every node has."""

    at: int


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A literal, already a value."""

    value: Value


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable, a local name, or a built-in function used as a value."""

    name: str


@dataclass(frozen=True, slots=True)
class Path(Node):
    """``source.a.b``: flat, so that a long path is not a deep tree."""

    source: Node
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """``source[condition]``: an item by number or the items for which it holds."""

    source: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """``first (operator operand)*`` of one precedence, left to right: ``+ -``, ``* /`` or ``**``."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Negation(Node):
    """Arithmetic minus."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Junction(Node):
    """``and`` or ``or`` of two or more, three-valued."""

    operator: Literal["and", "or"]
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """Two operands compared."""

    operator: ComparisonOperator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Between(Node):
    """``value between low and high``."""

    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class Test(Node):
    """One positive unary test. ``operator`` None: the expression is a value, a list, a range, or (with ``?``) a condition."""

    operator: ComparisonOperator | None
    operand: Node
    uses_input: bool = False


@dataclass(frozen=True, slots=True)
class Tests(Node):
    """Several tests of one value. No test at all (``-``) always holds."""

    tests: tuple[Test, ...]
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class In(Node):
    """``value in (tests)``."""

    value: Node
    tests: Tests


@dataclass(frozen=True, slots=True)
class If(Node):
    """``if c then v else if … else otherwise``, flat."""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Iteration:
    """``name in source`` or ``name in source..end``."""

    name: str
    source: Node
    end: Node | None = None


@dataclass(frozen=True, slots=True)
class For(Node):
    """``for … return result``."""

    iterations: tuple[Iteration, ...]
    result: Node


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """``some … satisfies condition`` or ``every …``."""

    quantifier: Literal["some", "every"]
    iterations: tuple[Iteration, ...]
    condition: Node


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    """``[a, b]``."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ContextLiteral(Node):
    """``{key: value}``; an entry sees the entries before it."""

    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class RangeLiteral(Node):
    """``[a..b)``; an absent end is unbounded."""

    start: Node | None
    end: Node | None
    start_included: bool
    end_included: bool


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function called with positional arguments, or with ``names`` for each of them."""

    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    """``value instance of type``."""

    value: Node
    type: TypeName


@dataclass(frozen=True, slots=True)
class FunctionLiteral(Node):
    """``function(a: number, b) body``."""

    parameters: tuple[tuple[str, TypeName | None], ...]
    body: Node


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below ``node``, in the order of the source."""
    stack: list[object] = [getattr(node, name) for name in reversed(_FIELDS[type(node)])]
    while stack:
        item = stack.pop()
        if isinstance(item, Node):
            yield item
        elif isinstance(item, tuple):
            stack.extend(reversed(item))
        elif isinstance(item, Iteration):
            stack.extend((item.end, item.source))


def measure(tree: Node) -> tuple[int, int]:
    """How many nodes a tree has, and how deep it is."""
    count, deepest, level = 0, 0, [tree]
    while level:
        count += len(level)
        deepest += 1
        level = [child for node in level for child in children(node)]
    return count, deepest


_HOLDERS = ("Node", "Iteration", "Test")
"""What the type of a field that holds nodes names."""

_FIELDS: dict[type[Node], tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind) if any(word in str(field.type) for word in _HOLDERS))
    for kind in Node.__subclasses__()
}
