"""Handlers that write a row each, and that fail now and then for no reason: what is to be done exactly once all the same."""

from __future__ import annotations

import random
import time
from datetime import timedelta

from sqlalchemy import BigInteger, Column, Identity, MetaData, Table, Text, insert

from engine.data import data
from engine.handler import BusinessError, HandlerContext, HandlerTable, Transient, handler

FAILING = 0.03
"""How often a handler fails that would work the next time."""
FAILURE = ZeroDivisionError.__name__
"""What a step is told then."""

CODES = tuple(f"code{number}" for number in range(1, 200))
"""What the drawn processes call their errors: whoever may be asked to raise one declares it."""

# deliberately without a unique key: a second row is to be found, not refused
TABLES = """
CREATE TABLE business.deed (id bigserial PRIMARY KEY, key text NOT NULL, handler text NOT NULL);
CREATE TABLE business.asked (key text PRIMARY KEY)
"""

DEED = Table(
    "deed",
    MetaData(schema="business"),
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("key", Text),
    Column("handler", Text),
)


@data
class Nothing:
    """No input."""


@data
class Named:
    code: str


def _write(context: HandlerContext) -> None:
    name = context.idempotency_key.rpartition(":")[2]
    context.session.execute(insert(DEED).values(key=context.idempotency_key, handler=name))
    if random.random() < FAILING:
        raise ZeroDivisionError


@handler("deed.write", fr="Écrire", en="Write", errors=CODES)
def write(given: Nothing, context: HandlerContext) -> None:
    _write(context)


@handler("deed.post", fr="Poster", en="Post", effect=True, errors=CODES)
def post(given: Nothing, context: HandlerContext) -> None:
    """Long enough to be killed in the middle."""
    time.sleep(random.uniform(0, 0.02))
    _write(context)
    if random.random() < FAILING:
        raise Transient("no answer")


@handler("deed.once", fr="Envoyer", en="Send", effect=True, once=True, errors=CODES)
def once(given: Nothing, context: HandlerContext) -> None:
    """Killed in the middle, it becomes an incident."""
    post.run(given, context)


@handler("deed.held", fr="Poster plus tard", en="Post later", effect=True, hold=timedelta(seconds=0.2), errors=CODES)
def held(given: Nothing, context: HandlerContext) -> None:
    post.run(given, context)


@handler("deed.fail", fr="Échouer", en="Fail", errors=CODES)
def fail(given: Named, context: HandlerContext) -> None:
    _write(context)
    raise BusinessError(given.code)


HANDLERS = HandlerTable.of([write, post, once, held, fail], [])
