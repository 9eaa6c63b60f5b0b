"""The programs that measure: that they start, and read figures rightly."""

import importlib
import os
import subprocess
import sys
from types import ModuleType

import pytest

from processes import PATIENCE, ROOT

BENCHMARKS = ROOT / "benchmarks"
PROGRAMS = sorted(path.name for path in BENCHMARKS.glob("*.py"))
WRK = """\
Running 3s test @ http://127.0.0.1:22118/check
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.05ms    2.31ms  48.20ms   93.10%
    Req/Sec    24.33k     4.05k   31.99k    73.33%
  Latency Distribution
     50%  287.00us
     75%    0.40ms
     90%    2.13ms
     99%    1.20s
  72644 requests in 3.00s, 35.33MB read
{more}Requests/sec:  24213.77
Transfer/sec:     11.78MB
"""


def module(name: str) -> ModuleType:
    """Load one of the modules that the programs share."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_says_how_it_is_used(program: str) -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARKS / program, "--help"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert f"script/bench {program.removesuffix('.py')}" in done.stdout


def test_what_the_load_generator_prints_is_read_in_milliseconds() -> None:
    found = module("stage.load").read_wrk(WRK.format(more=""))

    assert found.rate == 24213.77
    assert (found.p50, found.p99) == pytest.approx((0.287, 1200.0))
    assert (found.requests, found.errors) == (72644, 0)


def test_refused_and_lost_requests_are_counted_as_errors() -> None:
    more = (
        "  Socket errors: connect 0, read 2, write 0, timeout 3\n"
        "  Non-2xx or 3xx responses: 40\n"
    )

    assert module("stage.load").read_wrk(WRK.format(more=more)).errors == 45


def test_a_load_generator_that_says_nothing_is_not_believed() -> None:
    load = module("stage.load")

    with pytest.raises(load.Wrong):
        load.read_wrk("unable to connect to 127.0.0.1:1 Connection refused")


def test_a_contender_that_answers_wrongly_ends_the_measurement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load = module("stage.load")
    right = load.Contender("own", "http://127.0.0.1:1/", holds="bench@")
    for answer in ((401, "bench@"), (200, "somebody else")):
        monkeypatch.setattr(load, "ask", lambda *_, told=answer: told)

        with pytest.raises(load.Wrong):
            right.check()


def test_rounds_are_compared_in_pairs_by_their_median() -> None:
    load, tables = module("stage.load"), module("stage.tables")
    found = {
        "floor": [load.Figures(rate, 1.0, 2.0) for rate in (100, 200, 400)],
        "own": [load.Figures(rate, 2.0, 9.0) for rate in (90, 100, 320)],
    }

    floor, own = tables.compared(
        found, {"own": "floor"}, {"own": tables.Goal(least=0.85)}
    )
    _, slower = tables.compared(found, {"own": "floor"}, {}, in_time=True)

    assert floor.ratio is None
    assert own.ratio == 0.8
    assert slower.ratio == 1.25
    assert own.values["per_second"] == 100


def test_a_goal_that_is_missed_is_marked() -> None:
    load, tables = module("stage.load"), module("stage.tables")
    figures = load.Figures(1000.0, 1.0, 2.0)
    rows = [
        tables.load_row("good", figures, 0.9, tables.Goal(least=0.85)),
        tables.load_row("bad", figures, 2.5, tables.Goal(most=2)),
    ]

    _, good, bad = tables.aligned("SQLite", rows)

    assert good.endswith("0.90  ≥ 0.85 ✓")
    assert bad.endswith("2.50     ≤ 2 ✗")


def test_a_ratio_that_is_no_number_meets_no_goal() -> None:
    tables = module("stage.tables")

    assert not tables.Goal(least=0.85).is_met(float("nan"))
    assert not tables.Goal(most=2).is_met(float("nan"))
