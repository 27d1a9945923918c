"""Buttons of the first hour, the team and its activity. Clients can forge them: everything is looked up."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from aiogram.filters.callback_data import CallbackData
from pydantic import AfterValidator, Field

from core.settings.model import CHANNEL_ID_LOWEST
from core.team.admins import Role

#: the highest user id (Bot API: at most 52 significant bits)
USER_ID_MAX = 2**52 - 1
#: letters of an invitation's fingerprint that name it on a button
KEY_LENGTH = 16
PAGE_MAX = 9999


def _of_calendar(day: str) -> str:
    if day:
        datetime.strptime(day, "%Y%m%d")  # noqa: DTZ007 - a day of the calendar has no zone
    return day


#: `20261130`, "" for none; one that is not in the calendar is refused
Day = Annotated[str, AfterValidator(_of_calendar)]


#: instead of a language's code
AS_IN_APP = "app"


class ChooseMyLanguage(CallbackData, prefix="tml"):
    """Speak a language with whoever presses."""

    code: str = Field(max_length=8)


class CheckFirstChannel(CallbackData, prefix="fc"):
    """Connect a channel whose rights were missing."""

    chat_id: int = Field(ge=CHANNEL_ID_LOWEST, le=-1)


class TeamPage(CallbackData, prefix="tmp"):
    """Show a page of the team."""

    page: int = Field(default=0, ge=0, le=PAGE_MAX)


class MemberAction(StrEnum):
    SHOW = "show"
    #: ask which role
    ROLE = "role"
    REMOVE = "rm"
    REMOVE_CONFIRMED = "rmyes"


class MemberButton(CallbackData, prefix="tm"):
    """Do something with a member."""

    act: MemberAction
    user_id: int = Field(ge=1, le=USER_ID_MAX)


class RoleButton(CallbackData, prefix="tr"):
    """Give a member a role; an owner's is confirmed first."""

    role: Role
    user_id: int = Field(ge=1, le=USER_ID_MAX)
    is_confirmed: bool = False


class AddMember(CallbackData, prefix="ta"):
    """Choose somebody in Telegram."""


class AskInvitation(CallbackData, prefix="til"):
    """Ask for the role of an invitation. `user_id`: whom it is for, 0 for whoever opens it first."""

    user_id: int = Field(default=0, ge=0, le=USER_ID_MAX)


class Invite(CallbackData, prefix="ti"):
    """Make an invitation."""

    role: Role
    user_id: int = Field(default=0, ge=0, le=USER_ID_MAX)


class InvitationButton(CallbackData, prefix="tc"):
    """Show an open invitation, or cancel it. `key`: the beginning of its fingerprint."""

    key: str = Field(min_length=KEY_LENGTH, max_length=KEY_LENGTH)
    cancels: bool = False


class EndMySessions(CallbackData, prefix="tse"):
    """End every session of the admin page of whoever presses."""


class Activity(CallbackData, prefix="tal"):
    """Show what the team did, the latest first. `day`: `20261130`; "" and 0 for all."""

    page: int = Field(default=0, ge=0, le=PAGE_MAX)
    who: int = Field(default=0, ge=0, le=USER_ID_MAX)
    area: str = Field(default="", max_length=12)
    day: Day = ""


class ActivityChoice(StrEnum):
    WHO = "who"
    AREA = "area"
    DAY = "day"
    CSV = "csv"


class ChooseActivity(CallbackData, prefix="tac"):
    """Ask whose, which or which day's activity is shown; or send it as a file."""

    what: ActivityChoice
    who: int = Field(default=0, ge=0, le=USER_ID_MAX)
    area: str = Field(default="", max_length=12)
    day: Day = ""
