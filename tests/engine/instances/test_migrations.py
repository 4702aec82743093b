"""Cases moved to another version, tried and put back: rows, history and state agree each time, and nothing is done twice."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import pytest

from engine.data import from_canonical
from engine.database.session import Database
from engine.errors import Crashed, InvalidInput, NotAllowed, NotFound
from engine.history import export, ocel, verification, verifier, xes
from engine.history.cases_export import Chosen
from engine.identity import people
from engine.instances import commands, migrations, operators, queries
from engine.instances.migrations import MigrationItem
from engine.jobs.retries import TryAgain
from engine.kernel import State
from engine.messages import store as messages
from engine.messages.store import OutgoingMessage
from engine.migration import fold_case
from engine.model.bundle import content_hash
from tests.engine.history.test_verifier import members_of, remade
from tests.engine.instances.drawing import boundary, el, keyed, message, plain, service, timer, user
from tests.engine.instances.posting import CLERK, NOW, OWNER, TROUBLE, Post

WHY = "the new rule holds for all"
FLOWS = "start -> look -> end"


@pytest.fixture
def post(database: Database) -> Post:
    made = Post.made(database)
    with database.transaction() as session:
        people.add_role(session, "boss", "boss", "boss")
        people.add_person(
            session,
            login="olga",
            name="Olga",
            email="olga@example.com",
            password="correct horse battery staple 7",
            roles=["process_owner"],
            locale="en",
        )
    return made


def drawn(post: Post, *inside: str, flows: str = FLOWS, beside: tuple[str, ...] = ()) -> None:
    """Publish the next version."""
    post.publish("one", plain("one", *inside, flows=flows), *beside)


def ask(
    post: Post,
    versions: tuple[int, int] = (1, 2),
    kind: Any = "migration",
    *,
    works: bool = True,
    **more: Any,
) -> int:
    with post.at():
        found = migrations.ask(post.runtime, OWNER, kind, "one", versions, reason=WHY, **more)
    if works:
        post.work()
    return found


def undo(post: Post, migration: int, **more: Any) -> int:
    with post.at():
        found = migrations.ask_undo(post.runtime, OWNER, migration, WHY, **more)
    post.work()
    return found


def results(post: Post, migration: int) -> tuple[MigrationItem, ...]:
    with post.runtime.database.reading() as session:
        assert migrations.find(session, migration).ended_at is not None
        return migrations.items(session, migration)


def changes(post: Post, migration: int) -> list[str]:
    (item,) = results(post, migration)
    return [each.code for each in item.changes]


def snapshot(post: Post, case: int) -> bytes:
    ((found,),) = post.rows("SELECT snapshot FROM engine.instance WHERE id = :case", case=case)
    return bytes(found)


def stands(post: Post, case: int) -> dict[str, Any]:
    """Everything beside the state."""
    return {
        table: post.rows(f"SELECT {columns} FROM engine.{table} WHERE instance_id = :case {only} ORDER BY 1", case=case)
        for table, columns, only in (
            (
                "task",
                "activity, element_id, title_en, role, assignee, form, due_at, priority, not_same_as, why",
                "AND is_open",
            ),
            ("timer", "wait, element_id, due_at", ""),
            ("subscription", "wait, element_id, name, correlation_key", ""),
            ("incident", "reference, element_id", "AND resolved_at IS NULL"),
            ("case_field", "name, text_value", ""),
        )
    }


def whole(post: Post, case: int) -> None:
    """The history leads to the state, and proves itself."""
    stored = post.rows("SELECT record FROM engine.event WHERE instance_id = :case ORDER BY sequence", case=case)
    records = [from_canonical(each) for (each,) in stored]
    assert fold_case(records).to_text() == State.from_text(snapshot(post, case)).to_text()
    with post.runtime.database.reading() as session:
        found = verification.verify_instance(session, case)
        bundle = export.bundle(session, case, post.now)
    assert found.is_whole, found.lines("en")
    assert verifier.verify(bundle).is_whole


def version(post: Post, case: int) -> int:
    ((number,),) = post.rows(
        "SELECT number FROM engine.definition_version v JOIN engine.instance i ON i.version_id = v.id WHERE i.id = :case",
        case=case,
    )
    return int(number)


def test_a_task_is_offered_under_another_name_to_another_role_and_back(post: Post) -> None:
    drawn(post, user("look"))
    case = post.start("one")
    drawn(post, user("check", role="boss"), flows="start -> check -> end")
    before, rows = snapshot(post, case), stands(post, case)
    assert [each.code for each in results(post, ask(post))[0].lacks] == ["migration_element_gone"]
    assert changes(post, ask(post, kind="rehearsal", mapping={"look": "check"})) == ["migration_task_role"]
    assert (snapshot(post, case), stands(post, case), version(post, case)) == (before, rows, 1)
    migration = ask(post, mapping={"look": "check"})
    assert changes(post, migration) == ["migration_task_role"]
    assert version(post, case) == 2
    ((_, element, title, role, *_),) = stands(post, case)["task"]
    assert (element, title, role) == ("check", "check", "boss")
    assert post.told(case)[-2:] == ["instance:migrated", "task:offered"]
    whole(post, case)
    with pytest.raises(InvalidInput) as nobody:
        ask(post, mapping={"look": "check"})
    assert nobody.value.fields[0].code == "migration_without_cases"
    undo(post, migration)
    assert (snapshot(post, case), stands(post, case), version(post, case)) == (before, rows, 1)
    assert [each.state for each in results(post, migration)] == ["undone"]
    whole(post, case)
    hashes = [each for (each,) in post.rows("SELECT content_hash FROM engine.definition_version ORDER BY number")]
    with post.runtime.database.reading() as session:
        for form in (ocel, xes):
            named = Chosen(process_key="one")
            said = "".join(form.lines(session, named, lambda at, element: f"{element} of {hashes.index(at) + 1}"))
            assert "instance:migrated" in said
            assert "look of 1" in said
            assert "check of 2" in said  # the task was offered anew, in the second version
            assert not any(each in said for each in ("check of 1", "look of 2"))
        timeline = queries.case(session, OWNER, case).timeline
        offered = [
            (each.told["element"], each.record["element"], hashes.index(content_hash(each.bundle.files)) + 1)
            for each in timeline
            if each.type in {"task:created", "task:offered"}
        ]
        assert offered[:2] == [("look", "look", 1), ("check", "look", 2)]
    post.complete(case, "look")
    assert post.status(case) == "completed"
    whole(post, case)


def test_the_file_of_a_moved_case_has_each_version_that_it_lived_in(post: Post) -> None:
    drawn(post, user("look"))
    case = post.start("one")
    drawn(post, user("check"), flows="start -> check -> end")
    ask(post, mapping={"look": "check"})
    _, second = [each for (each,) in post.rows("SELECT content_hash FROM engine.definition_version ORDER BY number")]
    with post.runtime.database.reading() as session:
        members = members_of(export.bundle(session, case, post.now))
    model = f"{verifier.LATER}{second}/one.bpmn"
    assert b'id="check"' in members[model]
    assert b'id="look"' in members["model/one.bpmn"]

    def codes(changed: dict[str, bytes]) -> list[tuple[str, str | None]]:
        return [(each.code, each.member) for each in verifier.verify(remade(changed)).problems]

    assert codes(members) == []
    assert codes(members | {model: members[model] + b" "}) == [("model_changed", f"{verifier.LATER}{second}/")]
    foreign = {"a.txt": b"of nobody"}
    hashed = verifier.content_hash(foreign)
    assert codes(members | {f"{verifier.LATER}{hashed}/a.txt": b"of nobody"}) == [
        ("model_of_nothing", f"{verifier.LATER}{hashed}/")
    ]


def test_clocks_run_on_are_counted_anew_begin_and_end(post: Post) -> None:
    def timers(**dues: str) -> tuple[str, ...]:
        return tuple(boundary(name, "look", timer("timeDuration", due), interrupts=False) for name, due in dues.items())

    def flows(*names: str) -> str:
        return "\n".join((FLOWS, *(f"{each} -> end" for each in names)))

    drawn(post, user("look"), *timers(kept="PT1H", moved="PT2H", gone="PT3H"), flows=flows("kept", "moved", "gone"))
    case = post.start("one")
    before, rows = snapshot(post, case), stands(post, case)
    drawn(post, user("look"), *timers(kept="PT1H", moved="PT5H", new="PT30M"), flows=flows("kept", "moved", "new"))
    post.now += timedelta(minutes=10)
    migration = ask(post)
    assert sorted(changes(post, migration)) == [
        "migration_timer_closed",
        "migration_timer_kept",
        "migration_timer_moved",
        "migration_timer_opened",
    ]
    assert {element: due - NOW for _, element, due in stands(post, case)["timer"]} == {
        "kept": timedelta(hours=1),
        "moved": timedelta(hours=5),
        "new": timedelta(minutes=30),
    }
    whole(post, case)
    undo(post, migration)
    assert stands(post, case) == rows
    # no id is given twice: the counter alone goes on
    back, was = State.from_text(snapshot(post, case)), State.from_text(before)
    assert back.counter > was.counter
    back.counter = was.counter
    assert back.to_text() == was.to_text()
    whole(post, case)
    migration = ask(post)
    post.now += timedelta(minutes=30)
    post.promote()
    post.work()
    assert sorted(each for _, each, _ in stands(post, case)["timer"]) == ["kept", "moved"]
    with pytest.raises(InvalidInput):
        undo(post, migration)  # what it was is forgotten: it has moved on
    whole(post, case)


def test_what_is_newly_awaited_hears_what_came_before(post: Post) -> None:
    drawn(post, user("look"))
    case = post.start("one")
    word = keyed("stop", "stop", '"all"')
    drawn(
        post,
        user("look"),
        boundary("stopped", "look", message("stop")),
        flows=f"{FLOWS}\nstopped -> end",
        beside=(word,),
    )
    with post.runtime.database.transaction() as session:
        messages.send(session, [OutgoingMessage(name="stop", key="all", payload={})], post.now, sender="x")
    post.work()
    assert changes(post, ask(post)) == ["migration_message_opened"]
    assert post.status(case) == "completed"
    whole(post, case)


def test_a_handler_that_failed_is_replaced_and_one_at_work_is_not(post: Post) -> None:
    drawn(post, service("ring", "post.step"), flows="start -> ring -> end")
    TROUBLE.extend(ZeroDivisionError() for _ in range(2))
    with pytest.raises(Crashed):
        post.start("one")
    drawn(post, service("ring", "post.again", inputs={"said": '"a"'}), flows="start -> ring -> end")
    case = post.start("one")
    drawn(post, service("ring", "post.held", inputs={"said": '"b"'}), flows="start -> ring -> end")
    migration = ask(post, (2, 3), works=False)
    post.perform("run_migration", {"migration_id": migration})
    assert [each.code for each in results(post, migration)[0].lacks] == ["migration_handler_at_work"]
    TROUBLE[:] = [ZeroDivisionError() for _ in range(2)]
    for attempt in (1, 2):
        with contextlib.suppress(TryAgain):
            post.perform("run_effect", {"instance_id": case, "activity": effect(post, case)}, attempt)
    ((incident, _, _),) = post.incidents()
    assert sorted(changes(post, ask(post, (2, 3)))) == ["migration_handler_differs", "migration_inputs_anew"]
    whole(post, case)
    with post.at():
        commands.retry_incident(post.runtime, OWNER, incident)
    assert post.rows("SELECT handler FROM engine.effect WHERE instance_id = :case", case=case) == [("post.held",)]
    whole(post, case)


def effect(post: Post, case: int) -> str:
    return next(each.id for each in State.from_text(snapshot(post, case)).needs)


def test_each_case_has_its_own_result_and_an_undo_takes_back_what_stands(post: Post) -> None:
    drawn(post, user("look"), user("sign"), flows="start -> look -> sign -> end")
    cases = [post.start("one") for _ in range(4)]
    drawn(post, user("look"), flows=FLOWS)
    post.complete(cases[0], "look")
    migration = ask(post, works=False)
    post.complete(cases[1], "look")
    post.complete(cases[1], "sign")
    post.work()
    assert [(each.instance_id, each.state, each.code) for each in results(post, migration)] == [
        (cases[0], "refused", "migration_not_possible"),
        (cases[1], "refused", "case_ended"),
        (cases[2], "done", None),
        (cases[3], "done", None),
    ]
    refused = post.rows(
        "SELECT refused, record::jsonb -> 'about', record::jsonb ->> 'code' FROM engine.refusal_event ORDER BY sequence"
    )
    assert refused[-2:] == [
        (OWNER.login, {"migration": migration, "case": cases[0]}, "migration_not_possible"),
        (OWNER.login, {"migration": migration, "case": cases[1]}, "case_ended"),
    ]
    post.complete(cases[2], "look")
    back = ask(post, (2, 1), kind="rehearsal")
    assert [each.instance_id for each in results(post, back)] == [cases[3]]
    taken = undo(post, migration)
    assert [(each.instance_id, each.state) for each in results(post, taken)] == [(cases[3], "done")]
    assert [version(post, each) for each in cases] == [1, 1, 2, 1]
    for each in cases:
        whole(post, each)


def test_a_case_that_moves_on_between_asking_and_undoing_stays(post: Post) -> None:
    drawn(post, user("look"), user("sign"), flows="start -> look -> sign -> end")
    case = post.start("one")
    drawn(post, user("look"), user("sign"), user("file"), flows="start -> look -> sign -> file -> end")
    migration = ask(post)
    with post.at():
        asked = migrations.ask_undo(post.runtime, OWNER, migration, WHY)
    post.complete(case, "look")
    post.work()
    assert [(each.state, each.code) for each in results(post, asked)] == [("refused", "migration_moved_on")]
    assert version(post, case) == 2


def test_a_join_that_waits_for_nothing_more_lets_the_case_go_on(post: Post) -> None:
    split, join = el("parallelGateway", "split"), el("parallelGateway", "join")
    ways = "start -> split -> look -> join -> end\nsplit -> sign -> join"
    drawn(post, split, join, user("look"), user("sign"), flows=ways)
    case = post.start("one")
    post.complete(case, "look")
    drawn(
        post,
        split,
        join,
        user("look"),
        user("sign"),
        flows="start -> split -> look -> join -> end\nsplit -> sign -> end",
    )
    migration = ask(post)
    assert "migration_goes_on" in changes(post, migration)
    assert post.status(case) == "active"
    assert [each for _, each, *_ in stands(post, case)["task"]] == ["sign"]
    whole(post, case)
    with pytest.raises(InvalidInput):
        undo(post, migration)
    post.complete(case, "sign")
    assert post.status(case) == "completed"
    drawn(post, split, join, user("look"), user("sign"), user("file"), flows=f"{ways}\nsplit -> file -> join")
    drawn(post, split, join, user("look"), user("sign"), flows=ways)


def test_who_took_a_task_keeps_it_where_the_role_stays(post: Post) -> None:
    drawn(post, user("look"))
    case = post.start("one")
    post.write("UPDATE engine.task SET assignee = 'clea', claimed_at = :now", now=post.now)
    drawn(post, user("view"), flows="start -> view -> end")
    drawn(post, user("view", role="boss"), flows="start -> view -> end")
    ask(post, mapping={"look": "view"})
    assert post.rows("SELECT assignee, role FROM engine.task WHERE is_open") == [("clea", "clerk")]
    last = ask(post, (2, 3))
    assert post.rows("SELECT assignee, role, claimed_at FROM engine.task WHERE is_open") == [(None, "boss", None)]
    undo(post, last)
    assert post.rows("SELECT assignee, role FROM engine.task WHERE is_open") == [("clea", "clerk")]
    whole(post, case)


def test_only_operators_move_cases_and_what_they_choose_is_checked(post: Post) -> None:
    drawn(post, user("look"))
    post.start("one")
    drawn(post, user("look"), service("ring", "post.step"), flows="start -> look -> ring -> end")
    with pytest.raises(NotAllowed):
        migrations.ask(post.runtime, CLERK, "migration", "one", (1, 2), reason=WHY)
    with pytest.raises(NotAllowed):
        migrations.ask_undo(post.runtime, CLERK, 1, WHY)
    for wrong, more in (
        ("reason_missing", {"reason": " "}),
        ("migration_choice_of_another_kind", {"mapping": {"look": "ring"}}),
        ("migration_choice_unknown", {"mapping": {"nobody": "ring"}}),
        ("migration_choice_unknown_target", {"mapping": {"look": "nobody"}}),
        ("migration_choices_too_many", {"mapping": {str(each): "x" for each in range(501)}}),
        ("migration_same_version", {"versions": (1, 1)}),
    ):
        given: dict[str, Any] = {"versions": (1, 2), "reason": WHY, **more}
        versions = given.pop("versions")
        with pytest.raises(InvalidInput) as refused:
            migrations.ask(post.runtime, OWNER, "migration", "one", versions, **given)
        assert refused.value.fields[0].code == wrong
    with pytest.raises(NotFound):
        migrations.ask(post.runtime, OWNER, "migration", "one", (1, 9), reason=WHY)
    with pytest.raises(NotFound):
        migrations.ask_undo(post.runtime, OWNER, 99, WHY)
    post.write("UPDATE engine.person SET is_active = false")
    assert [each.code for each in results(post, ask(post))] == ["case_operation_not_allowed"]


def test_a_case_that_stands_still_is_moved_and_goes_on_standing_still(post: Post) -> None:
    drawn(post, user("look"))
    case = post.start("one")
    drawn(post, user("look", role="boss"))
    with post.at():
        operators.operate(post.runtime, OWNER, "suspend", case, WHY)
    assert changes(post, ask(post)) == ["migration_task_role"]
    assert post.rows("SELECT suspended_at IS NOT NULL FROM engine.instance") == [(True,)]
    whole(post, case)
