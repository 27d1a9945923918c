"""The command lists of the admin bot: one sentence for everybody, and the commands of each role in its chat."""

from aiogram.types import BotCommand

from admin_bot.section_rights import COMMANDS
from core.team.admins import Role
from core.team.rights import may

#: in FRONT's order; every other command is answered as well
_SHOWN = {
    "menu": "Everything at a glance",
    "new": "A new post",
    "posts": "Find, change and remove posts",
    "schedule": "What is published next",
    "broadcast": "One message to many subscribers",
    "subscribers": "Find a subscriber",
    "stats": "Numbers and charts",
    "settings": "What can be changed",
    "help": "What I can do",
    "cancel": "Stop what I am waiting for",
}


def for_everybody(user_bot_username: str) -> list[BotCommand]:
    """Return the list strangers see."""
    return [BotCommand(command="start", description=f"For the owners of @{user_bot_username}")]


def for_role(role: Role) -> list[BotCommand]:
    """Return what a member of the team sees: only what the role may do."""
    return [BotCommand(command=name, description=words) for name, words in _SHOWN.items() if may(role, COMMANDS[name])]
