"""Takes announcements out of their channels: when their time is up, or a person withdraws them."""

import asyncio
from datetime import datetime, timedelta

import structlog

from core.announcements import Announcement
from core.delivery import is_near_limit, is_too_old
from core.jobs import Counts
from database.operations.announcements import changes, removals
from schedulers.context import JobContext
from schedulers.jobs.announcements.alerts import AnnouncementAlerts
from schedulers.jobs.announcements.calls import AnnouncementCalls, Done, Gone, Later, Outcome, Refused
from schedulers.jobs.announcements.sending import CannotPublish
from schedulers.runner import Run
from views.publishing import announcement_texts as texts

log = structlog.get_logger("tollgate.publisher")

#: announcements taken out at the same time, and in one run
AT_ONCE, RUN_MAX = 10, 1_000
#: after a refusal: the bot may get its right in the channel back
RETRY_AFTER = timedelta(hours=1)
#: refusals after which an announcement stays
REFUSALS_MAX = 24


class AnnouncementDeleter:
    """Deletes what is younger than 48 hours and empties what is older. Two processes would do no harm."""

    def __init__(self, calls: AnnouncementCalls, bot_id: int, alerts: AnnouncementAlerts) -> None:
        """`bot_id`: of the bot that makes `calls`."""
        self._calls = calls
        self._bot_id = bot_id
        self._alerts = alerts

    async def __call__(self, run: Run) -> Counts:
        seen: set[str] = set()
        more = False
        while not run.should_stop:
            due = [one for one in await removals.find_due(run.now(), AT_ONCE) if one.id not in seen]
            more = bool(due)
            if not due or len(seen) >= RUN_MAX:
                break
            seen |= {one.id for one in due}
            await asyncio.gather(*(self._remove(one, run) for one in due))
        await self._alerts.tell_all()
        return Counts(dict(run.done), more=more)

    async def has_work(self, now: datetime) -> bool:
        """Whether an announcement is to leave its channel."""
        return await removals.is_any_due(now)

    async def _remove(self, one: Announcement, run: Run) -> None:
        if one.message_id is None:
            await removals.postpone(one, None, texts.NO_MESSAGE)
            run.done["refused"] += 1
            return
        if one.bot_id != self._bot_id:
            await changes.keep(one, texts.OTHER_BOT)
            run.done["kept"] += 1
            return
        published_at = one.published_at or one.created_at
        outcome: Outcome = Refused("", is_undeletable=True)
        if not is_too_old(published_at, run.now()):
            outcome = await self._calls.delete(one, is_urgent=is_near_limit(published_at, run.now()))
            if isinstance(outcome, Done):
                outcome = Gone()
        if isinstance(outcome, Refused) and outcome.is_undeletable:
            outcome = await self._calls.empty(one)
        await self._write(one, outcome, run)

    async def _write(self, one: Announcement, outcome: Outcome, run: Run) -> None:
        match outcome:
            case Gone():
                is_withdrawn = await removals.record_withdrawn(one)
                run.done["withdrawn"] += is_withdrawn
                await self._alerts.tell_left(one)
            case Done():
                is_emptied = await removals.record_emptied(one)
                run.done["emptied"] += is_emptied
                await self._alerts.tell_left(one)
            case Later():
                await removals.postpone(one, run.now() + timedelta(seconds=outcome.pause_s), None)
                run.done["postponed"] += 1
                if outcome.stops_run:
                    raise CannotPublish(outcome.error)
            case _:
                is_last = one.removal_attempts + 1 >= REFUSALS_MAX
                await removals.postpone(one, None if is_last else run.now() + RETRY_AFTER, outcome.error)
                run.done["refused"] += 1
                await self._alerts.tell_stays(one, outcome.error)
                log.warning("announcement.not_removed", announcement=one.id, error=outcome.error, is_last=is_last)


def create(context: JobContext) -> AnnouncementDeleter:
    telegram, owners = context.telegram_of("announcement_deleter"), context.owners_of("announcement_deleter")
    bot = owners.admin_bot
    return AnnouncementDeleter(AnnouncementCalls(bot), bot.id, AnnouncementAlerts(telegram.alerts))
