"""People come in with their password, and only so; sessions end when they should."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine.database.session import Database
from engine.errors import Conflict, InvalidInput, NotAllowed, NotFound
from engine.handler import SYSTEM, Actor
from engine.identity import passwords, people, throttle, web_sessions
from engine.identity.tables import person, sign_in_failure, web_session

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SECRET = "château d'eau"


def actor_of(session: Session, token: str, now: datetime) -> Actor | None:
    found = web_sessions.find(session, token, now)
    return None if found is None else found.actor


@pytest.fixture
def alice(database: Database) -> Actor:
    with database.transaction() as session:
        people.add_role(session, "sales", "Ventes", "Sales")
        people.add_role(session, "audit", "Audit", "Audit")
        return people.add_person(
            session,
            login="Alice",
            name="Alice Martin",
            email="alice@example.org",
            password=SECRET,
            roles=["sales", "audit"],
            locale="en",
        )


def test_the_right_password_gives_the_person_with_roles(database: Database, alice: Actor) -> None:
    found = people.authenticate(database, " ALICE ", SECRET, NOW)
    assert found == alice
    assert found.roles == {"sales", "audit"}
    assert found.locale == "en"


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("alice", "wrong"),
        ("bob", SECRET),
        ("", ""),
        ("alice", ""),
        ("alice\0", SECRET),
        ("\udcff", SECRET),
        ("alice", "x" * 5000),
        ("alice'; DROP TABLE engine.person; --", "x"),
    ],
)
def test_anything_else_is_refused_in_the_same_words(
    database: Database, alice: Actor, login: str, password: str
) -> None:
    with pytest.raises(NotAllowed) as refused:
        people.authenticate(database, login, password, NOW)
    assert refused.value.code == "sign_in_refused"
    assert refused.value.facts == {}


def test_an_unknown_login_costs_the_same_work(
    database: Database, alice: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]  # noqa: A002
            checked.append(str(hash))
            return bool(super().verify(hash, password))

    monkeypatch.setattr(passwords, "hasher", Counting(time_cost=1, memory_cost=8, parallelism=1))
    for login in ("alice", "bob"):
        with pytest.raises(NotAllowed):
            people.authenticate(database, login, "wrong", NOW)
    assert len(checked) == 2
    assert checked[0].split("$")[1:4] == checked[1].split("$")[1:4]  # the same kind, version and parameters


def test_the_password_itself_is_nowhere(database: Database, alice: Actor) -> None:
    with database.reading() as session:
        kept = session.execute(select(person.c.password_hash)).scalar_one()
    assert kept.startswith("$argon2id$")
    assert SECRET not in kept


def test_an_accent_may_be_typed_in_two_ways(database: Database, alice: Actor) -> None:
    assert people.authenticate(database, "alice", "cha\u0302teau d'eau", NOW) == alice


def test_a_hash_of_old_parameters_is_renewed(database: Database, alice: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    people.authenticate(database, "alice", SECRET, NOW)
    with database.reading() as session:
        assert "m=16,t=2" in session.execute(select(person.c.password_hash)).scalar_one()
    assert people.authenticate(database, "alice", SECRET, NOW) == alice


def test_guessing_gets_slower_and_a_success_forgives(database: Database, alice: Actor) -> None:
    now = NOW
    for _ in range(throttle.FREE_TRIES):
        with pytest.raises(NotAllowed, match="sign_in_refused"):
            people.authenticate(database, "alice", "wrong", now)
    with pytest.raises(NotAllowed) as refused:
        people.authenticate(database, "alice", SECRET, now + timedelta(seconds=29.5))
    assert refused.value.code == "sign_in_throttled"
    assert refused.value.facts == {"seconds": 1}
    now += timedelta(seconds=30)
    with pytest.raises(NotAllowed, match="sign_in_refused"):
        people.authenticate(database, "alice", "wrong", now)
    with pytest.raises(NotAllowed) as refused:
        people.authenticate(database, "alice", SECRET, now)
    assert refused.value.facts == {"seconds": 60}
    assert people.authenticate(database, "alice", SECRET, now + timedelta(seconds=60)) == alice
    for _ in range(throttle.FREE_TRIES):  # all tries are free again
        with pytest.raises(NotAllowed, match="sign_in_refused"):
            people.authenticate(database, "alice", "wrong", now + timedelta(seconds=61))


def test_a_throttled_login_does_not_hinder_others(database: Database, alice: Actor) -> None:
    for _ in range(throttle.FREE_TRIES + 1):
        with pytest.raises(NotAllowed):
            people.authenticate(database, "bob", "wrong", NOW)
    assert people.authenticate(database, "alice", SECRET, NOW) == alice


def test_guesses_sent_at_once_are_all_counted(database: Database, alice: Actor) -> None:
    def guess(number: int) -> str:
        try:
            people.authenticate(database, "alice", f"wrong {number}", NOW)
        except NotAllowed as refused:
            return refused.code
        return "in"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(24)))
    assert answers.count("sign_in_refused") == throttle.FREE_TRIES
    assert answers.count("sign_in_throttled") == 24 - throttle.FREE_TRIES


def test_tries_at_once_keep_nobody_waiting_while_they_are_free(database: Database, alice: Actor) -> None:
    """Two browsers of one person sign in together, and the one whose moment was taken first reaches the count last."""
    with pytest.raises(NotAllowed, match="sign_in_refused"):
        people.authenticate(database, "alice", "wrong", NOW + timedelta(seconds=0.2), "192.0.2.1")
    assert people.authenticate(database, "alice", SECRET, NOW, "192.0.2.1") == alice


def test_failures_are_forgotten_after_a_day(database: Database, alice: Actor) -> None:
    for login in ("a", "b", "c"):
        with pytest.raises(NotAllowed):
            people.authenticate(database, login, "x", NOW)
    with pytest.raises(NotAllowed):
        people.authenticate(database, "d", "x", NOW + throttle.FORGOTTEN_AFTER + timedelta(seconds=1))
    with database.reading() as session:
        assert len(session.execute(select(sign_in_failure)).all()) == 1


@given(st.integers(min_value=0, max_value=10**9))
def test_waits_never_shrink_and_never_exceed(failures: int) -> None:
    assert throttle.wait_after(failures) <= throttle.wait_after(failures + 1) <= throttle.LONGEST_WAIT


def test_a_deactivated_person_is_out_at_once(database: Database, alice: Actor) -> None:
    with database.transaction() as session:
        token = web_sessions.open(session, alice, NOW)
        people.deactivate(session, "alice")
        assert web_sessions.find(session, token, NOW) is None
        assert people.find_actor(session, "alice") is None
        kept = people.find_person(session, "alice")
    assert kept is not None
    assert not kept.is_active
    with pytest.raises(NotAllowed, match="sign_in_refused"):
        people.authenticate(database, "alice", SECRET, NOW)


def test_what_cannot_be_added_is_refused_by_name(database: Database, alice: Actor) -> None:
    good = {
        "name": "B",
        "email": "b@example.org",
        "password": "long enough a secret",
        "roles": ["sales"],
        "locale": "fr",
    }
    with database.transaction() as session:
        with pytest.raises(Conflict, match="login_taken"):
            people.add_person(session, login="ALICE", **good)  # type: ignore[arg-type]
        with pytest.raises(NotFound) as unknown:
            people.add_person(session, login="bob", **(good | {"roles": ["sales", "zorro"]}))  # type: ignore[arg-type]
        assert unknown.value.facts == {"role": "zorro"}
        with pytest.raises(InvalidInput) as invalid:
            people.add_person(session, login="b b", **(good | {"locale": "de", "password": ""}))  # type: ignore[arg-type]
        assert [each.field for each in invalid.value.fields] == ["login", "locale", "password"]
        with pytest.raises(NotFound):
            people.deactivate(session, "nobody")
        assert [each.login for each in people.people(session)] == ["alice"]


def test_a_password_has_a_length_unless_everybody_knows_it_anyway(database: Database, alice: Actor) -> None:
    def add(password: str, *, may_be_weak: bool = False) -> Actor:
        with database.transaction() as session:
            return people.add_person(
                session,
                login="bob",
                name="B",
                email="",
                password=password,
                roles=(),
                locale="fr",
                may_be_weak=may_be_weak,
            )

    for short in ("demo", "x" * 11):
        with pytest.raises(InvalidInput) as refused:
            add(short)
        assert [(each.field, each.code) for each in refused.value.fields] == [("password", "password_too_short")]
    for nothing in ("", "x" * 1025):
        with pytest.raises(InvalidInput) as refused:
            add(nothing, may_be_weak=True)
        assert [each.code for each in refused.value.fields] == ["password_invalid"]
    assert add("demo", may_be_weak=True).login == "bob"


def test_people_and_roles_are_listed(database: Database, alice: Actor) -> None:
    with database.transaction() as session:
        people.add_role(session, "sales", "Autre", "Other")  # known already: stays
        people.add_person(
            session,
            login="zoe",
            name="Aa",
            email="z@example.org",
            password="seven rusty pelicans",
            roles=(),
            locale="fr",
        )
    with database.reading() as session:
        assert people.role_titles(session)["sales"] == {"fr": "Ventes", "en": "Sales"}
        assert people.role_keys(session) == {"sales", "audit"}
        assert [(each.name, each.roles) for each in people.people(session)] == [
            ("Aa", frozenset()),
            ("Alice Martin", {"sales", "audit"}),
        ]
        assert people.find_actor(session, "nobody") is None
        assert people.find_person(session, "nobody") is None


def test_a_session_opens_by_its_token_only(database: Database, alice: Actor) -> None:
    with database.transaction() as session:
        token = web_sessions.open(session, alice, NOW)
        another = web_sessions.open(session, alice, NOW)
        assert token != another
        assert actor_of(session, token, NOW) == alice
        assert web_sessions.find(session, token + "x", NOW) is None
        assert web_sessions.find(session, "", NOW) is None
        assert web_sessions.find(session, "\udcff\0", NOW) is None
        stored = session.execute(select(web_session.c.token_hash)).scalars().all()
        assert all(token.encode() not in each for each in stored)
        web_sessions.close(session, token)
        web_sessions.close(session, token)
        assert web_sessions.find(session, token, NOW) is None
        assert actor_of(session, another, NOW) == alice


def test_a_session_ends_when_idle(database: Database, alice: Actor) -> None:
    with database.transaction() as session:
        token = web_sessions.open(session, alice, NOW)
        later = NOW + timedelta(hours=7)
        assert actor_of(session, token, later) == alice
        assert actor_of(session, token, later + timedelta(hours=7)) == alice
        assert web_sessions.find(session, token, later + timedelta(hours=15)) is None


def test_a_session_ends_after_a_day_however_busy(database: Database, alice: Actor) -> None:
    with database.transaction() as session:
        token = web_sessions.open(session, alice, NOW)
        for hour in range(1, 24):
            assert actor_of(session, token, NOW + timedelta(hours=hour)) == alice
        assert web_sessions.find(session, token, NOW + timedelta(hours=24)) is None


def test_use_is_written_once_a_minute(database: Database, alice: Actor) -> None:
    seen = select(web_session.c.seen_at)
    with database.transaction() as session:
        token = web_sessions.open(session, alice, NOW)
        web_sessions.find(session, token, NOW + timedelta(seconds=59))
        assert session.execute(seen).scalar_one() == NOW
        web_sessions.find(session, token, NOW + timedelta(seconds=60))
        assert session.execute(seen).scalar_one() == NOW + timedelta(seconds=60)


def test_ended_sessions_are_swept_away(database: Database, alice: Actor) -> None:
    with database.transaction() as session:
        web_sessions.open(session, alice, NOW)
        web_sessions.open(session, alice, NOW + timedelta(hours=9))
        assert len(session.execute(select(web_session)).all()) == 1


def test_roles_taken_away_are_gone_at_the_next_click(database: Database, alice: Actor) -> None:
    with database.transaction() as session:
        token = web_sessions.open(session, alice, NOW)
        session.execute(text("DELETE FROM engine.person_role WHERE role_key = 'audit'"))
        found = actor_of(session, token, NOW)
    assert found is not None
    assert found.roles == {"sales"}


def test_the_engine_itself_has_no_web_session(database: Database) -> None:
    with database.transaction() as session, pytest.raises(NotAllowed):
        web_sessions.open(session, SYSTEM, NOW)
