"""What becomes of one case in another version: everything that lives is looked at, nothing is guessed.

Names first (``renaming``), then what begins and ends: what the new version waits for besides is armed, what it lacks is disarmed, clocks
that are written as before run on. What is written differently is counted from the moment when the waiting began, as if the case had been
in the new version all along.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from engine.errors import Facts
from engine.feel import Environment
from engine.kernel.evaluation import Blocked, Evaluation
from engine.kernel.evaluation import Plan as Wanted
from engine.kernel.moves import Moves
from engine.kernel.state import DONE, HANDLER, INSIDE, NOTHING, ROOT, TASK, WAITING, Activity, State, Wait
from engine.migration import tasks, waits
from engine.migration.counterparts import Counterparts
from engine.migration.problems import Change, Lack
from engine.migration.renaming import renamed
from engine.migration.tasks import TaskTerms
from engine.model import elements as model
from engine.protocol import events as happened
from engine.protocol.events import Event

PUSHED = "moved_to_version"
"""The code of the incident that a case is given when something can go on at once in the new version; retrying it lets it go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a state does not hold. ``since``: when each activity was entered and each scope opened; ``tasks``: the terms of open tasks."""

    since: Mapping[str, datetime] = field(default_factory=dict)
    tasks: Mapping[str, TaskTerms] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a move comes to. With ``lacks`` the case cannot be moved, and the rest says nothing.

    ``state`` is what ``renamed`` and ``forgotten`` (names of local inputs, by activity) and then ``events`` lead to; ``tasks``: the terms
    of tasks that have other ones; ``push``: the incident to be retried so that the case goes on at once, where it can.
    """

    lacks: tuple[Lack, ...] = ()
    changes: tuple[Change, ...] = ()
    state: State
    renamed: Mapping[str, Any] = field(default_factory=dict)
    forgotten: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    tasks: Mapping[str, TaskTerms] = field(default_factory=dict)
    push: str | None = None


def plan(  # noqa: PLR0917 - what of which, from where to where, when
    state: State, old: model.Model, new: model.Model, pairs: Counterparts, environment: Environment, known: Known
) -> Plan:
    """What becomes of ``state`` (of the old version, still running; it is not changed) in the new one at ``environment.now``."""
    look = _Look(state, old, new, pairs)
    lacks = (*pairs.lacks, *look.lacks())
    if lacks:
        return Plan(lacks=_once(lacks), state=state)
    return _Move(look, environment, known).plan()


def _once(lacks: tuple[Lack, ...]) -> tuple[Lack, ...]:
    """Without those that say the same of the same element: there may be a thousand items of it."""
    return tuple({(each.code, each.element): each for each in lacks}.values())


class _Look:
    """A case, the two versions, and which element stands for which."""

    def __init__(self, state: State, old: model.Model, new: model.Model, pairs: Counterparts) -> None:
        self.state = state
        self.old = old
        self.new = new
        self.pairs = pairs

    def node(self, activity: Activity) -> model.Node:
        """What the activity is an occurrence of in the old version."""
        return self.old.processes[self.state.scopes[activity.scope].process].nodes[activity.element]

    def counterpart(self, activity: Activity) -> model.Node | None:
        """The same in the new version."""
        process = self.state.scopes[activity.scope].process
        to = self.pairs.elements.get(process, {}).get(activity.element)
        return None if to is None else self.new.processes[self.pairs.processes[process]].nodes[to]

    def lacks(self) -> Iterator[Lack]:
        """Everything that lives and has no counterpart."""
        for scope in self.state.scopes.values():
            if scope.process not in self.pairs.processes:
                yield Lack(code="migration_process_gone", element=scope.process)
        for activity in self.state.activities.values():
            yield from self._lacks_of(activity)
        yield from self._lost_tokens()
        yield from self._lost_records()

    def _lacks_of(self, activity: Activity) -> Iterator[Lack]:
        process = self.state.scopes[activity.scope].process
        if process not in self.pairs.processes:
            return
        one, other = self.node(activity), self.counterpart(activity)
        if other is None:
            there = one.id in self.new.processes[self.pairs.processes[process]].nodes
            yield Lack(code="migration_element_of_another_kind" if there else "migration_element_gone", element=one.id)
            return
        ids = self.pairs.elements[process]
        container = waits.container_of(self.state, activity.scope)
        stands = self.pairs.processes.get(container) if container == process else ids.get(container)
        if stands is not None and other.scope != stands:
            yield Lack(code="migration_element_elsewhere", element=one.id)
        if _is_item_renamed(activity, one, other):
            yield Lack(code="migration_marker_differs", element=one.id)
        if self._is_handler_at_work_another(activity, one, other):
            yield Lack(code="migration_handler_at_work", element=one.id, facts={"handler": getattr(one, "handler", "")})

    def _is_handler_at_work_another(self, activity: Activity, one: model.Node, other: model.Node) -> bool:
        """What was asked of one handler cannot be answered by another; after it has failed it can."""
        if activity.phase is not HANDLER or self.state.is_stuck(activity.id):
            return False
        assert isinstance(one, model.ServiceTask)
        assert isinstance(other, model.ServiceTask)
        return one.handler != other.handler or _inputs(one) != _inputs(other)

    def _lost_tokens(self) -> Iterator[Lack]:
        for scope in self.state.scopes.values():
            if scope.process not in self.pairs.processes:
                continue
            one, other = self.old.processes[scope.process], self.new.processes[self.pairs.processes[scope.process]]
            flows = self.pairs.flows[scope.process]
            for flow in scope.tokens:
                target = one.nodes[one.flows[flow].target]
                if flow not in flows:
                    yield Lack(code="migration_token_lost", element=target.id, facts={"flow": flow})
                    continue
                join = other.nodes[other.flows[flows[flow]].target]
                grown = set(join.incoming) - {flows.get(each) for each in target.incoming}
                if isinstance(join, model.ParallelGateway) and grown:
                    yield Lack(code="migration_join_grown", element=target.id, facts={"flow": min(grown)})

    def _lost_records(self) -> Iterator[Lack]:
        state = self.state
        for record in state.records.values():
            of = state.records[record.scope] if record.scope in state.records else state.scopes[record.scope]
            if of.process not in self.pairs.processes:
                continue
            one = self.old.processes[of.process].nodes[record.element]
            to = self.pairs.elements[of.process].get(record.element)
            other = None if to is None else self.new.processes[self.pairs.processes[of.process]].nodes[to]
            if other is None or (getattr(one, "compensated_by", None) and not getattr(other, "compensated_by", None)):
                yield Lack(code="migration_record_lost", element=record.element)


class _Move:
    """The making of a plan for a case in which everything has its counterpart."""

    def __init__(self, look: _Look, environment: Environment, known: Known) -> None:
        self._look = look
        self._environment = environment
        self._known = known
        self._changes: list[Change] = []
        self._lacks: list[Lack] = []
        self._tasks: dict[str, TaskTerms] = {}

    def plan(self) -> Plan:
        state, pairs = self._look.state, self._look.pairs
        forgotten = self._forgotten()
        self._moves = Moves(self._look.new, renamed(state, pairs.renamed(), forgotten), self._environment)
        for owner in (*state.scopes, *state.activities):
            try:
                self._move(owner)
            except Blocked as blocked:
                element = self._element(owner)
                facts: Facts = {"place": blocked.place, "reason": blocked.code}
                self._lacks.append(Lack(code="migration_not_computable", element=element, facts=facts))
        if self._lacks:
            return Plan(lacks=_once(tuple(self._lacks)), state=state)
        push = self._push()
        if push is None and not _may_go_on(self._moves.state):
            return Plan(lacks=(Lack(code="migration_would_stand", element=state.process),), state=state)
        return Plan(
            changes=tuple(self._changes),
            state=self._moves.state,
            renamed=pairs.renamed(),
            forgotten=forgotten,
            events=tuple(self._moves.events),
            tasks=self._tasks,
            push=push,
        )

    def _element(self, owner: str) -> str:
        state = self._look.state
        return state.activities[owner].element if owner in state.activities else waits.container_of(state, owner)

    def _since(self, owner: str) -> Environment:
        return replace(self._environment, now=self._known.since.get(owner, self._environment.now))

    def _pairs_of(self) -> Iterator[tuple[Activity, model.Activity, model.Activity]]:
        """Activities that hold local inputs by now, with both their elements."""
        for activity in self._look.state.activities.values():
            one, other = self._look.node(activity), self._look.counterpart(activity)
            if activity.phase in (TASK, HANDLER, WAITING, INSIDE) and isinstance(one, model.Activity):
                assert isinstance(other, model.Activity)
                yield activity, one, other

    def _forgotten(self) -> dict[str, tuple[str, ...]]:
        found = {}
        for activity, one, other in self._pairs_of():
            if activity.phase is not INSIDE and activity.undoes is None and _inputs(one) != _inputs(other):
                kept = {each.target[0] for each in other.inputs}
                gone = {each.target[0] for each in one.inputs} - kept
                if names := tuple(sorted(gone & activity.variables.keys())):
                    found[activity.id] = names
        return found

    def _move(self, owner: str) -> None:
        state, look = self._look.state, self._look
        activity = state.activities.get(owner)
        if activity is None:
            before, after = waits.of_scope(look.old, state, owner), waits.of_scope(look.new, self._moves.state, owner)
        else:
            self._move_inputs(activity)
            self._move_work(activity)
            before = waits.of_activity(look.old, state, activity)
            after = waits.of_activity(look.new, self._moves.state, self._moves.state.activities[owner])
        self._move_waits(owner, before, after)

    def _move_inputs(self, activity: Activity) -> None:
        one, other = self._look.node(activity), self._look.counterpart(activity)
        if (
            not isinstance(one, model.Activity)
            or not isinstance(other, model.Activity)
            or _inputs(one) == _inputs(other)
        ):
            return
        if activity.phase is INSIDE or activity.phase is DONE:
            self._changes.append(Change(code="migration_inputs_kept", element=other.id))
        elif activity.phase in (TASK, HANDLER, WAITING):
            moves = self._moves
            seen = moves.state.variables_of(moves.state.activities[activity.id].scope)
            ask = Evaluation(self._environment)
            given = ask.mapped(other.inputs, seen, "input", into=NOTHING)
            held = moves.state.activities[activity.id].variables
            moves.write_locals(
                activity.id,
                {name: value for name, value in given.items() if held.get(name) != value or name not in held},
                other.id,
            )
            self._changes.append(Change(code="migration_inputs_anew", element=other.id))

    def _move_work(self, activity: Activity) -> None:
        one, other = self._look.node(activity), self._look.counterpart(activity)
        if activity.phase is TASK and isinstance(one, model.UserTask) and isinstance(other, model.UserTask):
            terms = self._known.tasks.get(activity.id) or TaskTerms(
                role=one.role, form=one.form, not_same_as=one.not_same_as
            )
            seen = self._moves.state.variables_of(activity.id)
            found = tasks.new_terms(one, other, terms, seen, self._since(activity.id))
            ids = self._look.pairs.elements[self._look.state.scopes[activity.scope].process]
            same = replace(terms, not_same_as=ids.get(terms.not_same_as or "", terms.not_same_as))
            self._changes += tasks.changes(other.id, same, found)
            if found != terms:
                self._tasks[activity.id] = found
        elif (
            isinstance(one, model.ServiceTask) and isinstance(other, model.ServiceTask) and one.handler != other.handler
        ):
            facts: Facts = {"old": one.handler, "new": other.handler}
            self._changes.append(Change(code="migration_handler_differs", element=other.id, facts=facts))

    def _move_waits(self, owner: str, before: waits.Awaited, after: waits.Awaited) -> None:
        moves, state = self._moves, self._look.state
        process = state.scopes[state.activities[owner].scope if owner in state.activities else owner].process
        ids = self._look.pairs.elements[process]
        known = {(ids[element], number): found for (element, number), found in before.items() if element in ids}
        for wait_id in state.waits_of(owner):
            wait = state.waits[wait_id]
            key = (ids.get(wait.element, ""), wait.number)
            if key not in after and (wait.element, wait.number) in before:
                self._tell(wait, "closed", wait.element)
                moves.end_wait(moves.state.waits[wait_id])
            elif key in after and key in known and not waits.is_same(known[key], after[key]):
                moves.end_wait(moves.state.waits[wait_id])
                self._arm(owner, key, after[key], wait)
            elif wait.due_at is not None:
                self._tell(wait, "kept", key[0] or wait.element)
        for key, definition in after.items():
            if key not in known:
                self._arm(owner, key, definition, None)

    def _arm(self, owner: str, key: waits.Key, definition: model.SingleDefinition, before: Wait | None) -> None:
        """Begin to wait, as if from the beginning. Raises Blocked."""
        moves = self._moves
        seen = moves.state.variables_of(owner)
        (wanted,) = Evaluation(self._since(owner)).plans(key[0], definition, seen, f"boundary {key[0]}")
        moves.begin_waits(owner, [_numbered(wanted, key[1])])
        wait = next(reversed(moves.state.waits.values()))
        self._tell(wait, "opened" if before is None else "moved", key[0], before)

    def _tell(self, wait: Wait, what: str, element: str, before: Wait | None = None) -> None:
        kind, facts = waits.kind_of_wait(wait), dict[str, str | int | None]()
        if wait.due_at is not None:
            facts["due_at"] = wait.due_at.isoformat()
            if before is not None and before.due_at is not None:
                facts["old"] = before.due_at.isoformat()
        elif kind != "condition":
            facts["name"] = wait.name or wait.signal  # never the key: it may be about a person
        self._changes.append(Change(code=f"migration_{kind}_{what}", element=element, facts=facts))

    def _push(self) -> str | None:
        """Whether something goes on at once: then an incident says so, and its retry does it."""
        moves = self._moves
        if any(each.place == "tokens" for each in moves.state.incidents.values()):
            return None  # all tokens stand still there until an operator lets them go on
        trial = Moves(self._look.new, moves.state.copy(), self._environment)
        trial.queue_everything()
        while not trial.events and trial.exhausted is None and (work := trial.next_work()) is not None:
            trial.do(work)
        if not trial.events:
            return None
        incident, element = moves.new_id("i"), moves.state.process
        moves.emit(happened.IncidentRaised(ROOT, element, incident, PUSHED, "tokens", {}))
        first = next((getattr(each, "element", None) for each in trial.events if getattr(each, "element", None)), None)
        self._changes.append(Change(code="migration_goes_on", element=first or element))
        return incident


def _may_go_on(state: State) -> bool:
    """A person, a handler, something awaited or an operator can still move the case."""
    at_work = any(each.phase is TASK or each.phase is HANDLER for each in state.activities.values())
    return at_work or bool(state.waits) or bool(state.incidents)


def _numbered(wanted: Wanted, number: int) -> Wanted:
    return wanted._replace(number=number)


def _inputs(activity: model.Node) -> tuple[tuple[str, tuple[str, ...]], ...]:
    mappings: tuple[model.VariableMapping, ...] = getattr(activity, "inputs", ())
    return tuple((each.source.source, each.target) for each in mappings)


def _is_item_renamed(activity: Activity, one: model.Node, other: model.Node) -> bool:
    """Items under way hold what they are given by its name."""
    if activity.items is None or not isinstance(one, model.Activity) or not isinstance(other, model.Activity):
        return False
    before, after = one.multi_instance, other.multi_instance
    if before is None or after is None:
        return False
    return (before.input_element, before.output_name) != (after.input_element, after.output_name)
