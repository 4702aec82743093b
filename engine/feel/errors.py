"""What can go wrong with an expression.

FeelError
├ FeelTooMuch       the expressions of a file or version are too long together (``reading.at_most``)
├ FeelSyntaxError   the text is not FEEL: code, position (offset of the first character that does not fit), facts
└ FeelFailure       a bound was exceeded while evaluating; everything else that FEEL cannot compute is null
"""

from __future__ import annotations

from engine.errors import EngineError, Fact


class FeelError(EngineError):
    """Something is wrong with an expression."""

    default_code = "feel_error"


class FeelTooMuch(FeelError):
    """Nothing is wrong with this expression, but it is one too many: no problem of its own place, so no FeelSyntaxError."""

    default_code = "expressions_too_long"


class FeelSyntaxError(FeelError):
    """The text is not a FEEL expression.

    What is wrong begins at ``position`` and is ``length`` characters long (0: at one point). Both are facts too, for whoever underlines it.
    """

    default_code = "feel_syntax"

    def __init__(self, code: str, position: int, /, *, length: int = 0, **facts: Fact) -> None:
        super().__init__(code, position=position, length=length, **facts)
        self.position = position
        self.length = length

    @classmethod
    def unknown(
        cls, code: str, position: int, suggestion: str | None, /, *, length: int = 0, **facts: Fact
    ) -> FeelSyntaxError:
        """Something has a name that is not known: ``code``, or ``code_similar`` when there is a ``suggestion`` (*did you mean*)."""
        if suggestion is None:
            return cls(code, position, length=length, **facts)
        return cls(f"{code}_similar", position, length=length, suggestion=suggestion, **facts)


class FeelFailure(FeelError):
    """An expression went beyond its bounds."""

    default_code = "feel_failure"
