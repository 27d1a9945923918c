"""Buttons of a subscriber's card."""

from datetime import datetime

from core.users import User, is_banned
from views.buttons import DANGER, Row, button
from views.people.callbacks import SubscriberAction, SubscriberButton
from views.screens import Parent


def _act(act: SubscriberAction, user_id: int) -> str:
    return SubscriberButton(act=act, user_id=user_id).pack()


def to_card(user_id: int) -> Parent:
    """Return a subscriber's card as the parent of a screen."""
    return Parent(str(user_id), _act(SubscriberAction.SHOW, user_id))


def subscriber(user: User, now: datetime, *, may_ban: bool) -> tuple[Row, ...]:
    if is_banned(user, now):
        return ([button("Unban", _act(SubscriberAction.UNBAN, user.user_id))],)
    return ([button("Ban", _act(SubscriberAction.BAN, user.user_id))],) if may_ban else ()


def confirm_ban(user_id: int) -> tuple[Row, ...]:
    return ([button(f"Ban {user_id}", _act(SubscriberAction.BAN_CONFIRMED, user_id), style=DANGER)],)


def confirm_unban(user_id: int) -> tuple[Row, ...]:
    return ([button(f"Unban {user_id}", _act(SubscriberAction.UNBAN_CONFIRMED, user_id))],)
