"""What operators do to a live instance: move a token, skip an activity, edit a variable (``docs/semantics.md``).

Each is asked whether it makes sense before anything happens (``ActRefused``). What is withdrawn ends as when something interrupts it, with
all that is inside; but what was done inside of a sub-process can still be undone: it stays recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.kernel.moves import Moves
from engine.kernel.state import UNDOING, Activity
from engine.model import elements as model
from engine.model.asking import Blocked
from engine.model.landings import refusal
from engine.model.values import storable_all
from engine.protocol import events as happened
from engine.protocol.stimuli import ActRefused, MoveToken, SetVariable, SkipActivity, StaleStimulus, Stimulus


def move(moves: Moves, asked: MoveToken) -> None:
    """The token leaves its activity (or the flow on which it waits) and goes on at the target, in the same scope.

    A parallel gateway behind the activity still waits for a token of that branch, and now may get none: a deadlock, from which the tokens
    that wait there can be moved in turn. At what joins, the target is one of its flows, and the token counts as that flow's; so each
    joining still takes one token of each flow. Raises StaleStimulus; ActRefused.
    """
    flow, scope_id = asked.flow, asked.activity
    activity = None if flow is not None else _live(moves, scope_id)
    if activity is not None:
        scope_id, element = activity.scope, activity.element
        is_whole = not moves.state.is_item(activity) and not moves.is_event_sub_process(activity)
        if not is_whole or activity.undoes is not None:
            raise ActRefused("move_not_from_there", element=element)
    elif scope_id not in moves.state.scopes or flow not in moves.state.scopes[scope_id].tokens:
        raise StaleStimulus(activity=scope_id)
    process = moves.process_of(scope_id)
    element = process.flows[flow].target if flow is not None else element
    if (code := refusal(process, process.nodes[element].scope, asked.target)) is not None:
        raise ActRefused(code, element=element, target=asked.target)
    moves.emit(happened.TokenMoved(asked.activity, element, asked.target, asked.reason, flow))
    if activity is not None:
        _withdraw(moves, activity)
    elif flow is not None:
        moves.emit(happened.TokensDropped(scope_id, (flow,)))
    if asked.target in process.flows:
        moves.take(moves.state.own_scope(scope_id), (asked.target,))
    else:
        moves.queue(moves.enter(scope_id, process.nodes[asked.target]))
    _go_on(moves)


def skip(moves: Moves, asked: SkipActivity) -> None:
    """The flows after the activity are taken, as their conditions say; an item ends without a result. What undoes something ends alone.

    Raises StaleStimulus; ActRefused.
    """
    activity = _live(moves, asked.activity)
    station, scope, ended = moves.station_of(activity), moves.state.own_scope(activity.scope), None
    if isinstance(station.node, model.Gateway):
        raise ActRefused("skip_of_gateway", element=activity.element)
    try:
        if scope.item is not None:
            ended = moves.item_completed(activity, scope, station, {})
        is_last = scope.item is not None or activity.undoes is not None
        flows = () if is_last else moves.flows_after(activity, station, {})
    except Blocked as blocked:
        raise ActRefused("skip_blocked", element=activity.element, place=blocked.place) from blocked
    moves.emit(happened.ActivitySkipped(activity.id, activity.element, asked.reason))
    _withdraw(moves, activity)
    if ended is not None:
        moves.depart_item(scope, *ended)
    else:
        moves.take(scope, flows * station.tokens)
        moves.queue_owner(activity.scope)
    _go_on(moves)


def edit(moves: Moves, asked: SetVariable) -> None:
    """The value is written there and nowhere else; conditions that wait for it are asked.

    Raises StaleStimulus; ActRefused; ValueNotStorable.
    """
    activity, written = moves.state.activities.get(asked.scope), storable_all({asked.name: asked.value})
    if activity is None and asked.scope not in moves.state.scopes:
        raise StaleStimulus(scope=asked.scope)
    if activity is not None and asked.name not in activity.variables:
        raise ActRefused("edit_of_no_variable", element=activity.element, name=asked.name)
    moves.emit(happened.VariableEdited(asked.scope, asked.name, asked.reason))
    moves.write_to(moves.state.own(asked.scope), written, None)


ACTS: dict[type[Stimulus], Callable[[Moves, Any], None]] = {MoveToken: move, SkipActivity: skip, SetVariable: edit}


def _live(moves: Moves, activity_id: str) -> Activity:
    activity = moves.state.activities.get(activity_id)
    if activity is None:
        raise StaleStimulus(activity=activity_id)
    if activity.phase is UNDOING or activity.flows:  # these: a complex gateway whose token has gone on already
        raise ActRefused("act_too_late", element=activity.element)
    return activity


def _withdraw(moves: Moves, activity: Activity) -> None:
    for inside in reversed(list(moves.with_all_inside([activity.id]))):
        each = moves.state.activities[inside]
        node = moves.node_of(each)
        if each.scopes and isinstance(node, model.Activity) and not moves.process_of(each.scope).undoes_itself(node):
            moves.record(each, node)
    moves.cancel([activity.id])


def _go_on(moves: Moves) -> None:
    """What stopped whole scopes (a deadlock, too many steps) is tried again."""
    if stopped := [each for each in moves.state.incidents.values() if each.activity in moves.state.scopes]:
        for incident in stopped:
            moves.resolve_incident(incident)
        moves.queue_everything()
