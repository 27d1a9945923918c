"""The user bot's menu."""

from aiogram.types import BotCommand

COMMANDS = [
    BotCommand(command="start", description="Begin"),
    BotCommand(command="me", description="What is open for you"),
    BotCommand(command="token", description="A verification link"),
    BotCommand(command="news", description="News from the owner: on"),
    BotCommand(command="stop_news", description="News from the owner: off"),
    BotCommand(command="help", description="How this works"),
]
