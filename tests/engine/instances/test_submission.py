"""One sending of a start form begins one case, however often and however simultaneously it arrives."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from engine.database.session import Database
from engine.errors import InvalidInput
from engine.instances.commands import Started, start_instance
from engine.instances.runtime import Runtime
from tests.engine.processes import parcels
from tests.engine.processes.parcels import BOTH, CLERK

ANSWERS = {"article": "hat", "worth": "12,50"}


@pytest.fixture
def runtime(database: Database) -> Runtime:
    return parcels.prepare(database)


def cases(runtime: Runtime) -> int:
    with runtime.database.reading() as session:
        return int(session.execute(text("SELECT count(*) FROM engine.instance")).scalar_one())


def test_the_second_sending_gives_the_first_case(runtime: Runtime) -> None:
    first = start_instance(runtime, CLERK, "parcel", ANSWERS, submission="k")
    second = start_instance(runtime, CLERK, "parcel", ANSWERS, submission="k")
    assert (second.instance_id, second.business_key) == (first.instance_id, first.business_key)
    assert cases(runtime) == 1


def test_eight_at_once_begin_one_case(runtime: Runtime) -> None:
    def send(_: int) -> Started:
        return start_instance(runtime, CLERK, "parcel", ANSWERS, submission="k")

    with ThreadPoolExecutor(8) as threads:
        begun = list(threads.map(send, range(8)))
    assert len({each.instance_id for each in begun}) == 1
    assert cases(runtime) == 1


def test_what_was_refused_can_be_corrected_and_sent_again(runtime: Runtime) -> None:
    with pytest.raises(InvalidInput):
        start_instance(runtime, CLERK, "parcel", {"article": "hat", "worth": "much"}, submission="k")
    start_instance(runtime, CLERK, "parcel", ANSWERS, submission="k")
    assert cases(runtime) == 1


def test_a_key_is_the_actors_own(runtime: Runtime) -> None:
    start_instance(runtime, CLERK, "parcel", ANSWERS, submission="k")
    start_instance(runtime, BOTH, "parcel", ANSWERS, submission="k")
    assert cases(runtime) == 2
