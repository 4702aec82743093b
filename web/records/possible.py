"""What a person can do with a case besides its tasks, as its page offers it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.instances import operators
from engine.instances.queries import Case
from web import auth, present, ui
from web.ui import t


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An effect that has not gone yet."""

    activity: str
    text: str
    may_act: bool


def held(found: Case) -> tuple[Held, ...]:
    """The effects of a case that can be taken back."""
    bundle = found.definition.bundle
    return tuple(
        Held(
            activity=activity,
            text=t("web.case.held", step=present.name_of(bundle, each.element_id), moment=ui.moment(each.held_until)),
            may_act=found.may_take_back and found.row.suspended is None,
        )
        for activity, each in found.held.items()
    )


def acts(found: Case) -> tuple[str, ...]:
    """What an operator can do with the case now."""
    if found.row.ended_at is not None or not auth.has_role(*operators.OPERATORS):
        return ()
    return ("suspend" if found.row.suspended is None else "resume", "cancel")
