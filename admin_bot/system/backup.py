"""/backup: asks for one, and says how it went."""

from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.types import CallbackQuery

from admin_bot.run_follower import Follower, Screen
from admin_bot.screens import screen_id, show, toast
from admin_bot.system.jobs import JobService, read_job
from core.clock import Clock
from core.timetable import BACKUP
from views.system import backup_keyboards as keyboards
from views.system import backup_texts as texts
from views.system import jobs_texts

#: runs looked at for the newest that went well: three weeks of them
_RUNS = 20


class BackupService:
    """What the command and its buttons share. `folder` and `keep` as the configuration has them."""

    def __init__(
        self, bot: Bot, clock: Clock, zone: ZoneInfo, jobs: JobService, follower: Follower, *, folder: str, keep: int
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._jobs = jobs
        self._follower = follower
        self._folder = folder
        self._keep = keep

    async def present(self, admin_id: int) -> None:
        """Ask for one; a message of its own follows it to its end."""
        await self._jobs.run(admin_id, BACKUP)
        face, is_busy = await self._read()
        sent = await self._bot.send_message(admin_id, face[0], reply_markup=face[1])
        if is_busy:
            await self._follower.follow(admin_id, sent.message_id, face, self._look)

    async def again(self, query: CallbackQuery) -> None:
        """Ask for another one."""
        said = await self._jobs.run(query.from_user.id, BACKUP)
        await self.show(query, texts.ASKED_FOR_BEFORE if said == jobs_texts.ASKED_FOR_BEFORE else texts.ASKED_FOR)

    async def show(self, query: CallbackQuery, said: str | None = None) -> None:
        """How it stands, in place of the pressed message."""
        chat_id, message_id = query.from_user.id, screen_id(query)
        face, is_busy = await self._read()
        await toast(query, said)
        await self._follower.leave(chat_id, message_id)
        shown_in = await show(self._bot, chat_id, message_id, *face)
        if is_busy:
            await self._follower.follow(chat_id, shown_in, face, self._look)

    async def _look(self) -> tuple[Screen, bool]:
        face, is_busy = await self._read()
        return face, not is_busy

    async def _read(self) -> tuple[Screen, bool]:
        """What to show, and whether it will change soon."""
        runs, lease = await read_job(BACKUP, _RUNS, self._clock)
        now = self._clock.now()
        is_running = lease is not None and lease.is_held(now)
        backups = texts.Backups(runs, is_running, self._folder, self._keep)
        face = texts.backup(backups, now, self._zone), keyboards.backup(is_busy=backups.is_busy)
        return face, backups.is_busy
