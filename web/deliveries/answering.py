"""Tasks of a preparation that the pages of its delivery answer: found by their step, completed as the inbox does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine.errors import Conflict, InvalidInput, NotFound, WrongState
from engine.feel import Value
from engine.identity import people
from engine.inbox.queries import TaskRow
from engine.instances import commands
from handlers.customers.queries import delivery_notes
from handlers.deliveries import queries
from handlers.deliveries.queries import DeliveryView
from web import auth, errors
from web.acting import Outcome
from web.deliveries.dossier import leading_case
from web.ui import in_language, t


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A delivery with the open task of one step, and what its case knows. ``instructions``: what the customer wants the carrier to know."""

    delivery: DeliveryView
    instructions: str
    task: TaskRow
    variables: Mapping[str, Value]


def find(session: Session, number: str, step: str) -> Asked | None:
    """None when the case does not ask for ``step`` now. Raises NotFound (``delivery_unknown``)."""
    found = queries.find_delivery(session, number)
    if found is None:
        raise NotFound("delivery_unknown", delivery=number)
    case = leading_case(session, found, people.names(session))
    tasks = [each for each in case.case.tasks if each.is_open and each.element_id == step] if case else []
    if not case or not tasks:
        return None
    instructions = delivery_notes(session, found.party.number)
    return Asked(delivery=found, instructions=instructions, task=tasks[0], variables=case.case.variables)


def elsewhere(number: str) -> Answer:
    """Back to the dossier: this is not asked now."""
    flash(t("web.deliveries.not_asked_now"), "info")
    return redirect(url_for("delivery_dossiers.delivery", number=number), 303)


def complete(asked: Asked, answers: Mapping[str, str]) -> Answer | Outcome:
    """The page that follows; or why the answers were refused, and nothing is done."""
    try:
        commands.complete_task(auth.runtime(), auth.actor(), asked.task.id, answers)
    except InvalidInput as error:
        return Outcome(problems={each.field: errors.field_sentence(each) for each in error.fields})
    except (Conflict, WrongState) as error:
        return Outcome(message=errors.sentence(error))
    number = asked.delivery.number
    flash(t("web.task.completed", title=in_language(asked.task.title), key=number), "success")
    return redirect(url_for("delivery_dossiers.delivery", number=number), 303)
