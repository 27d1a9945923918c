"""The user bot's shorteners follow what is stored within five seconds; one whose key cannot be read stops no other."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from core.clock import ManualClock
from core.shorteners.records import Origin, Shortener, environment_code
from database.connection import close_database, open_database
from database.indexes import ensure_indexes
from database.operations.shorteners import shortener_counts, shortener_ops
from monitoring.alerts import Alerts, Words
from shorteners.providers import Provider
from shorteners.vault import KeyVault, open_vault
from tests.unit.shorteners.local import DESTINATION, KEY, LINK, Handler, Stub, giving, stub
from user_bot.gate.current_shorteners import CurrentShorteners

NOW = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
#: half an hour past midnight there
ZONE = ZoneInfo("Europe/Berlin")
TODAY = datetime(2026, 3, 1, 23, tzinfo=UTC)
GOOD, BAD = giving({"shortenedUrl": LINK}), giving("down", 503)


@dataclass
class Scene:
    """A process whose providers are stubs on this machine."""

    clock: ManualClock
    vault: KeyVault
    stack: AsyncExitStack
    said: list[str]

    async def server(self, answer: Handler = GOOD) -> Stub:
        return await self.stack.enter_async_context(stub(answer))

    async def add(self, name: str, server: Stub, vault: KeyVault | None = None) -> Shortener:
        """Store it as another process does."""
        one = Shortener(
            code=name,
            name=name,
            api_url=f"http://127.0.0.1:{server.port}/api",
            sealed_key=(vault or self.vault).seal(SecretStr(KEY)),
        )
        assert await shortener_ops.add(one)
        return one

    def process(self, configured: dict[str, Provider] | None = None, **more: bool) -> CurrentShorteners:
        async def say(words: Words) -> bool:
            self.said.append(words())
            return True

        alerts = Alerts(say, clock=self.clock)
        made = CurrentShorteners(
            self.clock, ZONE, alerts, self.vault, configured or {}, **({"is_public_only": False} | more)
        )
        self.stack.push_async_callback(made.close)
        return made


async def made_by(process: CurrentShorteners) -> str | None:
    link = await (await process.as_of_now()).shorten(DESTINATION)
    return link.provider if link else None


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    clock = ManualClock(NOW)
    await ensure_indexes(await open_database("memory://", "test", clock=clock))
    async with AsyncExitStack() as stack:
        yield Scene(clock, open_vault(tmp_path), stack, [])
    await close_database()


async def test_one_added_in_the_chat_is_asked_within_five_seconds(scene: Scene) -> None:
    process = scene.process()
    assert not (await process.as_of_now()).is_configured
    await scene.add("chat", await scene.server())

    scene.clock.move(timedelta(seconds=5))
    assert await made_by(process) == "chat"


async def test_a_paused_or_removed_one_is_not_asked(scene: Scene) -> None:
    process = scene.process()
    one = await scene.add("chat", await scene.server())
    assert await made_by(process) == "chat"

    await shortener_ops.set_paused(one, True, 1, "Olive")
    assert not (await process.as_of_now()).is_configured
    await shortener_ops.set_paused(one, False, 1, "Olive")
    assert await made_by(process) == "chat"
    await shortener_ops.remove(one.code, NOW)
    assert not (await process.as_of_now()).is_configured


async def test_one_of_the_environment_follows_its_share_and_pause(scene: Scene) -> None:
    server = await scene.server()
    code = environment_code("env")
    configured = Shortener(code=code, name="env", origin=Origin.ENVIRONMENT)
    shortener_ops.set_environment([configured])
    process = scene.process({code: server.provider("env")})
    assert await made_by(process) == "env"

    await shortener_ops.set_share(configured, 7, 1, "Olive")
    assert [circuit[0].weight for circuit in (await process.as_of_now())._circuits] == [7]
    await shortener_ops.set_paused(configured, True, 1, "Olive")
    assert not (await process.as_of_now()).is_configured


async def test_a_key_of_another_file_stops_no_other_and_the_owners_are_told_once(scene: Scene, tmp_path: Path) -> None:
    await scene.add("lost", await scene.server(), open_vault(tmp_path / "elsewhere"))
    good = await scene.add("good", await scene.server())
    process = scene.process()

    assert [await made_by(process) for _ in range(5)] == ["good"] * 5
    await shortener_ops.set_share(good, 2, 1, "Olive")
    await made_by(process)

    assert len(scene.said) == 1
    assert "⁨lost⁩" in scene.said[0]
    assert "good" not in scene.said[0]


async def test_with_no_key_that_can_be_read_links_are_not_given_away_unshortened(scene: Scene, tmp_path: Path) -> None:
    await scene.add("lost", await scene.server(), open_vault(tmp_path / "elsewhere"))
    shorteners = await scene.process().as_of_now()
    assert shorteners.is_configured
    assert await shorteners.shorten(DESTINATION) is None


async def test_a_key_sent_again_is_used_and_the_owners_hear_it_is_over(scene: Scene, tmp_path: Path) -> None:
    lost = await scene.add("lost", await scene.server(), open_vault(tmp_path / "elsewhere"))
    process = scene.process()
    assert await made_by(process) is None

    await shortener_ops.replace_key(lost, scene.vault.seal(SecretStr(KEY)), NOW, 1, "Olive")
    assert await made_by(process) == "lost"
    assert len(scene.said) == 2
    assert "again" in scene.said[1]


async def test_failed_calls_are_counted_on_the_day_of_the_time_zone(scene: Scene) -> None:
    await scene.add("bad", await scene.server(BAD))
    assert await made_by(scene.process()) is None

    found = (await shortener_counts.tallies(["bad"], TODAY))["bad"]
    assert (found.failed, found.failure, found.failed_at) == (1, "refused", NOW)


async def test_an_address_of_the_chat_reaches_no_private_network(scene: Scene) -> None:
    server = await scene.server()
    await scene.add("private", server)
    assert await made_by(scene.process(is_public_only=True)) is None
    assert server.asked == []


async def test_a_host_of_its_links_is_remembered_when_it_is_new(scene: Scene) -> None:
    await scene.add("chat", await scene.server())
    process = scene.process()
    for _ in range(2):
        link = await (await process.as_of_now()).shorten(DESTINATION)
        assert link is not None
        await process.note_host(link)
    assert await shortener_ops.hosts_of_chat(NOW) == {"s.example"}


async def test_no_log_line_and_no_repr_holds_the_key(scene: Scene) -> None:
    await scene.add("bad", await scene.server(BAD))
    process = scene.process()
    with capture_logs() as logs:
        await made_by(process)
    text = repr(logs) + repr(process._listed) + repr(process._shorteners._circuits) + repr(scene.vault.__dict__)
    assert KEY not in text
