"""Asks the providers for a short link: in weighted random order, skipping unhealthy ones, until one succeeds."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
import structlog

from core.clock import Clock, SystemClock
from monitoring import metrics
from shorteners.calls import ask, new_session
from shorteners.circuit import OPEN_FOR_S, Circuit, Permit
from shorteners.failures import ShortenerError
from shorteners.providers import Provider

log = structlog.get_logger("tollgate.shorteners")

#: timeout of one provider in seconds, from the connection to the last byte
PROVIDER_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class ShortLink:
    """A short link and the name of the provider that made it."""

    url: str
    provider: str


class Shorteners:
    """The providers of one process, with their circuit breakers. Opens an HTTP session at the first use; `close` it."""

    def __init__(
        self,
        providers: Iterable[Provider] = (),
        *,
        timeout_s: float = PROVIDER_TIMEOUT_S,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._circuits = [(provider, Circuit()) for provider in providers]
        self._timeout_s = timeout_s
        self._clock = clock or SystemClock()
        # the order of providers is no secret
        self._rng = rng or random.Random()  # noqa: S311
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def is_configured(self) -> bool:
        """Whether there is a provider, healthy or not."""
        return bool(self._circuits)

    async def shorten(self, destination: str) -> ShortLink | None:
        """Return a link to `destination` from the first provider that gives one; None when all fail.

        Takes at most one timeout per provider. Failures of providers are logged and counted, not raised.
        """
        for provider, circuit in self._in_random_order():
            permit = circuit.acquire(self._clock.monotonic())
            if permit is None:
                continue
            try:
                url = await self._try(provider, circuit, permit, destination)
            finally:
                circuit.release(permit)
            if url is not None:
                return ShortLink(url, provider.name)
        return None

    async def close(self) -> None:
        """Close the HTTP session if it is open; a later `shorten` opens a new one."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _in_random_order(self) -> list[tuple[Provider, Circuit]]:
        """All providers, drawn one after the other with probabilities in proportion to their weights."""
        # of independent exponential variables, each is the smallest with the probability of its rate / sum of all rates
        return sorted(self._circuits, key=lambda pair: self._rng.expovariate(pair[0].weight))

    async def _try(self, provider: Provider, circuit: Circuit, permit: Permit, destination: str) -> str | None:
        """Return the provider's link; None when it failed, which is recorded."""
        if self._session is None:
            self._session = new_session(self._timeout_s)
        try:
            url = await ask(self._session, provider, destination)
        except ShortenerError as error:
            self._note_failure(provider, circuit, permit, error)
            return None
        metrics.SHORTENER_CALLS.labels(provider.name, "ok").inc()
        if circuit.succeeded(permit):
            log.info("shortener.circuit_closed", provider=provider.name)
        return url

    def _note_failure(self, provider: Provider, circuit: Circuit, permit: Permit, error: ShortenerError) -> None:
        metrics.SHORTENER_CALLS.labels(provider.name, error.kind).inc()
        log.warning("shortener.failed", provider=provider.name, kind=error.kind.value, status=error.status)
        if circuit.failed(permit, self._clock.monotonic()):
            log.warning("shortener.circuit_opened", provider=provider.name, for_s=OPEN_FOR_S)
