"""Callback data of publishing and of the schedule."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from core.announcements import LEAVES_AFTER_MAX
from views.buttons import PAGE_MAX

#: characters of a draft's id, of its fingerprint, and of an announcement's id
DRAFT_LENGTH, FINGERPRINT_LENGTH, ID_LENGTH = 16, 8, 24


class DraftAction(StrEnum):
    """What a button of a draft does. A closed list; the values are in callback data."""

    SHOW = "show"
    #: the preview once more, and the screen below it
    PREVIEW = "prev"
    TO = "to"
    WHEN = "when"
    LEAVES = "leave"
    COVER = "cover"
    SOUND_ON = "loud"
    SOUND_OFF = "still"
    PIN = "pin"
    NO_PIN = "nopin"
    NOW = "now"
    SLOT = "slot"
    TODAY = "today"
    TOMORROW = "tomo"
    USUAL_TEXT = "utext"
    USUAL_LABEL = "ulabel"
    SHORTEN = "short"
    COVER_OF_POST = "cpost"
    COVER_DEFAULT = "cdef"
    COVER_NONE = "cnone"
    ASK_TEXT = "atext"
    ASK_LABEL = "alabel"
    ASK_COVER = "acover"
    ASK_TIME = "atime"
    ASK_LEAVES = "aleave"


class DraftButton(CallbackData, prefix="pb"):
    """A button of a draft's screens."""

    act: DraftAction
    draft: str = Field(max_length=DRAFT_LENGTH)


class TargetButton(CallbackData, prefix="pbt"):
    """Publish in a channel, or not."""

    draft: str = Field(max_length=DRAFT_LENGTH)
    chat_id: int
    is_on: bool
    page: int = Field(ge=0, le=PAGE_MAX)


class TargetPage(CallbackData, prefix="pbg"):
    """A page of the channels to publish in."""

    draft: str = Field(max_length=DRAFT_LENGTH)
    page: int = Field(ge=0, le=PAGE_MAX)


class LeavesButton(CallbackData, prefix="pbl"):
    """After how many minutes the announcement leaves its channel; 0: never."""

    draft: str = Field(max_length=DRAFT_LENGTH)
    minutes: int = Field(ge=0, le=LEAVES_AFTER_MAX)


class PublishConfirmed(CallbackData, prefix="pbc"):
    """Publish, or plan, what the screen showed. `fingerprint`: of the draft it showed."""

    draft: str = Field(max_length=DRAFT_LENGTH)
    fingerprint: str = Field(max_length=FINGERPRINT_LENGTH)


class PublishAgain(CallbackData, prefix="pba"):
    """Publish a draft also where its post is announced already."""

    draft: str = Field(max_length=DRAFT_LENGTH)


class ConnectButton(CallbackData, prefix="pbk"):
    """Ask for a channel to publish in. `draft`: where it is asked from; "" for the slots."""

    draft: str = Field(default="", max_length=DRAFT_LENGTH)


class CheckRights(CallbackData, prefix="pbr"):
    """Connect a channel whose rights were missing."""

    chat_id: int
    draft: str = Field(default="", max_length=DRAFT_LENGTH)


class ResultButton(CallbackData, prefix="pbs"):
    """What became of a confirmed draft."""

    draft: str = Field(max_length=DRAFT_LENGTH)
    page: int = Field(default=0, ge=0, le=PAGE_MAX)


class Back(StrEnum):
    """Where an announcement was opened from. A closed list."""

    SCHEDULE = "s"
    RESULT = "r"


class AnnouncementAction(StrEnum):
    """What a button of an announcement does. A closed list; the values are in callback data."""

    SHOW = "show"
    NOW = "now"
    NOW_CONFIRMED = "now!"
    TRY_AGAIN = "retry"
    IT_IS_THERE = "there"
    SEND_AGAIN = "again"
    MOVE = "move"
    MOVE_SLOT = "mslot"
    MOVE_TODAY = "mtod"
    MOVE_TOMORROW = "mtom"
    ASK_TIME = "mask"
    OFF = "off"
    WITHDRAW = "gone"
    WITHDRAW_CONFIRMED = "gone!"


class AnnouncementButton(CallbackData, prefix="an"):
    """A button of one announcement."""

    act: AnnouncementAction
    id: str = Field(max_length=ID_LENGTH)
    back: Back = Back.SCHEDULE


class MoveTo(CallbackData, prefix="anm"):
    """Plan an announcement for a time although somebody else has moved it. `minute`: of the Unix clock."""

    id: str = Field(max_length=ID_LENGTH)
    minute: int = Field(ge=0, lt=2**32)
    back: Back = Back.SCHEDULE


class SchedulePage(CallbackData, prefix="sch"):
    """A page of the schedule."""

    page: int = Field(ge=0, le=PAGE_MAX)


class SlotsPage(CallbackData, prefix="slp"):
    """A page of the channels with their slots."""

    page: int = Field(ge=0, le=PAGE_MAX)


class ChannelSlots(CallbackData, prefix="sl"):
    """The slots of a channel."""

    chat_id: int


class SlotDay(CallbackData, prefix="sld"):
    """Switch a weekday of a channel's slots; 0 is Monday."""

    chat_id: int
    day: int = Field(ge=0, le=6)
    is_on: bool


class SlotTime(CallbackData, prefix="slx"):
    """Remove a time of a channel's slots, as minutes since midnight."""

    chat_id: int
    minute: int = Field(ge=0, lt=24 * 60)


class AskSlot(CallbackData, prefix="sla"):
    """Ask for one more time of a channel's slots."""

    chat_id: int


class DefaultCoverAction(StrEnum):
    """A closed list."""

    SEND = "send"
    LOOK = "look"
    NONE = "none"


class DefaultCoverButton(CallbackData, prefix="dc"):
    """The picture of announcements whose post has none."""

    act: DefaultCoverAction


class RenewalAction(StrEnum):
    """A closed list."""

    SHOW = "show"
    START = "start"
    STOP = "stop"


class RenewalButton(CallbackData, prefix="rn"):
    """Renew all buttons."""

    act: RenewalAction


#: buttons that need their draft
OF_DRAFT = (DraftButton, LeavesButton, TargetButton, TargetPage, PublishAgain, PublishConfirmed)
