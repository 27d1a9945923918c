"""All providers together: by weight, the healthy ones, the next when one fails."""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
import structlog

from monitoring import metrics
from shorteners.calls import ask, new_session
from shorteners.circuit import OPEN_FOR_S, Circuit, Turn
from shorteners.failures import ShortenerError
from shorteners.providers import Provider

log = structlog.get_logger("tollgate.shorteners")

#: seconds one provider is given, from the connection to the last byte
PROVIDER_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Short:
    """A short link and the name of the provider that made it."""

    url: str
    provider: str


class Shorteners:
    """The providers of one process, with their health. Opens its HTTP session at the first use; `close` it."""

    def __init__(
        self,
        providers: Iterable[Provider] = (),
        *,
        timeout_s: float = PROVIDER_TIMEOUT_S,
        monotonic: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        self._circuits = [(provider, Circuit()) for provider in providers]
        self._timeout_s = timeout_s
        self._monotonic = monotonic
        # who is asked first needs no secrecy
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
        """True when there is a provider at all, well or not."""
        return bool(self._circuits)

    async def shorten(self, destination: str) -> Short | None:
        """A link to `destination` by the first provider that makes one; None when none does.

        Takes at most the time-out of each provider that is not left alone. Raises nothing for a provider's failure.
        """
        for provider, circuit in self._in_turn():
            turn = circuit.enter(self._monotonic())
            if turn is None:
                continue
            try:
                url = await self._try(provider, circuit, turn, destination)
            finally:
                circuit.leave(turn)
            if url is not None:
                return Short(url, provider.name)
        return None

    async def close(self) -> None:
        """Close the HTTP session, if there is one; a later `shorten` would open another."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _in_turn(self) -> list[tuple[Provider, Circuit]]:
        """All of them in random order, drawn one after the other by weight."""
        # of exponential waits the shortest is each one's with a chance of its weight in the sum of all
        return sorted(self._circuits, key=lambda pair: self._rng.expovariate(pair[0].weight))

    async def _try(self, provider: Provider, circuit: Circuit, turn: Turn, destination: str) -> str | None:
        """The provider's link; None when it failed, which is written down."""
        if self._session is None:
            self._session = new_session(self._timeout_s)
        try:
            url = await ask(self._session, provider, destination)
        except ShortenerError as error:
            self._note_failure(provider, circuit, turn, error)
            return None
        metrics.SHORTENER_CALLS.labels(provider.name, "ok").inc()
        if circuit.succeeded(turn):
            log.info("shortener.circuit_closed", provider=provider.name)
        return url

    def _note_failure(self, provider: Provider, circuit: Circuit, turn: Turn, error: ShortenerError) -> None:
        metrics.SHORTENER_CALLS.labels(provider.name, error.kind).inc()
        log.warning("shortener.failed", provider=provider.name, kind=error.kind.value, status=error.status)
        if circuit.failed(turn, self._monotonic()):
            log.warning("shortener.circuit_opened", provider=provider.name, for_s=OPEN_FOR_S)
