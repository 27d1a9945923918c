"""Buttons of a subscriber's screen. Back is in the last row."""

from datetime import datetime

from aiogram.types import InlineKeyboardMarkup

from core.users import User, is_banned
from views.buttons import button, keyboard
from views.people.callbacks import SubscriberAction, SubscriberButton


def _act(act: SubscriberAction, user_id: int) -> str:
    return SubscriberButton(act=act, user_id=user_id).pack()


def subscriber(user: User, now: datetime, *, may_ban: bool) -> InlineKeyboardMarkup | None:
    """Return the buttons below a subscriber's screen; None if nothing can be done."""
    if is_banned(user, now):
        return keyboard([button("Unban", _act(SubscriberAction.UNBAN, user.user_id))])
    return keyboard([button("Ban", _act(SubscriberAction.BAN, user.user_id))]) if may_ban else None


def confirm_ban(user_id: int) -> InlineKeyboardMarkup:
    return keyboard(
        [button(f"Ban {user_id}", _act(SubscriberAction.BAN_CONFIRMED, user_id))],
        [button("Back", _act(SubscriberAction.SHOW, user_id))],
    )


def confirm_unban(user_id: int) -> InlineKeyboardMarkup:
    return keyboard(
        [button(f"Unban {user_id}", _act(SubscriberAction.UNBAN_CONFIRMED, user_id))],
        [button("Back", _act(SubscriberAction.SHOW, user_id))],
    )
