"""Channels: the list, the card in every state, adding and removing."""

from datetime import UTC, datetime
from itertools import product
from zoneinfo import ZoneInfo

from core.subscriptions import CHANNELS_MAX, LABEL_MAX, Channel, ChannelMode, OnError
from tests.unit.views.gallery import LONG_CHANNEL, LONG_USERNAME
from views.channels import keyboards, texts
from views.navigation import Section, parent
from views.screens import Screen
from views.storage.rights import Lack

_NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
_ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
_FAR = -(2**52)
_LINK = "https://t.me/+" + "W" * 300


def _channel(**known: object) -> Channel:
    longest = {
        "chat_id": _FAR,
        "title": LONG_CHANNEL,
        "label": LONG_CHANNEL[:LABEL_MAX],
        "username": LONG_USERNAME,
        "invite_link": _LINK,
        "added_at": _NOW,
        "joined_count": 10**9,
    }
    return Channel.model_validate(longest | known)


_MORE: tuple[dict[str, object], ...] = ({}, {"broken_since": _NOW}, {"invite_link": "", "label": ""})
_STATES = [
    _channel(is_required=required, is_paused=paused, is_published_to=published, mode=mode, on_error=on_error, **more)
    for required, paused, published in product((True, False), repeat=3)
    for mode in ChannelMode
    for on_error in OnError
    for more in _MORE
]
_ONE = _channel(broken_since=_NOW)

SCREENS: dict[str, Screen] = {
    "none": texts.channel_list([], 0, _ZONE),
    "first page": texts.channel_list([_ONE] * CHANNELS_MAX, 0, _ZONE),
    "middle page": texts.channel_list([_ONE] * CHANNELS_MAX, 4, _ZONE),
    **{
        f"card {number}": texts.channel_card(one, CHANNELS_MAX - 2, CHANNELS_MAX, _ZONE)
        for number, one in enumerate(_STATES)
    },
    "remove": texts.confirm_remove(_ONE),
    "label": texts.ask_label(_ONE),
    "lacking": texts.lacking(
        LONG_CHANNEL,
        LONG_USERNAME,
        list(Lack),
        keyboards.lacking(_ONE, LONG_USERNAME, list(Lack), is_group=True),
        keyboards.to_card(_ONE),
    ),
    "lacking to add": texts.lacking(
        None,
        LONG_USERNAME,
        list(Lack),
        keyboards.lacking_to_add(_FAR, LONG_USERNAME, list(Lack), is_group=True),
        parent(Section.CHANNELS),
    ),
    "ask": Screen(texts.ask_channel(), (), parent(Section.CHANNELS)),
}
