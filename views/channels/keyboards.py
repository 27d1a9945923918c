"""Buttons of the channels to join. Back is in the last row."""

from collections.abc import Sequence

from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    KeyboardButtonRequestChat,
    ReplyKeyboardMarkup,
)

from core.subscriptions import Channel, ChannelMode, OnError
from views.buttons import Row, button, keyboard, rights
from views.channels.callbacks import AddChannel, AskChannel, ChannelAction, ChannelButton, ChannelList
from views.channels.texts import PICK_CHANNEL_BUTTON, PICK_GROUP_BUTTON
from views.html import bare, cut
from views.links import add_to_channel_link
from views.storage.rights import Lack

#: identify the answers to the chat pickers; 1 is the picker of the storage channel
CHANNEL_REQUEST_ID, GROUP_REQUEST_ID = 2, 3
#: rights requested for the user bot in a channel to join: any shows the members, this one makes the invite link
USER_BOT_RIGHTS = ("invite_users",)
#: channels on one page of the list
PAGE = 8


def page_of(place: int) -> int:
    """Return the page of the list for a place in the order."""
    return place // PAGE


def channel_list(channels: Sequence[Channel], page: int) -> InlineKeyboardMarkup:
    """Return one button per channel, then the pages, then adding."""
    first = page * PAGE
    entries: list[Row] = [
        [button(f"{number} · {_entry(channel)}", _act(ChannelAction.OPEN, channel))]
        for number, channel in enumerate(channels[first : first + PAGE], start=first + 1)
    ]
    turning: Row = [button("‹ Prev", ChannelList(page=page - 1).pack())] if page else []
    turning.append(button("Refresh", ChannelList(page=page).pack()))
    if len(channels) > first + PAGE:
        turning.append(button("Next ›", ChannelList(page=page + 1).pack()))
    return keyboard(*entries, turning, [button("Add a channel", AskChannel().pack())])


def _entry(channel: Channel) -> str:
    state = " (broken)" if channel.broken_since else " (paused)" if channel.is_paused else ""
    return cut(bare(channel.name).strip() or "untitled", 40) + state


def _act(act: ChannelAction, channel: Channel, place: int = 0) -> str:
    return ChannelButton(act=act, chat_id=channel.chat_id, place=place).pack()


def channel(one: Channel, place: int, of_all: int) -> InlineKeyboardMarkup:
    """Return the buttons below a channel's screen. `place`: in the order, from 0."""

    def act(text: str, action: ChannelAction) -> InlineKeyboardButton:
        return button(text, _act(action, one, place))

    if one.mode is ChannelMode.JOIN:
        mode = act("Let requests count as joined", ChannelAction.REQUESTS_COUNT)
    else:
        mode = act("Let members only count as joined", ChannelAction.MEMBERS_ONLY)
    if one.on_error is OnError.OPEN:
        on_error = act("On errors: keep people out", ChannelAction.KEEP_OUT)
    else:
        on_error = act("On errors: let people pass", ChannelAction.LET_IN)
    moving = [act("Move up", ChannelAction.UP)] if place > 0 else []
    moving += [act("Move down", ChannelAction.DOWN)] if place + 1 < of_all else []
    pause = act("Resume", ChannelAction.RESUME) if one.is_paused else act("Pause", ChannelAction.PAUSE)
    return keyboard(
        [mode],
        [on_error],
        [pause, act("Label", ChannelAction.LABEL)],
        moving,
        [act("Check", ChannelAction.CHECK), act("New link", ChannelAction.NEW_LINK)],
        [act("Remove", ChannelAction.REMOVE)],
        [button("Back", ChannelList(page=page_of(place)).pack())],
    )


def back_to(one: Channel) -> InlineKeyboardMarkup:
    """Return the buttons below a question about a channel: leads back to it."""
    return keyboard(_back_to(one))


def _back_to(one: Channel) -> Row:
    return [button("Back", _act(ChannelAction.OPEN, one))]


def confirm_remove(one: Channel) -> InlineKeyboardMarkup:
    name = cut(bare(one.name).strip() or "it", 40)
    return keyboard([button(f"Remove {name}", _act(ChannelAction.REMOVE_CONFIRMED, one))], _back_to(one))


def back_to_list() -> InlineKeyboardMarkup:
    return keyboard(_list_row())


def _list_row() -> Row:
    return [button("Back", ChannelList().pack())]


def lacking_to_add(chat_id: int, username: str, lacks: Sequence[Lack], *, is_group: bool) -> InlineKeyboardMarkup:
    """Give the user bot the missing right, then add the channel."""
    again = button("Check again", AddChannel(chat_id=chat_id, is_group=is_group).pack())
    return keyboard(_add_row(username, lacks, is_group=is_group), [again], _list_row())


def lacking(one: Channel, username: str, lacks: Sequence[Lack], *, is_group: bool) -> InlineKeyboardMarkup:
    """Give the user bot the missing right, then check the channel."""
    again = button("Check again", _act(ChannelAction.CHECK, one))
    return keyboard(_add_row(username, lacks, is_group=is_group), [again], _back_to(one))


def _add_row(username: str, lacks: Sequence[Lack], *, is_group: bool) -> Row:
    if set(lacks) <= {Lack.UNKNOWN}:
        return []
    what, link = "channel", add_to_channel_link(username, USER_BOT_RIGHTS)
    if is_group:
        what, link = "group", link.replace("?startchannel&", "?startgroup&")
    return [InlineKeyboardButton(text=f"Add @{username} to the {what}", url=link)]


def pick_channel() -> ReplyKeyboardMarkup:
    """Show Telegram's chat pickers for channels and groups. The user bot has to be a member, this bot need not."""
    return ReplyKeyboardMarkup(
        keyboard=[
            [_picker(PICK_CHANNEL_BUTTON, CHANNEL_REQUEST_ID, is_channel=True)],
            [_picker(PICK_GROUP_BUTTON, GROUP_REQUEST_ID, is_channel=False)],
        ],
        resize_keyboard=True,
        one_time_keyboard=True,
    )


def _picker(text: str, request_id: int, *, is_channel: bool) -> KeyboardButton:
    request = KeyboardButtonRequestChat(
        request_id=request_id,
        chat_is_channel=is_channel,
        # the admin must be able to make the user bot an administrator there
        user_administrator_rights=rights(("promote_members", *USER_BOT_RIGHTS)),
        request_title=True,
        request_username=True,
    )
    return KeyboardButton(text=text, request_chat=request)
