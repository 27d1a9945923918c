"""What an owner's test asks, and what it found: with the keys this process can read."""

from zoneinfo import ZoneInfo

from pydantic import SecretStr

from admin_bot.context import ShortenerAccess
from core.clock import Clock
from core.days import start_of_day
from core.ids import new_token
from core.shorteners.records import Shortener
from database.operations.shorteners import shortener_counts
from database.tolerated import tolerated
from shorteners.providers import Provider
from shorteners.trying import TRIAL_TIMEOUT_S, Trial, try_provider
from shorteners.vault import KeyVault
from views import links


class Providers:
    """Asks shorteners on behalf of owners."""

    def __init__(
        self, access: ShortenerAccess, clock: Clock, zone: ZoneInfo, page_url: str, user_bot_username: str
    ) -> None:
        self._access = access
        self._clock = clock
        self._zone = zone
        self._page_url = page_url
        self._username = user_bot_username

    @property
    def vault(self) -> KeyVault:
        return self._access.vault

    def key_of(self, one: Shortener) -> SecretStr | None:
        """Return its key; None when it cannot be read."""
        configured = self._access.configured.get(one.code)
        if one.is_of_environment:
            return None if configured is None else configured.api_key
        return None if one.sealed_key is None else self._access.vault.unseal(one.sealed_key)

    def provider_of(self, one: Shortener) -> Provider | None:
        """Return what to ask; None when its key cannot be read."""
        if one.is_of_environment:
            return self._access.configured.get(one.code)
        key = self.key_of(one)
        if key is None:
            return None
        return Provider.of_stored(one, key, is_public_only=self._access.is_public_only)

    async def trial(self, provider: Provider) -> Trial:
        """Ask for a link to our own page, with one request of at most five seconds."""
        return await try_provider(provider, self._destination(), self._clock, timeout_s=TRIAL_TIMEOUT_S)

    async def note(self, name: str, trial: Trial) -> None:
        """Store what a test of a shortener found."""
        now = self._clock.now()
        failure = "" if trial.failure is None else trial.failure.value
        count = shortener_counts.note_test(name, start_of_day(now, self._zone), now, failure)
        await tolerated("shortener.not_counted", count)

    def _destination(self) -> str:
        """Return a page of ours that nobody is sent to: its token is not stored."""
        token = new_token()
        return links.page_link(self._page_url, token) if self._page_url else links.back_link(self._username, token)
