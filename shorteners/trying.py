"""Asks one provider once, for an owner who wants to know whether it works."""

from dataclasses import dataclass

from core.clock import Clock
from shorteners.calls import ask, new_session
from shorteners.failures import FailureKind, ShortenerError
from shorteners.providers import Provider

#: seconds a trial may take in total
TRIAL_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it: a link, or a kind of failure."""

    took_s: float
    url: str = ""
    failure: FailureKind | None = None
    #: HTTP status, when that is the failure
    status: int | None = None


async def try_provider(
    provider: Provider, destination: str, clock: Clock, *, timeout_s: float = TRIAL_TIMEOUT_S
) -> Trial:
    """Ask for a link to `destination` and check it, with one request. Raises nothing but CancelledError."""
    began = clock.monotonic()
    async with new_session(timeout_s, public_only=provider.is_public_only) as session:
        try:
            url = await ask(session, provider, destination)
        except ShortenerError as error:
            return Trial(clock.monotonic() - began, failure=error.kind, status=error.status)
    return Trial(clock.monotonic() - began, url)
