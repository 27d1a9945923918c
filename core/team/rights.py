"""What each role may do: one table."""

from enum import StrEnum

from core.team.admins import Role


class Right(StrEnum):
    """A kind of action. Sections of the admin bot, its commands and the admin page name the one they need."""

    #: the menu, help, cancel: whoever is in the team
    ENTER = "enter"
    #: become the owner by the printed link: anyone
    CLAIM = "claim"
    #: make, change, publish and schedule posts, and take down one's own
    POSTS = "posts"
    TAKE_DOWN_ANY = "take down any"
    POST_STATISTICS = "post statistics"
    STATISTICS = "statistics"
    BROADCASTS = "broadcasts"
    #: subscribers and gifts
    SUBSCRIBERS = "subscribers"
    CHANNELS = "channels"
    SETTINGS = "settings"
    EXPORT = "export"
    JOBS = "jobs"
    BACKUP_NOW = "backup now"
    #: the admin page; each view of it needs a right of its own
    PAGE = "page"
    TEAM = "team"
    SHORTENERS = "shorteners"
    STORAGE = "storage"
    BOTS = "bots"
    MAINTENANCE = "maintenance"
    IMPORT = "import"
    RENEW_BUTTONS = "renew buttons"


_EVERYBODY = frozenset(Role)
_OPERATORS = frozenset({Role.OWNER, Role.MANAGER})
_OWNERS = frozenset({Role.OWNER})

ROLES: dict[Right, frozenset[Role]] = {
    Right.ENTER: _EVERYBODY,
    Right.CLAIM: _EVERYBODY,
    Right.POSTS: _EVERYBODY,
    Right.POST_STATISTICS: _EVERYBODY,
    Right.TAKE_DOWN_ANY: _OPERATORS,
    Right.STATISTICS: _OPERATORS,
    Right.BROADCASTS: _OPERATORS,
    Right.SUBSCRIBERS: _OPERATORS,
    Right.CHANNELS: _OPERATORS,
    Right.SETTINGS: _OPERATORS,
    Right.EXPORT: _OPERATORS,
    Right.JOBS: _OPERATORS,
    Right.BACKUP_NOW: _OPERATORS,
    Right.PAGE: _EVERYBODY,
    Right.TEAM: _OWNERS,
    Right.SHORTENERS: _OWNERS,
    Right.STORAGE: _OWNERS,
    Right.BOTS: _OWNERS,
    Right.MAINTENANCE: _OWNERS,
    Right.IMPORT: _OWNERS,
    Right.RENEW_BUTTONS: _OWNERS,
}


def may(role: Role | None, right: Right) -> bool:
    """Return whether a role may do it; nobody without a role may do anything but claim the bots."""
    return right is Right.CLAIM if role is None else role in ROLES[right]


def may_take_down(role: Role | None, user_id: int, created_by: int) -> bool:
    """Return whether a post may be taken down or removed: any by owners and managers, one's own by editors."""
    return may(role, Right.TAKE_DOWN_ANY) or (may(role, Right.POSTS) and user_id == created_by)
