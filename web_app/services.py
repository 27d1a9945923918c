"""What the pages are given to work with."""

from dataclasses import dataclass, field

from core.clock import Clock


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
