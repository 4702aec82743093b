"""When the database is away, pages say so in words that are true, and ask nothing of it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import Unavailable
from tests.web.conftest import Office


@pytest.mark.parametrize(
    ("code", "told"),
    [("database_unavailable", "rien n’a été enregistré"), ("database_outcome_unknown", "peut-être")],
)
def test_a_page_without_its_database(office: Office, monkeypatch: pytest.MonkeyPatch, code: str, told: str) -> None:
    browser = office.sign_in("camille")

    def gone(*_: Any) -> None:
        raise Unavailable(code)

    monkeypatch.setattr(type(office.runtime.database), "reading", gone)
    monkeypatch.setattr(type(office.runtime.database), "transaction", gone)
    answer = browser.get("/inbox")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert told in answer.text
    as_json = browser.get("/inbox", headers={"Accept": "application/json"})
    assert as_json.status_code == 503
    assert as_json.json is not None
    assert as_json.json["code"] == code
