"""The program that looks for accounts by the clock, on given numbers.

What it measures is no matter of the suite; that it decides rightly is.
"""

import importlib
import random
import sys
from argparse import Namespace
from types import ModuleType

import pytest

from processes import ROOT
from vestibule.capabilities.passwords.hasher import Hasher
from vestibule.doors.gate import Gate


def module(name: str) -> ModuleType:
    """Load one of the modules of the benchmarks."""
    folder = str(ROOT / "benchmarks")
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(folder)


def times(middle: float, seed: int, count: int = 100) -> list[float]:
    """Make times of answers as servers have them: a few are very long."""
    chance = random.Random(seed)
    return [
        middle + chance.expovariate(0.5) + 40 * (chance.random() < 0.03)
        for _ in range(count)
    ]


def test_the_p_value_is_that_of_the_books() -> None:
    mann_whitney = module("stage.ranks").mann_whitney
    males, females = [19, 22, 16, 29, 24], [20, 11, 17, 12]
    tied = [1, 1, 2, 3, 3, 3, 4]

    # The example of scipy.stats.mannwhitneyu, method="asymptotic".
    assert mann_whitney(males, females) == pytest.approx(0.11134688653314041)
    assert mann_whitney(females, males) == pytest.approx(0.11134688653314041)
    assert mann_whitney(tied, tied) == 1.0
    assert mann_whitney([5.0] * 9, [5.0] * 9) == 1.0


def test_equal_times_are_called_different_as_rarely_as_promised() -> None:
    mann_whitney = module("stage.ranks").mann_whitney
    found = [
        mann_whitney(times(30, seed), times(30, seed + 10_000)) < 0.05
        for seed in range(400)
    ]

    assert 5 <= sum(found) <= 35


def test_several_p_values_are_raised_by_their_number() -> None:
    holm = module("stage.ranks").holm

    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx(
        [0.03, 0.06, 0.06, 0.02]
    )
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_the_shift_is_the_difference_and_few_long_answers_do_not_count() -> (
    None
):
    shift = module("stage.ranks").shift
    gap, low, high = shift(times(30, 1), times(32, 2))

    assert low < 2 < high
    assert gap == pytest.approx(2, abs=0.6)
    assert shift([1.0], [3.0]) == (2.0, 2.0, 2.0)


def judged(nobody: list[float], somebody: list[float]) -> str:
    """Let the program judge one pair of samples; give its word."""
    timing = module("timing")
    pairs = timing.Pairs(timing.DOORS[0], "active", nobody, somebody)
    [row] = timing.rows([pairs], Namespace(bound=3.0, share=0.05))
    word: str = row.cells[""]
    assert row.values["found"] == (word == "DIFFERS")
    return word


def test_a_missing_hash_is_found_and_a_trifle_is_told() -> None:
    nobody = times(30, 1)

    assert judged(nobody, times(30, 2)) == "no difference"
    assert judged(nobody, times(50, 3)) == "DIFFERS"
    assert judged(nobody, times(10, 4)) == "DIFFERS"
    assert judged(nobody, times(32, 5)) == "within the bound"
    noisy = [10.0, 20.0, 30.0, 40.0, 50.0]
    assert judged(noisy, [time + 1 for time in noisy]) == "too noisy"


def test_the_holes_are_made_in_the_benchmarks_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = Hasher.verify_nobody, Gate.widen
    monkeypatch.setattr(Hasher, "verify_nobody", whole[0])
    monkeypatch.setattr(Gate, "widen", whole[1])

    module("stage.hashless")

    assert whole[0] is not Hasher.verify_nobody
    assert whole[1] is not Gate.widen
    source = ROOT / "src/vestibule"
    assert not [
        path
        for path in source.rglob("*.py")
        if "hashless" in path.read_text("utf-8")
    ]
