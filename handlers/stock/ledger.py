"""The ledger of the stock: the only place that writes movements and reservations.

What lies there is the sum of the movements, what is promised the sum of the reservations (``handlers.stock.tables``). Whoever calls has the
transaction; each function locks the rows of the stock that it is about, in the order of articles and warehouses, until the transaction
ends, so that two who want the last piece come one after the other. Lock the row of the document before (its order, its delivery), take
numbers afterwards. The number of statements does not grow with the lines.

``warehouse`` is a code everywhere; an empty one means the default warehouse. Quantities are in the article's unit, with four decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, and_, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import NotFound, WrongState
from engine.handler import BusinessError
from handlers.catalogue.tables import Article
from handlers.stock import rules
from handlers.stock.figures import STOCKED, as_level
from handlers.stock.rules import Claim, Level
from handlers.stock.tables import Reservation, Stock, StockMovement, Warehouse

OPENING: Final = "OUVERTURE"
"""The document of what was promised before reservations were kept."""


@data
class Wanted:
    """What a line of a document wants, ships or receives: ``line`` is the line's id, ``article`` the reference of a product."""

    line: int
    article: str
    quantity: Decimal


@data
class Reserved:
    """What is promised to a line now, and what it lacks."""

    line: int
    article: str
    reserved: Decimal
    missing: Decimal


@data
class Store:
    """A warehouse, as the ledger needs it."""

    id: int
    code: str
    may_be_negative: bool


_Has = tuple[str, Decimal, Decimal]
"""What a line has: article, what is promised, what is missing."""


@data
class _Promise:
    """Who promises what to whom: all that the reservations of one call have in common."""

    document: str
    store: Store
    by: str
    at: datetime


@data
class Locked:
    """The stock of an article in a warehouse, held until the transaction ends."""

    article_id: int
    warehouse_id: int
    level: Level


def store_of(session: Session, warehouse: str) -> Store:
    """The warehouse of this code, the default one for an empty code. Raises NotFound (``warehouse_unknown``)."""
    which = Warehouse.is_default if not warehouse else Warehouse.code == warehouse
    found = session.execute(select(Warehouse.id, Warehouse.code, Warehouse.may_be_negative).where(which)).one_or_none()
    if found is None:
        raise NotFound("warehouse_unknown", warehouse=warehouse)
    return Store(id=found.id, code=found.code, may_be_negative=found.may_be_negative)


def availability(session: Session, references: Collection[str], warehouse: str | None = None) -> dict[str, Level]:
    """The stock of the products among these articles, in one warehouse or (None) in all together. One statement.

    A product that nobody has counted yet has none; services and unknown articles are left out.
    """
    lies = Stock.article_id == Article.id
    if warehouse is not None:
        which = Warehouse.is_default if not warehouse else Warehouse.code == warehouse
        lies = and_(lies, Stock.warehouse_id == select(Warehouse.id).where(which).scalar_subquery())
    figures = (func.coalesce(func.sum(each), 0).label(each.key) for each in STOCKED)
    asked = (
        select(Article.reference, *figures)
        .outerjoin(Stock, lies)
        .where(Article.reference.in_(references), Article.kind == "product")
        .group_by(Article.reference)
    )
    return {row.reference: as_level(row) for row in session.execute(asked)}


def reserve(
    session: Session,
    document: str,
    warehouse: str,
    wanted: Sequence[Wanted],
    *,
    by: str,
    now: datetime,
    anew: bool = False,
) -> tuple[Reserved, ...]:
    """Promise goods to lines of a document, as far as there are any; what each line then has, in the order of ``wanted``.

    ``quantity`` is what the line wants in all: what it has already counts, so that a repetition changes nothing, and a smaller wish gives
    back. Never more than is available; several lines of an article share it, the first ones first, and what is missing is noted, so that
    the article counts as short. A warehouse that may be negative promises all. Other lines of the document stay as they are.
    ``anew``: what the lines have counts as given back, so that after a count they have no more than lies there.
    Raises NotFound (``article_unknown``, ``warehouse_unknown``), WrongState (``service_has_no_stock``).
    """
    store = store_of(session, warehouse)
    known = _kept(session, document, store)
    had = {each.line: known[each.line] for each in wanted if each.line in known}
    stocks = _lock(session, (store,), {each.article for each in wanted} | {article for article, *_ in had.values()})
    answers: dict[int, Reserved] = {}
    for article, lines in _by_article(wanted).items():
        level, own = stocks[article, store.id].level, [_of(had, each)[0] for each in lines]
        if anew:
            level, own = replace(level, reserved=level.reserved - sum(own)), [Decimal(0)] * len(lines)
        claims = [Claim(wanted=each.quantity, kept=kept) for each, kept in zip(lines, own, strict=True)]
        for each, given in zip(lines, rules.share(level, claims, may_be_negative=store.may_be_negative), strict=True):
            answers[each.line] = Reserved(
                line=each.line, article=article, reserved=given, missing=each.quantity - given
            )
    has = {line: (each.article, each.reserved, each.missing) for line, each in answers.items()}
    _keep(session, _Promise(document=document, store=store, by=by, at=now), had, has, stocks)
    return tuple(answers[each.line] for each in wanted)


def release(session: Session, documents: Collection[str]) -> tuple[str, ...]:
    """Give back what is promised to these documents in every warehouse, nothing where nothing is; the articles of it that another lacks."""
    gone = _release(session, Reservation.document.in_(documents))
    return _lacked(session, Article.id.in_(gone)) if gone else ()


def lacked(session: Session, articles: Collection[str]) -> tuple[str, ...]:
    """Those of these articles of which some document lacks what is available by now in its warehouse, sorted. One statement."""
    return _lacked(session, Article.reference.in_(articles))


def _lacked(session: Session, which: ColumnElement[bool]) -> tuple[str, ...]:
    lacks = select(Reservation.id).where(
        Reservation.article_id == Stock.article_id,
        Reservation.warehouse_id == Stock.warehouse_id,
        Reservation.missing > 0,
    )
    asked = (
        select(Article.reference)
        .join(Stock, Stock.article_id == Article.id)
        .where(which, Stock.on_hand > Stock.reserved, lacks.exists())
        .distinct()
        .order_by(Article.reference)
    )
    return tuple(session.scalars(asked))


def release_article(session: Session, document: str, article: str) -> bool:
    """Give back what of an article is promised to a document; whether anything was."""
    of_article = Reservation.article_id == select(Article.id).where(Article.reference == article).scalar_subquery()
    return bool(_release(session, and_(Reservation.document == document, of_article)))


def _release(session: Session, which: ColumnElement[bool]) -> Sequence[int]:
    """The ids of the articles, one for each promise."""
    concerned = select(Reservation.id).where(
        which, Reservation.article_id == Stock.article_id, Reservation.warehouse_id == Stock.warehouse_id
    )
    session.execute(
        select(Stock.article_id)
        .where(concerned.exists())
        .order_by(Stock.article_id, Stock.warehouse_id)
        .with_for_update()
    ).all()
    return session.scalars(delete(Reservation).where(which).returning(Reservation.article_id)).all()


def ship(session: Session, document: str, warehouse: str, wanted: Sequence[Wanted], *, by: str, now: datetime) -> None:
    """Let goods leave for lines of a document: they use up what is promised to these lines, and take the rest from what is available.

    What a line has beyond what leaves stays promised to it (``release`` gives it back). Raises BusinessError (``stock_insufficient``) for
    more than is promised to these lines and available, unless the warehouse may be negative; NotFound, WrongState as ``reserve``.
    """
    store = store_of(session, warehouse)
    kept = _kept(session, document, store)
    had = {each.line: kept[each.line] for each in wanted if each.line in kept}
    stocks = _lock(session, (store,), {each.article for each in wanted} | {article for article, *_ in had.values()})
    left: dict[int, _Has] = {}
    for article, lines in _by_article(wanted).items():
        claims = [Claim(wanted=each.quantity, kept=_of(had, each)[0]) for each in lines]
        asked, possible = sum(each.quantity for each in lines), rules.shippable(stocks[article, store.id].level, claims)
        if asked > possible and not store.may_be_negative:
            raise BusinessError("stock_insufficient", article=article, available=rules.plain(possible))
        for each in lines:
            quantity, missing = _of(had, each)
            beyond = max(each.quantity - quantity, Decimal(0))
            left[each.line] = article, max(quantity - each.quantity, Decimal(0)), max(missing - beyond, Decimal(0))
    _keep(session, _Promise(document=document, store=store, by=by, at=now), had, left, stocks)
    _move(
        session,
        [(stocks[each.article, store.id].article_id, store.id, -each.quantity, each.line) for each in wanted],
        {"kind": "shipment", "document": document, "reason": "", "by": by, "at": now},
    )


def receive(
    session: Session,
    document: str,
    warehouse: str,
    wanted: Sequence[Wanted],
    *,
    by: str,
    now: datetime,
    kind: Literal["receipt", "return"] = "receipt",
) -> None:
    """Take goods in for lines of a document. Raises NotFound, WrongState as ``reserve``."""
    store = store_of(session, warehouse)
    stocks = _lock(session, (store,), {each.article for each in wanted})
    _move(
        session,
        [(stocks[each.article, store.id].article_id, store.id, each.quantity, each.line) for each in wanted],
        {"kind": kind, "document": document, "reason": "", "by": by, "at": now},
    )


def count(
    session: Session, warehouse: str, article: str, counted: Decimal, *, reason: str, by: str, now: datetime
) -> tuple[Level, Level]:
    """Note what lies there of an article by a movement of the difference (none where there is none): the figures before and after.

    Raises NotFound, WrongState as ``reserve``.
    """
    store = store_of(session, warehouse)
    locked = _lock(session, (store,), {article})[article, store.id]
    _move(
        session,
        [(locked.article_id, store.id, counted - locked.level.on_hand, None)],
        {"kind": "count", "document": "", "reason": reason, "by": by, "at": now},
    )
    return locked.level, replace(locked.level, on_hand=counted)


def transfer(
    session: Session,
    number: Callable[[], str],
    article: str,
    quantity: Decimal,
    *,
    source: str,
    target: str,
    reason: str,
    by: str,
    now: datetime,
) -> str:
    """Bring goods from one warehouse to another: two movements of one document, whose number is taken when the goods are held.

    Raises BusinessError (``stock_insufficient``) for more than is available in ``source``, unless that may be negative; NotFound,
    WrongState as ``reserve``.
    """
    stores = store_of(session, source), store_of(session, target)
    stocks = _lock(session, stores, {article})
    locked = stocks[article, stores[0].id]
    possible = rules.shippable(locked.level, ())
    if quantity > possible and not stores[0].may_be_negative:
        raise BusinessError("stock_insufficient", article=article, available=rules.plain(possible))
    document = number()
    _move(
        session,
        [(locked.article_id, stores[0].id, -quantity, None), (locked.article_id, stores[1].id, quantity, None)],
        {"kind": "transfer", "document": document, "reason": reason, "by": by, "at": now},
    )
    return document


def lock(session: Session, warehouse: str, article: str) -> Locked:
    """The stock of one article in one warehouse, held until the transaction ends; a row of zeros is made where there is none.

    Raises NotFound, WrongState as ``reserve``.
    """
    store = store_of(session, warehouse)
    return _lock(session, (store,), {article})[article, store.id]


def _by_article(wanted: Iterable[Wanted]) -> dict[str, list[Wanted]]:
    """Lines by article. Raises ValueError for what no document says: a line twice, a quantity below zero."""
    found: dict[str, list[Wanted]] = {}
    lines: set[int] = set()
    for each in wanted:
        if each.line in lines or not each.quantity >= 0:
            raise ValueError(f"line {each.line} stands there twice, or wants less than nothing")
        lines.add(each.line)
        found.setdefault(each.article, []).append(each)
    return found


def _kept(session: Session, document: str, store: Store) -> dict[int, _Has]:
    """What the lines of a document have here: article, what is promised, what is missing."""
    asked = (
        select(Reservation.line, Article.reference, Reservation.quantity, Reservation.missing)
        .join(Article, Article.id == Reservation.article_id)
        .where(Reservation.document == document, Reservation.warehouse_id == store.id)
    )
    return {line: (article, quantity, missing) for line, article, quantity, missing in session.execute(asked)}


def _of(had: Mapping[int, _Has], line: Wanted) -> tuple[Decimal, Decimal]:
    """What is promised to a line and what it lacks; what it had of another article than it wants now does not count, and is given back."""
    article, quantity, missing = had.get(line.line, (line.article, Decimal(0), Decimal(0)))
    return (quantity, missing) if article == line.article else (Decimal(0), Decimal(0))


def _lock(session: Session, stores: Sequence[Store], articles: Collection[str]) -> dict[tuple[str, int], Locked]:
    """The stock of these articles in these warehouses, by reference and warehouse, locked in the order of their keys."""
    known = {
        reference: (number, kind)
        for number, reference, kind in session.execute(
            select(Article.id, Article.reference, Article.kind).where(Article.reference.in_(articles))
        )
    }
    for each in sorted(articles):
        if each not in known:
            raise NotFound("article_unknown", article=each)
        if known[each][1] != "product":
            raise WrongState("service_has_no_stock", article=each)
    references = {number: reference for reference, (number, _) in known.items()}
    keys = sorted((number, store.id) for number in references for store in stores)
    found = _locked(session, stores, references)
    if missing := [each for each in keys if each not in found]:
        session.execute(
            upsert(Stock)
            .values([{"article_id": article, "warehouse_id": store} | _NOTHING for article, store in missing])
            .on_conflict_do_nothing()
        )
        found = _locked(session, stores, references)
    return {(references[article], store): locked for (article, store), locked in found.items()}


_NOTHING: Final = {each.key: Decimal(0) for each in STOCKED}


def _locked(session: Session, stores: Sequence[Store], ids: Collection[int]) -> dict[tuple[int, int], Locked]:
    asked = (
        select(Stock.article_id, Stock.warehouse_id, *STOCKED)
        .where(Stock.article_id.in_(ids), Stock.warehouse_id.in_([each.id for each in stores]))
        .order_by(Stock.article_id, Stock.warehouse_id)
        .with_for_update()
    )
    return {
        (row.article_id, row.warehouse_id): Locked(
            article_id=row.article_id, warehouse_id=row.warehouse_id, level=as_level(row)
        )
        for row in session.execute(asked)
    }


def _keep(
    session: Session,
    promise: _Promise,
    had: Mapping[int, _Has],
    has: Mapping[int, _Has],
    stocks: Mapping[tuple[str, int], Locked],
) -> None:
    """Write what these lines have from now on in place of what they had. At most two statements."""
    store = promise.store.id
    changed = {line: new for line, new in has.items() if had.get(line) != new}
    gone = [
        line
        for line, (article, quantity, missing) in changed.items()
        if line in had and (not quantity + missing or article != had[line][0])
    ]
    if gone:
        which = (
            Reservation.document == promise.document,
            Reservation.warehouse_id == store,
            Reservation.line.in_(gone),
        )
        session.execute(delete(Reservation).where(*which))
    rows = [
        {
            "article_id": stocks[article, store].article_id,
            "warehouse_id": store,
            "document": promise.document,
            "line": line,
            "quantity": quantity,
            "missing": missing,
            "by": promise.by,
            "at": promise.at,
        }
        for line, (article, quantity, missing) in changed.items()
        if quantity + missing
    ]
    if rows:
        written = upsert(Reservation).values(rows)
        session.execute(
            written.on_conflict_do_update(
                index_elements=["document", "line", "warehouse_id"],
                set_={name: written.excluded[name] for name in ("quantity", "missing", "by", "at")},
            )
        )


def _move(session: Session, moved: Iterable[tuple[int, int, Decimal, int | None]], told: dict[str, Any]) -> None:
    """Write movements (article, warehouse, quantity, line); what moves nothing is none. One statement."""
    rows = [
        {"article_id": article, "warehouse_id": store, "quantity": quantity, "line": line} | told
        for article, store, quantity, line in moved
        if quantity
    ]
    if rows:
        session.execute(insert(StockMovement).values(rows))
