"""Callback data of drafts of broadcasts. Clients can forge it: the draft is looked up, values are validated.

Ids of drafts are 16 characters (`admin_bot.conversation.broadcast_draft.ID_LENGTH`).
"""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from core.broadcasts import LIFETIME_MAX
from core.segments import ACTIVE_DAYS_MAX, SegmentKind

_ID_MAX = 16
_FINGERPRINT_MAX = 8


class ComposeAction(StrEnum):
    #: back to the draft's own screen
    SCREEN = "screen"
    AUDIENCE = "who"
    ASK_DAYS = "days"
    ASK_LANGUAGE = "lang"
    ASK_SOURCE = "source"
    ASK_BUTTONS = "buttons"
    SOUND_ON = "loud"
    SOUND_OFF = "quiet"
    PIN = "pin"
    NO_PIN = "nopin"
    LIFETIME = "life"
    ASK_LIFETIME = "lifeask"
    WHEN = "when"
    NOW = "now"
    ASK_TIME = "whenask"
    PREVIEW = "view"
    TEST_COPY = "test"
    SEND = "send"
    CHANGE = "change"
    CANCEL = "cancel"


class ComposeButton(CallbackData, prefix="bc"):
    """Do something with the draft. The action names the result, so that a second press changes nothing."""

    act: ComposeAction
    draft: str = Field(max_length=_ID_MAX)


class AudienceButton(CallbackData, prefix="ba"):
    """Set the audience; `days` belongs to SegmentKind.NEW and SegmentKind.ACTIVE."""

    draft: str = Field(max_length=_ID_MAX)
    kind: SegmentKind
    days: int | None = Field(None, ge=1, le=ACTIVE_DAYS_MAX)


class LifetimeButton(CallbackData, prefix="bt"):
    """Set after how many minutes the copies are deleted; 0: never."""

    draft: str = Field(max_length=_ID_MAX)
    minutes: int = Field(ge=0, le=LIFETIME_MAX)


class SendConfirmed(CallbackData, prefix="by"):
    """Confirm the broadcast. `fingerprint`: of the confirmed draft; a draft that was changed since is not sent."""

    draft: str = Field(max_length=_ID_MAX)
    fingerprint: str = Field(max_length=_FINGERPRINT_MAX)
