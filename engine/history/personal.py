r"""Personal values in the history: the chain holds a salted commitment, the value and its salt stand beside it and can be erased.

::

    commitment = SHA-256("bordereau/personal/1\n" ‖ salt (32 random bytes) ‖ canonical JSON of the value)

In an event, ``{"@personal": commitment in hex}`` stands where the value would. ``engine.personal_value`` keeps value and salt; erasing
takes both away, and no hash of the chain changes. Without the salt nobody can try names until one fits. What is personal is declared:
fields of forms and names in ``process.yaml`` (``engine.model.personal``), fields of record commands (``record_command(personal=…)``),
columns of the business (``HandlerTable.personal``), and always what people write to each other with a task.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.data import from_canonical, to_canonical
from engine.history import verifier
from engine.texts.words import words_of

MARK: Final = verifier.PERSONAL
SHORTEST: Final = 3
"""Characters of a personal text that is recognised when it stands under another name."""

_VALUES: Final = frozenset(
    {"value", "previous", "variables", "given", "result", "payload", "inputs", "output", "items", "facts"}
)
"""Members of a kernel event that hold values of the process; all others are the engine's own words."""
_SAID: Final = frozenset({"note"})
"""Members of an event in which people write to each other: personal whatever is declared."""

ROWS: Final = "rows"
"""The member of an event that tells what became of rows of the business, a list (``engine.instances.row_changes``)."""

KEEP: Final = """
    kept AS (
        INSERT INTO engine.personal_value (commitment, kind, chain, sequence, name, at, value, salt, words)
        SELECT decode(p ->> 0, 'hex'), :kept_kind, :kept_chain, CAST(p ->> 1 AS integer), p ->> 2, :at, p ->> 3, decode(p ->> 4, 'hex'),
            array_to_tsvector(ARRAY(SELECT json_array_elements_text(p -> 5)))
        FROM json_array_elements(CAST(:kept AS json)) AS given(p)
    )
"""
"""SQL: the common table expression that keeps what ``Sealer.rows`` has; written by the statement that writes the events."""

_KNOWN = text("""
    SELECT personal.commitment, personal.value, erasure.done_at, erasure.done_by, erasure.because
    FROM engine.personal_value personal LEFT JOIN engine.erasure ON erasure.id = personal.erasure_id
    WHERE personal.commitment = ANY(:commitments) AND personal.kind = :kind AND personal.chain = :chain
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What stands for a value that was erased: when, by whom, why. All None for one that is gone without a word."""

    at: datetime | None
    by: str | None
    because: str | None


class Sealer:
    """Puts commitments in the place of personal values, for the events of one append.

    ``names``: what is declared personal. ``known``: values of these names that the case holds already; where such a text stands under
    another name (a handler's input, an item of a list), it is sealed there too. ``columns``: by table, those whose values are personal.
    """

    def __init__(
        self, names: Collection[str], known: Iterable[Any] = (), columns: Mapping[str, Collection[str]] | None = None
    ) -> None:
        self._names = names
        self._columns = columns or {}
        self._texts = {each for value in known for each in _texts(value)}
        self._made: dict[str, str] = {}
        self._rows: list[list[Any]] = []
        self._sequence = 0

    def event(self, sequence: int, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """The record of a case's event with its personal values sealed."""
        self._sequence = sequence
        is_personal = str(record.get("type")).startswith("variable:") and record.get("name") in self._names
        if is_personal:
            self._texts.update(_texts(record.get("value")))
        found = {}
        for member, value in record.items():
            if member in _SAID:
                found[member] = self._sealed(member, value)
            elif member == ROWS:
                found[member] = [self._row(each) for each in value]
            elif member not in _VALUES:
                found[member] = value
            elif is_personal and member in {"value", "previous"}:
                found[member] = self._sealed(str(record["name"]), value)
            else:
                found[member] = self._within(member, value)
        return found

    def change(self, sequence: int, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """The entry of a record command with its personal fields and facts sealed."""
        self._sequence = sequence
        fields = {
            name: {side: self._sealed(name, value) for side, value in each.items()}
            if name.partition(" ")[0] in self._names  # ``contact 7`` is one of the contacts
            else each
            for name, each in record["fields"].items()
        }
        facts = {
            name: self._sealed(name, value) if name in self._names else value for name, value in record["facts"].items()
        }
        return {**record, "fields": fields, "facts": facts}

    def _row(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is told of a row, with its personal fields sealed, and texts that are known as personal."""
        personal = self._columns.get(row["table"], ())
        fields = {
            name: {
                side: self._sealed(name, value) if name in personal else self._within(name, value)
                for side, value in each.items()
            }
            for name, each in row["fields"].items()
        }
        return {**row, "fields": fields}

    def given(self, kind: str, chain: str) -> dict[str, str]:
        """What ``KEEP`` takes besides ``at``; nothing where nothing was sealed."""
        if not self._rows:
            return {}
        return {"kept_kind": kind, "kept_chain": chain, "kept": json.dumps(self._rows, ensure_ascii=False)}

    def _within(self, name: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {
                key: self._sealed(key, each) if key in self._names else self._within(key, each)
                for key, each in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._within(name, each) for each in value]
        return self._sealed(name, value) if isinstance(value, str) and value in self._texts else value

    def _sealed(self, name: str, value: Any) -> Any:
        """One commitment for one value in one append; nothing is nobody's secret."""
        if value is None or value in ("", [], {}):
            return value
        canonical = to_canonical(value)
        made = self._made.get(canonical)
        if made is None:
            salt = os.urandom(32)
            made = self._made[canonical] = verifier.commitment(salt, canonical).hex()
            words = words_of(_texts(value, shortest=1))
            self._rows.append([made, self._sequence, name, canonical, salt.hex(), words])
        return {MARK: made}


def opened(session: Session, kind: str, chain: str, records: Sequence[Any]) -> list[Any]:
    """``records`` of one chain with the personal values back in their places; ``Erased`` where they are none any more.

    One statement, and none where nothing is sealed. Values of another chain stay sealed, whatever a record says.
    """
    wanted = {each for record in records for each in commitments(record)}
    if not wanted:
        return list(records)
    given = {"commitments": [bytes.fromhex(each) for each in wanted], "kind": kind, "chain": chain}
    known = {
        bytes(row.commitment).hex(): Erased(at=row.done_at, by=row.done_by, because=row.because)
        if row.value is None
        else from_canonical(row.value)
        for row in session.execute(_KNOWN, given)
    }
    return [_open(record, known) for record in records]


def may_be_sealed(record: str) -> bool:
    """Whether the canonical text of a record may have a commitment inside: a look that costs less than one at all that it says."""
    return f'"{MARK}"' in record


def commitments(value: Any) -> Iterator[str]:
    """Every commitment in ``value``."""
    if isinstance(value, Mapping):
        sealed = _sealed(value)
        if sealed is not None:
            yield sealed
            return
        for each in value.values():
            yield from commitments(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from commitments(each)


def _open(value: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        sealed = _sealed(value)
        if sealed is not None:
            return known.get(sealed, Erased(at=None, by=None, because=None))
        return {name: _open(each, known) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_open(each, known) for each in value]
    return value


def _sealed(value: Mapping[str, Any]) -> str | None:
    found = value.get(MARK) if len(value) == 1 else None
    return found if isinstance(found, str) and verifier.is_hash(found) else None


def _texts(value: Any, shortest: int = SHORTEST) -> Iterator[str]:
    """The texts in a value."""
    if isinstance(value, str):
        if len(value) >= shortest:
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each, shortest)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each, shortest)
