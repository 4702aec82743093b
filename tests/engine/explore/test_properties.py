"""Random processes against the kernel: what is sound by construction is never called unsound, what a run gets stuck in never sound."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from engine.explore import Kind, Soundness, Verdict, explore
from engine.model.elements import Model
from tests.engine.explore.mutants import is_followed, mutant, random_model, stuck_run


def judged(definition: Model, size: int) -> Verdict:
    """With bounds that keep large drawings from taking long: they are not decided."""
    return explore(definition, "p", max_states=200 * size, max_moves=200 * size)


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


def test_what_is_sound_by_construction_is_never_called_unsound() -> None:
    found = Counter(check_sound_by_construction(seed, 4) for seed in range(100))
    assert found[Soundness.SOUND] > 40, found


def test_what_a_run_gets_stuck_in_is_never_called_sound() -> None:
    found = Counter(check_mutant(seed, 4) for seed in range(100))
    assert found[Soundness.UNSOUND, True] > 10, found


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_two_thousand_processes() -> None:
    for seed in range(1_000, 3_000):
        check_sound_by_construction(seed, 10)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_thousand_mutants() -> None:
    for seed in range(1_000, 3_000):
        check_mutant(seed, 10)
