"""What is done to people: by an administrator with history, never to the last administrator; by each to their own password."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from engine import clock, records
from engine.database.session import Database
from engine.errors import CommandRejected, Conflict, InvalidInput, NotAllowed, NotFound, WrongState
from engine.handler import Actor
from engine.identity import directory, memberships, people, throttle, web_sessions
from engine.identity.browsers import browser_of
from engine.identity.group_commands import (
    AddGroup,
    AddRole,
    ChangeGroup,
    ChangeRole,
    DeleteGroup,
    add_group,
    add_role,
    change_group,
    change_role,
    delete_group,
)
from engine.identity.memberships import Membership
from engine.identity.person_commands import (
    AddPerson,
    ChangePerson,
    DeactivatePerson,
    EndSessions,
    GiveSecret,
    ReactivatePerson,
    SetPassword,
    add_person,
    change_person,
    deactivate_person,
    end_sessions,
    give_secret,
    reactivate_person,
    set_password,
)
from engine.identity.secrets import GOOD_FOR
from engine.records import queries

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
GOOD = "seven rusty pelicans"
ALWAYS = NOW - timedelta(days=1)


@pytest.fixture
def anne(database: Database) -> Actor:
    """The administrator."""
    with clock.frozen(ALWAYS), database.transaction() as session:
        for key in ("admin", "sales", "audit"):
            people.add_role(session, key, key.title(), key.title())
        return people.add_person(
            session, login="anne", name="Anne", email="", password=GOOD, roles=["admin"], locale="fr"
        )


def add(database: Database, anne: Actor, login: str = "bob", *wanted: Membership) -> str:
    given = AddPerson(login=login, name=login.title(), email="", locale="fr", memberships=wanted)
    secret = records.execute(database, add_person, given, anne, now=NOW).answer
    assert isinstance(secret, str)
    return secret


def actor(database: Database, login: str, at: datetime = NOW) -> Actor:
    with clock.frozen(at), database.reading() as session:
        found = people.find_actor(session, login)
    assert found is not None
    return found


def change(login: str, *wanted: Membership, **other: Any) -> ChangePerson:
    return ChangePerson(
        **({"login": login, "name": login.title(), "email": "", "locale": "fr"} | other), memberships=wanted
    )


def held(role: str, since: datetime = ALWAYS, until: datetime | None = None) -> Membership:
    return Membership(role=role, from_at=since, until_at=until)


def test_somebody_new_comes_in_once_with_the_secret(database: Database, anne: Actor) -> None:
    secret = add(database, anne, "bob", held("sales"))
    typed = secret.replace("-", " ").lower()
    bob = people.authenticate(database, "bob", typed, NOW)
    assert bob.roles == {"sales"}
    with pytest.raises(NotAllowed, match="sign_in_refused"):
        people.authenticate(database, "bob", secret, NOW)
    with database.transaction() as session:
        found = web_sessions.find(session, web_sessions.open(session, bob, NOW), NOW)
        assert found is not None
        assert found.must_set_password
    records.execute(database, set_password, SetPassword(login="bob", old="", new=GOOD), bob, now=NOW)
    assert people.authenticate(database, "bob", GOOD, NOW) == bob


def test_a_secret_ends_after_three_days_and_by_the_next_one(database: Database, anne: Actor) -> None:
    first = add(database, anne)
    second = records.execute(database, give_secret, GiveSecret(login="bob"), anne, now=NOW).answer
    with pytest.raises(NotAllowed):
        people.authenticate(database, "bob", first, NOW)
    assert people.authenticate(database, "bob", second, NOW).login == "bob"
    third = records.execute(database, give_secret, GiveSecret(login="bob"), anne, now=NOW).answer
    with pytest.raises(NotAllowed):
        people.authenticate(database, "bob", third, NOW + GOOD_FOR)


def test_of_two_who_use_one_secret_at_once_one_comes_in(database: Database, anne: Actor) -> None:
    secret = add(database, anne)

    def come_in(_: int) -> bool:
        try:
            people.authenticate(database, "bob", secret, NOW)
        except NotAllowed:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(come_in, range(4))).count(True) == 1


def test_a_reset_closes_password_and_sessions(database: Database, anne: Actor) -> None:
    with database.transaction() as session:
        token = web_sessions.open(session, anne, NOW)
    records.execute(database, give_secret, GiveSecret(login="anne"), anne, now=NOW)
    with pytest.raises(NotAllowed):
        people.authenticate(database, "anne", GOOD, NOW)
    with database.transaction() as session:
        assert web_sessions.find(session, token, NOW) is None


def test_secrets_and_passwords_are_nowhere(database: Database, anne: Actor) -> None:
    secret = add(database, anne)
    bob = people.authenticate(database, "bob", secret, NOW)
    records.execute(database, set_password, SetPassword(login="bob", old="", new=GOOD), bob, now=NOW)
    with database.reading() as session:
        kept = "".join(session.scalars(text("SELECT record FROM engine.record_event")))
        kept += "".join(session.scalars(text("SELECT person::text FROM engine.person")))
    for word in (secret, secret.replace("-", ""), GOOD):
        assert word not in kept


def test_roles_hold_from_their_beginning_until_before_their_end(database: Database, anne: Actor) -> None:
    begin, end = NOW + timedelta(days=1), NOW + timedelta(days=3)
    add(database, anne, "bob", held("audit"), held("sales", begin, end))
    assert actor(database, "bob").roles == {"audit"}
    with database.transaction() as session:
        memberships.settle(session, begin)
    assert actor(database, "bob", begin).roles == {"audit", "sales"}
    # the end holds at once, whether a worker has looked or not
    assert actor(database, "bob", end - timedelta(microseconds=1)).roles == {"audit", "sales"}
    assert actor(database, "bob", end).roles == {"audit"}
    with database.transaction() as session:
        memberships.settle(session, end)
        assert session.execute(text("SELECT count(*) FROM engine.person_role WHERE role_key = 'sales'")).scalar() == 0


def test_a_group_gives_its_roles_for_the_time_of_the_membership(database: Database, anne: Actor) -> None:
    given = AddGroup(key="counter", title_fr="Guichet", title_en="Counter", roles=("sales",))
    records.execute(database, add_group, given, anne, now=NOW)
    add(database, anne, "bob", Membership(group="counter", from_at=ALWAYS, until_at=NOW + timedelta(days=9)))
    assert actor(database, "bob").roles == {"sales"}
    more = ChangeGroup(key="counter", title_fr="Guichet", title_en="Counter", roles=("sales", "audit"))
    records.execute(database, change_group, more, anne, now=NOW)
    assert actor(database, "bob").roles == {"sales", "audit"}
    assert actor(database, "bob", NOW + timedelta(days=9)).roles == frozenset()
    with database.reading() as session:
        (entry,) = directory.groups(session)
        assert (entry.roles, entry.people) == (("audit", "sales"), 1)
    records.execute(database, delete_group, DeleteGroup(key="counter"), anne, now=NOW)
    assert actor(database, "bob").roles == frozenset()
    with pytest.raises(NotFound, match="record_deleted"):
        records.execute(database, add_group, given, anne, now=NOW)


def test_a_role_kept_longer_gives_back_no_task(database: Database, anne: Actor) -> None:
    """Only losing a role gives back; the row that is changed because its end moves is no loss (``engine_0007``)."""
    add(database, anne, "bob", held("sales", until=NOW + timedelta(days=1)))
    with database.transaction() as session:
        session.execute(text("CREATE TABLE public.lost (what text)"))
        session.execute(
            text("""
                CREATE OR REPLACE FUNCTION engine.release_with_role() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN INSERT INTO public.lost VALUES (OLD.role_key); RETURN NULL; END $$
            """)
        )
    records.execute(database, change_person, change("bob", held("sales")), anne, now=NOW)
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM public.lost")).scalar() == 0
    records.execute(database, change_person, change("bob"), anne, now=NOW)
    with database.reading() as session:
        assert session.execute(text("SELECT what FROM public.lost")).scalar() == "sales"


@pytest.mark.parametrize(
    "kept", [(), (held("admin", until=NOW + timedelta(days=30)),), (held("admin", NOW + timedelta(days=1)),)]
)
def test_the_last_administrator_stays(database: Database, anne: Actor, kept: tuple[Membership, ...]) -> None:
    add(database, anne, "bob", held("sales"))
    acts: list[tuple[Any, Any]] = [
        (change_person, change("anne", *kept)),
        (deactivate_person, DeactivatePerson(login="anne")),
    ]
    for command, given in acts:
        with pytest.raises(WrongState, match="last_administrator"):
            records.execute(database, command, given, anne, now=NOW)
    add(database, anne, "zoe", held("admin"))
    for command, given in acts:
        records.execute(database, command, given, anne, now=NOW)
    assert actor(database, "zoe").roles == {"admin"}


def test_two_administrators_cannot_remove_each_other_at_once(database: Database, anne: Actor) -> None:
    add(database, anne, "zoe", held("admin"))
    zoe = actor(database, "zoe")

    def remove(who: Actor, whom: str) -> bool:
        try:
            records.execute(database, deactivate_person, DeactivatePerson(login=whom), who, now=NOW)
        except CommandRejected:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(remove, anne, "zoe"), pool.submit(remove, zoe, "anne")]
        assert [each.result() for each in done].count(True) == 1


def test_only_administrators_touch_others(database: Database, anne: Actor) -> None:
    add(database, anne, "bob", held("sales"))
    bob = actor(database, "bob")
    acts: list[tuple[Any, Any]] = [
        (add_person, AddPerson(login="x", name="X", email="", locale="fr")),
        (change_person, change("bob", held("admin"))),
        (deactivate_person, DeactivatePerson(login="anne")),
        (reactivate_person, ReactivatePerson(login="anne")),
        (give_secret, GiveSecret(login="anne")),
        (set_password, SetPassword(login="anne", old=GOOD, new="another good sentence")),
        (end_sessions, EndSessions(login="anne")),
        (add_role, AddRole(key="x", title_fr="X", title_en="X")),
        (add_group, AddGroup(key="x", title_fr="X", title_en="X", roles=("admin",))),
    ]
    for command, given in acts:
        with pytest.raises(NotAllowed):
            records.execute(database, command, given, bob, now=NOW)


def test_one_changes_ones_own_password_and_other_sessions_end(database: Database, anne: Actor) -> None:
    with database.transaction() as session:
        here = web_sessions.open(session, anne, NOW, address="127.0.0.1", agent="Firefox\n")
        there = web_sessions.open(session, anne, NOW)
        this = web_sessions.find(session, here, NOW)
        assert this is not None
        assert [each.agent for each in web_sessions.of_person(session, this.actor.person_id, NOW)] == ["Firefox", ""]  # type: ignore[arg-type]

    def attempt(old: str, new: str) -> None:
        given = SetPassword(login="anne", old=old, new=new, session=this.session_id)
        records.execute(database, set_password, given, anne, now=NOW)

    for old, new, code in (
        ("wrong", "another good sentence", "password_wrong"),
        (GOOD, "short", "password_too_short"),
        (GOOD, "motdepasse123", "password_easy"),
        (GOOD, "Anne-Anne-2026", "password_easy"),
        (GOOD, GOOD, "password_unchanged"),
    ):
        with pytest.raises(InvalidInput) as refused:
            attempt(old, new)
        assert [each.code for each in refused.value.fields] == [code]
    attempt(GOOD, "another good sentence")
    with database.transaction() as session:
        assert web_sessions.find(session, there, NOW) is None
        assert web_sessions.find(session, here, NOW) is not None


def test_sessions_are_ended_one_or_all(database: Database, anne: Actor) -> None:
    with database.transaction() as session:
        tokens = [web_sessions.open(session, anne, NOW) for _ in range(3)]
        found = [web_sessions.find(session, each, NOW) for each in tokens]
    numbers = [each.session_id for each in found if each]
    records.execute(database, end_sessions, EndSessions(login="anne", only=numbers[0]), anne, now=NOW)
    with pytest.raises(NotFound, match="session_unknown"):
        records.execute(database, end_sessions, EndSessions(login="anne", only=numbers[0]), anne, now=NOW)
    records.execute(database, end_sessions, EndSessions(login="anne", but=numbers[2]), anne, now=NOW)
    with database.transaction() as session:
        assert [web_sessions.find(session, each, NOW) is not None for each in tokens] == [False, False, True]


def test_the_history_tells_who_changed_what_of_whom(database: Database, anne: Actor) -> None:
    add(database, anne, "bob", held("sales"))
    records.execute(database, change_person, change("bob", name="Robert", email="b@example.org"), anne, seen=1, now=NOW)
    with pytest.raises(Conflict):
        records.execute(database, change_person, change("bob"), anne, seen=1, now=NOW)
    records.execute(database, deactivate_person, DeactivatePerson(login="bob"), anne, now=NOW)
    records.execute(database, reactivate_person, ReactivatePerson(login="bob"), anne, now=NOW)
    with database.reading() as session:
        entries = queries.history(session, "person", "bob")
    assert [each.type for each in reversed(entries)] == [
        "person:added",
        "person:changed",
        "person:deactivated",
        "person:reactivated",
    ]
    changed = entries[-2].fields
    assert (changed["name"].old, changed["name"].new) == ("Bob", "Robert")
    assert changed["memberships"].old[0]["role"] == "sales"
    assert changed["memberships"].new == []


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"name": " "}, "name"),
        ({"email": "no address"}, "email"),
        ({"locale": "de"}, "locale"),
        ({"memberships": (held("sales"), held("sales", NOW))}, "memberships"),
        ({"memberships": (held("sales", NOW, NOW),)}, "memberships"),
        ({"login": "Bob"}, "login"),
        ({"login": "a b"}, "login"),
        ({"login": "system"}, "login"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    database: Database, anne: Actor, other: dict[str, Any], field: str
) -> None:
    given = {"login": "bob", "name": "Bob", "email": "", "locale": "fr"} | other
    with pytest.raises(InvalidInput) as refused:
        records.execute(database, add_person, AddPerson(**given), anne, now=NOW)
    assert {each.field for each in refused.value.fields} == {field}


def test_roles_are_named(database: Database, anne: Actor) -> None:
    records.execute(database, add_role, AddRole(key="stock", title_fr="Stock", title_en="Stock"), anne)
    records.execute(database, change_role, ChangeRole(key="stock", title_fr="Dépôt", title_en="Depot"), anne)
    with pytest.raises(Conflict, match="key_taken"):
        records.execute(database, add_role, AddRole(key="sales", title_fr="S", title_en="S"), anne)
    with pytest.raises(InvalidInput):
        records.execute(database, add_role, AddRole(key="No Key", title_fr="", title_en="S"), anne)
    with database.reading() as session:
        found = {each.key: (each.title["fr"], each.people) for each in directory.roles(session)}
    assert found == {"admin": ("Admin", 1), "audit": ("Audit", 0), "sales": ("Sales", 0), "stock": ("Dépôt", 0)}


def test_people_are_listed_page_by_page(database: Database, anne: Actor) -> None:
    for login in ("bob", "carla", "dan", "eve"):
        add(database, anne, login)
    with database.reading() as session:
        first = directory.people_page(session, limit=3)
        rest = directory.people_page(session, after=first.next, limit=3)
        assert [each.login for each in (*first.people, *rest.people)] == ["anne", "bob", "carla", "dan", "eve"]
        assert rest.next is None
        assert [each.login for each in directory.people_page(session, search="AR").people] == ["carla"]
        assert directory.people_page(session, search="%").people == ()


def test_one_password_tried_on_many_accounts_is_slowed_down(database: Database, anne: Actor) -> None:
    for number in range(throttle.FREE_TRIES_OF_ADDRESS):
        with pytest.raises(NotAllowed, match="sign_in_refused"):
            people.authenticate(database, f"nobody{number}", "x", NOW, "192.0.2.1")
    with pytest.raises(NotAllowed, match="sign_in_throttled_address"):
        people.authenticate(database, "anne", GOOD, NOW, "192.0.2.1")
    assert people.authenticate(database, "anne", GOOD, NOW, "192.0.2.2") == anne
    later = NOW + timedelta(seconds=30)
    assert people.authenticate(database, "anne", GOOD, later, "192.0.2.1") == anne
    # who has an account gets no new guesses at others by it
    with pytest.raises(NotAllowed, match="sign_in_refused"):
        people.authenticate(database, "bob", "x", later, "192.0.2.1")
    with pytest.raises(NotAllowed, match="sign_in_throttled_address"):
        people.authenticate(database, "bob", "x", later, "192.0.2.1")


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36 Edg/150.0",
            "Edge · Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Mobile Safari/604.1",
            "Safari · iPhone",
        ),
        ("curl/8.1", "curl/8.1"),
        ("", ""),
    ],
)
def test_a_browser_is_called_by_its_name(agent: str, name: str) -> None:
    assert browser_of(agent) == name


def test_a_change_takes_as_many_statements_for_one_membership_as_for_twenty(database: Database, anne: Actor) -> None:
    for number in range(20):
        records.execute(database, add_role, AddRole(key=f"role_{number}", title_fr="R", title_en="R"), anne, now=NOW)
        add(database, anne, f"colleague{number}", held("sales"))
    add(database, anne, "bob")
    said: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(database.engine, "before_cursor_execute", hear)
    counts = []
    for many in (1, 20):
        said.clear()
        wanted = [held(f"role_{number}") for number in range(many)]

        records.execute(database, change_person, change("bob", *wanted), anne, now=NOW)
        counts.append(len(said))
    assert counts[0] == counts[1] <= 16
