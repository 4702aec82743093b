"""Every address that takes a post, with values that no page sends: the answer is a sentence or a page, never our own failure."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text
from werkzeug.routing import Rule

from engine.identity.people import add_person
from tests.web.conftest import PASSWORD, Browser, Office

HOSTILE = {"NUL": "a%00b", "huge": str(2**63), "long": "é" * 20_000, "half": "%ED%A0%80", "negative": "-1"}
ENDS_SESSIONS = {"account.sign_out", "own.end", "own.change_password", "people.end", "people.deactivate", "csp_report"}
FIELD = re.compile(r"""(?:form|given|values)(?:\.get|\.getlist|\[)\(?\s*["'](\w+)["']""")


@cache
def fields(module: str) -> tuple[str, ...]:
    """What the pages of a module read of forms."""
    return tuple(sorted(set(FIELD.findall(inspect.getsource(importlib.import_module(module))))))


@pytest.fixture(scope="module")
def everybody(office: Office) -> Browser:
    """Somebody with every role: no page is closed to them."""
    with office.runtime.database.transaction() as session:
        roles = session.execute(text("SELECT key FROM engine.role")).scalars().all()
        add_person(
            session,
            login="everybody",
            name="Tout le Monde",
            email="all@demonstration.example",
            password=PASSWORD,
            roles=roles,
            locale="fr",
            may_be_weak=True,
        )
    return office.sign_in("everybody")


@pytest.fixture(scope="module")
def known(office: Office) -> dict[str, Any]:
    """What there is, by what addresses call it."""
    case = office.start()
    return {
        "case_id": case,
        "task_id": office.task_of(case),
        "process_key": "replenishment",
        "login": "zoe",
        "activity": "a1",
        "number": "CL-2026-00001",
        "reference": "CHA-ERG-02",
        "kind": "person",
        "key": "zoe",
        "act": "send",
        "part": "server",
        "chosen": "fr",
    }


def usual(name: str, known: dict[str, Any]) -> str:
    said = {"target": "case_id", "case": "case_id", "task": "task_id"}
    return str(known[said[name]]) if name in said else {"act": "suspend", "to": "ines", "kind": "text"}.get(name, "1")


def posts(office: Office, known: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for rule in office.app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and rule.endpoint not in ENDS_SESSIONS:
            yield _address(rule, known), fields(office.app.view_functions[rule.endpoint].__module__)


def _address(rule: Rule, known: dict[str, Any]) -> str:
    return re.sub(
        r"<(?:(\w+):)?(\w+)>", lambda found: str(known.get(found[2], 1 if found[1] == "int" else "x")), rule.rule
    )


def answered(browser: Browser, address: str, given: dict[str, str]) -> int:
    """The values are encoded already: half a character has no encoding."""
    body = "&".join(f"{name}={value}" for name, value in {**given, "csrf_token": quote(browser.token)}.items())
    kind = "application/x-www-form-urlencoded"
    return browser.client.post(address, data=body.encode(), content_type=kind).status_code


@pytest.mark.parametrize(
    "kind", [pytest.param(each, marks=[] if each == "huge" else pytest.mark.long) for each in HOSTILE]
)
def test_a_form_of_nothing_but_it(office: Office, everybody: Browser, known: dict[str, Any], kind: str) -> None:
    found = {
        where: answered(everybody, where, dict.fromkeys(names, HOSTILE[kind])) for where, names in posts(office, known)
    }
    assert [where for where, status in found.items() if status == 500] == []


@pytest.mark.long
@pytest.mark.parametrize("kind", ["huge", "long", "half", "negative"])
def test_one_field_of_a_form(office: Office, everybody: Browser, known: dict[str, Any], kind: str) -> None:
    failed = []
    for where, names in posts(office, known):
        good = {each: usual(each, known) for each in names}
        failed += [(where, name) for name in names if answered(everybody, where, good | {name: HOSTILE[kind]}) == 500]
    assert failed == []


@pytest.mark.parametrize(
    ("address", "given"),
    [
        ("/cases/{case_id}/operate", {"act": "suspend", "reason": "a%00"}),
        ("/tasks/{task_id}/delegate", {"to": "in%00es", "note": ""}),
        ("/tasks/{task_id}/delegate", {"to": "ines", "note": "%00"}),
        ("/operations/cases", {"act": "suspend", "target": "1", "reason": "a%00"}),
        ("/inbox/lists", {"name": "a%00", "query": ""}),
        (
            "/cases/{case_id}/repair/variable",
            {"scope": "s1", "name": "x", "is_new": "1", "value": "1", "reason": "a%00"},
        ),
    ],
)
def test_a_text_that_cannot_be_kept_is_said(
    office: Office, everybody: Browser, known: dict[str, Any], address: str, given: dict[str, str]
) -> None:
    assert answered(everybody, address.format(**known), given) == 422


@pytest.mark.parametrize("number", [2**63, 10**40])
def test_a_number_that_no_row_can_have(office: Office, everybody: Browser, number: int) -> None:
    asked = {"act": "suspend", "target": str(number), "reason": "x"}
    assert answered(everybody, "/operations/cases", asked) == 422
    assert answered(everybody, "/operations/retry", asked) == 422
    assert answered(everybody, "/operations/cases/repair", asked) == 422
    assert everybody.get(f"/operations?before={number}").status_code == 200
    assert everybody.get(f"/operations/messages?before={number}").status_code == 200
    assert everybody.get(f"/cases/{number}").status_code == 404
