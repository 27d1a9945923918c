"""A bot's commands and texts: set when they changed, owners' texts left alone, cheap at every other start."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramForbiddenError
from aiogram.methods import (
    DeleteMyCommands,
    GetMyDescription,
    GetMyShortDescription,
    SetMyCommands,
    SetMyDescription,
    SetMyShortDescription,
    TelegramMethod,
)
from aiogram.types import BotCommand, BotCommandScopeChat, BotCommandScopeDefault, BotDescription, BotShortDescription

from core.bots.profile import ShownText
from core.errors import StoreUnavailable
from sender.profiles import BotProfile, Text

START, MENU = BotCommand(command="start", description="Begin"), BotCommand(command="menu", description="Menu")
EVA = 7101


class Store:
    """A store of one bot in memory; `is_away` refuses everything."""

    def __init__(self) -> None:
        self.rows: dict[str, ShownText] = {}
        self.is_away = False
        self.loads = 0

    async def load(self, bot_id: int) -> dict[str, ShownText]:
        self._check()
        self.loads += 1
        return dict(self.rows)

    async def store(self, bot_id: int, name: str, shown: ShownText) -> None:
        self._check()
        self.rows[name] = shown

    async def forget(self, bot_id: int, name: str) -> None:
        self._check()
        self.rows.pop(name, None)

    def _check(self) -> None:
        if self.is_away:
            raise StoreUnavailable("away")


class Telegram(BaseSession):
    """Keeps what is set, and can refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[TelegramMethod[Any]] = []
        #: by the language of the app; "" for all others
        self.abouts: dict[str, str] = {}
        self.descriptions: dict[str, str] = {}
        self.refuses = False

    @property
    def about(self) -> str:
        return self.abouts.get("", "")

    @about.setter
    def about(self, text: str) -> None:
        self.abouts[""] = text

    @property
    def description(self) -> str:
        return self.descriptions.get("", "")

    async def close(self) -> None:
        return None

    async def stream_content(self, *arguments: Any, **options: Any) -> Any:
        yield b""

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        self.calls.append(method)
        if self.refuses:
            raise TelegramForbiddenError(method=method, message="Forbidden: bot was blocked by the user")
        match method:
            case GetMyDescription():
                return BotDescription(description=shown(self.descriptions, method.language_code))
            case GetMyShortDescription():
                return BotShortDescription(short_description=shown(self.abouts, method.language_code))
            case SetMyDescription():
                self.descriptions[method.language_code or ""] = method.description or ""
            case SetMyShortDescription():
                self.abouts[method.language_code or ""] = method.short_description or ""
        return True


def shown(texts: dict[str, str], language: str | None) -> str:
    """What an app in the language shows: its own text, else that of all others."""
    return texts.get(language or "") or texts.get("", "")


@pytest.fixture
def telegram() -> Telegram:
    return Telegram()


@pytest.fixture
def store() -> Store:
    return Store()


def started(telegram: Telegram, store: Store) -> BotProfile:
    """A process that starts now."""
    telegram.calls.clear()
    return BotProfile(Bot("1001:x", session=telegram), store)


async def test_commands_are_set_once_and_again_only_when_they_changed(telegram: Telegram, store: Store) -> None:
    for commands, calls in (([START], 1), ([START], 0), ([START, MENU], 1), ([START, MENU], 0)):
        await started(telegram, store).show_commands(commands)
        assert len(telegram.calls) == calls


async def test_a_start_at_which_nothing_changed_costs_one_read_and_no_call(telegram: Telegram, store: Store) -> None:
    for _ in range(2):
        profile = started(telegram, store)
        store.loads = 0
        await profile.show_commands([START])
        await profile.show_commands([MENU], EVA)
        await profile.describe(Text.ABOUT, "a")
        await profile.describe(Text.DESCRIPTION, "b")
    assert (telegram.calls, store.loads) == ([], 1)


async def test_the_commands_of_a_chat_have_its_scope_and_can_be_hidden(telegram: Telegram, store: Store) -> None:
    profile = started(telegram, store)
    await profile.show_commands([START])
    await profile.show_commands([MENU], EVA)
    everybody, of_eva = telegram.calls
    assert isinstance(everybody, SetMyCommands) and isinstance(everybody.scope, BotCommandScopeDefault)
    assert isinstance(of_eva, SetMyCommands) and of_eva.scope == BotCommandScopeChat(chat_id=EVA)
    assert await profile.chats_with_commands() == [EVA]
    again = started(telegram, store)
    await again.hide_commands(EVA)
    await again.hide_commands(EVA)
    (call,) = telegram.calls
    assert isinstance(call, DeleteMyCommands) and call.scope == BotCommandScopeChat(chat_id=EVA)
    assert await started(telegram, store).chats_with_commands() == []


async def test_each_language_has_commands_of_its_own(telegram: Telegram, store: Store) -> None:
    for _ in range(2):
        profile = started(telegram, store)
        await profile.show_commands([START])
        await profile.show_commands([BotCommand(command="start", description="Beginnen")], language="de")
        assert await profile.chats_with_commands() == []
    assert telegram.calls == []
    await profile.show_commands([START], language="de")
    (german,) = telegram.calls
    assert isinstance(german, SetMyCommands) and german.language_code == "de"


async def test_commands_that_were_refused_are_set_at_the_next_start(telegram: Telegram, store: Store) -> None:
    telegram.refuses = True
    await started(telegram, store).show_commands([MENU], EVA)
    telegram.refuses = False
    await started(telegram, store).show_commands([MENU], EVA)
    assert len(telegram.calls) == 1


async def test_texts_are_set_where_there_are_none_and_follow_ours(telegram: Telegram, store: Store) -> None:
    await started(telegram, store).describe(Text.ABOUT, "Manages @a.")
    assert telegram.about == "Manages @a."
    await started(telegram, store).describe(Text.ABOUT, "Manages @b.")
    assert telegram.about == "Manages @b."
    await started(telegram, store).describe(Text.DESCRIPTION, "One.")
    assert telegram.description == "One."


async def test_an_owners_text_is_never_overwritten_and_not_asked_for_at_every_start(
    telegram: Telegram, store: Store
) -> None:
    telegram.about = "My own words"
    await started(telegram, store).describe(Text.ABOUT, "Manages @a.")
    await started(telegram, store).describe(Text.ABOUT, "Manages @a.")
    assert (telegram.calls, telegram.about) == ([], "My own words")
    await started(telegram, store).describe(Text.ABOUT, "Manages @b.")
    assert telegram.about == "My own words"


EACH: dict[str | None, str] = {None: "Manages @a.", "de": "Verwaltet @a.", "ru": "Управляет @a."}


async def test_each_language_has_texts_of_its_own_and_an_unchanged_start_costs_no_call(
    telegram: Telegram, store: Store
) -> None:
    await started(telegram, store).describe_in_each(Text.ABOUT, EACH)
    assert telegram.abouts == {"": "Manages @a.", "de": "Verwaltet @a.", "ru": "Управляет @a."}
    assert len(telegram.calls) == 2 * len(EACH)
    await started(telegram, store).describe_in_each(Text.ABOUT, EACH)
    assert telegram.calls == []
    await started(telegram, store).describe_in_each(Text.ABOUT, {**EACH, "de": "Leitet @a."})
    assert (telegram.abouts["de"], len(telegram.calls)) == ("Leitet @a.", 2)


async def test_an_owners_text_for_all_is_not_hidden_by_ours_in_a_language(telegram: Telegram, store: Store) -> None:
    telegram.about = "My own words"
    await started(telegram, store).describe_in_each(Text.ABOUT, EACH)
    assert telegram.abouts == {"": "My own words"}


async def test_our_texts_in_languages_give_way_to_an_owners_for_all(telegram: Telegram, store: Store) -> None:
    await started(telegram, store).describe_in_each(Text.ABOUT, EACH)
    telegram.about = "My own words"
    await started(telegram, store).give_way(Text.ABOUT)
    assert {shown(telegram.abouts, language) for language in ("", "de", "ru")} == {"My own words"}
    await started(telegram, store).describe_in_each(Text.ABOUT, {**EACH, "de": "Leitet @a."})
    assert shown(telegram.abouts, "de") == "My own words"
    await started(telegram, store).give_way(Text.ABOUT)
    assert telegram.calls == []


async def test_an_owners_text_in_one_language_is_left_and_the_others_are_set(telegram: Telegram, store: Store) -> None:
    telegram.abouts["de"] = "Meine Worte"
    await started(telegram, store).describe_in_each(Text.ABOUT, EACH)
    assert telegram.abouts == {"": "Manages @a.", "de": "Meine Worte", "ru": "Управляет @a."}


async def test_a_text_the_owner_changed_after_us_is_left(telegram: Telegram, store: Store) -> None:
    await started(telegram, store).describe(Text.ABOUT, "Manages @a.")
    telegram.about = "My own words"
    await started(telegram, store).describe(Text.ABOUT, "Manages @b.")
    assert telegram.about == "My own words"


async def test_a_text_set_right_before_a_crash_is_still_ours(telegram: Telegram, store: Store) -> None:
    telegram.about = "Manages @a."
    await started(telegram, store).describe(Text.ABOUT, "Manages @a.")
    await started(telegram, store).describe(Text.ABOUT, "Manages @b.")
    assert telegram.about == "Manages @b."


async def test_a_database_that_is_away_stops_nothing_and_sets_nothing(telegram: Telegram, store: Store) -> None:
    store.is_away = True
    profile = started(telegram, store)
    await profile.show_commands([START])
    await profile.hide_commands(EVA)
    await profile.describe(Text.ABOUT, "a")
    assert await profile.chats_with_commands() == []
    assert telegram.calls == []
