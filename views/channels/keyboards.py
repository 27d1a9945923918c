"""Buttons of the channels."""

from collections.abc import Sequence

from aiogram.types import (
    InlineKeyboardButton,
    KeyboardButton,
    KeyboardButtonRequestChat,
    ReplyKeyboardMarkup,
)

from core.subscriptions import Channel, ChannelMode, OnError
from views.buttons import DANGER, Row, button, rights
from views.channels.callbacks import AddChannel, AskChannel, ChannelAction, ChannelButton, ChannelList
from views.html import bare, cut
from views.language import _, pgettext
from views.links import add_to_channel_link
from views.navigation import ConnectChannel
from views.screens import Parent
from views.storage.rights import Lack

#: identify the answers to the chat pickers; 1 is the picker of the storage channel
CHANNEL_REQUEST_ID, GROUP_REQUEST_ID = 2, 3
#: rights requested for the user bot in a channel to join: any shows the members, this one makes the invite link
USER_BOT_RIGHTS = ("invite_users",)
#: channels on one page of the list
PAGE = 5
#: characters of a name on a button beside its state, and on one of its own
_ENTRY_MAX, _NAME_MAX = 19, 30


def pick_channel_button() -> str:
    return _("Choose a channel")


def pick_group_button() -> str:
    return _("Choose a group")


def page_of(place: int) -> int:
    """Return the page of the list for a place in the order."""
    return place // PAGE


def _state(channel: Channel) -> str:
    if channel.broken_since:
        return "⚠"
    return {
        (True, True): _("publish, required"),
        (True, False): pgettext("state of a channel", "publish"),
        (False, True): pgettext("state of a channel", "required"),
        (False, False): pgettext("state of a channel", "off"),
    }[channel.is_published_to, channel.is_joined_for_posts]


def channel_list(channels: Sequence[Channel], page: int) -> tuple[Row, ...]:
    """Return one button per channel, the pages, and connecting."""
    first = page * PAGE
    entries: list[Row] = [
        [button(f"{_named(one, _ENTRY_MAX)} · {_state(one)}", act(ChannelAction.OPEN, one))]
        for one in channels[first : first + PAGE]
    ]
    turning: Row = [button(_("‹ Prev"), ChannelList(page=page - 1).pack())] if page else []
    if len(channels) > first + PAGE:
        turning.append(button(_("Next ›"), ChannelList(page=page + 1).pack()))
    connect: Row = [
        button(_("Connect a channel"), AskChannel().pack()),
        button(_("Connect a group"), AskChannel(is_group=True).pack()),
    ]
    return (*entries, turning, connect)


def _named(channel: Channel, limit: int) -> str:
    return cut(bare(channel.name).strip() or pgettext("channel", "untitled"), limit)


def act(action: ChannelAction, channel: Channel, place: int = 0) -> str:
    """Return the callback data that does something with a channel. `place`: in the order, from 0."""
    return ChannelButton(act=action, chat_id=channel.chat_id, place=place).pack()


def channel(one: Channel, place: int, of_all: int) -> tuple[Row, ...]:
    """Return the buttons of a channel's card. `place`: in the order, from 0."""

    def do(text: str, action: ChannelAction) -> InlineKeyboardButton:
        return button(text, act(action, one, place))

    switches: Row = [_publish_switch(one, place), _required_switch(one, place)]
    if not one.is_watched:
        return (switches, [do(pgettext("button", "Check"), ChannelAction.CHECK), do(_("Remove"), ChannelAction.REMOVE)])
    if one.mode is ChannelMode.JOIN:
        mode = do(_("Counts: members"), ChannelAction.REQUESTS_COUNT)
    else:
        mode = do(_("Counts: members and requests"), ChannelAction.MEMBERS_ONLY)
    if one.on_error is OnError.OPEN:
        on_error = do(_("If I cannot check: let in"), ChannelAction.KEEP_OUT)
    else:
        on_error = do(_("If I cannot check: keep out"), ChannelAction.LET_IN)
    moving: Row = [do(pgettext("in a list", "Up"), ChannelAction.UP)] if place > 0 else []
    moving += [do(pgettext("in a list", "Down"), ChannelAction.DOWN)] if place + 1 < of_all else []
    return (
        switches,
        [mode],
        [on_error],
        [do(_("Button text"), ChannelAction.LABEL), do(pgettext("button", "Check"), ChannelAction.CHECK)],
        moving,
        [do(_("New link"), ChannelAction.NEW_LINK), do(_("Remove"), ChannelAction.REMOVE)],
    )


def _publish_switch(one: Channel, place: int) -> InlineKeyboardButton:
    if one.is_published_to:
        return button(_("Publish here: on"), act(ChannelAction.PUBLISH_OFF, one, place))
    return button(_("Publish here: off"), ConnectChannel(chat_id=one.chat_id).pack())


def _required_switch(one: Channel, place: int) -> InlineKeyboardButton:
    if one.is_joined_for_posts:
        return button(_("Required: on"), act(ChannelAction.PAUSE, one, place))
    if one.invite_link:
        return button(_("Required: off"), act(ChannelAction.RESUME, one, place))
    # never required: the user bot's rights are checked, and it makes a link
    return button(_("Required: off"), AddChannel(chat_id=one.chat_id).pack())


def to_card(one: Channel) -> Parent:
    """Return a channel's card as the parent of a screen."""
    return Parent(_named(one, 16), act(ChannelAction.OPEN, one))


def confirm_remove(one: Channel) -> tuple[Row, ...]:
    name = _named(one, _NAME_MAX)
    return ([button(_("Remove {name}").format(name=name), act(ChannelAction.REMOVE_CONFIRMED, one), style=DANGER)],)


def lacking_to_add(chat_id: int, username: str, lacks: Sequence[Lack], *, is_group: bool) -> tuple[Row, ...]:
    """Give the user bot the missing right, then add the channel."""
    again = button(_("Check again"), AddChannel(chat_id=chat_id, is_group=is_group).pack())
    return (_add_row(username, lacks, is_group=is_group), [again])


def lacking(one: Channel, username: str, lacks: Sequence[Lack], *, is_group: bool) -> tuple[Row, ...]:
    """Give the user bot the missing right, then check the channel."""
    again = button(_("Check again"), act(ChannelAction.CHECK, one))
    return (_add_row(username, lacks, is_group=is_group), [again])


def _add_row(username: str, lacks: Sequence[Lack], *, is_group: bool) -> Row:
    if set(lacks) <= {Lack.UNKNOWN}:
        return []
    link = add_to_channel_link(username, USER_BOT_RIGHTS)
    if is_group:
        link = link.replace("?startchannel&", "?startgroup&")
    return [InlineKeyboardButton(text=_("Add @{bot}").format(bot=username), url=link)]


def pick_channel(*, is_group: bool) -> ReplyKeyboardMarkup:
    """Show Telegram's chat picker for channels or groups. The user bot has to be a member, this bot need not."""
    if is_group:
        picker = _picker(pick_group_button(), GROUP_REQUEST_ID, is_channel=False)
    else:
        picker = _picker(pick_channel_button(), CHANNEL_REQUEST_ID, is_channel=True)
    return ReplyKeyboardMarkup(
        keyboard=[[picker]],
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
