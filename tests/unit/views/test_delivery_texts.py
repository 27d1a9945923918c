"""What stands under a delivery: only what applies, whole sentences, and one message at most."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from views.screen_limits import plain
from views.subscribers.delivery_texts import Cost, Note, in_short, under_delivery

NOW = datetime(2026, 3, 1, 12, 35, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
SOON = NOW + timedelta(minutes=30)
DELETED = "Deleted in 30 min, at 14:05 (Europe/Berlin)."


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (Note(NOW), []),
        (Note(NOW, is_protected=True), []),
        (Note(NOW, SOON), [f"{DELETED} Save what you need."]),
        (Note(NOW, SOON, is_protected=True), [f"{DELETED} It cannot be saved or forwarded."]),
        (Note(NOW, SOON, cost=Cost(9)), [f"1 credit used, 9 left. {DELETED} Save what you need."]),
        (Note(NOW, cost=Cost(0)), ["That was your last credit."]),
        (Note(NOW, cost=Cost(paid_at=NOW)), ["Free: you paid at 13:35 (Europe/Berlin)."]),
        (Note(NOW, password="a&b"), ["Archive password: a&b"]),
        (Note(NOW, cost=Cost(1), password="x"), ["1 credit used, 1 left.", "Archive password: x"]),
    ],
)
def test_what_does_not_apply_is_left_out(note: Note, said: list[str]) -> None:
    assert [plain(one) for one in under_delivery(note, BERLIN)] == said


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "1 min"), (1, "1 min"), (30, "30 min"), (60, "1 h"), (90, "1 h 30 min"), (47 * 60, "47 h")],
)
def test_the_time_until_deletion_in_short(minutes: int, words: str) -> None:
    assert in_short(timedelta(minutes=minutes)) == words
    assert in_short(timedelta(minutes=minutes, seconds=-1)) == words
