"""The auditor's pages: what was done, tried and refused, with old and new values; checkpoints; the whole history, verified offline."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from flask import g

from engine.history import keeping, signing, verifier
from engine.history.keeping import Keeping
from engine.instances.runtime import Runtime
from engine.settings import CHECKOUT, Settings
from handlers.table import HANDLERS
from tests.engine.history.readers import read_ocel, read_xes
from tests.web.conftest import Browser, Office
from web import acting
from web.app import create_app

FILTERS = ("who=camille", "topic=start", "process=replenishment", "from=2020-01-01", "until=2999-12-31")


@pytest.fixture(scope="module")
def audited(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """The company with a signing key, and something to look at."""
    folder = tmp_path_factory.mktemp("keys")
    signing.ensure_key(folder / "key")
    runtime = Runtime(
        database=office.runtime.database,
        handlers=HANDLERS,
        keeping=Keeping(key_file=folder / "key", folder=folder / "points"),
    )
    settings = Settings(data_folder=folder, secret_key_given="of this test")
    made = Office(app=create_app(runtime, settings), runtime=runtime)
    case = made.start(quantity="12")
    made.complete("gabriel", case, decision="refuse", reason="<script>alert(1)</script> trop tard")
    made.sign_in("camille").get("/audit")
    for _ in range(60):
        made.start()
    keeping.number_all(runtime.database)
    return made


def rows(browser: Browser, query: str = "") -> list[str]:
    page = browser.get(f"/audit/steps{query}")
    assert page.status_code == 200
    return re.findall(r'<a href="(/audit/steps/\d+)" data-row>', page.text)


def test_pages_of_steps_follow_each_other(audited: Office) -> None:
    browser = audited.sign_in("aurelien")
    first = browser.get("/audit/steps")
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following is not None
    second = browser.get(following[1].replace("&amp;", "&"))
    one, two = (re.findall(r'href="(/audit/steps/\d+)" data-row', each.text) for each in (first, second))
    assert len(one) == 50
    assert two
    assert not set(one) & set(two)


def test_a_step_tells_what_was_done_or_refused_in_words(audited: Office) -> None:
    """Not the name of a table, nor only that something was refused."""
    task = audited.task_of(2)
    audited.sign_in("ines").post(f"/tasks/{task}/claim")
    assert audited.sign_in("gabriel").post(f"/tasks/{task}/claim").status_code == 409
    hugo = audited.sign_in("hugo")
    days = {"first_day": "2999-01-01", "last_day": "2999-01-02"}
    assert hugo.post("/absences", {"substitute": "camille", **days}).status_code == 303
    assert hugo.post("/absences", {"substitute": "camille", **days}).status_code == 409
    keeping.number_all(audited.runtime.database)
    browser = audited.sign_in("aurelien")
    refused = unescape(browser.get("/audit/steps?topic=refusal").text)
    assert f"Prendre une tâche · {task}" in refused
    assert "Noter une absence · absence" in refused
    done = re.sub(r"\s+", " ", unescape(browser.get("/audit/steps?who=hugo&topic=record").text))
    assert re.search(r">Noter une absence · \d+<", done)


def test_every_record_command_has_a_title_for_the_auditor(office: Office) -> None:
    """All that the engine and the business describe: a new table of commands is named here, too."""
    for module in [*(CHECKOUT / "engine").rglob("*.py"), *(CHECKOUT / "handlers").rglob("*.py")]:
        for name in re.findall(r'^@record_command\(\s*"([a-z_.]+)"', module.read_text(), re.MULTILINE):
            with office.app.test_request_context():
                g.locale = "fr"
                assert acting.command_title(name), name


@pytest.mark.parametrize("query", FILTERS)
def test_every_filter_finds_something(audited: Office, query: str) -> None:
    assert rows(audited.sign_in("aurelien"), f"?{query}")


def test_nothing_is_said_to_be_nothing(audited: Office) -> None:
    browser = audited.sign_in("aurelien")
    for query in ("?who=' OR true --", "?case=DA-0000", "?until=2020-01-01", "?topic=unknown", f"?case={'9' * 300}"):
        assert rows(browser, query) == []


def test_a_step_shows_old_and_new_values(audited: Office) -> None:
    browser = audited.sign_in("aurelien")
    gabriels = rows(browser, "?who=gabriel&topic=task")
    page = browser.get(gabriels[-1])
    assert page.status_code == 200
    assert "<code>task:completed</code>" in page.text
    assert re.search(r"<dt>Raison[^<]* <code>reason</code></dt>", page.text)
    assert "<dd>Gabriel Achard <code>gabriel</code></dd>" in page.text
    assert re.search(r"<dt>flow</dt><dd>[^<]+ → [^<]+ <code>flow_\w+</code></dd>", page.text)
    assert re.search(r"</strong> Décider de la demande <code>decide_request</code>", page.text)
    assert "<script>alert(1)" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    refused = browser.get(rows(browser, "?who=camille&topic=refusal")[0])
    assert "GET audit.audit" in refused.text
    assert "page_not_allowed" in refused.text


def test_checkpoints_and_the_proof(audited: Office, tmp_path: Path) -> None:
    browser = audited.sign_in("aurelien")
    browser.get("/audit/checkpoints")
    assert browser.post("/audit/checkpoints").status_code == 303
    page = browser.get("/audit/checkpoints")
    where = audited.runtime.keeping
    assert where is not None
    signer = signing.load(where.key_file)
    assert signer is not None
    assert signer.public_key.hex() in page.text
    point = browser.get("/audit/checkpoints/1.json").data
    assert (where.folder / "checkpoint-000001.json").read_bytes() == point
    (tmp_path / "history.jsonl").write_bytes(browser.get("/audit/history.jsonl").data)
    (tmp_path / "point.json").write_bytes(point)
    said = [str(tmp_path / "history.jsonl"), "--checkpoint", str(tmp_path / "point.json"), "--lang", "en"]
    assert verifier.main(said) == 0
    step = browser.get(rows(browser, "?topic=start")[-1])
    assert "checkpoints/1.json" in step.text


def test_cases_for_process_mining(audited: Office) -> None:
    browser = audited.sign_in("aurelien")
    assert "/audit/processes/replenishment/ocel" in browser.get("/audit").text
    as_ocel = read_ocel(browser.get("/audit/processes/replenishment/ocel").text)
    as_xes = read_xes(browser.get("/audit/processes/replenishment/xes").data)
    assert as_ocel.events == as_xes.events > 60 * 20
    assert as_ocel.cases == as_xes.cases
    assert len(as_ocel.cases) == 61


def test_without_a_key_nothing_can_be_signed(office: Office) -> None:
    browser = office.sign_in("aurelien")
    page = browser.get("/audit/checkpoints")
    assert 'action="/audit/checkpoints"' not in page.text
    assert browser.post("/audit/checkpoints").status_code == 409
