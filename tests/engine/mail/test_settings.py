from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from sqlalchemy import text

from engine import letter, records
from engine.database.session import Database
from engine.errors import InvalidInput, NotAllowed
from engine.handler import SYSTEM, Actor
from engine.mail import sealing, settings
from engine.mail.settings import SetPlan, set_plan
from engine.records import queries


def test_the_password_is_sealed_and_no_history_has_it(database: Database, set_up: Callable[..., None]) -> None:
    set_up(587, security="starttls", login="house", password="open sesame")
    set_up(465, security="tls", login="house")
    with database.reading() as session:
        server = settings.find_server(session)
        entries = queries.history(session, settings.SERVER, settings.KEY)
        everything = session.execute(text("SELECT string_agg(record, '') FROM engine.record_event")).scalar_one()
    assert server is not None
    assert server.password is not None
    assert sealing.unseal("of this test", server.password) == "open sesame"
    assert b"sesame" not in server.password
    assert "sesame" not in everything
    assert server.password.hex() not in everything
    assert [(each.became, dict(each.facts)) for each in entries] == [("changed", {}), ("created", {"password": "set"})]
    assert {name: (each.old, each.new) for name, each in entries[0].fields.items()} == {
        "port": (587, 465),
        "security": ("starttls", "tls"),
    }
    set_up(465, security="tls")
    with database.reading() as session:
        server = settings.find_server(session)
        assert dict(queries.history(session, settings.SERVER, settings.KEY)[0].facts) == {"password": "removed"}
    assert server is not None
    assert server.password is None


def test_links_lead_to_where_the_product_began_until_somebody_says_otherwise(database: Database) -> None:
    for site in ("http://127.0.0.1:9000", "http://127.0.0.1:9001"):
        with database.transaction() as session:
            settings.begin_plan(session, site)
    with database.reading() as session:
        assert settings.find_plan(session) == settings.Plan(site="http://127.0.0.1:9000")
        assert letter.site(session) == "http://127.0.0.1:9000"


def test_only_the_key_opens_the_password() -> None:
    sealed = sealing.seal("one", "open sesame")
    assert sealed != sealing.seal("one", "open sesame")
    for key, found in (("two", sealed), ("one", sealed[:-1]), ("one", b"")):
        with pytest.raises(sealing.PasswordUnreadable):
            sealing.unseal(key, found)


NO_SERVER: list[tuple[dict[str, Any], str, str]] = [
    ({"host": "smtp.example.com\r\nRSET"}, "host", "mail_host_invalid"),
    ({"host": ""}, "host", "mail_host_invalid"),
    ({"port": 0}, "port", "mail_port_invalid"),
    ({"security": "maybe"}, "security", "mail_security_unknown"),
    ({"login": "house"}, "password", "mail_password_missing"),
    ({"host": "smtp.example.com", "login": "house", "password": "x"}, "security", "mail_password_in_clear"),
    ({"sender_name": "A\r\nBcc: b@c.example"}, "sender_name", "mail_name_invalid"),
    ({"sender_address": "A <a@b.example>"}, "sender_address", "mail_address_invalid"),
    ({"reply_to": "a@b.example\nBcc: b@c.example"}, "reply_to", "mail_address_invalid"),
]


def test_what_no_server_can_be(database: Database, set_up: Callable[..., None]) -> None:
    for changes, field, code in NO_SERVER:
        with pytest.raises(InvalidInput) as refused:
            set_up(**({"port": 25} | changes))
        assert [(each.field, each.code) for each in refused.value.fields] == [(field, code)]
    with database.reading() as session:
        assert settings.find_server(session) is None


NO_PLAN: list[tuple[dict[str, Any], str]] = [
    ({"site": "javascript:alert(1)"}, "site"),
    ({"site": "https://me:secret@bordereau.example"}, "site"),
    ({"site": "https://bordereau.example/\r\nBcc: a@b.example"}, "site"),
    ({"site": "https://[bad"}, "site"),
    ({"checkpoint_to": ("a@b.example", "c@d")}, "checkpoint_to"),
    ({"checkpoint_to": tuple(f"a{each}@b.example" for each in range(21))}, "checkpoint_to"),
]


def test_what_no_plan_can_be(database: Database) -> None:
    for changes, field in NO_PLAN:
        given: dict[str, Any] = {"site": "https://b.example", "digest_at": time(8), "checkpoint_to": ()}
        with pytest.raises(InvalidInput) as refused:
            records.execute(database, set_plan, SetPlan(**(given | changes)), SYSTEM)
        assert [each.field for each in refused.value.fields] == [field]


def test_a_plan_is_kept_and_only_an_administrator_makes_one(database: Database) -> None:
    given = SetPlan(site="https://b.example/", digest_at=time(7, 30), checkpoint_to=("A@b.example", "a@b.example"))
    records.execute(database, set_plan, given, SYSTEM)
    with database.reading() as session:
        plan = settings.find_plan(session)
    assert plan == settings.Plan(site="https://b.example", digest_at=time(7, 30), checkpoint_to=("a@b.example",))
    with pytest.raises(NotAllowed):
        records.execute(database, set_plan, given, Actor(login="olga", name="Olga", roles=frozenset({"process_owner"})))
