"""Plays games of the machine: the same few in the tests, new ones for as long as one likes from the terminal."""

import time
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import HypothesisException
from hypothesis.stateful import run_state_machine_as_test

from tests.bots.machine.machine import AdminBotMachine, Played

#: rules played in a game at most
STEPS = 60


@dataclass(slots=True)
class Outcome:
    """What games found."""

    played: Played
    #: the first failure, with the rules that lead to it
    failure: BaseException | None
    took_s: float


def play(games: int, *, from_seed: int | None = None, phases: tuple[Phase, ...] = tuple(Phase)) -> Outcome:
    """Play games; without a seed the same ones every time. Ends at the first failure, which is made short."""
    played, began = Played(), time.monotonic()

    class Machine(AdminBotMachine):
        counted = played

    # a failure is shown as the rules that lead to it, by the name of the machine
    Machine.__name__ = Machine.__qualname__ = AdminBotMachine.__name__
    chosen: Any = Machine if from_seed is None else seed(from_seed)(Machine)
    failure = None
    try:
        run_state_machine_as_test(chosen, settings=_settings(games, from_seed, phases))
    except (AssertionError, ExceptionGroup, HypothesisException) as error:
        failure = error
    return Outcome(played, failure, time.monotonic() - began)


def _settings(games: int, from_seed: int | None, phases: tuple[Phase, ...]) -> settings:
    return settings(
        max_examples=games,
        stateful_step_count=STEPS,
        derandomize=from_seed is None,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
