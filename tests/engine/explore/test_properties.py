"""Random processes against the kernel: what is sound by construction is never called unsound, what a run gets stuck in never sound."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from engine.explore import Kind, Soundness, Verdict, explore, graph
from engine.model.elements import Model
from tests.engine.explore.mutants import is_followed, mutant, plain_block, random_model, stuck_run
from tests.engine.kernel.drawing_events import draw


def judged(definition: Model, size: int) -> Verdict:
    """With bounds that keep large drawings from taking long: they are not decided."""
    return explore(definition, "p", max_states=100 * size, max_moves=100 * size)


def check_sound_by_construction(seed: int, size: int) -> Soundness:
    chance = Random(seed)
    definition, _ = random_model(chance, chance.randint(1, size))
    verdict = judged(definition, size)
    # parts that no case needs are drawn too: zero items, an error that nothing throws, what follows an end of everything
    if verdict.soundness is Soundness.UNSOUND:
        assert verdict.kind is Kind.NEVER_REACHED, (seed, verdict)
    return verdict.soundness


def check_mutant(seed: int, size: int) -> tuple[Soundness, bool]:
    chance = Random(seed)
    definition, names = random_model(chance, chance.randint(2, size))
    changed = mutant(chance, definition)
    verdict = judged(changed, size)
    stuck = next(filter(None, (stuck_run(chance, changed, names) for _ in range(5))), None)
    if stuck is not None:
        assert verdict.soundness is not Soundness.SOUND, (seed, stuck)
    if verdict.soundness is Soundness.UNSOUND and verdict.kind in (Kind.DEADLOCK, Kind.NO_END):
        variables = {**dict.fromkeys(names, False), **verdict.example}
        assert is_followed(changed, verdict.path, variables), (seed, verdict)
    return verdict.soundness, stuck is not None


def check_orders(seed: int, size: int, monkeypatch: pytest.MonkeyPatch) -> tuple[bool, bool]:
    """What is left out because it disturbs nobody changes no answer. Gives whether anything was, and whether it was wrong."""
    chance = Random(seed)
    definition, _ = draw(plain_block(chance, chance.randint(3, size)))
    changed = mutant(chance, definition) if seed % 3 else definition
    verdict = judged(changed, size)
    with monkeypatch.context() as all_orders:
        all_orders.setattr(graph, "calm_tasks", lambda *_: frozenset())
        other = judged(changed, size)
    if other.kind is not Kind.BOUND:
        assert (verdict.soundness, verdict.kind) == (other.soundness, other.kind), (seed, verdict, other)
    return verdict.states != other.states, not verdict.is_sound


def test_what_is_sound_by_construction_is_never_called_unsound() -> None:
    found = Counter(check_sound_by_construction(seed, 4) for seed in range(40))
    assert found[Soundness.SOUND] > 15, found


def test_what_a_run_gets_stuck_in_is_never_called_sound() -> None:
    found = Counter(check_mutant(seed, 4) for seed in range(50))
    assert found[Soundness.UNSOUND, True] > 5, found


def test_orders_that_are_left_out_change_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Counter(check_orders(seed, 9, monkeypatch) for seed in range(60))
    assert found[True, False] + found[True, True] > 5, found


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_two_thousand_processes() -> None:
    for seed in range(1_000, 3_000):
        check_sound_by_construction(seed, 6)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_two_thousand_mutants() -> None:
    for seed in range(1_000, 3_000):
        check_mutant(seed, 6)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_orders_of_a_thousand_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(1_000, 2_000):
        check_orders(seed, 12, monkeypatch)
