"""Buttons of the user bot under deliveries and answers."""

from aiogram.types import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup

from core.access import Price
from views.html import bare, cut
from views.language import _
from views.subscribers.callbacks import (
    AskLanguage,
    Close,
    GetAgain,
    GetAgainFree,
    SendAgain,
    SetNews,
    ShowMe,
    UnlockMore,
)
from views.subscribers.privacy_callbacks import OpenPrivacy

#: characters of a button on a row of its own (`views.screen_limits`)
_WIDE = 40


def try_again(code: str) -> InlineKeyboardMarkup:
    """Return a button that delivers the post, and one that deletes the message."""
    return _with_close(InlineKeyboardButton(text=_("Try again"), callback_data=GetAgain(code=code).pack()))


def get_again(code: str, price: Price = Price.UNKNOWN) -> InlineKeyboardMarkup:
    """Return a button that delivers the post, with what it costs, and one that deletes the message."""
    if price is Price.FREE:
        button = InlineKeyboardButton(text=_("Get it again · free"), callback_data=GetAgainFree(code=code).pack())
    else:
        text = _("Get it again · 1 credit") if price is Price.CREDIT else _("Get it again")
        button = InlineKeyboardButton(text=text, callback_data=GetAgain(code=code).pack())
    return _with_close(button)


def get_it_then(code: str) -> InlineKeyboardMarkup:
    """Return a button that delivers the post when the maintenance is over, and one that deletes the message."""
    return _with_close(InlineKeyboardButton(text=_("Get it then"), callback_data=GetAgain(code=code).pack()))


def _with_close(button: InlineKeyboardButton) -> InlineKeyboardMarkup:
    close = InlineKeyboardButton(text=_("Close"), callback_data=Close().pack())
    return InlineKeyboardMarkup(inline_keyboard=[[button], [close]])


def send_again(code: str) -> InlineKeyboardMarkup:
    """Return a button that delivers the post anew and deletes the copy that is there."""
    button = InlineKeyboardButton(text=_("Send it again"), callback_data=SendAgain(code=code).pack())
    return InlineKeyboardMarkup(inline_keyboard=[[button]])


def under_delivery(password: str | None, *, is_last_credit: bool) -> InlineKeyboardMarkup | None:
    """Return buttons that copy the password of an archive, and get more credits; None without either."""
    rows = []
    if password is not None:
        rows.append([InlineKeyboardButton(text=_("Copy password"), copy_text=CopyTextButton(text=password))])
    if is_last_credit:
        rows.append([InlineKeyboardButton(text=_("Unlock more"), callback_data=UnlockMore().pack())])
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None


def welcome(channel: str, address: str | None) -> InlineKeyboardMarkup:
    """Return the channel that posts are announced in, if it has an address, and what the subscriber has."""
    rows = []
    if address:
        rows.append([InlineKeyboardButton(text=cut(bare(channel), _WIDE), url=address)])
    rows.append([InlineKeyboardButton(text=_("What I have"), callback_data=ShowMe().pack())])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def me(*, can_unlock: bool, has_news: bool) -> InlineKeyboardMarkup:
    """Return the buttons of /me. `has_news`: broadcasts are on."""
    rows = []
    if can_unlock:
        rows.append([InlineKeyboardButton(text=_("Unlock"), callback_data=UnlockMore().pack())])
    news = _("News: on") if has_news else _("News: off")
    rows.append([InlineKeyboardButton(text=news, callback_data=SetNews(on=not has_news).pack())])
    language = InlineKeyboardButton(text=_("Language"), callback_data=AskLanguage().pack())
    rows.append([language, InlineKeyboardButton(text=_("Privacy"), callback_data=OpenPrivacy().pack())])
    return InlineKeyboardMarkup(inline_keyboard=rows)
