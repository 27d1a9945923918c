"""What the process gives the admin bot. Every subject builds its services from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from aiogram import Bot

from core.clock import Clock
from core.jobs import JobPlan
from core.supervisor import Supervisor
from database.erasing.tombstones import Tombstones, fleeting_tombstones
from database.team import Team
from monitoring.alerts import Alerts
from sender.limiting.limits import BULK_RATE_PER_S
from shorteners.providers import Provider
from shorteners.vault import KeyVault


@dataclass(frozen=True, slots=True)
class AdminContext:
    """The objects the process shares with the admin bot."""

    bot: Bot
    #: asked about its rights, makes invite links, sends test copies to admins
    user_bot: Bot
    user_bot_username: str
    team: Team
    clock: Clock
    zone: ZoneInfo
    alerts: Alerts
    supervisor: Supervisor
    #: chats the admin bot's limiter exempts from the limit of groups; the storage channel is added to it
    unmetered_chats: set[int]


@dataclass(frozen=True, slots=True)
class ShortenerAccess:
    """What the configuration says about asking shorteners."""

    vault: KeyVault = field(default_factory=lambda: KeyVault(None, "DATA_DIR: no key file was opened"))
    #: those of the environment, by the code of their shortener
    configured: Mapping[str, Provider] = field(default_factory=dict)
    #: False: addresses typed here may be in a private network (the sandbox's shortener is on this machine)
    is_public_only: bool = True


@dataclass(frozen=True, slots=True)
class AdminConfig:
    """What the configuration says about the admin bot."""

    #: STORAGE_CHANNEL_ID
    storage_channel_id: int | None = None
    bulk_rate_per_s: float = BULK_RATE_PER_S
    shortener_access: ShortenerAccess = field(default_factory=ShortenerAccess)
    #: PUBLIC_BASE_URL
    public_base_url: str = ""
    #: address of the admin page on the machine itself; "" when it is not known
    web_address: str = ""
    #: the plan of every job, by name
    plans: Mapping[str, JobPlan] = field(default_factory=dict)
    #: name of the job that /backup asks for
    backup_job: str = ""
    backup_folder: str = "data/backups"
    backup_keep: int = 7
    #: knows who was erased
    tombstones: Tombstones = field(default_factory=fleeting_tombstones)

    @property
    def has_page(self) -> bool:
        """Whether verification links lead to a page of ours."""
        return bool(self.public_base_url)
