"""Warehouses: what people change of them, as record commands (the record's key is the code), and what lies in each."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine.data import data
from engine.errors import FieldProblem, InvalidInput, NotFound, WrongState
from engine.record import Change, RecordContext, RecordTable, record_command
from handlers.base.rows import fields_of
from handlers.stock.tables import Stock, Warehouse

KIND: Final = "warehouse"
EDITORS: Final = ("purchasing_manager", "sales_manager")
"""Who may add and change warehouses."""
LONGEST_NAME: Final = 100
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,19}")


@data
class WarehouseData:
    """What people say of a warehouse. ``may_be_negative``: more may be promised and shipped than is known to lie there."""

    name: str
    is_default: bool = False
    may_be_negative: bool = False


@data
class AddWarehouse:
    """A new warehouse."""

    code: str
    warehouse: WarehouseData


@data
class ChangeWarehouse:
    """A warehouse as it is to be."""

    code: str
    warehouse: WarehouseData


@data
class WarehouseRow:
    """A warehouse; ``articles``: how many lie there, ``short``: how many of them are below their level there or lacked by documents."""

    code: str
    data: WarehouseData
    articles: int
    short: int


@data
class Lying:
    """The figures of an article in one warehouse."""

    code: str
    name: str
    on_hand: Decimal
    reserved: Decimal
    missing: Decimal
    reorder_level: Decimal

    @property
    def available(self) -> Decimal:
        """On hand less reserved."""
        return self.on_hand - self.reserved


@record_command(
    "stock.add_warehouse",
    event="warehouse:added",
    kind=KIND,
    key="code",
    may=EDITORS,
    fr="Ajouter un entrepôt",
    en="Add a warehouse",
)
def add_warehouse(given: AddWarehouse, context: RecordContext) -> Change:
    """Raises InvalidInput, also for a code that is taken."""
    found = [] if _CODE.fullmatch(given.code) else [FieldProblem(field="code", code="warehouse_code_invalid")]
    name = _name(given.warehouse, found)
    if not found and _find(context.session, given.code) is not None:
        found = [FieldProblem(field="code", code="warehouse_code_taken", facts={"code": given.code})]
    if found:
        raise InvalidInput(fields=tuple(found))
    if given.warehouse.is_default:
        _no_default(context.session)
    row = Warehouse(
        code=given.code,
        name=name,
        is_default=given.warehouse.is_default,
        may_be_negative=given.warehouse.may_be_negative,
    )
    context.session.add(row)
    context.session.flush()
    return Change(before=None, after=_fields(row))


@record_command(
    "stock.change_warehouse",
    event="warehouse:changed",
    kind=KIND,
    key="code",
    may=EDITORS,
    fr="Modifier un entrepôt",
    en="Change a warehouse",
)
def change_warehouse(given: ChangeWarehouse, context: RecordContext) -> Change:
    """The default warehouse stays so until another one is. Raises InvalidInput, NotFound (``warehouse_unknown``), WrongState
    (``warehouse_is_default``).
    """
    found: list[FieldProblem] = []
    name = _name(given.warehouse, found)
    if found:
        raise InvalidInput(fields=tuple(found))
    row = _find(context.session, given.code)
    if row is None:
        raise NotFound("warehouse_unknown", warehouse=given.code)
    if row.is_default and not given.warehouse.is_default:
        raise WrongState("warehouse_is_default", warehouse=row.name)
    before = _fields(row)
    if given.warehouse.is_default and not row.is_default:
        _no_default(context.session)
    row.name, row.is_default = name, given.warehouse.is_default
    row.may_be_negative = given.warehouse.may_be_negative
    context.session.flush()
    return Change(before=before, after=_fields(row))


COMMANDS = RecordTable.of(add_warehouse, change_warehouse)


def warehouses(session: Session) -> tuple[WarehouseRow, ...]:
    """All warehouses, the default one first, with what lies in each. One statement."""
    short = Stock.on_hand - Stock.reserved < Stock.reorder_level + Stock.missing
    asked = (
        select(
            Warehouse,
            func.count(Stock.article_id).filter(Stock.on_hand != 0),
            func.count(Stock.article_id).filter(short),
        )
        .outerjoin(Stock, Stock.warehouse_id == Warehouse.id)
        .group_by(Warehouse.id)
        .order_by(Warehouse.is_default.desc(), Warehouse.name, Warehouse.code)
    )
    return tuple(
        WarehouseRow(
            code=row.code, data=WarehouseData(**fields_of(WarehouseData, row)), articles=articles, short=lacking
        )
        for row, articles, lacking in session.execute(asked)
    )


def find_warehouse(session: Session, code: str) -> WarehouseData | None:
    """The warehouse of this code; None when there is none."""
    row = _find(session, code)
    return None if row is None else WarehouseData(**fields_of(WarehouseData, row))


def lying(session: Session, article_id: int) -> tuple[Lying, ...]:
    """The stock of an article in each warehouse that has known it, the default one first."""
    figures = (Stock.on_hand, Stock.reserved, Stock.missing, Stock.reorder_level)
    asked = (
        select(Warehouse.code, Warehouse.name, *figures)
        .join(Stock, Stock.warehouse_id == Warehouse.id)
        .where(Stock.article_id == article_id)
        .order_by(Warehouse.is_default.desc(), Warehouse.name, Warehouse.code)
    )
    return tuple(Lying(**row._mapping) for row in session.execute(asked))  # noqa: SLF001 - SQLAlchemy's public name


def tidied_code(typed: str) -> str:
    """A code as it is kept: capitals, without blanks."""
    return "".join(typed.split()).upper()


def _name(given: WarehouseData, found: list[FieldProblem]) -> str:
    """The name as it is kept; what is wrong with it is added to ``found``."""
    name = " ".join(given.name.split())
    if not name:
        found.append(FieldProblem(field="name", code="warehouse_name_missing"))
    elif len(name) > LONGEST_NAME:
        found.append(FieldProblem(field="name", code="text_too_long", facts={"most": LONGEST_NAME}))
    return name


def _find(session: Session, code: str) -> Warehouse | None:
    return session.scalar(select(Warehouse).where(Warehouse.code == code))


def _no_default(session: Session) -> None:
    """Until the next statement there is none: only one row can be it."""
    session.execute(update(Warehouse).where(Warehouse.is_default).values(is_default=False))


def _fields(row: Warehouse) -> dict[str, Any]:
    return fields_of(WarehouseData, row)
