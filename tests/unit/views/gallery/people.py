"""Subscribers: the question, one card in every state, bans."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.users import User
from tests.unit.views.gallery import LONG_NAME, LONG_USERNAME
from views.people import texts
from views.people.callbacks import USER_ID_MAX

_NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
_ZONE = ZoneInfo("America/Argentina/ComodRivadavia")


def _user(**known: object) -> User:
    longest = {
        "user_id": USER_ID_MAX,
        "first_name": LONG_NAME,
        "username": LONG_USERNAME,
        "source": "s" * 24,
        "joined_at": _NOW - timedelta(days=900),
        "last_seen_at": _NOW,
        "credits": 10**9,
        "pass_until": _NOW + timedelta(days=3650),
        "blocked_at": _NOW,
    }
    return User.model_validate(longest | known)


_STATES: tuple[dict[str, object], ...] = (
    {},
    {"is_banned": True, "ban_reason": "<&>" * 66, "banned_until": _NOW + timedelta(days=900)},
    {"is_banned": True, "banned_until": _NOW - timedelta(days=900)},
    {"first_name": "", "joined_at": _NOW, "source": None, "username": None},
)

SCREENS = {
    "ask": texts.ask_subscriber(),
    "unknown": texts.unknown_subscriber(USER_ID_MAX),
    **{
        f"card {number}, {may_ban}": texts.subscriber(_user(**state), _NOW, _ZONE, may_ban=may_ban)
        for number, state in enumerate(_STATES)
        for may_ban in (True, False)
    },
    "ban": texts.confirm_ban(_user()),
    "unban": texts.confirm_unban(_user()),
}
