"""Where a case stands in its stages, from the way that it took."""

from __future__ import annotations

import pytest

from engine.instances.queries import ElementCounts, Path, stages_of
from engine.model.bundle import Stage

STAGES = tuple(Stage(id=each, title={}, elements=(each,)) for each in ("ask", "decide", "send"))
DONE = ElementCounts(entered=1, completed=1, cancelled=0)
GONE = ElementCounts(entered=1, completed=0, cancelled=1)
ACTIVE = ElementCounts(entered=2, completed=1, cancelled=0)


@pytest.mark.parametrize(
    ("elements", "statuses"),
    [
        ({"ask": DONE, "decide": ACTIVE}, ["done", "current", "ahead"]),
        ({"ask": DONE, "added": DONE, "decide": ACTIVE}, ["done", "current", "ahead"]),
        ({"ask": DONE, "added": ACTIVE}, ["current", "ahead", "ahead"]),
        ({"ask": DONE, "decide": DONE, "added": ACTIVE}, ["done", "current", "ahead"]),
        ({"added": ACTIVE}, ["current", "ahead", "ahead"]),
        ({"ask": DONE, "added": GONE, "send": DONE}, ["done", "ahead", "done"]),
    ],
)
def test_a_running_case_is_always_at_a_stage(elements: dict[str, ElementCounts], statuses: list[str]) -> None:
    assert [each.status for each in stages_of(STAGES, Path(elements=elements, flows=()))] == statuses


def test_a_process_without_stages_has_none() -> None:
    assert stages_of((), Path(elements={"added": ACTIVE}, flows=())) == ()
