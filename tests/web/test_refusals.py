"""What a person was refused joins the history, with what it was about, and without what was typed."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from tests.web.conftest import Office


def refused(office: Office, login: str) -> list[dict[str, Any]]:
    with office.runtime.database.reading() as session:
        found = session.execute(
            text("SELECT record FROM engine.refusal_event WHERE refused = :login ORDER BY sequence"), {"login": login}
        )
        return [json.loads(each.record) for each in found]


def test_refused_acts_join_the_history(office: Office) -> None:
    task = office.task_of(office.start())
    camille = office.sign_in("camille")
    assert camille.get("/audit").status_code == 403
    assert camille.post(f"/tasks/{task}/complete", {"decision": "hush-4711"}).status_code == 403
    assert camille.post("/tasks/999999/claim").status_code == 404
    assert camille.get("/tasks/999999").status_code == 404
    assert camille.get("/start/unknown").status_code == 404
    told = refused(office, "camille")
    assert [(each["act"], each["about"], each["code"]) for each in told] == [
        ("GET audit.audit", {}, "page_not_allowed"),
        ("POST inbox.complete", {"task_id": task}, told[1]["code"]),
        ("POST inbox.claim", {"task_id": 999999}, "task_not_found"),
    ]
    assert "4711" not in json.dumps(told)


def test_nobody_and_mistakes_in_forms_leave_no_trace(office: Office) -> None:
    office.nobody().get("/audit")
    office.nobody().post("/sign-in", {"login": "olivia", "password": "wrong-horse"})
    office.sign_in("gabriel").post(f"/tasks/{office.task_of(office.start())}/complete", {})
    assert refused(office, "olivia") == []
    assert refused(office, "gabriel") == []
