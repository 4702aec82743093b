"""What operators change in a running case besides stopping it: a token moved, a step skipped, a variable edited.

The kernel answers (``kernel.operating``); here is who may, what is typed, what can be chosen, and what an act would lead to before anybody
asks for it: the same answer, on a copy of the state, with nothing written and no handler called.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from sqlalchemy.orm import Session

from engine import clock
from engine.errors import Conflict, EngineError, FieldProblem, InvalidInput, NotFound, WrongState
from engine.feel import Budget, Environment, Expression, FeelError, Value, compile_expression
from engine.handler import Actor
from engine.history import refusals
from engine.instances import driver, operators
from engine.instances.driver import Locked, OnFailure
from engine.instances.runtime import Runtime
from engine.kernel import Activity, Event, Phase, Run, State, ValueNotStorable, Wait, storable
from engine.model.elements import (
    Gateway,
    MessageDefinition,
    Model,
    Node,
    Process,
    ReceiveTask,
    TimerDefinition,
    definitions_of,
)
from engine.model.expressions import VARIABLE_NAME
from engine.model.landings import joins_missed, landings
from engine.protocol.stimuli import MoveToken, SetVariable, SkipActivity

Repair = MoveToken | SkipActivity | SetVariable

AsItStands: TypeAlias = Locked
"""A case as it stands; nothing of it is locked, and nothing may be written."""


LONGEST_NAME: Final = 100
LONGEST_TEXT: Final = 10_000
"""Characters of a name, and of a value that is typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a case stands: the live ``activity`` of ``element``, or (``phase`` None) the token that waits on ``flow`` for ``element``;
    then ``activity`` is the scope. ``item``: which of several, from 1.
    """

    activity: str
    flow: str | None
    element: str
    phase: Phase | None
    item: int | None
    may_move: bool
    may_skip: bool

    @property
    def key(self) -> str:
        """What names it among the places of its case."""
        return self.activity if self.flow is None else f"{self.activity}:{self.flow}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The variables of one scope (``element`` None: of the case itself), or the inputs of one activity (``is_input``)."""

    scope: str
    element: str | None
    item: int | None
    is_input: bool
    variables: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What an act would lead to. ``missed``: gateways that wait for a token of each path, and would get none of this one any more."""

    events: tuple[Event, ...]
    state: State
    missed: tuple[str, ...]


def look(session: Session, instance_ids: Collection[int]) -> tuple[AsItStands, ...]:
    """The cases of these ids as they stand, in the order of their ids."""
    return driver.look(session, instance_ids)


def running(session: Session, instance_id: int) -> Locked:
    """The case as it stands, to be looked at. Raises NotFound; WrongState (it has ended)."""
    found = driver.look(session, [instance_id])
    if not found:
        raise NotFound("case_not_found", case=instance_id)
    _check_running(found[0])
    return found[0]


def _check_running(instance: Locked) -> State:
    if instance.state is None or instance.state.is_ended:
        raise WrongState("case_ended", case=instance.id)
    return instance.state


def places(model: Model, state: State) -> Iterator[Place]:
    """Where the case stands, in the order in which it came there; then the tokens that wait for others."""
    for each in state.activities.values():
        process = _process(model, state, each.scope)
        node, item = process.nodes[each.element], state.scopes[each.scope].item
        is_late = each.phase is Phase.UNDOING or bool(each.flows)
        is_whole = item is None and each.undoes is None and not getattr(node, "is_event", False)
        yield Place(
            activity=each.id,
            flow=None,
            element=each.element,
            phase=each.phase,
            item=None if item is None else item + 1,
            may_move=is_whole and not is_late,
            may_skip=not is_late and not isinstance(node, Gateway),
        )
    for scope in state.scopes.values():
        for flow in sorted(scope.tokens):
            element = _process(model, state, scope.id).flows[flow].target
            yield Place(
                activity=scope.id, flow=flow, element=element, phase=None, item=None, may_move=True, may_skip=False
            )


def targets(model: Model, state: State, place: Place) -> tuple[str, ...]:
    """The elements, and of what joins the flows that lead there, to which the token of a place can be moved."""
    process = _process(model, state, _scope(state, place))
    return tuple(each.id for each in landings(process, process.nodes[place.element].scope))


def held(state: State) -> Iterator[Held]:
    """Every variable that can be edited: of the case, of what is open in it, and the inputs of what waits."""
    for scope in state.scopes.values():
        owner = None if scope.activity is None else state.activities[scope.activity]
        yield Held(
            scope=scope.id,
            element=None if owner is None else owner.element,
            item=None if scope.item is None else scope.item + 1,
            is_input=False,
            variables=scope.variables,
        )
    for each in state.activities.values():
        if each.variables:
            yield Held(scope=each.id, element=each.element, item=None, is_input=True, variables=each.variables)


def fixed(model: Model, state: State, scope: str, name: str) -> Iterator[Wait]:
    """The waits whose key or moment was worked out of this variable when they began: they keep it, whatever becomes of the variable."""
    for wait in state.waits.values():
        process = _process(model, state, _scope_of(state, wait.activity))
        expression = _worked_out(process.nodes[wait.element], wait.number)
        if (
            expression is not None
            and name in expression.possible_variables
            and _holder(state, wait.activity, name) == scope
        ):
            yield wait


def _worked_out(node: Node, number: int) -> Expression | None:
    trigger = node.message if isinstance(node, ReceiveTask) else getattr(node, "trigger", None)
    definitions = definitions_of(trigger)
    match definitions[number] if number < len(definitions) else None:
        case MessageDefinition(correlation_key=key):
            return key
        case TimerDefinition(expression=moment):
            return moment
        case _:
            return None


def _holder(state: State, activity_or_scope: str, name: str) -> str | None:
    """The id of the activity or scope whose variable of this name is seen there: the nearest one (as ``State.variables_of``)."""
    activity = state.activities.get(activity_or_scope)
    while True:
        if activity is not None and name in activity.variables:
            return activity.id
        scope = state.scopes[activity_or_scope if activity is None else activity.scope]
        if name in scope.variables:
            return scope.id
        if scope.activity is None or scope.is_isolated:
            return None
        activity = state.activities[scope.activity]


def _scope_of(state: State, activity_or_scope: str) -> str:
    activity = state.activities.get(activity_or_scope)
    return activity_or_scope if activity is None else activity.scope


def foresee(runtime: Runtime, instance: Locked, repair: Repair) -> Foreseen:
    """What ``repair`` would lead to now, as far as it can be known without the handlers. Raises what the kernel raises; CaseSuspended."""
    state = _check_running(instance)
    if instance.suspended_at is not None:
        raise driver.CaseSuspended(case=instance.id)
    run = Run(instance.model, state.copy(), runtime.environment(clock.now()))
    events = run.answer(repair)
    return Foreseen(events=events, state=run.state, missed=_missed(instance.model, state, repair))


def _missed(model: Model, state: State, repair: Repair) -> tuple[str, ...]:
    if not isinstance(repair, MoveToken):
        return ()
    scope = repair.activity if repair.flow is not None else state.activities[repair.activity].scope
    process = _process(model, state, scope)
    flow = repair.flow
    left = process.flows[flow].target if flow is not None else state.activities[repair.activity].element
    return tuple(each.id for each in joins_missed(process, flow or left, repair.target))


def perform(runtime: Runtime, actor: Actor, instance_id: int, repair: Repair, revision: int | None = None) -> None:
    """Do it, in one transaction. ``revision``: that of the case which the person has seen; another one by now is a Conflict.

    Raises NotAllowed; InvalidInput (``reason``); NotFound; WrongState (it has ended, stands still, or the act makes no sense); Conflict.
    """
    with refusals.remembering(runtime.database, actor.login, _act_of(repair), {"case": instance_id}):
        operators.check_may_operate(actor)
        repair, now = with_reason(repair, repair.reason), clock.now()
        with runtime.database.transaction() as session:
            instance = driver.lock(session, instance_id)
            if revision is not None and revision != instance.revision:
                raise Conflict("case_changed_meanwhile", case=instance_id)
            _do(runtime, session, actor, instance, repair, now)


def _act_of(repair: Repair) -> str:
    match repair:
        case MoveToken():
            return "cases.move"
        case SkipActivity():
            return "cases.skip"
        case _:
            return "cases.edit"


def with_reason(repair: Repair, reason: str) -> Repair:
    """The act with its reason as it is kept. Raises InvalidInput."""
    said = operators.check_reason(reason)
    match repair:
        case MoveToken():
            return MoveToken(activity=repair.activity, target=repair.target, reason=said, flow=repair.flow)
        case SkipActivity():
            return SkipActivity(activity=repair.activity, reason=said)
        case _:
            return SetVariable(scope=repair.scope, name=repair.name, value=repair.value, reason=said)


def _do(  # noqa: PLR0917 - as a step has them at hand
    runtime: Runtime, session: Session, actor: Actor, instance: Locked, repair: Repair, now: datetime
) -> None:
    _check_running(instance)
    try:
        driver.apply(runtime, session, instance, repair, actor, now, on_failure=OnFailure.INCIDENT)
    except ValueNotStorable as error:
        raise InvalidInput((FieldProblem(field="value", code=error.code, facts=error.facts),)) from error


# ---- the same for one of many cases, which is known by what it is at


def perform_there(  # noqa: PLR0917 - an act of a batch
    runtime: Runtime,
    session: Session,
    actor: Actor,
    instance_id: int,
    act: str,
    what: Mapping[str, Value],
    reason: str,
    now: datetime,
) -> None:
    """``move`` what waits at the element ``from`` to ``to``, ``skip`` it, or ``edit`` the variable ``name`` of the case, in a transaction.

    Raises NotFound; WrongState (also ``repair_not_there``, ``repair_not_clear``: not exactly one thing waits at the element).
    """
    instance = driver.lock(session, instance_id)
    state = _check_running(instance)
    if act == "edit":
        repair: Repair = SetVariable(scope="s1", name=str(what["name"]), value=what["value"], reason=reason)
    else:
        there = _only(state, str(what["from"]))
        repair = (
            SkipActivity(activity=there.id, reason=reason)
            if act == "skip"
            else MoveToken(activity=there.id, target=str(what["to"]), reason=reason)
        )
    _do(runtime, session, actor, instance, repair, now)


def _only(state: State, element: str) -> Activity:
    there = [each for each in state.activities.values() if each.element == element and not state.is_item(each)]
    if not there:
        raise WrongState("repair_not_there", element=element)
    if len(there) > 1:
        raise WrongState("repair_not_clear", element=element, count=len(there))
    return there[0]


# ---- what is typed


def read_value(typed: str, *, is_text: bool, environment: Environment) -> Value:
    """The value that somebody typed: as it stands (``is_text``), or a literal of FEEL or JSON, which asks for no variable.

    Raises InvalidInput (``value``).
    """
    if is_text:
        if len(typed) > LONGEST_TEXT:
            raise _wrong("value", "value_too_long", limit=LONGEST_TEXT)
        return _kept(typed)
    try:
        expression = compile_expression(typed.strip())
    except FeelError as error:
        raise _wrong("value", "value_not_literal") from error
    if expression.possible_variables:
        # a name that nobody knows is null in FEEL: what was meant as text would silently be lost
        raise _wrong("value", "value_not_literal")
    try:
        return _kept(expression.evaluate({}, environment, Budget()))
    except FeelError as error:
        raise _wrong("value", "value_not_literal") from error


def read_name(typed: str, state: State, scope: str) -> str:
    """The name of a variable: one that is there, or a good new one. Raises InvalidInput (``name``)."""
    holder = state.activities.get(scope) or state.scopes.get(scope)
    name = typed.strip()
    if holder is not None and name in holder.variables:
        return name
    if len(name) > LONGEST_NAME or not VARIABLE_NAME.fullmatch(name):
        raise _wrong("name", "variable_name_unusable", limit=LONGEST_NAME)
    return name


def _kept(value: Value) -> Value:
    try:
        return storable(value)
    except EngineError as error:
        raise InvalidInput((FieldProblem(field="value", code=error.code, facts=error.facts),)) from error


def _wrong(field: str, code: str, **facts: int) -> InvalidInput:
    return InvalidInput((FieldProblem(field=field, code=code, facts=dict(facts)),))


def _process(model: Model, state: State, scope: str) -> Process:
    return model.processes[state.scopes[scope].process]


def _scope(state: State, place: Place) -> str:
    return place.activity if place.flow is not None else state.activities[place.activity].scope
