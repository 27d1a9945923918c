"""The owner's first hour: which question comes next, and connecting the channel subscribers read."""

from aiogram import Bot
from aiogram.types import ReplyKeyboardRemove

from admin_bot.channel_connector import ChannelConnector, Connected, RightsMissing
from admin_bot.screens import send
from admin_bot.storage.channel import StorageChannel
from core.clock import Clock
from core.subscriptions import publishing_channels
from core.team.admins import Role
from core.team.first_hour import Step, open_steps
from core.team.rights import Right, may
from database import first_hour as stored
from database.operations import channel_ops
from views.admin_texts import send_anything
from views.catalogues import Languages, speaking_to_member
from views.storage import keyboards as storage_keyboards
from views.storage import texts as storage_texts
from views.team import first_hour as views


class FirstHourGuide:
    """Asks the open questions, one after the other. What was answered is in the database: a restart loses nothing."""

    def __init__(
        self, bot: Bot, team: Languages, storage: StorageChannel, connector: ChannelConnector, clock: Clock
    ) -> None:
        self._bot = bot
        self._team = team
        self._storage = storage
        self._connector = connector
        self._clock = clock

    async def open_steps(self) -> tuple[Step, ...]:
        """Return the steps that are open; at most one command in five seconds, none once the hour is over."""
        now = self._clock.now()
        was_announced = (await stored.current(now)).announced_at is not None
        return open_steps(
            has_storage=await self._storage.find() is not None,
            has_channel=bool(publishing_channels(await channel_ops.current(now))),
            was_announced=was_announced,
        )

    async def ask_storage(self, user_id: int, role: Role, before: str) -> bool:
        """Ask for the storage channel where there is none; False where there is one. `before`: a sentence (HTML)."""
        if await self._storage.find() is not None:
            return False
        if may(role, Right.STORAGE):
            html = f"{before} {storage_texts.first()}"
            await self._bot.send_message(user_id, html, reply_markup=storage_keyboards.pick_storage())
        else:
            await self._bot.send_message(user_id, views.ask_an_owner())
        return True

    async def storage_chosen(self, admin_id: int, title: str) -> None:
        """Ask for the channel subscribers read; where one is connected, say that posts can be sent."""
        if publishing_channels(await channel_ops.current(self._clock.now())):
            await self._bot.send_message(admin_id, storage_texts.chosen(title), reply_markup=ReplyKeyboardRemove())
        else:
            await self.ask_channel(admin_id)

    async def ask_channel(self, admin_id: int) -> None:
        await self._bot.send_message(admin_id, views.which_channel(), reply_markup=views.pick_channel())

    async def later(self, admin_id: int) -> None:
        """The channel comes later: the question stays on the Menu."""
        await self._bot.send_message(admin_id, send_anything(), reply_markup=ReplyKeyboardRemove())

    async def connect(self, admin_id: int, chat_id: int, title: str | None) -> None:
        """Connect the chosen channel, or say why not; then the question stays."""
        outcome = await self._connector.connect(admin_id, chat_id, title)
        if isinstance(outcome, Connected):
            await self._bot.send_message(admin_id, views.connected(), reply_markup=ReplyKeyboardRemove())
        elif isinstance(outcome, RightsMissing):
            username = (await self._bot.me()).username or ""
            await send(self._bot, admin_id, views.may_not_post(outcome.title, username, chat_id))
        else:
            await self._bot.send_message(admin_id, outcome.sentence, reply_markup=views.pick_channel())

    async def announced(self) -> None:
        """An announcement was confirmed: the last step is done. One command the first time, none afterwards."""
        now = self._clock.now()
        if (await stored.current(now)).announced_at is None:
            await stored.mark_announced(now)

    async def published(self, admin_id: int, code: str) -> None:
        """A post was published: say once, after the first one ever, what can come next."""
        now = self._clock.now()
        if (await stored.current(now)).told_at is None and await stored.mark_told(now):
            async with speaking_to_member(self._team, admin_id):
                screen = views.after_publishing(code)
            await send(self._bot, admin_id, screen)

    async def publishing_channel(self) -> str | None:
        """Return the name of the only connected channel while nothing was announced yet; None otherwise."""
        now = self._clock.now()
        channels = publishing_channels(await channel_ops.current(now))
        if len(channels) != 1 or (await stored.current(now)).announced_at is not None:
            return None
        return channels[0].name
