"""Who plays the cases: gives each what its drawing says that it is to get, through the doors that people and other systems have.

Their connections are lost too. What was asked is asked again until it counts, and counts once: every act has a key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from random import Random
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine import clock
from engine.database.session import Database
from engine.definitions import store as definitions
from engine.errors import Crashed, Unavailable, WrongState
from engine.handler import SYSTEM, Actor
from engine.history import queries as history
from engine.instances import commands, driver, operators, signals
from engine.instances.driver import OnFailure
from engine.instances.runtime import Runtime
from engine.jobs.retries import TryAgain
from engine.kernel import Event, State, Stimulus, from_record
from engine.messages import store as messages
from engine.messages.signals import OutgoingSignal
from engine.messages.store import OutgoingMessage
from engine.model.elements import Model
from engine.protocol.events import EVENTS
from engine.protocol.stimuli import CompleteTask, FireTimer, ReceiveMessage, ReceiveSignal
from tests.crash.deeds import FAILURE
from tests.crash.drawn import ROLE, Drawn
from tests.engine.kernel.playing import Player

CLERK = Actor(login="clea", name="Cléa", roles=frozenset({ROLE}))
OWNER = Actor(login="olga", name="Olga", roles=frozenset({"process_owner"}))
WHY = "nobody knows"
SUSPENDING = 0.2
"""How often somebody lets a case stand still instead of going on with it."""
AT_ONCE = 3
"""How many things happen to a case before it is looked at again, at most."""

# Nothing is under way for the case: no job, nothing to be promoted, no message or signal on its way to it.
_AT_REST = text("""
    SELECT instance.id FROM engine.instance
    WHERE instance.status = 'active' AND instance.suspended_at IS NULL
      AND NOT EXISTS (SELECT FROM engine.effect WHERE effect.instance_id = instance.id)
      AND NOT EXISTS (SELECT FROM jobs.procrastinate_jobs job
                      WHERE job.status IN ('todo', 'doing') AND CAST(job.args ->> 'instance_id' AS bigint) = instance.id)
      AND NOT EXISTS (SELECT FROM engine.timer WHERE timer.instance_id = instance.id AND timer.due_at <= now())
      AND NOT EXISTS (SELECT FROM engine.signal_receiver WHERE signal_receiver.instance_id = instance.id)
      AND NOT EXISTS (SELECT FROM jobs.procrastinate_jobs job JOIN engine.message ON message.id = CAST(job.args ->> 'message_id' AS bigint)
                      WHERE job.status IN ('todo', 'doing') AND message.received_at IS NULL
                        AND right(message.name, length(instance.process_key) + 1) = ' ' || instance.process_key)
    ORDER BY instance.id
""")

_SUSPENDED = text("SELECT id FROM engine.instance WHERE suspended_at IS NOT NULL ORDER BY id")
_ACTIVE = text("""
    SELECT instance.id, instance.process_key, coalesce(instance.root_instance_id, instance.id) AS root, instance.parent_instance_id,
           call.activity
    FROM engine.instance LEFT JOIN engine.call ON call.child_instance_id = instance.id
    WHERE instance.status = 'active' ORDER BY instance.id
""")
_TOLD = text("SELECT coalesce(sum(chain_sequence), 0) FROM engine.instance")
_BEGUN = text("SELECT count(*) FROM engine.instance WHERE parent_instance_id IS NULL")
_LOOK = text("SELECT snapshot FROM engine.instance WHERE id = :id")
_TASKS = text("SELECT activity, id FROM engine.task WHERE instance_id = :id AND is_open")
_INCIDENTS = text("SELECT id FROM engine.incident WHERE resolved_at IS NULL")
_ASK = text("INSERT INTO business.asked (key) VALUES (:key) ON CONFLICT DO NOTHING RETURNING key")
_HURRY = text("UPDATE engine.timer SET due_at = :now WHERE instance_id = :id AND wait = :wait AND promoted_at IS NULL")


@dataclass(frozen=True)
class Seen:
    """A case as it stands: what ``Player`` reads of a run."""

    model: Model
    state: State
    events: list[Event]
    told: int
    """How many events the history has, with those that are none of the kernel's."""
    tasks: Mapping[str, int]


@dataclass
class Member(Player):
    """A case that another calls: what is around the call is around its tasks too. ``caller``: who called it, and by which activity."""

    caller: tuple[Member, str] | None = None

    def _comes(self, activity: str, event: str | None) -> bool:
        if super()._comes(activity, event):
            return True
        if self.caller is None:
            return False
        player, call = self.caller
        player._look()
        return player._comes(call, event)


class Stranded(AssertionError):
    """Nothing can happen to a case that has not ended."""


@dataclass
class People:
    """``runtime`` may lose its connections; ``direct`` does not and is for looking."""

    runtime: Runtime
    direct: Database
    drawn: Mapping[str, Drawn]
    chance: Random
    lost: int = 0
    failed: int = 0
    retried: int = 0
    suspended: int = 0
    _hashes: dict[str, str] = field(default_factory=dict)

    def begin(self) -> None:
        """A case of each process."""
        for each in self.drawn.values():
            begin = OutgoingMessage(
                name=each.begins_with, key=None, payload=each.drawing.variables, idempotency_key=each.begins_with
            )
            self._insist(partial(messages.send, messages=[begin], now=clock.now(), sender="test"))

    def act(self) -> int:
        """Let something happen to each case that rests; gives how many cases have not ended. Raises Stranded."""
        with self.direct.reading() as session:
            # first those at rest: what begins meanwhile is active and not among them
            resting = set(session.execute(_AT_REST).scalars())
            suspended = list(session.execute(_SUSPENDED).scalars())
            unresolved = list(session.execute(_INCIDENTS).scalars())
            active = session.execute(_ACTIVE).all()
            left = len(self.drawn) - session.execute(_BEGUN).scalar_one() + len(active)
        for each in unresolved:
            self.retried += 1
            self._insist_command(partial(commands.retry_incident, self.runtime, OWNER, each))
        for each in suspended:
            if self.chance.random() < 0.3:
                self._operate("resume", each)
        for _, family in groupby(sorted(active, key=lambda each: (each.root, each.id)), key=lambda each: each.root):
            members = list(family)
            if not unresolved and all(each.id in resting or each.id in suspended for each in members):
                self._move(members, {each.id for each in members} - set(suspended))
        return int(left)

    def told(self) -> int:
        """How many events all cases have: as long as it grows, somebody works."""
        with self.direct.reading() as session:
            return int(session.execute(_TOLD).scalar_one())

    def left(self) -> list[str]:
        """What is under way, for whoever has to find out why it does not end."""
        tables = ("jobs.procrastinate_jobs", "engine.effect", "engine.parked_job", "engine.timer", "engine.incident")
        with self.direct.reading() as session:
            cases = list(session.execute(text("SELECT id FROM engine.instance WHERE status = 'active'")).scalars())
            found = [f"cases {cases}"]
            for table in tables:
                found += [f"{table}: {row}" for row in session.execute(text(f"SELECT * FROM {table}"))]
        return found

    def look(self, case: int, key: str) -> Seen:
        """The case now."""
        with self.direct.reading() as session:
            timeline = history.timeline(session, case)
            if key not in self._hashes:
                self._hashes[key] = definitions.load_latest(session, key).version.content_hash
            return Seen(
                model=definitions.bundle_of(session, self._hashes[key]).durable.model,
                state=State.from_text(bytes(session.execute(_LOOK, {"id": case}).scalar_one())),
                events=[from_record(each.record) for each in timeline if each.type in EVENTS],
                told=len(timeline),
                tasks={row.activity: row.id for row in session.execute(_TASKS, {"id": case})},
            )

    def _move(self, family: Sequence[Row[Any]], moving: Collection[int]) -> None:
        """Let something happen to a case or to what it calls; those not ``moving`` stand still."""
        if not moving:
            return
        seen = {each.id: self.look(each.id, each.process_key) for each in family}
        if any(each.state.is_ended or each.state.incidents for each in seen.values()):
            return
        drawing = self.drawn[family[0].process_key].drawing
        players: dict[int, Member] = {}
        for each in family:  # a caller is older than what it calls
            caller = players.get(each.parent_instance_id)
            players[each.id] = Member(
                run=seen[each.id],  # type: ignore[arg-type]
                drawing=drawing,
                caller=None if caller is None else (caller, each.activity),
            )
        mine = (CompleteTask, FireTimer, ReceiveMessage, ReceiveSignal)
        ready = {case: [each for each in players[case].ready() if isinstance(each, mine)] for case in players}
        chosen = [(case, each) for case in sorted(moving) for each in ready[case]]
        if not chosen:
            if len(moving) < len(family):
                return
            raise Stranded(f"nothing can happen: {[(case, each.state.to_text()) for case, each in seen.items()]}")
        if self.chance.random() < SUSPENDING:
            self.suspended += 1
            self._operate("suspend", self.chance.choice(sorted(moving)))
            return
        names: set[str] = set()
        acts = self.chance.sample(chosen, min(len(chosen), self.chance.randint(1, AT_ONCE)))
        for number, (case, stimulus) in enumerate(acts):
            name = getattr(stimulus, "name", "")
            if name and name in names:
                continue  # two of one name: who has the second depends on the first
            names.add(name)
            # a message by name reaches whoever waits: a caller and what it calls wait under the same names
            waiting = {(at, wait.id) for at in seen for wait in seen[at].state.waits.values() if wait.name == name}
            wanted = {(at, each.wait) for at in ready for each in ready[at] if isinstance(each, ReceiveMessage)}
            # a message may have gone to another of the family, who waits for that name too: then this case has heard nothing, and what is
            # sent now is another one, though nothing has happened to the case since
            happened = sum(len(each.events) for each in seen.values())
            self._do(case, seen[case], stimulus, waiting <= wanted, f"{case} {happened} {number}")

    def _operate(self, act: str, case: int) -> None:
        self._insist_command(lambda: operators.operate(self.runtime, OWNER, act, case, WHY))

    def _do(self, case: int, seen: Seen, stimulus: Stimulus, may_reach_any: bool, key: str) -> None:
        now = clock.now()
        match stimulus:
            case CompleteTask():
                task = seen.tasks[stimulus.activity]
                self._insist_command(lambda: commands.complete_task(self.runtime, CLERK, task, {}))
            case FireTimer():
                self._once(key, lambda s: s.execute(_HURRY, {"now": now, "id": case, "wait": stimulus.wait}))
            case ReceiveSignal():
                signal = OutgoingSignal(name=stimulus.name, payload={})
                self._once(key, lambda s: signals.throw(s, [signal], now, sender="test"))
            case ReceiveMessage():
                if may_reach_any:
                    sent = OutgoingMessage(name=stimulus.name, key="k", payload={}, idempotency_key=key)
                    self._insist(lambda s: messages.send(s, [sent], now, sender="test"))
                else:  # one of those that wait is not to have it
                    self._once(key, lambda s: self._give(s, case, stimulus))

    def _give(self, session: Session, case: int, stimulus: ReceiveMessage) -> None:
        instance = driver.lock(session, case)
        if instance.state is not None and stimulus.wait in instance.state.waits:
            now = clock.now()
            driver.apply(self.runtime, session, instance, stimulus, SYSTEM, now, on_failure=OnFailure.RETRY)

    def _once(self, key: str, act: Callable[[Session], Any]) -> None:
        def asked(session: Session) -> None:
            if session.execute(_ASK, {"key": key}).first() is not None:
                act(session)

        self._insist(asked)

    def _insist(self, act: Callable[[Session], Any]) -> None:
        def in_transaction() -> None:
            with self.runtime.database.transaction() as session:
                act(session)

        self._insist_command(in_transaction)

    def _insist_command(self, command: Callable[[], object]) -> None:
        while True:
            try:
                command()
            except (Unavailable, TryAgain):
                self.lost += 1
            except Crashed as error:
                if error.facts["kind"] != FAILURE:
                    raise  # a lost database taken for a handler's failure, for one
                self.failed += 1  # whoever clicks is told that it failed, and clicks again
            except WrongState:
                return  # it counted the first time, or it is over
            else:
                return
