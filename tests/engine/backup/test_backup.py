"""Backup → wipe → restore → verified: the whole company comes back on a real PostgreSQL, and nothing less passes for it."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import make_url, text

from engine import cli, clock, records
from engine.backup import container, making, restoring
from engine.backup.container import BackupUnusable
from engine.backup.heads import heads
from engine.database import dump
from engine.database.migrations import current_heads, newest_heads, upgrade
from engine.database.session import Database
from engine.errors import WrongState
from engine.handler import SYSTEM, HandlerTable
from engine.history import keeping, signing
from engine.history.verification import verify_all
from engine.identity import company, people
from engine.identity.group_commands import AddRole, add_role
from engine.identity.person_commands import AddPerson, DeactivatePerson, add_person, deactivate_person
from engine.instances import erased, papers
from engine.instances.commands import start_instance
from engine.instances.erased import ErasuresUnusable
from engine.instances.erasing import ErasePersonal, erase_personal
from engine.instances.runtime import Runtime
from engine.settings import Settings
from engine.worker import run_pending
from tests.conftest import execute, with_database
from tests.engine.processes import parcels
from tests.engine.processes.parcels import CLERK

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def filled(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A database with cases, records, keys and a signed checkpoint, and something recorded after it; with its data folder. To be cloned:
    publishing a process takes seconds.
    """
    name = f"{make_url(template_url).database}_{os.getpid()}_filled"
    clone(template_url, template_url, name)
    database = Database(with_database(template_url, name))
    settings = Settings(data_folder=tmp_path_factory.mktemp("filled") / "data", database_url=database.url)
    runtime = parcels.prepare(database)
    for _ in range(2):
        start_instance(runtime, CLERK, "parcel", {"article": "hat", "worth": "1"})
    records.execute(database, add_role, AddRole(key="stock", title_fr="Dépôt", title_en="Depot"), SYSTEM)
    signing.ensure_key(settings.checkpoint_key)
    assert settings.secret_key
    where = keeping.Keeping(key_file=settings.checkpoint_key, folder=settings.checkpoints)
    assert keeping.sign(database, where, clock.now())
    start_instance(runtime, CLERK, "parcel", {"article": "hat", "worth": "1"})
    keeping.number_all(database)
    database.dispose()
    yield database.url, settings.data_folder
    execute(template_url, f'DROP DATABASE "{name}" WITH (FORCE)')


def clone(admin_url: str, url: str, name: str) -> None:
    execute(admin_url, f'CREATE DATABASE "{name}" TEMPLATE "{make_url(url).database}" STRATEGY FILE_COPY')


@pytest.fixture
def settings(filled: tuple[str, Path], tmp_path: Path) -> Settings:
    shutil.copytree(filled[1], tmp_path / "data")
    return Settings(data_folder=tmp_path / "data")


@pytest.fixture
def busy(filled: tuple[str, Path], template_url: str) -> Iterator[Database]:
    """A clone of it for one test."""
    name = f"{make_url(template_url).database}_{os.getpid()}_busy_{next(_numbers)}"
    clone(template_url, filled[0], name)
    database = Database(with_database(template_url, name))
    yield database
    database.dispose()
    execute(template_url, f'DROP DATABASE "{name}" WITH (FORCE)')


def wipe(database: Database, settings: Settings) -> None:
    with database.transaction() as session:
        dump.clear(session)
    database.dispose()
    shutil.rmtree(settings.data_folder)


def counts(database: Database) -> dict[str, int]:
    """How many rows each of our tables has."""
    with database.reading() as session:
        tables = session.scalars(
            text("""
                SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
                WHERE schemaname IN ('engine', 'business', 'jobs') ORDER BY 1
            """)
        ).all()
        found = {each: int(session.execute(text(f"SELECT count(*) FROM {each}")).scalar_one()) for each in tables}
    database.dispose()
    return found


def test_everything_comes_back_and_is_verified(busy: Database, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "b.bordereau"
    before = counts(busy)
    key, secret = settings.checkpoint_key.read_bytes(), settings.secret_key
    made = making.make(busy, settings, file, clock.now())
    assert made.cases == 3
    assert made.data_files == ("checkpoint_key", "checkpoints/checkpoint-000001.json", "secret_key")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    wipe(busy, settings)
    restored = restoring.restore(busy, settings, file, clock.now())
    assert restored.is_whole
    assert restored.report.cases == 3
    assert restored.other_settings == {}
    came_back = counts(busy)
    noted = ("engine.restoration", "engine.record_chain", "engine.record_event", "engine.history_order")
    assert {each: came_back.pop(each) - before.pop(each) for each in noted} == dict.fromkeys(noted, 1)
    assert came_back == before
    assert (settings.checkpoint_key.read_bytes(), settings.secret_key) == (key, secret)
    assert stat.S_IMODE(settings.checkpoint_key.stat().st_mode) == 0o600
    # and the company goes on: a case begins, the history grows, the next checkpoint is signed by the same key
    records.execute(busy, add_role, AddRole(key="more", title_fr="Plus", title_en="More"), SYSTEM)
    where = keeping.Keeping(key_file=settings.checkpoint_key, folder=settings.checkpoints)
    assert [each.number for each in keeping.sign(busy, where, clock.now())] == [2]
    with busy.reading() as session:
        assert verify_all(session).is_whole


def test_the_list_of_erasures_is_written_with_each(busy: Database, tmp_path: Path) -> None:
    """By a job of the same transaction: whatever is erased, however; what was not erased after all is in no list."""
    where = keeping.Keeping(key_file=tmp_path / "key", folder=tmp_path / "points")
    runtime = Runtime(database=busy, handlers=HandlerTable.of((), ()), keeping=where)
    owner = replace(SYSTEM, login="olga", roles=frozenset({"process_owner"}))
    said = papers.comment(busy, owner, 1, "She called.")
    file = papers.attach(busy, owner, 1, "call.txt", b"She called.")
    with busy.transaction() as session:
        people.add_role(session, "admin", "Admin", "Admin")
        people.add_person(session, login="ada", name="Ada", email="", password=None, roles=("admin",), locale="fr")
    zoe = AddPerson(login="zoe", name="Zoé Morel", email="zoe@ici.example", locale="fr")
    records.execute(busy, add_person, zoe, SYSTEM)
    with pytest.raises(WrongState):
        records.execute(busy, erase_personal, ErasePersonal(subject="person/zoe", because="asked"), SYSTEM)
    run_pending(runtime)
    assert not (where.folder / erased.FILE).exists()
    records.execute(busy, deactivate_person, DeactivatePerson(login="zoe"), SYSTEM)

    def listed() -> list[tuple[str, str]]:
        run_pending(runtime)
        return [(each.what, each.key) for each in erased.read(where.folder / erased.FILE)]

    papers.remove_comment(busy, owner, said)
    assert listed() == [("comment", str(said))]
    papers.remove_file(busy, owner, file)
    assert listed()[1:] == [("file", str(file))]
    records.execute(busy, erase_personal, ErasePersonal(subject="person/zoe", because="asked"), SYSTEM)
    assert listed()[2:] == [("subject", "person/zoe")]


def test_what_was_erased_since_is_erased_again(busy: Database, settings: Settings, tmp_path: Path) -> None:
    owner = replace(SYSTEM, login="olga", roles=frozenset({"process_owner"}))
    said, kept = papers.comment(busy, owner, 1, "She called."), papers.comment(busy, owner, 1, "Nothing of anybody.")
    with busy.transaction() as session:
        people.add_role(session, "admin", "Admin", "Admin")
        people.add_person(session, login="ada", name="Ada", email="", password=None, roles=("admin",), locale="fr")
    zoe = AddPerson(login="zoe", name="Zoé Morel", email="zoe@ici.example", locale="fr")
    records.execute(busy, add_person, zoe, SYSTEM)
    records.execute(busy, deactivate_person, DeactivatePerson(login="zoe"), SYSTEM)
    file = tmp_path / "b.bordereau"
    making.make(busy, settings, file, clock.now() - timedelta(minutes=5))
    papers.remove_comment(busy, owner, said)
    records.execute(busy, erase_personal, ErasePersonal(subject="person/zoe", because="asked"), SYSTEM)
    erased.keep(busy, tmp_path)
    content = (tmp_path / erased.FILE).read_text()
    assert "Zoé" not in content
    assert "called" not in content
    erasures = erased.read(tmp_path / erased.FILE)
    assert [(each.what, each.key) for each in erasures] == [("comment", str(said)), ("subject", "person/zoe")]

    def state() -> tuple[list[str | None], str]:
        with busy.reading() as session:
            bodies = session.scalars(text("SELECT body FROM engine.comment ORDER BY id")).all()
            name = session.execute(text("SELECT name FROM engine.person WHERE login = 'zoe'")).scalar_one()
            assert verify_all(session).is_whole
        busy.dispose()
        return list(bodies), name

    wipe(busy, settings)
    without = restoring.restore(busy, settings, file, clock.now())
    assert (without.repeated, without.is_whole) == (None, True)
    assert state() == (["She called.", "Nothing of anybody."], "Zoé Morel")
    # the list that was kept elsewhere
    found = restoring.restore(busy, settings, file, clock.now(), save_first=lambda: None, erasures=erasures)
    assert found.repeated is not None
    assert (found.repeated.done, found.repeated.refused, found.is_whole) == (2, (), True)
    assert state() == ([None, "Nothing of anybody."], "zoe")
    # what the database says that is replaced
    again = restoring.restore(busy, settings, file, clock.now(), save_first=lambda: None)
    assert again.repeated is not None
    assert again.repeated.done == 2
    assert state() == ([None, "Nothing of anybody."], "zoe")
    assert kept
    (tmp_path / "no.jsonl").write_text("{}\n")
    with pytest.raises(ErasuresUnusable):
        erased.read(tmp_path / "no.jsonl")


def test_the_list_keeps_what_could_not_be_erased_again(busy: Database, settings: Settings, tmp_path: Path) -> None:
    """The account was open when the backup was made: until somebody closes and erases it, its line is all that tells of it."""
    owner = replace(SYSTEM, login="olga", roles=frozenset({"process_owner"}))
    said = papers.comment(busy, owner, 1, "She called.")
    papers.remove_comment(busy, owner, said)
    with busy.transaction() as session:
        people.add_role(session, "admin", "Admin", "Admin")
        people.add_person(session, login="ada", name="Ada", email="", password=None, roles=("admin",), locale="fr")
    zoe = AddPerson(login="zoe", name="Zoé Morel", email="zoe@ici.example", locale="fr")
    records.execute(busy, add_person, zoe, SYSTEM)
    erased.keep(busy, settings.checkpoints)
    file = tmp_path / "b.bordereau"
    making.make(busy, settings, file, clock.now() - timedelta(minutes=5))
    records.execute(busy, deactivate_person, DeactivatePerson(login="zoe"), SYSTEM)
    records.execute(busy, erase_personal, ErasePersonal(subject="person/zoe", because="asked"), SYSTEM)
    erased.keep(busy, settings.checkpoints)
    wanted = [("comment", str(said)), ("subject", "person/zoe")]

    def listed() -> list[tuple[str, str]]:
        return sorted((each.what, each.key) for each in erased.read(settings.checkpoints / erased.FILE))

    assert listed() == wanted
    found = restoring.restore(busy, settings, file, clock.now(), save_first=lambda: None)
    assert found.repeated is not None
    assert [each.key for each, _ in found.repeated.refused] == ["person/zoe"]
    assert listed() == wanted
    erased.keep(busy, settings.checkpoints)
    assert listed() == wanted
    records.execute(busy, deactivate_person, DeactivatePerson(login="zoe"), SYSTEM)
    records.execute(busy, erase_personal, ErasePersonal(subject="person/zoe", because="asked again"), SYSTEM)
    erased.keep(busy, settings.checkpoints)
    assert listed() == wanted


def test_history_still_only_grows_after_a_restore(busy: Database, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "b.bordereau"
    making.make(busy, settings, file, clock.now())
    wipe(busy, settings)
    restoring.restore(busy, settings, file, clock.now())
    for table in ("event", "record_event", "definition_event", "refusal_event", "history_order", "history_checkpoint"):
        with pytest.raises(Exception, match="only grows"), busy.transaction() as session:
            session.execute(text(f"TRUNCATE engine.{table}"))
    with busy.reading() as session:
        always = text("SELECT count(*) FROM pg_trigger WHERE tgenabled = 'A'")
        assert session.execute(always).scalar_one() >= 12


def test_a_database_with_something_in_it_is_left_alone(busy: Database, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "b.bordereau"
    making.make(busy, settings, file, clock.now())
    before = counts(busy)
    with pytest.raises(WrongState, match="restore_not_empty"):
        restoring.restore(busy, settings, file, clock.now())
    assert counts(busy) == before
    saved: list[bool] = []
    with busy.transaction() as session:
        people.add_role(session, "later", "x", "x")
    busy.dispose()
    assert restoring.restore(busy, settings, file, clock.now(), save_first=lambda: saved.append(True)).is_whole
    assert saved == [True]
    with busy.reading() as session:
        assert "later" not in people.role_keys(session)


def test_what_runs_is_not_replaced_under_its_feet(busy: Database, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "b.bordereau"
    making.make(busy, settings, file, clock.now())
    other = Database(busy.url)
    try:
        with other.reading() as session:
            session.execute(text("SELECT 1"))
            with pytest.raises(WrongState, match="restore_in_use"):
                restoring.restore(busy, settings, file, clock.now(), save_first=lambda: None)
    finally:
        other.dispose()


def test_another_key_is_not_overwritten(busy: Database, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "b.bordereau"
    making.make(busy, settings, file, clock.now())
    wipe(busy, settings)
    signing.ensure_key(settings.checkpoint_key)
    with pytest.raises(WrongState, match="restore_other_key"):
        restoring.restore(busy, settings, file, clock.now())
    with busy.reading() as session:
        assert dump.is_empty(session)


def test_a_key_that_is_replaced_is_kept_although_there_is_no_database_to_save(
    busy: Database, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "b.bordereau"
    making.make(busy, settings, file, clock.now())
    brought = settings.checkpoint_key.read_bytes()
    wipe(busy, settings)
    signing.ensure_key(settings.checkpoint_key)
    mine = settings.checkpoint_key.read_bytes()
    restoring.restore(busy, settings, file, clock.now(), save_first=lambda: pytest.fail("there is nothing to save"))
    assert settings.checkpoint_key.read_bytes() == brought
    (kept,) = (settings.data_folder / "backups").iterdir()
    assert kept.name.endswith("-before-restore-checkpoint_key")
    assert (kept.read_bytes(), stat.S_IMODE(kept.stat().st_mode)) == (mine, 0o600)


def flip(file: Path, member: str) -> None:
    """Change one byte of a member, in place."""
    with zipfile.ZipFile(file) as packed:
        info = packed.getinfo(member)
        start = info.header_offset + 30 + len(info.filename.encode()) + 20
    content = bytearray(file.read_bytes())
    content[start + info.file_size // 2] ^= 1
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1000])


def rewrite(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    """Write the file anew with another description."""

    def act(file: Path) -> None:
        with zipfile.ZipFile(file) as packed:
            members = {each: packed.read(each) for each in packed.namelist()}
        about = json.loads(members["backup.json"])
        change(about)
        members["backup.json"] = json.dumps(about).encode()
        with zipfile.ZipFile(file, "w") as packed:
            for name, content in members.items():
                packed.writestr(name, content)

    return act


def smuggle(file: Path) -> None:
    def change(about: dict[str, object]) -> None:
        members = about["members"]
        assert isinstance(members, dict)
        members["data/../../evil"] = members.pop("data/secret_key")

    rewrite(change)(file)


@pytest.mark.parametrize(
    "harm",
    [
        cut,
        lambda file: flip(file, "database.dump"),
        lambda file: flip(file, "data/checkpoint_key"),
        smuggle,
        rewrite(lambda about: about.update(format="bordereau-backup/9")),
        rewrite(lambda about: about.update(revisions=["engine_9999"])),
        rewrite(lambda about: about.pop("heads")),
        lambda file: file.write_bytes(b"no zip"),
        lambda file: file.unlink(),
    ],
    ids=["cut", "dump", "key", "smuggled", "format", "newer", "incomplete", "no zip", "missing"],
)
def test_a_damaged_backup_touches_nothing(
    busy: Database, settings: Settings, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    file = tmp_path / "b.bordereau"
    making.make(busy, settings, file, clock.now())
    wipe(busy, settings)
    harm(file)
    with pytest.raises(BackupUnusable):
        restoring.restore(busy, settings, file, clock.now())
    with busy.reading() as session:
        assert dump.is_empty(session)
    assert not settings.checkpoint_key.exists()


@pytest.mark.parametrize(
    "harm",
    [
        cut,
        lambda file: flip(file, "database.dump"),
        rewrite(lambda about: about.update(revisions=["engine_9999"])),
        lambda file: file.unlink(),
    ],
    ids=["cut", "dump", "newer", "missing"],
)
def test_a_damaged_backup_leaves_a_new_folder_as_it_was(
    busy: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], None]
) -> None:
    """By the command, where no database is yet: no server is made for what cannot be brought back."""
    file = tmp_path / "b.bordereau"
    making.make(busy, settings, file, clock.now())
    harm(file)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("BORDEREAU_DATA", str(tmp_path / "new" / "data"))
    assert cli.run(("restore", str(file))) == 1
    assert not (tmp_path / "new").exists()


def test_another_key_leaves_a_folder_without_a_database_as_it_was(
    busy: Database,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "b.bordereau"
    making.make(busy, settings, file, clock.now())
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("BORDEREAU_DATA", str(tmp_path / "new"))
    signing.ensure_key(tmp_path / "new" / "checkpoint_key")
    code, said = run(capsys, "restore", str(file))
    assert (code, str(tmp_path / "new" / "checkpoint_key") in said) == (1, True)
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["checkpoint_key"]


def test_the_member_that_was_changed_is_named(busy: Database, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "b.bordereau"
    making.make(busy, settings, file, clock.now())
    flip(file, "database.dump")
    with pytest.raises(BackupUnusable) as refused:
        container.unpack(file, container.read(file), tmp_path / "unpacked")
    assert refused.value.facts["member"] == "database.dump"


def test_a_file_that_is_not_there_is_not_called_damaged(tmp_path: Path) -> None:
    with pytest.raises(BackupUnusable) as refused:
        container.read(tmp_path / "nowhere.bordereau")
    assert refused.value.code == "backup_not_found"


def test_a_backup_whose_history_was_changed_is_found_out(busy: Database, settings: Settings, tmp_path: Path) -> None:
    with busy.transaction() as session:
        session.execute(text("ALTER TABLE engine.record_event DISABLE TRIGGER USER"))
        session.execute(text("UPDATE engine.record_event SET actor = 'somebody else' WHERE kind = 'role'"))
        session.execute(text("ALTER TABLE engine.record_event ENABLE ALWAYS TRIGGER record_event_only_grows"))
    busy.dispose()
    file = tmp_path / "b.bordereau"
    making.make(busy, settings, file, clock.now())
    wipe(busy, settings)
    restored = restoring.restore(busy, settings, file, clock.now())
    assert restored.has_same_heads
    assert not restored.is_whole


def test_settings_that_are_others_now_are_told(busy: Database, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "b.bordereau"
    making.make(busy, settings, file, clock.now())
    wipe(busy, settings)
    elsewhere = replace(settings, zone=ZoneInfo("Indian/Reunion"))
    assert restoring.restore(busy, elsewhere, file, clock.now()).other_settings == {"BORDEREAU_ZONE": "Europe/Paris"}


def test_heads_tell_every_chain(busy: Database) -> None:
    with busy.reading() as session:
        found = heads(session)
    assert set(found) == {"case", "process", "record", "refusal"}
    assert (found["case"]["chains"], found["record"]["chains"]) == (3, 1)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = cli.run(arguments)
    said = capsys.readouterr()
    return code, said.out + said.err


@pytest.mark.long  # eight times a server is started
def test_a_real_company_begins_is_saved_wiped_and_restored(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole way with the command and the embedded database, as a person types it."""
    for variable in ("DATABASE_URL", "BORDEREAU_ZONE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("BORDEREAU_DATA", str(data_folder))
    monkeypatch.setenv("LC_ALL", "C")
    facts = ("--company", "Jura Joinery", "--login", "Marie", "--name", "Marie Curtil", "--zone", "Indian/Reunion")
    code, said = run(capsys, "init", *facts)
    assert code == 0, said
    assert "Sign-in code for marie" in said
    secret = said.split("one sign-in: ")[1].split()[0]
    code, said = run(capsys, "init", *facts)
    assert (code, "ready already" in said, secret in said) == (0, True, False)
    code, said = run(capsys, "init", *facts[:-1], "Europe/Paris")
    assert (code, "with other facts" in said) == (1, True)
    file = tmp_path / "company.bordereau"
    code, said = run(capsys, "backup", str(file))
    assert code == 0, said
    assert "not encrypted" in said
    assert run(capsys, "backup", str(file))[0] == 2
    shutil.rmtree(data_folder)
    code, said = run(capsys, "restore", str(file))
    assert code == 0, said
    assert "ends where it ended" in said
    assert run(capsys, "restore", str(file))[0] == 1
    code, said = run(capsys, "history", "verify")
    assert code == 0, said
    assert run(capsys, "database", "upgrade") == (0, "The database has this release’s tables already.\n")
    code, said = run(capsys, "people", "secret", "marie")
    assert code == 0, said
    assert secret not in said


def test_a_company_begins_in_an_empty_database_only(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BORDEREAU_DATA", str(settings.data_folder))
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("LC_ALL", "C")
    asked = ("init", "--company", "X", "--login", "anne", "--name", "Anne")
    code, said = run(capsys, *asked, "--zone", "Mars/Olympus")
    assert (code, "no known time zone" in said) == (2, True)
    code, said = run(capsys, "init", "--company", "X", "--login", "a b", "--name", "Anne")
    assert (code, "A login has" in said) == (2, True)
    with database.reading() as session:
        assert company.find(session) is None
        assert people.role_keys(session) == frozenset()
    with database.transaction() as session:
        people.add_person(
            session, login="bob", name="B", email="", password="demo", roles=(), locale="fr", may_be_weak=True
        )
    code, said = run(capsys, *asked)
    assert (code, "holds people already" in said) == (1, True)


def test_an_upgrade_saves_first(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(data_folder=tmp_path / "older")
    monkeypatch.setenv("BORDEREAU_DATA", str(settings.data_folder))
    monkeypatch.setenv("DATABASE_URL", database.url)
    with database.transaction() as session:
        dump.clear(session)
    # an older release: only the first tables
    with database.engine.begin() as connection:
        upgrade(connection, revision="engine_0006")
    database.dispose()
    code, said = run(capsys, "database", "upgrade")
    assert code == 0, said
    (saved,) = (settings.data_folder / "backups").iterdir()
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    with database.reading() as session:
        assert current_heads(session.connection()) == newest_heads()
    database.dispose()
    with database.transaction() as session:
        dump.clear(session)
    database.dispose()
    assert restoring.restore(database, settings, saved, clock.now()).is_whole
