"""The shorteners that links are made with now: those of the environment and those added in the admin bot."""

from collections.abc import Mapping
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from yarl import URL

from core.clock import Clock
from core.days import start_of_day
from core.shorteners.records import Shortener
from database.operations.shorteners import shortener_counts, shortener_ops
from database.tolerated import tolerated
from monitoring.alerts import Alerts
from shorteners.failover import Shorteners, ShortLink
from shorteners.failures import FailureKind
from shorteners.providers import Provider
from shorteners.vault import KeyVault
from views.shorteners import alerts as texts

log = structlog.get_logger("tollgate.shorteners")

_INCIDENT = "shortener_keys"


class CurrentShorteners:
    """Keeps `Shorteners` in step with what is stored, within five seconds of a change. One per bot and process."""

    def __init__(
        self,
        clock: Clock,
        zone: ZoneInfo,
        alerts: Alerts,
        vault: KeyVault,
        configured: Mapping[str, Provider],
        *,
        is_public_only: bool = True,
    ) -> None:
        """`configured`: the providers of the environment, by the code of their shortener.

        `is_public_only` False: addresses typed in the chat may be in a private network.
        """
        self._clock = clock
        self._zone = zone
        self._alerts = alerts
        self._vault = vault
        self._configured = configured
        self._is_public_only = is_public_only
        self._shorteners = Shorteners(observer=self)
        #: what the providers were made of, last
        self._listed: tuple[Shortener, ...] | None = None

    async def as_of_now(self) -> Shorteners:
        """Return the shorteners, changed to the list as of at most five seconds ago. Raises StoreUnavailable."""
        listed = await shortener_ops.current(self._clock.now())
        if listed != self._listed:
            self._listed = listed
            await self._take_over(listed)
        return self._shorteners

    async def call_failed(self, provider: str, kind: FailureKind) -> None:
        """Count a failed call."""
        now = self._clock.now()
        count = shortener_counts.count_failed(provider, start_of_day(now, self._zone), now, kind.value)
        await tolerated("shortener.not_counted", count)

    async def note_host(self, short: ShortLink) -> None:
        """Store the host of a link when it is new: visitors come back from there. A failure is logged."""
        one = next((one for one in self._listed or () if one.name == short.provider), None)
        host = URL(short.url).raw_host or ""
        if one is not None and not one.is_of_environment and host not in one.link_hosts:
            await tolerated("shortener.host_not_stored", shortener_ops.remember_host(one.code, host))

    async def close(self) -> None:
        await self._shorteners.close()

    async def _take_over(self, listed: tuple[Shortener, ...]) -> None:
        active = [one for one in listed if not one.is_paused and self._is_ours(one)]
        providers = {one.name: self._provider(one) for one in active}
        unreadable = [name for name, provider in providers.items() if provider is None]
        usable = [provider for provider in providers.values() if provider is not None]
        self._shorteners.use(usable, has_unusable=bool(unreadable))
        log.info("shorteners.changed", usable=len(usable), unreadable=len(unreadable))
        if unreadable:
            await self._alerts.raise_once(_INCIDENT, partial(texts.keys_unreadable, unreadable))
        else:
            await self._alerts.clear(_INCIDENT, texts.keys_readable)

    def _is_ours(self, one: Shortener) -> bool:
        """Whether this process knows it: one of the environment may be missing in that of another process."""
        return not one.is_of_environment or one.code in self._configured

    def _provider(self, one: Shortener) -> Provider | None:
        """Return what to ask; None when the key cannot be read."""
        if one.is_of_environment:
            return self._configured[one.code].with_weight(one.share)
        key = None if one.sealed_key is None else self._vault.unseal(one.sealed_key)
        if key is None:
            return None
        return Provider.of_stored(one, key, is_public_only=self._is_public_only)
