"""Headers, cookies, forged posts, sessions, throttling, what is refused as JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from engine import clock
from engine.identity.people import add_person
from tests.web.conftest import PASSWORD, Office
from web import security
from web.auth import safe_next
from web.ui import DIST

ADDRESSES = ("/sign-in", "/inbox", "/cases/999999", "/nowhere", "/static/icon.svg", "/health")


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_has_the_headers(office: Office, address: str) -> None:
    response = office.as_("camille").get(address)
    for name, value in security.HEADERS.items():
        assert response.headers[name] == value
    assert len(response.headers["X-Request-Id"]) == 16
    assert "unsafe" not in response.headers["Content-Security-Policy"]


def test_pages_of_people_are_not_kept_by_caches_but_built_assets_are(office: Office) -> None:
    camille = office.as_("camille")
    assert camille.get("/inbox").headers["Cache-Control"] == "no-store"
    manifest = json.loads((DIST / "manifest.json").read_text())
    built = camille.get(f"/static/dist/{manifest['page']['file']}")
    assert "immutable" in built.headers["Cache-Control"]


def test_no_page_carries_inline_script_or_style(office: Office) -> None:
    case = office.start()
    aurelien = office.as_("aurelien")
    sheet = "/processes/replenishment/versions/1/decisions/approval.dmn"
    for address in ("/inbox", "/cases", f"/cases/{case}", "/audit", "/processes/replenishment", sheet):
        text = aurelien.get(address).text
        assert " style=" not in text
        assert "<style" not in text
        assert "javascript:" not in text
        assert " on" not in [part[:3] for part in text.split('"')]
        for part in text.split("<script")[1:]:
            opening = part.split(">", 1)[0]
            assert " src=" in opening or 'type="application/json"' in opening


def test_templates_use_nothing_of_htmx_that_needs_eval(office: Office) -> None:
    from pathlib import Path

    import web

    for template in (Path(web.__file__).parent / "templates").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        assert "hx-on" not in text, template
        assert "js:" not in text, template


def test_a_diagram_is_no_page_of_this_site(office: Office) -> None:
    for address in (f"/cases/{office.start()}/diagram.bpmn", "/processes/replenishment/versions/1.bpmn"):
        headers = office.as_("aurelien").get(address).headers
        assert headers["Content-Disposition"] == "attachment"
        assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_json_inside_a_page_cannot_leave_its_element(office: Office) -> None:
    from web.ui import safe_json

    text = safe_json({"a": "</script><script>alert(1)</script>&"})
    assert "<" not in text
    assert json.loads(text)["a"] == "</script><script>alert(1)</script>&"


POSTS = (
    "/sign-in",
    "/sign-out",
    "/language/en",
    "/start/replenishment",
    "/start/replenishment/form-state",
    "/tasks/1/claim",
    "/tasks/1/release",
    "/tasks/1/complete",
    "/tasks/1/form-state",
    "/cases/1/incidents/1/retry",
    "/absences",
    "/absences/1/end",
    "/audit/checkpoints",
    "/cases/1/comments",
    "/cases/1/effects/a1/send-now",
    "/cases/1/effects/a1/take-back",
    "/cases/1/files",
    "/cases/1/incidents/1/confirm",
    "/cases/1/operate",
    "/comments/1/remove",
    "/files/1/remove",
    "/inbox/bulk",
    "/inbox/bulk/claim",
    "/inbox/bulk/complete",
    "/inbox/bulk/form-state",
    "/inbox/lists",
    "/inbox/lists/1/remove",
    "/operations/cases",
    "/operations/retry",
    "/tasks/1/delegate",
    "/tasks/1/draft",
    "/tasks/1/draft/forget",
    "/processes/replenishment/check",
    "/processes/replenishment/draft",
    "/processes/replenishment/publish",
    "/processes/replenishment/examination",
    "/processes/replenishment/draft/discard",
    "/processes/replenishment/expression",
    "/account/password",
    "/account/sessions/end",
    "/admin/company",
    "/admin/company/logo",
    "/admin/company/logo/remove",
    "/admin/people/new",
    "/admin/people/zoe",
    "/admin/people/zoe/deactivate",
    "/admin/people/zoe/reactivate",
    "/admin/people/zoe/secret",
    "/admin/people/zoe/sessions/end",
    "/admin/roles",
    "/admin/roles/admin",
    "/admin/groups",
    "/admin/groups/x",
    "/admin/groups/x/delete",
    "/admin/services",
    "/admin/services/x",
    "/admin/services/x/close",
    "/admin/services/x/tokens",
    "/admin/services/x/tokens/y/revoke",
    "/account/notices",
    "/admin/letters/1/resend",
    "/admin/letters/restored/1/burn",
    "/admin/mail/settings",
    "/admin/personal",
    "/admin/personal/case/1/erase",
    "/admin/personal/case/1/confirm",
    "/admin/personal/case/1/withdraw",
    "/admin/retention/replenishment",
    "/articles/new",
    "/articles/X/change",
    "/articles/X/count",
    "/articles/X/level",
    "/articles/X/transfer",
    "/articles/X/release",
    "/warehouses/new",
    "/warehouses/X",
    "/customers/new",
    "/customers/X",
    "/customers/X/address",
    "/customers/X/address/1",
    "/customers/X/address/1/remove",
    "/customers/X/contact",
    "/customers/X/contact/1",
    "/customers/X/contact/1/remove",
    "/customers/X/delete",
    "/quotes/new",
    "/quotes/X/edit",
    "/quotes/X/cancel",
    "/quote/X",
    "/admin/company/orders",
    "/customers/X/account/send",
    "/orders/new",
    "/orders/X/edit",
    "/orders/X/place",
    "/orders/X/terms",
    "/orders/X/close",
    "/orders/X/cancel",
    "/orders/X/invoice",
    "/orders/of-quote/X",
    "/orders/X/revise",
    "/quotes/X/letter/send",
    "/quotes/X/letter/take-back",
    "/invoices/verification",
    "/customers/X/fields",
    "/customers/X/price-list",
    "/price-lists/new",
    "/price-lists/X",
    "/price-lists/X/prices",
    "/admin/company/customer-fields",
    "/admin/company/customer-fields/X",
    "/admin/company/letters/quote_sent/fr",
    "/admin/company/letters/quote_sent/fr/restore",
    "/deliveries/X/pick",
    "/deliveries/X/ship",
    "/deliveries/X/return",
    "/invoices/X/quantities",
    "/invoices/X/credit",
    "/invoices/X/reduction",
    "/payments/new",
    "/payments/use",
    "/payments/refund",
    "/payments/X/reverse",
    "/cases/1/repair",
    "/cases/1/repair/variable",
    "/operations/cases/repair",
    "/operations/cases/repair/ask",
    "/processes/replenishment/move",
    "/processes/replenishment/moves/1/start",
    "/processes/replenishment/moves/1/undo",
)


def test_every_route_that_takes_posts_is_tried_without_a_token(office: Office) -> None:
    rules = {rule.rule for rule in office.app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    adapter = office.app.url_map.bind("localhost")
    tried = {adapter.match(each, method="POST", return_rule=True)[0].rule for each in POSTS}
    assert rules - tried == {"/csp-report"}


@pytest.mark.parametrize("address", POSTS)
def test_a_post_without_the_token_is_refused(office: Office, address: str) -> None:
    browser = office.as_("camille")
    response = browser.client.post(address)
    assert response.status_code == 400
    assert "Page trop ancienne" in response.text
    assert browser.client.post(address, data={"csrf_token": "forged"}).status_code == 400


def test_the_token_of_before_signing_in_is_worth_nothing_after(office: Office) -> None:
    browser = office.nobody()
    browser.get("/sign-in")
    before = browser.token
    browser.post("/sign-in", {"login": "camille", "password": PASSWORD})
    assert browser.client.post("/language/en", data={"csrf_token": before}).status_code == 400


def test_cookies_over_https_have_the_host_prefix(office: Office) -> None:
    client = office.app.test_client()
    page = client.get("/sign-in", base_url="https://bordereau.example")
    assert page.headers["Strict-Transport-Security"]
    token = page.text.split('name="csrf-token" content="')[1].split('"')[0]
    given = {"login": "camille", "password": PASSWORD, "csrf_token": token}
    referer = {"Referer": "https://bordereau.example/sign-in"}
    response = client.post("/sign-in", data=given, base_url="https://bordereau.example", headers=referer)
    assert response.status_code == 303
    cookies = response.headers.getlist("Set-Cookie") + page.headers.getlist("Set-Cookie")
    session = next(each for each in cookies if each.startswith("__Host-bordereau="))
    assert any(each.startswith("__Host-bordereau-form=") for each in cookies)
    for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in session
    assert "Domain" not in session


def test_the_session_token_changes_at_every_sign_in_and_ends_at_sign_out(office: Office) -> None:
    browser = office.sign_in("camille")
    first = browser.client.get_cookie("bordereau")
    browser.get("/inbox")
    browser.client.get("/sign-in")
    browser.post("/sign-in", {"login": "camille", "password": PASSWORD})
    second = browser.client.get_cookie("bordereau")
    assert first is not None
    assert second is not None
    assert first.value != second.value
    stolen = office.nobody()
    stolen.client.set_cookie("bordereau", first.value)
    assert stolen.get("/inbox").status_code == 303
    browser.get("/inbox")
    assert browser.post("/sign-out").status_code == 303
    stolen.client.set_cookie("bordereau", second.value)
    assert stolen.get("/inbox").status_code == 303


def test_a_session_ends_by_itself(office: Office) -> None:
    browser = office.sign_in("camille")
    with clock.frozen(clock.now() + timedelta(hours=9)):
        assert browser.get("/inbox").status_code == 303


def test_a_wrong_password_says_no_more_than_that_and_keeps_the_login(office: Office) -> None:
    browser = office.nobody()
    browser.get("/sign-in")
    wrong = browser.post("/sign-in", {"login": "camille", "password": "no"})
    unknown = browser.post("/sign-in", {"login": "nobody-at-all", "password": "no"})
    assert (wrong.status_code, unknown.status_code) == (422, 422)
    assert 'value="camille"' in wrong.text
    for response in (wrong, unknown):
        assert response.text.count('role="alert"') == 1
    assert _alert(wrong.text) == _alert(unknown.text)


def _alert(text: str) -> str:
    return text.split('role="alert"')[1].split("</div>", maxsplit=1)[0]


def test_a_long_password_is_checked_as_it_was_typed(office: Office) -> None:
    long = "a long password " * 40
    with office.runtime.database.transaction() as session:
        add_person(session, login="lea", name="Léa", email="", password=long, roles=(), locale="fr")
    browser = office.nobody()
    browser.get("/sign-in")
    assert browser.post("/sign-in", {"login": "lea", "password": long[:-1]}).status_code == 422
    assert browser.post("/sign-in", {"login": "lea", "password": long}).status_code == 303


def test_signing_in_and_out_and_what_is_refused_is_in_the_log(
    office: Office,
) -> None:
    def said(*codes: str) -> list[dict[str, object]]:
        found = [dict(each) for each in captured.entries if each["event"] in codes]
        captured.entries.clear()
        return found

    with capture_logs() as entries:
        captured = SimpleNamespace(entries=entries)
        browser = office.nobody()
        browser.get("/sign-in")
        browser.post("/sign-in", {"login": "a password typed into the wrong field", "password": "hush"})
        (refused,) = said("sign_in_refused")
        assert refused["code"] == "sign_in_refused"
        assert not {"hush", "a password typed into the wrong field"} & set(map(str, refused.values()))
        browser.post("/sign-in", {"login": "ines", "password": PASSWORD})
        (opened,) = said("signed_in")
        assert opened["person"] == str(office.actor("ines").person_id)
        browser.get("/audit")
        (denied,) = said("refused")
        assert (
            denied | {"status": 403, "code": "page_not_allowed", "person": opened["person"], "path": "/audit"} == denied
        )
        browser.client.post("/sign-out")
        (forged,) = said("forged_post")
        assert (forged["person"], forged["path"]) == (opened["person"], "/sign-out")
        browser.get("/inbox")
        browser.post("/sign-out")
        (closed,) = said("signed_out")
        assert closed["person"] == opened["person"]


def test_too_many_tries_have_to_wait(office: Office) -> None:
    browser = office.nobody()
    browser.get("/sign-in")
    statuses = [browser.post("/sign-in", {"login": "monique", "password": "no"}).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    right = browser.post("/sign-in", {"login": "monique", "password": PASSWORD})
    assert right.status_code == 429
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        assert browser.post("/sign-in", {"login": "monique", "password": PASSWORD}).status_code == 303


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/cases/42?el=a", "/cases/42?el=a"),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("/\\evil.example", None),
        ("javascript:alert(1)", None),
        ("/ok\r\nSet-Cookie: a=b", None),
        ("", None),
        (None, None),
    ],
)
def test_after_signing_in_people_stay_on_this_site(target: str | None, kept: str | None) -> None:
    assert safe_next(target) == kept


def test_signing_in_leads_back_to_where_one_wanted_to_go(office: Office) -> None:
    browser = office.nobody()
    asked = browser.get("/cases?q=DA")
    assert asked.headers["Location"] == "/sign-in?next=/cases?q%3DDA"
    browser.get(asked.headers["Location"])
    response = browser.post("/sign-in", {"login": "camille", "password": PASSWORD, "next": "/cases?q=DA"})
    assert response.headers["Location"] == "/cases?q=DA"


def test_programs_get_problem_json(office: Office) -> None:
    json_please = {"Accept": "application/json"}
    found = office.as_("camille").get("/cases/999999", headers=json_please)
    assert found.mimetype == "application/problem+json"
    body = found.get_json()
    assert (body["status"], body["code"], body["type"]) == (404, "case_not_found", "about:blank")
    assert body["title"] == "Introuvable"
    assert body["request"] == found.headers["X-Request-Id"]
    refused = office.nobody().get("/cases", headers=json_please)
    assert (refused.status_code, refused.get_json()["code"]) == (401, "sign_in_needed")


def test_htmx_is_led_to_the_sign_in_page_as_a_whole(office: Office) -> None:
    response = office.nobody().get("/inbox", headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert response.headers["HX-Redirect"].startswith("/sign-in")


def test_a_report_of_the_content_policy_is_taken_from_anybody(office: Office) -> None:
    report = {"csp-report": {"violated-directive": "script-src"}}
    response = office.nobody().client.post(
        "/csp-report", data=json.dumps(report), content_type="application/csp-report"
    )
    assert response.status_code == 204


def test_our_own_failure_has_a_number_and_tells_nothing_else(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: object, **_options: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr("web.records.views.queries.cases", broken)
    response = office.as_("camille").get("/cases")
    assert response.status_code == 500
    assert "the secret inside" not in response.text
    assert 'id="nav"' not in response.text, "the navigation would ask the database, which may be what failed"
    assert "numéro" in response.text


@pytest.mark.parametrize(
    "address",
    ["/cases?q=%00", "/cases?process=%00", "/processes/%00", "/processes/%00/edit", "/start/%00", "/sign-in?next=%00"],
)
def test_an_address_that_no_text_can_have_is_not_found(office: Office, address: str) -> None:
    assert office.as_("olivia").get(address).status_code == 404


def test_a_page_after_the_last_number_is_a_page(office: Office) -> None:
    assert office.as_("camille").get(f"/cases?after={10**30}").status_code == 200


@pytest.mark.parametrize("key", ["k" * 20_000, "🂡"])
def test_whatever_names_a_sending_begins_one_case(office: Office, key: str) -> None:
    answers = {"article": "BUR-CH-160", "quantity": "1", "_key": key}
    camille = office.as_("camille")
    camille.get("/start/replenishment")
    first, second = (camille.post("/start/replenishment", answers) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location


@pytest.mark.parametrize("act", ["check", "draft", "publish", "expression", "examination"])
@pytest.mark.parametrize(
    "body",
    [
        '{"bpmn":' + "[" * 100_000,
        "[" * 100_000,
        '{"bpmn":"x","note":"\\u0000"}',
        '{"bpmn":"x","note":"\\ud800"}',
        "null",
    ],
    ids=["deep in an entry", "deep", "NUL", "half a character", "null"],
)
def test_what_no_editor_sends_is_not_understood(office: Office, act: str, body: str) -> None:
    olivia = office.as_("olivia")
    olivia.get("/inbox")
    response = olivia.client.post(
        f"/processes/replenishment/{act}",
        data=body,
        headers={"X-CSRFToken": olivia.token, "Content-Type": "application/json"},
    )
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["code"] == "web.editor.not_json"


def test_a_form_of_thousands_of_fields_costs_little(office: Office) -> None:
    camille = office.as_("camille")
    camille.get("/inbox")
    response = camille.post("/start/replenishment", {f"f{number}": "" for number in range(20_000)})
    assert response.status_code == 422
    assert len(response.data) < 50_000
    assert office.nobody().client.post("/sign-in", data={"login": "x" * 600_000}).status_code == 413


def test_what_is_too_large_is_refused(office: Office) -> None:
    browser = office.as_("camille")
    browser.get("/inbox")
    response = browser.post("/language/en", {"next": "x" * 9_000_000})
    assert response.status_code == 413
