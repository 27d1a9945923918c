"""What a bot shows of itself: commands by chat, about, description. Set when something changed, and not oftener."""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import structlog
from aiogram import Bot
from aiogram.types import BotCommand, BotCommandScopeChat, BotCommandScopeDefault

from core.bot_profile import ShownText, may_replace
from core.errors import TollgateError
from sender.failures import TELEGRAM_ERRORS, classify

log = structlog.get_logger("tollgate.profile")

_COMMANDS = "commands"
_FAILURES: tuple[type[BaseException], ...] = (TollgateError, *TELEGRAM_ERRORS)


class Text(StrEnum):
    """The texts of a bot's profile."""

    ABOUT = "about"
    DESCRIPTION = "description"


class ProfileStore(Protocol):
    """What was set last (`database.bot_profiles`)."""

    async def load(self, bot_id: int) -> dict[str, ShownText]: ...

    async def store(self, bot_id: int, name: str, shown: ShownText) -> None: ...

    async def forget(self, bot_id: int, name: str) -> None: ...


class BotProfile:
    """Sets what one bot shows. A failure is logged, and the next start or change tries again.

    Reads the store once; every process writes what it set.
    """

    def __init__(self, bot: Bot, store: ProfileStore) -> None:
        self._bot = bot
        self._store = store
        self._known: dict[str, ShownText] | None = None

    async def show_commands(self, commands: Sequence[BotCommand], chat_id: int | None = None) -> None:
        """Set the commands of everybody, or of one private chat, unless these were set last."""
        name = _commands_of(chat_id)
        wanted = json.dumps([[command.command, command.description] for command in commands])
        try:
            known = (await self._load()).get(name)
            if known is not None and known.ours == wanted:
                return
            scope = BotCommandScopeDefault() if chat_id is None else BotCommandScopeChat(chat_id=chat_id)
            await self._bot.set_my_commands(list(commands), scope=scope)
            await self._keep(name, ShownText(wanted, wanted))
        except _FAILURES as error:
            _log_failure(self._bot, name, error)

    async def hide_commands(self, chat_id: int) -> None:
        """Delete the commands of a private chat, if any were set; those of everybody are shown there again."""
        name = _commands_of(chat_id)
        try:
            if name not in await self._load():
                return
            await self._bot.delete_my_commands(scope=BotCommandScopeChat(chat_id=chat_id))
            await self._store.forget(self._bot.id, name)
            (await self._load()).pop(name, None)
        except _FAILURES as error:
            _log_failure(self._bot, name, error)

    async def chats_with_commands(self) -> list[int]:
        """Return the private chats whose commands were set; [] while the database is away."""
        try:
            names = list(await self._load())
        except TollgateError:
            return []
        return [int(name.split(" ")[1]) for name in names if name.startswith(f"{_COMMANDS} ")]

    async def describe(self, text: Text, wanted: str) -> None:
        """Set a text where none is shown or the one shown is ours; an owner's is left, and not asked for again."""
        try:
            known = (await self._load()).get(text)
            if known is not None and known.wanted == wanted:
                return
            is_ours = may_replace(await self._shown(text), wanted, known)
            if is_ours:
                await self._set(text, wanted)
            await self._keep(text, ShownText(wanted, wanted if is_ours else None))
        except _FAILURES as error:
            _log_failure(self._bot, text, error)

    async def _shown(self, text: Text) -> str:
        if text is Text.ABOUT:
            return (await self._bot.get_my_short_description()).short_description
        return (await self._bot.get_my_description()).description

    async def _set(self, text: Text, wanted: str) -> None:
        if text is Text.ABOUT:
            await self._bot.set_my_short_description(short_description=wanted)
        else:
            await self._bot.set_my_description(description=wanted)

    async def _load(self) -> dict[str, ShownText]:
        if self._known is None:
            self._known = await self._store.load(self._bot.id)
        return self._known

    async def _keep(self, name: str, shown: ShownText) -> None:
        await self._store.store(self._bot.id, name, shown)
        (await self._load())[name] = shown


def _commands_of(chat_id: int | None) -> str:
    return _COMMANDS if chat_id is None else f"{_COMMANDS} {chat_id}"


def _log_failure(bot: Bot, name: str, error: BaseException) -> None:
    reason = type(error).__name__ if isinstance(error, TollgateError) else classify(error)
    log.warning("profile.not_set", bot_id=bot.id, text=name, reason=reason)
