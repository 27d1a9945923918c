"""What each section and command of the admin bot needs. One that is not in a table is for owners only."""

from core.team.admins import Role
from core.team.first_hour import Step
from core.team.rights import Right, may
from views.navigation import Section

#: by the name of the router that holds the handler
SECTIONS: dict[str, Right] = {
    "admin claim": Right.CLAIM,
    "admin joining": Right.CLAIM,
    "admin team": Right.TEAM,
    "admin invitations": Right.TEAM,
    "admin activity": Right.TEAM,
    "admin language": Right.ENTER,
    # each their own
    "admin sessions": Right.ENTER,
    # whoever sends a key must see it deleted
    "admin pasted keys": Right.ENTER,
    "admin shortener answers": Right.SHORTENERS,
    "admin channel adding": Right.CHANNELS,
    "admin setup": Right.STORAGE,
    "admin first hour": Right.CHANNELS,
    "admin broadcast message": Right.BROADCASTS,
    "admin broadcast composing": Right.BROADCASTS,
    "admin broadcast answers": Right.BROADCASTS,
    "admin batch": Right.POSTS,
    "admin card answers": Right.POSTS,
    "admin channel answers": Right.CHANNELS,
    "admin settings": Right.SETTINGS,
    "admin setting answers": Right.SETTINGS,
    "admin people answers": Right.SUBSCRIBERS,
    "admin people messages": Right.SUBSCRIBERS,
    "admin people picking": Right.SUBSCRIBERS,
    "admin people list": Right.SUBSCRIBERS,
    "admin people card": Right.SUBSCRIBERS,
    "admin people bans": Right.SUBSCRIBERS,
    "admin people gifts": Right.SUBSCRIBERS,
    "admin post list": Right.POSTS,
    "admin card": Right.POSTS,
    "admin channels": Right.CHANNELS,
    "admin broadcast progress": Right.BROADCASTS,
    "admin jobs": Right.JOBS,
    "admin system": Right.JOBS,
    "admin export": Right.EXPORT,
    "admin import": Right.IMPORT,
    "admin old links": Right.IMPORT,
    "admin shortener drafts": Right.SHORTENERS,
    "admin shorteners": Right.SHORTENERS,
    "admin post statistics": Right.POST_STATISTICS,
    "admin statistics": Right.STATISTICS,
    "admin backup": Right.BACKUP_NOW,
    "admin posting": Right.POSTS,
    "admin publishing": Right.POSTS,
    "admin publishing confirmations": Right.POSTS,
    "admin publishing answers": Right.POSTS,
    "admin publishing channels": Right.CHANNELS,
    "admin announcements": Right.POSTS,
    "admin announcement times": Right.POSTS,
    "admin schedule": Right.POSTS,
    "admin slots": Right.POSTS,
    "admin default cover": Right.SETTINGS,
    "admin renewal": Right.RENEW_BUTTONS,
    "admin maintenance": Right.MAINTENANCE,
    "admin bots": Right.BOTS,
    "admin menu": Right.ENTER,
    "admin undo": Right.ENTER,
    "admin old buttons": Right.ENTER,
}
#: by the command; whatever else is typed with a slash is answered to everybody in the team
COMMANDS: dict[str, Right] = {
    "start": Right.ENTER,
    "menu": Right.ENTER,
    "help": Right.ENTER,
    "cancel": Right.ENTER,
    "language": Right.ENTER,
    "new": Right.POSTS,
    "post": Right.POSTS,
    "batch": Right.POSTS,
    "posts": Right.POSTS,
    "schedule": Right.POSTS,
    "broadcast": Right.BROADCASTS,
    "channels": Right.CHANNELS,
    "subscribers": Right.SUBSCRIBERS,
    "user": Right.SUBSCRIBERS,
    "grant": Right.SUBSCRIBERS,
    "ban": Right.SUBSCRIBERS,
    "unban": Right.SUBSCRIBERS,
    "settings": Right.SETTINGS,
    "set": Right.SETTINGS,
    "stats": Right.POST_STATISTICS,
    "jobs": Right.JOBS,
    "backup": Right.BACKUP_NOW,
    "admin": Right.PAGE,
    "team": Right.TEAM,
    "admins": Right.TEAM,
}
#: the router whose handlers are commands
COMMANDS_ROUTER = "admin commands"


#: what opening a section of the Menu needs
_MENU_RIGHTS: dict[Section, Right] = {
    Section.POSTS: Right.POSTS,
    Section.SCHEDULE: Right.POSTS,
    Section.BROADCASTS: Right.BROADCASTS,
    Section.SUBSCRIBERS: Right.SUBSCRIBERS,
    Section.CHANNELS: Right.CHANNELS,
    Section.STATISTICS: Right.POST_STATISTICS,
    Section.SETTINGS: Right.SETTINGS,
    Section.SYSTEM: Right.JOBS,
    Section.TEAM: Right.TEAM,
    Section.OLD_LINKS: Right.IMPORT,
    Section.IMPORT: Right.IMPORT,
}
STEP_RIGHTS: dict[Step, Right] = {
    Step.STORAGE: Right.STORAGE,
    Step.CHANNEL: Right.CHANNELS,
    Step.PUBLISH: Right.POSTS,
}


def hidden_sections(role: Role) -> frozenset[Section]:
    """Return the sections the Menu leaves out for a role."""
    return frozenset(section for section, right in _MENU_RIGHTS.items() if not may(role, right))


def right_of(router: str, command: str | None) -> Right:
    """Return what a handler of `router` needs; of a command's handler, what `command` needs, None for an unknown one.

    TEAM, which only owners have, for whatever names no right.
    """
    if router != COMMANDS_ROUTER:
        return SECTIONS.get(router, Right.TEAM)
    return Right.ENTER if command is None else COMMANDS.get(command, Right.TEAM)
