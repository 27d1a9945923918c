"""The user bot's menu; /token and /stop_news are answered as well."""

from aiogram.types import BotCommand

COMMANDS = [
    BotCommand(command="start", description="Begin"),
    BotCommand(command="me", description="What I have"),
    BotCommand(command="unlock", description="Unlock posts"),
    BotCommand(command="news", description="News from the owner"),
    BotCommand(command="help", description="How this works"),
]
