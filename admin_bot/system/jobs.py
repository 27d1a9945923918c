"""Jobs as admins see them: the list, one job's screen, requested runs, pauses."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.types import CallbackQuery

from admin_bot.audit import note
from admin_bot.job_runs import READ_ATTEMPTS, JobRuns, Requested
from admin_bot.run_follower import RunFollower
from admin_bot.screens import MessageRef, pressed_message, send, show, toast
from core.clock import Clock
from core.errors import StoreUnavailable
from core.job_status import JobStatus, overview
from core.jobs import JobPlan
from database.operations import lease_ops, run_ops
from views.screens import Screen
from views.system import jobs_texts as texts

#: runs shown on one job's screen
RUNS_SHOWN = 6
_REQUEST_ANSWERS = {
    Requested.NEW: texts.asked_for,
    Requested.WAITING_ALREADY: texts.asked_for_before,
    Requested.AFTER_RUNNING: texts.follows,
}


class JobService:
    """What the commands and buttons of jobs share. `plans`: the plan of every job, by name."""

    def __init__(
        self,
        bot: Bot,
        clock: Clock,
        zone: ZoneInfo,
        plans: Mapping[str, JobPlan],
        runs: JobRuns,
        follower: RunFollower,
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._plans = plans
        self._runs = runs
        self._follower = follower
        #: (admin, job, action) of changes whose answer from the database was lost: they may have been made
        self._unconfirmed: set[tuple[int, str, str]] = set()

    @property
    def names(self) -> list[str]:
        """The names of all jobs, in the order the list shows them."""
        return list(self._plans)

    # screens

    async def list_screen(self, page: int = 0) -> Screen:
        """Return a page of the list of jobs."""
        now = self._clock.now()
        for _ in range(READ_ATTEMPTS):
            leases, runs = await lease_ops.find_many(self.names), await run_ops.latest_runs(self.names)
            statuses = overview(self._plans, runs, leases, now)
            # as in `JobRuns.read`
            if all(one.is_running(now) for one in statuses if one.last is not None and one.last.is_running):
                break
        return texts.job_list(statuses, page, now, self._zone)

    async def screen(self, job: str) -> tuple[Screen, bool]:
        """Return one job's screen, and whether it is idle: no run goes on or waits."""
        runs, lease = await self._runs.read(job, RUNS_SHOWN)
        now = self._clock.now()
        (status,) = overview(
            {job: self._plans[job]}, {job: runs[0]} if runs else {}, {job: lease} if lease is not None else {}, now
        )
        is_idle = not status.is_running(now) and not any(run.is_waiting for run in runs)
        return texts.job(status, runs, now, self._zone), is_idle

    async def status(self, job: str) -> JobStatus:
        """Return a job's plan and pause, without its runs."""
        lease = await lease_ops.find(job)
        (status,) = overview({job: self._plans[job]}, {}, {job: lease} if lease is not None else {}, self._clock.now())
        return status

    async def present(self, chat_id: int, job: str) -> None:
        """Send a job's screen as a new message and keep it up to date while a run goes on or waits."""
        screen, is_idle = await self.screen(job)
        ref = await send(self._bot, chat_id, screen)
        if not is_idle:
            await self._follow(ref, job, screen)

    async def show(self, query: CallbackQuery, job: str, toast_text: str | None = None) -> None:
        """Show a job's screen in place of the pressed one and keep it up to date while a run goes on or waits."""
        screen, is_idle = await self.screen(job)
        await toast(query, toast_text)
        ref = await self.put(query, screen)
        if not is_idle:
            await self._follow(ref, job, screen)

    async def put(self, query: CallbackQuery, screen: Screen) -> MessageRef:
        """Show any screen in place of the pressed one, which is no longer followed. Returns where it is shown."""
        pressed = pressed_message(query)
        await self._follower.release(pressed)
        return await show(self._bot, pressed, screen)

    async def _follow(self, ref: MessageRef, job: str, shown: Screen) -> None:
        await self._follower.follow(ref, shown, lambda: self.screen(job))

    # changes: each returns the text of the toast, and raises StoreUnavailable; then it may be repeated

    async def run(self, admin_id: int, job: str) -> str:
        """Request a run."""
        return _REQUEST_ANSWERS[await self._runs.request(admin_id, job)]()

    async def pause(self, admin_id: int, job: str) -> str:
        """Start no scheduled run until `resume`; requested runs start all the same."""
        now, change = self._clock.now(), (admin_id, job, "job.paused")
        try:
            is_changed = await lease_ops.pause(job, now, admin_id)
        except StoreUnavailable:
            self._unconfirmed.add(change)
            raise
        await self._note(change, is_changed=is_changed)
        return texts.paused() if is_changed else texts.paused_before()

    async def resume(self, admin_id: int, job: str) -> str:
        """Start scheduled runs again."""
        change = (admin_id, job, "job.resumed")
        try:
            is_changed = await lease_ops.resume(job)
        except StoreUnavailable:
            self._unconfirmed.add(change)
            raise
        await self._note(change, is_changed=is_changed)
        return texts.resumed() if is_changed else texts.resumed_before()

    async def _note(self, change: tuple[int, str, str], *, is_changed: bool) -> None:
        """Write a change to the audit log, also one an earlier attempt made whose answer was lost."""
        if is_changed or change in self._unconfirmed:
            admin_id, job, action = change
            await note(self._clock.now(), admin_id, action, job)
        self._unconfirmed.discard(change)
