"""Steps of cases: the loop on the bare kernel, and the reference process on a durable database against one durable row (F)."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import event, text

from engine import clock
from engine.data import data
from engine.database.embedded import EmbeddedServer
from engine.database.session import Database
from engine.definitions import examination, store
from engine.feel import Environment
from engine.handler import SYSTEM, Handler, HandlerContext, HandlerTable, handler
from engine.identity.people import add_role
from engine.instances import driver
from engine.instances.driver import OnFailure, StepDone
from engine.instances.runtime import Runtime
from engine.kernel import State, advance
from engine.model.bpmn_reader import read_processes
from engine.model.elements import Model
from engine.protocol.stimuli import CompleteTask, ReturnHandler, Start
from tests.benchmarks import databases
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.languages import INPUTS
from tests.benchmarks.measure import BLOCKS, Spread, cpu, wall
from tests.publishing import publish_unexamined

ENVIRONMENT = Environment(now=datetime(2026, 11, 21, 12, tzinfo=UTC))
OLD, YOUNG = 10_000, 10
GOALS = {"enter_order": Goal("<=", 4, aim=2.5), "approve": Goal("<=", 9, aim=5), "ship": Goal("<=", 4, aim=2.5)}
PER_BLOCK = 5
PER_CPU_BLOCK = 20
"""The processor time of other processes is counted in hundredths of a second."""


# -- the loop on the kernel -------------------------------------------------------------------------------------------------


def loop() -> Iterator[Figure]:
    """Processor time of one round of the loop, with the state written and read again, young and old."""
    (process,) = read_processes((INPUTS / "loop.bpmn").read_bytes(), "loop.bpmn")
    model = Model(processes={process.id: process})

    def round_of(state: State, rounds: int) -> State:
        task = next(each.id for each in state.activities.values() if each.element == "work")
        state, _ = advance(model, State.from_text(state.to_text()), CompleteTask(activity=task, actor="a"), ENVIRONMENT)
        (call,) = state.needs
        returned = ReturnHandler(activity=call.id, result={"rounds": Decimal(rounds)})
        return advance(model, State.from_text(state.to_text()), returned, ENVIRONMENT)[0]

    variables = {"limit": Decimal(10**9), "rounds": Decimal(0)}
    state, _ = advance(model, None, Start(process=process.id, variables=variables), ENVIRONMENT)
    states: dict[int, State] = {}
    for rounds in range(1, OLD + 1):
        state = round_of(state, rounds)
        if rounds in (YOUNG, OLD):
            states[rounds] = state
    old, young = [], []
    for _ in range(BLOCKS):
        old.append(cpu(lambda: round_of(states[OLD], OLD + 1), 50))
        young.append(cpu(lambda: round_of(states[YOUNG], YOUNG + 1), 50))
    yield Figure("kernel.loop.round_10000_vs_10", Spread.of_ratio(old, young), goal=Goal("<=", 1.15, aim=1.05))
    yield Figure("kernel.loop.round", Spread.of([1e6 * each for each in young]), "us")


_LOOP_YAML = """
key: bench_loop
title: {fr: Boucle, en: Loop}
process: bench_loop
start: {roles: [sales]}
retention_days: 1
"""


@data
class Rounds:
    """What `count` takes and gives."""

    rounds: Decimal


@handler("bench.count", fr="Compter", en="Count")
def count_round(given: Rounds, _context: HandlerContext) -> Rounds:
    """One round more."""
    return Rounds(rounds=given.rounds + 1)


def durable_loop() -> Iterator[Figure]:
    """The same on the database, with history and inbox: two cases side by side, one of them 10,000 rounds old."""
    form = b"id: bench_work\ntitle: {fr: work, en: work}\nfields: []\n"
    files = {
        "process.yaml": _LOOP_YAML.encode(),
        "loop.bpmn": (INPUTS / "loop.bpmn").read_bytes(),
        "forms/bench_work.yaml": form,
    }
    with databases.fresh() as (database, _):
        runtime = Runtime(database=database, handlers=HandlerTable.of((count_round,), ()))
        with database.transaction() as session:
            add_role(session, "sales", title_fr="Ventes", title_en="Sales")
        version = publish_unexamined(database, SYSTEM, files, runtime.handlers).id

        def step(task: int | None) -> int:
            """Begin, or do a round; gives the task that is open then."""
            with database.transaction() as session:
                if task is None:
                    instance = driver.new_instance(session, store.load(session, version), ACTOR.login)
                    variables = {"limit": Decimal(10**9), "rounds": Decimal(0)}
                    stimulus: Start | CompleteTask = Start(process="bench_loop", variables=variables)
                else:
                    instance, row = driver.lock_by_task(session, task)
                    stimulus = CompleteTask(activity=row.activity, actor=ACTOR.login)
                done = driver.apply(
                    runtime, session, instance, stimulus, ACTOR, clock.now(), on_failure=OnFailure.REFUSE
                )
            (opened,) = done.opened.values()
            return opened

        tasks = {"old": step(None), "young": step(None)}
        for name, rounds in (("old", OLD), ("young", YOUNG)):
            for _ in range(rounds):
                tasks[name] = step(tasks[name])
        spent: dict[str, list[float]] = {"old": [], "young": []}
        for _ in range(BLOCKS):
            for name, taken in spent.items():
                begin = time.process_time()
                for _ in range(PER_CPU_BLOCK):
                    tasks[name] = step(tasks[name])
                taken.append(time.process_time() - begin)
    goal = Goal("<=", 1.15, aim=1.05)
    yield Figure("durable.loop.round_10000_vs_10", Spread.of_ratio(spent["old"], spent["young"]), goal=goal)


# -- the reference process on the database ----------------------------------------------------------------------------------


@data
class Order:
    """What `validate` and `invoice` take."""

    order: dict[str, Any]


@data
class Amount:
    """What `credit` takes."""

    amount: Decimal


@data
class Lines:
    """What `reserve` takes."""

    lines: list[dict[str, Any]]


@data
class Line:
    """What `pick` takes."""

    line: dict[str, Any]


@data
class Invoice:
    """What `send` and `post` take."""

    invoice_number: str


@data
class Valid:
    """Of `validate`."""

    valid: bool


@data
class CreditOk:
    """Of `credit`."""

    credit_ok: bool


@data
class Reservation:
    """Of `reserve`."""

    reservation: str


@data
class Picked:
    """Of `pick`."""

    picked_quantity: Decimal


@data
class Entry:
    """Of `post`."""

    entry: str


@data
class Nothing:
    """Of `send`."""


def _handlers() -> tuple[Handler, ...]:
    @handler("bench.validate", fr="Valider", en="Validate")
    def validate(given: Order, _context: HandlerContext) -> Valid:
        return Valid(valid=bool(given.order["lines"]))

    @handler("bench.credit", fr="Crédit", en="Credit")
    def credit(given: Amount, _context: HandlerContext) -> CreditOk:
        return CreditOk(credit_ok=given.amount < 1_000_000)

    @handler("bench.reserve", fr="Réserver", en="Reserve")
    def reserve(given: Lines, _context: HandlerContext) -> Reservation:
        return Reservation(reservation=f"R{len(given.lines)}")

    @handler("bench.pick", fr="Prélever", en="Pick")
    def pick(given: Line, _context: HandlerContext) -> Picked:
        return Picked(picked_quantity=given.line["quantity"])

    @handler("bench.invoice", fr="Facturer", en="Invoice")
    def invoice(given: Order, _context: HandlerContext) -> Invoice:
        return Invoice(invoice_number=f"F{len(given.order['lines'])}")

    @handler("bench.send", fr="Envoyer", en="Send")
    def send(_given: Invoice, _context: HandlerContext) -> Nothing:
        return Nothing()

    @handler("bench.post", fr="Comptabiliser", en="Post")
    def post(given: Invoice, _context: HandlerContext) -> Entry:
        return Entry(entry=f"E{given.invoice_number}")

    return (validate, credit, reserve, pick, invoice, send, post)


ORDER = {
    "amount": Decimal("1842.50"),
    "customer": "Ateliers Lacaze et Fils, 12 rue des Tanneurs, 25000 Besançon",
    "lines": [
        {
            "item": f"A{n:03}",
            "quantity": Decimal(n + 1),
            "unit_price": Decimal("120.00"),
            "text": "Bureau chêne massif 160 × 80 cm, pieds acier noir mat, passe-câbles, livré monté",
        }
        for n in range(5)
    ],
}
ANSWERS: dict[str, dict[str, Any]] = {
    "enter_order": {"order": ORDER},
    "approve": {"approved": True},
    "ship": {"shipped": True},
}

_PROCESS_YAML = """
key: o2c_30
title: {fr: De la commande au paiement, en: Order to cash}
process: o2c_30
start: {roles: [sales]}
retention_days: 1
"""


def _bundle() -> dict[str, bytes]:
    forms = {
        f"forms/bench_{name}.yaml": f"id: bench_{name}\ntitle: {{fr: {name}, en: {name}}}\nfields: []\n".encode()
        for name in ANSWERS
    }
    return {"process.yaml": _PROCESS_YAML.encode(), "o2c_30.bpmn": (INPUTS / "o2c-30.bpmn").read_bytes(), **forms}


ACTOR = replace(SYSTEM, login="bench", roles=frozenset({"sales", "sales_manager", "warehouse"}))


@dataclass(frozen=True)
class Reference:
    """The reference process, published, on one database.

    Completed through the driver: the answers are structured, and a form of typed text would measure the form.
    """

    runtime: Runtime
    version_id: int

    @classmethod
    def on(cls, database: Database) -> Reference:
        """Publish it, with the roles and the table of F; what is there already stays."""
        runtime = Runtime(database=database, handlers=HandlerTable.of(_handlers(), ()))
        with database.transaction() as session:
            found = session.execute(
                text("SELECT id FROM engine.definition_version WHERE process_key = 'o2c_30'")
            ).first()
            if found is not None:
                return cls(runtime=runtime, version_id=found.id)
            for role in ("sales", "sales_manager", "warehouse"):
                add_role(session, role, title_fr=role, title_en=role)
            session.execute(text("CREATE TABLE public.one_row (id bigserial PRIMARY KEY, note text)"))
        examination.examine_now(database, SYSTEM, _bundle(), runtime.handlers, runtime.environment)
        version = store.publish(database, SYSTEM, _bundle(), runtime.handlers)
        return cls(runtime=runtime, version_id=version.id)

    def one_row(self) -> None:
        """F."""
        with self.runtime.database.transaction() as session:
            made = session.execute(
                text("INSERT INTO public.one_row (note) VALUES (:note) RETURNING id"), {"note": "x" * 200}
            )
            session.execute(
                text("UPDATE public.one_row SET note = :note WHERE id = :id"),
                {"id": made.scalar_one(), "note": "y" * 200},
            )

    def begin(self) -> StepDone:
        """A case up to its first task."""
        now = clock.now()
        with self.runtime.database.transaction() as session:
            instance = driver.new_instance(session, store.load(session, self.version_id), ACTOR.login)
            start = Start(process="o2c_30", variables={})
            return driver.apply(self.runtime, session, instance, start, ACTOR, now, on_failure=OnFailure.REFUSE)

    def complete(self, done: StepDone, answers: dict[str, Any]) -> StepDone:
        """The one open task, and what follows until the next one or the end."""
        ((activity, task),) = done.opened.items()
        now = clock.now()
        with self.runtime.database.transaction() as session:
            instance, _ = driver.lock_by_task(session, task)
            stimulus = CompleteTask(activity=activity, actor=ACTOR.login, variables=answers)
            return driver.apply(self.runtime, session, instance, stimulus, ACTOR, now, on_failure=OnFailure.REFUSE)

    def whole(self) -> StepDone:
        """A case from its start to its end."""
        done = self.begin()
        for answers in ANSWERS.values():
            done = self.complete(done, answers)
        if done.state.status != "completed":
            raise AssertionError(f"the reference process ended {done.state.status}: {done.state.incidents}")
        return done


def durable() -> Iterator[Figure]:
    """Each completion of the reference process, history, inbox and timers in the same transaction, against F; what a whole case takes."""
    with databases.fresh() as (database, server):
        reference = Reference.on(database)
        yield from _against_a_row(reference)
        yield from _statements(reference)
        yield from _processor(reference, server)


def _against_a_row(reference: Reference) -> Iterator[Figure]:
    times: dict[str, list[float]] = {"F": [], "start": [], **{name: [] for name in ANSWERS}, "whole": []}

    def timed(name: str, act: Callable[[], StepDone], into: dict[str, float]) -> StepDone:
        found: list[StepDone] = []
        into[name] = into.get(name, 0) + wall(lambda: found.append(act()))
        return found[0]

    for block in range(BLOCKS + 2):
        spent: dict[str, float] = {"F": wall(reference.one_row, PER_BLOCK) * PER_BLOCK}
        for _ in range(PER_BLOCK):
            done = timed("start", reference.begin, spent)
            for name, answers in ANSWERS.items():
                done = timed(name, lambda done=done, answers=answers: reference.complete(done, answers), spent)  # type: ignore[misc]
            if done.state.status != "completed":
                raise AssertionError(f"the reference process ended {done.state.status}: {done.state.incidents}")
        spent["whole"] = sum(spent[name] for name in ("start", *ANSWERS))
        if block >= 2:  # the first two warm caches and prepared statements
            for name, seconds in spent.items():
                times[name].append(seconds / PER_BLOCK)
    yield Figure("durable.row", Spread.of([1e3 * each for each in times["F"]]), "ms", note=f"F; {_facts()}")
    for name in ("start", *ANSWERS, "whole"):
        yield Figure(f"durable.o2c_30.{name}.vs_row", Spread.of_ratio(times[name], times["F"]), goal=GOALS.get(name))


def _statements(reference: Reference) -> Iterator[Figure]:
    """What a completion sends that opens the next task: all that goes to the server, without savepoints; and its commits."""
    commits: list[None] = []
    database = reference.runtime.database

    def commit(_connection: Any) -> None:
        commits.append(None)

    reference.whole()
    done = reference.begin()
    event.listen(database.engine, "commit", commit)
    try:
        with databases.sent_to(database) as sent:
            reference.complete(done, ANSWERS["enter_order"])
    finally:
        event.remove(database.engine, "commit", commit)
    yield Figure("durable.step.statements", Spread.of([len(sent)]), "n", goal=Goal("<=", 5, aim=4))
    yield Figure("durable.step.commits", Spread.of([len(commits)]), "n", goal=Goal("<=", 1, aim=1))


def _processor(reference: Reference, server: EmbeddedServer) -> Iterator[Figure]:
    """Processor time of a whole case: of this process, and of the whole server with what it does beside."""
    ours, theirs = [], []
    for _ in range(BLOCKS):
        before, used = time.process_time(), server_seconds(server)
        for _ in range(PER_CPU_BLOCK):
            reference.whole()
        ours.append(1e3 * (time.process_time() - before) / PER_CPU_BLOCK)
        theirs.append(1e3 * (server_seconds(server) - used) / PER_CPU_BLOCK)
    whole = Spread.of([a + b for a, b in zip(ours, theirs, strict=True)])
    yield Figure("durable.o2c_30.cpu", whole, "ms", goal=Goal("<=", 12, aim=8), note="engine and database, an instance")
    yield Figure("durable.o2c_30.cpu.engine", Spread.of(ours), "ms")
    yield Figure("durable.o2c_30.cpu.database", Spread.of(theirs), "ms")


def server_seconds(server: EmbeddedServer) -> float:
    """Processor time that the server has used, with its backends, also those that have ended (Linux)."""
    assert server.process is not None
    fields = {
        int(each.name): (each / "stat").read_text().rpartition(")")[2].split()
        for each in Path("/proc").iterdir()
        if each.name.isdigit() and (each / "stat").exists()
    }
    family = {server.process.pid}
    while more := {pid for pid, each in fields.items() if int(each[1]) in family} - family:
        family |= more
    # utime, stime, and of the children that were waited for
    return sum(sum(map(int, fields[pid][11:15])) for pid in family if pid in fields) / os.sysconf("SC_CLK_TCK")


def _facts() -> str:
    """How big the order of the reference process is, for the reader of the figures."""
    return f"the order of o2c-30 has {len(json.dumps(ORDER, default=str))} bytes"
