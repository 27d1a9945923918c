"""The owner's first hour: which question comes next, and connecting the channel subscribers read."""

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import ChatMemberAdministrator, ChatMemberOwner, ReplyKeyboardRemove

from admin_bot.audit import note
from admin_bot.storage.channel import StorageChannel
from core.clock import Clock
from core.subscriptions import publishing_channels
from core.team.admins import Role
from core.team.first_hour import Step, open_steps
from core.team.rights import Right, may
from database import first_hour as stored
from database.operations import channel_ops
from sender.failures import TELEGRAM_ERRORS
from sender.profiles import BotProfile, Text
from views.admin_texts import SEND_ANYTHING
from views.storage import keyboards as storage_keyboards
from views.storage import texts as storage_texts
from views.team import first_hour as views
from views.team.profiles import about_user_bot


class FirstHourGuide:
    """Asks the open questions, one after the other. What was answered is in the database: a restart loses nothing."""

    def __init__(self, bot: Bot, storage: StorageChannel, user_profile: BotProfile, clock: Clock) -> None:
        self._bot = bot
        self._storage = storage
        self._user_profile = user_profile
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

    async def ask_storage(self, user_id: int, role: Role, before: str = "") -> bool:
        """Ask for the storage channel where there is none; False where there is one. `before`: a sentence (HTML)."""
        if await self._storage.find() is not None:
            return False
        if may(role, Right.STORAGE):
            html = f"{before} {storage_texts.first()}".strip()
            await self._bot.send_message(user_id, html, reply_markup=storage_keyboards.pick_storage())
        else:
            await self._bot.send_message(user_id, views.ASK_AN_OWNER)
        return True

    async def storage_chosen(self, admin_id: int, title: str) -> None:
        """Ask for the channel subscribers read; where one is connected, say that posts can be sent."""
        if publishing_channels(await channel_ops.current(self._clock.now())):
            await self._bot.send_message(admin_id, storage_texts.chosen(title), reply_markup=ReplyKeyboardRemove())
        else:
            await self.ask_channel(admin_id)

    async def ask_channel(self, admin_id: int) -> None:
        await self._bot.send_message(admin_id, views.WHICH_CHANNEL, reply_markup=views.pick_channel())

    async def later(self, admin_id: int) -> None:
        """The channel comes later: the question stays on the Menu."""
        await self._bot.send_message(admin_id, SEND_ANYTHING, reply_markup=ReplyKeyboardRemove())

    async def connect(self, admin_id: int, chat_id: int, title: str | None, username: str | None) -> None:
        """Connect the chosen channel, or say why not; then the question stays."""
        if chat_id == await self._storage.find():
            await self._bot.send_message(admin_id, views.IS_STORAGE, reply_markup=views.pick_channel())
            return
        may_post = await self._may_post(chat_id)
        if may_post is None:
            await self._bot.send_message(admin_id, views.UNSURE, reply_markup=views.pick_channel())
            return
        title = title or str(chat_id)
        if not may_post:
            username = (await self._bot.me()).username or ""
            html, keyboard = views.may_not_post(title, username), views.give_right(username, chat_id)
            await self._bot.send_message(admin_id, html, reply_markup=keyboard)
            return
        await self._connect(admin_id, chat_id, title, username)

    async def _connect(self, admin_id: int, chat_id: int, title: str, username: str | None) -> None:
        now = self._clock.now()
        try:
            channel = await channel_ops.connect(
                chat_id, title=title, username=username, added_by=admin_id, added_at=now
            )
        except ValueError:
            await self._bot.send_message(admin_id, views.FULL)
            return
        await note(now, admin_id, "channel.connected", str(chat_id), None, {"title": channel.title})
        await self._bot.send_message(admin_id, views.CONNECTED, reply_markup=ReplyKeyboardRemove())
        await self._user_profile.describe(Text.ABOUT, about_user_bot(channel.title))

    async def _may_post(self, chat_id: int) -> bool | None:
        """Return whether the admin bot has the rights to publish there; None: Telegram does not say."""
        try:
            member = await self._bot.get_chat_member(chat_id, self._bot.id)
        except (TelegramBadRequest, TelegramForbiddenError):
            return False
        except TELEGRAM_ERRORS:
            return None
        if isinstance(member, ChatMemberOwner):
            return True
        return isinstance(member, ChatMemberAdministrator) and all(
            getattr(member, f"can_{right}") for right in views.PUBLISHING_RIGHTS
        )

    async def announced(self) -> None:
        """An announcement was confirmed: the last step is done. One command the first time, none afterwards."""
        now = self._clock.now()
        if (await stored.current(now)).announced_at is None:
            await stored.mark_announced(now)

    async def published(self, admin_id: int, code: str) -> None:
        """A post was published: say once, after the first one ever, what can come next."""
        now = self._clock.now()
        if (await stored.current(now)).told_at is None and await stored.mark_told(now):
            await self._bot.send_message(admin_id, views.IT_IS_OUT, reply_markup=views.after_publishing(code))

    async def publishing_channel(self) -> str | None:
        """Return the name of the only connected channel while nothing was announced yet; None otherwise."""
        now = self._clock.now()
        channels = publishing_channels(await channel_ops.current(now))
        if len(channels) != 1 or (await stored.current(now)).announced_at is not None:
            return None
        return channels[0].name
