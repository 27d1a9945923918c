"""Asks the providers for a short link: in weighted random order, skipping unhealthy ones, until one succeeds."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import aiohttp
import structlog

from core.clock import Clock, SystemClock
from monitoring import metrics
from shorteners.calls import ask, new_session
from shorteners.circuit import OPEN_FOR_S, Circuit, Permit
from shorteners.failures import FailureKind, NoProviderAsked, ShortenerError
from shorteners.providers import Provider

log = structlog.get_logger("tollgate.shorteners")

#: timeout of one provider in seconds, from the connection to the last byte
PROVIDER_TIMEOUT_S = 5.0
#: seconds between two log lines that nobody could be asked
SAID_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class ShortLink:
    """A short link and the name of the provider that made it."""

    url: str
    provider: str


class CallObserver(Protocol):
    """Notified of the calls of a process, for statistics that outlive it."""

    async def call_failed(self, provider: str, kind: FailureKind) -> None:
        """Record that a provider failed. Must not raise."""
        ...


class Shorteners:
    """The providers of one process, with their circuit breakers. Opens HTTP sessions at the first use; `close` it."""

    def __init__(
        self,
        providers: Iterable[Provider] = (),
        *,
        timeout_s: float = PROVIDER_TIMEOUT_S,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        observer: CallObserver | None = None,
    ) -> None:
        self._circuits = [(provider, Circuit()) for provider in providers]
        self._has_unusable = False
        self._observer = observer
        self._timeout_s = timeout_s
        self._clock = clock or SystemClock()
        # the order of providers is no secret
        self._rng = rng or random.Random()  # noqa: S311
        #: by whether they reach public addresses only
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        #: when it was last logged that nobody could be asked
        self._said_at: float | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def is_configured(self) -> bool:
        """Whether there is a provider, healthy or not, usable or not."""
        return bool(self._circuits) or self._has_unusable

    def use(self, providers: Iterable[Provider], *, has_unusable: bool = False) -> None:
        """Replace the providers. One that asks the same way as before keeps its circuit breaker.

        `has_unusable`: there are others that cannot be asked, so links must not be left unshortened for their lack.
        """
        known = {provider.with_weight(1): circuit for provider, circuit in self._circuits}
        self._circuits = [(one, known.get(one.with_weight(1)) or Circuit()) for one in providers]
        self._has_unusable = has_unusable

    async def shorten(self, destination: str) -> ShortLink | None:
        """Return a link to `destination` from the first provider that gives one; None when all fail.

        Takes at most one timeout per provider. Failures of providers are logged and counted, not raised. Raises
        NoProviderAsked when this process has no file or memory left to ask one; then no circuit breaker changes.
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
        """Close the HTTP sessions that are open; a later `shorten` opens new ones."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    def _in_random_order(self) -> list[tuple[Provider, Circuit]]:
        """All providers, drawn one after the other with probabilities in proportion to their weights."""
        # of independent exponential variables, each is the smallest with the probability of its rate / sum of all rates
        return sorted(self._circuits, key=lambda pair: self._rng.expovariate(pair[0].weight))

    async def _try(self, provider: Provider, circuit: Circuit, permit: Permit, destination: str) -> str | None:
        """Return the provider's link; None when it failed, which is recorded."""
        try:
            url = await ask(self._session_for(provider), provider, destination)
        except ShortenerError as error:
            if error.kind is FailureKind.NOT_ASKED:
                self._note_own_failure(provider)
                raise NoProviderAsked from None
            self._note_failure(provider, circuit, permit, error)
            if self._observer is not None:
                await self._observer.call_failed(provider.name, error.kind)
            return None
        metrics.SHORTENER_CALLS.labels(provider.name, "ok").inc()
        if circuit.succeeded(permit):
            log.info("shortener.circuit_closed", provider=provider.name)
        return url

    def _note_own_failure(self, provider: Provider) -> None:
        metrics.SHORTENER_CALLS.labels(provider.name, FailureKind.NOT_ASKED).inc()
        now = self._clock.monotonic()
        if self._said_at is None or now - self._said_at >= SAID_EVERY_S:
            self._said_at = now
            log.error("shortener.not_asked", provider=provider.name, why="no files or memory left for a connection")

    def _session_for(self, provider: Provider) -> aiohttp.ClientSession:
        public_only = provider.is_public_only
        if public_only not in self._sessions:
            self._sessions[public_only] = new_session(self._timeout_s, public_only=public_only)
        return self._sessions[public_only]

    def _note_failure(self, provider: Provider, circuit: Circuit, permit: Permit, error: ShortenerError) -> None:
        metrics.SHORTENER_CALLS.labels(provider.name, error.kind).inc()
        log.warning("shortener.failed", provider=provider.name, kind=error.kind.value, status=error.status)
        if circuit.failed(permit, self._clock.monotonic()):
            log.warning("shortener.circuit_opened", provider=provider.name, for_s=OPEN_FOR_S)
