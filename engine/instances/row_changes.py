"""What a handler did to rows of the business: each that it inserted, changed or deleted, with old and new values, for the history.

A watch (``RowWatch``) is set on the session as long as a handler runs that has asked for it. It sees what is written as objects, and
what is written by statements (``insert``, ``update``, ``delete``, also ``ON CONFLICT``): those are asked to give back what they wrote, and
what stands there before an update is read, and locked, first. Not seen is what the database does by itself (triggers, ``ON DELETE
CASCADE``): it follows from what is told. SQL in text and what goes past the session is not seen either; a test of the architecture keeps
it out of the handlers. A change that cannot be seen (an update by a list of parameters) is refused.

Columns of the type ``tsvector`` are left out: they hold the words of other columns, for searching.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Column, Delete, Insert, Numeric, Table, Update, and_, inspect, literal_column, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.dialects.postgresql.dml import OnConflictDoUpdate
from sqlalchemy.orm import InstanceState, LoaderCallableStatus, Mapper, Session, SessionTransaction

from engine.data import to_canonical, to_values
from engine.database.watching import Dml, WatchedSession
from engine.errors import InvariantBroken
from engine.feel import Value

CHANGED: Final = "rows:changed"
"""The type of the records that tell it."""
DIGEST: Final = "@digest"
"""The one key of what stands for a value that is too long for the history: its length and its SHA-256."""
LONGEST: Final = 1_000
"""Characters of a value in the history (of a list or mapping: of its canonical text)."""
MOST_ROWS: Final = 100
"""Of one record of the history; the others follow in further ones."""
NAMES: Final = ("number", "code", "reference")
"""Columns by which people call a row, the first that it has."""

_NAMING: Final = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]
_Key = tuple[Any, ...]
_Values = dict[str, Any]


class FieldChange(Struct, frozen=True, kw_only=True):
    """One field of a row, from what to what; None where there was no row, or is none any more."""

    old: Value
    new: Value


class RowChange(Struct, frozen=True, kw_only=True):
    """What became of one row. ``key``: its primary key; ``name``: what people call it; ``became``: created, changed or deleted."""

    table: str
    key: Mapping[str, Value]
    name: str | None
    became: str
    fields: Mapping[str, FieldChange]


def records(activity: str, element: str, handler: str, changes: Sequence[RowChange]) -> Iterator[dict[str, Any]]:
    """The records of the history that tell what a call of ``handler`` did to rows: none where it did nothing."""
    parts = -(-len(changes) // MOST_ROWS)
    for part in range(parts):
        told: dict[str, Any] = {"type": CHANGED, "activity": activity, "element": element, "handler": handler}
        told["rows"] = [_told(each) for each in changes[part * MOST_ROWS : (part + 1) * MOST_ROWS]]
        yield told if parts == 1 else told | {"part": part + 1, "parts": parts}


def _told(change: RowChange) -> dict[str, Any]:
    told: dict[str, Any] = {"table": change.table, "key": change.key, "became": change.became}
    told |= {} if change.name is None else {"name": change.name}
    return told | {"fields": {name: {"old": each.old, "new": each.new} for name, each in change.fields.items()}}


class _Seen(Struct, frozen=True, kw_only=True):
    """One thing that was done to a row. ``before``, ``after``: None where there is no row, else its columns, or those that were changed."""

    table: Table
    key: _Key
    name: str | None
    before: _Values | None
    after: _Values | None


class RowWatch:
    """Sees what changes while it is set on a session."""

    def __init__(self) -> None:
        self._seen: list[_Seen] = []
        self._before: dict[InstanceState[Any], _Values] = {}
        self._marks: dict[SessionTransaction, int] = {}

    def changes(self) -> tuple[RowChange, ...]:
        """What became of each row from the beginning to now, in the order in which they were touched first."""
        found: dict[tuple[str, _Key], _Seen] = {}
        for each in self._seen:
            at = (each.table.name, each.key)
            found[at] = _joined(found[at], each) if at in found else each
        return tuple(change for each in found.values() if (change := _change(each)) is not None)

    @contextmanager
    def aside(self, session: Session) -> Iterator[None]:
        """Look away: what is done within is told elsewhere. What waited to be written before belongs to who is watched."""
        assert isinstance(session, WatchedSession), "nobody else is watched"
        session.flush()
        session.watcher = None
        try:
            yield
            session.flush()
        finally:
            session.watcher = self

    # ---- as ``engine.database.watching.Watcher``

    def begun(self, transaction: SessionTransaction) -> None:
        """A savepoint of the handler's own begins."""
        self._marks[transaction] = len(self._seen)

    def undone(self, transaction: SessionTransaction) -> None:
        """What was seen since the savepoint did not happen."""
        if transaction in self._marks:
            del self._seen[self._marks[transaction] :]

    def flushing(self, session: Session) -> None:
        """Keep what rows hold before they are written; what objects do not know of themselves is read."""
        self._before = {}
        for one in session.deleted:
            self._keep_before(session, one, is_whole=True)
        for one in session.dirty:
            self._keep_before(session, one, is_whole=False)

    def flushed(self, session: Session) -> None:
        """Note each object that was inserted, changed or deleted."""
        for one in session.new:
            state, mapper = _state(one)
            key = tuple(mapper.primary_key_from_instance(one))
            self._note(_table(mapper), key, None, _now(session, state, _columns_of(mapper), key))
        for one in session.deleted:
            state, mapper = _state(one)
            self._note(_table(mapper), _identity(state), self._before[state], None)
        for one in session.dirty:
            state, mapper = _state(one)
            columns = _columns_of(mapper)
            before = self._before.get(state, {})
            changed = {name: each for name, each in columns.items() if each.name in before}
            after = _now(session, state, changed, tuple(mapper.primary_key_from_instance(one)))
            if before != after:
                known = {each.name: state.dict.get(name) for name, each in columns.items()}
                self._note(_table(mapper), _identity(state), before, after, called=_name(known))

    def execute(self, session: Session, statement: Dml, run: Callable[..., Any], *given: Any, **options: Any) -> Any:
        """Run a statement that changes rows, and note what it changed. Raises InvariantBroken (``rows_changed_unseen``)."""
        table = statement.table
        if not isinstance(table, Table) or (isinstance(statement, Update) and given and isinstance(given[0], list)):
            raise InvariantBroken("rows_changed_unseen", table=str(getattr(table, "name", table)))
        columns = [each for each in table.c if not isinstance(each.type, TSVECTOR)]
        olds = _locked(session, statement, table, columns, run) if isinstance(statement, Update) else {}
        may_replace = isinstance(statement, Insert) and _may_replace(statement)
        wanted = [each.label(f"new {each.name}") for each in columns]
        if may_replace:
            wanted += _replaced(table, columns)
        result = run(session, statement.returning(*wanted), *given, **options)
        theirs = len(result.keys()) - len(wanted)
        frozen = result.freeze() if theirs else None
        rows = (result if frozen is None else frozen()).all()
        for row in rows:
            mine = row[theirs:]
            values = _plain(columns, mine)
            key = tuple(value for each, value in zip(columns, mine, strict=False) if each.primary_key)
            if isinstance(statement, Delete):
                self._note(table, key, values, None)
                continue
            before: _Values | None = None
            if isinstance(statement, Update):
                before = olds.get(key)
            elif may_replace and not mine[len(columns)]:
                before = _plain(columns, mine[len(columns) + 1 :])
            is_new = isinstance(statement, Insert) and (not may_replace or mine[len(columns)])
            if not is_new and (before is None or any(before[each.name] is None for each in table.primary_key)):
                # somebody else wrote it between our look and our change
                raise InvariantBroken("rows_changed_unseen", table=table.name)
            self._note(table, key, before, values)
        if frozen is not None:
            return frozen().columns(*range(theirs))
        result.rowcount = len(rows)  # what objects give back does not have it
        return result

    # ----

    def _keep_before(self, session: Session, one: object, *, is_whole: bool) -> None:
        """What the row holds: all of it, or what was set anew."""
        state, mapper = _state(one)
        columns = {
            name: each for name, each in _columns_of(mapper).items() if is_whole or name in state.committed_state
        }
        held = {name: state.committed_state.get(name, state.dict.get(name, _UNKNOWN)) for name in columns}
        unknown = [columns[name] for name, value in held.items() if value is _UNKNOWN]
        read = _read(session, unknown, _identity(state)) if unknown else {}
        self._before[state] = {
            each.name: read[each.name] if each.name in read else _kept(each, held[name])
            for name, each in columns.items()
        }

    def _note(
        self, table: Table, key: _Key, before: _Values | None, after: _Values | None, called: str | None = None
    ) -> None:
        name = called or _name(after or {}) or _name(before or {})
        self._seen.append(_Seen(table=table, key=key, name=name, before=before, after=after))


_UNKNOWN: Final = LoaderCallableStatus.NO_VALUE


def _now(session: Session, state: InstanceState[Any], columns: Mapping[str, Column[Any]], key: _Key) -> _Values:
    """What the columns hold now. Those that the database made are read; one that was never given is null."""
    made = [each for name, each in columns.items() if name not in state.dict and name in state.expired_attributes]
    read = _read(session, made, key) if made else {}
    return {
        each.name: read[each.name] if each.name in read else _kept(each, state.dict.get(name))
        for name, each in columns.items()
    }


@lru_cache(maxsize=256)
def _columns_of(mapper: Mapper[Any]) -> Mapping[str, Column[Any]]:
    """The columns that are told, by the name of the attribute."""
    found = {each.key: each.columns[0] for each in mapper.column_attrs}
    return {
        key: each for key, each in found.items() if isinstance(each, Column) and not isinstance(each.type, TSVECTOR)
    }


def _state(one: object) -> tuple[InstanceState[Any], Mapper[Any]]:
    state: InstanceState[Any] = inspect(one)
    return state, state.mapper


def _table(mapper: Mapper[Any]) -> Table:
    assert isinstance(mapper.local_table, Table), "what is mapped is a table"
    return mapper.local_table


def _identity(state: InstanceState[Any]) -> _Key:
    """The key of a row as it was when it was read."""
    assert state.identity is not None, "it is in the database"
    return tuple(state.identity)


def _name(values: Mapping[str, Any]) -> str | None:
    return next((values[each] for each in NAMES if isinstance(values.get(each), str) and values[each]), None)


def _read(session: Session, columns: Sequence[Column[Any]], key: _Key) -> _Values:
    """Columns of the row with this key, as the history has them."""
    where = and_(*(each == value for each, value in zip(columns[0].table.primary_key, key, strict=True)))
    with session.no_autoflush:
        row = session.execute(select(*columns).where(where)).one()
    return _plain(columns, row)


def _locked(
    session: Session, statement: Update, table: Table, columns: Sequence[Column[Any]], run: Callable[..., Any]
) -> dict[_Key, _Values]:
    """The rows that an update is about to change, by key, locked: nobody changes them in between."""
    # as strong as the lock that an update takes, no stronger: rows that refer to these can still be written
    asked = select(*columns).select_from(table).with_for_update(of=table, key_share=True)
    if statement.whereclause is not None:
        asked = asked.where(statement.whereclause)
    keys = [each.primary_key for each in columns]
    return {
        tuple(value for value, is_key in zip(row, keys, strict=True) if is_key): _plain(columns, row)
        for row in run(session, asked)
    }


def _may_replace(statement: Insert) -> bool:
    """Whether it is an ``INSERT … ON CONFLICT DO UPDATE``."""
    return any(isinstance(each, OnConflictDoUpdate) for each in statement.get_children())


def _replaced(table: Table, columns: Sequence[Column[Any]]) -> list[Any]:
    """What ``RETURNING`` has to tell of a row that may have been there: whether it is new, and each column before.

    A query inside ``RETURNING`` sees the table as it was when the statement began. The table is named by its text, because SQLAlchemy does
    not correlate there.
    """
    old, written = table.alias("before"), _NAMING.format_table(table)
    here = and_(
        *(old.c[each.name] == literal_column(f"{written}.{_NAMING.quote(each.name)}") for each in table.primary_key)
    )
    before = [select(old.c[each.name]).where(here).scalar_subquery().label(f"old {each.name}") for each in columns]
    return [literal_column(f"{written}.xmax = 0").label("is new"), *before]


def _plain(columns: Iterable[Column[Any]], row: Iterable[Any]) -> _Values:
    return {each.name: _kept(each, value) for each, value in zip(columns, row, strict=False)}


def _kept(column: Column[Any], value: Any) -> Value:
    """A value of a column as the history keeps it: as the database has it, and a digest of what is too long."""
    kind = type(value)
    if value is None or kind is bool or (kind is str and len(value) <= LONGEST):  # nearly all
        return value
    if kind is Decimal or kind is int:
        return _scaled(Decimal(value), column.type.scale) if isinstance(column.type, Numeric) else Decimal(value)
    if isinstance(value, bytes | memoryview):
        return _digest(bytes(value), len(value))
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    plain = to_values(_without_floats(value))
    if isinstance(plain, str):
        return plain if len(plain) <= LONGEST else _digest(plain.encode(), len(plain))
    try:
        written = to_canonical(plain)
    except TypeError:  # of a type of the database that no process knows, a range perhaps
        plain, written = str(value), str(value)
    return plain if len(written) <= LONGEST else _digest(written.encode(), len(written))


def _scaled(value: Decimal, scale: int | None) -> Decimal:
    try:
        return value if scale is None else value.quantize(_unit(scale), rounding=ROUND_HALF_UP)
    except InvalidOperation:  # the database will refuse it, too
        return value


@cache
def _unit(scale: int) -> Decimal:
    return Decimal(1).scaleb(-scale)


def _without_floats(value: Any) -> Any:
    """JSON may have them; the history has none."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {name: _without_floats(each) for name, each in value.items()}
    return [_without_floats(each) for each in value] if isinstance(value, list | tuple) else value


def _digest(content: bytes, length: int) -> dict[str, Any]:
    return {DIGEST: {"length": Decimal(length), "sha256": hashlib.sha256(content).hexdigest()}}


def _joined(first: _Seen, then: _Seen) -> _Seen:
    """Two things that were done to one row as one."""
    before = first.before
    if first.before is not None and first.after is not None and then.before is not None:
        before = {**then.before, **first.before}
    after = then.after
    if first.after is not None and then.after is not None:
        after = {**first.after, **then.after}
    return _Seen(table=then.table, key=then.key, name=then.name or first.name, before=before, after=after)


def _change(seen: _Seen) -> RowChange | None:
    """None where nothing came of it."""
    before, after = seen.before, seen.after
    if before is None and after is None:
        return None
    held, holds = before or {}, after or {}
    fields = {
        name: FieldChange(old=held.get(name), new=holds.get(name))
        for name in (held | holds)
        if held.get(name) != holds.get(name)
    }
    if before is not None and after is not None and not fields:
        return None
    keys = [each.name for each in seen.table.primary_key]
    return RowChange(
        table=seen.table.name,
        key={name: to_values(value) for name, value in zip(keys, seen.key, strict=True)},
        name=seen.name,
        became="created" if before is None else "deleted" if after is None else "changed",
        fields=fields,
    )
