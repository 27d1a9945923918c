"""What the app is built with: keys, configuration, the clock."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from core.addresses import Networks
from core.clock import Clock
from core.jobs import JobPlan
from core.statistics import DayStats
from database.team import Team
from monitoring import pictures
from monitoring.pictures import Picture, Theme
from web_app.ops import OpsAccess
from web_app.rate_limit import VISITS_MAX, Limits
from web_app.updates import Receivers

#: draws one picture as PNG (`monitoring.pictures.draw`)
Draw = Callable[[Picture, Sequence[DayStats], Theme, ZoneInfo], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys that verify sessions and initData."""

    #: signs session tokens, at least 32 bytes
    sessions: bytes = field(repr=False)
    #: verifies initData of the admin bot (`mini_app.mini_app_key`)
    mini_app: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AdminServices:
    """What the admin page and its API need."""

    keys: Keys
    team: Team
    #: the jobs by name
    plans: Mapping[str, JobPlan]
    zone: ZoneInfo
    #: public address in front of our paths, like https://gate.example/gate; empty when there is none
    base_url: str = ""
    limits: Limits = field(default_factory=Limits)
    draw: Draw = pictures.draw
    #: STORAGE_CHANNEL_ID, used while no storage channel is chosen in the admin bot
    storage_channel_id: int | None = None


@dataclass(frozen=True, slots=True)
class Services:
    """What the whole app needs. The database is the process's open one."""

    clock: Clock
    #: start of links to bots, like https://t.me, without a slash at the end
    links: str
    #: signs the hidden fields of the page's form
    page_key: bytes = field(repr=False)
    #: hosts of the pages of the environment's shorteners, in lower case; those added in the admin bot are stored
    shortener_hosts: frozenset[str] = frozenset()
    #: the zone of the days on which finished links are counted
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    #: path of the public address, like /gate; empty at the root of a host
    base_path: str = ""
    #: user bot for pages without a token; empty: not known
    bot_username: str = ""
    #: names of the web app besides those of this machine, as `core.addresses.host_named` returns them
    hosts: frozenset[str] = frozenset()
    #: whom /readyz and /metrics answer on this port
    ops: OpsAccess = field(default_factory=OpsAccess)
    #: whose X-Forwarded-For is believed
    trusted_proxies: Networks = ()
    #: visits of the unlock page from one address in a minute
    visits_max: int = VISITS_MAX
    #: False: there is no verification page, and bots give no links to it
    has_page: bool = True
    #: None: there is no admin page and no API
    admin: AdminServices | None = None
    #: how this process takes the updates of each bot, as it is now; empty without bots
    update_states: Mapping[str, str] = field(default_factory=dict)
    #: None: no bot of this process takes its updates by webhook
    receivers: Receivers | None = None
