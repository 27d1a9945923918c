"""Channels a person must join, and what is known of who joined them (DESIGN §7.7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from core.records import Record

#: how long a remembered yes or no is believed; news of joining and leaving comes by updates meanwhile
REMEMBERED_FOR = timedelta(minutes=10)
#: characters of a label; Telegram shows about so many on a button of a phone
LABEL_MAX = 40
#: channels the gate asks for, at most; each one is a call to Telegram when nothing is remembered
CHANNELS_MAX = 50


class ChannelMode(StrEnum):
    """What counts as having joined. A closed list."""

    #: members only
    JOIN = "join"
    #: members, and whoever asked to become one
    REQUEST = "request"


class OnError(StrEnum):
    """What holds when Telegram does not tell whether a person has joined. A closed list."""

    #: let the person pass
    OPEN = "open"
    #: keep the person out
    CLOSED = "closed"


class Channel(Record):
    """A channel (or supergroup) one must join. Times are aware UTC."""

    chat_id: int
    title: str = ""
    #: what stands on the button; empty: the title
    label: str = ""
    #: None: a private channel
    username: str | None = None
    #: made by the user bot and named, so that joins through it can be counted
    invite_link: str
    mode: ChannelMode = ChannelMode.JOIN
    on_error: OnError = OnError.OPEN
    #: since when the user bot has not been able to see the members; None: all is well
    broken_since: datetime | None = None
    #: not asked for at the moment
    is_paused: bool = False
    #: channels are asked for in this order
    position: int = 0
    #: people who joined, or asked to, through `invite_link`
    joined_count: int = 0
    added_by: int | None = None
    added_at: datetime | None = None

    @property
    def name(self) -> str:
        """What people read: the label, the title, or the bare id."""
        return self.label or self.title or str(self.chat_id)


class MembershipStatus(StrEnum):
    """What is known of one person in one channel. A closed list."""

    MEMBER = "member"
    REQUESTED = "requested"
    LEFT = "left"


class Membership(Record):
    """What was last heard of one person in one channel."""

    chat_id: int
    user_id: int
    status: MembershipStatus
    seen_at: datetime = Field(description="when it was heard, aware UTC")


class JoinStatus(StrEnum):
    """How one person stands towards one channel. A closed list."""

    JOINED = "joined"
    MISSING = "missing"
    #: Telegram does not tell: the channel's `on_error` decides
    UNKNOWN = "unknown"


def status_of(telegram_status: str, is_member: bool = False) -> MembershipStatus:
    """Telegram's word for a chat member, in ours; `is_member` is what it says of the restricted (BOTAPI §2.8)."""
    if telegram_status in ("creator", "administrator", "member") or (telegram_status == "restricted" and is_member):
        return MembershipStatus.MEMBER
    return MembershipStatus.LEFT


def join_status(channel: Channel, membership: Membership | None, now: datetime) -> JoinStatus | None:
    """How the person stands by what is remembered; None when Telegram has to be asked.

    A request to join has no end that Telegram tells of: it is believed until there is news. What lies in the future
    comes from a clock that was put back and is asked for again.
    """
    if membership is None:
        return JoinStatus.UNKNOWN if channel.broken_since else None
    if membership.status is MembershipStatus.REQUESTED:
        return JoinStatus.JOINED if channel.mode is ChannelMode.REQUEST else JoinStatus.MISSING
    if not timedelta() <= now - membership.seen_at < REMEMBERED_FOR:
        return JoinStatus.UNKNOWN if channel.broken_since else None
    if membership.status is MembershipStatus.MEMBER:
        return JoinStatus.JOINED
    # who joined since then could not be seen
    return JoinStatus.UNKNOWN if channel.broken_since else JoinStatus.MISSING


@dataclass(frozen=True, slots=True)
class Subscription:
    """The channels that keep a person out: those they have not joined, and those nobody can tell of."""

    missing: tuple[Channel, ...] = ()
    unsure: tuple[Channel, ...] = ()

    @property
    def is_fulfilled(self) -> bool:
        return not self.missing and not self.unsure


def subscription(standings: Iterable[tuple[Channel, JoinStatus]]) -> Subscription:
    """What keeps a person out; a channel that cannot be told of does so only when it is closed on errors."""
    known = list(standings)
    return Subscription(
        missing=tuple(channel for channel, standing in known if standing is JoinStatus.MISSING),
        unsure=tuple(
            channel
            for channel, standing in known
            if standing is JoinStatus.UNKNOWN and channel.on_error is OnError.CLOSED
        ),
    )


def required_channels(channels: Sequence[Channel]) -> tuple[Channel, ...]:
    """The channels the gate asks for now, in their order."""
    return tuple(sorted((one for one in channels if not one.is_paused), key=lambda one: (one.position, one.chat_id)))
