"""What the gate says of calls to other published processes: what they would call now."""

from __future__ import annotations

import pytest

from engine.database.session import Database
from engine.definitions import store
from engine.errors import DefinitionError
from engine.handler import SYSTEM
from engine.identity import people
from tests.engine.instances.conftest import HANDLERS
from tests.engine.instances.drawing import bundle_files, el, extensions, io, message, message_named, plain, process
from tests.publishing import publish_unexamined

LATEST = 'bindingType="latest"'
FORM = b"""id: asked
title: {fr: Demande, en: Request}
fields:
  - {name: article, type: text, label: {fr: Article, en: Article}, required: true}
  - {name: quantity, type: integer, label: {fr: Nombre, en: Number}}
  - {name: reason, type: text, label: {fr: Raison, en: Reason}, required: true, visible: '=quantity > 10'}
"""


def caller(
    called: str, binding: str = LATEST, *, inputs: dict[str, str] | None = None, passes: str = "false"
) -> dict[str, bytes]:
    said = f'processId="{called}" propagateAllParentVariables="{passes}" propagateAllChildVariables="false" {binding}'
    mapped = io(inputs, {}) if inputs else ""
    call = el("callActivity", "ask", extensions(f"<zeebe:calledElement {said} />", mapped))
    return bundle_files("caller", plain("caller", call, flows="start -> ask -> end"))


def said(database: Database, files: dict[str, bytes]) -> list[tuple[str, str, str | None]]:
    found = store.problems_with_draft(database, files, HANDLERS)
    return [(each.severity, each.code, each.place) for each in found if each.code.startswith("called_")]


@pytest.fixture(autouse=True)
def roles(database: Database) -> None:
    with database.transaction() as session:
        people.add_role(session, "clerk", "Clerk", "Clerk")


@pytest.fixture
def asked(database: Database) -> Database:
    """With a published process whose start asks for an article."""
    files = bundle_files("request", plain("request", flows="start -> end"))
    description = files["process.yaml"].replace(b"start: {roles: [clerk]}", b"start: {roles: [clerk], form: asked}")
    files |= {"process.yaml": description, "forms/asked.yaml": FORM}
    publish_unexamined(database, SYSTEM, files, HANDLERS)
    return database


def test_what_is_not_published_yet_is_a_warning_and_its_own_process_is_none(database: Database) -> None:
    assert said(database, caller("nobody")) == [("warning", "called_process_not_published", "calledElement")]
    assert said(database, caller("caller")) == []
    publish_unexamined(database, SYSTEM, caller("nobody"), HANDLERS)


def test_a_tag_that_no_version_carries_is_a_warning(asked: Database) -> None:
    by_tag = 'bindingType="versionTag" versionTag="blue"'
    assert said(asked, caller("request", by_tag)) == [("warning", "called_tag_not_published", "calledElement")]


def test_what_begins_only_by_a_message_can_never_be_called(database: Database) -> None:
    begins = el("startEvent", "heard", message("called")), el("endEvent", "end")
    files = bundle_files("listener", message_named("called"), process("listener", *begins, flows="heard -> end"))
    publish_unexamined(database, SYSTEM, files, HANDLERS)
    wrong = caller("listener")
    assert said(database, wrong) == [("error", "called_process_without_start", "calledElement")]
    with pytest.raises(DefinitionError) as refused:
        publish_unexamined(database, SYSTEM, wrong, HANDLERS)
    assert [each.code for each in refused.value.problems] == ["called_process_without_start"]


def test_what_the_start_always_asks_for_is_to_be_given(asked: Database) -> None:
    assert said(asked, caller("request")) == [("warning", "called_process_asks", "input article")]
    assert said(asked, caller("request", inputs={"article": '"A-1"'})) == []
    assert said(asked, caller("request", passes="true")) == []
