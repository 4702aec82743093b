"""What people do to orders outside a process, as record commands. The record's key is the order's number.

Once it is placed the process ``order_fulfilment`` leads an order (``handlers.orders.handlers``); what people tell it comes in here too.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any, Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import FieldProblem, InvalidInput, WrongState
from engine.record import Change, RecordContext, RecordTable, reason_of, record_command
from handlers.company.queries import invoices_vat
from handlers.customers.tables import Customer
from handlers.orders import making, rules, store
from handlers.orders.rules import Standing
from handlers.orders.settings import number_given, set_defaults
from handlers.orders.tables import OrderLine, SalesOrder
from handlers.orders.types import OrderData
from handlers.sales import rules as figures
from handlers.sales import store as quotes
from handlers.sales.commands import EDITORS, READERS
from handlers.sales.head import position_problems, terms_problems
from handlers.sales.types import Line, Totals
from handlers.stock.queries import warehouses

__all__ = ["COMMANDS", "EDITORS", "KIND", "READERS"]

KIND: Final = "order"

PERSONAL: Final = ("contact", "email", "party")
"""Fields whose values the history keeps apart, so that they can be erased."""


@data
class AddOrder:
    """A new order for a customer, by hand. ``today``: the day at the company's; ``number``: where the company's orders are numbered so."""

    customer: str
    order: OrderData
    lines: tuple[Line, ...] = ()
    today: date
    number: str = ""


@data
class OrderQuote:
    """The order of a quote that was accepted, where none stands: the first was cancelled, or nothing made one."""

    quote: str
    version: int
    today: date


@data
class ChangeOrder:
    """A draft as it is to be, lines and all."""

    number: str
    order: OrderData
    lines: tuple[Line, ...]
    today: date


@data
class CancelOrder:
    """A draft that comes to nothing. The number stays."""

    number: str
    reason: str


@data
class PlaceOrder:
    """A draft that is to be carried out. Whoever runs it tells the process (``order_placed``)."""

    number: str


@data
class ChangeTerms:
    """When the customer pays, of an order that is confirmed. ``is_invoiced``: all of it is, as whoever asks has read of its invoices."""

    number: str
    terms: str
    is_invoiced: bool


@data
class AskInvoice:
    """All that can be invoiced again of an order that is closed, or that waits for nothing but money. Whoever runs it tells the process of
    invoices (``invoice_wanted``).

    ``is_led``: a case waits for goods and invoices of it (``types.CLOSE_ASKED``), and is who asks; ``awaits_payment``: it asks for nothing
    any more (``types.PAID``).
    """

    number: str
    is_led: bool
    awaits_payment: bool


@data
class AskClose:
    """An order of which nothing more is to come. Whoever runs it tells its case (``types.CLOSE_ASKED``) where the answer says so.

    ``is_led``: a case waits for that; asked only of an order that is closed, since one that is confirmed has a case or gets one soon.
    """

    number: str
    reason: str
    is_led: bool = True


@record_command(
    "orders.add_order",
    event="order:added",
    kind=KIND,
    key=None,
    may=EDITORS,
    personal=PERSONAL,
    fr="Établir une commande",
    en="Write an order",
)
def add_order(given: AddOrder, context: RecordContext) -> Change:
    """The answer is the number. Raises InvalidInput, also for a customer that there is not."""
    session = context.session
    customer = session.scalar(select(Customer).where(Customer.number == given.customer))
    if customer is None:
        raise InvalidInput((FieldProblem(field="customer", code="quote_customer_missing"),))
    wanted, lines, _ = _sound(session, given, customer)
    number = number_given(session, given.number, making.SERIES)
    row = making.make(
        session,
        customer,
        wanted,
        lines,
        party=quotes.party_of(session, customer, wanted.billing_id, wanted.shipping_id),
        today=given.today,
        now=context.now,
        by=context.actor.login,
        number=number,
    )
    return Change(before=None, after=_fields(row, lines), key=row.number, answer=row.number)


@record_command(
    "orders.order_quote",
    event="order:added",
    kind=KIND,
    key=None,
    may=EDITORS,
    personal=PERSONAL,
    fr="Faire la commande d’un devis accepté",
    en="Make the order of an accepted quote",
)
def order_quote(given: OrderQuote, context: RecordContext) -> Change:
    """The answer is the number. Raises NotFound (``quote_unknown``), WrongState (``quote_not_accepted``, ``quote_ordered``)."""
    row = making.order_from_quote(
        context.session,
        given.quote,
        given.version,
        key=None,
        today=given.today,
        now=context.now,
        by=context.actor.login,
    )
    lines = [quotes.line_of(each) for each in store.lines_of(context.session, row.id)]
    return Change(before=None, after=_fields(row, lines), key=row.number, answer=row.number)


@record_command(
    "orders.change_order",
    event="order:changed",
    kind=KIND,
    key="number",
    may=EDITORS,
    personal=PERSONAL,
    fr="Modifier une commande",
    en="Change an order",
)
def change_order(given: ChangeOrder, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``order_unknown``), WrongState (``order_not_draft``)."""
    session = context.session
    row = _lock(session, given.number, "change")
    customer = session.get_one(Customer, row.customer_id)
    wanted, lines, totals = _sound(session, given, customer)
    before = _fields(row, [quotes.line_of(each) for each in store.lines_of(session, row.id)])
    row.party = quotes.party_of(session, customer, wanted.billing_id, wanted.shipping_id)
    row.issued_on, row.is_untaxed = given.today, not invoices_vat(session)
    store.put_head(row, wanted, totals)
    row.words = store.words(row.number, customer.name, wanted, row.origin_quote)
    session.flush()
    store.write_lines(session, row.id, lines, totals, is_new=False)
    return Change(before=before, after=_fields(row, lines))


@record_command(
    "orders.cancel_order",
    event="order:cancelled",
    kind=KIND,
    key="number",
    may=EDITORS,
    fr="Annuler une commande",
    en="Cancel an order",
)
def cancel_order(given: CancelOrder, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``order_unknown``), WrongState (``order_not_draft``, ``order_in_progress``)."""
    reason = reason_of(given.reason, "reason")
    row = _lock(context.session, given.number, "cancel")
    row.status, row.closed_at, row.closed_because = "cancelled", context.now, reason
    context.session.flush()
    return Change(before={"status": "draft"}, after={"status": "cancelled"}, facts={"reason": reason})


@record_command(
    "orders.place_order",
    event="order:placed",
    kind=KIND,
    key="number",
    may=EDITORS,
    fr="Passer une commande",
    en="Place an order",
)
def place_order(given: PlaceOrder, context: RecordContext) -> Change:
    """Raises NotFound (``order_unknown``), WrongState: ``order_not_draft``, ``order_in_progress``, ``order_empty``, or one of
    ``fiscal.REFUSALS``.
    """
    session = context.session
    row = _lock(session, given.number, "place")
    lines = [quotes.line_of(each) for each in store.lines_of(session, row.id)]
    customer = session.get_one(Customer, row.customer_id)
    if code := quotes.fiscal_refusal(session, customer, row.party, row.fiscal_position, lines):
        raise WrongState(code)
    row.placed_at = context.now
    context.session.flush()
    return Change(before={"placed_at": None}, after={"placed_at": context.now})


@record_command(
    "orders.change_terms",
    event="order:terms_changed",
    kind=KIND,
    key="number",
    may=(*EDITORS, "accounting"),
    fr="Modifier le délai de paiement d’une commande",
    en="Change the payment terms of an order",
)
def change_terms(given: ChangeTerms, context: RecordContext) -> Change:
    """Raises InvalidInput, NotFound (``order_unknown``), WrongState: ``order_not_confirmed``, ``order_invoiced`` (each invoice has its own
    terms by then).
    """
    if found := terms_problems(given.terms):
        raise InvalidInput(tuple(found))
    row = _lock(context.session, given.number, "change_terms", is_invoiced=given.is_invoiced)
    before, row.terms = row.terms, given.terms
    context.session.flush()
    return Change(before={"terms": before}, after={"terms": row.terms})


@record_command(
    "orders.ask_invoice",
    event="order:invoice_asked",
    kind=KIND,
    key="number",
    may=("sales_admin",),
    fr="Demander une facture après la clôture",
    en="Ask for an invoice after the closing",
)
def ask_invoice(given: AskInvoice, context: RecordContext) -> Change:
    """Nothing changes; the case of the invoice sees what is left. Its task asks until the order's own case has seen all invoiced.

    Raises NotFound (``order_unknown``), WrongState (``order_in_progress``, ``order_not_confirmed``).
    """
    row = store.lock(context.session, given.number)
    if not store.goes_on(row):
        raise WrongState("order_not_confirmed", order=row.number)
    if (row.status == "confirmed" or given.is_led) and not given.awaits_payment:
        raise WrongState("order_in_progress", order=row.number)
    return Change(before={}, after={}, facts={"what": "remaining"})


@record_command(
    "orders.ask_close",
    event="order:close_asked",
    kind=KIND,
    key="number",
    may=EDITORS,
    fr="Clôturer une commande à la main",
    en="Close an order by hand",
)
def ask_close(given: AskClose, context: RecordContext) -> Change:
    """The case closes it; what its own rule has closed stays so, and gets the reason. The answer: whether there is a case to be told.

    Raises InvalidInput, NotFound (``order_unknown``), WrongState (``order_not_confirmed``).
    """
    reason = reason_of(given.reason, "reason")
    row = _lock(context.session, given.number, "close")
    is_told = row.status == "confirmed" or given.is_led
    if not is_told:
        store.close(row, reason, context.now)
        context.session.flush()
    return Change(before={}, after={}, facts={"reason": reason}, answer=is_told)


COMMANDS = RecordTable.of(
    add_order, order_quote, change_order, cancel_order, place_order, change_terms, ask_invoice, ask_close, set_defaults
)


def _sound(
    session: Session, given: AddOrder | ChangeOrder, customer: Customer
) -> tuple[OrderData, tuple[Line, ...], Totals]:
    """What is to be kept, with its figures. Raises InvalidInput with everything that is wrong."""
    wanted, lines = rules.tidied(given.order), tuple(figures.tidied(each) for each in given.lines)
    taxation = quotes.taxation_today(session, customer, wanted.fiscal_position, given.today)
    found = [*rules.problems(wanted), *figures.problems(lines, wanted.extras, taxation)]
    found += position_problems(wanted, customer.vat_number, is_company=customer.is_company)
    if found:
        raise InvalidInput(tuple(found))
    quotes.require_articles(session, lines)
    if wanted.warehouse and wanted.warehouse not in {each.code for each in warehouses(session)}:
        unknown = FieldProblem(field="warehouse", code="warehouse_unknown", facts={"warehouse": wanted.warehouse})
        raise InvalidInput((unknown,))
    return wanted, lines, figures.figures(lines, wanted.extras, taxation)


def _lock(session: Session, number: str, act: str, *, is_invoiced: bool = False) -> SalesOrder:
    """The order, for something that may be done with it now. Raises NotFound, WrongState."""
    row = store.lock(session, number)
    sells = exists().where(OrderLine.order_id == row.id, OrderLine.kind == "item")
    is_empty = act == "place" and not session.scalar(select(sells))
    standing = Standing(
        status=row.status,
        is_placed=row.placed_at is not None,
        is_empty=is_empty,
        is_invoiced=is_invoiced,
        goes_on=store.goes_on(row),
    )
    if code := rules.refusal(act, standing):
        raise WrongState(code, order=number)
    return row


def _fields(row: SalesOrder, lines: list[Line] | tuple[Line, ...]) -> dict[str, Any]:
    """What the history compares: each field of the head, each line as one."""
    head = asdict(store.data_of(row))
    extras = head.pop("extras")
    for name in ("billing_id", "shipping_id"):
        head.pop(name)  # the party has the addresses themselves
    sums = {name: getattr(row, name) for name in ("net", "tax", "total")}
    told = {f"line {place}": asdict(line) for place, line in enumerate(lines, 1)}
    return {**head, **extras, "party": row.party, "status": row.status, **sums, **told}
