"""Steps of cases: the loop on the bare kernel, and the reference process on a durable database against one durable row (F)."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import text

from engine import clock
from engine.data import data
from engine.database.embedded import EmbeddedServer
from engine.database.migrations import migrate
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
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.languages import INPUTS
from tests.benchmarks.measure import BLOCKS, Spread, cpu, wall

ENVIRONMENT = Environment(now=datetime(2026, 11, 21, 12, tzinfo=UTC))
OLD, YOUNG = 10_000, 10
GOALS = {"enter_order": Goal("<=", 4, aim=2.5), "approve": Goal("<=", 9, aim=5), "ship": Goal("<=", 4, aim=2.5)}
PER_BLOCK = 5


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


def durable() -> Iterator[Figure]:
    """Each completion of the reference process, history, inbox and timers in the same transaction, against F.

    Completed through the driver: the answers are structured, and a form of typed text would measure the form.
    """
    with tempfile.TemporaryDirectory(prefix="bordereau-bench-") as folder:
        Path(folder).chmod(0o711)
        with EmbeddedServer(Path(folder) / "postgresql") as server:
            migrate(server.url())
            database = Database(server.url())
            try:
                yield from _durable(database)
            finally:
                database.dispose()


def _durable(database: Database) -> Iterator[Figure]:
    runtime = Runtime(database=database, handlers=HandlerTable.of(_handlers(), ()))
    with database.transaction() as session:
        for role in ("sales", "sales_manager", "warehouse"):
            add_role(session, role, title_fr=role, title_en=role)
        session.execute(text("CREATE TABLE public.one_row (id bigint PRIMARY KEY, note text)"))
    examination.examine_now(database, SYSTEM, _bundle(), runtime.handlers, runtime.environment)
    version = store.publish(database, SYSTEM, _bundle(), runtime.handlers)
    actor = replace(SYSTEM, login="bench", roles=frozenset({"sales", "sales_manager", "warehouse"}))
    numbers = iter(range(10**9))

    def one_row() -> None:
        with database.transaction() as session:
            number = next(numbers)
            session.execute(text("INSERT INTO public.one_row VALUES (:id, :note)"), {"id": number, "note": "x" * 200})
            session.execute(
                text("UPDATE public.one_row SET note = :note WHERE id = :id"), {"id": number, "note": "y" * 200}
            )

    def begin() -> StepDone:
        now = clock.now()
        with database.transaction() as session:
            instance = driver.new_instance(session, store.load(session, version.id), actor.login)
            start = Start(process="o2c_30", variables={})
            return driver.apply(runtime, session, instance, start, actor, now, on_failure=OnFailure.REFUSE)

    def complete(done: StepDone, answers: dict[str, Any]) -> StepDone:
        ((activity, task),) = done.opened.items()
        now = clock.now()
        with database.transaction() as session:
            instance, _ = driver.lock_by_task(session, task)
            stimulus = CompleteTask(activity=activity, actor=actor.login, variables=answers)
            return driver.apply(runtime, session, instance, stimulus, actor, now, on_failure=OnFailure.REFUSE)

    times: dict[str, list[float]] = {"F": [], "start": [], **{name: [] for name in ANSWERS}, "whole": []}

    def timed(name: str, act: Callable[[], StepDone], into: dict[str, float]) -> StepDone:
        found: list[StepDone] = []
        into[name] = into.get(name, 0) + wall(lambda: found.append(act()))
        return found[0]

    for block in range(BLOCKS + 2):
        spent: dict[str, float] = {"F": wall(one_row, PER_BLOCK) * PER_BLOCK}
        for _ in range(PER_BLOCK):
            done = timed("start", begin, spent)
            for name, answers in ANSWERS.items():
                done = timed(name, lambda done=done, answers=answers: complete(done, answers), spent)  # type: ignore[misc]
            if done.state.status != "completed":
                raise AssertionError(f"the reference process ended {done.state.status}: {done.state.incidents}")
        spent["whole"] = sum(spent[name] for name in ("start", *ANSWERS))
        if block >= 2:  # the first two warm caches and prepared statements
            for name, seconds in spent.items():
                times[name].append(seconds / PER_BLOCK)
    yield Figure("durable.row", Spread.of([1e3 * each for each in times["F"]]), "ms", note=f"F; {_facts()}")
    for name in ("start", *ANSWERS, "whole"):
        yield Figure(f"durable.o2c_30.{name}.vs_row", Spread.of_ratio(times[name], times["F"]), goal=GOALS.get(name))


def _facts() -> str:
    """How big the order of the reference process is, for the reader of the figures."""
    return f"the order of o2c-30 has {len(json.dumps(ORDER, default=str))} bytes"
