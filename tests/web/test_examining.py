"""Examinations over HTTP: asked for, followed, and what publishing says before and after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from engine.definitions import drafts, examining, store
from engine.second_opinion import Agreement, Opinion
from engine.second_opinion.comparing import Difference
from engine.stories import Story
from engine.worker import run_pending
from tests import replenishment
from tests.web.conftest import Browser, Office, read
from tests.web.test_refusals import refused

AT = "/processes/replenishment"
BPMN = "replenishment.bpmn"
DIAGRAM = replenishment.diagram()
NOTE = "Un autre mot"


@pytest.fixture
def olivia(office: Office) -> Iterator[Browser]:
    """The owner, with no draft before and after, and nothing in the queue."""
    run_pending(office.runtime)
    browser = office.as_("olivia")
    browser.get("/inbox")
    yield browser
    with office.runtime.database.transaction() as session:
        drafts.discard(session, "replenishment")


def body(office: Office, drawn: str, **more: Any) -> dict[str, Any]:
    """What the editor posts over the latest version."""
    with office.runtime.database.reading() as session:
        latest = store.latest(session, "replenishment")
    assert latest is not None
    return {"files": {BPMN: drawn}, "base_version": latest.number, "revision": 0, "note": NOTE, **more}


def changed(*changes: tuple[str, str]) -> str:
    drawn = DIAGRAM
    for old, new in changes:
        assert old in drawn
        drawn = drawn.replace(old, new)
    return drawn


def remarked(remark: str) -> str:
    """Another content, and the same process."""
    return changed(("<bpmn:process ", f"<!-- {remark} --><bpmn:process "))


JOIN = '<bpmn:{} id="gateway_approval_join">'
OUT = "flow_gateway_approval_join</bpmn:outgoing>"
STUCK = changed(
    (JOIN.format("exclusiveGateway"), JOIN.format("parallelGateway")),
    (f"{OUT}\n    </bpmn:exclusiveGateway>", f"{OUT}</bpmn:parallelGateway>"),
)
"""The join waits for two branches of which one comes."""

CHEAP = """<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">
    = not(approval_required) and amount &lt; 1000000</bpmn:conditionExpression>"""
TO_JOIN = 'sourceRef="gateway_approval" targetRef="gateway_approval_join"'
UNDECIDED = changed(
    (' default="flow_gateway_approval_2"', ""), (f"{TO_JOIN}/>", f"{TO_JOIN}>{CHEAP}</bpmn:sequenceFlow>")
)
"""Nothing makes sure that one of the two conditions holds."""


def jobs(office: Office) -> int:
    with office.runtime.database.reading() as session:
        found = session.execute(text("SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name = 'examine'"))
        return int(found.scalar_one())


def test_a_report_is_asked_for_followed_and_kept(office: Office, olivia: Browser) -> None:
    sent = body(office, remarked("first"))
    asked = olivia.post_json(f"{AT}/examination", sent).json or {}
    assert (asked["state"], asked["may_publish"], asked["verdicts"]) == ("waiting", False, [])
    assert "examen" in asked["progress"]["now"]
    again = olivia.post_json(f"{AT}/examination", sent).json or {}
    assert (again["id"], jobs(office)) == (asked["id"], 1)
    run_pending(office.runtime)
    found = olivia.get(f"{AT}/examination/{asked['id']}").json or {}
    assert (found["state"], found["may_publish"], found["needs_reason"]) == ("done", True, False)
    (verdict,) = found["verdicts"]
    assert (verdict["process"], verdict["soundness"], verdict["kind"]) == ("replenishment", "sound", None)
    assert verdict["sentence"].startswith("Le processus est correct")
    paths = {each["file"]: each["path"] for each in found["stories"] if each["passed"]}
    assert len(paths) == len(found["stories"])
    assert paths["stories/ordered.yaml"][:3] == ["asked", "flow_asked", "submit_request"]
    assert found["coverage"]["percent"] == 100
    assert found["coverage"]["stories"] == len(found["stories"])
    assert min(found["coverage"]["flows"].values()) > 0
    same = {"kind": "same", "unexplained": False, "sentence": "Le second moteur suit le même chemin.", "element": None}
    assert [each["opinion"] for each in found["stories"]] == [same] * 7
    assert found["opinions"] == {"total": 7, "compared": 7, "explained": 0, "unexplained": 0}
    assert olivia.post_json(f"{AT}/examination", sent).json == found
    assert olivia.get(f"/processes/other/examination/{asked['id']}").status_code == 404


def test_what_has_errors_is_not_examined(office: Office, olivia: Browser) -> None:
    sent = body(office, changed(('taskDefinition type="', 'taskDefinition type="no.such.')))
    found = olivia.post_json(f"{AT}/examination", sent).json or {}
    assert (found["state"], found["may_publish"], found["verdicts"], found["stories"]) == ("done", False, [], [])
    assert jobs(office) == 0


def test_publishing_waits_for_the_examination_and_asks_for_it(office: Office, olivia: Browser) -> None:
    sent = body(office, remarked("second"))
    early = olivia.post_json(f"{AT}/publish", sent)
    told = early.json or {}
    assert (early.status_code, told["code"], early.mimetype) == (409, "examination_running", "application/problem+json")
    assert (told["report"]["id"], told["report"]["state"]) == (told["id"], "waiting")
    assert olivia.post_json(f"{AT}/publish", sent).status_code == 409
    assert jobs(office) == 1
    run_pending(office.runtime)
    assert olivia.post_json(f"{AT}/publish", sent).status_code == 200
    assert "Correct" in olivia.get(AT).text


def test_a_report_is_of_one_content_only(office: Office, olivia: Browser) -> None:
    first, second = body(office, remarked("third")), body(office, remarked("fourth"))
    one = (olivia.post_json(f"{AT}/examination", first).json or {})["id"]
    run_pending(office.runtime)
    # somebody went on drawing meanwhile
    assert olivia.post_json(f"{AT}/publish", second).status_code == 409
    assert (olivia.post_json(f"{AT}/examination", second).json or {})["id"] != one
    run_pending(office.runtime)
    assert olivia.post_json(f"{AT}/publish", second).status_code == 200


def test_what_is_unsound_is_refused_with_the_element(office: Office, olivia: Browser) -> None:
    answer = office.publish_by(olivia, AT, body(office, STUCK, reason="I want it"))
    told = answer.json or {}
    assert (answer.status_code, told["code"]) == (422, "definition_invalid")
    noted = refused(office, "olivia")[-1]
    assert (noted["act"], noted["about"]) == ("processes.publish", {"process": "replenishment"})
    assert noted["code"] in {each["code"] for each in told["problems"]}
    problem = next(each for each in told["problems"] if each["code"] == "explore_deadlock")
    assert (problem["file"], problem["element_id"]) == (BPMN, "gateway_approval_join")
    assert "peut rester bloqué à « gateway_approval_join »" in problem["message"].replace("\xa0", " ")
    found = olivia.post_json(f"{AT}/examination", body(office, STUCK)).json or {}
    (verdict,) = found["verdicts"]
    assert (verdict["soundness"], verdict["kind"], verdict["element"]) == (
        "unsound",
        "deadlock",
        "gateway_approval_join",
    )
    assert verdict["path"][0] == "asked"
    assert verdict["example"]
    assert not found["may_publish"]


def test_a_story_that_goes_another_way_is_refused_with_its_place(office: Office, olivia: Browser) -> None:
    sent = body(office, DIAGRAM)
    sent["files"] = {"approval.dmn": read("processes/replenishment/approval.dmn").decode().replace("5000", "500000")}
    answer = office.publish_by(olivia, AT, sent)
    assert answer.status_code == 422
    problems = (answer.json or {})["problems"]
    assert {each["file"] for each in problems} == {"stories/approved.yaml", "stories/denied.yaml"}
    assert all(each["where"] for each in problems)
    found = olivia.post_json(f"{AT}/examination", sent).json or {}
    assert [each["file"] for each in found["stories"] if not each["passed"]] == [
        "stories/approved.yaml",
        "stories/denied.yaml",
    ]


def differing(told: Story, *_: object, **__: object) -> Opinion:
    """A second engine that goes another way at one element of one story, and nobody knows why."""
    if told.file != "stories/refused.yaml":
        return Opinion(process=told.process, file=told.file, agreement=Agreement.SAME)
    found = Difference(point="only_theirs", element="tell_refused")
    return Opinion(process=told.process, file=told.file, agreement=Agreement.DIFFERENT, difference=found)


def test_a_difference_that_nothing_explains_is_refused_with_the_element(
    office: Office, olivia: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "compare", differing)
    sent = body(office, remarked("fifth"), reason="I want it")
    answer = office.publish_by(olivia, AT, sent)
    told = answer.json or {}
    assert (answer.status_code, told["code"]) == (422, "opinion_unexplained_only_theirs")
    (problem,) = told["problems"]
    assert (problem["file"], problem["element_id"]) == ("stories/refused.yaml", "tell_refused")
    assert "diffère sans raison connue" in problem["message"]
    found = olivia.post_json(f"{AT}/examination", sent).json or {}
    assert (found["may_publish"], found["needs_reason"]) == (False, False)
    assert found["opinions"] == {"total": 7, "compared": 7, "explained": 0, "unexplained": 1}
    (opinion,) = [each["opinion"] for each in found["stories"] if each["opinion"]["unexplained"]]
    assert (opinion["kind"], opinion["element"], opinion["sentence"]) == (
        "different",
        "tell_refused",
        problem["message"],
    )


def test_a_version_shows_what_the_second_engine_said(office: Office, olivia: Browser) -> None:
    assert office.publish_by(olivia, AT, body(office, remarked("sixth"))).status_code == 200
    assert "SpiffWorkflow suit le même chemin dans 7 récits sur 7." in olivia.get(AT).text.replace("\xa0", " ")


def test_what_is_not_decided_needs_a_reason_that_everybody_reads(office: Office, olivia: Browser) -> None:
    sent = body(office, UNDECIDED)
    answer = office.publish_by(olivia, AT, sent)
    told = answer.json or {}
    assert (answer.status_code, told["code"]) == (422, "soundness_reason_missing")
    assert [each["element_id"] for each in told["problems"]] == ["gateway_approval"]
    assert (olivia.post_json(f"{AT}/examination", sent).json or {})["needs_reason"]
    for reason in ("", " \n", 7, "x" * 501):
        assert olivia.post_json(f"{AT}/publish", {**sent, "reason": reason}).status_code in {400, 422}
    reason = "Nous ne commandons jamais pour plus d’un million."
    assert olivia.post_json(f"{AT}/publish", {**sent, "reason": f"  {reason} "}).status_code == 200
    page = office.as_("gabriel").get(AT).text.replace("\xa0", " ").replace("&#39;", "’")
    assert reason in page
    assert "Non décidé" in page
