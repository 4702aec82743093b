"""What is declared personal is there, and what is called as if it were personal is judged."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Table

from handlers.base.personal import NOT_PERSONAL, PERSONAL
from handlers.base.tables import Table as Business
from handlers.table import HANDLERS

OFTEN: Final = {
    *("name", "contact", "email", "phone", "party", "comment", "note", "notes", "street", "city", "postal_code"),
    *("siren", "siret", "vat_number", "website", "closed_because", "subject", "introduction"),
}


def tables() -> dict[str, Table]:
    return {each.name: each for each in Business.metadata.tables.values()}


def test_processes_are_given_what_is_declared() -> None:
    assert HANDLERS.personal == PERSONAL


def test_every_column_that_is_declared_is_there() -> None:
    known = tables()
    wrong = [
        f"{table}.{column}" for table, columns in PERSONAL.items() for column in columns - set(known[table].c.keys())
    ]
    wrong += [each for each in NOT_PERSONAL if each.partition(".")[2] not in known[each.partition(".")[0]].c]
    assert not wrong, "a column was renamed: name it so in handlers/base/personal.py"


def test_every_column_that_is_called_as_a_personal_one_is_judged() -> None:
    wrong = [
        f"{table.name}.{column}"
        for table in tables().values()
        for column in OFTEN & set(table.c.keys()) - PERSONAL.get(table.name, frozenset())
        if f"{table.name}.{column}" not in NOT_PERSONAL
    ]
    assert not wrong, "say in handlers/base/personal.py whether it holds personal data, or why not"
