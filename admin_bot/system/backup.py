"""/backup: requests a backup and shows how it went."""

from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.types import CallbackQuery

from admin_bot.job_runs import JobRuns, Requested
from admin_bot.run_follower import RunFollower
from admin_bot.screens import pressed_message, send, show, toast
from core.clock import Clock
from views.screens import Screen
from views.system import backup_texts as texts

#: runs read to find the newest successful one: three weeks of them
_RUNS_READ = 20


class BackupService:
    """What the command and its buttons share."""

    def __init__(
        self,
        bot: Bot,
        clock: Clock,
        zone: ZoneInfo,
        runs: JobRuns,
        follower: RunFollower,
        job: str,
        *,
        folder: str,
        keep: int,
    ) -> None:
        """`job` writes backups into `folder`, of which `keep` stay."""
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._runs = runs
        self._follower = follower
        self._job = job
        self._folder = folder
        self._keep = keep

    async def present(self, admin_id: int) -> None:
        """Request a backup; a new message is kept up to date until it has ended."""
        await self._runs.request(admin_id, self._job)
        screen, is_final = await self._poll()
        ref = await send(self._bot, admin_id, screen)
        if not is_final:
            await self._follower.follow(ref, screen, self._poll)

    async def request_again(self, query: CallbackQuery) -> None:
        """Request another backup."""
        requested = await self._runs.request(query.from_user.id, self._job)
        is_waiting_already = requested is Requested.WAITING_ALREADY
        await self.show(query, texts.asked_for_before() if is_waiting_already else texts.asked_for())

    async def show(self, query: CallbackQuery, toast_text: str | None = None) -> None:
        """Show the current state in place of the pressed message."""
        pressed = pressed_message(query)
        screen, is_final = await self._poll()
        await toast(query, toast_text)
        await self._follower.release(pressed)
        ref = await show(self._bot, pressed, screen)
        if not is_final:
            await self._follower.follow(ref, screen, self._poll)

    async def _poll(self) -> tuple[Screen, bool]:
        """Return the screen as of now, and whether it is final: no backup is being written or waits."""
        runs, lease = await self._runs.read(self._job, _RUNS_READ)
        now = self._clock.now()
        is_running = lease is not None and lease.is_held(now)
        backups = texts.Backups(runs, is_running, self._folder, self._keep)
        return texts.backup(backups, self._job, now, self._zone), not backups.is_busy
