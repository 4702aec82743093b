"""What a person was refused joins the history, with what it was about, and without what was typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from engine.definitions import examination, store
from engine.errors import DefinitionError, NotAllowed
from engine.instances import batches, commands, operators
from engine.instances.bulk import claim_many, complete_many
from engine.settings import CHECKOUT
from engine.worker import run_pending
from handlers.table import HANDLERS
from tests.web.conftest import Office


def refused(office: Office, login: str) -> list[dict[str, Any]]:
    with office.runtime.database.reading() as session:
        found = session.execute(
            text("SELECT record FROM engine.refusal_event WHERE refused = :login ORDER BY sequence"), {"login": login}
        )
        return [json.loads(each.record) for each in found]


def told(office: Office, login: str, since: int = 0) -> list[tuple[str, dict[str, Any], str]]:
    return [(each["act"], each["about"], each["code"]) for each in refused(office, login)[since:]]


INES = "ines"
"""A colleague of Gabriel's."""


def test_refused_acts_join_the_history(office: Office) -> None:
    task = office.task_of(office.start())
    camille = office.sign_in("camille")
    assert camille.get("/audit").status_code == 403
    assert camille.post(f"/tasks/{task}/complete", {"decision": "hush-4711"}).status_code == 403
    assert camille.post("/tasks/999999/claim").status_code == 404
    assert camille.get("/tasks/999999").status_code == 404
    assert camille.get("/start/unknown").status_code == 404
    found = told(office, "camille")
    assert found == [
        ("GET audit.audit", {}, "page_not_allowed"),
        ("tasks.complete", {"task": task}, found[1][2]),
        ("tasks.claim", {"task": 999999}, "task_not_found"),
    ]
    assert "4711" not in json.dumps(refused(office, "camille"))


def test_who_was_slower_stands_there_though_the_page_tells_it_itself(office: Office) -> None:
    task = office.task_of(office.start())
    office.sign_in("gabriel").post(f"/tasks/{task}/claim")
    slow, before = office.sign_in(INES), len(refused(office, INES))
    assert slow.post(f"/tasks/{task}/claim").status_code == 409
    assert slow.post(f"/tasks/{task}/complete", {"decision": "approve"}).status_code == 409
    assert slow.post(f"/tasks/{task}/delegate", {"to": "gabriel"}).status_code == 409
    assert told(office, INES, before) == [
        ("tasks.claim", {"task": task}, "task_taken"),
        ("tasks.complete", {"task": task}, "task_taken"),
        ("tasks.delegate", {"task": task, "to": "gabriel"}, "task_taken"),
    ]


def test_passing_a_task_on_to_who_must_not_have_it(office: Office) -> None:
    task = office.task_of(office.start())
    gabriel, before = office.sign_in("gabriel"), len(refused(office, "gabriel"))
    assert gabriel.post(f"/tasks/{task}/delegate", {"to": "camille"}).status_code == 422
    assert gabriel.post(f"/tasks/{task}/delegate", {"to": "nobody-of-this-name"}).status_code == 422
    assert told(office, "gabriel", before) == [
        ("tasks.delegate", {"task": task, "to": "camille"}, "delegate_without_role")
    ]


def test_each_item_of_many_stands_there(office: Office) -> None:
    tasks = [office.task_of(office.start()) for _ in range(25)]
    claim_many(office.runtime, office.actor("gabriel"), tasks)
    before = len(refused(office, INES))
    claim_many(office.runtime, office.actor(INES), tasks)
    complete_many(office.runtime, office.actor(INES), tasks[:1], {"decision": "approve"})
    found = told(office, INES, before)
    assert [each[:2] for each in found[:25]] == [("tasks.claim", {"task": each}) for each in tasks]
    assert found[25:] == [("tasks.complete", {"task": tasks[0]}, "task_taken")]


def test_each_refused_item_of_a_batch_stands_there_once(office: Office) -> None:
    cases, olivia = [office.start(), office.start()], office.actor("olivia")
    operators.operate(office.runtime, olivia, "suspend", cases[0], "Prix faux")
    before = len(refused(office, "olivia"))
    batch = batches.ask(office.runtime, olivia, "suspend", [*cases, 999_999], "Prix faux")
    retried = batches.ask(office.runtime, olivia, "retry", [999_999])
    run_pending(office.runtime)
    assert told(office, "olivia", before) == [
        ("cases.suspend", {"batch": batch, "case": cases[0]}, "case_suspended_already"),
        ("cases.suspend", {"batch": batch, "case": 999_999}, "case_not_found"),
        ("incidents.retry", {"batch": retried, "incident": 999_999}, "incident_not_found"),
    ]


def test_each_refusal_says_which_act(office: Office) -> None:
    case, camille, before = office.start(), office.sign_in("camille"), len(refused(office, "camille"))
    for act in ("suspend", "cancel", "hush-4711"):
        assert camille.post(f"/cases/{case}/operate", {"act": act, "reason": "hush"}).status_code == 403
    assert camille.post("/operations/cases", {"act": "cancel", "target": str(case)}).status_code == 403
    assert camille.post("/admin/people/gabriel/deactivate").status_code == 403
    assert camille.get("/admin/people/gabriel").status_code == 403
    assert told(office, "camille", before) == [
        ("cases.suspend", {"case": case}, "page_not_allowed"),
        ("cases.cancel", {"case": case}, "page_not_allowed"),
        ("cases.unknown", {"case": case}, "page_not_allowed"),
        ("batches.cancel", {}, "page_not_allowed"),
        ("POST people.deactivate", {"login": "gabriel"}, "page_not_allowed"),
        ("GET people.person", {"login": "gabriel"}, "page_not_allowed"),
    ]
    assert "hush" not in json.dumps(refused(office, "camille"))


def test_commands_that_no_page_is_in_front_of(office: Office) -> None:
    camille, before, case = office.actor("camille"), len(refused(office, "camille")), office.start()
    for attempt in (
        lambda: operators.operate(office.runtime, camille, "suspend", case, "x"),
        lambda: operators.send_now(office.runtime, camille, case, "a77"),
        lambda: commands.retry_incident(office.runtime, camille, 7),
        lambda: commands.start_instance(office.runtime, camille, "nowhere"),
    ):
        with pytest.raises(Exception, match=r"\["):
            attempt()
    assert told(office, "camille", before) == [
        ("cases.suspend", {"case": case}, "case_operation_not_allowed"),
        ("effects.send_now", {"case": case, "activity": "a77"}, "effect_gone"),
        ("incidents.retry", {"incident": 7}, "incident_retry_not_allowed"),
        ("cases.start", {"process": "nowhere"}, "process_not_found"),
    ]


def test_refused_sign_ins_say_who_was_tried_and_from_where_and_nothing_that_was_typed(office: Office) -> None:
    before = len(refused(office, "olivia"))
    for login in ("olivia", "hush-4711"):
        answer = office.nobody().client.post(
            "/sign-in", data={"login": login, "password": "hush-4712"}, environ_base={"REMOTE_ADDR": "203.0.113.77"}
        )
        assert answer.status_code == 400  # no token of a form: nothing was tried
        browser = office.nobody()
        browser.get("/sign-in")
        where = {"REMOTE_ADDR": "203.0.113.77"}
        assert (
            browser.post("/sign-in", {"login": login, "password": "hush-4712"}, environ_base=where).status_code == 422
        )
    tried = [("sign_in", {"from": "203.0.113.0/24"}, "sign_in_refused")]
    assert told(office, "olivia", before) == tried
    assert told(office, "unknown:sign-in") == tried
    with office.runtime.database.reading() as session:
        every = session.execute(text("SELECT string_agg(record, '') FROM engine.refusal_event")).scalar_one()
    assert "hush" not in every


def test_a_wrong_present_password_is_a_refused_act(office: Office) -> None:
    sarah, before = office.sign_in("sarah"), len(refused(office, "sarah"))
    given = {"old": "hush-4713", "password": "a-long-new-one-4713", "again": "a-long-new-one-4713"}
    assert [sarah.post("/account/password", given).status_code for _ in range(6)] == [422] * 6
    me = {"kind": "person", "key": "sarah"}
    assert told(office, "sarah", before) == [
        ("people.set_password", me, "password_wrong"),
        ("people.set_password", me, "sign_in_throttled"),
    ]


def test_publishing_by_command_is_refused_like_in_the_editor(office: Office) -> None:
    camille, before = office.actor("camille"), len(refused(office, "camille"))
    files = store.read_folder(Path(CHECKOUT) / "processes/replenishment")
    with pytest.raises(NotAllowed):
        store.publish(office.runtime.database, camille, files, HANDLERS)
    with pytest.raises(NotAllowed):
        examination.examine_now(office.runtime.database, camille, files, HANDLERS, office.runtime.environment)
    assert told(office, "camille", before) == [
        ("processes.publish", {"process": "replenishment"}, "publish_not_allowed")
    ]


def test_what_the_gate_refuses_is_a_refused_act(office: Office) -> None:
    """By command and in the editor: who wanted to publish what, and what stood against it; what was drawn is not in it."""
    olivia, before = office.actor("olivia"), len(refused(office, "olivia"))
    files = store.read_folder(Path(CHECKOUT) / "processes/replenishment")
    unknown = {name: each.replace(b"purchasing.launch_request", b"hush.4716") for name, each in files.items()}
    assert unknown != files
    with pytest.raises(DefinitionError):
        examination.examine_now(office.runtime.database, olivia, unknown, HANDLERS, office.runtime.environment)
    with pytest.raises(DefinitionError):
        store.publish(office.runtime.database, olivia, unknown, HANDLERS)
    with pytest.raises(DefinitionError):
        store.publish(office.runtime.database, olivia, {"process.yaml": b"hush: ["}, HANDLERS)
    assert [(each["about"], each["code"], each["kind"]) for each in refused(office, "olivia")[before:]] == [
        ({"process": "replenishment"}, "handler_unknown", "DefinitionError"),  # twice within the minute
        ({}, refused(office, "olivia")[-1]["code"], "DefinitionError"),
    ]
    assert "hush" not in json.dumps(refused(office, "olivia"))


def test_mistakes_in_forms_and_who_is_not_signed_in_leave_no_trace(office: Office) -> None:
    office.nobody().get("/audit")
    gabriel, before = office.sign_in("gabriel"), len(refused(office, "gabriel"))
    gabriel.post(f"/tasks/{office.task_of(office.start())}/complete", {})
    assert refused(office, "gabriel")[before:] == []
