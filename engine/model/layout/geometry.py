"""What a drawing is made of: boxes, lines, labels; sizes in the pixels of BPMN's diagram interchange."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Size:
    """How much room something takes."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; ``y`` grows downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of the right side."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y of the lower side."""
        return self.y + self.height

    @property
    def middle(self) -> Point:
        """The centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    def moved(self, dx: float, dy: float) -> Box:
        """The same elsewhere."""
        return Box(self.x + dx, self.y + dy, self.width, self.height)

    def overlaps(self, other: Box, *, slack: float = 0) -> bool:
        """Whether they share more than a border (and ``slack`` pixels inside it)."""
        return (
            self.x < other.right - slack
            and other.x < self.right - slack
            and self.y < other.bottom - slack
            and other.y < self.bottom - slack
        )

    def contains(self, other: Box) -> bool:
        """Whether ``other`` lies inside."""
        return self.x <= other.x and self.y <= other.y and other.right <= self.right and other.bottom <= self.bottom


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A drawn node, lane or pool. ``label`` is where a name stands that is not inside; ``is_expanded`` of sub-processes,
    ``is_horizontal`` of pools and lanes, ``has_marker`` of exclusive gateways (their cross).
    """

    id: str
    box: Box
    label: Box | None = None
    is_expanded: bool = False
    is_horizontal: bool = False
    has_marker: bool = False

    def moved(self, dx: float, dy: float) -> Shape:
        """The same elsewhere."""
        label = None if self.label is None else self.label.moved(dx, dy)
        return replace(self, box=self.box.moved(dx, dy), label=label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A drawn flow or association, from its source to its target."""

    id: str
    points: tuple[Point, ...]
    label: Box | None = None

    def moved(self, dx: float, dy: float) -> Line:
        """The same elsewhere."""
        label = None if self.label is None else self.label.moved(dx, dy)
        return replace(self, points=tuple((x + dx, y + dy) for x, y in self.points), label=label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """Everything drawn, by the id of what it draws; what holds others stands before them."""

    shapes: Mapping[str, Shape] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)

    def moved(self, dx: float, dy: float) -> Diagram:
        """The same elsewhere."""
        return Diagram(
            shapes={key: each.moved(dx, dy) for key, each in self.shapes.items()},
            lines={key: each.moved(dx, dy) for key, each in self.lines.items()},
        )


def together(diagrams: Iterable[Diagram]) -> Diagram:
    """Several drawings on one plane."""
    shapes: dict[str, Shape] = {}
    lines: dict[str, Line] = {}
    for each in diagrams:
        shapes |= each.shapes
        lines |= each.lines
    return Diagram(shapes=shapes, lines=lines)
