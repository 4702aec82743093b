"""`make bench-large`: what a step and a page cost in a database that is full, against an empty one on the same server.

The large database is made once and kept (``build/bench-large``), and a filling that was stopped goes on: a case that waits for its first
task is copied until there are as many open tasks as wanted, and a case that has ended until the history has as many rows. Copied are the
rows of every table that names the case, so what the engine writes beside a case is there too; hashes and snapshots are those of the
original, which no figure reads. Sizes: ``BENCH_TASKS`` and ``BENCH_ROWS``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine import clock
from engine.database.embedded import EmbeddedServer
from engine.database.migrations import migrate
from engine.database.session import Database
from engine.handler import Actor
from engine.history.keeping import number_all
from engine.history.queries import timeline
from engine.history.search import Asked as SearchedFor
from engine.history.search import search
from engine.inbox.lists import Asked, page
from engine.settings import CHECKOUT
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.measure import BLOCKS, Spread, wall
from tests.benchmarks.steps import ANSWERS, Reference

TASKS = int(os.environ.get("BENCH_TASKS", "1000000"))
ROWS = int(os.environ.get("BENCH_ROWS", "10000000"))
FOLDER = CHECKOUT / "build" / "bench-large"
CHUNK = 50_000
"""Cases that are copied in one transaction: a filling that is stopped loses one."""
ROLES = ("sales", "sales_manager", "warehouse")
CALLS = 100
"""Pages a block: their slowest but one is the block's p99."""

_TABLES = text("""
    SELECT c.table_name, array_agg(CAST(all_columns.column_name AS text) ORDER BY all_columns.ordinal_position) AS columns
    FROM information_schema.columns c
    JOIN information_schema.tables USING (table_schema, table_name)
    JOIN information_schema.columns all_columns USING (table_schema, table_name)
    WHERE c.table_schema = 'engine' AND c.column_name = 'instance_id' AND table_type = 'BASE TABLE'
      AND all_columns.is_generated = 'NEVER' AND all_columns.is_identity = 'NO'
      AND coalesce(all_columns.column_default, '') NOT LIKE 'nextval%'
    GROUP BY c.table_name ORDER BY c.table_name
""")
_INSTANCE = text("""
    SELECT array_agg(CAST(column_name AS text)) FROM information_schema.columns
    WHERE table_schema = 'engine' AND table_name = 'instance' AND column_name <> 'id' AND is_generated = 'NEVER'
""")
_STEPS = text("""
    INSERT INTO engine.history_order (first, last, kind, chain, sequence, at, actor, process_key, topic)
    SELECT o.first - :first + 1 + :newest + :width * (n - 1), o.last - :first + 1 + :newest + :width * (n - 1), o.kind,
           CAST(:base + n AS text), o.sequence, o.at - n * interval '1 second',
           'person' || n % 997, o.process_key, o.topic
    FROM engine.history_order o, generate_series(1, CAST(:many AS bigint)) n WHERE o.kind = 'case' AND o.chain = CAST(:case AS text)
""")
# every other task: of another role, and due at another time, so that lists have something to choose from
_SPREAD = {
    "role": "(ARRAY['sales', 'sales_manager', 'warehouse'])[1 + n % 3]",
    "sort_at": "created_at + (n * 7919 % 1000000) * interval '1 second'",
    "due_at": "created_at + (n * 7919 % 1000000) * interval '1 second'",
    "priority": "CASE WHEN n % 50 = 0 THEN 80 ELSE 50 END",
}


@dataclass(frozen=True)
class Sample:
    """A case to copy: its number, the number of its events, and whether its task is open."""

    case: int
    events: int


def growth() -> Iterator[Figure]:
    """Fill, then measure."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    FOLDER.chmod(0o711)
    with EmbeddedServer(FOLDER / f"postgresql-{TASKS}-{ROWS}") as server:
        empty, large = (_database(server, name) for name in ("empty", "large"))
        try:
            references = {"empty": Reference.on(empty), "large": Reference.on(large)}
            began = time.monotonic()
            waiting = fill(large, references["large"])
            print(
                f"# {TASKS} open tasks, {ROWS} rows of history: filled in {time.monotonic() - began:.0f} s", flush=True
            )
            yield from _steps(references["empty"], references["large"])
            yield from _inbox(large)
            yield from _history(large, waiting)
        finally:
            empty.dispose()
            large.dispose()


def _database(server: EmbeddedServer, name: str) -> Database:
    """The database, made and migrated when it is not there; the empty one is anew each time."""
    maintenance = Database(server.url("postgres"))
    with maintenance.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if name == "empty":
            connection.execute(text("DROP DATABASE IF EXISTS empty WITH (FORCE)"))
        if connection.execute(text("SELECT FROM pg_database WHERE datname = :name"), {"name": name}).first() is None:
            connection.execute(text(f"CREATE DATABASE {name}"))
    maintenance.dispose()
    migrate(server.url(name))
    return Database(server.url(name))


# -- filling ----------------------------------------------------------------------------------------------------------------


def fill(database: Database, reference: Reference) -> int:
    """Copy until there is enough; gives a case of many that wait. What is there already stays."""
    with database.transaction() as session:
        session.execute(
            text("CREATE TABLE IF NOT EXISTS public.filled (kind text, first bigint, cases bigint, rows bigint)")
        )
        samples = session.execute(text("SELECT to_regclass('public.sample') IS NOT NULL")).scalar_one()
    if not samples:
        waiting = reference.begin()
        ended = reference.whole()
        number_all(database)
        with database.transaction() as session:
            session.execute(
                text(
                    "CREATE TABLE public.sample AS SELECT CAST(:waiting AS bigint) waiting, CAST(:ended AS bigint) ended"
                ),
                {"waiting": waiting.instance_id, "ended": ended.instance_id},
            )
    with database.reading() as session:
        found = session.execute(text("SELECT waiting, ended FROM public.sample")).one()
        waits, over = (_sample(session, case) for case in (found.waiting, found.ended))
    while (missing := TASKS - _done(database, "waiting")[0]) > 0:
        _copy(database, "waiting", waits, min(CHUNK, missing))
    while (missing := ROWS - sum(_done(database, kind)[1] for kind in ("waiting", "ended"))) > 0:
        _copy(database, "ended", over, min(CHUNK // 10, -(-missing // over.events)))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("CHECKPOINT"))
    return waits.case


def _sample(session: Session, case: int) -> Sample:
    events = session.execute(text("SELECT count(*) FROM engine.event WHERE instance_id = :case"), {"case": case})
    return Sample(case=case, events=events.scalar_one())


def _done(database: Database, kind: str) -> tuple[int, int]:
    """How many cases and rows of history are copied."""
    with database.reading() as session:
        done = session.execute(
            text("SELECT coalesce(sum(cases), 0), coalesce(sum(rows), 0) FROM public.filled WHERE kind = :kind"),
            {"kind": kind},
        ).one()
        return int(done[0]), int(done[1])


def _copy(database: Database, kind: str, sample: Sample, many: int) -> None:
    """``many`` more cases like ``sample``, in one transaction that need not wait for the disk."""
    with database.transaction() as session:
        session.execute(text("SET LOCAL synchronous_commit = off"))
        session.execute(text("SET LOCAL session_replication_role = replica"))  # what refers to a case is copied with it
        base = int(session.execute(text("SELECT max(id) FROM engine.instance")).scalar_one())
        given = {"case": sample.case, "base": base, "many": many}
        columns = ", ".join(session.execute(_INSTANCE).scalar_one())
        session.execute(
            text(f"""INSERT INTO engine.instance (id, {columns}) OVERRIDING SYSTEM VALUE
                     SELECT :base + n, {columns} FROM engine.instance, generate_series(1, CAST(:many AS bigint)) n WHERE id = :case"""),
            given,
        )
        for table in session.execute(_TABLES).all():
            spread = _SPREAD if table.table_name == "task" else {}
            values = [":base + n" if each == "instance_id" else spread.get(each, each) for each in table.columns]
            session.execute(
                text(f"""INSERT INTO engine.{table.table_name} ({", ".join(table.columns)}) SELECT {", ".join(values)}
                         FROM engine.{table.table_name}, generate_series(1, CAST(:many AS bigint)) n WHERE instance_id = :case"""),
                given,
            )
        newest = int(session.execute(text("SELECT max(last) FROM engine.history_order")).scalar_one())
        place = text(
            "SELECT min(first), max(last) FROM engine.history_order WHERE kind = 'case' AND chain = CAST(:case AS text)"
        )
        first, last = session.execute(place, given).one()
        # the copies are numbered behind each other, each as wide as the sample is: the numbers grow as the rows do
        session.execute(_STEPS, given | {"newest": newest, "first": first, "width": last - first + 1})
        session.execute(
            text("SELECT setval(pg_get_serial_sequence('engine.instance', 'id'), :last)"), {"last": base + many}
        )
        session.execute(
            text("INSERT INTO public.filled VALUES (:kind, :base + 1, :many, :rows)"),
            {"kind": kind, "base": base, "many": many, "rows": many * sample.events},
        )


# -- measuring --------------------------------------------------------------------------------------------------------------


def _steps(empty: Reference, large: Reference) -> Iterator[Figure]:
    """A completion that opens the next task, on the wall clock: it waits for the disk in both."""
    times: dict[str, list[float]] = {"empty": [], "large": []}
    for block in range(BLOCKS + 2):
        for name, reference in (("empty", empty), ("large", large)):
            begun = [reference.begin() for _ in range(5)]
            spent = sum(wall(partial(reference.complete, done, ANSWERS["enter_order"])) for done in begun)
            if block >= 2:
                times[name].append(spent / len(begun))
    ratio = Spread.of_ratio(times["large"], times["empty"])
    yield Figure("large.completion.vs_empty", ratio, goal=Goal("<=", 1.15, aim=1.05))
    yield Figure("large.completion", Spread.of([1e3 * each for each in times["large"]]), "ms")


def _p99(act: Callable[[], object]) -> float:
    """Milliseconds of the second slowest of ``CALLS``."""
    return 1e3 * sorted(wall(act) for _ in range(CALLS))[-2]


def _inbox(database: Database) -> Iterator[Figure]:
    now = clock.now() + timedelta(days=3)
    actor = Actor(login="bench", name="Bench", roles=frozenset(ROLES))
    asked = Asked(actor=actor, view="role", now=now)
    with database.reading() as session:
        after = None
        for _ in range(19):
            after = page(session, asked, after=after).next
        sorts = (asked, replace(asked, sort="priority"))
        turn = count()
        firsts, slow, far, near = [], [], [], []
        for _ in range(BLOCKS):
            firsts.append(_p99(lambda: page(session, sorts[next(turn) % 2])))
            slow.append(_p99(lambda: page(session, asked, after=after)))
            near.append(wall(lambda: page(session, asked), 20))
            far.append(wall(lambda: page(session, asked, after=after), 20))
    yield Figure("large.inbox.page.p99", Spread.of(firsts), "ms", goal=Goal("<=", 5, aim=3))
    yield Figure("large.inbox.page_20.p99", Spread.of(slow), "ms", goal=Goal("<=", 5, aim=3))
    yield Figure("large.inbox.page_20_vs_1", Spread.of_ratio(far, near), goal=Goal("<=", 1.3, aim=1.1))


def _history(database: Database, case: int) -> Iterator[Figure]:
    """The page of one case's history, of cases anywhere; and searches as auditors ask them, some far back."""
    chance = Random(1)
    now = clock.now()
    with database.reading() as session:
        most = int(session.execute(text("SELECT max(id) FROM engine.instance")).scalar_one())

        def shown() -> object:
            return timeline(session, chance.randint(case, most), limit=100)

        def searched() -> object:
            at = now - timedelta(seconds=chance.randint(0, CHUNK))
            person = f"person{chance.randint(0, 996)}"
            asked: tuple[dict[str, Any], ...] = (
                {},
                {"actor": person},
                {"process_key": "o2c_30", "before": at},
                {"topic": "task", "before": at},
                {"actor": person, "topic": "task", "before": at},
                {"case": str(chance.randint(case, most))},
            )
            return search(session, SearchedFor(**chance.choice(asked)))

        pages, searches = [], []
        for _ in range(BLOCKS):
            pages.append(_p99(shown))
            searches.append(_p99(searched))
    yield Figure("large.history.page.p99", Spread.of(pages), "ms", goal=Goal("<=", 3, aim=2))
    yield Figure("large.history.search.p99", Spread.of(searches), "ms", goal=Goal("<=", 10, aim=8))
