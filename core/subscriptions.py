"""Channels: which a subscriber must join, which posts are announced in, and known memberships (DESIGN §7.7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from core.announcements import Slots
from core.records import Record

#: how long a stored membership is used without asking Telegram; updates about joining and leaving come meanwhile
REMEMBERED_FOR = timedelta(minutes=10)
#: characters of a label; about as many as fit on a button of a phone
LABEL_MAX = 40
#: channels that can be connected; each required one costs a call to Telegram when nothing is stored
CHANNELS_MAX = 50
#: the name of our links in a channel's list of invite links; at most 32 characters (BOTAPI §2.8)
LINK_NAME = "Tollgate"


class ChannelMode(StrEnum):
    """What counts as having joined. A closed list."""

    #: members only
    JOIN = "join"
    #: members, and those who sent a join request
    REQUEST = "request"


class OnError(StrEnum):
    """What applies when Telegram does not say whether a subscriber has joined. A closed list."""

    #: the subscriber passes
    OPEN = "open"
    #: the subscriber is refused
    CLOSED = "closed"


class Channel(Record):
    """A channel (or supergroup) that subscribers must join, or in which posts are announced. Times are aware UTC."""

    chat_id: int
    title: str = ""
    #: text of its button; empty: the title
    label: str = ""
    #: None: a private channel
    username: str | None = None
    #: created by the user bot and named, so that joins through it can be counted; empty: it was never required
    invite_link: str = ""
    mode: ChannelMode = ChannelMode.JOIN
    on_error: OnError = OnError.OPEN
    #: since when the user bot cannot see the members; None: it can
    broken_since: datetime | None = None
    #: subscribers must join it. Rows of older versions have no such field: every channel was required
    is_required: bool = True
    #: not required at the moment
    is_paused: bool = False
    #: posts are announced in it, by the admin bot
    is_published_to: bool = False
    #: of the tag of links in it (`ch3`); no other channel ever has it. None: nothing was ever announced in it
    source_number: int | None = None
    #: when announcements are planned in it
    slots: Slots = Slots()
    #: order in which channels are shown
    position: int = 0
    #: subscribers who joined, or requested to, through `invite_link`
    joined_count: int = 0
    added_by: int | None = None
    added_at: datetime | None = None

    @property
    def name(self) -> str:
        """The name people read: the label, the title, or the bare id."""
        return self.label or self.title or str(self.chat_id)

    @property
    def address(self) -> str | None:
        """Where everybody can open it; None: a private channel without a link of ours."""
        return f"https://t.me/{self.username}" if self.username else self.invite_link or None

    @property
    def is_joined_for_posts(self) -> bool:
        """Whether subscribers must join it now."""
        return self.is_required and not self.is_paused

    @property
    def is_watched(self) -> bool:
        """Whether the user bot is meant to see who joins: it is required, or was and may be again."""
        return self.is_required or bool(self.invite_link)


class MembershipStatus(StrEnum):
    """The stored status of one subscriber in one channel. A closed list."""

    MEMBER = "member"
    REQUESTED = "requested"
    LEFT = "left"


class Membership(Record):
    """The last known status of one subscriber in one channel."""

    chat_id: int
    user_id: int
    status: MembershipStatus
    seen_at: datetime = Field(description="when it was seen, aware UTC")


class JoinStatus(StrEnum):
    """Whether a subscriber has joined a channel, as the gate needs it. A closed list."""

    JOINED = "joined"
    MISSING = "missing"
    # for the others the channel's `on_error` decides
    #: Telegram gives no answer, which passes by itself
    UNKNOWN = "unknown"
    #: Telegram tells nothing about this subscriber; the update about their next joining does
    HIDDEN = "hidden"
    #: Telegram tells nothing until an owner acts, and the owners have been alerted
    REPORTED = "reported"


def status_of(telegram_status: str, is_member: bool = False) -> MembershipStatus:
    """Translate Telegram's status of a chat member; `is_member` is its flag of restricted ones (BOTAPI §2.8)."""
    if telegram_status in ("creator", "administrator", "member") or (telegram_status == "restricted" and is_member):
        return MembershipStatus.MEMBER
    return MembershipStatus.LEFT


def join_status(channel: Channel, membership: Membership | None, now: datetime) -> JoinStatus | None:
    """Return the join status by the stored membership; None when Telegram has to be asked.

    A join request is used until an update changes it: Telegram does not report its end. A membership in the future was
    stored by a clock that has been put back since, and is asked for again.
    """
    if membership is None:
        return JoinStatus.UNKNOWN if channel.broken_since else None
    if membership.status is MembershipStatus.REQUESTED:
        return JoinStatus.JOINED if channel.mode is ChannelMode.REQUEST else JoinStatus.MISSING
    if not timedelta() <= now - membership.seen_at < REMEMBERED_FOR:
        return JoinStatus.UNKNOWN if channel.broken_since else None
    if membership.status is MembershipStatus.MEMBER:
        return JoinStatus.JOINED
    # the bot could not have seen a later join
    return JoinStatus.UNKNOWN if channel.broken_since else JoinStatus.MISSING


@dataclass(frozen=True, slots=True)
class Subscription:
    """The channels that keep a subscriber out, by their JoinStatus, and all that are required."""

    missing: tuple[Channel, ...] = ()
    unknown: tuple[Channel, ...] = ()
    hidden: tuple[Channel, ...] = ()
    reported: tuple[Channel, ...] = ()
    #: every required channel, in order; without those that are not known and open on errors, which keep nobody out
    standings: tuple[tuple[Channel, JoinStatus], ...] = ()

    @property
    def channels(self) -> tuple[Channel, ...]:
        """All of them, those to join first."""
        return self.missing + self.hidden + self.unknown + self.reported

    @property
    def is_fulfilled(self) -> bool:
        return not self.channels


#: no channel is required
NO_CHANNELS = Subscription()


def subscription(standings: Iterable[tuple[Channel, JoinStatus]]) -> Subscription:
    """Return the channels that keep a subscriber out; one that is not known does so only when closed on errors."""
    known = list(standings)

    def closed(wanted: JoinStatus) -> tuple[Channel, ...]:
        return tuple(one for one, standing in known if standing is wanted and one.on_error is OnError.CLOSED)

    return Subscription(
        missing=tuple(channel for channel, standing in known if standing is JoinStatus.MISSING),
        unknown=closed(JoinStatus.UNKNOWN),
        hidden=closed(JoinStatus.HIDDEN),
        reported=closed(JoinStatus.REPORTED),
        standings=tuple(
            (channel, standing)
            for channel, standing in known
            if standing in (JoinStatus.JOINED, JoinStatus.MISSING) or channel.on_error is OnError.CLOSED
        ),
    )


def required_channels(channels: Sequence[Channel]) -> tuple[Channel, ...]:
    """Return the channels that must be joined now, in their order."""
    return _in_order(one for one in channels if one.is_joined_for_posts)


def publishing_channels(channels: Sequence[Channel]) -> tuple[Channel, ...]:
    """Return the channels in which posts are announced, in their order."""
    return _in_order(one for one in channels if one.is_published_to)


def _in_order(channels: Iterable[Channel]) -> tuple[Channel, ...]:
    return tuple(sorted(channels, key=lambda one: (one.position, one.chat_id)))
