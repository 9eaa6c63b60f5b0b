"""Lives of accounts at all doors, compared act by act with a small model."""

import os
from collections.abc import Iterator
from unittest import mock

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from conftest import Postbox, TurnableClock
from hostility import LONG
from life_cycle import Scene
from life_factors import LifeInTwoSteps
from vestibule.auth import Auth
from vestibule.capabilities.pictures import raster

LIVES, ACTS = (int(os.environ.get("LIVES", "5000")), 60) if LONG else (10, 40)
# A failure is told as it was found; who looks longer has it made short.
PHASES = [Phase.generate, *([Phase.shrink] if LONG else [])]


@pytest.fixture
def scene(
    app: Flask, auth: Auth, clock: TurnableClock, postbox: Postbox
) -> Iterator[Scene]:
    """Give the lives a place, where pictures are drawn without a process."""
    redraw = raster.redraw
    with mock.patch.object(auth.pictures.processor, "redraw", redraw):
        yield Scene(app, auth, clock, postbox)


@pytest.mark.attack("A38")
@pytest.mark.asvs("2.3.1", "7.4.1", "7.4.2", "7.4.3")
@pytest.mark.slow
@pytest.mark.settings(
    attempts_per_account=1_000_000, attempts_per_address=1_000_000
)
def test_every_life_goes_as_the_model_says(scene: Scene) -> None:
    machine = type("Life", (LifeInTwoSteps,), {"scene": scene})
    is_sqlite = scene.auth.db.engine.dialect.name == "sqlite"

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=LIVES if is_sqlite or LONG else LIVES // 3,
            stateful_step_count=ACTS,
            derandomize=not LONG,
            database=None,
            deadline=None,
            phases=PHASES,
            suppress_health_check=[*HealthCheck],
        ),
    )
