"""Administration in the browser: people with dates, roles and groups, machines; nothing typed is lost, secrets are shown once."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from engine import clock
from engine.identity import memberships, people, services
from engine.texts import format as forms
from tests.web.conftest import PASSWORD, Browser, Office

SECRET = re.compile(r'id="secret">([^<]+)<')
SEEN = re.compile(r'name="seen" value="(\d+)"')
GOOD = "seven rusty pelicans"


@pytest.fixture
def admin(office: Office) -> Browser:
    browser = office.as_("admin")
    browser.get("/admin/people")
    return browser


def person_form(login: str, **other: object) -> dict[str, object]:
    return {
        "login": login,
        "name": login.title(),
        "email": "",
        "locale": "fr",
        "what": [],
        "first": [],
        "last": [],
    } | other


def shown_secret(page: TestResponse) -> str:
    found = SECRET.search(page.text)
    assert found is not None
    return html.unescape(found.group(1))


def add(admin: Browser, login: str, **other: object) -> str:
    page = admin.post("/admin/people/new", person_form(login, **other))
    assert page.status_code == 200, page.text
    return shown_secret(page)


def change(admin: Browser, login: str, **other: object) -> TestResponse:
    seen = SEEN.search(admin.get(f"/admin/people/{login}").text)
    assert seen is not None
    return admin.post(f"/admin/people/{login}", {"seen": seen.group(1)} | person_form(login, **other))


def test_somebody_new_sets_a_password_before_anything_else(office: Office, admin: Browser) -> None:
    secret = add(admin, "nina", what=["role:sales_admin"], first=[""], last=[""])
    assert secret not in admin.get("/admin/people/nina").text
    nina = office.nobody()
    nina.get("/sign-in")
    assert nina.post("/sign-in", {"login": "nina", "password": secret}).status_code == 303
    for address in ("/inbox", "/cases", "/"):
        assert nina.get(address).location.endswith("/account")
    assert nina.get("/inbox", headers={"Accept": "application/json"}).status_code == 403
    page = nina.get("/account")
    assert 'name="old"' not in page.text
    refused = nina.post("/account/password", {"password": "motdepasse123", "again": "motdepasse123"})
    assert refused.status_code == 422
    assert "motdepasse123" not in refused.text
    assert nina.post("/account/password", {"password": GOOD, "again": GOOD}).location.endswith("/inbox")
    assert nina.get("/inbox").status_code == 200
    again = office.nobody()
    again.get("/sign-in")
    assert again.post("/sign-in", {"login": "nina", "password": secret}).status_code == 422
    assert again.post("/sign-in", {"login": "nina", "password": GOOD}).status_code == 303


def test_what_was_typed_stays_when_it_is_refused(admin: Browser) -> None:
    typed = person_form("camille", name="Deux <fois>", what=["role:auditor"], first=["2026-03-01"], last=["2026-02-01"])
    page = admin.post("/admin/people/new", typed)
    assert page.status_code == 422
    for kept in ("Deux &lt;fois&gt;", 'value="2026-03-01"', 'value="2026-02-01"', 'value="role:auditor" selected'):
        assert kept in page.text
    taken = admin.post("/admin/people/new", person_form("camille"))
    assert "est déjà pris" in html.unescape(taken.text)
    for first in ("31/12/2026", "2026-02-30", "9" * 50):
        unreadable = admin.post("/admin/people/new", person_form("x", what=["role:auditor"], first=[first], last=[""]))
        assert unreadable.status_code == 422


def test_a_role_for_some_days_ends_with_its_last_day(office: Office, admin: Browser) -> None:
    zone = office.runtime.zone
    today = clock.now().astimezone(zone).date()
    last = today + timedelta(days=9)
    add(admin, "remi", what=["role:auditor"], first=[""], last=[last.isoformat()])
    with office.runtime.database.reading() as session:
        remi = people.find_person(session, "remi")
        assert remi is not None
        (held,) = memberships.of_person(session, remi.id)
    assert remi.roles == {"auditor"}
    assert held.until_at is not None
    assert held.until_at.astimezone(zone).date() == last + timedelta(days=1)
    page = admin.get("/admin/people/remi")
    assert f'name="last" value="{last.isoformat()}"' in page.text
    lines = {"what": ["role:auditor"], "first": [today.isoformat()], "last": [last.isoformat()]}
    assert change(admin, "remi", name="Rémi", **lines).status_code == 303
    with office.runtime.database.reading() as session:
        assert memberships.of_person(session, remi.id) == (held,)
    assert change(admin, "remi", name="Rémi", **(lines | {"what": [""]})).status_code == 303
    assert office.actor("remi").roles == frozenset()
    astray = change(admin, "remi", name="Rémi", **(lines | {"what": [""]}))
    assert astray.status_code == 422
    changes = html.unescape(admin.get("/admin/people/remi").text).split('id="history-title"')[1]
    assert "Modifier une personne" in changes
    assert "Rémi" in changes
    assert f"au {forms.day(last, 'fr')}" in changes
    assert forms.day(last + timedelta(days=1), "fr") not in changes


def test_who_looked_before_somebody_changed_is_told_and_keeps_what_was_typed(admin: Browser) -> None:
    add(admin, "lucie")
    assert change(admin, "lucie", name="Lucie B.").status_code == 303
    late = admin.post("/admin/people/lucie", {"seen": "1"} | person_form("lucie", name="Lucie C."))
    assert late.status_code == 422
    assert 'value="Lucie C."' in late.text
    assert "pendant que vous" in html.unescape(late.text)
    assert 'name="seen" value="2"' in late.text


def test_the_last_administrator_cannot_remove_herself(admin: Browser) -> None:
    refused = change(admin, "admin", name="Anne Dumas")
    assert refused.status_code == 422
    assert "Personne d’autre n’administre" in html.unescape(refused.text)
    assert admin.post("/admin/people/admin/deactivate").status_code == 422
    assert admin.get("/admin/people").status_code == 200


def test_a_closed_account_lets_nobody_in_until_it_is_opened(office: Office, admin: Browser) -> None:
    secret = add(admin, "paul")
    assert admin.post("/admin/people/paul/deactivate").status_code == 303
    assert admin.post("/admin/people/paul/secret").status_code == 422
    browser = office.nobody()
    browser.get("/sign-in")
    assert browser.post("/sign-in", {"login": "paul", "password": secret}).status_code == 422
    assert admin.post("/admin/people/paul/reactivate").status_code == 303
    assert browser.post("/sign-in", {"login": "paul", "password": secret}).status_code == 303
    assert admin.post("/admin/people/paul/sessions/end").status_code == 303
    assert "/sign-in" in browser.get("/account").location


def test_one_changes_ones_password_and_ends_ones_sessions(office: Office, admin: Browser) -> None:
    secret = add(admin, "eva")
    first, second = office.nobody(), office.nobody()
    for browser, password in ((first, secret), (second, GOOD)):
        browser.get("/sign-in")
        assert browser.post("/sign-in", {"login": "eva", "password": password}).status_code == 303
        browser.get("/account")
        if browser is first:
            assert first.post("/account/password", {"password": GOOD, "again": GOOD}).status_code == 303
    assert first.get("/account").text.count('name="session"') == 1
    differing = first.post("/account/password", {"old": GOOD, "password": "a", "again": "b"})
    assert differing.status_code == 422
    for _ in range(5):
        wrong = first.post("/account/password", {"old": "wrong", "password": GOOD + "!", "again": GOOD + "!"})
        assert wrong.status_code == 422
    slowed = first.post("/account/password", {"old": GOOD, "password": GOOD + "!", "again": GOOD + "!"})
    assert "Trop de tentatives" in html.unescape(slowed.text)
    assert first.post("/account/sessions/end").status_code == 303
    assert "/sign-in" in second.get("/account").location


def test_roles_and_groups(office: Office, admin: Browser) -> None:
    role = {"key": "picker", "title_fr": "Préparateur", "title_en": "Picker"}
    assert admin.post("/admin/roles", role).status_code == 303
    again = admin.post("/admin/roles", role | {"title_fr": "Autre"})
    assert (again.status_code, 'value="Autre"' in again.text) == (422, True)
    assert admin.post("/admin/roles/picker", {"title_fr": "Cariste", "title_en": "Driver"}).status_code == 303
    group = {"key": "depot", "title_fr": "Dépôt", "title_en": "Depot", "roles": ["picker", "auditor"]}
    assert admin.post("/admin/groups", group).status_code == 303
    add(admin, "ali", what=["group:depot"], first=[""], last=[""])
    assert office.actor("ali").roles == {"picker", "auditor"}
    assert admin.post("/admin/groups/depot", group | {"roles": ["picker"]}).status_code == 303
    assert office.actor("ali").roles == {"picker"}
    assert admin.post("/admin/groups/depot/delete").status_code == 303
    assert office.actor("ali").roles == frozenset()
    assert admin.post("/admin/groups", group).status_code == 422


def test_machines_and_their_tokens(office: Office, admin: Browser) -> None:
    given = {"key": "stock-robot", "title": "Robot", "roles": ["auditor"]}
    assert admin.post("/admin/services", given | {"roles": ["admin"]}).status_code == 422
    assert admin.post("/admin/services", given).status_code == 303
    made = admin.post("/admin/services/stock-robot/tokens", {"scopes": ["cases:read"], "days": "30"})
    token = shown_secret(made)
    assert token not in admin.get("/admin/services/stock-robot").text
    with office.runtime.database.transaction() as session:
        caller = services.authenticate(session, token, clock.now())
    assert caller.actor.roles == {"auditor"}
    assert admin.post("/admin/services/stock-robot/tokens", {"scopes": [], "days": "30"}).status_code == 422
    assert admin.post(f"/admin/services/stock-robot/tokens/{caller.prefix}/revoke").status_code == 303
    assert "révoqué" in admin.get("/admin/services/stock-robot").text
    assert admin.post("/admin/services/stock-robot", {"title": "Automate", "roles": []}).status_code == 303
    assert admin.post("/admin/services/stock-robot/close").status_code == 303
    assert "Automate" in admin.get("/admin/services").text


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "a\0b", "\u202egnp", "x" * 10_000, "'; DROP TABLE engine.person; --"]
)
def test_hostile_words_are_words(admin: Browser, hostile: str) -> None:
    for address, form in (
        ("/admin/people/new", person_form(hostile)),
        ("/admin/people/new", person_form("mallory", name=hostile, email=hostile, locale=hostile)),
        ("/admin/people/new", person_form("mallory", what=[hostile, f"role:{hostile}"], first=["", ""], last=["", ""])),
        ("/admin/people/zoe", {"seen": hostile} | person_form("zoe", name=hostile)),
        ("/admin/roles", {"key": hostile, "title_fr": "x", "title_en": "x"}),
        ("/admin/groups", {"key": "evil", "title_fr": "x", "title_en": "x", "roles": [hostile]}),
        ("/admin/services", {"key": hostile, "title": hostile, "roles": [hostile]}),
    ):
        answer = admin.post(address, form)
        assert answer.status_code in (200, 303, 404, 422), (address, answer.text)
        assert "<script>alert" not in answer.text
    assert admin.get("/admin/people", query_string={"q": hostile}).status_code in (200, 404)


def test_both_languages_have_every_word(office: Office) -> None:
    browser = office.sign_in("admin")
    for language in ("fr", "en"):
        browser.get("/admin/people")
        browser.post(f"/language/{language}", {"next": "/"})
        for address in (
            "/account",
            "/admin/people",
            "/admin/people/new",
            "/admin/people/admin",
            "/admin/roles",
            "/admin/services",
        ):
            page = browser.get(address).text
            assert "…" not in html.unescape(page).replace("_…", ""), address
            assert "web.admin." not in page
            assert "web.account." not in page
    assert browser.post("/sign-in", {"login": "admin", "password": PASSWORD}).status_code == 303
