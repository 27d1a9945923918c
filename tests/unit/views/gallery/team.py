"""The team: the list, cards, roles, invitations, activity."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.settings import FIELDS
from core.team.admins import Member, Role
from core.team.invitations import INVITED_ROLES, Invitation
from core.team.sessions import SignInWay
from tests.unit.views.gallery import LONG_NAME
from views.links import invitation_link
from views.team import activity, members, sign_ins
from views.team.action_words import ACTIONS
from views.team.activity_table import Line
from views.team.callbacks import PAGE_MAX, USER_ID_MAX, Activity

_NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
_ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
_MEMBERS = [
    Member(USER_ID_MAX - number, role, LONG_NAME if number % 2 else "", USER_ID_MAX, _NOW, is_configured=number == 0)
    for number, role in enumerate([*Role] * 4)
]
_INVITATIONS = [
    Invitation(
        fingerprint="f" * 64,
        role=role,
        user_id=user_id,
        name=LONG_NAME,
        invited_by=USER_ID_MAX,
        expires_at=_NOW + timedelta(hours=24),
    )
    for role in INVITED_ROLES
    for user_id in (None, USER_ID_MAX)
]
_NAMES = {one.user_id: one.name for one in _MEMBERS}
_LONGEST = Activity(page=PAGE_MAX, who=USER_ID_MAX, area="announcement", day="20261130")
_SETTING = max(FIELDS, key=lambda field: len(field.label)).name
_LINES = {
    action: [Line(_NOW, USER_ID_MAX - 1, action, _SETTING, "b" * 99, "a" * 99)] * activity.PAGE
    for action in (*ACTIONS, "an action of another version")
}

SCREENS = {
    "empty": members.team_screen([], [], 3),
    **{f"team {page}": members.team_screen(_MEMBERS, _INVITATIONS, page) for page in (0, 1, 3)},
    **{f"member {one.user_id}": members.member_screen(one, LONG_NAME[:30], _NOW, _ZONE) for one in _MEMBERS[:4]},
    "roles": members.roles_screen(_MEMBERS[1]),
    "owner": members.confirm_owner(_MEMBERS[1]),
    "removal": members.confirm_removal(_MEMBERS[1]),
    "invited role": members.ask_invited_role(USER_ID_MAX, LONG_NAME),
    "link role": members.ask_invited_role(0, ""),
    **{
        f"made {number}": members.invitation_made(one, invitation_link("b" * 32, "x" * 32))
        for number, one in enumerate(_INVITATIONS)
    },
    **{
        f"invitation {number}": members.invitation_screen(one, LONG_NAME[:30], _NOW, _ZONE)
        for number, one in enumerate(_INVITATIONS)
    },
    **{
        f"activity {action}": activity.activity_screen(
            lines, _LONGEST, _NAMES, _NOW + timedelta(days=9), _ZONE, more=True
        )
        for action, lines in _LINES.items()
    },
    **{
        f"signed in {way}": sign_ins.signed_in(way, "Samsung Internet, Android", _NOW, _ZONE, _NOW + timedelta(days=9))
        for way in SignInWay
    },
    "sessions ended": sign_ins.sessions_ended(),
    "no activity": activity.activity_screen([], Activity(), _NAMES, _NOW, _ZONE, more=False),
    "who": activity.choose_who(_LONGEST, _MEMBERS),
    "area": activity.choose_area(_LONGEST),
    "day": activity.choose_day(_LONGEST, _NOW, _ZONE),
}
