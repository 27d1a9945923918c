"""Reads and sets what both bots show of themselves. A long wait that Telegram asks for is said, not waited for."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from io import BytesIO
from typing import TypeVar

import structlog
from aiogram import Bot
from aiogram.types import BufferedInputFile, InputProfilePhotoStatic

from admin_bot.audit import note
from core.bots.texts import Part
from core.clock import Clock
from database import bot_profiles
from sender.failures import TELEGRAM_ERRORS, classify, retry_after, text_of
from sender.profiles import BotProfile, Text
from sender.refusals import Failure
from views.bots import screens
from views.bots.callbacks import Which
from views.screens import Screen

T = TypeVar("T")

log = structlog.get_logger("tollgate.admin")

#: seconds in which Telegram has to take a change, the file of a picture included
_ANSWER_S = 30.0
#: parts of which there are texts of ours in single languages
_IN_LANGUAGES = {Part.ABOUT: Text.ABOUT, Part.DESCRIPTION: Text.DESCRIPTION}
_UNANSWERED = frozenset({Failure.TRANSIENT, Failure.AMBIGUOUS})


class BotProfiles:
    """One per process; `set` may run concurrently, the last one wins."""

    def __init__(self, user_bot: Bot, admin_bot: Bot, clock: Clock) -> None:
        self._bots = {Which.USER: user_bot, Which.ADMIN: admin_bot}
        self._clock = clock

    async def username(self, which: Which) -> str:
        return (await self._bots[which].me()).username or ""

    async def both(self) -> Screen:
        """Return the choice between both."""
        return screens.bots_screen(await self.username(Which.USER), await self.username(Which.ADMIN))

    async def screen(self, which: Which, said: str | None = None) -> Screen:
        """Return what a bot shows now; three calls."""
        bot = self._bots[which]
        name, about, description = await asyncio.gather(
            _asked(lambda: bot.get_my_name()),
            _asked(lambda: bot.get_my_short_description()),
            _asked(lambda: bot.get_my_description()),
        )
        texts = screens.BotTexts(
            await self.username(which),
            None if name is None else name.name,
            None if about is None else about.short_description,
            None if description is None else description.description,
        )
        return screens.bot_screen(which, texts, said)

    async def set(self, admin_id: int, which: Which, part: Part, value: str) -> str | None:
        """Set a part; None when it is set, else why not (HTML). `value`: the text, or the admin bot's id of a photo."""
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self._call(which, part, value)
        except TELEGRAM_ERRORS as error:
            failure, wait_s = classify(error), retry_after(error)
            log.warning("bot_profile.not_set", part=part.name, failure=failure.value)
            if wait_s is not None:
                return screens.to_wait(timedelta(seconds=wait_s))
            return (
                screens.unanswered()
                if failure in _UNANSWERED
                else screens.refused(text_of(error).removeprefix("Bad Request: "))
            )
        if part in _IN_LANGUAGES:
            await BotProfile(self._bots[which], bot_profiles).give_way(_IN_LANGUAGES[part])
        kept = value if part is not Part.PICTURE else "set" if value else "removed"
        target = f"@{await self.username(which)}"
        await note(self._clock.now(), admin_id, "setting.bot_changed", target, None, {part.name.lower(): kept})
        return None

    async def _call(self, which: Which, part: Part, value: str) -> None:
        bot = self._bots[which]
        match part:
            case Part.NAME:
                await bot.set_my_name(name=value)
            case Part.ABOUT:
                await bot.set_my_short_description(short_description=value)
            case Part.DESCRIPTION:
                await bot.set_my_description(description=value)
            case Part.PICTURE if value:
                photo = BufferedInputFile(await self._photo(value), "picture.jpg")
                await bot.set_my_profile_photo(InputProfilePhotoStatic(photo=photo))
            case Part.PICTURE:
                await bot.remove_my_profile_photo()

    async def _photo(self, file_id: str) -> bytes:
        """Return a photo that the admin bot was sent: ids of files are the bot's own, so it is uploaded again."""
        found = await self._bots[Which.ADMIN].download(file_id, BytesIO())
        return b"" if found is None else found.read()


async def _asked(call: Callable[[], Awaitable[T]]) -> T | None:
    """Return Telegram's answer; None, logged, when there is none."""
    try:
        return await call()
    except TELEGRAM_ERRORS as error:
        log.info("bot_profile.not_read", failure=classify(error).value)
        return None
