"""/privacy: what is kept, and the question before it is deleted."""

from datetime import UTC, datetime, timedelta

from core.users import User
from views.subscribers.privacy_screens import Kept, confirm, privacy

_NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
_RICH = User(
    user_id=1, joined_at=_NOW, last_seen_at=_NOW, credits=1_000_000, pass_until=_NOW + timedelta(days=1), is_banned=True
)

SCREENS = {
    "kept": privacy(Kept(history_days=365, has_shortener=True)),
    "kept for a day": privacy(Kept(history_days=1, has_shortener=False)),
    "asked, with everything to lose": confirm(_RICH, _NOW),
    "asked, with nothing to lose": confirm(User(user_id=1, joined_at=_NOW, last_seen_at=_NOW), _NOW),
}
