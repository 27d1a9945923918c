"""Shorteners in the admin bot: their screens, and the changes owners make."""

from typing import Any
from zoneinfo import ZoneInfo

from admin_bot.audit import note
from admin_bot.shorteners.providers import Providers
from admin_bot.undo import Undone, UndoStep
from core.clock import Clock
from core.days import start_of_day
from core.settings import AccessMode
from core.shorteners.counts import COUNTED_FOR, Tally
from core.shorteners.records import Shortener, percentages
from database.operations import settings_ops
from database.operations.shorteners import shortener_counts, shortener_ops
from shorteners.trying import Trial
from views.screens import Screen
from views.shorteners import screens, texts
from views.shorteners.screens import Entry

#: kinds of steps that can be undone
SHARE_SET, PAUSE_SET, KEY_SET = "shortener.share_set", "shortener.pause_set", "shortener.key_set"


class ShortenerService:
    """Builds screens and makes changes. A change returns what the caller shows."""

    def __init__(self, providers: Providers, clock: Clock, zone: ZoneInfo) -> None:
        self._providers = providers
        self._clock = clock
        self._zone = zone

    # --- screens

    async def list_screen(self, page: int = 0) -> Screen:
        """Return the list; two commands."""
        listed = await shortener_ops.load()
        return screens.short_list(await self._entries(listed), page)

    async def entry(self, code: str) -> Entry | None:
        """Return one shortener with its counts; None when it is gone. Two commands."""
        listed = await shortener_ops.load()
        return next((entry for entry in await self._entries(listed) if entry.one.code == code), None)

    async def card(self, code: str, said: str | None = None) -> Screen:
        """Return a card with a note (HTML) above it, or the list when the shortener is gone."""
        entry = await self.entry(code)
        if entry is None:
            return (await self.list_screen()).with_note(texts.gone())
        return screens.card(entry, self._zone).with_note(said)

    async def _entries(self, listed: tuple[Shortener, ...]) -> list[Entry]:
        since = start_of_day(self._clock.now() - COUNTED_FOR, self._zone)
        counts = await shortener_counts.tallies([one.name for one in listed], since)
        percents = percentages(listed)
        return [self._entry(one, counts[one.name], percents.get(one.code)) for one in listed]

    def _entry(self, one: Shortener, counts: Tally, percent: int | None) -> Entry:
        is_readable = self._providers.key_of(one) is not None
        return Entry(one, counts.state(is_paused=one.is_paused, is_key_readable=is_readable), counts, percent)

    # --- keys in other messages

    async def known_keys(self) -> list[str]:
        """Return every key this process can read, as of at most five seconds ago."""
        keys = (self._providers.key_of(one) for one in await shortener_ops.current(self._clock.now()))
        return [key.get_secret_value() for key in keys if key is not None]

    # --- changes

    async def test(self, one: Shortener) -> Trial | None:
        """Ask it for a link and store the result; None when its key cannot be read."""
        provider = self._providers.provider_of(one)
        if provider is None:
            return None
        trial = await self._providers.trial(provider)
        await self._providers.note(one.name, trial)
        return trial

    async def set_share(self, one: Shortener, share: int, admin_id: int, admin_name: str) -> bool:
        """Change the share from the one `one` has. False when it has another one by now."""
        if not await shortener_ops.set_share(one, share, admin_id, admin_name):
            return False
        await note(self._clock.now(), admin_id, SHARE_SET, one.name, one.share, share)
        return True

    async def set_paused(self, one: Shortener, is_paused: bool, admin_id: int, admin_name: str) -> tuple[bool, str]:
        """Pause or resume. Returns whether it changed, and what that changes for subscribers ("": nothing)."""
        before = await self._access_mode()
        if not await shortener_ops.set_paused(one, is_paused, admin_id, admin_name):
            return False, ""
        await note(self._clock.now(), admin_id, PAUSE_SET, one.name, not is_paused, is_paused)
        return True, _consequence(before, await self._access_mode())

    async def remove(self, one: Shortener, admin_id: int) -> tuple[bool, str]:
        """Remove it. Returns whether this call did, and what that changes for subscribers."""
        before, now = await self._access_mode(), self._clock.now()
        if not await shortener_ops.remove(one.code, now):
            return False, ""
        await note(now, admin_id, "shortener.removed", one.name)
        return True, _consequence(before, await self._access_mode())

    async def add(self, one: Shortener, admin_id: int) -> tuple[bool, str]:
        """Store a new one. Returns as above; False: it is stored already. Raises as `shortener_ops.add`."""
        before = await self._access_mode()
        if not await shortener_ops.add(one):
            return False, ""
        await note(self._clock.now(), admin_id, "shortener.added", one.name)
        return True, _consequence(before, await self._access_mode())

    async def replace_key(self, one: Shortener, sealed_key: str, admin_id: int, admin_name: str) -> bool:
        """Replace the key that `one` has. False when it has another one by now."""
        now = self._clock.now()
        if not await shortener_ops.replace_key(one, sealed_key, now, admin_id, admin_name):
            return False
        await note(now, admin_id, KEY_SET, one.name)
        return True

    def can_read(self, one: Shortener) -> bool:
        """Return whether this process can read its key."""
        return self._providers.key_of(one) is not None

    async def _access_mode(self) -> AccessMode:
        return (await settings_ops.current(self._clock.now())).access_mode

    # --- undo

    async def undo(self, admin_id: int, step: UndoStep) -> Undone:
        """Take back a share, a pause or a key, if it is still the one that was set."""
        one = await shortener_ops.find(step.target)
        is_undone = one is not None and await _UNDO[step.kind](one, admin_id, step.before, step.after)
        if is_undone and one is not None:
            await note(self._clock.now(), admin_id, f"{step.kind}.undone", one.name)
        return Undone(await self.card(step.target), was_changed_since=not is_undone)


async def _undo_share(one: Shortener, admin_id: int, before: dict[str, Any], after: Any) -> bool:
    seen = one.model_copy(update={"share": after})
    return await shortener_ops.set_share(seen, before["share"], admin_id, before["by"])


async def _undo_pause(one: Shortener, admin_id: int, before: dict[str, Any], after: Any) -> bool:
    return await shortener_ops.set_paused(one, not after, admin_id, before["by"])


async def _undo_key(one: Shortener, admin_id: int, before: dict[str, Any], after: Any) -> bool:
    seen, was = one.model_copy(update={"sealed_key": after}), Shortener.model_validate(before["shortener"])
    if was.sealed_key is None or was.set_at is None:
        return False
    return await shortener_ops.replace_key(seen, was.sealed_key, was.set_at, was.set_by, was.set_by_name)


_UNDO = {SHARE_SET: _undo_share, PAUSE_SET: _undo_pause, KEY_SET: _undo_key}


def share_step(one: Shortener, share: int, admin_name: str) -> UndoStep:
    """Return the step after `set_share`. `one`: as it was before."""
    return UndoStep(SHARE_SET, one.code, {"share": one.share, "by": admin_name}, share)


def pause_step(one: Shortener, is_paused: bool, admin_name: str) -> UndoStep:
    return UndoStep(PAUSE_SET, one.code, {"by": admin_name}, is_paused)


def key_step(one: Shortener, sealed_key: str) -> UndoStep:
    """Return the step after a key was replaced. Both keys are encrypted."""
    return UndoStep(KEY_SET, one.code, {"shortener": one.model_dump(mode="json")}, sealed_key)


def _consequence(before: AccessMode, after: AccessMode) -> str:
    """Say what follows for subscribers when the access mode follows the shorteners."""
    if before is after:
        return ""
    return texts.posts_are_open() if after is AccessMode.OPEN else texts.posts_cost_credits()
