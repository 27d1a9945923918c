"""The command lists of the admin bot: one sentence for everybody, and the commands of each role in its chat."""

from aiogram.types import BotCommand

from admin_bot.section_rights import COMMANDS
from core.team.admins import Role
from core.team.rights import may
from views.admin_texts import command_words, for_the_owners


def for_everybody(user_bot_username: str) -> list[BotCommand]:
    """Return the list strangers see."""
    return [BotCommand(command="start", description=for_the_owners(user_bot_username))]


def for_role(role: Role) -> list[BotCommand]:
    """Return what a member of the team sees: only what the role may do."""
    shown = command_words().items()
    return [BotCommand(command=name, description=words) for name, words in shown if may(role, COMMANDS[name])]
