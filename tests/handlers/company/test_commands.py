"""The company's identity in the database: one record, who may change it, what its history keeps."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from engine import records
from engine.database.session import Database
from engine.errors import Conflict, InvalidInput, NotAllowed, WrongState
from engine.handler import Actor
from engine.records import queries as recorded
from handlers.company import commands as c
from handlers.company.queries import Identity, find_identity, read_logo
from handlers.company.types import IdentityData

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ANNE = Actor(login="admin", name="Anne", roles=frozenset({"admin"}))
YASMINE = Actor(login="yasmine", name="Yasmine", roles=frozenset({"accounting"}))
OURS = IdentityData(name="Atelier du Jura", capital=Decimal("50000.00"), iban="FR7630006000011234567890189")
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x20\x08\x02\0\0\0"


def save(database: Database, identity: IdentityData = OURS, actor: Actor = ANNE, seen: int | None = None) -> None:
    records.execute(database, c.set_identity, c.SetIdentity(identity=identity), actor, seen=seen, now=NOW)


def found(database: Database) -> Identity | None:
    with database.reading() as session:
        return find_identity(session)


def test_the_identity_is_saved_once_and_changed_with_its_history(database: Database) -> None:
    assert found(database) is None
    with pytest.raises(WrongState, match="company_identity_missing"):
        records.execute(database, c.set_logo, c.SetLogo(content=PNG), ANNE, now=NOW)
    save(database)
    save(database, replace(OURS, iban="FR1420041010050500013M02606"), seen=1)
    with pytest.raises(Conflict):
        save(database, seen=1)
    assert found(database) == Identity(data=replace(OURS, iban="FR1420041010050500013M02606"), logo_hash="")
    with database.reading() as session:
        newest = recorded.history(session, c.KIND, c.KEY)[0]
    assert {name: (each.old, each.new) for name, each in newest.fields.items()} == {
        "iban": ("FR7630006000011234567890189", "FR1420041010050500013M02606")
    }


def test_a_logo_is_kept_by_its_content_and_can_go(database: Database) -> None:
    save(database)
    records.execute(database, c.set_logo, c.SetLogo(content=PNG), ANNE, now=NOW)
    hashed = hashlib.sha256(PNG).hexdigest()
    identity = found(database)
    assert identity is not None
    assert identity.logo_hash == hashed
    with database.reading() as session:
        picture = read_logo(session, hashed)
    assert (picture.media_type, picture.content) == ("image/png", PNG)
    records.execute(database, c.remove_logo, c.RemoveLogo(), ANNE, now=NOW)
    assert found(database) == Identity(data=OURS, logo_hash="")


def test_what_is_refused(database: Database) -> None:
    with pytest.raises(NotAllowed):
        save(database, actor=YASMINE)
    with pytest.raises(InvalidInput):
        save(database, replace(OURS, iban="FR00"))
    save(database)
    with pytest.raises(InvalidInput):
        records.execute(database, c.set_logo, c.SetLogo(content=b"<svg/>"), ANNE, now=NOW)
    with pytest.raises(NotAllowed):
        records.execute(database, c.set_logo, c.SetLogo(content=PNG), YASMINE, now=NOW)
