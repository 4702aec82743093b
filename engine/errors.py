"""What can go wrong, as types. Every error carries a ``code`` and facts; ``engine.texts`` makes the sentence.

EngineError                  the docstring is the default message
├ DefinitionError            a process file cannot be used; carries every ``Problem`` found
├ CommandRejected            nothing changed
│ ├ NotFound                 what was named does not exist, or may not be known to exist
│ ├ NotAllowed               the actor may not do this
│ ├ WrongState               not possible in the present state
│ ├ InvalidInput             what was typed cannot be accepted; carries ``FieldProblem`` per field
│ │ └ ActRefused             what was chosen is not allowed: a refused act, told beside the field
│ └ Conflict                 somebody else was faster
├ HandlerFailure             a handler did not give what it declares
│ ├ InputInvalid
│ ├ OutputInvalid
│ └ Crashed                  carries ``cause``
├ Unavailable                the database does not answer; trying again soon will help
└ InvariantBroken            our own bug

``BusinessError`` and ``Transient`` (``engine.handler``) are what handlers raise; they are not EngineErrors.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar, Literal

Fact = str | int | None
Facts = dict[str, Fact]


class EngineError(Exception):
    """Something in the engine went wrong."""

    default_code: ClassVar[str] = "engine_error"

    def __init__(self, code: str | None = None, /, **facts: Fact) -> None:
        self.code = code or self.default_code
        self.facts: Facts = facts
        details = ", ".join(f"{name}={value!r}" for name, value in facts.items())
        super().__init__(f"{(type(self).__doc__ or '').splitlines()[0]} [{self.code}] {details}".rstrip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong in a definition: where, what, how grave. The remedy is part of the text of ``code``.

    ``file`` is the path inside the bundle, ``element_id`` the BPMN (or DMN) id, ``place`` what within it
    (``"condition"``, ``"input order"``, a line number as text).
    """

    code: str
    file: str
    element_id: str | None = None
    element_name: str | None = None
    place: str | None = None
    severity: Literal["error", "warning"] = "error"
    facts: Facts = dataclasses.field(default_factory=dict)


class DefinitionError(EngineError):
    """The definition has problems.

    ``is_noted``: the history has it already.
    """

    default_code = "definition_invalid"
    is_noted = False

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(None, count=len(problems), first=problems[0].code if problems else None)
        self.problems = problems


class CommandRejected(EngineError):
    """The command was refused; nothing changed. ``is_noted``: the history has it already."""

    default_code = "command_rejected"
    is_noted = False


class NotFound(CommandRejected):
    """There is nothing of this name."""

    default_code = "not_found"


class NotAllowed(CommandRejected):
    """The actor may not do this."""

    default_code = "not_allowed"


class WrongState(CommandRejected):
    """This is not possible in the present state."""

    default_code = "wrong_state"


class Conflict(CommandRejected):
    """Somebody else was faster."""

    default_code = "conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """What is wrong with one field of a form."""

    field: str
    code: str
    facts: Facts = dataclasses.field(default_factory=dict)


class InvalidInput(CommandRejected):
    """What was typed cannot be accepted."""

    default_code = "invalid_input"

    def __init__(self, fields: tuple[FieldProblem, ...]) -> None:
        super().__init__(None, count=len(fields), first=fields[0].field if fields else None)
        self.fields = fields


class ActRefused(InvalidInput):
    """What was typed or chosen is not allowed: told beside the field, and a refused act all the same."""


class HandlerFailure(EngineError):
    """A handler did not do what it declares."""

    default_code = "handler_failure"


class InputInvalid(HandlerFailure):
    """The process gave a handler an input that it does not take."""

    default_code = "handler_input_invalid"


class OutputInvalid(HandlerFailure):
    """A handler returned something else than it declares."""

    default_code = "handler_output_invalid"


class Crashed(HandlerFailure):
    """A handler raised an unexpected exception."""

    default_code = "handler_crashed"


class Unavailable(EngineError):
    """The database does not answer; nothing was recorded, or (``database_outcome_unknown``) the answer to the commit was lost."""

    default_code = "database_unavailable"


class InvariantBroken(EngineError):
    """The engine contradicts itself: a bug of ours."""

    default_code = "invariant_broken"
