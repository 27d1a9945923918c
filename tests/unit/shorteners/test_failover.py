"""Failover between providers: their order, and which are skipped."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from aiohttp import web
from pydantic import SecretStr
from structlog.testing import capture_logs

from monitoring.metrics import REGISTRY
from shorteners.circuit import FAILURES_MAX, OPEN_FOR_S
from shorteners.failover import SAID_EVERY_S, Shorteners, ShortLink
from shorteners.failures import FailureKind, NoProviderAsked
from tests.clocks import WithSeconds
from tests.unit.shorteners.local import DESTINATION, LINK, Handler, Stub, giving, hang, no_files_left, stub

GOOD = giving({"shortenedUrl": LINK})
BAD = giving("down", 503)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class House:
    """Providers a, b, c … with their servers, and a manual clock."""

    servers: dict[str, Stub]
    shorteners: Shorteners
    clock: Clock

    def asked(self) -> dict[str, int]:
        return {name: len(server.asked) for name, server in self.servers.items()}

    async def shorten(self, times: int = 1) -> list[str | None]:
        found = [await self.shorteners.shorten(DESTINATION) for _ in range(times)]
        return [short.provider if short else None for short in found]


@asynccontextmanager
async def house(*answers: Handler, weights: tuple[int, ...] = (), timeout_s: float = 5.0) -> AsyncIterator[House]:
    clock = Clock()
    async with AsyncExitStack() as stack:
        servers = {
            name: await stack.enter_async_context(stub(answer)) for name, answer in zip("abcd", answers, strict=False)
        }
        weighed = zip(servers.items(), weights or (1,) * len(answers), strict=True)
        providers = [server.provider(name, weight=weight) for (name, server), weight in weighed]
        shorteners = Shorteners(providers, timeout_s=timeout_s, clock=WithSeconds(clock), rng=random.Random(7))
        await stack.enter_async_context(shorteners)
        yield House(servers, shorteners, clock)


def counted(provider: str, outcome: str) -> float:
    labels = {"provider": provider, "outcome": outcome}
    return REGISTRY.get_sample_value("tollgate_shortener_calls_total", labels) or 0.0


# --- none, one, the next


async def test_without_providers_there_is_no_link_and_no_session() -> None:
    async with Shorteners() as none:
        assert not none.is_configured
        assert await none.shorten(DESTINATION) is None


async def test_a_link_names_its_provider() -> None:
    async with house(GOOD) as home:
        assert home.shorteners.is_configured
        assert await home.shorteners.shorten(DESTINATION) == ShortLink(LINK, "a")


async def test_the_next_provider_is_asked_after_a_failure() -> None:
    async with house(BAD, BAD, GOOD, weights=(1000, 1000, 1)) as home:
        assert await home.shorten() == ["c"]
        assert home.asked() == {"a": 1, "b": 1, "c": 1}


async def test_a_hanging_provider_costs_one_timeout() -> None:
    async with house(hang, GOOD, weights=(1000, 1), timeout_s=0.05) as home:
        assert await home.shorten() == ["b"]


async def test_when_all_fail_there_is_no_link_and_each_was_asked_once() -> None:
    async with house(BAD, BAD) as home:
        assert await home.shorten() == [None]
        assert home.asked() == {"a": 1, "b": 1}
        assert home.shorteners.is_configured


async def test_without_a_file_for_a_connection_nobody_is_asked_and_no_circuit_breaker_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed: list[str] = []

    class Observer:
        async def call_failed(self, provider: str, kind: FailureKind) -> None:
            failed.append(provider)

    async with house(GOOD) as home:
        monkeypatch.setattr(home.shorteners, "_observer", Observer())
        before = counted("a", "not_asked")
        with capture_logs() as logs, no_files_left():
            for _ in range(FAILURES_MAX + 1):
                with pytest.raises(NoProviderAsked):
                    await home.shorteners.shorten(DESTINATION)
            home.clock.now += SAID_EVERY_S
            with pytest.raises(NoProviderAsked):
                await home.shorteners.shorten(DESTINATION)
        assert [line["event"] for line in logs] == ["shortener.not_asked"] * 2
        assert (failed, counted("a", "not_asked") - before) == ([], FAILURES_MAX + 2)
        assert await home.shorten() == ["a"]


async def test_the_session_opens_at_first_use_and_closing_is_idempotent() -> None:
    unused = Shorteners([Stub(hang).provider()])
    await unused.close()
    async with house(GOOD) as home:
        assert await home.shorten() == ["a"]
        await home.shorteners.close()
        await home.shorteners.close()
        assert await home.shorten() == ["a"], "a later use opens another session"


# --- weights


async def test_the_first_provider_is_chosen_by_weight() -> None:
    async with house(GOOD, GOOD, GOOD, weights=(6, 3, 1)) as home:
        found = Counter(await home.shorten(600))
    assert sum(found.values()) == 600
    # three standard deviations around 360, 180 and 60
    assert 324 <= found["a"] <= 396
    assert 146 <= found["b"] <= 214
    assert 38 <= found["c"] <= 82


async def test_the_next_provider_is_chosen_by_the_weights_of_the_others() -> None:
    async with house(BAD, GOOD, GOOD, weights=(1000, 3, 1)) as home:
        found: Counter[str | None] = Counter()
        for _ in range(400):
            found.update(await home.shorten())
            home.clock.now += OPEN_FOR_S
        assert home.asked()["a"] > 390
    # three standard deviations around 300
    assert 274 <= found["b"] <= 326


async def test_with_equal_weights_the_order_varies() -> None:
    async with house(GOOD, GOOD) as home:
        assert set(await home.shorten(20)) == {"a", "b"}


# --- health


async def test_after_three_failures_a_provider_is_skipped_for_a_minute() -> None:
    async with house(BAD) as home:
        assert await home.shorten(5) == [None] * 5
        assert home.asked() == {"a": 3}
        home.clock.now += OPEN_FOR_S - 0.001
        await home.shorten()
        assert home.asked() == {"a": 3}
        home.clock.now += 0.001
        await home.shorten(5)
        assert home.asked() == {"a": 4}


async def test_a_provider_is_used_again_after_a_successful_trial() -> None:
    async with house(BAD) as home:
        await home.shorten(3)
        home.servers["a"].answer = GOOD
        home.clock.now += OPEN_FOR_S
        assert await home.shorten(4) == ["a"] * 4


async def test_other_providers_are_used_while_one_is_skipped() -> None:
    async with house(BAD, GOOD, weights=(1000, 1)) as home:
        assert await home.shorten(10) == ["b"] * 10
        assert home.asked() == {"a": 3, "b": 10}


async def test_of_concurrent_calls_one_is_the_trial() -> None:
    async with house(BAD) as home:
        await home.shorten(3)
        home.clock.now += OPEN_FOR_S
        arrived, may_answer = asyncio.Event(), asyncio.Event()

        async def wait_and_answer(request: web.Request) -> web.StreamResponse:
            arrived.set()
            await may_answer.wait()
            return await GOOD(request)

        home.servers["a"].answer = wait_and_answer
        trial = asyncio.create_task(home.shorten())
        await arrived.wait()
        assert await asyncio.gather(*(home.shorten() for _ in range(20))) == [[None]] * 20
        may_answer.set()
        assert await trial == ["a"]
        assert home.asked() == {"a": 4}
        assert await asyncio.gather(*(home.shorten() for _ in range(20))) == [["a"]] * 20


async def test_after_a_cancelled_trial_the_next_call_tries() -> None:
    async with house(BAD) as home:
        await home.shorten(3)
        home.clock.now += OPEN_FOR_S
        arrived = asyncio.Event()

        async def arrive_and_hang(request: web.Request) -> web.StreamResponse:
            arrived.set()
            return await hang(request)

        home.servers["a"].answer = arrive_and_hang
        trial = asyncio.create_task(home.shorten())
        await arrived.wait()
        trial.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trial
        home.servers["a"].answer = GOOD
        assert await home.shorten() == ["a"]


async def test_concurrent_calls_all_get_a_link_while_one_provider_is_down() -> None:
    async with house(BAD, GOOD, weights=(1000, 1)) as home:
        assert await asyncio.gather(*(home.shorten() for _ in range(50))) == [["b"]] * 50
        # all calls may have started before the third failure
        assert home.asked()["a"] <= 50
        before = home.asked()["a"]
        await home.shorten(5)
        assert home.asked()["a"] == before


# --- logs and metrics


async def test_failures_and_the_circuit_are_logged_with_name_kind_and_status() -> None:
    async with house(BAD) as home:
        with capture_logs() as logs:
            await home.shorten(4)
            home.servers["a"].answer = GOOD
            home.clock.now += OPEN_FOR_S
            await home.shorten(2)
    failed = {"event": "shortener.failed", "log_level": "warning", "provider": "a", "kind": "refused", "status": 503}
    assert logs == [
        failed,
        failed,
        failed,
        {"event": "shortener.circuit_opened", "log_level": "warning", "provider": "a", "for_s": 60.0},
        {"event": "shortener.circuit_closed", "log_level": "info", "provider": "a"},
    ]


async def test_calls_are_counted_by_provider_and_outcome() -> None:
    before = counted("a", "refused"), counted("b", "ok"), counted("a", "ok")
    async with house(BAD, GOOD, weights=(1000, 1)) as home:
        await home.shorten(5)
    after = counted("a", "refused"), counted("b", "ok"), counted("a", "ok")
    assert [now - then for now, then in zip(after, before, strict=True)] == [3, 5, 0]


# --- another list while it runs


async def test_a_provider_that_stays_keeps_its_circuit_and_one_with_another_key_starts_anew() -> None:
    async with house(BAD, GOOD) as here:
        first, second = (circuit[0] for circuit in here.shorteners._circuits)
        here.shorteners.use([first])
        await here.shorten(3)
        assert here.asked()["a"] == 3

        here.shorteners.use([first.with_weight(9)])
        await here.shorten()
        assert here.asked()["a"] == 3, "its circuit is open, whatever its weight"

        here.shorteners.use([replace(first, api_key=SecretStr("another key"))])
        await here.shorten()
        assert here.asked()["a"] == 4

        here.shorteners.use([second])
        assert await here.shorten() == ["b"]


async def test_without_usable_providers_links_are_not_left_unshortened() -> None:
    async with Shorteners() as shorteners:
        assert not shorteners.is_configured
        shorteners.use([], has_unusable=True)
        assert shorteners.is_configured
        assert await shorteners.shorten(DESTINATION) is None


async def test_each_failed_call_is_reported() -> None:
    class Noting:
        def __init__(self) -> None:
            self.failed: list[tuple[str, FailureKind]] = []

        async def call_failed(self, provider: str, kind: FailureKind) -> None:
            self.failed.append((provider, kind))

    noting = Noting()
    async with stub(BAD) as server, Shorteners([server.provider("a")], observer=noting) as shorteners:
        await shorteners.shorten(DESTINATION)
    assert noting.failed == [("a", FailureKind.REFUSED)]
