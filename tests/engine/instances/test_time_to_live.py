"""How long a message waits for somebody, as the event that throws it says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from engine.definitions.gate import check
from engine.messages.store import TIME_TO_LIVE
from tests.engine.instances.conftest import HANDLERS, NOW, House
from tests.engine.instances.drawing import bundle_files, el, extensions, message, message_named, plain

PROPERTY = '<zeebe:properties><zeebe:property name="timeToLive" value="{}" /></zeebe:properties>'


@pytest.fixture(autouse=True)
def monday(house: House) -> Iterator[None]:
    house.now = NOW
    house.write("DELETE FROM engine.message")
    yield
    assert not house.jobs()


def lives(said: str) -> str:
    return extensions(PROPERTY.format(said))


def test_the_event_that_throws_says_how_long(house: House) -> None:
    house.publish(
        "thrower",
        message_named("short"),
        message_named("usual"),
        plain(
            "thrower",
            el("intermediateThrowEvent", "one", lives("PT2H"), message("short")),
            el("intermediateThrowEvent", "other", message("usual")),
            flows="start -> one -> other -> end",
        ),
    )
    house.start("thrower")
    found = dict(house.rows("SELECT name, expires_at FROM engine.message"))
    assert found == {"short": NOW + timedelta(hours=2), "usual": NOW + TIME_TO_LIVE}


@pytest.mark.parametrize(
    ("node", "code"),
    [
        (el("intermediateThrowEvent", "x", lives("P3D"), message("m")), None),
        (el("sendTask", "x", lives("PT1M"), messageRef="m"), None),
        (el("intermediateThrowEvent", "x", lives("three days"), message("m")), "time_to_live_unclear"),
        (el("intermediateThrowEvent", "x", lives("PT0S"), message("m")), "time_to_live_unclear"),
        (el("intermediateThrowEvent", "x", lives("P1M"), message("m")), "time_to_live_unclear"),
        (el("intermediateThrowEvent", "x", lives("P400D"), message("m")), "time_to_live_unclear"),
        (el("intermediateCatchEvent", "x", lives("P3D"), message("m")), "time_to_live_misplaced"),
        (el("task", "x", lives("P3D")), "time_to_live_misplaced"),
    ],
)
def test_what_it_can_mean_is_checked_before_publishing(node: str, code: str | None) -> None:
    drawn = message_named("m"), plain("checked", node, flows="start -> x -> end")
    found = [each.code for each in check(bundle_files("checked", *drawn), HANDLERS) if each.code.startswith("time_to")]
    assert found == ([] if code is None else [code])
