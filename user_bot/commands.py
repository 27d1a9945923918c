"""The user bot's menu; /token and /stop_news are answered as well."""

from aiogram.types import BotCommand

from views.language import _


def commands() -> list[BotCommand]:
    """Return the commands with their descriptions in the language spoken now."""
    return [
        BotCommand(command="start", description=_("Begin")),
        BotCommand(command="me", description=_("What I have")),
        BotCommand(command="unlock", description=_("Unlock posts")),
        BotCommand(command="news", description=_("News from the owner")),
        BotCommand(command="language", description=_("Language")),
        BotCommand(command="privacy", description=_("What I keep about you")),
        BotCommand(command="help", description=_("How this works")),
    ]
