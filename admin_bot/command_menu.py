"""The command menu of the admin bot."""

from aiogram.types import BotCommand

COMMANDS = (
    BotCommand(command="start", description="First steps and the storage channel"),
    BotCommand(command="help", description="What I can do"),
    BotCommand(command="batch", description="Several messages behind one link"),
    BotCommand(command="posts", description="Find, change and remove posts"),
    BotCommand(command="schedule", description="What is published next, and what needs you"),
    BotCommand(command="broadcast", description="One message to all subscribers; /broadcast list shows the last"),
    BotCommand(command="channels", description="Channels to join before a post"),
    BotCommand(command="user", description="What is known of a subscriber: /user ID"),
    BotCommand(command="grant", description="Give credits or days: /grant ID credits N"),
    BotCommand(command="ban", description="Keep somebody out: /ban ID 7d reason"),
    BotCommand(command="unban", description="Let somebody in again: /unban ID"),
    BotCommand(command="stats", description="Numbers and charts of the last days"),
    BotCommand(command="jobs", description="What runs by itself: when, how it went, run now, pause"),
    BotCommand(command="admin", description="A link to the admin page"),
    BotCommand(command="backup", description="Write a backup of the database now"),
    BotCommand(command="settings", description="What can be changed"),
    BotCommand(command="set", description="Change a setting: /set NAME VALUE"),
    BotCommand(command="cancel", description="Stop what I am waiting for"),
)
