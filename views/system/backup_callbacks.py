"""Callback data of /backup."""

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData


class BackupAction(StrEnum):
    SHOW = "show"
    RUN = "run"


class BackupButton(CallbackData, prefix="bk"):
    """Refresh the screen, or request another backup."""

    act: BackupAction
