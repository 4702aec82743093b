"""A checkpoint that was mailed is what the verifier holds a later history against: the receiver needs nothing else of us."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from engine import records
from engine.database.session import Database
from engine.errors import NotFound, WrongState
from engine.handler import SYSTEM
from engine.history import verifier
from engine.mail import checkpoints, letters, outbox, sending
from engine.mail.checkpoints import SendCheckpoint, send_checkpoint, send_daily
from engine.mail.sending import Mailing
from engine.mail.settings import SetPlan, set_plan
from engine.records import queries
from tests.engine.history.conftest import MakeCase, MoreEvents, make_case, more_events, version_id
from tests.engine.history.whole import checkpoint, exported, number_all, signer_in
from tests.engine.mail.conftest import SECRET, Post

__all__ = ["make_case", "more_events", "version_id"]

PARIS = ZoneInfo("Europe/Paris")
SUNDAY = datetime(2026, 11, 22, 7, tzinfo=UTC)
"""Eight o'clock in Paris."""
READERS = ("audit@cabinet.example", "compta@expert.example")


def plan(database: Database, *readers: str) -> None:
    given = SetPlan(site="https://b.example", digest_at=time(8), checkpoint_to=readers)
    records.execute(database, set_plan, given, SYSTEM)


def daily(database: Database, now: datetime) -> int:
    with database.transaction() as session:
        return send_daily(session, PARIS, now)


def send_all(database: Database) -> None:
    with database.reading() as session:
        waiting = [each.id for each in letters.page(session, state="waiting")]
    for each in waiting:
        sending.send(database, Mailing(secret_key=SECRET), each, 1)


def verified(history: Path, kept: Path, key: str) -> subprocess.CompletedProcess[str]:
    """As the receiver runs it, on a machine of their own."""
    command = [sys.executable, "-I", verifier.__file__, str(history), "--checkpoint", str(kept), "--key", key]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_attachment_proves_what_came_before_and_finds_what_was_changed(  # noqa: PLR0917 - fixtures
    database: Database,
    post: Post,
    set_up: Callable[..., None],
    make_case: MakeCase,
    more_events: MoreEvents,
    tmp_path: Path,
) -> None:
    set_up(post.port)
    plan(database, *READERS)
    signer = signer_in(tmp_path)
    case = make_case(4)
    made = checkpoint(database, signer)
    assert made is not None
    assert daily(database, SUNDAY) == 2
    send_all(database)

    assert sorted(each["To"] for each in post.taken) == list(READERS)
    mail = next(each for each in post.taken if each["To"] == READERS[0])
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == made.file_name
    assert attached.get_content() == made.text
    plain = mail.get_body(("plain",))
    assert plain is not None
    said = plain.get_content()
    assert f"python3 verifier.py history.jsonl --checkpoint {made.file_name} --key {signer.public_key.hex()}" in said
    assert "Keep this e-mail." in said
    kept = tmp_path / "from-the-mailbox.json"
    kept.write_bytes(attached.get_content())

    more_events(case, 5)
    checkpoint(database, signer, hours=2)
    history = tmp_path / "history.jsonl"
    history.write_bytes(b"".join(exported(database)))
    done = verified(history, kept, signer.public_key.hex())
    assert (done.returncode, done.stderr) == (0, "")
    copied = tmp_path / "copied-from-the-text.json"  # by who lost the attachment
    copied.write_text(said[said.rindex("{") : said.rindex("}") + 1])
    assert verified(history, copied, signer.public_key.hex()).returncode == 0

    with database.transaction() as session:  # as somebody with all rights would: chain and order after it made anew
        session.execute(text("ALTER TABLE engine.event DISABLE TRIGGER ALL"))
        session.execute(text("UPDATE engine.event SET actor = 'nobody' WHERE sequence = 2"))
    history.write_bytes(b"".join(exported(database)))
    assert verified(history, kept, signer.public_key.hex()).returncode == 1


def test_each_day_each_reader_gets_one(database: Database, make_case: MakeCase, tmp_path: Path) -> None:
    assert daily(database, SUNDAY) == 0  # nobody
    plan(database, *READERS)
    with database.transaction() as session:
        session.execute(text("DELETE FROM engine.history_pending"))
    assert daily(database, SUNDAY) == 0  # nothing was signed yet
    make_case(3)
    checkpoint(database, signer_in(tmp_path))
    assert daily(database, SUNDAY - timedelta(seconds=1)) == 0
    assert daily(database, SUNDAY) == 2
    assert daily(database, SUNDAY + timedelta(hours=10)) == 0
    assert daily(database, SUNDAY + timedelta(days=1)) == 2
    plan(database, *READERS, "third@cabinet.example")
    assert daily(database, SUNDAY + timedelta(days=1, hours=1)) == 1


def test_one_that_was_asked_for_is_held_and_stands_in_the_history(
    database: Database, make_case: MakeCase, tmp_path: Path
) -> None:
    asked = SendCheckpoint(zone="Europe/Paris")
    with pytest.raises(WrongState, match="mail_without_readers"):
        records.execute(database, send_checkpoint, asked, SYSTEM, now=SUNDAY)
    plan(database, *READERS)
    with pytest.raises(NotFound, match="mail_no_checkpoint"):
        records.execute(database, send_checkpoint, asked, SYSTEM, now=SUNDAY)
    make_case(3)
    number_all(database)
    made = checkpoint(database, signer_in(tmp_path))
    assert made is not None
    assert records.execute(database, send_checkpoint, asked, SYSTEM, now=SUNDAY).answer == 2
    with database.transaction() as session:
        assert outbox.promote(session, SUNDAY + checkpoints.HELD - timedelta(seconds=1)) == 0
        assert outbox.promote(session, SUNDAY + checkpoints.HELD) == 2
    with database.reading() as session:
        (entry, *_) = queries.history(session, "mail_plan", "company")
    assert (entry.type, entry.facts["checkpoint"], entry.facts["checkpoint_to"]) == (
        "checkpoint:mailed",
        made.number,
        list(READERS),
    )
