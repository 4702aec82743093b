"""Publishing: what the gate finds, versions, drafts and their conflicts, folders."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.database.session import Database
from engine.definitions import drafts, gate, store
from engine.definitions.cache import BundleCache
from engine.errors import CommandRejected, Conflict, DefinitionError, NotAllowed, NotFound
from engine.handler import SYSTEM, HandlerTable
from engine.instances import overview
from engine.instances.commands import start_instance
from engine.instances.runtime import Runtime
from engine.model.bundle import Bundle, read_bundle
from tests import publishing
from tests.engine.processes import parcels
from tests.engine.processes.parcels import CHIEF, CLERK, HANDLERS, OWNER, ROLES


@pytest.fixture
def runtime(database: Database) -> Runtime:
    return parcels.prepare(database)


def changed(old: str, new: str, path: str = "parcel.bpmn") -> dict[str, bytes]:
    files = parcels.files()
    assert old.encode() in files[path]
    return files | {path: files[path].replace(old.encode(), new.encode())}


def codes(files: dict[str, bytes], handlers: HandlerTable = HANDLERS) -> set[tuple[str, str | None]]:
    return {(each.code, each.element_id) for each in gate.check(files, handlers, ROLES) if each.severity == "error"}


def test_the_process_of_the_tests_is_sound() -> None:
    assert codes(parcels.files()) == set()
    assert {each.code for each in gate.check(parcels.files(), HANDLERS)} == {"error_not_caught"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('type="parcel.record"', 'type="parcel.record_it"', {("handler_unknown", "record")}),
        (
            'target="worth"',
            'target="price"',
            {("handler_input_unknown", "record"), ("handler_input_missing", "record")},
        ),
        ('errorCode="article_unknown"', 'errorCode="article_gone"', {("error_never_raised", "unknown")}),
        ('candidateGroups="chief"', 'candidateGroups="cheif"', {("role_unknown", "approve")}),
        ('formId="weight"', 'formId="wait"', {("form_unknown", "weigh")}),
        ('value="weigh"', 'value="wiegh"', {("not_same_as_unknown", "approve")}),
    ],
)
def test_the_gate_names_the_element(old: str, new: str, expected: set[tuple[str, str]]) -> None:
    assert codes(changed(old, new)) == expected


def test_the_gate_knows_lists_and_start_roles() -> None:
    assert codes(changed("parcel.articles", "parcel.hats", "forms/request.yaml")) == {("choices_unknown", None)}
    assert codes(changed("[packer, clerk]", "[packer, clark]", "process.yaml")) == {("role_unknown", None)}
    assert codes(parcels.files(), HandlerTable.of([], [])) >= {("handler_unknown", "record"), ("choices_unknown", None)}


def test_what_cannot_be_read_is_told_by_the_reader() -> None:
    with pytest.raises(DefinitionError):
        read_bundle(files := parcels.files() | {"parcel.bpmn": b"<not xml"})
    assert codes(files)


def test_versions_are_numbered_and_the_same_content_is_not_published_twice(runtime: Runtime) -> None:
    database = runtime.database
    assert parcels.publish_parcel(database).number == 1
    second = publishing.publish(database, OWNER, changed("weight &gt; 20", "weight &gt; 5"), HANDLERS, "stricter")
    assert (second.number, second.note, second.published_by) == (2, "stricter", "olga")
    # going back is a new version of the old content
    assert publishing.publish(database, OWNER, parcels.files(), HANDLERS).number == 3
    with database.reading() as session:
        assert [each.number for each in store.versions(session, "parcel")] == [3, 2, 1]
        assert (
            session.execute(text("SELECT count(DISTINCT content_hash) FROM engine.definition_file")).scalar_one() == 2
        )
        assert store.load(session, second.id).bundle.key == "parcel"
        with pytest.raises(NotFound):
            store.load(session, 10_000)
        assert store.load_latest(session, "parcel").version.number == 3


def test_only_owners_publish_and_nothing_broken(runtime: Runtime) -> None:
    with pytest.raises(NotAllowed):
        publishing.publish(runtime.database, CHIEF, parcels.files(), HANDLERS)
    with pytest.raises(DefinitionError) as found:
        publishing.publish(
            runtime.database, OWNER, changed('candidateGroups="chief"', 'candidateGroups="cheif"'), HANDLERS
        )
    assert [each.code for each in found.value.problems] == ["role_unknown"]


def test_two_publishers_at_once_get_two_numbers(runtime: Runtime) -> None:
    begin = threading.Barrier(4)

    def publish(limit: int) -> None:
        begin.wait()
        publishing.publish(runtime.database, OWNER, changed("weight &gt; 20", f"weight &gt; {limit}"), HANDLERS)

    threads = [threading.Thread(target=publish, args=(limit,)) for limit in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    with runtime.database.reading() as session:
        assert [each.number for each in store.versions(session, "parcel")] == [5, 4, 3, 2, 1]


def test_who_began_with_an_older_version_is_told(runtime: Runtime) -> None:
    publishing.publish(runtime.database, OWNER, changed("weight &gt; 20", "weight &gt; 5"), HANDLERS, base_version=1)
    with pytest.raises(Conflict) as found:
        publishing.publish(
            runtime.database, OWNER, changed("weight &gt; 20", "weight &gt; 6"), HANDLERS, base_version=1
        )
    assert found.value.facts == {"process": "parcel", "base": 1, "latest": 2, "by": "olga"}


def test_drafts_may_be_broken_and_go_when_they_are_published(runtime: Runtime) -> None:
    database, broken = runtime.database, parcels.files() | {"parcel.bpmn": b"<half"}
    draft = drafts.save(database, OWNER, "parcel", broken, 1, 0)
    assert draft.revision == 1
    better = changed("weight &gt; 20", "weight &gt; 5")
    assert drafts.save(database, OWNER, "parcel", better, 1, 1).revision == 2
    with database.reading() as session:
        found = drafts.find(session, "parcel")
        assert found is not None
        assert found.files == better
        # what no draft and no version has is not kept
        assert (
            session.execute(text("SELECT count(DISTINCT content_hash) FROM engine.definition_file")).scalar_one() == 2
        )
    publishing.publish(database, OWNER, better, HANDLERS)
    with database.reading() as session:
        assert drafts.find(session, "parcel") is None


def test_two_people_on_one_draft(runtime: Runtime) -> None:
    database = runtime.database
    drafts.save(database, OWNER, "parcel", parcels.files(), 1, 0)
    for revision in (0, 2):
        with pytest.raises(Conflict) as found:
            drafts.save(database, OWNER, "parcel", parcels.files(), 1, revision)
        assert found.value.facts["by"] == "olga"
    with pytest.raises(NotAllowed):
        drafts.save(database, CLERK, "parcel", parcels.files(), 1, 1)
    with pytest.raises(CommandRejected):
        drafts.save(database, OWNER, "parcel", {"parcel.bpmn": b"x" * (drafts.MAXIMUM_BYTES + 1)}, 1, 1)
    with database.transaction() as session:
        drafts.discard(session, "parcel")
    with pytest.raises(Conflict):
        drafts.save(database, OWNER, "parcel", parcels.files(), 1, 1)


def test_publishing_does_not_throw_away_a_draft_that_its_publisher_has_not_seen(runtime: Runtime) -> None:
    database, mine = runtime.database, changed("weight &gt; 20", "weight &gt; 6")
    drafts.save(database, OWNER, "parcel", changed("weight &gt; 20", "weight &gt; 5"), 1, 0)
    for seen in (0, 2):
        with pytest.raises(Conflict) as found:
            publishing.publish(database, OWNER, mine, HANDLERS, base_version=1, draft_revision=seen)
        assert found.value.facts == {"process": "parcel", "by": "olga"}
    with database.reading() as session:
        assert [each.number for each in store.versions(session, "parcel")] == [1]
        assert drafts.find(session, "parcel") is not None
    assert publishing.publish(database, OWNER, mine, HANDLERS, base_version=1, draft_revision=1).number == 2
    with database.reading() as session:
        assert drafts.find(session, "parcel") is None


@pytest.mark.parametrize("threshold", ["20", "5"], ids=["restart", "new release"])
def test_a_folder_leaves_what_people_are_drawing(runtime: Runtime, tmp_path: Path, threshold: str) -> None:
    for path, content in changed("weight &gt; 20", f"weight &gt; {threshold}").items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    drafts.save(runtime.database, OWNER, "parcel", changed("weight &gt; 20", "weight &gt; 7"), 1, 0)
    store.publish_folder(runtime.database, tmp_path, HANDLERS, runtime.environment)
    with runtime.database.reading() as session:
        assert drafts.find(session, "parcel") is not None


def test_a_folder_brings_its_process_until_people_make_it_their_own(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "parcel"
    for path, content in parcels.files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / ".hidden").write_text("x")
    (folder / "README.md").write_text("x")
    assert store.publish_folder(runtime.database, folder, HANDLERS, runtime.environment).number == 1
    with monkeypatch.context() as patched:
        # the next start reads and examines nothing anew
        patched.delattr(store, "read_bundle")
        assert store.publish_folder(runtime.database, folder, HANDLERS, runtime.environment).number == 1
    (folder / "parcel.bpmn").write_bytes(changed("weight &gt; 20", "weight &gt; 5")["parcel.bpmn"])
    assert store.publish_folder(runtime.database, folder, HANDLERS, runtime.environment).number == 2
    publishing.publish(runtime.database, OWNER, changed("weight &gt; 20", "weight &gt; 6"), HANDLERS)
    (folder / "parcel.bpmn").write_bytes(changed("weight &gt; 20", "weight &gt; 7")["parcel.bpmn"])
    in_force = store.publish_folder(runtime.database, folder, HANDLERS, runtime.environment)
    assert (in_force.number, in_force.published_by) == (3, "olga")


def test_lists_count_running_cases_per_version(runtime: Runtime) -> None:
    start_instance(runtime, CLERK, "parcel", {"article": "hat", "worth": "1"})
    start_instance(runtime, CLERK, "parcel", {"article": "unknown", "worth": "1"})
    second = parcels.publish_parcel(runtime.database, old="weight &gt; 20", new="weight &gt; 5")
    start_instance(runtime, CLERK, "parcel", {"article": "hat", "worth": "1"})
    with runtime.database.reading() as session:
        counts = overview.case_counts(session, "parcel")
        first = store.versions(session, "parcel")[1]
        assert (counts[first.id].running, counts[first.id].ended) == (1, 1)
        assert (counts[second.id].running, counts[second.id].ended) == (1, 0)
        (row,) = overview.startable(session, CLERK)
        assert (row.version.title["en"], row.version.number) == ("Parcel", 2)
        assert overview.startable(session, CHIEF) == ()


def test_the_cache_forgets_what_was_used_least_recently() -> None:
    bundle = read_bundle(parcels.files())
    reads: list[str] = []

    def read(name: str) -> None:
        def parse() -> Bundle:
            reads.append(name)
            return bundle

        assert cache.get(name, parse) is bundle

    cache = BundleCache(capacity=2)
    for name in ("a", "b", "a", "c", "a", "b"):
        read(name)
    assert reads == ["a", "b", "c", "b"]


def test_the_engine_itself_may_publish(runtime: Runtime) -> None:
    assert publishing.publish(runtime.database, SYSTEM, parcels.files(), HANDLERS).published_by == "system"
