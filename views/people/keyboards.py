"""Buttons of a subscriber's screen. Back always stands in the last row."""

from datetime import datetime

from aiogram.types import InlineKeyboardMarkup

from core.users import User, is_banned
from views.admin_buttons import button, keyboard
from views.people.callbacks import PersonAction, PersonButton


def _act(act: PersonAction, user_id: int) -> str:
    return PersonButton(act=act, user_id=user_id).pack()


def person(user: User, now: datetime, *, may_ban: bool) -> InlineKeyboardMarkup | None:
    """Under a person's screen; None when nothing can be done."""
    if is_banned(user, now):
        return keyboard([button("Unban", _act(PersonAction.UNBAN, user.user_id))])
    return keyboard([button("Ban", _act(PersonAction.BAN, user.user_id))]) if may_ban else None


def confirm_ban(user_id: int) -> InlineKeyboardMarkup:
    return keyboard(
        [button(f"Ban {user_id}", _act(PersonAction.BAN_SURE, user_id))],
        [button("Back", _act(PersonAction.SHOW, user_id))],
    )


def confirm_unban(user_id: int) -> InlineKeyboardMarkup:
    return keyboard(
        [button(f"Unban {user_id}", _act(PersonAction.UNBAN_SURE, user_id))],
        [button("Back", _act(PersonAction.SHOW, user_id))],
    )
