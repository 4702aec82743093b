from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from engine import clock, records
from engine.database.session import Database
from engine.errors import WrongState
from engine.handler import SYSTEM, HandlerTable
from engine.identity import people
from engine.instances import commands as operating
from engine.instances.runtime import Runtime
from engine.letter import Attachment, Letter, ToAddress, ToPerson, ToRole, write
from engine.mail import commands, letters, outbox, sending
from engine.mail.commands import ConfirmLetter, SendAgain, SendTest, TakeBack
from engine.mail.letters import Posted
from engine.mail.sending import Mailing
from engine.worker import run_pending
from tests.crash.product import free_port
from tests.engine.mail.conftest import SECRET, Post

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def letter(key: str = "one", **changes: Any) -> Letter:
    given: dict[str, Any] = {
        "key": key,
        "kind": "notice",
        "to": ToAddress(address="you@example.com"),
        "locale": "fr",
        "subject": "Votre demande",
        "body": "C’est fait.\n",
    }
    return Letter(**(given | changes))


@pytest.fixture
def runtime(database: Database) -> Runtime:
    return Runtime(database=database, handlers=HandlerTable.of([], []), mailing=Mailing(secret_key=SECRET))


def put(runtime: Runtime, wanted: Letter, now: datetime | None = None) -> tuple[int, ...]:
    with runtime.database.transaction() as session:
        return write(session, wanted, now or clock.now(), "olga")


def go(runtime: Runtime, now: datetime | None = None) -> None:
    """What the worker does, without its queue."""
    with runtime.database.transaction() as session:
        outbox.promote(session, now or clock.now())
        jobs = "SELECT id, (args ->> 'letter_id')::bigint, (args ->> 'round')::int FROM jobs.procrastinate_jobs"
        queued = session.execute(text(jobs)).all()
        session.execute(text("DELETE FROM jobs.procrastinate_jobs"))
    for _, number, round_ in queued:
        sending.send(runtime.database, runtime.mailing, number, round_)


def seen(runtime: Runtime, number: int) -> Posted:
    with runtime.database.reading() as session:
        return letters.find(session, number)


def incidents(runtime: Runtime) -> list[tuple[Any, ...]]:
    with runtime.database.reading() as session:
        rows = session.execute(text("SELECT id, code, resolved_at IS NULL FROM engine.incident ORDER BY id"))
        return [tuple(row) for row in rows]


def test_a_letter_goes_once_with_all_that_it_has(runtime: Runtime, post: Post, set_up: Callable[..., None]) -> None:
    set_up(post.port, login="house", password="open sesame", reply_to="accueil@prost.example")
    wanted = letter(html="<p>C’est fait.</p>", attachment=Attachment(name="c-1.json", content=b'{"a":1}\n'))
    (number,) = put(runtime, wanted)
    assert put(runtime, wanted) == ()
    for _ in range(2):
        with runtime.database.transaction() as session:
            outbox.promote(session, clock.now())
        run_pending(runtime)
    (mail,) = post.taken
    assert mail["From"] == "Menuiserie Prost <bordereau@prost.example>"
    assert (mail["To"], mail["Reply-To"], mail["Subject"]) == (
        "you@example.com",
        "accueil@prost.example",
        "Votre demande",
    )
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == "<http://127.0.0.1:8000/account/notices>"
    assert mail["Message-ID"].endswith("@prost.example>")
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().strip() == "C’est fait."
    assert [each.get_content() for each in mail.iter_attachments()] == [b'{"a":1}\n']
    after = seen(runtime, number)
    assert (after.state, after.way, after.said) == ("sent", "smtp", "250 Taken")


def test_people_and_roles_get_one_each_where_they_have_an_address(
    runtime: Runtime, post: Post, set_up: Callable[..., None]
) -> None:
    set_up(post.port)
    with runtime.database.transaction() as session:
        people.add_role(session, "clerk", "Clerc", "Clerk")
        for login, address in (("ann", "ann@prost.example"), ("bob", ""), ("cid", "cid@prost.example")):
            people.add_person(
                session, login=login, name=login.title(), email=address, password=None, roles=["clerk"], locale="fr"
            )
        people.deactivate(session, "cid")
    assert len(put(runtime, letter("to a role", to=ToRole(role="clerk")))) == 1
    assert put(runtime, letter("to nobody", to=ToPerson(login="bob"))) == ()
    go(runtime)
    assert [each["To"] for each in post.taken] == ["Ann <ann@prost.example>"]


def test_what_is_held_can_be_taken_back_and_then_never_goes(
    runtime: Runtime, post: Post, set_up: Callable[..., None]
) -> None:
    set_up(post.port)
    (number,) = put(runtime, letter(held_until=NOW + timedelta(minutes=1)), NOW)
    go(runtime, NOW + timedelta(seconds=59))
    assert seen(runtime, number).is_held
    records.execute(runtime.database, commands.take_back, TakeBack(letter=number), SYSTEM)
    go(runtime, NOW + timedelta(hours=1))
    assert (post.taken, seen(runtime, number).state) == ([], "taken_back")
    with pytest.raises(WrongState, match="letter_gone"):
        records.execute(runtime.database, commands.take_back, TakeBack(letter=number), SYSTEM)


def test_a_busy_server_is_tried_again_and_one_that_stays_away_is_an_incident(
    runtime: Runtime, post: Post, set_up: Callable[..., None]
) -> None:
    set_up(post.port)
    post.answers = ["451 Later"]
    (number,) = put(runtime, letter())
    go(runtime)
    after = seen(runtime, number)
    assert (after.state, after.code, after.said, after.attempts) == ("waiting", "mail_text_refused", "451 Later", 1)
    go(runtime, clock.now() + timedelta(minutes=1, seconds=1))
    assert (len(post.taken), seen(runtime, number).state) == (1, "sent")

    set_up(free_port())
    (lost,) = put(runtime, letter("lost"))
    for _ in sending.WAITS:
        go(runtime, clock.now() + timedelta(days=1))
        assert incidents(runtime) == []
    go(runtime, clock.now() + timedelta(days=1))
    after = seen(runtime, lost)
    assert (after.state, after.code) == ("refused", "mail_server_unreachable")
    ((incident, code, is_open),) = incidents(runtime)
    assert (code, is_open) == ("letter_not_sent", True)

    set_up(post.port)
    with runtime.database.transaction() as session:
        people.add_role(session, "process_owner", "p", "p")
        owner = people.add_person(
            session, login="olga", name="Olga", email="", password=None, roles=["process_owner"], locale="fr"
        )
    operating.retry_incident(runtime, owner, incident)
    go(runtime)
    assert (len(post.taken), seen(runtime, lost).state) == (2, "sent")


def test_a_refused_receiver_is_final_and_no_incident(runtime: Runtime, post: Post, set_up: Callable[..., None]) -> None:
    set_up(post.port)
    post.receiver_answer = "550 No\tsuch user"
    (number,) = put(runtime, letter())
    go(runtime)
    after = seen(runtime, number)
    assert (after.state, after.code, after.said) == ("refused", "mail_receiver_refused", "550 No such user")
    assert incidents(runtime) == []
    post.receiver_answer = ""
    records.execute(runtime.database, commands.send_again, SendAgain(letter=number), SYSTEM)
    go(runtime)
    assert (len(post.taken), seen(runtime, number).state) == (1, "sent")
    with pytest.raises(WrongState, match="letter_not_stopped"):
        records.execute(runtime.database, commands.send_again, SendAgain(letter=number), SYSTEM)


HOSTILE = (
    "you@example.com\r\nBcc: all@example.com",
    "a@b.example, c@d.example",
    "<a@b.example>",
    "é@b.example",
    '"a b"@c.example',
    "",
)


def test_a_hostile_address_gets_nothing(runtime: Runtime, post: Post, set_up: Callable[..., None]) -> None:
    set_up(post.port)
    for address in HOSTILE:
        (number,) = put(runtime, letter(address, to=ToAddress(address=address)))
        sending.send(runtime.database, runtime.mailing, number, 1)
        assert (post.taken, seen(runtime, number).code) == ([], "mail_address_unusable"), address


def test_a_hostile_subject_or_name_stays_in_its_line(runtime: Runtime, post: Post, set_up: Callable[..., None]) -> None:
    set_up(post.port)
    with runtime.database.transaction() as session:
        people.add_person(
            session,
            login="eve",
            name='Eve"\r\nBcc: all@example.com',
            email="eve@prost.example",
            password=None,
            roles=[],
            locale="fr",
        )
    put(
        runtime,
        letter(to=ToPerson(login="eve"), subject="Bonjour\r\nBcc: all@example.com\r\n\r\nautre", body=".\r\n.\r\nfin"),
    )
    go(runtime)
    (mail,) = post.taken
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Bonjour Bcc: all@example.com autre"
    assert mail["To"] == "eve@prost.example"
    assert post.envelopes[0].rcpt_tos == ["eve@prost.example"]
    assert mail.get_content().split() == [".", ".", "fin"]


def test_whoever_finds_a_letter_begun_sends_nothing_and_asks(
    runtime: Runtime, post: Post, set_up: Callable[..., None]
) -> None:
    set_up(post.port)
    (number,) = put(runtime, letter())
    with runtime.database.transaction() as session:
        assert outbox.begin(session, number, 1, NOW)  # and whoever did so died
    sending.send(runtime.database, runtime.mailing, number, 1)
    assert (post.taken, seen(runtime, number).state) == ([], "uncertain")
    sending.send(runtime.database, runtime.mailing, number, 1)  # the same job, once more
    assert [(code, is_open) for _, code, is_open in incidents(runtime)] == [("letter_uncertain", True)]
    records.execute(runtime.database, commands.confirm_letter, ConfirmLetter(letter=number), SYSTEM)
    assert [(code, is_open) for _, code, is_open in incidents(runtime)] == [("letter_uncertain", False)]
    assert (post.taken, seen(runtime, number).state) == ([], "sent")


def test_without_a_server_the_demonstration_keeps_letters_and_a_company_is_told(runtime: Runtime) -> None:
    (number,) = put(runtime, letter())
    sending.send(runtime.database, runtime.mailing, number, 1)
    assert (seen(runtime, number).state, seen(runtime, number).code) == ("refused", "mail_not_set_up")
    (kept,) = put(runtime, letter("kept"))
    sending.send(runtime.database, Mailing(is_demonstration=True), kept, 1)
    assert (seen(runtime, kept).state, seen(runtime, kept).way) == ("sent", "demonstration")


def test_a_test_mail_says_at_once_what_is_wrong(runtime: Runtime, post: Post, set_up: Callable[..., None]) -> None:
    set_up(post.port, login="house", password="wrong")
    done = records.execute(runtime.database, commands.send_test, SendTest(address="me@prost.example"), SYSTEM)
    go(runtime)
    after = seen(runtime, done.answer)
    assert (after.state, after.code) == ("refused", "mail_sign_in_refused")
    assert after.said is not None
    assert after.said.startswith("535")
    assert "wrong" not in after.said
    # sealed with another key: nobody can read it, and it says so
    sending.send(runtime.database, Mailing(secret_key="another"), put(runtime, letter("other", kind="test"))[0], 1)
    with runtime.database.reading() as session:
        assert letters.page(session, limit=1)[0].code == "mail_password_unreadable"


def test_texts_go_after_a_month_and_the_rest_stays(runtime: Runtime) -> None:
    """Of a notice the subject goes too: it names the task, and with it what the task is about."""
    numbers = [*put(runtime, letter("a", kind="process")), *put(runtime, letter("b"))]
    for each in numbers:
        sending.send(runtime.database, Mailing(is_demonstration=True), each, 1)
    with runtime.database.transaction() as session:
        outbox.forget_texts(session, clock.now() + timedelta(days=29))
    assert [seen(runtime, each).body for each in numbers] == ["C’est fait.\n"] * 2
    with runtime.database.transaction() as session:
        outbox.forget_texts(session, clock.now() + timedelta(days=31))
    left = [(seen(runtime, each).body, seen(runtime, each).subject) for each in numbers]
    assert left == [(None, "Votre demande"), (None, "")]
