"""Callback data of the screens of both bots. Clients can forge it: what is saved was typed before."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData

from core.bots.texts import Part


class Which(StrEnum):
    """One of both bots. A closed list."""

    USER = "u"
    ADMIN = "a"


class BotButton(CallbackData, prefix="bot"):
    """Show what a bot shows of itself."""

    which: Which


class AskPart(CallbackData, prefix="bota"):
    """Ask for a part of it."""

    which: Which
    part: Part


class SavePart(CallbackData, prefix="bots"):
    """Set the part that was sent, which is stored with the conversation."""

    which: Which
    part: Part


class RemovePicture(CallbackData, prefix="botr"):
    """Ask whether a bot loses its picture."""

    which: Which
