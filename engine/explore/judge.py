"""From the graph to the verdict. ``docs/soundness.md`` has the whole argument.

* The graph holds every state that a case can come to, and perhaps some that it cannot: a way is left out only when the conditions on it
  were proved to exclude each other (*relaxed*, ``satisfy``). So nothing wrong in a complete graph is a proof: *sound*.
* Something wrong in it is *unsound* only when values were found with which the way there is taken (*exact*).
* What is neither is *not decided*, and names what the way needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from engine.explore.graph import Graph, Place, crowd
from engine.explore.happenings import Surroundings
from engine.explore.overgrowth import overgrowth
from engine.explore.reach import Deciding, Names, Reach, entered
from engine.explore.satisfy import Answer
from engine.explore.unknown import Literal
from engine.explore.verdict import Asked, Kind, Soundness, Verdict
from engine.kernel.state import Phase
from engine.model import elements as model
from engine.model.asking import Blocked
from engine.model.bundle import Bundle
from engine.model.elements import Model

MAX_STATES = 100_000
MAX_MOVES = 100_000
"""Bounds of one question, counted so that the answer is the same on every machine."""
_MOST_WAYS = 200
"""So many ways to something wrong are looked at for one that is possible."""
_OF_THE_DRAWING = frozenset({"start_not_clear", "link_without_end", "event_not_thrown"})
"""Incidents that happen whatever the data are."""
_AT_ONE_PLACE = frozenset({Kind.DEADLOCK, Kind.NEVER_HOLDS, Kind.UNBOUNDED, Kind.NO_WAY})
"""What is wrong can be seen there, without knowing where everything else leads."""
_A_FEW = 200


def explore(
    definition: Model,
    process_id: str,
    *,
    surroundings: Surroundings | None = None,
    max_states: int = MAX_STATES,
    max_moves: int = MAX_MOVES,
) -> Verdict:
    """Whether every case of a process can always come to an end, never gets stuck, and every element can be reached.

    ``surroundings`` say what is known of forms and handlers; without them, whoever acts may give any value. Raises KeyError for a process
    that the model does not have.
    """
    question = _Question(definition, process_id, surroundings or Surroundings(), max_states, max_moves)
    return question.answer()


def verdicts(given: Bundle | Model, *, surroundings: Surroundings | None = None) -> Mapping[str, Verdict]:
    """The verdict on each process of a version, by its id. The forms of a bundle narrow what people answer."""
    if isinstance(given, Bundle):
        known = surroundings or Surroundings()
        start = None if given.starts is None else given.starts.form
        surroundings = Surroundings(
            forms=known.forms or given.forms,
            start_form=known.start_form or start,
            errors=known.errors,
            outputs=known.outputs,
            given=known.given,
        )
        definition = given.model
    else:
        definition = given
    return {each: explore(definition, each, surroundings=surroundings) for each in definition.processes}


class _Question:
    """One question: first with the variables that can exclude anything, then, if something is wrong, with all that decide."""

    def __init__(
        self, definition: Model, process_id: str, surroundings: Surroundings, max_states: int, max_moves: int
    ) -> None:
        self.reach = Reach(definition)
        self.process = definition.processes[process_id]
        self.surroundings = surroundings
        self.max_states = max_states
        self.max_moves = max_moves

    def answer(self) -> Verdict:
        """See ``explore``."""
        deciding = Deciding(self.reach, self.surroundings.declared)
        correlated, everything = deciding.correlated(self.surroundings.narrowed), deciding.everything
        try:
            if correlated != everything:
                graph = self._graph(correlated, is_reduced=True)
                wrong = graph.explore(_is_wrong)
                if wrong is None and graph.is_complete and not any(_without_end(graph)) and not self._dead(graph):
                    return self._with_titles(self._sound(graph))
            graph = self._graph(everything, is_reduced=True)
            proof = _Proof(graph)
            graph.explore(proof.is_certain)
        except Blocked:
            return self._with_titles(
                Verdict(
                    process=self.process.id, soundness=Soundness.UNSOUND, kind=Kind.NO_START, element=self.process.id
                )
            )
        found = proof.certain or self._from_whole(graph, proof)
        if graph.left_out and found.kind in _AT_ONE_PLACE:
            found = self._shortest(found, graph)
        return self._with_titles(found)

    def _shortest(self, found: Verdict, reduced: Graph) -> Verdict:
        """The same without what only happens beside it: looked for in all orders, as long as that is not much more work."""
        graph = self._graph(
            reduced.shared.names,
            is_reduced=False,
            max_states=2 * len(reduced.places) + _A_FEW,
            max_moves=2 * reduced.shared.moves + _A_FEW,
        )
        proof = _Proof(graph)
        graph.explore(proof.is_certain)
        return proof.certain or (None if found.is_unsound else proof.open) or found

    def _with_titles(self, found: Verdict) -> Verdict:
        processes = self.reach.model.processes
        named: dict[str, model.Node | model.Flow | model.Process] = {
            **processes,
            **{id_: node for process in processes.values() for id_, node in process.nodes.items()},
            **{id_: flow for process in processes.values() for id_, flow in process.flows.items()},
        }
        ids = dict.fromkeys((found.process, *([found.element] if found.element else ()), *found.path))
        titles = {each: named[each].name for each in ids if each in named and named[each].name}
        return replace(
            found, titles=titles, flows=frozenset(each for each in titles if isinstance(named[each], model.Flow))
        )

    def _graph(
        self, names: Names, *, is_reduced: bool, max_states: int | None = None, max_moves: int | None = None
    ) -> Graph:
        return Graph(
            self.reach,
            self.process,
            self.surroundings,
            names,
            max_states=self.max_states if max_states is None else min(max_states, self.max_states),
            max_moves=self.max_moves if max_moves is None else min(max_moves, self.max_moves),
            is_reduced=is_reduced,
        )

    def _from_whole(self, graph: Graph, proof: _Proof) -> Verdict:
        """What only the whole graph shows: no end, never reached."""
        if not graph.is_complete:
            return proof.open or self._bound(graph)
        for place in _without_end(graph):
            if proof.is_certain_at(place, Kind.NO_END, _around(graph, place)):
                break
        if proof.certain is not None:
            return proof.certain
        if proof.open is not None:
            return proof.open
        dead = self._dead(graph)
        if dead:
            return Verdict(
                process=self.process.id,
                soundness=Soundness.UNSOUND,
                kind=Kind.NEVER_REACHED,
                element=dead[0],
                path=(dead[0],),
                relies_on=tuple(graph.shared.relied_on),
                states=len(graph.places),
            )
        return self._sound(graph)

    def _dead(self, graph: Graph) -> list[str]:
        return [each for each in entered(self.process) if each not in graph.seen]

    def _sound(self, graph: Graph) -> Verdict:
        return Verdict(
            process=self.process.id,
            soundness=Soundness.SOUND,
            relies_on=tuple(graph.shared.relied_on),
            states=len(graph.places),
        )

    def _bound(self, graph: Graph) -> Verdict:
        kind, element = (Kind.BOUND, None) if graph.overgrown is None else overgrowth(graph.overgrown.trial)
        return Verdict(
            process=self.process.id,
            soundness=Soundness.NOT_DECIDED,
            kind=kind,
            element=element,
            states=len(graph.places),
        )


def _is_wrong(place: Place) -> bool:
    return _fault(place) is not None


def _fault(place: Place) -> tuple[Kind, str] | None:
    """What is wrong at one place alone, and with which element."""
    if place.is_done:
        return None
    if place.stuck is not None:
        code, element = place.stuck
        if code == "start_not_clear":
            return Kind.NO_START, element
        return (Kind.DEADLOCK if code in _OF_THE_DRAWING else Kind.NO_WAY), element
    if place.is_crowded:
        found = crowd(place.trial)
        (scope, most), _ = max(found.items(), key=lambda each: each[1])
        flow = place.trial.process_of(scope).flows.get(most)
        return Kind.UNBOUNDED, most if flow is None else flow.target
    if place.is_resting and not place.trial.can_go_on:
        return _waiting_at(place)
    return None


def _waiting_at(place: Place) -> tuple[Kind, str]:
    """The event that waits for a condition (a join may wait for what follows it), or the join at which tokens wait."""
    state = place.trial.state
    for wait in state.waits.values():
        waits = state.activities.get(wait.activity)
        if waits is not None and waits.phase is Phase.WAITING:
            return Kind.NEVER_HOLDS, wait.element
    for scope in state.scopes.values():
        if scope.tokens:
            return Kind.DEADLOCK, place.trial.process_of(scope.id).flows[min(scope.tokens)].target
    for wait in state.waits.values():
        return Kind.NEVER_HOLDS, wait.element
    return Kind.DEADLOCK, _last(place)


def _last(place: Place) -> str:
    """The last element that was entered."""
    nodes = (each for at in reversed(place.way()) for each in reversed(at.path))
    processes = place.trial.model.processes.values()
    return next(
        (each for each in nodes if any(each in process.nodes for process in processes)), place.trial.state.process
    )


def _around(graph: Graph, place: Place) -> str:
    """An element that a case comes to again and again when it goes on from ``place``, from where there is no end."""
    passed: set[int] = set()
    at = place
    while at.number not in passed and at.after:
        passed.add(at.number)
        at = graph.places[at.after[0]]
    waiting = (each for each in at.trial.state.activities.values() if each.phase is not Phase.INSIDE)
    return next((each.element for each in waiting), _last(at))


def _without_end(graph: Graph) -> Iterator[Place]:
    """Places from which no end can be reached, the nearest first; what is wrong at a place itself counts as an end of the way here."""
    before: dict[int, list[int]] = {}
    for place in graph.places:
        for each in place.after:
            before.setdefault(each, []).append(place.number)
    waiting = [place.number for place in graph.places if place.is_done or _fault(place) is not None]
    found = set(waiting)
    while waiting:
        for each in before.get(waiting.pop(), ()):
            if each not in found:
                found.add(each)
                waiting.append(each)
    return (place for place in graph.places if place.number not in found)


class _Proof:
    """Looks for something wrong that is certain; keeps the first that is open."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.certain: Verdict | None = None
        self.open: Verdict | None = None
        self._tried = 0

    def is_certain(self, place: Place) -> bool:
        """Something is wrong at ``place``, and values were found with which it is reached."""
        fault = _fault(place)
        return fault is not None and self.is_certain_at(place, *fault)

    def is_certain_at(self, place: Place, kind: Kind, element: str) -> bool:
        """The same, for what is known to be wrong."""
        if self.open is not None and (kind is Kind.NO_WAY or self._tried > _MOST_WAYS):
            return False
        self._tried += 1
        way = place.way()
        literals = [literal for each in way for literal in each.literals]
        solver = self._graph.shared.solver
        finding = solver.find(literals)
        is_certain = finding.answer is Answer.POSSIBLE and kind is not Kind.NO_WAY
        if self.open is not None and not is_certain:
            return False
        needed = literals if is_certain else self._in_question(literals, element, kind)
        verdict = Verdict(
            process=self._graph.process.id,
            soundness=Soundness.UNSOUND if is_certain else Soundness.NOT_DECIDED,
            kind=kind,
            element=element,
            path=tuple(step for each in way for step in each.path),
            conditions=tuple(Asked(element=e.element, condition=e.condition.source, holds=e.holds) for e in needed),
            example=finding.values,
            states=len(self._graph.places),
        )
        if is_certain:
            self.certain = verdict
        else:
            self.open = verdict
        return is_certain

    def _in_question(self, literals: Sequence[Literal], element: str, kind: Kind) -> Sequence[Literal]:
        if kind is Kind.NO_WAY:
            return [each for each in literals if each.element == element and not each.holds]
        return self._graph.shared.solver.core(literals)
