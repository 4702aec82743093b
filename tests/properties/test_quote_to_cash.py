"""Whatever is ordered, delivered, sent back, invoiced, credited and paid, in whatever order: the invariants hold to the cent.

The pure rules are driven as the commands drive them (``pure``), and judged by an account that asks them nothing (``account``).
"""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.properties.account import linked
from tests.properties.play import EMPHASES, Player, Tape
from tests.properties.pure import PureHouse

TAPES = st.binary(min_size=120, max_size=400)
CHECKS = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)


def holds(data: bytes, emphasis: str) -> list[str]:
    """What was done."""
    house = PureHouse()
    player = Player(house, Tape(data), emphasis)
    player.play()
    said = house.said()
    assert linked((previous, text) for previous, text, _ in said) == [each for *_, each in said]
    return player.done


@pytest.mark.parametrize("emphasis", EMPHASES)
@settings(max_examples=60, suppress_health_check=CHECKS)
@given(TAPES)
def test_the_invariants_hold_whatever_is_done(emphasis: str, data: bytes) -> None:
    holds(data, emphasis)


@pytest.mark.long(minutes=1)
@pytest.mark.parametrize("emphasis", EMPHASES)
@settings(max_examples=4_000, suppress_health_check=CHECKS)
@given(TAPES)
def test_the_invariants_hold_in_twenty_thousand_cases(emphasis: str, data: bytes) -> None:
    holds(data, emphasis)


def test_every_act_is_done_and_refused() -> None:
    """A hundred cases of the same seed: nothing is left out because it never comes to it."""
    chance, done = random.Random(7), Counter[str]()
    for _ in range(20):
        for emphasis in EMPHASES:
            done.update(holds(chance.randbytes(400), emphasis))
    goods = ("plan", "reserve", "pick", "ship", "cancel", "take_back", "revise")
    papers = ("invoice", "change", "validate", "drop", "credit", "reduce", "close")
    money = ("pay", "allot", "refund", "set_off", "reverse")
    assert all(done[each] >= 5 for each in (*goods, *papers, *money, "refused")), done
