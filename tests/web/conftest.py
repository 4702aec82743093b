"""The real application on a real database, asked by Flask's test client. One database a module: tests make their own cases in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engine.database.session import Database
from engine.handler import Actor
from engine.identity.people import add_person, find_actor
from engine.instances import commands, operators, queries
from engine.instances.runtime import Runtime
from engine.settings import CHECKOUT, Settings
from engine.worker import run_pending
from handlers.table import HANDLERS
from tests.conftest import cloned
from web.app import create_app

PASSWORD = "demo"
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


@dataclass(slots=True)
class Browser:
    """A client that keeps its cookies and sends the token of the last page with every post."""

    client: FlaskClient
    token: str = ""

    def get(self, address: str, **options: Any) -> TestResponse:
        response = self.client.get(address, buffered=True, **options)
        found = TOKEN.search(response.text) if response.mimetype == "text/html" else None
        if found:
            self.token = found.group(1)
        return response

    def post(self, address: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        return self.client.post(address, data=(data or {}) | {"csrf_token": self.token}, buffered=True, **options)

    def post_json(self, address: str, body: Any) -> TestResponse:
        return self.client.post(address, json=body, headers={"X-CSRFToken": self.token})


@dataclass(slots=True)
class Office:
    """The demonstration company with one more person, who has no role."""

    app: Flask
    runtime: Runtime
    _browsers: dict[str, Browser] = field(default_factory=dict)

    def nobody(self) -> Browser:
        return Browser(client=self.app.test_client())

    def sign_in(self, login: str) -> Browser:
        browser = self.nobody()
        browser.get("/sign-in")
        assert browser.post("/sign-in", {"login": login, "password": PASSWORD}).status_code == 303
        browser.get("/inbox")
        return browser

    def as_(self, login: str) -> Browser:
        """The browser of somebody who stays signed in."""
        if login == "nobody":
            return self.nobody()
        if login not in self._browsers:
            self._browsers[login] = self.sign_in(login)
        return self._browsers[login]

    def actor(self, login: str) -> Actor:
        with self.runtime.database.reading() as session:
            found = find_actor(session, login)
        assert found is not None
        return found

    def start(self, article: str = "BUR-CH-160", quantity: str = "12") -> int:
        answers = {"article": article, "quantity": quantity}
        return commands.start_instance(self.runtime, self.actor("camille"), "replenishment", answers).instance_id

    def publish_by(self, browser: Browser, address: str, body: dict[str, Any]) -> TestResponse:
        """Publish as the editor does: what is to be examined first is examined here, and published then."""
        answer = browser.post_json(f"{address}/publish", body)
        if (answer.json or {}).get("code") == "examination_running":
            run_pending(self.runtime)
            return browser.post_json(f"{address}/publish", body)
        return answer

    def let_go(self, key: str) -> None:
        """Send without waiting what is held of a case of this business key, as Sarah would."""
        sarah = self.actor("sarah")
        with self.runtime.database.reading() as session:
            rows = queries.cases(session, sarah, search=key).cases
            held = [(row.id, each) for row in rows for each in queries.case(session, sarah, row.id).held]
        for case, activity in held:
            operators.send_now(self.runtime, sarah, case, activity)
        run_pending(self.runtime)

    def task_of(self, case: int) -> int:
        with self.runtime.database.reading() as session:
            tasks = queries.case(session, self.actor("admin"), case).tasks
        return next(each.id for each in tasks if each.is_open)

    def complete(self, login: str, case: int, **answers: str) -> None:
        commands.complete_task(self.runtime, self.actor(login), self.task_of(case), answers)


@pytest.fixture(scope="module")
def module_database(company_url: str) -> Iterator[Database]:
    with cloned(company_url, "web") as url:
        database = Database(url)
        yield database
        database.dispose()


@pytest.fixture(scope="module")
def office(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Office:
    with module_database.transaction() as session:
        add_person(
            session,
            login="zoe",
            name="Zoé Nulle-Part",
            email="zoe@demonstration.example",
            password=PASSWORD,
            roles=(),
            locale="fr",
            may_be_weak=True,
        )
    runtime = Runtime(database=module_database, handlers=HANDLERS)
    settings = Settings(data_folder=tmp_path_factory.mktemp("data"), secret_key_given="of this test")
    return Office(app=create_app(runtime, settings), runtime=runtime)


@pytest.fixture
def make_case(office: Office) -> Callable[[], int]:
    return office.start


def read(path: str) -> bytes:
    return (Path(CHECKOUT) / path).read_bytes()


def leads(page: str) -> None:
    """Every line of a refusal's summary leads to something on the page."""
    targets = re.findall(r'<li><a href="#([^"]+)">', page)
    assert targets
    assert [each for each in targets if f'id="{each}"' not in page] == []
