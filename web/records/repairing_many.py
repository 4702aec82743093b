"""The page on which an operator repairs many cases of one process: the same step moved or skipped, the same variable edited, in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer

from engine import clock
from engine.errors import FieldProblem, InvalidInput, NotFound
from engine.feel import Value
from engine.instances import batches, operators, repairs
from engine.instances.batches import BatchAct
from engine.instances.repairs import AsItStands, Place
from engine.kernel import State
from engine.model.landings import landings
from web import auth, errors, present, ui
from web.records import views
from web.records.repairing import landing_name
from web.returned import returned
from web.ui import t

blueprint = Blueprint("repairing_many", __name__)

MOST: Final = 200
"""Cases at once: the page reads the state of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One line of a choice."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The chosen cases that run, all of one process; ``ended``: how many others were chosen."""

    cases: tuple[AsItStands, ...]
    ended: int

    def states(self) -> Iterator[tuple[AsItStands, State]]:
        """Each with its state."""
        yield from ((each, each.state) for each in self.cases if each.state is not None)

    def places(self) -> Iterator[tuple[AsItStands, Place]]:
        """Where each stands, without single items."""
        for case, state in self.states():
            yield from (
                (case, each) for each in repairs.places(case.model, state) if each.flow is None and not each.item
            )


def _chosen() -> Standing:
    """The cases of the request (``target``). Raises InvalidInput: none that runs, too many, or of several processes."""
    targets = request.form.getlist("target", type=int)
    if len(targets) > MOST:
        raise InvalidInput((FieldProblem(field="targets", code="batch_too_large", facts={"limit": MOST}),))
    with auth.runtime().database.reading() as session:
        found = repairs.look(session, targets)
    running = tuple(each for each in found if each.state is not None and not each.state.is_ended)
    if not running:
        raise InvalidInput((FieldProblem(field="targets", code="batch_empty"),))
    if len({each.process_key for each in running}) > 1:
        raise InvalidInput((FieldProblem(field="targets", code="repair_of_several_processes"),))
    return Standing(cases=running, ended=len(found) - len(running))


@blueprint.post("/operations/cases/repair")
@auth.requires(*sorted(operators.OPERATORS))
def choose() -> Answer:
    """What can be done with the chosen cases; cases of which nothing can be done in common are said above the list (422)."""
    try:
        standing = _chosen()
    except InvalidInput as refusal:
        return views.cases_page(returned(refusal)), 422
    return _page(standing, None)


@blueprint.post("/operations/cases/repair/ask")
@auth.requires(*sorted(operators.OPERATORS))
def ask() -> Answer:
    """Have it done: ``act`` with ``from`` and ``to``, or with ``name``, ``kind`` and ``value``; and the ``reason``."""
    given = request.form
    try:
        standing = _chosen()
    except InvalidInput as refusal:
        return views.cases_page(returned(refusal)), 422
    act = next((each for each in ("move", "skip", "edit") if each == given.get("act")), None)
    if act is None:
        raise NotFound("not_found")
    try:
        batch = batches.ask(
            auth.runtime(), auth.actor(), act, _ids(standing), given.get("reason", ""), _what(standing, act, given)
        )
    except InvalidInput as refusal:
        return _page(standing, refusal), 422
    return redirect(url_for("operations.batch", batch_id=batch), 303)


def _ids(standing: Standing) -> Sequence[int]:
    return [each.id for each in standing.cases]


def _what(standing: Standing, act: BatchAct, given: Mapping[str, str]) -> dict[str, Value]:
    """Raises InvalidInput."""
    if act == "edit":
        _, state = next(standing.states())
        name = repairs.read_name(given.get("name", ""), state, "s1")
        environment = auth.runtime().environment(clock.now())
        is_text = given.get("kind") == "text"
        return {
            "name": name,
            "value": repairs.read_value(given.get("value", ""), is_text=is_text, environment=environment),
        }
    wanted: dict[str, Value] = {"from": _one_of(given, "from", _from(standing))}
    if act == "move":
        wanted["to"] = _one_of(given, "to", _to(standing))
    return wanted


def _one_of(given: Mapping[str, str], field: str, options: Sequence[Option]) -> str:
    chosen = given.get(field, "")
    if chosen not in {each.value for each in options}:
        raise InvalidInput((FieldProblem(field=field, code="field_not_offered"),))
    return chosen


def _page(standing: Standing, refusal: InvalidInput | None) -> str:
    given: Mapping[str, str] = {} if refusal is None else request.form
    wrong: dict[str, str] = {}
    if refusal is not None:
        wrong = {each.field: errors.field_sentence(each) for each in refusal.fields}
    values: dict[str, Any] = {name: given.get(name, "") for name in ("act", "from", "to", "name", "value", "reason")}
    return ui.page(
        "records/repair_many.html",
        cases=[Option(value=str(each.id), label=present.called(each.business_key, each.id)) for each in standing.cases],
        ended=standing.ended,
        froms=_from(standing),
        targets=_to(standing),
        names=sorted({name for _, state in standing.states() for name in state.root_variables}),
        given=values,
        is_text=given.get("kind", "text") == "text",
        wrong=wrong,
    )


def _from(standing: Standing) -> list[Option]:
    """Where they stand, with how many of them."""
    counted: Counter[str] = Counter()
    labels: dict[str, str] = {}
    for case, each in standing.places():
        if each.may_move or each.may_skip:
            counted[each.element] += 1
            labels[each.element] = present.name_of(case.bundle, each.element)
    return [
        Option(value=element, label=t("web.repair.many.count", step=labels[element], count=count))
        for element, count in counted.most_common()
    ]


def _to(standing: Standing) -> list[Option]:
    """Where work can go on, of the levels at which they stand."""
    found: dict[str, str] = {}
    for case, each in standing.places():
        process = next(one for one in case.model.processes.values() if each.element in one.nodes)
        for landing in landings(process, process.nodes[each.element].scope):
            if landing.id not in found:
                found[landing.id] = landing_name(case.bundle, process, landing.id)
    return [Option(value=each, label=label) for each, label in found.items()]
