"""What the page of a case says of signals, escalations, conditions, compensation, cancelled transactions and event sub-processes."""

from __future__ import annotations

import re
from functools import partial
from html import unescape

import pytest

from engine import clock
from engine.handler import SYSTEM
from engine.instances import commands, signals
from engine.messages.signals import OutgoingSignal
from engine.model.bundle import read_bundle
from engine.protocol.events import EVENTS
from engine.texts import has, say
from engine.worker import run_pending
from handlers.table import HANDLERS
from tests.engine.instances.drawing import (
    CANCEL,
    boundary,
    compensation,
    condition,
    drawing,
    el,
    escalation,
    escalation_named,
    event_sub,
    link,
    plain,
    signal,
    signal_named,
    sub,
    undone_by,
    user,
    write,
)
from tests.publishing import publish_unexamined
from tests.web.conftest import Office
from tests.web.test_pages import UNTRANSLATED
from web import present
from web.records.timeline import TECHNICAL

person = partial(user, role="purchasing_admin")

SHOWN = {
    *("instance:started", "instance:completed", "instance:failed", "instance:cancelled"),
    *("task:created", "task:completed"),
    *("handler:returned", "decision:evaluated", "error:thrown"),
    *("timer:set", "timer:fired", "message:awaited", "message:received", "message:wait-cancelled", "message:thrown"),
    *("signal:awaited", "signal:received", "signal:thrown", "escalation:thrown", "condition:met"),
    *("compensation:thrown", "transaction:cancelled"),
    *("incident:raised", "incident:resolved", "element:cancelled"),
    *("token:moved", "activity:skipped", "variable:edited"),
}
"""What people read at once; everything else is how the engine got there, hidden on purpose until every detail is asked for."""


def trip() -> dict[str, bytes]:
    drawn = drawing(
        signal_named("storm"),
        escalation_named("late"),
        plain(
            "trip",
            sub(
                "travel",
                el("startEvent", "go"),
                write("book", "room", "12"),
                boundary("undo_book", "book", compensation()),
                write("unbook", "room", "0", isForCompensation="true"),
                undone_by("undo_book", "unbook"),
                el("intermediateThrowEvent", "warn", escalation("late")),
                person("pack"),
                el("endEvent", "never", CANCEL),
                event_sub(
                    "weather", signal("storm"), write("wet", "wet", "true"), flows="weather_on -> wet -> weather_end", interrupts=False
                ),
                flows="go -> book -> warn -> pack -> never",
                kind="transaction",
            ),
            boundary("off", "travel", CANCEL),
            boundary("told", "travel", escalation("late"), interrupts=False),
            boundary("soaked", "travel", condition("wet = true"), interrupts=False),
            write("boss", "boss", '"knows"'),
            write("towel", "towel", "1"),
            el("intermediateThrowEvent", "away", link("home")),
            el("intermediateCatchEvent", "back", link("home")),
            el("intermediateThrowEvent", "cry", signal("storm")),
            flows="start -> travel -> end\noff -> away\nback -> cry -> end\ntold -> boss -> end\nsoaked -> towel -> end",
        ),
    )  # fmt: skip
    described = (
        b"key: trip\ntitle: {fr: Voyage, en: Trip}\nprocess: trip\nstart: {roles: [purchasing_admin]}\n"
        b"stages:\n  - {id: away, title: {fr: En route, en: Away}, elements: [travel]}\n"
        b"  - {id: home, title: {fr: Retour, en: Home}, elements: [back, cry]}\n"
    )
    return {"process.yaml": described, "trip.bpmn": drawn}


@pytest.fixture(scope="module")
def case(office: Office) -> int:
    publish_unexamined(office.runtime.database, SYSTEM, trip(), HANDLERS)
    started = commands.start_instance(office.runtime, office.actor("gabriel"), "trip")
    with office.runtime.database.transaction() as session:
        signals.throw(session, [OutgoingSignal(name="storm", payload={})], clock.now(), sender="system")
    run_pending(office.runtime)
    office.complete("gabriel", started.instance_id)
    return started.instance_id


def test_the_essential_tells_what_was_undone_and_why(office: Office, case: int) -> None:
    page = unescape(office.as_("gabriel").get(f"/cases/{case}").text).replace("\u00a0", " ")
    timeline = page.split('id="timeline"')[1]
    for line in (
        "« warn » a transmis « late » au niveau supérieur",
        "« weather on » attend le signal « storm »",
        "« weather on » a reçu le signal « storm »",
        "La condition de « soaked » est remplie",
        "« never » : l’opération entière est annulée",
        "« never » : ce qui a été fait est annulé, en commençant par la fin",
        "« travel » interrompu",
        "Signal « storm » émis pour tous les dossiers qui l’attendent",
        "Dossier clos",
    ):
        assert line in timeline, line
    assert "pourra être annulé" not in timeline


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_detail_is_said_in_words(office: Office, case: int, language: str) -> None:
    browser = office.as_("gabriel")
    browser.client.set_cookie("bordereau-language", language)
    page = unescape(browser.get(f"/cases/{case}?detail=all").text)
    browser.client.delete_cookie("bordereau-language")
    assert not UNTRANSLATED.search(page)
    assert not [tag for tag in EVENTS if f">{tag}<" in page]
    assert ("can be undone" if language == "en" else "pourra être annulé") in page


def test_the_path_visits_event_sub_processes_links_and_what_undoes(office: Office, case: int) -> None:
    page = unescape(office.as_("gabriel").get(f"/cases/{case}").text)
    (data,) = re.findall(r'"elements": ?(\{.*?\}\})', page)
    for element in ("weather", "weather_on", "wet", "unbook", "off", "away", "back", "cry", "told", "soaked"):
        assert f'"{element}"' in data, element
    assert say("web.stages.all_done", "fr") in page


def test_each_event_is_shown_or_hidden_on_purpose_and_has_its_words() -> None:
    assert set(EVENTS) == SHOWN | TECHNICAL
    assert not SHOWN & TECHNICAL
    assert [tag for tag in EVENTS if tag != "variable:written" and not has(f"web.timeline.{tag}")] == []


def test_the_rows_of_the_diagram_are_in_the_order_of_reading() -> None:
    process = read_bundle(trip()).process
    order = [each.id for each in present.in_reading_order(process)]
    assert set(order) == set(process.nodes)
    for before, after in (
        ("start", "travel"),
        ("travel", "off"),
        ("go", "book"),
        ("book", "unbook"),
        ("away", "back"),
        ("end", "weather"),
        ("weather", "weather_on"),
    ):
        assert order.index(before) < order.index(after), (before, after)
