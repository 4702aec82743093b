"""The editors of a process over HTTP: one draft for diagram and decisions, posts read without trust, and the way on after a conflict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from werkzeug.test import TestResponse

from engine.definitions import drafts, store
from engine.model.short_form.diagram import as_diagrams
from tests import replenishment
from tests.web.conftest import Browser, Office, read

AT = "/processes/replenishment"
BPMN = "replenishment.bpmn"
DMN = "approval.dmn"
DIAGRAM = replenishment.diagram()
TABLE = read(f"processes/replenishment/{DMN}").decode()
LOWER = TABLE.replace("5000", "4000")


@pytest.fixture
def olivia(office: Office) -> Iterator[Browser]:
    """The owner, with no draft before and after."""
    browser = office.as_("olivia")
    browser.get("/inbox")
    yield browser
    with office.runtime.database.transaction() as session:
        drafts.discard(session, "replenishment")


def save(browser: Browser, files: dict[str, str], revision: int = 0) -> TestResponse:
    return browser.post_json(f"{AT}/draft", {"files": files, "base_version": 1, "revision": revision})


def draft_of(office: Office) -> drafts.Draft | None:
    with office.runtime.database.reading() as session:
        return drafts.find(session, "replenishment")


class _Data(HTMLParser):
    """The JSON of the element ``wanted``, and the attributes of the element that ``mount`` names."""

    def __init__(self, mount: str) -> None:
        super().__init__()
        self.mount, self.attributes, self.text, self._is_inside = mount, dict[str, str | None](), "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id") == self.mount:
            self.attributes = given
        self._is_inside = given.get("id") == f"{self.mount}-data"

    def handle_data(self, data: str) -> None:
        self.text += data if self._is_inside else ""


def page_data(page: str, mount: str) -> tuple[dict[str, str | None], Any]:
    parser = _Data(mount)
    parser.feed(page)
    return parser.attributes, json.loads(parser.text)


def test_what_one_editor_saves_leaves_the_file_of_the_other_as_it_is(office: Office, olivia: Browser) -> None:
    assert save(olivia, {DMN: LOWER}).json == {"revision": 1}
    renamed = DIAGRAM.replace("Approuver la commande", "Donner son accord")
    assert save(olivia, {BPMN: renamed}, 1).json == {"revision": 2}
    draft = draft_of(office)
    assert draft is not None
    assert (draft.files[DMN], draft.files[BPMN]) == (LOWER.encode(), renamed.encode())
    with office.runtime.database.reading() as session:
        published = as_diagrams(store.load_latest(session, "replenishment").bundle.files)
    others = draft.files.keys() - {DMN, BPMN}
    assert others == published.keys() - {DMN, BPMN}
    assert all(draft.files[each] == published[each] for each in others)


def test_both_pages_show_the_draft_and_know_its_revision(olivia: Browser) -> None:
    attributes, data = page_data(olivia.get(f"{AT}/decisions/{DMN}").text, "decision-editor")
    assert (attributes["data-base-version"], attributes["data-revision"], attributes["data-path"]) == ("1", "0", DMN)
    assert data["dmn"] == TABLE
    assert {"article", "quantity", "amount"} <= set(data["names"])

    save(olivia, {DMN: LOWER, "discount.dmn": TABLE.replace("approval_needed", "discount")})
    attributes, data = page_data(olivia.get(f"{AT}/decisions/{DMN}").text, "decision-editor")
    assert (attributes["data-revision"], data["path"], data["dmn"]) == ("1", DMN, LOWER)
    page = olivia.get(f"{AT}/edit").text
    attributes, data = page_data(page, "editor")
    assert (attributes["data-revision"], data["path"], data["bpmn"]) == ("1", BPMN, DIAGRAM)
    assert {"id": "discount", "title": "Accord nécessaire ?", "path": "discount.dmn"} in data["decisions"]
    assert f'href="{AT}/decisions/{DMN}"' in page
    assert f'href="{AT}/decisions/discount.dmn"' in olivia.get(AT).text
    assert f"{AT}/versions/1/decisions/discount.dmn" not in olivia.get(AT).text


def test_the_diagram_editor_is_given_the_schemas_of_what_handlers_take(olivia: Browser) -> None:
    _, data = page_data(olivia.get(f"{AT}/edit").text, "editor")
    found = {each["name"]: each for each in data["handlers"]}
    wanted = found["purchasing.submit_request"]
    assert wanted["title"] == "Enregistrer la demande d’approvisionnement"
    assert wanted["input"]["required"] == ["article", "quantity"]
    assert {"inputs", "outputs", "schema"} & set(wanted) == set(), "one list, not two"
    assert (wanted["effect"], wanted["hold_seconds"], wanted["attempts"]) == (False, 0, 6)


def test_a_story_is_part_of_the_draft(office: Office, olivia: Browser) -> None:
    """Both editors show its text, since what is drawn may be what is meant."""
    told = page_data(olivia.get(f"{AT}/edit").text, "editor")[1]["stories"]["stories/ordered.yaml"]
    assert told == read("processes/replenishment/stories/ordered.yaml").decode()
    assert save(olivia, {BPMN: DIAGRAM, "stories/ordered.yaml": f"{told}# x\n"}).json == {"revision": 1}
    for address, mount in ((f"{AT}/edit", "editor"), (f"{AT}/decisions/{DMN}", "decision-editor")):
        assert page_data(olivia.get(address).text, mount)[1]["stories"]["stories/ordered.yaml"] == f"{told}# x\n"


REFUSED: list[tuple[dict[str, str], str]] = [
    ({"process.yaml": "key: other"}, "process.yaml"),
    ({"forms/approval.yaml": "x"}, "forms/approval.yaml"),
    ({"new.bpmn": DIAGRAM}, "new.bpmn"),
    ({DMN: TABLE, "../approval.dmn": TABLE}, "../approval.dmn"),
    ({"forms/x.dmn": TABLE}, "forms/x.dmn"),
    ({"UPPER.dmn": TABLE}, "UPPER.dmn"),
    ({"été.dmn": TABLE}, "été.dmn"),
    ({"a" * 200 + ".dmn": TABLE}, "a" * 100),
    ({"one.dmn": TABLE, "two.dmn": TABLE}, "two.dmn"),
    ({"line.dmn\n": TABLE}, "line.dmn\n"),
    ({"stories/new.yaml": "x"}, "stories/new.yaml"),
]


@pytest.mark.parametrize("act", ["check", "draft", "publish", "examination"])
def test_a_file_that_the_process_has_not_is_refused_by_name(office: Office, olivia: Browser, act: str) -> None:
    for files, named in REFUSED:
        response = olivia.post_json(f"{AT}/{act}", {"files": files, "base_version": 1, "revision": 0})
        told = response.json or {}
        assert (response.status_code, told["code"]) == (400, "web.editor.file_refused"), files.keys()
        assert f"« {named} »" in told["detail"].replace("\u00a0", " ").replace("\u202f", " ")
    assert draft_of(office) is None


MISSHAPEN: list[object] = [
    {"files": {}},
    {"files": []},
    {"files": {DMN: 1}},
    {"files": {DMN: None}},
    {"files": {"\0.dmn": "x"}},
    {"files": {"\ud800.dmn": "x"}},
    {"files": {DMN: {"text": "x"}}},
    {"files": {DMN: "x"}, "revision": -1},
    {"files": {DMN: "x"}, "revision": True},
    {"files": {DMN: "x"}, "base_version": "1"},
    {"files": {DMN: "x"}, "base_version": 2**31},
    {"bpmn": DIAGRAM},
    [],
    "files",
]


@pytest.mark.parametrize("act", ["check", "draft", "publish", "examination"])
def test_a_post_of_another_shape_is_not_understood(olivia: Browser, act: str) -> None:
    for body in MISSHAPEN:
        response = olivia.post_json(f"{AT}/{act}", body)
        told = response.json or {}
        assert (response.status_code, told.get("code")) == (400, "web.editor.not_json"), str(body)[:80]


def test_files_have_a_limit_each_and_together(office: Office, olivia: Browser) -> None:
    too_large = save(olivia, {DMN: "x" * 2_000_001})
    assert (too_large.status_code, (too_large.json or {})["code"]) == (400, "web.editor.too_large")
    assert DMN in (too_large.json or {})["detail"]
    large = dict.fromkeys((DMN, BPMN, "more.dmn"), "x" * 1_900_000)
    together = save(olivia, large)
    assert (together.status_code, (together.json or {})["code"]) == (400, "draft_too_large")
    huge = olivia.client.post(
        f"{AT}/check",
        data=b'{"files": {"a.dmn": "' + b"x" * 50_000_000 + b'"}}',
        headers={"X-CSRFToken": olivia.token, "Content-Type": "application/json"},
    )
    assert huge.status_code == 413
    assert draft_of(office) is None


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb">]>'
OUTSIDE = '<!DOCTYPE definitions [<!ENTITY file SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("kind", [BOMB, OUTSIDE], ids=["entities", "external entity"])
def test_a_decision_file_with_a_document_type_is_kept_in_a_draft_and_refused_by_the_reader(
    office: Office, olivia: Browser, kind: str
) -> None:
    hostile = TABLE.replace("?>", f"?>{kind}", 1).replace("Jusqu’à", "&file;" if "file" in kind else "&b;")
    assert save(olivia, {DMN: hostile}).status_code == 200
    for act in ("check", "publish"):
        answer = olivia.post_json(f"{AT}/{act}", {"files": {DMN: hostile}, "base_version": 1, "revision": 1})
        problem = next(each for each in (answer.json or {})["problems"] if each["file"] == DMN)
        assert (problem["code"], problem["severity"]) == ("dmn_doctype", "error")
    page = olivia.get(f"{AT}/decisions/{DMN}")
    assert page.status_code == 200
    assert "root:" not in page.text
    assert olivia.get(AT).status_code == 200
    assert "ne se lit pas encore" in olivia.get(f"{AT}/edit").text
    assert draft_of(office) is not None


def test_a_broken_draft_can_be_saved_and_opened_again(olivia: Browser) -> None:
    for broken in ("", "<definitions", "no XML \x01"):
        revision = 0 if broken == "" else 1 if broken == "<definitions" else 2
        assert save(olivia, {DMN: broken}, revision).status_code == 200
        assert page_data(olivia.get(f"{AT}/decisions/{DMN}").text, "decision-editor")[1]["dmn"] == broken
        assert olivia.get(AT).status_code == olivia.get(f"{AT}/edit").status_code == 200


def test_problems_of_a_decision_name_their_file_and_place(olivia: Browser) -> None:
    wrong = TABLE.replace("&gt; 5000", "&gt;&gt; 5000")
    answer = olivia.post_json(f"{AT}/check", {"files": {DMN: wrong}, "base_version": 1, "revision": 0})
    problem = next(each for each in (answer.json or {})["problems"] if each["severity"] == "error")
    assert problem["file"] == DMN
    assert problem["place"].startswith("rule:2/input:1")
    assert "Montant de la commande" in problem["where"]
    assert {"code", "element_id", "element_name", "message"} <= problem.keys()


def test_publishing_a_decision_table_alone_makes_the_next_version(office: Office, olivia: Browser) -> None:
    with office.runtime.database.reading() as session:
        before = store.latest(session, "replenishment")
    assert before is not None
    body = {"files": {DMN: LOWER}, "base_version": before.number, "revision": 0, "note": "Seuil à 4 000 €"}
    answer = office.publish_by(olivia, AT, body)
    assert answer.json == {"version": before.number + 1, "url": AT}
    old = olivia.get(f"{AT}/versions/{before.number}/decisions/{DMN}").text
    new = olivia.get(f"{AT}/versions/{before.number + 1}/decisions/{DMN}").text
    assert "au plus 5\u202f000" in old
    assert "au plus 4\u202f000" in new
    late = olivia.post_json(f"{AT}/publish", body)
    assert (late.status_code, (late.json or {})["code"], (late.json or {})["latest"]) == (
        409,
        "version_newer",
        before.number + 1,
    )
    back = {**body, "files": {DMN: TABLE}, "base_version": before.number + 1}
    assert office.publish_by(olivia, AT, back).status_code == 200


def test_who_is_too_late_learns_whose_draft_it_is_and_can_go_on(office: Office, olivia: Browser) -> None:
    admin = office.as_("admin")
    admin.get("/inbox")
    assert save(admin, {DMN: LOWER}).status_code == 200
    late = save(olivia, {BPMN: DIAGRAM})
    assert late.status_code == 409
    told = late.json or {}
    assert (told["code"], told["has_draft"], told["is_mine"], told["revision"]) == ("draft_changed", True, False, 1)
    assert "rien n’a été écrasé" in told["detail"]
    assert told["by"] in told["detail"]
    assert olivia.get(told["url"]).status_code == 200
    assert save(olivia, {BPMN: DIAGRAM}, told["revision"]).json == {"revision": 2}
    draft = draft_of(office)
    assert draft is not None
    assert draft.files[DMN] == LOWER.encode()


def test_after_the_draft_is_gone_the_refusal_says_which_version_holds(office: Office, olivia: Browser) -> None:
    assert draft_of(office) is None
    late = save(olivia, {BPMN: DIAGRAM}, 7)
    told = late.json or {}
    assert (late.status_code, told["has_draft"], told["revision"]) == (409, False, 0)
    assert "Il n’y a plus de brouillon" in told["detail"]


def test_an_owner_throws_a_draft_away_unless_somebody_saved_since(office: Office, olivia: Browser) -> None:
    save(olivia, {DMN: LOWER})
    page = olivia.get(AT).text
    assert 'name="revision" value="1"' in page
    assert "data-confirm=" in page
    save(olivia, {DMN: TABLE}, 1)
    late = olivia.post(f"{AT}/draft/discard", {"revision": "1"})
    assert late.status_code == 409
    assert draft_of(office) is not None
    gone = olivia.post(f"{AT}/draft/discard", {"revision": "2"})
    assert (gone.status_code, gone.location) == (303, AT)
    assert "Le brouillon est jeté" in olivia.get(AT).text
    assert draft_of(office) is None
    assert olivia.post(f"{AT}/draft/discard", {"revision": "2"}).status_code == 303
    for revision in ("", "-1", "x", "99999999999"):
        assert olivia.post(f"{AT}/draft/discard", {"revision": revision}).status_code == 400


HOSTILE = (
    "..%2f..%2fetc%2fpasswd",
    "..",
    "%2e%2e%2fapproval.dmn",
    "forms%2fapproval.yaml",
    "process.yaml",
    BPMN,
    "approval.dmn%00",
    "approval.dmn%00.dmn",
    "%ff.dmn",
    "x" * 5_000 + ".dmn",
    "<script>.dmn",
)


def test_hostile_addresses_of_decisions_lead_nowhere(olivia: Browser) -> None:
    for path in HOSTILE:
        for address in (f"{AT}/decisions/{path}", f"{AT}/versions/1/decisions/{path}"):
            response = olivia.get(address)
            assert response.status_code == 404, address[:80]
            assert "<script>.dmn" not in response.text
    assert olivia.get(f"{AT}/versions/99999999999999999999/decisions/{DMN}").status_code == 404


def ask(browser: Browser, **question: object) -> dict[str, Any]:
    response = browser.post_json(f"{AT}/expression", question)
    assert response.status_code == 200
    assert response.json is not None
    found: dict[str, Any] = response.json
    return found


def test_an_expression_is_checked_while_it_is_typed(olivia: Browser) -> None:
    assert ask(olivia, source="= amount > 5000", kind="condition", names=[], element=None)["problems"] == []
    assert ask(olivia, source="", kind="expression")["problems"] == []
    assert ask(olivia, source='< 5, "a"', kind="tests")["problems"] == []
    source = '="𝄞" + )'
    (problem,) = ask(olivia, source=source, kind="expression")["problems"]
    assert problem["severity"] == "error"
    assert problem["at"] == len(source.encode("utf-16-le")) // 2 - 1  # browsers count the clef as two
    assert problem["message"]
    assert ask(olivia, source="order total + 1", kind="expression", names=["order total"])["problems"] == []
    long = ask(olivia, source="1+" * 9_000 + "1", kind="expression")["problems"]
    assert [each["code"] for each in long] == ["feel_source_too_long"]


def test_what_never_holds_is_said_while_it_is_typed(olivia: Browser) -> None:
    whole = ask(olivia, source="= quantity + 1", kind="expression")
    assert (whole["problems"], whole["type"]) == ([], "number")
    (never,) = ask(olivia, source='= quantity > "ten"', kind="expression")["problems"]
    assert (never["code"], never["severity"]) == ("feel_never_ordered", "warning")
    for kind, element in (("condition", None), ("expression", "flow_gateway_decision_1")):
        (no_condition,) = ask(olivia, source="= quantity", kind=kind, element=element)["problems"]
        assert (no_condition["code"], no_condition["severity"]) == ("condition_never_boolean", "warning")
        assert "de type nombre" in no_condition["message"]
        assert (no_condition["at"], no_condition["length"]) == (1, 9)
    (certain,) = ask(olivia, source="= 1 + 1", kind="condition")["problems"]
    assert (certain["code"], certain["severity"]) == ("condition_never_boolean", "error")
    assert ask(olivia, source="= quantity", kind="expression", element="compute_amount")["problems"] == []
    assert ask(olivia, source="= amount_of_a_message", kind="condition")["problems"] == []


def test_a_cell_may_speak_of_what_its_file_declares(olivia: Browser) -> None:
    typed = TABLE.replace(
        '<decision id="approval_needed"',
        '<itemDefinition name="tMoney"><typeRef>number</typeRef></itemDefinition>'
        '<inputData id="total" name="Order total"><variable name="Order total" typeRef="tMoney"/></inputData>'
        '<decision id="approval_needed"',
    )
    assert save(olivia, {DMN: typed}).status_code == 200
    assert "Order total" in page_data(olivia.get(f"{AT}/decisions/{DMN}").text, "decision-editor")[1]["names"]
    cell = "above_threshold_approval"
    fine = ask(olivia, source="(Order total + 1) instance of tMoney", kind="expression", element=cell)
    assert fine["problems"] == []
    (never,) = ask(olivia, source='Order total > "much"', kind="expression", element=cell)["problems"]
    assert never["code"] == "feel_never_ordered"
    save(olivia, {DMN: "broken"}, 1)
    assert ask(olivia, source="amount", kind="expression", element=cell)["problems"] == []


def test_a_cell_is_held_against_its_column_and_the_names_that_there_are(olivia: Browser) -> None:
    def said(source: str, kind: str, column: str | None) -> list[tuple[str, str]]:
        found = ask(olivia, source=source, kind=kind, element="above_threshold_amount", type=column)["problems"]
        return [(each["severity"], each["code"]) for each in found]

    assert said('"five"', "tests", "number") == [("warning", "feel_test_never")]
    assert said('"five"', "tests", "tNobodyKnows") == []
    assert said('"yes"', "expression", "boolean") == [("error", "web.expression.output_type")]
    assert said("amount > 5", "expression", "boolean") == []
    assert said("> amont", "tests", "number") == [("warning", "feel_unknown_name_similar")]
    assert said("agreed", "expression", "string") == [("warning", "feel_unknown_name")]
    assert said("agreed", "expression", None) == []  # of a diagram: a message may bring it
    assert said("vrai", "expression", "boolean") == [("error", "feel_write_instead")]


def test_expressions_are_completed_with_what_there_is(olivia: Browser) -> None:
    for address, script in ((f"{AT}/decisions/{DMN}", "decision-editor"), (f"{AT}/edit", "editor")):
        data = page_data(olivia.get(address).text, script)[1]
        infos = {each["name"]: each["info"] for each in data["functions"]}
        assert (
            infos["contains"].replace("\N{NO-BREAK SPACE}", " ")
            == "contains(string : texte, match : texte) → oui ou non"
        )
        assert "facultatif" in infos["substring"]
        assert "working_days_after" in infos
        assert {"name": "quantity", "detail": "nombre"} in data["variables"]


NO_QUESTIONS: list[object] = [
    {},
    {"source": "1"},
    {"source": "1", "kind": "python"},
    {"source": 1, "kind": "expression"},
    {"source": "1\0", "kind": "expression"},
    {"source": "1", "kind": "expression", "names": "a"},
    {"source": "1", "kind": "expression", "names": [1]},
    {"source": "1", "kind": "expression", "names": ["a"] * 2_000},
    {"source": "1", "kind": "expression", "names": ["a" * 2_000]},
    {"source": "1", "kind": "expression", "element": 1},
    {"source": "1", "kind": "expression", "type": 1},
    {"source": "1", "kind": ["expression"]},
    {"source": "x" * 30_000, "kind": "expression"},
    [],
]


def test_a_question_of_another_shape_is_not_understood(olivia: Browser) -> None:
    for question in NO_QUESTIONS:
        response = olivia.post_json(f"{AT}/expression", question)
        told = response.json or {}
        assert (response.status_code, told.get("code")) == (400, "web.editor.not_json"), str(question)[:80]
