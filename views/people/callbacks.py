"""Callback data of subscribers' screens. Clients can forge it: ids are looked up, never trusted."""

# ruff: noqa: S105 - a pass, not a password

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from core.gifts.records import GIFT_CREDITS_MAX, GIFT_DAYS_MAX, GiftTerms
from core.ids import CODE_LENGTH
from core.segments import Segment, SegmentKind, listed

#: the highest user id (Bot API: at most 52 significant bits)
USER_ID_MAX = 2**52 - 1
#: the highest page of the list; three digits, so that 64 bytes are enough
PAGE_MAX = 999
#: the longest `key`: a source, or the short name of a search
KEY_MAX = 24
#: the highest id of a message that is kept to be sent
_VALUE_MAX = 2**31 - 1


class Show(StrEnum):
    """What the list shows. A closed list; one letter, so that 64 bytes are enough."""

    ALL = "a"
    NEW = "n"
    ACTIVE = "v"
    WITH_PASS = "p"
    SOURCE = "s"
    BANNED = "b"
    BLOCKED = "k"
    #: what a search finds, whoever it is
    FOUND = "f"


_KINDS = {
    Show.ALL: SegmentKind.EVERYBODY,
    Show.NEW: SegmentKind.NEW,
    Show.ACTIVE: SegmentKind.ACTIVE,
    Show.WITH_PASS: SegmentKind.WITH_PASS,
    Show.SOURCE: SegmentKind.SOURCE,
    Show.BANNED: SegmentKind.BANNED,
    Show.BLOCKED: SegmentKind.BLOCKED,
}


class PeopleList(CallbackData, prefix="pl"):
    """A page of the list. `key`: the source of Show.SOURCE, the short name of the search of Show.FOUND."""

    page: int = Field(0, ge=0, le=PAGE_MAX)
    show: Show = Show.ALL
    key: str = Field("", max_length=KEY_MAX)

    def segment(self) -> Segment:
        """Return the part of the subscribers it shows. Raises ValueError without a source, and for a search."""
        kind = _KINDS.get(self.show)
        if kind is None:
            raise ValueError("a search is no segment")
        return listed(kind, self.key or None)


class ChooseShown(CallbackData, prefix="pw"):
    """Ask what the list shows."""


class AskPerson(CallbackData, prefix="ps"):
    """Ask for a name, a username, an id or a forwarded message."""


class AskSource(CallbackData, prefix="pq"):
    """Ask which source the list shows."""


class PickPeople(CallbackData, prefix="pk"):
    """Show Telegram's own choice of people."""


class SubscriberAction(StrEnum):
    """A closed list; at most two letters, so that 64 bytes are enough."""

    SHOW = "s"
    CREDITS = "c"
    #: adds `value` credits
    GIVE = "g"
    ASK_CREDITS = "ac"
    PASS = "p"
    #: adds `value` days to the pass
    DAYS = "d"
    ASK_DAYS = "ad"
    END_PASS = "pe"
    #: the user bot says what the subscriber has; `value` makes each offer to tell one of its own
    TELL_CREDITS = "tc"
    TELL_PASS = "tp"
    BAN = "b"
    #: for `value` days, 0: for ever; asks why
    BAN_FOR = "bf"
    #: the same, without a reason
    BAN_NOW = "bn"
    UNBAN = "u"
    MESSAGE = "m"
    #: sends the message `value` of the storage channel
    SEND = "ms"
    #: does not
    DISCARD = "md"
    HISTORY = "h"


class SubscriberButton(CallbackData, prefix="au"):
    """Do something with a subscriber. The last three: the place in the list the card was opened from."""

    act: SubscriberAction
    user_id: int = Field(ge=1, le=USER_ID_MAX)
    value: int = Field(0, ge=0, le=_VALUE_MAX)
    page: int = Field(0, ge=0, le=PAGE_MAX)
    show: Show = Show.ALL
    key: str = Field("", max_length=KEY_MAX)

    @property
    def place(self) -> PeopleList:
        return PeopleList(page=self.page, show=self.show, key=self.key)


class GiftAction(StrEnum):
    #: show the terms, as the button has them
    TERMS = "t"
    ASK_AMOUNT = "a"
    MAKE = "m"


class GiftButton(CallbackData, prefix="gd"):
    """The terms of a gift link to be made. `code`: of the link, so that it is made once."""

    act: GiftAction
    credits: int = Field(0, ge=0, le=GIFT_CREDITS_MAX)
    days: int = Field(0, ge=0, le=GIFT_DAYS_MAX)
    is_for_one: bool = True
    hours: int = Field(24, ge=1, le=7 * 24)
    code: str = Field("", max_length=CODE_LENGTH)

    @property
    def terms(self) -> GiftTerms:
        return GiftTerms(self.credits, self.days, self.is_for_one, self.hours)


class OpenGift(CallbackData, prefix="gn"):
    """Begin a gift link."""


class OpenGifts(CallbackData, prefix="gl"):
    """Show the gift links that are open."""

    page: int = Field(default=0, ge=0, le=PAGE_MAX)


class ShowGift(CallbackData, prefix="gs"):
    """Show a gift link."""

    code: str = Field(max_length=CODE_LENGTH)


class CancelGift(CallbackData, prefix="gx"):
    """End a gift link before its time."""

    code: str = Field(max_length=CODE_LENGTH)
