"""What moved the stock of an article, read as a ledger: each movement with what lay there after it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.data import data
from handlers.catalogue.tables import Article
from handlers.stock.tables import Reservation, Stock, StockMovement, Warehouse


@data
class Movement:
    """One movement. ``after``: what lay there then, of all that the page is about. ``at`` in UTC, ``by``: a login."""

    id: int
    at: datetime
    kind: str
    warehouse_name: str
    quantity: Decimal
    after: Decimal
    document: str
    reason: str
    by: str


@data
class MovementPage:
    """Some movements, the newest first. ``next``: the ``before`` of the page that follows; None on the last one."""

    movements: tuple[Movement, ...]
    next: int | None


@data
class Promise:
    """What of an article is promised to a document in a warehouse, and what the document lacks of it."""

    document: str
    warehouse_name: str
    quantity: Decimal
    missing: Decimal
    at: datetime


def movements_page(
    session: Session, article: str, *, warehouse: str = "", before: int | None = None, limit: int = 50
) -> MovementPage:
    """Movements of an article (its reference), in one warehouse or (empty) in all together. Three statements, however many there are."""
    moved = select(StockMovement.id).join(Article, Article.id == StockMovement.article_id)
    lies = select(func.coalesce(func.sum(Stock.on_hand), 0)).join(Article, Article.id == Stock.article_id)
    moved, lies = moved.where(Article.reference == article), lies.where(Article.reference == article)
    if warehouse:
        moved = moved.join(Warehouse, Warehouse.id == StockMovement.warehouse_id).where(Warehouse.code == warehouse)
        lies = lies.join(Warehouse, Warehouse.id == Stock.warehouse_id).where(Warehouse.code == warehouse)
    after: Decimal = session.execute(lies).scalar_one()
    if before is not None:
        newer = moved.with_only_columns(func.coalesce(func.sum(StockMovement.quantity), 0), maintain_column_froms=True)
        after -= session.execute(newer.where(StockMovement.id >= before)).scalar_one()
        moved = moved.where(StockMovement.id < before)
    asked = (
        select(StockMovement, Warehouse.name)
        .join(Warehouse, Warehouse.id == StockMovement.warehouse_id)
        .where(StockMovement.id.in_(moved.order_by(StockMovement.id.desc()).limit(limit + 1)))
        .order_by(StockMovement.id.desc())
    )
    found = []
    for row, name in session.execute(asked):
        found.append(
            Movement(
                id=row.id,
                at=row.at,
                kind=row.kind,
                warehouse_name=name,
                quantity=row.quantity,
                after=after,
                document=row.document,
                reason=row.reason,
                by=row.by,
            )
        )
        after -= row.quantity
    more = len(found) > limit
    return MovementPage(movements=tuple(found[:limit]), next=found[limit - 1].id if more else None)


def promises(session: Session, article: str, limit: int = 50) -> tuple[Promise, ...]:
    """To which documents an article is promised, or which lack it; the oldest first."""
    asked = (
        select(
            Reservation.document,
            Warehouse.name,
            func.sum(Reservation.quantity),
            func.sum(Reservation.missing),
            func.min(Reservation.at).label("since"),
        )
        .join(Article, Article.id == Reservation.article_id)
        .join(Warehouse, Warehouse.id == Reservation.warehouse_id)
        .where(Article.reference == article)
        .group_by(Reservation.document, Warehouse.name)
        .order_by("since", Reservation.document)
        .limit(limit)
    )
    return tuple(
        Promise(document=document, warehouse_name=name, quantity=quantity, missing=missing, at=at)
        for document, name, quantity, missing, at in session.execute(asked)
    )
