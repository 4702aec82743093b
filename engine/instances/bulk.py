"""Doing the same with many tasks: each in a transaction of its own, each with a result of its own; what one is refused stops no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine import log
from engine.errors import CommandRejected, EngineError, InvalidInput, Unavailable
from engine.handler import Actor
from engine.inbox import commands as inbox
from engine.instances import commands
from engine.instances.runtime import Runtime
from engine.model.forms import Field, Form

_log = log.get(__name__)

MOST: Final = 100
"""Tasks at once: a person waits for the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one task. ``error`` None: done. ``is_tried`` False: the database was gone before its turn."""

    task_id: int
    error: EngineError | None = None
    is_tried: bool = True


def claim_many(runtime: Runtime, actor: Actor, task_ids: Sequence[int]) -> tuple[Outcome, ...]:
    """Take each of these tasks (``inbox.commands.claim``)."""
    return _each(task_ids, lambda task: inbox.claim(runtime.database, actor, task))


def complete_many(
    runtime: Runtime, actor: Actor, task_ids: Sequence[int], answers: Mapping[str, str]
) -> tuple[Outcome, ...]:
    """Complete each of these tasks with the same answers (``commands.complete_task``)."""
    return _each(task_ids, lambda task: commands.complete_task(runtime, actor, task, answers))


def may_be_answered_together(form: Form | None) -> bool:
    """Whether one page can ask this form for many cases: nothing in it is shown, asked or proposed by what one case holds."""
    if form is None:
        return True
    names = {each.name for each in form.fields}
    return all(_asked_by(each) <= names for each in form.fields if not each.is_output)


def _asked_by(field: Field) -> set[str]:
    required = None if isinstance(field.required, bool) else field.required
    return {name for each in (field.visible, field.default, required) if each is not None for name in each.variables}


def _each(task_ids: Sequence[int], act: Callable[[int], object]) -> tuple[Outcome, ...]:
    found: list[Outcome] = []
    ids = list(dict.fromkeys(task_ids))[:MOST]
    for position, task in enumerate(ids):
        try:
            act(task)
        except Unavailable as error:
            found.append(Outcome(task_id=task, error=error))
            found += [Outcome(task_id=each, error=error, is_tried=False) for each in ids[position + 1 :]]
            break
        except EngineError as error:
            if not isinstance(error, CommandRejected):
                _log.warning("bulk_item_failed", task=task, code=error.code, exc_info=error)
            found.append(Outcome(task_id=task, error=error))
        else:
            found.append(Outcome(task_id=task))
    return tuple(found)


def first_field_problem(outcomes: Sequence[Outcome]) -> InvalidInput | None:
    """When every task refused what was typed: that, so that the page can show it beside the fields."""
    errors = [each.error for each in outcomes]
    if errors and all(isinstance(each, InvalidInput) for each in errors):
        return next(each for each in errors if isinstance(each, InvalidInput))
    return None
