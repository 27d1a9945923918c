"""Callback data of /privacy."""

from aiogram.filters.callback_data import CallbackData


class OpenPrivacy(CallbackData, prefix="privacy"):
    """Show what is kept."""


class CopyMyData(CallbackData, prefix="mydata"):
    """Send a file of everything that is kept."""


class AskToErase(CallbackData, prefix="erase"):
    """Ask whether everything is to be deleted."""


class EraseMe(CallbackData, prefix="erased"):
    """Delete everything."""
