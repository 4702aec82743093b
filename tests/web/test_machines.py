"""What a token of a service account opens: the downloads that its scope says, with the role of the account, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from engine import clock, records
from engine.history import keeping, signing, verifier
from engine.history.keeping import Keeping
from engine.identity import service_commands, throttle
from engine.identity.service_commands import AddService, ChangeService, CloseService, IssueToken, RevokeToken
from engine.instances.runtime import Runtime
from engine.settings import Settings
from handlers.table import HANDLERS
from tests.web.conftest import Office
from tests.web.test_refusals import refused
from web.app import create_app

FROM = "203.0.113.77"
DOWNLOADS = (
    "/audit/history.jsonl",
    "/audit/checkpoints/1.json",
    "/audit/checkpoints/newest.json",
    "/audit/verifier.py",
    "/audit/processes/replenishment/history.zip",
    "/cases/{case}/history.zip",
)
CASES = ("/audit/processes/replenishment/ocel", "/audit/processes/replenishment/xes")


@pytest.fixture(scope="module")
def plant(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """The company with a signed history, and a machine."""
    folder = tmp_path_factory.mktemp("keys")
    signing.ensure_key(folder / "key")
    points = Keeping(key_file=folder / "key", folder=folder / "points")
    runtime = Runtime(database=office.runtime.database, handlers=HANDLERS, keeping=points)
    made = Office(
        app=create_app(runtime, Settings(data_folder=folder, secret_key_given="of this test")), runtime=runtime
    )
    made.start()
    keeping.sign(runtime.database, points, clock.now())
    act(made, service_commands.add_service, AddService(key="archive", title="Archive", roles=("auditor",)))
    return made


@pytest.fixture(autouse=True)
def patience(office: Office) -> Iterator[None]:
    """Nobody has to wait at the beginning of a test."""
    yield
    forget_refusals(office)


def forget_refusals(office: Office) -> None:
    with office.runtime.database.transaction() as session:
        session.execute(text("DELETE FROM engine.sign_in_failure"))


def act(office: Office, command: Any, given: Any) -> Any:
    return records.execute(office.runtime.database, command, given, office.actor("admin")).answer


def token(office: Office, *scopes: str) -> str:
    made: str = act(office, service_commands.issue_token, IssueToken(key="archive", scopes=scopes, days=30))
    return made


def ask(office: Office, shown: str, address: str, method: str = "GET", **more: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {shown}", **more.pop("headers", {})}
    client = office.app.test_client()
    return client.open(address, method=method, headers=headers, environ_base={"REMOTE_ADDR": FROM}, **more)


def test_a_scope_opens_its_downloads(plant: Office) -> None:
    history, cases = token(plant, "history:read"), token(plant, "cases:read")
    case = plant.start()
    for address in (*DOWNLOADS, *CASES):
        person = plant.as_("aurelien").get(address.format(case=case))
        machine = ask(plant, history, address.format(case=case))
        assert (machine.status_code, machine.mimetype) == (200, person.mimetype), address
        assert "Set-Cookie" not in machine.headers
        forget_refusals(plant)
        assert ask(plant, cases, address.format(case=case)).status_code == (200 if address in CASES else 403), address
    assert (
        ask(plant, history, "/audit/checkpoints/1.json").data
        == plant.as_("aurelien").get("/audit/checkpoints/1.json").data
    )


def test_what_a_machine_fetched_verifies_elsewhere(plant: Office, tmp_path: Path) -> None:
    shown = token(plant, "history:read")
    (tmp_path / "history.jsonl").write_bytes(ask(plant, shown, "/audit/history.jsonl").data)
    (tmp_path / "point.json").write_bytes(ask(plant, shown, "/audit/checkpoints/newest.json").data)
    (tmp_path / "verifier.py").write_bytes(ask(plant, shown, "/audit/verifier.py").data)
    assert verifier.main([str(tmp_path / "history.jsonl"), "--checkpoint", str(tmp_path / "point.json")]) == 0


def test_no_other_address_opens_whatever_the_method_or_the_cookies(plant: Office) -> None:
    good = token(plant, "history:read", "cases:read")
    case = plant.start()
    for method, address in (
        ("GET", "/inbox"),
        ("GET", "/audit"),
        ("GET", "/audit/steps"),
        ("GET", f"/cases/{case}"),
        ("GET", "/sign-in"),
        ("POST", "/audit/checkpoints"),
        ("POST", "/sign-out"),
        ("POST", f"/tasks/{plant.task_of(case)}/claim"),
    ):
        answer = ask(plant, good, address, method)
        forget_refusals(plant)
        assert (answer.status_code, answer.mimetype) == (403, "application/problem+json"), address
        assert answer.json is not None
        assert answer.json["code"] == "token_opens_no_page"
        assert "Set-Cookie" not in answer.headers
    nowhere = ask(plant, good, "/audit/nowhere")
    assert (nowhere.status_code, nowhere.mimetype) == (404, "application/problem+json")
    assert ask(plant, good, "/audit/history.jsonl", "DELETE").status_code == 405
    auditor = plant.sign_in("aurelien")
    wrong = auditor.client.get("/audit/history.jsonl", headers={"Authorization": "Bearer wrong"})
    assert wrong.status_code == 401  # a cookie of the same browser does not help a wrong token
    assert auditor.get("/audit/history.jsonl").status_code == 200


def test_each_refusal_is_a_problem_and_is_noted_without_the_token(plant: Office) -> None:
    revoked, cases = token(plant, "history:read"), token(plant, "cases:read")
    begun = len(refused(plant, "service:archive"))
    act(plant, service_commands.revoke_token, RevokeToken(key="archive", prefix=revoked.split("_")[1]))
    wrong = revoked[:-4] + "AAAA"
    for shown, status, code, challenge in (
        (revoked, 401, "token_refused", 'error="invalid_token"'),
        (wrong, 401, "token_refused", 'error="invalid_token"'),
        ("nonsense", 401, "token_refused", 'error="invalid_token"'),
        ("", 401, "token_refused", 'error="invalid_token"'),
        (cases, 403, "token_without_scope", 'error="insufficient_scope", scope="history:read"'),
    ):
        answer = ask(plant, shown, "/audit/history.jsonl")
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert answer.json is not None
        assert (answer.json["code"], answer.json["status"], bool(answer.json["detail"])) == (code, status, True)
        assert challenge in answer.headers["WWW-Authenticate"]
    told = [(each["act"], each["code"], each["about"]) for each in refused(plant, "service:archive")[begun:]]
    place = {"page": "checkpoints.whole", "from": "203.0.113.0/24"}
    prefix = {"token": revoked.split("_")[1]}
    assert told == [
        ("tokens.use", "token_refused", place | prefix),  # the wrong one, too: the same minute, the same refusal
        ("tokens.use", "token_without_scope", place | {"token": cases.split("_")[1]}),
    ]
    assert refused(plant, "unknown:token")[-1]["about"] == place
    with plant.runtime.database.reading() as session:
        every = session.execute(text("SELECT string_agg(record, '') FROM engine.refusal_event")).scalar_one()
    for shown in (revoked, wrong, cases):
        assert shown.split("_", 2)[2] not in every
    assert "nonsense" not in every


def test_a_token_ends_with_its_day_and_its_account_has_to_have_the_role(
    plant: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, now = token(plant, "history:read"), clock.now()
    act(plant, service_commands.change_service, ChangeService(key="archive", title="Archive", roles=("sales",)))
    answer = ask(plant, shown, "/audit/history.jsonl")
    assert (answer.status_code, (answer.json or {})["code"]) == (403, "page_not_allowed")
    assert refused(plant, "service:archive")[-1]["act"] == "GET checkpoints.whole"
    act(plant, service_commands.change_service, ChangeService(key="archive", title="Archive", roles=("auditor",)))
    assert ask(plant, shown, "/audit/history.jsonl").status_code == 200
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: now + timedelta(days=30, seconds=5))
        assert ask(plant, shown, "/audit/history.jsonl").status_code == 401


def test_who_is_refused_again_and_again_waits_and_keeps_nobody_else_waiting(plant: Office) -> None:
    good = token(plant, "history:read")
    tries = [ask(plant, "bdr_wrong", "/audit/history.jsonl") for _ in range(throttle.FREE_TRIES + 1)]
    assert [each.status_code for each in tries] == [401] * throttle.FREE_TRIES + [429]
    assert 0 < int(tries[-1].headers["Retry-After"]) <= 30
    many = [ask(plant, f"bdr_{each}", "/audit/history.jsonl") for each in range(throttle.FREE_TRIES_OF_ADDRESS)]
    assert (many[0].status_code, many[-1].status_code) == (401, 429)
    assert ask(plant, good, "/audit/checkpoints/1.json").status_code == 200
    browser = plant.nobody()
    browser.get("/sign-in")
    form = {"login": "camille", "password": "not this one", "csrf_token": browser.token}
    person = browser.client.post("/sign-in", data=form, environ_base={"REMOTE_ADDR": FROM})
    assert "réseau" not in person.text  # the office's people sign in as before


def test_a_closed_account_opens_nothing(plant: Office) -> None:
    act(plant, service_commands.add_service, AddService(key="old", title="Old", roles=("auditor",)))
    shown = act(plant, service_commands.issue_token, IssueToken(key="old", scopes=("history:read",), days=1))
    assert ask(plant, shown, "/audit/checkpoints/1.json").status_code == 200
    act(plant, service_commands.close_service, CloseService(key="old"))
    assert ask(plant, shown, "/audit/checkpoints/1.json").status_code == 401


def test_the_page_says_what_each_scope_opens(plant: Office) -> None:
    page = plant.as_("admin").get("/admin/services/archive").text
    for each in ("/audit/history.jsonl", "/audit/checkpoints/NUMBER.json", "/audit/processes/PROCESS_KEY/ocel|xes"):
        assert f"<code>GET {each}</code>" in page
    assert page.count("/ocel|xes") == 2
    assert "/audit/checkpoints/newest.json" in page
    for former in ("tasks:complete", "records:write"):
        assert former not in page


def test_auditors_find_what_a_machine_was_refused(plant: Office) -> None:
    assert ask(plant, token(plant, "cases:read"), "/audit/history.jsonl").status_code == 403
    keeping.number_all(plant.runtime.database)
    page = plant.as_("aurelien").get("/audit/steps?who=service:archive&topic=refusal").text
    assert '<option value="service:archive" selected>Archive</option>' in page
    assert 'href="/audit/steps/' in page


def test_the_language_is_asked_for_like_everywhere(plant: Office) -> None:
    answer = ask(plant, "wrong", "/audit/history.jsonl", headers={"Accept-Language": "en"})
    assert "token" in json.loads(answer.data)["detail"]
    assert json.loads(answer.data)["title"] == "Not allowed"
