"""A run of the kernel in which everything that data decide is left open: the same moves, other answers.

A move asks (``choose``) and gets the answer that was prescribed, or the first; what was asked is kept, so that the explorer can make the
same move again with each other answer. Variables are followed as far as conditions need them (``names``): as the values that are known, or
as ``Unknown``; scopes, mappings and writes are the kernel's own, so that a value is what a condition would see in a run.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from engine.decisions import Decision
from engine.decisions.table import Table
from engine.errors import EngineError
from engine.explore.fragment import ENVIRONMENT, shape
from engine.explore.reach import Names
from engine.explore.satisfy import Solver, connected
from engine.explore.unknown import (
    Computed,
    Decided,
    Domains,
    Free,
    Hidden,
    Literal,
    Put,
    Unknown,
    may_have_changed,
)
from engine.feel import Expression, Value
from engine.kernel.evaluation import Variables, Visible
from engine.kernel.moves import WAITING_FOR_START, Moves
from engine.kernel.state import NOTHING, ROOT, Activity, Phase, Scope, State
from engine.kernel.throwing import Catcher
from engine.kernel.tokens import Join, Step, Token, Work
from engine.model import elements as model
from engine.model import readings
from engine.model.asking import Plan, block
from engine.model.schedules import Schedule
from engine.protocol import events as happened

MOST_ITEMS = 2
"""A multi-instance over an unknown list has no item, one, or two: two show everything that items do to each other."""
_MOST_KNOWN_ITEMS = 3
_MOVES_AT_ONCE = 40
_MOST_VALUES = 16
"""So many different values of one computation are followed (a counter); from there on it may be any."""
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_GIVEN = frozenset({"activationCount", WAITING_FOR_START})
"""What a complex gateway tells its conditions is known."""


@dataclass(slots=True)
class Shared:
    """What all runs of one exploration have in common.

    ``names``: the variables that are followed; ``counted``: the loops whose rounds are; ``undoes``: whether anything undoes what was done;
    ``relied_on``: conditions that exclude each other; ``moves``: how many were made; ``computed``: values by place.
    """

    names: Names
    counted: Names
    undoes: bool
    solver: Solver = field(default_factory=Solver)
    relied_on: dict[str, None] = field(default_factory=dict)
    moves: int = 0
    computed: dict[tuple[str, str], set[str]] = field(default_factory=dict)


class Trial(Moves):
    """One run. ``taken``: what was chosen, out of how many; ``literals``: what this run added to the path; ``store``: what is still known.

    ``path`` are the elements entered and flows taken.
    """

    def __init__(self, definition: model.Model, shared: Shared) -> None:
        super().__init__(definition, State(), ENVIRONMENT)
        self.shared = shared
        self.store: tuple[Literal, ...] = ()
        self.literals: list[Literal] = []
        self.taken: list[tuple[int, int]] = []
        self._before: list[str] = []
        self._prescribed: Sequence[int] = ()
        self.rests = False
        self._element = ""
        self._is_awaited = False

    def fork(self, prescribed: Sequence[int] = (), *, goes_on: bool = False) -> Trial:
        """A run of its own from here on, which chooses as prescribed; one that ``goes_on`` keeps the way on which it came."""
        twin = copy.copy(self)
        twin.begin_anew(prescribed, self.literals if goes_on else (), self.path if goes_on else ())
        return twin

    def begin_anew(self, prescribed: Sequence[int], literals: Iterable[Literal], path: Iterable[str]) -> None:
        """Share nothing with the run that this was copied from."""
        self.state = self.state.copy()
        self.literals = list(literals)
        self.taken = []
        self._before = list(path)
        self.events = []
        self.rests = False
        self.exhausted = None
        self._prescribed = prescribed
        self.passive = self.passive.copy()
        self.effects = self.effects.copy()
        self._checks = self._checks.copy()
        self._written = set(self._written)
        self.work_left = self.max_work

    def run(self) -> None:
        """Work until something was chosen, or everything rests; a long way is cut, and goes on from the state reached."""
        for _ in range(_MOVES_AT_ONCE):
            if self.taken:
                break
            if (work := self.next_work()) is None:
                self.rests = True
                return
            self.do(work)
        self.rests = self._is_at_rest()

    def _is_at_rest(self) -> bool:
        """No automatic work is left."""
        if self.passive or self.effects or self._checks or self._written:
            return False
        return not self.model.has_late_work or self.find_join() is None

    @property
    def can_go_on(self) -> bool:
        """Somebody outside can still make something happen; a condition that is waited for changes only when something else does."""
        state = self.state
        if any(each.held is None for each in state.waits.values()):
            return True
        return any(each.phase in (Phase.TASK, Phase.HANDLER) for each in state.activities.values())

    @property
    def queued(self) -> tuple[tuple[str, str, str], ...]:
        """The work that waits, in its order."""
        if not (self.passive or self.effects or self._checks or self._written):
            return ()
        work: list[Token | Step] = [*self.passive, *self.effects]
        return (
            *((str(len(self.passive)), "", ""),),
            *(("t", each.scope, each.flow) if isinstance(each, Token) else ("a", each.activity, "") for each in work),
            *(("w", each, "") for each in self._checks),
            *(("v", each, "") for each in sorted(self._written)),
        )

    # -- what happens -----------------------------------------------------------------------------------------------------------------

    def do(self, work: Work) -> None:
        """Make the move, and count it."""
        self.shared.moves += 1
        match work:
            case Join():
                self._element = work.gateway or self._element
            case Token() if work.scope in self.state.scopes:
                self._element = work.target.node.id
        super().do(work)

    def step(self, activity_id: str) -> None:
        """As the kernel; conditions are asked at this element."""
        activity = self.state.activities.get(activity_id)
        if activity is not None:
            self._element = activity.element
        super().step(activity_id)

    @property
    def path(self) -> list[str]:
        """The elements entered and flows taken."""
        found = list(self._before)
        for event in self.events:
            kind = type(event)
            if kind is happened.FlowTaken:
                found.append(event.flow)  # type: ignore[attr-defined]
            elif kind is happened.ElementEntered:
                found.append(event.element)  # type: ignore[attr-defined]
        return found

    # -- choices ----------------------------------------------------------------------------------------------------------------------

    def choose(self, options: int) -> int:
        """One of ``options``: 0 unless prescribed otherwise."""
        if options == 1:
            return 0
        number = len(self.taken)
        chosen = self._prescribed[number] if number < len(self._prescribed) else 0
        self.taken.append((chosen, options))
        return chosen

    def holds(self, condition: Expression, seen: Variables, place: str) -> bool:
        """Both answers, unless what is known excludes one."""
        bindings = self._bindings(condition, seen)
        if _are_known(bindings):
            return super().holds(condition, bindings or {}, place)
        return self._either(condition, bindings, place, may_be_null=False)

    def _either(
        self, condition: Expression, bindings: Mapping[str, Value] | None, place: str, *, may_be_null: bool
    ) -> bool:
        both = [Literal(self._element, condition, bindings, each, may_be_null) for each in (True, False)]
        possible = both if bindings is None else [each for each in both if self._may(each)]
        if not possible:
            block("condition_not_boolean", place, source=condition.source, given="null")
        taken = possible[self.choose(len(possible))]
        self.literals.append(taken)
        if bindings is not None and len(possible) > 1:  # what follows from the others is no news
            self.store = (*self.store, taken)
        return taken.holds

    def _may(self, literal: Literal) -> bool:
        related = connected(self.store, literal.unknowns)
        if self.shared.solver.may([*related, literal]):
            return True
        self.shared.relied_on.update(dict.fromkeys(each.condition.source for each in (*related, literal)))
        return False

    def check_condition(self, wait_id: str) -> None:
        """As the kernel, with the condition left open."""
        wait = self.state.waits.get(wait_id)
        if wait is None:
            return
        self._element, self._is_awaited = wait.element, True
        super().check_condition(wait_id)

    def items(self, collection: Expression, seen: Variables, place: str) -> tuple[Value, ...]:
        """None, one or two unknown items, unless they are few and known."""
        value = self.evaluate(collection, seen, place)
        if isinstance(value, list) and len(value) <= _MOST_KNOWN_ITEMS:
            return tuple(value)
        least = min(len(value), 1) if isinstance(value, list) else 0
        return tuple(Unknown("item", Free()) for _ in range(least + self.choose(MOST_ITEMS + 1 - least)))

    def _goes_on(self, loop: model.StandardLoop, rounds: int, seen: Visible, *, is_before: bool) -> bool:
        if loop.maximum is not None and loop.maximum > _MOST_VALUES and rounds >= MOST_ITEMS:
            return self.choose(2) == 0
        return super()._goes_on(loop, rounds, seen, is_before=is_before)

    # -- values -----------------------------------------------------------------------------------------------------------------------

    def _bindings(self, expression: Expression, seen: Variables) -> dict[str, Value] | None:
        """The values that an expression reads; None when some are not followed or the answer is not always the same."""
        read = expression.possible_variables
        if not read <= self.shared.names | _GIVEN or not shape(expression).is_repeatable:
            return None
        return {name: seen[name] for name in sorted(read) if name in seen}

    def evaluate(self, expression: Expression, seen: Variables, place: str) -> Value:
        """The value, as far as it is known."""
        bindings = self._bindings(expression, seen)
        is_awaited, self._is_awaited = self._is_awaited, False
        if is_awaited and not _are_known(bindings):
            return self._either(expression, bindings, place, may_be_null=True)
        if bindings is None:
            return Unknown(expression.source, Hidden())
        if _are_known(bindings):
            return self._followed(expression, super().evaluate(expression, bindings, place))
        if expression.source in bindings:
            return bindings[expression.source]
        return Unknown(expression.source, Computed(expression, bindings))

    def _followed(self, expression: Expression, value: Value) -> Value:
        """A value that was computed from known ones, unless there have been too many of them."""
        if not expression.variables:
            return value
        known = self.shared.computed.setdefault((self._element, expression.source), set())
        if len(known) < _MOST_VALUES:
            known.add(repr(value))
        return value if repr(value) in known else Unknown(expression.source, Hidden())

    def kept(self, value: Value, place: str) -> Value:
        """What is gathered from unknown values is not followed."""
        is_known = isinstance(value, list) and not any(isinstance(each, Unknown) for each in value)
        return super().kept(value, place) if is_known else Unknown(place, Hidden())

    def mapped(
        self,
        mappings: Iterable[model.VariableMapping],
        activity: Activity,
        nearest: Variables,
        place: str,
        into: Variables = NOTHING,
    ) -> dict[str, Value]:
        """As the kernel, for the names that are followed."""
        found: dict[str, Value] = {}
        seen = {**self.state.variables_of(activity.id), **nearest}
        for mapping in mappings:
            name, *path = mapping.target
            if name not in self.shared.names:
                continue
            value = self.evaluate(mapping.source, seen, place)
            found[name] = seen[name] = (
                Unknown(name, Put(found.get(name, into.get(name)), tuple(path), value)) if path else _named(value, name)
            )
        return found

    def write_to(self, holder: Scope | Activity, variables: Variables, element: str | None) -> None:
        """As the kernel, for the names that are followed."""
        super().write_to(holder, {name: variables[name] for name in variables if name in self.shared.names}, element)

    def correlation_key(self, expression: Expression | None, seen: Variables, place: str) -> str | None:
        """Any message may come."""
        return None

    def read(
        self, expression: Expression | None, seen: Variables, place: str, reading: readings.Reading[readings.Read]
    ) -> readings.Read:
        """Who does it, when and how urgent it is does not matter: as if nothing were said."""
        return reading(None, self.environment)

    def _plan(self, element: str, definition: model.SingleDefinition, seen: Variables, place: str) -> Plan:
        if not isinstance(definition, model.TimerDefinition):
            return super()._plan(element, definition, seen, place)
        if definition.kind is model.TimerKind.CYCLE:
            return Plan(element, definition, Schedule(due_at=_SOME_DAY, remaining=None, period="P1D"))
        return Plan(element, definition, Schedule(due_at=_SOME_DAY))

    def request_handler(self, activity: Activity, node: model.ServiceTask) -> None:
        """Ask for the handler; what it is given does not matter."""
        self.emit(happened.HandlerRequested(activity=activity.id, element=node.id, handler=node.handler, given={}))

    def _apply_decision(self, activity: Activity, node: model.BusinessRuleTask) -> None:
        decision = self.model.decisions.get(node.decision)
        locals_ = self.inputs_of(activity, node.inputs)
        seen = self.seen(activity, locals_)
        # a drawing that came without its decisions: they may give anything
        found = Unknown(node.result_variable, Hidden()) if decision is None else self._decided(decision, seen)
        self.leave(activity, {node.result_variable: found}, locals_=locals_)

    def _begin_call(self, activity: Activity, node: model.CallActivity) -> None:
        if node.process in self.model.processes:
            super()._begin_call(activity, node)
            return
        # a drawing that came without the process that it calls: that ends at some time, or with an error
        self._open(activity, *self._opening(activity, node))
        self.emit(happened.HandlerRequested(activity=activity.id, element=node.id, handler="", given={}))

    def _decided(self, decision: Decision, seen: Visible) -> Value:
        name = decision.name
        if not self.shared.names.issuperset(decision.inputs):
            return Unknown(name, Hidden(_outputs(decision)))
        bindings = {each: seen[each] for each in decision.inputs if each in seen}
        if any(isinstance(each, Unknown) for each in bindings.values()):
            return Unknown(name, Decided(decision, bindings, _outputs(decision)))
        try:
            return decision.evaluate(bindings, ENVIRONMENT).value
        except EngineError as error:
            block(error.code, "decision", **error.facts)

    def _catch(self, found: Catcher, payload: Variables) -> None:
        # what an error brings besides its code is seen by the outputs of its event
        if "errorCode" in payload:
            asked = {name for each in found.event.outputs for name in each.source.possible_variables}
            brought = {name: Unknown(name, Free()) for name in sorted(asked & self.shared.names)}
            payload = {**brought, **payload}
        super()._catch(found, payload)

    # -- what comes from outside --------------------------------------------------------------------------------------------------------

    def begin(
        self,
        process: model.Process,
        entrance: model.Node | None,
        given: Mapping[str, Value],
        domains: Mapping[str, Domains],
    ) -> None:
        """The first moves of an instance; ``given`` are variables that are known, ``domains`` of others.

        Raises Blocked when it cannot begin.
        """
        variables = {
            name: given[name] if name in given else Unknown(name, Free(domains.get(name, {})))
            for name in sorted(self.shared.names)
        }
        nodes = self.entries(process, process.id) if entrance is None else ()
        plans = self.start_plans(process, process.id, variables)
        first = process.id if entrance is None else entrance.id
        self.emit(happened.InstanceStarted(process=process.id, start_event=first))
        self.emit(happened.ScopeOpened(scope=self.new_id("s"), parent=None, process=process.id))
        if entrance is None:
            self.write_to(self.state.own_scope(ROOT), variables, None)
        self.begin_scope(ROOT, nodes, plans)
        if entrance is not None:
            self.queue(self.enter_caught(ROOT, entrance, payload=variables))

    def complete_task(self, activity_id: str, domains: Mapping[str, Domains] | None) -> None:
        """A person has answered. ``domains`` by variable, when it is known what is asked."""
        activity = self.state.activities[activity_id]
        answers = self.answers(activity.id, activity.element, domains)
        self.emit(happened.TaskCompleted(activity=activity.id, element=activity.element, actor="", variables=answers))
        self.step(activity.id)

    def return_handler(self, activity_id: str, outputs: Iterable[str] | None) -> None:
        """A handler has returned. ``outputs``, when it is known what it gives."""
        activity = self.state.activities[activity_id]
        domains: Mapping[str, Domains] | None = None if outputs is None else {name: {} for name in outputs}
        result = self.answers(activity.id, activity.element, domains)
        node = self.node_of(activity)
        if isinstance(node, model.CallActivity) and node.propagates_all_out and not node.outputs:
            self.write(self.state.own_scope(activity.scope), result, activity.element)
        self.emit(happened.HandlerReturned(activity=activity.id, element=activity.element, result=result))
        self.step(activity.id)

    def bring_message(self, wait_id: str) -> None:
        """A message has come."""
        wait = self.state.waits[wait_id]
        payload = self.answers(wait.activity, wait.element, None)
        self.arrive(wait, partial(happened.MessageReceived, name=wait.name or "", payload=payload), payload)

    def bring_signal(self, name: str) -> None:
        """Another instance has thrown a signal."""
        wait = next(each for each in self.state.waits.values() if each.signal == name)
        self.receive_signal(name, self.answers(wait.activity, wait.element, None))

    def answers(self, seen_from: str, element: str, domains: Mapping[str, Domains] | None) -> dict[str, Value]:
        """What somebody outside gives for ``element``: what is declared; else what its outputs ask for; else perhaps anything."""
        if domains is not None:
            return {name: Unknown(name, Free(domains[name])) for name in sorted(self.shared.names & set(domains))}
        if not self.shared.names:
            return {}
        node = self.process_of(self.scope_of(seen_from)).nodes[element]
        outputs: tuple[model.VariableMapping, ...] = getattr(node, "outputs", ())
        if outputs:
            asked = {name for each in outputs for name in each.source.possible_variables}
            return {name: Unknown(name, Free()) for name in sorted(asked & self.shared.names)}
        seen = self.state.variables_of(seen_from)
        return {name: may_have_changed(name, seen.get(name)) for name in sorted(self.shared.names)}


def _are_known(bindings: Mapping[str, Value] | None) -> bool:
    return bindings is not None and not any(isinstance(each, Unknown) for each in bindings.values())


def _named(value: Value, name: str) -> Value:
    """A value that was computed is called after the variable that holds it."""
    if isinstance(value, Unknown) and isinstance(value.origin, Hidden):
        return Unknown(name, value.origin)
    return value


def _outputs(decision: Decision) -> Domains:
    """The only values that a table of constants gives, by column."""
    table = decision.logic
    if not isinstance(table, Table) or table.hit_policy not in ("UNIQUE", "FIRST", "PRIORITY", "ANY"):
        return {}
    found: dict[tuple[str, ...], tuple[Value, ...]] = {}
    for number, column in enumerate(table.columns):
        cells = [rule.outputs[number] for rule in table.rules]
        if column.default is not None:
            cells.append(column.default)
        if any(each.possible_variables or not shape(each).is_repeatable for each in cells):
            continue
        # without a default, a table in which no rule holds gives null
        values: dict[str, Value] = {} if column.default is not None else {"None": None}
        for each in cells:
            value = each.evaluate({}, ENVIRONMENT)
            values[repr(value)] = value
        found[(column.name,) if len(table.columns) > 1 else ()] = tuple(values.values())
    return found
