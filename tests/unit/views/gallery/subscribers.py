"""What subscribers see: the gate message in every state, what stands under a delivery, /start, /me, /help."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardMarkup

from core.access import Earned, Price
from core.settings import AccessMode, BotSettings
from core.subscriptions import CHANNELS_MAX, Channel, ChannelMode, JoinStatus, OnError, subscription
from core.users import User
from tests.unit.views.gallery import LONG_CHANNEL, LONG_NAME, LONG_TITLE
from views.screens import Screen
from views.subscribers import delivery_texts, gate_message, gate_texts, keyboards, texts
from views.subscribers.delivery_texts import Cost, Note
from views.subscribers.gate_message import GateSteps

_NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
_LATER = _NOW + timedelta(hours=47)
_ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
_CODE = "c" * 16
_CREDITS, _PASS = Earned(credits=1000), Earned(pass_for=timedelta(hours=720))
_LINK = "https://short.example/abc"


def _screen(text: str, markup: InlineKeyboardMarkup | None = None) -> Screen:
    return Screen(text, tuple(markup.inline_keyboard) if markup else ())


def _channels(*standings: JoinStatus) -> GateSteps:
    channels = [
        Channel(
            chat_id=-number - 1,
            title=LONG_CHANNEL,
            invite_link="https://t.me/+abcdefghij",
            mode=ChannelMode.REQUEST,
            on_error=OnError.CLOSED,
        )
        for number in range(len(standings))
    ]
    return GateSteps(LONG_TITLE, subscription(zip(channels, standings, strict=True)), _PASS)


def _to_join(steps: GateSteps) -> Screen:
    remark = gate_message.channels_remark(steps.subscription)
    return _screen(gate_message.gate_text(steps, remark), gate_message.join_buttons(_CODE, steps.subscription.channels))


def _joined(remark: str, markup: InlineKeyboardMarkup | None = None, *, count: int = CHANNELS_MAX) -> Screen:
    return _screen(gate_message.gate_text(_channels(*[JoinStatus.JOINED] * count), remark), markup)


_UNLOCK = gate_message.unlock_buttons(_LINK, "https://example.org/how")
_USER = User(
    user_id=1,
    first_name=LONG_NAME,
    credits=10**9,
    pass_until=_NOW + timedelta(days=900),
    joined_at=_NOW,
    last_seen_at=_NOW,
    is_banned=True,
    ban_reason="<&>" * 66,
    banned_until=_LATER,
)
_STANDING = texts.Standing(1000, [(LONG_TITLE, _LATER)] * 20)
_CONTACT = BotSettings(contact="<b>@olive_and_her_garden</b>", access_mode=AccessMode.CREDITS)

SCREENS = {
    **{
        f"to join {count} {standing.value}": _to_join(_channels(*[standing] * count))
        for count in (1, 6, 7, CHANNELS_MAX)
        for standing in (JoinStatus.MISSING, JoinStatus.HIDDEN, JoinStatus.UNKNOWN, JoinStatus.REPORTED)
    },
    "to join, some of each": _to_join(_channels(*JoinStatus, *JoinStatus)),
    "to unlock": _joined(gate_message.unlock_number(1000, 1000), _UNLOCK),
    "to unlock, six channels": _joined(gate_message.unlock_number(1000, 1000), _UNLOCK, count=6),
    "too fast": _joined(gate_message.too_fast(600, is_free=True), gate_message.new_page(_CODE), count=6),
    "not seen": _joined(gate_message.too_fast(None, is_free=False), gate_message.new_page(_CODE), count=6),
    "used up": _joined(gate_message.day_is_used_up(1000, _LATER, _ZONE), count=6),
    "not done": _joined(gate_message.page_not_done(), _UNLOCK, count=6),
    "not yet": _joined(gate_message.not_yet(600), _UNLOCK, count=6),
    "expired": _joined(gate_message.link_expired(), gate_message.new_page(_CODE), count=6),
    "no link": _joined(gate_message.no_link_now(is_told=True), count=6),
    "unlock for no post": _screen(gate_texts.unlock(_PASS, 1000, 1000), _UNLOCK),
    "unlock for no post, credits": _screen(gate_texts.unlock(_CREDITS, 1000, 1000), _UNLOCK),
    "unlocked": _screen(gate_texts.unlocked(10**9, _USER.pass_until, _NOW, _ZONE)),
    "under a delivery": _screen(
        "\n\n".join(delivery_texts.under_delivery(Note(_NOW, _LATER, cost=Cost(0), password="&" * 64), _ZONE)),
        keyboards.under_delivery("&" * 64, is_last_credit=True),
    ),
    "here it is": _screen(delivery_texts.here_it_is(_LATER, _ZONE), keyboards.send_again(_CODE)),
    **{
        f"time up, {price.value}": _screen(
            delivery_texts.deleted_notice(BotSettings(), None, "", LONG_TITLE), keyboards.get_again(_CODE, price)
        )
        for price in Price
    },
    "start": _screen(
        texts.welcome(_USER, BotSettings(), "b", LONG_CHANNEL), keyboards.welcome(LONG_CHANNEL, "https://t.me/x")
    ),
    "me": _screen(
        texts.about_me(_USER, _CONTACT, _STANDING, _NOW, _ZONE), keyboards.me(can_unlock=True, has_news=False)
    ),
    "help": _screen(texts.help_text(_CONTACT)),
}
