"""What a command of the business is, below ``bordereau``: the contract between the command line and the parts that it does not know.

The setting ``BORDEREAU_COMMANDS`` names a table of them. A command is described by its words and by the name of its function, so that
``bordereau --help`` loads nothing of the business. Its help is the sentence ``cli_help_<area>_<act>``, the area's ``cli_help_<area>``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from engine.record import NotedReader

Say = Callable[..., None]
"""Says the sentence of a code, with its facts by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandContext:
    """All that the function of a command sees: an open transaction that only reads, what the histories of records say, and two voices.

    ``answer``: what was asked, on standard output; ``tell``: how far it is, on standard error.
    """

    session: Session
    noted: NotedReader
    answer: Say
    tell: Say


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """``bordereau <area> <act>``. ``run``: ``module:function``; it takes the context and gives whether all is well."""

    area: str
    act: str
    run: str
