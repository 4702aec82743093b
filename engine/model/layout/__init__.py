"""A process as a drawing: from left to right, in its lanes, without a crossing where that can be found.

A layered layout (Sugiyama, Tagawa and Toda 1981) on a grid: ``columns`` (loops turned, then layers), ``sheet`` (cells for nodes, for lines
that pass, and for the turns of loops and boundary events), ``ordering`` (crossings), ``rows`` (straight lines), ``routing`` (pixels and
right-angled lines). ``scopes`` puts sub-processes, lanes and pools around. Pure and deterministic; why it is our own: ADR 12.
"""

from engine.model.layout.geometry import Box, Diagram, Line, Shape
from engine.model.layout.items import Names
from engine.model.layout.scopes import lay_out

__all__ = ["Box", "Diagram", "Line", "Names", "Shape", "lay_out"]
