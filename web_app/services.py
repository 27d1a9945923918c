"""What the pages are given to work with."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from core.clock import Clock
from core.jobs import JobPlan
from core.statistics import DayStats
from monitoring import pictures
from monitoring.pictures import Picture, Theme
from web_app.rate_limit import Limits

#: draws one picture as PNG (`monitoring.pictures.draw`)
Draw = Callable[[Picture, Sequence[DayStats], Theme, ZoneInfo], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Keys:
    """What tells our own from what is forged."""

    #: signs session tokens, at least 32 bytes
    sessions: bytes = field(repr=False)
    #: of the admin bot (`mini_app.mini_app_key`)
    mini_app: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AdminServices:
    """What the admin page and its API are given."""

    keys: Keys
    #: owners stand in the environment, all others in the database
    owner_ids: frozenset[int]
    #: the jobs by name
    plans: Mapping[str, JobPlan]
    zone: ZoneInfo
    #: what the world sees in front of our addresses, like https://gate.example/gate; empty: this machine alone
    base_url: str = ""
    limits: Limits = field(default_factory=Limits)
    monotonic: Callable[[], float] = time.monotonic
    draw: Draw = pictures.draw


@dataclass(frozen=True, slots=True)
class Services:
    """Everything from outside; the database is the process's open one."""

    clock: Clock
    #: what links to bots begin with, like https://t.me, without a slash at the end
    links: str
    #: signs what the page gives away and wants back
    page_key: bytes = field(repr=False)
    #: hosts people come from when they came through a shortener, in lower case
    shortener_hosts: frozenset[str] = frozenset()
    #: the path the world sees in front of ours, like /gate; empty at the top of a host
    base_path: str = ""
    #: the user bot, for pages of no token; empty: not known
    bot_username: str = ""
    #: False: nobody is given a link to the verification page, and there is none
    has_page: bool = True
    #: None: there is neither an admin page nor an API
    admin: AdminServices | None = None
