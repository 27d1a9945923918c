"""From two typed answers to a stored shortener: tested first, its key encrypted before anything is kept."""

from dataclasses import dataclass

from pydantic import SecretStr
from yarl import URL

from admin_bot.conversation.shortener_draft import ShortenerDraft
from admin_bot.shorteners.providers import Providers
from admin_bot.shorteners.service import ShortenerService
from core.clock import Clock
from core.errors import AlreadyThere
from core.shorteners.addresses import name_for
from core.shorteners.records import Shortener
from database.operations.shorteners import shortener_ops
from shorteners.providers import Provider
from shorteners.trying import Trial

#: names tried while others take them at the same instant
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Saved:
    """It is stored; `consequence` says what that changes for subscribers ("": nothing)."""

    code: str
    consequence: str = ""
    #: the shortener as it was, when this call has replaced its key
    before: Shortener | None = None


@dataclass(frozen=True, slots=True)
class KeyChanged:
    """Somebody else has replaced the key since; nothing was stored."""

    theirs: Shortener


class Full(Exception):
    """There are as many shorteners as there may be."""


class DraftService:
    """Seals, tests and saves drafts."""

    def __init__(self, providers: Providers, shorteners: ShortenerService, clock: Clock) -> None:
        self._providers = providers
        self._shorteners = shorteners
        self._clock = clock

    @property
    def problem(self) -> str:
        """Why no key can be kept; "" when one can."""
        return self._providers.vault.problem

    def seal(self, draft: ShortenerDraft, key: SecretStr) -> ShortenerDraft:
        """Return the draft with the key, encrypted. Raises NoVault."""
        return draft.with_key(self._providers.vault.seal(key))

    async def test(self, draft: ShortenerDraft) -> tuple[ShortenerDraft, Trial] | None:
        """Ask for a link with the draft's key; returns the draft with the host of the link. None without a key."""
        provider = self._provider(draft)
        if provider is None:
            return None
        trial = await self._providers.trial(provider)
        host = URL(trial.url).raw_host or ""
        return draft.tested("" if trial.failure is not None else host), trial

    def _provider(self, draft: ShortenerDraft) -> Provider | None:
        listed = Shortener(code=draft.id, name=draft.name, api_url=draft.api_url, sealed_key=draft.sealed_key)
        return self._providers.provider_of(listed)

    async def save(
        self, draft: ShortenerDraft, admin_id: int, admin_name: str, *, over: bool = False
    ) -> Saved | KeyChanged | None:
        """Store a tested draft; idempotent. `over`: also when somebody else has replaced the key since.

        None when the shortener is gone whose key was to be replaced. Raises Full, and ValueError for a draft that was
        not tested.
        """
        if draft.sealed_key is None or not draft.link_host:
            raise ValueError("only a tested draft can be saved")
        if draft.replaces is None:
            return await self._add(draft, admin_id, admin_name)
        return await self._replace(draft, draft.replaces, draft.sealed_key, admin_id, admin_name, over=over)

    async def _add(self, draft: ShortenerDraft, admin_id: int, admin_name: str) -> Saved:
        for _ in range(_TRIES):
            taken = {one.name.casefold() for one in await shortener_ops.load()}
            one = Shortener(
                code=draft.id,
                name=name_for(draft.api_url, taken),
                api_url=draft.api_url,
                link_hosts=(draft.link_host,),
                sealed_key=draft.sealed_key,
                set_at=self._clock.now(),
                set_by=admin_id,
                set_by_name=admin_name,
            )
            try:
                is_new, consequence = await self._shorteners.add(one, admin_id)
            except AlreadyThere:
                continue
            except ValueError:
                raise Full from None
            if is_new:
                await self._providers.note(one.name, Trial(0.0))
            return Saved(one.code, consequence)
        raise Full

    async def _replace(
        self, draft: ShortenerDraft, code: str, sealed_key: str, admin_id: int, admin_name: str, *, over: bool
    ) -> Saved | KeyChanged | None:
        one = await shortener_ops.find(code)
        if one is None:
            return None
        if one.sealed_key == sealed_key:  # the same press again
            return Saved(code)
        if one.sealed_key != draft.seen_key and not over:
            return KeyChanged(one)
        if not await self._shorteners.replace_key(one, sealed_key, admin_id, admin_name):
            current = await shortener_ops.find(code)
            return None if current is None else KeyChanged(current)
        await shortener_ops.remember_host(code, draft.link_host)
        await self._providers.note(one.name, Trial(0.0))
        return Saved(code, before=one if self._shorteners.can_read(one) else None)
