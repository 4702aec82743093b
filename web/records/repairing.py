"""The pages on which an operator repairs one case: where it stands, where work can go on, what would come of it, and its variables.

Choosing and foreseeing are plain addresses that change nothing; each act is one form with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import InvalidInput, NotFound
from engine.feel import Value, printed_value
from engine.identity import people
from engine.instances import operators, queries, repairs
from engine.instances.names import find_node
from engine.instances.queries import Case
from engine.instances.repairs import AsItStands, Foreseen, Held, Place, Repair
from engine.kernel import Phase, State
from engine.model.bundle import Bundle
from engine.model.elements import CallActivity, Process
from engine.protocol.stimuli import MoveToken, SetVariable, SkipActivity
from web import auth, errors, present, ui
from web.records import foreseen
from web.returned import Returned, returned
from web.ui import shown, t
from web.words import labels_of

blueprint = Blueprint("repairing", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """Where the case stands, in the list. ``anchor``: the element, once: the diagram finds the row by it."""

    anchor: str
    name: str
    kind: str
    state: str
    url: str
    may_act: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow:
    """Where work can go on."""

    anchor: str
    name: str
    kind: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableRow:
    """A variable with its value."""

    name: str
    label: str
    value: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """Those of one scope. ``new_url``: where another one can be written; empty for the inputs of a step."""

    title: str
    rows: tuple[VariableRow, ...]
    new_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A case as its page and as the kernel have it."""

    case: Case
    instance: AsItStands
    state: State

    @property
    def bundle(self) -> Bundle:
        """The version that it follows."""
        return self.case.definition.bundle

    def place(self, key: str) -> Place:
        """Where it stands, by key. Raises NotFound: not there any more."""
        found = next((each for each in repairs.places(self.instance.model, self.state) if each.key == key), None)
        if found is None:
            raise NotFound("repair_place_gone")
        return found

    def said(self, place: Place) -> str:
        """What the step of a place is called; of several, which."""
        name = present.name_of(self.bundle, place.element)
        return name if place.item is None else t("web.repair.item", step=name, number=place.item)


def _seen(session: Session, case_id: int) -> Seen:
    case = queries.case(session, auth.actor(), case_id)
    instance = repairs.running(session, case_id)
    assert instance.state is not None
    return Seen(case=case, instance=instance, state=instance.state)


@blueprint.get("/cases/<int:case_id>/repair")
@auth.requires(*sorted(operators.OPERATORS))
def overview(case_id: int) -> Answer:
    """Where the case stands, and its variables."""
    with auth.runtime().database.reading() as session:
        seen = _seen(session, case_id)
        diagram = _diagram(session, seen, None)
    return ui.page(
        "records/repair.html",
        **_frame(seen),
        diagram=diagram,
        places=list(_places(seen)),
        variables=[_variables(seen, each) for each in repairs.held(seen.state)],
    )


@blueprint.get("/cases/<int:case_id>/repair/place")
@auth.requires(*sorted(operators.OPERATORS))
def place(case_id: int) -> Answer:
    """One place (``at``): skip it, or choose where work goes on."""
    with auth.runtime().database.reading() as session:
        seen = _seen(session, case_id)
        found = seen.place(request.args.get("at", ""))
        diagram = _diagram(session, seen, found.element)
    return ui.page(
        "records/repair_place.html",
        **_frame(seen),
        diagram=diagram,
        step=seen.said(found),
        state=_state(seen, found),
        skip_url=_confirm_url(case_id, found, "skip") if found.may_skip else "",
        targets=[_target(seen, found, each) for each in _targets(seen, found)],
        may_move=found.may_move,
    )


@blueprint.get("/cases/<int:case_id>/repair/confirm")
@auth.requires(*sorted(operators.OPERATORS))
def confirm(case_id: int) -> Answer:
    """What an act (``act``, ``at``, ``to``) would lead to, and the form that does it."""
    return _confirmation(case_id, request.args, Returned())


def _confirmation(case_id: int, given: Mapping[str, str], back: Returned) -> str:
    with auth.runtime().database.reading() as session:
        seen = _seen(session, case_id)
        found = seen.place(given.get("at", ""))
        repair = _repair(given, "")
        would = repairs.foresee(auth.runtime(), seen.instance, repair)
        titles = people.role_titles(session)
    return ui.page(
        "records/repair_confirm.html",
        **_frame(seen),
        place_url=url_for("repairing.place", case_id=case_id, at=found.key),
        step=seen.said(found),
        title=_title(seen, found, repair),
        lines=list(foreseen.lines(would, seen.bundle, titles)),
        warnings=list(_warnings(seen, would)),
        act="skip" if isinstance(repair, SkipActivity) else "move",
        at=found.key,
        to=given.get("to", ""),
        returned=back,
        revision=seen.instance.revision,
    )


@blueprint.post("/cases/<int:case_id>/repair")
@auth.requires(*sorted(operators.OPERATORS))
def perform(case_id: int) -> Answer:
    """Move or skip, with a ``reason``; one that cannot be kept comes back as it was typed, below what would happen now (422)."""
    given = request.form
    repair = _repair(given, given.get("reason", ""))
    with auth.runtime().database.reading() as session:
        queries.case(session, auth.actor(), case_id)
    try:
        repairs.perform(auth.runtime(), auth.actor(), case_id, repair, given.get("revision", type=int))
    except InvalidInput as refusal:
        return _confirmation(case_id, given, returned(refusal)), 422
    flash(t(f"web.repair.done.{given.get('act')}"), "success")
    return redirect(url_for("records.case", case_id=case_id), 303)


@blueprint.get("/cases/<int:case_id>/repair/variable")
@auth.requires(*sorted(operators.OPERATORS))
def variable(case_id: int) -> Answer:
    """The form of one variable (``scope``, ``name``; without a name: of a new one)."""
    return _variable_form(case_id, request.args.get("scope", ""), request.args.get("name", ""), None)


@blueprint.post("/cases/<int:case_id>/repair/variable")
@auth.requires(*sorted(operators.OPERATORS))
def edit(case_id: int) -> Answer:
    """Give a variable another value, with a ``reason``."""
    given, runtime = request.form, auth.runtime()
    scope = given.get("scope", "")
    try:
        with runtime.database.reading() as session:
            seen = _seen(session, case_id)
        name = repairs.read_name(given.get("name", ""), seen.state, scope)
        is_text = given.get("kind") == "text"
        value = repairs.read_value(
            given.get("value", ""), is_text=is_text, environment=runtime.environment(clock.now())
        )
        repair = SetVariable(scope=scope, name=name, value=value, reason=given.get("reason", ""))
        repairs.perform(runtime, auth.actor(), case_id, repair, given.get("revision", type=int))
    except InvalidInput as refusal:
        return _variable_form(case_id, scope, given.get("name", ""), refusal), 422
    flash(t("web.repair.done.edit"), "success")
    for each in _fixed(seen, scope, name):
        flash(each, "warning")
    return redirect(url_for("repairing.overview", case_id=case_id), 303)


def _variable_form(case_id: int, scope: str, name: str, refusal: InvalidInput | None) -> str:
    """The form as it is opened, or with what was typed and what is wrong with it."""
    with auth.runtime().database.reading() as session:
        seen = _seen(session, case_id)
    held = next((each for each in repairs.held(seen.state) if each.scope == scope), None)
    is_new = request.form.get("is_new") == "1" if refusal is not None else not name
    if held is None or (not is_new and name not in held.variables):
        raise NotFound("repair_place_gone")
    value = held.variables.get(name)
    is_text = isinstance(value, str) or is_new
    given: Mapping[str, Any] = request.form if refusal is not None else {}
    wrong = {each.field: errors.field_sentence(each) for each in refusal.fields} if refusal is not None else {}
    return ui.page(
        "records/repair_variable.html",
        **_frame(seen),
        where=_where(seen, held),
        scope=scope,
        name=name,
        label=labels_of(seen.bundle).label(name) if name else "",
        is_new=is_new,
        is_text=given.get("kind") == "text" if given else is_text,
        text=given.get("value", _typed(value)),
        reason=given.get("reason", ""),
        wrong=wrong,
        revision=seen.instance.revision,
        now=shown(value),
        fixed=[] if is_new else list(_fixed(seen, scope, name)),
    )


def _fixed(seen: Seen, scope: str, name: str) -> Iterator[str]:
    """What goes on waiting as the variable was when it began to."""
    for each in repairs.fixed(seen.instance.model, seen.state, scope, name):
        kind = "key" if each.due_at is None else "moment"
        facts = {
            "step": present.name_of(seen.bundle, each.element),
            "key": each.key or "",
            "moment": ui.moment(each.due_at),
        }
        yield t(f"web.repair.variable.fixed.{kind}", **facts)


def _typed(value: Value) -> str:
    """A value as it would be typed."""
    return value if isinstance(value, str) else "" if value is None else printed_value(value)


def _frame(seen: Seen) -> dict[str, Any]:
    row = seen.case.row
    return {
        "case_id": row.id,
        "case_key": present.key_of(row),
        "case_url": url_for("records.case", case_id=row.id),
        "process": ui.in_language(row.process_title),
        "is_suspended": row.suspended is not None,
    }


def _diagram(session: Session, seen: Seen, selected: str | None) -> present.DiagramView:
    case = seen.case
    return present.diagram(
        seen.bundle,
        source=url_for("records.diagram", case_id=case.row.id),
        path=case.path,
        last_at={},
        selected=selected,
        titles=people.role_titles(session),
        address=lambda _: "",
        process_id=case.process_id,
    )


def _places(seen: Seen) -> Iterator[PlaceRow]:
    anchored: set[str] = set()
    for each in repairs.places(seen.instance.model, seen.state):
        anchor = each.flow or each.element
        yield PlaceRow(
            anchor="" if anchor in anchored else anchor,
            name=seen.said(each),
            kind=_kind(seen, each.element),
            state=_state(seen, each),
            url=url_for("repairing.place", case_id=seen.case.row.id, at=each.key),
            may_act=each.may_move or each.may_skip,
        )
        anchored.add(anchor)


def _kind(seen: Seen, element: str) -> str:
    node = find_node(seen.bundle, element)  # as it is drawn: what runs asks for a called case as for a handler's work
    return "" if node is None else present.kind_of(node)


_STATES: Mapping[Phase, str] = {
    Phase.TASK: "task",
    Phase.HANDLER: "handler",
    Phase.WAITING: "waiting",
    Phase.INSIDE: "inside",
    Phase.UNDOING: "undoing",
}


def _state(seen: Seen, place_: Place) -> str:
    if place_.phase is None:
        return t("web.repair.state.token")
    if seen.state.is_stuck(place_.activity):
        return t("web.repair.state.stuck")
    if place_.phase is Phase.HANDLER and isinstance(find_node(seen.bundle, place_.element), CallActivity):
        return t("web.repair.state.called")
    return t(f"web.repair.state.{_STATES.get(place_.phase, 'stuck')}")


def _targets(seen: Seen, found: Place) -> Iterator[str]:
    """As a token meets them from the start."""
    if not found.may_move:
        return
    possible = set(repairs.targets(seen.instance.model, seen.state, found))
    for process in seen.instance.model.processes.values():
        for node in present.in_reading_order(process):
            yield from (each for each in (node.id, *node.incoming) if each in possible)


def _target(seen: Seen, found: Place, target: str) -> TargetRow:
    name, kind = _called(seen, target), ""
    if target not in _flows(seen):
        kind = t("web.repair.again") if target == found.element else _kind(seen, target)
    return TargetRow(anchor=target, name=name, kind=kind, url=_confirm_url(seen.case.row.id, found, "move", target))


def _flows(seen: Seen) -> set[str]:
    return {flow for each in seen.instance.model.processes.values() for flow in each.flows}


def _called(seen: Seen, target: str) -> str:
    processes = seen.instance.model.processes.values()
    process = next((each for each in processes if target in each.flows), None)
    return present.name_of(seen.bundle, target) if process is None else landing_name(seen.bundle, process, target)


def landing_name(bundle: Bundle, process: Process, target: str) -> str:
    """What a place for a token is called: of what joins, with the path by which the token comes."""
    flow = process.flows.get(target)
    if flow is None:
        return present.name_of(bundle, target)
    return t(
        "web.repair.by_flow", step=present.name_of(bundle, flow.target), source=present.name_of(bundle, flow.source)
    )


def _confirm_url(case_id: int, found: Place, act: str, to: str | None = None) -> str:
    return url_for("repairing.confirm", case_id=case_id, at=found.key, act=act, to=to)


def _repair(given: Mapping[str, str], reason: str) -> Repair:
    """The act that was chosen. Raises NotFound: no such act."""
    at, _, flow = given.get("at", "").partition(":")
    match given.get("act"):
        case "skip" if not flow:
            return SkipActivity(activity=at, reason=reason)
        case "move":
            return MoveToken(activity=at, target=given.get("to", ""), reason=reason, flow=flow or None)
        case _:
            raise NotFound("not_found")


def _title(seen: Seen, found: Place, repair: Repair) -> str:
    if isinstance(repair, MoveToken):
        return t("web.repair.move.title", step=seen.said(found), target=_called(seen, repair.target))
    return t("web.repair.skip.title", step=seen.said(found))


def _warnings(seen: Seen, would: Foreseen) -> Iterator[str]:
    yield from (t("web.repair.missed", step=present.name_of(seen.bundle, each)) for each in would.missed)
    yield from foreseen.warnings(would, seen.bundle)


def _where(seen: Seen, held: Held) -> str:
    """What the scope of variables is called."""
    if held.element is None:
        return t("web.repair.variables.case")
    step = present.name_of(seen.bundle, held.element)
    if held.is_input:
        return t("web.repair.variables.inputs", step=step)
    inside = step if held.item is None else t("web.repair.item", step=step, number=held.item)
    return t("web.repair.variables.inside", step=inside)


def _variables(seen: Seen, held: Held) -> Variables:
    case_id, labels = seen.case.row.id, labels_of(seen.bundle)
    return Variables(
        title=_where(seen, held),
        rows=tuple(
            VariableRow(
                name=name,
                label=labels.label(name),
                value=labels.value(name, held.variables[name]),
                url=url_for("repairing.variable", case_id=case_id, scope=held.scope, name=name),
            )
            for name in sorted(held.variables)
        ),
        new_url="" if held.is_input else url_for("repairing.variable", case_id=case_id, scope=held.scope),
    )
