"""Whether all that was validated is still there, as it was: recomputed from the rows, and held against what the history says.

The chain alone finds what was changed, taken out, put in or moved in its middle. Whoever may write every row can do more: hash the rest of
it anew, or cut its end off together with the counters. The history knows better: when an invoice is validated, its number and its hash
stand in an event of the same transaction (``commands.seal``), and events are numbered and signed in checkpoints that have left the house.

In pieces of 500 invoices, so that ever so many need no more memory; what was verified so far is a value, so that a page can go on with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from engine.command import CommandContext
from engine.data import data
from engine.record import Noted, NotedReader
from handlers.base.tables import NumberSeries
from handlers.invoices import chain
from handlers.invoices.chain import BEGINNING, Named
from handlers.invoices.commands import KIND, VALIDATED
from handlers.invoices.making import CHAIN
from handlers.invoices.tables import Invoice, InvoiceLine, InvoiceRate
from handlers.orders.tables import SalesOrder

AT_ONCE: Final = 500
MOST_SHOWN: Final = 50
"""Of what is wrong; the rest is counted."""

_FRESH: Final = {"populate_existing": True}
"""What the database holds, not what the session remembers of it."""

_NUMBER: Final = re.compile(r"[A-Z]+-(\d{4})-(\d+)")


@data
class Difference:
    """What an invoice says now, and what it said when it was validated. ``field``: ``lines`` and ``rates`` without their values."""

    field: str
    was: str
    now: str


@data
class Broken:
    """What does not hold.

    Of the chain: ``changed`` (its content is another), ``unlinked`` (it does not follow the one before), ``missing`` (the one before is not
    there), ``earlier`` (it is dated before the one before), ``misnumbered`` (its number is not the next of its year), ``older_form`` (it is
    hashed the way that was given up before). Of the history: ``unnoted`` (it says nothing of this invoice), ``rewritten`` (it says
    something else), ``gone`` (it says that this invoice was validated, and there is none). ``counter``: the next number is not the next.
    """

    sequence: int
    number: str
    code: str
    differences: tuple[Difference, ...] = ()


@data
class Verified:
    """How far it is. ``count``: invoices and credit notes looked at, of ``of``; ``first``, ``last``: their numbers; ``hash``: of the last.

    ``unnoted``: validated by a release whose history named no hashes; ``unnoted_last``: the last of them.
    ``more``: what is wrong beyond ``broken``. ``is_done``: of the whole.
    The rest is where it goes on.
    """

    count: int = 0
    of: int = 0
    first: str = ""
    last: str = ""
    hash: str = BEGINNING
    sequence: int = 0
    day: date | None = None
    version: int = 1
    unnoted: int = 0
    unnoted_last: str = ""
    broken: tuple[Broken, ...] = ()
    more: int = 0
    is_chain_done: bool = False
    after: str = ""
    is_done: bool = False

    @property
    def is_whole(self) -> bool:
        """Nothing was found."""
        return not self.broken


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """An invoice with all that is hashed of it."""

    row: Invoice
    named: Named
    lines: Sequence[InvoiceLine]
    rates: Sequence[InvoiceRate]


def begin(session: Session) -> Verified:
    """Nothing is verified yet, of what there is now. One statement."""
    return Verified(of=session.scalar(select(func.count()).where(Invoice.sequence.is_not(None))) or 0)


def verify(session: Session, noted: NotedReader) -> Verified:
    """All of it, in one go."""
    found = begin(session)
    while not found.is_done:
        found = verify_more(session, noted, found)
    return found


def verify_more(session: Session, noted: NotedReader, so_far: Verified) -> Verified:
    """The next piece: first the invoices, in the order of the chain; then what the history says was validated. At most five statements."""
    if so_far.is_chain_done:
        return _look_for_gone(session, noted, so_far)
    pieces = tuple(_read(session, so_far.sequence))
    if not pieces:
        return _with(replace(so_far, is_chain_done=True), _counter(session, so_far))
    said: dict[str, Mapping[str, str]] = {}
    for each in noted(session, KIND, VALIDATED, keys=[str(piece.row.id) for piece in pieces]):
        said.setdefault(each.key, each.facts)
    found = so_far
    for piece in pieces:
        found = _look_at(piece, said.get(str(piece.row.id)), found)
    return found


def command(context: CommandContext) -> bool:
    """``bordereau invoices verify``."""
    found = begin(context.session)
    while not found.is_done:
        found = verify_more(context.session, context.noted, found)
        if not found.is_chain_done:
            context.tell("invoices_verified_so_far", count=found.count, of=found.of)
    context.answer("invoices_verified", count=found.count, first=found.first or "–", last=found.last or "–")
    context.answer("invoices_verified_head", hash=found.hash)
    if found.unnoted:
        context.answer("invoices_verified_unnoted", count=found.unnoted, last=found.unnoted_last)
    for each in found.broken:
        context.answer(f"invoice_chain.{each.code}", invoice=each.number, place=each.sequence)
        for one in each.differences:
            context.answer("invoices_verified_difference", field=one.field, was=one.was or "–", now=one.now or "–")
    if found.more:
        context.answer("invoices_verified_more", count=found.more)
    context.answer("invoices_verified_whole" if found.is_whole else "invoices_verified_broken")
    return found.is_whole


def _look_at(piece: _Read, said: Mapping[str, str] | None, so_far: Verified) -> Verified:
    row = piece.row
    assert row.sequence is not None
    number = row.number or "–"
    # no trigger and no check may be left where somebody forges: what is validated no longer has nothing to be hashed
    is_there = row.status == "validated" and row.number is not None and row.validated_at is not None
    told = chain.told(row, piece.named, piece.lines, piece.rates) if is_there else {}
    is_changed = not is_there or row.hash != chain.link(
        str(row.previous_hash), chain.content(row, piece.named, piece.lines, piece.rates)
    )
    is_rewritten = said is not None and said.get("hash") != row.hash
    is_missing = row.sequence != so_far.sequence + 1
    checks = (
        ("missing", is_missing),
        ("unlinked", row.previous_hash != so_far.hash),
        ("misnumbered", not is_missing and not _follows(so_far.last, number)),
        ("earlier", so_far.day is not None and row.issued_on is not None and row.issued_on < so_far.day),
        ("older_form", row.hash_version < so_far.version),
        ("changed", is_changed),
        ("rewritten", is_rewritten),
        ("unnoted", said is None and row.hash_version > 1),
    )
    is_from_before = said is None and row.hash_version == 1
    differences = _differences(said or {}, told) if is_changed or is_rewritten else ()
    found = [
        Broken(
            sequence=row.sequence,
            number=number,
            code=code,
            differences=differences if code == ("changed" if is_changed else "rewritten") else (),
        )
        for code, is_wrong in checks
        if is_wrong
    ]
    return _with(
        replace(
            so_far,
            count=so_far.count + 1,
            of=max(so_far.of, so_far.count + 1),
            first=so_far.first or number,
            last=number,
            hash=str(row.hash),
            sequence=row.sequence,
            day=row.issued_on,
            version=max(so_far.version, row.hash_version),
            unnoted=so_far.unnoted + is_from_before,
            unnoted_last=number if is_from_before else so_far.unnoted_last,
        ),
        found,
    )


def _look_for_gone(session: Session, noted: NotedReader, so_far: Verified) -> Verified:
    """What was validated by the history, and is not there: whatever was cut off, and whatever the counters say."""
    notes = noted(session, KIND, VALIDATED, after=so_far.after, limit=AT_ONCE)
    if not notes:
        return replace(so_far, is_done=True)
    ids = [int(each.key) for each in notes if each.key.isdecimal()]
    there = set(session.scalars(select(Invoice.id).where(Invoice.id.in_(ids), Invoice.status == "validated")))
    gone = [_gone(each) for each in notes if not each.key.isdecimal() or int(each.key) not in there]
    return _with(replace(so_far, after=notes[-1].key), gone)


def _gone(noted: Noted) -> Broken:
    place = str(noted.facts.get("sequence", ""))
    number = str(noted.facts.get("number", noted.key))
    return Broken(sequence=int(place) if place.isdecimal() else 0, number=number, code="gone")


def _counter(session: Session, so_far: Verified) -> list[Broken]:
    """Whether the next place of the chain follows its last: both are read at once, so that nobody validates in between. One statement."""
    last = select(func.coalesce(func.max(Invoice.sequence), 0)).scalar_subquery()
    counted = (
        select(NumberSeries.next_number).where(NumberSeries.series == CHAIN, NumberSeries.year == 0).scalar_subquery()
    )
    reached, following = session.execute(select(last, func.coalesce(counted, 1))).one()
    if following == reached + 1:
        return []
    return [Broken(sequence=following - 1, number=so_far.last, code="counter")]


def _follows(before: str, number: str) -> bool:
    """Whether it is the next number of its year, or the first of a later one."""
    found, earlier = _NUMBER.fullmatch(number), _NUMBER.fullmatch(before)
    if found is None:
        return False
    if earlier is None or earlier[1] < found[1]:
        return int(found[2]) == 1
    return earlier[1] == found[1] and int(found[2]) == int(earlier[2]) + 1


def _differences(was: Mapping[str, str], now: Mapping[str, str]) -> tuple[Difference, ...]:
    hidden = {"lines", "rates"}
    return tuple(
        Difference(field=name, was="" if name in hidden else was[name], now="" if name in hidden else now[name])
        for name in now
        if name in was and was[name] != now[name] and name not in {"hash", "previous_hash"}
    )


def _with(so_far: Verified, found: Sequence[Broken]) -> Verified:
    room = max(0, MOST_SHOWN - len(so_far.broken))
    return replace(so_far, broken=(*so_far.broken, *found[:room]), more=so_far.more + max(0, len(found) - room))


def _read(session: Session, after: int) -> Iterator[_Read]:
    """The next of the chain. Three statements."""
    corrected = aliased(Invoice)
    rows = session.execute(
        select(Invoice, SalesOrder.number, corrected.number)
        .outerjoin(SalesOrder, SalesOrder.id == Invoice.order_id)
        .outerjoin(corrected, corrected.id == Invoice.corrects_id)
        .where(Invoice.sequence > after)
        .order_by(Invoice.sequence)
        .limit(AT_ONCE)
        .execution_options(**_FRESH)
    ).all()
    ids = [row.id for row, _, _ in rows]
    lines: dict[int, list[InvoiceLine]] = {each: [] for each in ids}
    rates: dict[int, list[InvoiceRate]] = {each: [] for each in ids}
    if ids:
        for line in session.scalars(
            select(InvoiceLine).where(InvoiceLine.invoice_id.in_(ids)), execution_options=_FRESH
        ):
            lines[line.invoice_id].append(line)
        for rate in session.scalars(
            select(InvoiceRate).where(InvoiceRate.invoice_id.in_(ids)), execution_options=_FRESH
        ):
            rates[rate.invoice_id].append(rate)
    for row, order, corrects in rows:
        yield _Read(row=row, named=Named(order=order, corrects=corrects), lines=lines[row.id], rates=rates[row.id])
