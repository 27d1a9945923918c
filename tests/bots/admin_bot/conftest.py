"""The admin bot as in production, with a recording stand-in for Telegram and the in-memory store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.methods import AnswerCallbackQuery, CopyMessages, EditMessageText, SendMessage
from aiogram.types import Update, User

from admin_bot.context import AdminConfig, AdminContext, ShortenerAccess
from admin_bot.data import AdminData, build_data
from admin_bot.main import build
from core.clock import ManualClock
from core.posts import Post, PostFilter
from core.supervisor import Supervisor
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import settings_ops
from database.operations.posts import post_search
from database.team import Team
from monitoring.alerts import Alerts, Words
from schedulers import registry
from sender.updates.intake import RetryOnDatabaseOutage
from shorteners.vault import KeyVault, open_vault
from tests.bots.admin_bot.standstill import StandingClock, Time
from tests.bots.admin_bot.telegram import NOW, Session, World, administrator
from tests.start_costs import spare_bot_costs
from views import common_texts

spare_bot_costs()

STORAGE = -1001000000001
#: of the owners' proofs
KEY = b"k" * 32
OWNER = User(id=7001, is_bot=False, first_name="Olga")
STRANGER = User(id=7002, is_bot=False, first_name="Sam")
ADMIN_BOT = User(id=1001, is_bot=True, first_name="Admin", username="tollgate_admin_bot")
USER_BOT = User(id=1002, is_bot=True, first_name="Posts", username="tollgate_bot")


@dataclass
class AdminBot:
    """The bot under test and the people who talk to it."""

    dispatcher: Dispatcher
    bot: Bot
    data: AdminData
    world: World
    time: Time
    clock: ManualClock
    database: Database
    alerts: list[str]
    supervisor: Supervisor
    #: the FSM storage
    memory: MemoryStorage
    #: encrypts keys of shorteners
    vault: KeyVault
    _update_id: int = 100
    _message_id: int = 500

    # --- what people do

    async def feed(self, kind: str, body: dict[str, Any]) -> Update:
        self._update_id += 1
        update = Update.model_validate({"update_id": self._update_id, kind: body}, context={"bot": self.bot})
        await self.dispatcher.feed_update(self.bot, update)
        return update

    async def again(self, update: Update) -> None:
        """Telegram delivers at least once: the same update a second time."""
        await self.dispatcher.feed_update(self.bot, update)

    def message(self, *, who: User = OWNER, message_id: int | None = None, **content: Any) -> dict[str, Any]:
        if message_id is None:
            self._message_id += 1
            message_id = self._message_id
        chat = {"id": who.id, "type": "private", "first_name": who.first_name}
        return {"message_id": message_id, "date": NOW, "from": who.model_dump(), "chat": chat, **content}

    async def send(self, *, who: User = OWNER, message_id: int | None = None, **content: Any) -> Update:
        return await self.feed("message", self.message(who=who, message_id=message_id, **content))

    async def say(self, text: str, who: User = OWNER) -> Update:
        return await self.send(who=who, text=text)

    async def press(self, text: str, who: User = OWNER) -> Update:
        """Press the newest visible button whose text starts with `text`."""
        for screen in reversed(self.world.screens.values()):
            rows = screen.reply_markup.inline_keyboard if screen.reply_markup else []
            for button in (button for row in rows for button in row):
                if button.text.startswith(text) and button.callback_data:
                    return await self.callback(button.callback_data, who=who, message_id=screen.message_id)
        raise AssertionError(f"there is no button {text!r}: {self.buttons()}")

    async def callback(self, data: str, *, who: User = OWNER, message_id: int | None = None) -> Update:
        """Press a button by its data, real or forged. Without a message id Telegram no longer shows the message."""
        chat = {"id": who.id, "type": "private", "first_name": who.first_name}
        shown = self.world.screens.get(message_id or 0)
        message = (
            shown.model_dump(by_alias=True, exclude_none=True) if shown else {"message_id": 3, "chat": chat, "date": 0}
        )
        body = {
            "id": str(self._update_id + 9000),
            "from": who.model_dump(),
            "chat_instance": "1",
            "data": data,
            "message": message,
        }
        return await self.feed("callback_query", body)

    # --- what people see

    @property
    def texts(self) -> list[str]:
        """Everything sent or edited, in order."""
        return [str(call.text) for call in self.world.calls if isinstance(call, SendMessage | EditMessageText)]

    @property
    def last_text(self) -> str:
        return self.texts[-1]

    @property
    def toasts(self) -> list[str | None]:
        return [call.text for call in self.world.calls if isinstance(call, AnswerCallbackQuery)]

    @property
    def copies(self) -> list[CopyMessages]:
        return [call for call in self.world.calls if isinstance(call, CopyMessages)]

    def buttons(self) -> list[str]:
        """The buttons of the newest screen."""
        screen = list(self.world.screens.values())[-1]
        return [
            button.text
            for row in (screen.reply_markup.inline_keyboard if screen.reply_markup else [])
            for button in row
        ]

    def actions(self) -> list[str]:
        """The buttons of the newest screen without its last row, which leads back."""
        found = self.buttons()
        back = next((place for place, text in enumerate(found) if text.startswith("‹ ") and text != "‹ Prev"), None)
        return found if back is None else found[:back]

    async def posts(self) -> list[Post]:
        """Every post, oldest first."""
        found, _ = await post_search.search(None, skip=0, limit=200, show=PostFilter.ALL)
        return found[::-1]

    async def only_post(self) -> Post:
        (post,) = await self.posts()
        return post


def _bot(world: World, me: User) -> Bot:
    bot = Bot(f"{me.id}:test", session=Session(world, me), default=DefaultBotProperties(parse_mode="HTML"))
    world.members[me.id] = administrator(me)
    return bot


@pytest.fixture
async def admin(tmp_path: Path) -> AsyncIterator[AdminBot]:
    """An admin bot with a working storage channel."""
    async with running(tmp_path) as admin:
        yield admin


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[AdminBot]:
    """Run one for the block; its keys are in `folder`."""
    time, supervisor, world = Time(), Supervisor(), World()
    clock = StandingClock(datetime.fromtimestamp(NOW, UTC), time)
    database = await open_database("memory://", "test", clock=clock)
    await ensure_indexes(database)
    await settings_ops.change("storage_channel_id", STORAGE)
    bot, user_bot = _bot(world, ADMIN_BOT), _bot(world, USER_BOT)
    alerts: list[str] = []

    async def tell(words: Words) -> bool:
        alerts.append(words())
        return True

    context = AdminContext(
        bot=bot,
        user_bot=user_bot,
        user_bot_username=str(USER_BOT.username),
        team=Team({OWNER.id}, lambda: KEY, clock),
        clock=clock,
        zone=ZoneInfo("Europe/Berlin"),
        alerts=Alerts(tell),
        supervisor=supervisor,
        unmetered_chats=set(),
    )
    vault = open_vault(folder)
    config = AdminConfig(
        # shorteners of tests are on this machine
        shortener_access=ShortenerAccess(vault, is_public_only=False),
        plans=registry.plans(context.zone),
        backup_job=registry.BACKUP.name,
    )
    data = build_data(context, config)
    hold = RetryOnDatabaseOutage(database.ping, common_texts, clock)
    memory = MemoryStorage()
    dispatcher = build(bot, data, memory, hold).dispatcher
    yield AdminBot(dispatcher, bot, data, world, time, clock, database, alerts, supervisor, memory, vault)
    await supervisor.close()
    await close_database()
