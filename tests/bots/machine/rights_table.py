"""What each right may change: collections with their fields, and calls to Telegram. Written from the table of roles.

`admin_config` is one collection of several documents: each counts as a collection of its own.
"""

from collections.abc import Mapping
from typing import Final

from core.team.admins import Role
from core.team.rights import Right, may

#: every field of a document, new documents and lost ones
ALL: Final = frozenset({"*"})
Changes = Mapping[str, frozenset[str]]


def _fields(*names: str) -> frozenset[str]:
    return frozenset(names)


_SESSIONS: Changes = {"revoked_sessions": ALL, "sessions": ALL, "login_codes": ALL}
#: what anybody in the team leaves behind by being there
_PRESENCE: Changes = {
    "admins": _fields("app_language", "language", "name"),
    "audit_log": _fields("+"),
    # the texts of the list of commands that were set last
    "admin_config/shown by": ALL,
    # their own sessions of the page, ended
    **_SESSIONS,
}
_POSTS: Changes = {
    "posts": ALL,
    "announcements": ALL,
    "channels": _fields("slots"),
    "admin_config/first hour": _fields("+", "announced_at"),
    "event_batches": ALL,
}
_CHANNELS: Changes = {
    "channels": ALL,
    "memberships": ALL,
    # those of a channel that is not published to any more are held
    "announcements": ALL,
    "admin_config/channel_numbers": ALL,
    "admin_config/shown by": ALL,
    "admin_config/first hour": ALL,
}
_SETTINGS: Changes = {"admin_config/settings": ALL}

TABLE: Final[Mapping[Right, Changes]] = {
    Right.ENTER: _PRESENCE,
    Right.CLAIM: {},
    Right.POSTS: _POSTS,
    Right.TAKE_DOWN_ANY: {"pending_deletions": ALL},
    Right.POST_STATISTICS: {},
    Right.STATISTICS: {},
    Right.BROADCASTS: {"broadcasts": ALL, "broadcast_recipients": ALL},
    Right.SUBSCRIBERS: {"users": ALL, "gifts": ALL, "gift_claims": ALL, "daily_stats": ALL},
    Right.CHANNELS: _CHANNELS,
    Right.SETTINGS: _SETTINGS,
    Right.EXPORT: {},
    Right.JOBS: {"job_runs": ALL, "job_leases": ALL},
    Right.BACKUP_NOW: {"job_runs": ALL},
    Right.PAGE: {"login_codes": ALL},
    Right.TEAM: {"admins": ALL, "invitations": ALL, "login_codes": ALL, "admin_config/team notices": ALL},
    Right.SHORTENERS: {"shorteners": ALL, "shortener_days": ALL},
    Right.STORAGE: {"admin_config/settings": ALL, "admin_config/first hour": ALL},
    Right.BOTS: {"admin_config/shown by": ALL, "admin_config/settings": ALL},
    Right.MAINTENANCE: {"admin_config/settings": ALL},
    Right.IMPORT: {"imports": ALL, "users": ALL, "admin_config/settings": ALL, "admin_config/import": ALL},
    Right.RENEW_BUTTONS: {"announcements": ALL, "admin_config/button_renewal": ALL},
}

#: settings whose change needs more than the right to change settings
OWNERS_SETTINGS: Final[Mapping[str, Right]] = {
    "storage_channel_id": Right.STORAGE,
    "maintenance_until": Right.MAINTENANCE,
    "old_links_channel": Right.IMPORT,
}

#: opening an invitation, or the link that makes the first owner, with a token that holds
JOINING: Final[Changes] = {
    "admins": ALL,
    "invitations": ALL,
    "audit_log": _fields("+"),
    "admin_config/team notices": ALL,
    "admin_config/shown by": ALL,
}
#: what Telegram tells of rights of our bots is no request, whoever took them away
TOLD_BY_TELEGRAM: Final[Changes] = {
    "channels": _fields("broken_since"),
    "admin_config/settings": _fields("storage_channel_id", "changes"),
    "admin_config/first hour": ALL,
    "audit_log": _fields("+"),
    "announcements": ALL,
    "incidents": ALL,
}

#: calls to Telegram that change something for others, with the rights of which one is needed
CALLS: Final[Mapping[str, frozenset[Right]]] = {
    "SetMyName": frozenset({Right.BOTS}),
    "SetMyProfilePhoto": frozenset({Right.BOTS}),
    "RemoveMyProfilePhoto": frozenset({Right.BOTS}),
    "CreateChatInviteLink": frozenset({Right.CHANNELS}),
    "EditChatInviteLink": frozenset({Right.CHANNELS}),
    "RevokeChatInviteLink": frozenset({Right.CHANNELS}),
    "SendDocument": frozenset({Right.EXPORT, Right.STATISTICS, Right.BACKUP_NOW}),
    "CopyMessages": frozenset({Right.POSTS}),
    "CopyMessage": frozenset({Right.POSTS}),
    "DeleteMessages": frozenset({Right.POSTS}),
}


def allowed(role: Role, collection: str) -> frozenset[str]:
    """Return the fields of a collection that a role may change."""
    return frozenset().union(
        *(changes.get(collection, frozenset()) for right, changes in TABLE.items() if may(role, right))
    )
