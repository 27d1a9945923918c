"""What a bot shows of itself: commands by chat, about, description. Set when something changed, and not oftener."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import structlog
from aiogram import Bot
from aiogram.types import BotCommand, BotCommandScopeChat, BotCommandScopeDefault

from core.bots.profile import ShownText, may_replace
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

    async def show_commands(
        self, commands: Sequence[BotCommand], chat_id: int | None = None, *, language: str | None = None
    ) -> None:
        """Set the commands of everybody, of one private chat or of the apps in one language, unless set last."""
        name = _commands_of(chat_id) if language is None else f"{_COMMANDS}:{language}"
        wanted = json.dumps([[command.command, command.description] for command in commands])
        try:
            known = (await self._load()).get(name)
            if known is not None and known.ours == wanted:
                return
            scope = BotCommandScopeDefault() if chat_id is None else BotCommandScopeChat(chat_id=chat_id)
            await self._bot.set_my_commands(list(commands), scope=scope, language_code=language)
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

    async def describe(self, text: Text, wanted: str, *, language: str | None = None) -> None:
        """Set a text where none is shown or the one shown is ours; an owner's is left, and not asked for again.

        `language`: of the apps that show it; None: those that have none of their own, to be set before those.
        """
        name = text if language is None else f"{text}:{language}"
        try:
            texts = await self._load()
            known = texts.get(name)
            if known is not None and known.wanted == wanted:
                return
            # an app whose language has no text shows the one of all others
            is_ours = may_replace(await self._shown(text, language), wanted, known, texts.get(text))
            if is_ours:
                await self._set(text, wanted, language)
            await self._keep(name, ShownText(wanted, wanted if is_ours else None))
        except _FAILURES as error:
            _log_failure(self._bot, name, error)

    async def describe_in_each(self, text: Text, wanted: Mapping[str | None, str]) -> None:
        """Set a text for the apps in each language, that for all others (None) first."""
        for language, words in wanted.items():
            await self.describe(text, words, language=language)

    async def give_way(self, text: Text) -> None:
        """Remove our texts for single languages: an owner's, which was just set for all, is shown in those, too."""
        try:
            for name, known in list((await self._load()).items()):
                of, _colon, language = name.partition(":")
                if of == text and language and known.ours is not None:
                    await self._set(text, "", language)
                    await self._keep(name, ShownText(known.wanted, None))
        except _FAILURES as error:
            _log_failure(self._bot, text, error)

    async def _shown(self, text: Text, language: str | None) -> str:
        if text is Text.ABOUT:
            return (await self._bot.get_my_short_description(language_code=language)).short_description
        return (await self._bot.get_my_description(language_code=language)).description

    async def _set(self, text: Text, wanted: str, language: str | None) -> None:
        if text is Text.ABOUT:
            await self._bot.set_my_short_description(short_description=wanted, language_code=language)
        else:
            await self._bot.set_my_description(description=wanted, language_code=language)

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
