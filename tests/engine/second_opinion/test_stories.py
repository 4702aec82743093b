"""The stories of this repository's processes: compared, and the same."""

from __future__ import annotations

import pytest

from engine.definitions.store import read_folder
from engine.model.bundle import read_bundle
from engine.second_opinion import Agreement, Opinion, opinions
from engine.settings import CHECKOUT
from handlers.table import HANDLERS
from tests.engine.stories.telling import at

FOLDERS = sorted(each.parent for each in (CHECKOUT / "processes").glob("*/process.yaml"))


def of_all() -> list[Opinion]:
    return [each for folder in FOLDERS for each in opinions(read_bundle(read_folder(folder)), HANDLERS, at)]


@pytest.fixture(scope="module")
def found() -> list[Opinion]:
    return of_all()


def test_nothing_is_unexplained(found: list[Opinion]) -> None:
    assert [each.sentence("en") for each in found if each.is_unexplained] == []


def test_most_are_compared(found: list[Opinion]) -> None:
    assert sum(each.is_compared for each in found) >= 0.7 * len(found)


def test_a_person_who_is_refused_has_done_nothing_on_either_engine(found: list[Opinion]) -> None:
    by_file = {(each.process, each.file): each for each in found}
    assert by_file["replenishment", "stories/not_short.yaml"].agreement is Agreement.SAME
    assert by_file["replenishment", "stories/denied.yaml"].agreement is Agreement.SAME
