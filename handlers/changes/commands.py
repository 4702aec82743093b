"""How people change an order after it was confirmed, as a record command. The record's key is the order's number.

It stands above orders, deliveries and invoices because it asks all three. The order's row is locked before anything is read: whoever
prepares a delivery of it, or invoices it, locks the same row first.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import Conflict, FieldProblem, InvalidInput, WrongState
from engine.record import Change, RecordContext, RecordTable, record_command
from handlers.changes import store
from handlers.invoices import rules as invoicing
from handlers.orders import rules
from handlers.orders import store as orders
from handlers.orders.commands import EDITORS, KIND
from handlers.orders.tables import OrderVersion, SalesOrder
from handlers.orders.types import KeptLine, RevisedLine
from handlers.sales import rules as figures
from handlers.sales import store as quotes
from handlers.sales.types import Extras

_FIGURES: Final = ("net", "tax", "total")


@data
class ReviseOrder:
    """A confirmed order as it is to be. ``version``: the one that was looked at; ``lines``: all of them, in order, then new ones.

    ``is_acknowledged``: the customer gets the acknowledgement of the new version, the case says so. ``key``: of the form; sent twice, it
    changes once.
    """

    number: str
    version: int
    lines: tuple[RevisedLine, ...]
    extras: Extras
    is_acknowledged: bool
    key: str


@data
class Revised:
    """What became of it. ``is_new``: False where the same form was sent before, and cases know already; ``to_replan``: the deliveries
    whose cases are to plan anew (message ``delivery_changed``).
    """

    version: int
    is_new: bool
    to_replan: tuple[str, ...] = ()


@record_command(
    "orders.revise_order",
    event="order:revised",
    kind=KIND,
    key="number",
    may=EDITORS,
    fr="Modifier une commande confirmée",
    en="Change a confirmed order",
)
def revise_order(given: ReviseOrder, context: RecordContext) -> Change:
    """Keep what the order said, and write what it says now; the answer is a ``Revised``. Whoever runs it tells the cases.

    Raises InvalidInput, NotFound (``order_unknown``), WrongState (``order_not_confirmed``), Conflict (``record_changed_meanwhile``).
    """
    session = context.session
    row = orders.lock(session, given.number)
    key = f"{given.number}:{given.key}"
    made = session.scalar(select(OrderVersion.version).where(OrderVersion.form_key == key))
    if made is not None:
        return Change(before={}, after={}, answer=Revised(version=made + 1, is_new=False))
    if code := rules.refusal("revise", rules.Standing(status=row.status, is_placed=True)):
        raise WrongState(code, order=row.number)
    if row.version != given.version:
        raise Conflict("record_changed_meanwhile", key=row.number)
    stands = store.standing(session, row)
    lines = tuple(replace(each, line=figures.tidied(each.line)) for each in given.lines)
    _require_sound(session, row, stands, lines, given.extras)
    before = _told(row, [each.line for each in stands.kept])
    if not _is_changed(row, stands.kept, lines, given.extras):
        return Change(before={}, after={}, answer=Revised(version=row.version, is_new=False))
    session.execute(
        insert(OrderVersion).values(
            order_id=row.id, version=row.version, changed_at=context.now, changed_by=context.actor.login, form_key=key
        )
    )
    orders.revise(session, row, given.extras, lines)
    if uneven := invoicing.uneven(store.sale_of(session, row), stands.earlier):
        raise InvalidInput((FieldProblem(field="lines", code="order_invoices_uneven", facts={"rates": len(uneven)}),))
    return Change(
        before=before,
        after=_told(row, [each.line for each in lines]),
        facts={"version": row.version, "is_acknowledged": given.is_acknowledged},
        answer=Revised(version=row.version, is_new=True, to_replan=stands.to_replan),
    )


COMMANDS = RecordTable.of(revise_order)


def _require_sound(
    session: Session, row: SalesOrder, stands: store.Standing, lines: tuple[RevisedLine, ...], extras: Extras
) -> None:
    """Raises InvalidInput with everything that is wrong."""
    both = orders.extras_of(row), extras
    found = rules.revision_problems(stands.kept, lines, both, is_started=stands.is_started)
    if not found:
        sold = [each.line for each in lines if each.line.kind != "item" or each.line.quantity]
        found = figures.problems(sold, extras, orders.taxation_of(row))
    if found:
        raise InvalidInput(tuple(found))
    new = [each.line for each in lines]
    quotes.require_articles(session, new)


def _is_changed(row: SalesOrder, kept: tuple[KeptLine, ...], lines: tuple[RevisedLine, ...], extras: Extras) -> bool:
    return orders.extras_of(row) != extras or [each.line for each in kept] != [each.line for each in lines]


def _told(row: SalesOrder, lines: list[Any]) -> dict[str, Any]:
    """What the history compares: each line as one, and the figures."""
    sums = {name: getattr(row, name) for name in _FIGURES}
    told = {f"line {place}": asdict(line) for place, line in enumerate(lines, 1)}
    return asdict(orders.extras_of(row)) | sums | told
