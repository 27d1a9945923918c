"""Bodies of the API's requests and answers about the team and what it did."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from core.team.admins import Role
from core.team.sessions import SignInWay

#: letters of an invitation's fingerprint that name it, as on the bot's buttons
KEY_LENGTH = 16


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class TeamMember(_Answer):
    user_id: int
    name: str
    role: Role
    added_by: str = Field(description='the name of who let them in, or their id; "": nobody of the team')
    added_at: datetime | None
    is_configured: bool = Field(description="an owner by the configuration of the server, which alone changes that")


class OpenInvitation(_Answer):
    key: str
    role: Role
    name: str = Field(description='whom it is for; "": whoever opens it first')
    invited_by: str
    expires_at: datetime


class TeamList(_Answer):
    members: list[TeamMember]
    invitations: list[OpenInvitation]


class ListedSession(_Answer):
    key: str = Field(description="names it; opens nothing")
    user_id: int
    name: str
    way: SignInWay
    device: str = Field(description='browser and system, "" when neither is known')
    signed_in_at: datetime
    ends_at: datetime
    is_this: bool = Field(description="the session that asks")


class SessionList(_Answer):
    sessions: list[ListedSession]


class RoleRequest(_Body):
    """A role for a member; `seen`: the one that was shown."""

    role: Role
    seen: Role


class InviteRequest(_Body):
    role: Role = Field(description="manager or editor: an owner is made of a member")


class MadeInvitation(_Answer):
    key: str
    link: str
    role: Role
    expires_at: datetime


class Action(_Answer):
    at: datetime
    user_id: int
    name: str
    text: str = Field(description="what was done, in words")


class Actions(_Answer):
    """One page, the latest first."""

    rows: list[Action]
    page: int
    more: bool
    people: dict[str, str] = Field(description="names of the members by id, to choose from")
    areas: dict[str, str] = Field(description="kinds of actions and their names, in order, to choose from")
