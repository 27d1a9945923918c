"""Jobs as admins see them: the list, one job's screen, and runs and pauses they ask for, noted."""

import asyncio
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.types import CallbackQuery

from admin_bot.audit import note
from admin_bot.run_follower import Follower, Screen
from admin_bot.screens import screen_id, show, toast
from core.clock import Clock
from core.errors import StoreUnavailable
from core.job_status import JobStatus, overview
from core.jobs import JobRun, LeaseRow
from core.timetable import Plan
from database.operations import lease_ops, run_ops
from views.system import jobs_keyboards as keyboards
from views.system import jobs_texts as texts

#: runs shown on one job's screen
RUNS_SHOWN = 6
#: reads of runs and leases that do not fit together, before both are believed
_READS = 2


async def read_job(job: str, limit: int, clock: Clock) -> tuple[list[JobRun], LeaseRow | None]:
    """The last runs of a job, the latest first, and its lease.

    They are two reads: a run that begins or ends between them must not look like one whose process is gone.
    """
    for _ in range(_READS):
        lease = await lease_ops.find(job)
        runs = await run_ops.last_runs(limit, job)
        if not any(run.is_running for run in runs) or (lease is not None and lease.is_held(clock.now())):
            break
    return runs, lease


class JobService:
    """What commands and buttons about jobs share. `plans`: every job there is, by its name."""

    def __init__(self, bot: Bot, clock: Clock, zone: ZoneInfo, plans: Mapping[str, Plan], follower: Follower) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._plans = plans
        self._follower = follower
        #: of two presses at once the second sees the wish of the first
        self._asking = asyncio.Lock()
        #: (admin, job, deed) whose answer from the database was lost: it may have been done
        self._unsure: set[tuple[int, str, str]] = set()

    @property
    def names(self) -> list[str]:
        """In the order people read them."""
        return list(self._plans)

    # screens

    async def list_face(self) -> Screen:
        """All jobs."""
        now = self._clock.now()
        for _ in range(_READS):
            leases, runs = await lease_ops.find_many(self.names), await run_ops.latest_runs(self.names)
            statuses = overview(self._plans, runs, leases, now)
            # as in `read_job`
            if all(one.is_running(now) for one in statuses if one.last is not None and one.last.is_running):
                break
        return texts.job_list(statuses, now, self._zone), keyboards.job_list(self.names)

    async def face(self, job: str) -> tuple[Screen, bool]:
        """One job, and whether nothing of it goes on or is waited for."""
        runs, lease = await read_job(job, RUNS_SHOWN, self._clock)
        now = self._clock.now()
        (status,) = overview(
            {job: self._plans[job]}, {job: runs[0]} if runs else {}, {job: lease} if lease is not None else {}, now
        )
        is_quiet = not status.is_running(now) and not any(run.is_waiting for run in runs)
        return (texts.job(status, runs, now, self._zone), keyboards.job(status)), is_quiet

    async def status(self, job: str) -> JobStatus:
        """Its plan and whether it is paused; of its runs nothing."""
        lease = await lease_ops.find(job)
        (status,) = overview({job: self._plans[job]}, {}, {job: lease} if lease is not None else {}, self._clock.now())
        return status

    async def present(self, chat_id: int, job: str) -> None:
        """A job's screen in a message of its own, which follows what goes on."""
        face, is_quiet = await self.face(job)
        sent = await self._bot.send_message(chat_id, face[0], reply_markup=face[1])
        if not is_quiet:
            await self._follow(chat_id, sent.message_id, job, face)

    async def show(self, query: CallbackQuery, job: str, said: str | None = None) -> None:
        """A job's screen in place of the pressed one; it follows what goes on."""
        face, is_quiet = await self.face(job)
        await toast(query, said)
        shown_in = await self.put(query, face)
        if not is_quiet:
            await self._follow(query.from_user.id, shown_in, job, face)

    async def put(self, query: CallbackQuery, face: Screen) -> int:
        """Any screen in place of the pressed one, which stops following; the id of the message that shows it."""
        chat_id, message_id = query.from_user.id, screen_id(query)
        await self._follower.leave(chat_id, message_id)
        return await show(self._bot, chat_id, message_id, *face)

    async def _follow(self, chat_id: int, message_id: int, job: str, face: Screen) -> None:
        await self._follower.follow(chat_id, message_id, face, lambda: self.face(job))

    # deeds: what to say of them. All raise StoreUnavailable and may then be repeated

    async def run(self, admin_id: int, job: str) -> str:
        """Ask whoever runs the jobs for a run now; asked again before it began, it is the same one."""
        async with self._asking:
            now = self._clock.now()
            is_asked_for = any(wish.job == job for wish in await run_ops.find_requests())
            lease = await lease_ops.find(job)
            run_id = await run_ops.request_run(job, now, admin_id)
        await note(now, admin_id, "job.run", job, None, {"run": run_id})
        if is_asked_for:
            return texts.ASKED_FOR_BEFORE
        return texts.FOLLOWS if lease is not None and lease.is_held(now) else texts.ASKED_FOR

    async def pause(self, admin_id: int, job: str) -> str:
        """Let no run begin by itself."""
        now, deed = self._clock.now(), (admin_id, job, "job.paused")
        try:
            is_changed = await lease_ops.pause(job, now, admin_id)
        except StoreUnavailable:
            self._unsure.add(deed)
            raise
        return await self._noted(deed, texts.PAUSED if is_changed else texts.PAUSED_BEFORE, is_changed=is_changed)

    async def resume(self, admin_id: int, job: str) -> str:
        """Let runs begin by themselves again."""
        deed = (admin_id, job, "job.resumed")
        try:
            is_changed = await lease_ops.resume(job)
        except StoreUnavailable:
            self._unsure.add(deed)
            raise
        return await self._noted(deed, texts.RESUMED if is_changed else texts.RESUMED_BEFORE, is_changed=is_changed)

    async def _noted(self, deed: tuple[int, str, str], said: str, *, is_changed: bool) -> str:
        """Note what was done, also by a try before this one whose answer was lost."""
        if is_changed or deed in self._unsure:
            admin_id, job, name = deed
            await note(self._clock.now(), admin_id, name, job)
        self._unsure.discard(deed)
        return said
