"""Buttons of the gate: channels to join, unlocking."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from core.subscriptions import Channel, ChannelMode
from views.html import bare, cut
from views.subscribers.callbacks import GetAgain, Joined, NewLink

#: the number of channels from which on a row has two buttons
_TWO_IN_A_ROW = 6
#: characters of a channel's name on a button
_NAME_MAX = 32


def channels_to_join(code: str, channels: Sequence[Channel]) -> InlineKeyboardMarkup:
    """Return one button per channel, and one to check that all are joined."""
    buttons = [InlineKeyboardButton(text=_label(channel), url=channel.invite_link) for channel in channels]
    width = 2 if len(buttons) >= _TWO_IN_A_ROW else 1
    rows = [buttons[start : start + width] for start in range(0, len(buttons), width)]
    done = InlineKeyboardButton(text="I have joined", callback_data=Joined(code=code).pack())
    return InlineKeyboardMarkup(inline_keyboard=[*rows, [done]])


def _label(channel: Channel) -> str:
    name = cut(bare(channel.name), _NAME_MAX)
    return f"Ask to join {name}" if channel.mode is ChannelMode.REQUEST else f"Join {name}"


def verify(link: str, how_to: str | None) -> InlineKeyboardMarkup:
    """Return the unlock link, and the owner's explanation if there is one."""
    rows = [[InlineKeyboardButton(text="Unlock", url=link)]]
    if how_to:
        rows.append([InlineKeyboardButton(text="How it works", url=how_to)])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def new_link(code: str | None) -> InlineKeyboardMarkup:
    """Return a new unlock link, for the same post if there is one."""
    button = InlineKeyboardButton(text="New link", callback_data=NewLink(code=code or "").pack())
    return InlineKeyboardMarkup(inline_keyboard=[[button]])


def get_it(code: str) -> InlineKeyboardMarkup:
    """Deliver the post that waited for the unlock."""
    return InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text="Get the post", callback_data=GetAgain(code=code).pack())]]
    )
