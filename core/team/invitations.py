"""Invitations to the team: one use, for one person or for whoever opens it first."""

from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from pydantic import Field

from core.records import Record
from core.team.admins import Role

#: how long an invitation can be used
INVITATION_HOLDS_FOR = timedelta(hours=24)
#: an owner is made of a member, never by a link: whoever gets hold of one could take the bots over
INVITED_ROLES = (Role.MANAGER, Role.EDITOR)


class Invitation(Record):
    """A stored invitation. Times are aware UTC."""

    #: of the link's token, which is stored nowhere
    fingerprint: str = Field(repr=False)
    role: Role
    #: for whom; None: whoever opens it first
    user_id: int | None = None
    name: str = ""
    invited_by: int
    expires_at: datetime
    #: who opened it
    used_by: int | None = None


class JoinOutcome(StrEnum):
    """What opening an invitation did."""

    JOINED = "joined"
    #: a member already; the invitation stays
    IS_MEMBER = "is member"
    #: it is for somebody else
    NOT_YOURS = "not yours"
    USED = "used"
    EXPIRED = "expired"
    #: no invitation of ours, or one that was cancelled
    UNKNOWN = "unknown"
    BANNED = "banned"


def invitation_fingerprint(token: str) -> str:
    """Return what is stored of an invitation's token. Tokens are random: nobody can find one by trying."""
    return sha256(f"tollgate invitation {token}".encode()).hexdigest()


def judge_invitation(invitation: Invitation | None, user_id: int, role: Role | None, now: datetime) -> JoinOutcome:
    """Return what opening it would do; JOINED when the person may join. `role`: the one they have.

    Exactly at its end an invitation can still be used. Who used it and has no role was interrupted: they join.
    """
    if role is not None:
        return JoinOutcome.IS_MEMBER
    if invitation is None or invitation.role not in INVITED_ROLES:
        return JoinOutcome.UNKNOWN
    if invitation.user_id not in (None, user_id):
        return JoinOutcome.NOT_YOURS
    if invitation.used_by not in (None, user_id):
        return JoinOutcome.USED
    return JoinOutcome.EXPIRED if invitation.expires_at < now else JoinOutcome.JOINED
