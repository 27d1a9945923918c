"""Subscribers: lists, cards in every state, credits, pass, bans, messages, history and gift links."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.gifts.records import GIFT_CREDITS_MAX, GIFT_DAYS_MAX, GiftTerms
from core.ids import CODE_LENGTH
from core.people.history import EVENTS_MAX, Event, Happened
from core.people.standing import Standing
from core.settings import AccessMode, BotSettings
from core.users import User
from tests.unit.views.gallery import LONG_NAME, LONG_TITLE, LONG_USERNAME
from views.people import bans, cards, gifts, lists, messages
from views.people.callbacks import KEY_MAX, PAGE_MAX, USER_ID_MAX, PeopleList, Show
from views.undo import undo_button

_NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
_ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
#: a name of 64 right-to-left characters
_RTL = ("\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd " * 6)[:64]
assert len(_RTL) == 64
_LAST = PeopleList(page=PAGE_MAX, show=Show.SOURCE, key="s" * KEY_MAX)
_TOTALS = lists.Totals(10**9, 10**9 - 1)
_OPEN, _CREDITS = BotSettings(access_mode=AccessMode.OPEN), BotSettings(access_mode=AccessMode.CREDITS)
_CODE = "W" * CODE_LENGTH
_VALUE = 2**31 - 1


def _user(**known: object) -> User:
    longest = {
        "user_id": USER_ID_MAX,
        "first_name": LONG_NAME,
        "last_name": LONG_NAME,
        "username": LONG_USERNAME,
        "source": "s" * 24,
        "joined_at": _NOW - timedelta(days=900),
        "last_seen_at": _NOW - timedelta(days=200),
        "credits": 10**9,
        "pass_until": _NOW + timedelta(days=3650),
        "blocked_at": _NOW,
        "unlocks": 10**6,
    }
    return User.model_validate(longest | known)


_STATES: dict[str, dict[str, object]] = {
    "longest": {},
    "banned": {"is_banned": True, "ban_reason": "<&>" * 66, "banned_until": _NOW + timedelta(days=900)},
    "ban over": {"is_banned": True, "banned_until": _NOW - timedelta(days=900)},
    "nameless": {"first_name": "\u200b", "source": None, "username": None, "blocked_at": None, "pass_until": None},
    "right to left": {"first_name": _RTL},
    "deleted": {"deactivated_at": _NOW},
}
_STANDING = Standing(10_000, 3650, 50, 50)
_PAGES = {
    "first of many": (PeopleList(), 6, True),
    "six": (PeopleList(), 6, False),
    "five": (PeopleList(), 5, False),
    "nobody": (PeopleList(), 0, False),
    "middle": (_LAST.model_copy(update={"page": 500}), 6, True),
    "last": (_LAST, 6, True),
    "gone": (_LAST, 0, False),
    **{f"only {show.name}": (PeopleList(show=show), 1, False) for show in Show if show is not Show.FOUND},
}
_FOUND = PeopleList(show=Show.FOUND, key="a1b2c3d4")
_EVENTS = [
    Event(_NOW - timedelta(days=30 * number), kind, post_code="x", amount=-10_000)
    for number, kind in enumerate([*Happened, *Happened][:EVENTS_MAX])
]
_TERMS = (
    GiftTerms(credits=GIFT_CREDITS_MAX),
    GiftTerms(days=GIFT_DAYS_MAX, is_for_one=False, hours=7 * 24),
    GiftTerms(credits=10),
)
_LINK = f"https://t.me/{LONG_USERNAME}?start=g_{_CODE}"
_GIFT = _TERMS[0].gift(_CODE, 1, _NOW)

SCREENS = {
    **{
        f"list {name}, {user}": lists.list_screen(
            [_user(**_STATES[user])] * count, place, _TOTALS, _NOW, _ZONE, more=more
        )
        for name, (place, count, more) in _PAGES.items()
        for user in ("longest", "right to left", "nameless")
    },
    "found": lists.found_screen([_user()] * 6, _FOUND, LONG_TITLE, LONG_USERNAME, _NOW, _ZONE, more=True),
    "found nobody": lists.found_screen([], _FOUND, LONG_TITLE, LONG_USERNAME, _NOW, _ZONE, more=False),
    "show": lists.show_screen(),
    "ask": lists.ask_person(),
    "ask source": lists.ask_source(),
    "picked": lists.picked_screen([(USER_ID_MAX, _RTL)] * 10, [LONG_NAME] * 10, LONG_USERNAME),
    **{
        f"card {name}": cards.card(_user(**state), _STANDING, _LAST, LONG_USERNAME, _NOW, _ZONE)
        for name, state in _STATES.items()
    },
    "card of the team": cards.card(_user(), Standing(may_ban=False), PeopleList(), LONG_USERNAME, _NOW, _ZONE),
    "stranger": cards.stranger(USER_ID_MAX, _RTL, LONG_USERNAME, None, _NOW, may_ban=True),
    "banned stranger": cards.stranger(USER_ID_MAX, "", LONG_USERNAME, _user(is_banned=True), _NOW, may_ban=True),
    **{
        f"credits {name}": cards.credits_screen(_user(**state), _OPEN, _LAST).with_row(
            undo_button("a1b2c3d4"), cards.tell_button(_user(**state), _LAST, _VALUE, is_pass=False)
        )
        for name, state in _STATES.items()
    },
    **{
        f"pass {name}": cards.pass_screen(_user(**state), _CREDITS, _LAST, _NOW, _ZONE).with_row(
            undo_button("a1b2c3d4"), cards.tell_button(_user(**state), _LAST, _VALUE, is_pass=True)
        )
        for name, state in _STATES.items()
    },
    "ask credits": cards.ask_credits(_user(), _LAST),
    "ask days": cards.ask_days(_user(first_name=_RTL), _LAST),
    "history": cards.history(_user(), _EVENTS, {"x": LONG_TITLE}, _LAST, _NOW, _ZONE),
    "no history": cards.history(_user(), [], {}, _LAST, _NOW, _ZONE),
    "ban": bans.choose_days(USER_ID_MAX, _user(), _LAST),
    "ban a stranger": bans.choose_days(USER_ID_MAX, None, _LAST),
    "why": bans.ask_reason(USER_ID_MAX, _user(first_name=_RTL), 30, _LAST),
    "why for ever": bans.ask_reason(USER_ID_MAX, None, 0, _LAST),
    "message": messages.ask_message(_user(first_name=_RTL), _LAST, LONG_USERNAME),
    "send": messages.confirm(_user(first_name=_RTL), _LAST, _VALUE, LONG_USERNAME),
    **{f"gift terms {number}": gifts.terms_screen(terms, _CODE) for number, terms in enumerate(_TERMS)},
    "no open gifts": gifts.open_gifts([], {}, _NOW, _ZONE, page=0, has_more=False),
    "no open gifts here": gifts.open_gifts([], {}, _NOW, _ZONE, page=9, has_more=False),
    "open gifts": gifts.open_gifts(
        ([terms.gift(_CODE, 1, _NOW) for terms in _TERMS] * gifts.PAGE)[: gifts.PAGE],
        {_CODE: 10**6},
        _NOW,
        _ZONE,
        page=9,
        has_more=True,
    ),
    "gift amount": gifts.ask_amount(_TERMS[0], _CODE),
    "gift": gifts.made(_GIFT, _LINK, 0, _NOW, _ZONE),
    "gift taken": gifts.made(_GIFT, _LINK, 1, _NOW, _ZONE),
    "gift for many": gifts.made(_TERMS[1].gift(_CODE, 1, _NOW), _LINK, 10**6, _NOW, _ZONE),
    "gift cancelled": gifts.made(_GIFT.model_copy(update={"cancelled_at": _NOW}), _LINK, 0, _NOW, _ZONE),
    "gift over": gifts.made(_GIFT, _LINK, 0, _NOW + timedelta(days=2), _ZONE),
}
