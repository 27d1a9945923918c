"""The real bots have a server and requirements.txt alone: main.py starts and delivers without the demo's libraries."""

import asyncio
import signal
from typing import Any

import pytest

from sandbox.client import SandboxClient
from scripts.supply.pins import file_of, read_pins
from tests.house import ALICE, USER_BOT
from tests.journeys.test_kill import store, world
from tests.journeys.test_stop_and_start import a_link, product

#: main.py where nothing of requirements-demo.txt can be imported
WITHOUT = """
import runpy, sys
from importlib.metadata import packages_distributions
demo = {names}
for name, owners in packages_distributions().items():
    if demo & {{owner.lower().replace("_", "-") for owner in owners}}:
        sys.modules[name] = None
runpy.run_path("main.py", run_name="__main__")
"""

__all__ = ["store", "world"]
pytestmark = [pytest.mark.server, pytest.mark.timeout(90)]


async def test_main_starts_on_a_server_and_delivers_without_the_libraries_of_the_demo(
    world: SandboxClient, store: dict[str, Any]
) -> None:
    alice = world.person(ALICE)
    program = WITHOUT.format(names={pin.name for pin in read_pins(file_of("demo"))})
    async with product(world.url, program=program, **store) as process:
        await alice.link(await a_link(world))
        await alice.wait(USER_BOT, contains="30 min", timeout_s=30)
        process.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0, errors.decode()
