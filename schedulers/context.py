"""What jobs and their schedulers are made from, in any process. Importing it imports no aiogram."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from core.clock import SystemClock
from core.jobs import JobPlan
from core.timing.job_times import JobTimes
from database.batches import Bounds
from monitoring.alerts import Alerts
from schedulers.catching_up import CatchUps
from schedulers.registry import plans
from schedulers.scheduler import Timer

if TYPE_CHECKING:
    from aiogram import Bot

    from sender.limiting.send_limiter import SendLimiter

#: what a run may take beyond CLEANUP_TIMEOUT_SECONDS, where a bulk delete ends by itself
RUN_GRACE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class OwnerResources:
    """What jobs that report to the owners need."""

    admin_bot: "Bot"
    user_limiter: "SendLimiter"
    admin_limiter: "SendLimiter"
    #: the owners as of now; raises nothing of ours
    find_owners: Callable[[], Awaitable[Collection[int]]]
    #: speaks the language of somebody in the team
    speaking_to: Callable[[int], AbstractAsyncContextManager[None]]
    backup_folder: Path
    backup_keep: int
    #: the age key backups are encrypted to; "": they are not
    backup_encrypt_to: str
    #: STORAGE_CHANNEL_ID, used while no other storage channel is chosen
    storage_channel_id: int | None = None


@dataclass(frozen=True, slots=True)
class TelegramResources:
    """What jobs that talk to Telegram need."""

    #: the bot subscribers know
    user_bot: "Bot"
    alerts: Alerts
    #: None where the caller has no more than a bot: enough for the two deleters
    owners: OwnerResources | None = None
    #: whether Telegram posts the updates of the user bot (`UPDATES=webhook`)
    is_posted: bool = False


@dataclass(frozen=True, slots=True)
class JobContext:
    """What all jobs of one process share. The defaults suit running a job by hand."""

    clock: SystemClock = field(default_factory=SystemClock)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    #: bounds of every bulk delete
    bounds: Bounds = field(default_factory=Bounds)
    #: longest run, unless the job's row says otherwise
    time_limit: timedelta = timedelta(seconds=300)
    #: what the configuration says of their times
    times: JobTimes = field(default_factory=JobTimes)
    #: name of the process in rows and leases; empty: its host, pid and a random part
    owner: str = ""
    timer: Timer = field(default_factory=Timer)
    #: longest random delay of a tick, so that several processes do not ask for its lease at once
    jitter: timedelta = timedelta()
    telegram: TelegramResources | None = None
    #: turns of missed ticks; None: they fire at once
    catch_ups: CatchUps | None = None

    def plans(self) -> Mapping[str, JobPlan]:
        """Return the plan of every job by its name."""
        return plans(self.zone, self.times)

    def telegram_of(self, job: str) -> TelegramResources:
        """Return what `job` needs of Telegram. Raises ValueError when the process has no bot."""
        if self.telegram is None:
            raise ValueError(f"{job} needs a bot")
        return self.telegram

    def owners_of(self, job: str) -> OwnerResources:
        """Return what `job` needs to report to the owners. Raises ValueError when the process has no owners."""
        owners = self.telegram_of(job).owners
        if owners is None:
            raise ValueError(f"{job} needs the admin bot and the owners")
        return owners
