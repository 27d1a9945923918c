"""Rules of broadcasts: valid ones, missed ones, due copies, and when failures stop one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from core.broadcasts import (
    BUTTON_TEXT_MAX,
    CONTENT_FAILURES_MAX,
    ENDED,
    FAILURES_MAX,
    LIFETIME_MAX,
    LIFETIME_MIN,
    MESSAGES_MAX,
    UNFINISHED,
    Broadcast,
    BroadcastStatus,
    FailureStreak,
    LinkButton,
    NewBroadcast,
    RecipientState,
    check_button,
    due_before,
    is_missed,
    remaining,
    time_needed,
    total,
)
from core.errors import BadInput
from core.segments import ACTIVE_DAYS_MAX, Segment, SegmentKind

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MS, MINUTE = timedelta(milliseconds=1), timedelta(minutes=1)
URL = "https://example.org/page"


def broadcast(**more: Any) -> Broadcast:
    given: dict[str, Any] = {
        "id": "0" * 24,
        "status": BroadcastStatus.SENT,
        "key": "draft",
        "title": "News",
        "source_chat_id": -100,
        "message_ids": [1],
        "created_by": 1,
        "created_at": NOW,
        "send_at": NOW,
        "progress_chat_id": 1,
    }
    return Broadcast.model_validate(given | more)


def test_lifetimes_are_ten_minutes_to_forty_seven_hours() -> None:
    assert (LIFETIME_MIN, LIFETIME_MAX) == (10, 47 * 60)


def test_every_status_is_unfinished_ended_or_of_a_recall() -> None:
    recall = {BroadcastStatus.RECALLING, BroadcastStatus.RECALLED}
    assert {*UNFINISHED, *ENDED} | recall == set(BroadcastStatus)
    assert not set(UNFINISHED) & set(ENDED)


@pytest.mark.parametrize(("count", "is_possible"), [(0, False), (1, True), (MESSAGES_MAX, True), (11, False)])
def test_a_broadcast_has_one_message_or_an_album(count: int, is_possible: bool) -> None:
    if is_possible:
        assert broadcast(message_ids=range(1, count + 1)).message_ids == tuple(range(1, count + 1))
    else:
        with pytest.raises(ValidationError):
            broadcast(message_ids=range(1, count + 1))


def test_by_default_a_broadcast_goes_to_everyone_with_sound_and_stays() -> None:
    new = NewBroadcast.model_validate(broadcast().model_dump())
    assert (new.segment, new.silent, new.pin, new.lifetime_minutes, new.buttons) == (Segment(), False, False, 0, ())


@pytest.mark.parametrize(
    ("lifetime", "now", "expected"),
    [
        (10, NOW + 10 * MINUTE - MS, False),
        (10, NOW + 10 * MINUTE, True),
        (10, NOW - timedelta(days=1), False),
        (0, NOW + timedelta(days=300), False),
    ],
)
def test_a_broadcast_is_missed_when_its_lifetime_has_passed(lifetime: int, now: datetime, expected: bool) -> None:
    assert is_missed(NOW, lifetime, now) is expected


@pytest.mark.parametrize("lifetime", [0, 10])
def test_a_requested_recall_makes_every_copy_due_whatever_its_time(lifetime: int) -> None:
    assert due_before(broadcast(is_recall_wanted=True, lifetime_minutes=lifetime), NOW) is None


def test_a_copy_is_due_when_its_own_lifetime_is_over() -> None:
    assert due_before(broadcast(lifetime_minutes=10), NOW) == NOW - 10 * MINUTE


def test_no_copy_is_due_without_a_lifetime() -> None:
    until = due_before(broadcast(), NOW)
    assert until is not None and until < NOW - timedelta(days=10_000)


def test_total_and_remaining_recipients_are_counted() -> None:
    counts = {"pending": 3, "sending": 2, "sent": 5, "blocked": 1}
    assert (total(counts), remaining(counts)) == (11, 5)
    assert (total({}), remaining({})) == (0, 0)
    assert remaining({RecipientState.PENDING: 1}) == 1


def test_the_time_needed_depends_on_calls_and_rate() -> None:
    assert time_needed(0, 1, 30) == timedelta(0)
    assert time_needed(300, 1, 30) == timedelta(seconds=10)
    assert time_needed(300, 2, 30) == timedelta(seconds=20)


@pytest.mark.parametrize("text", ["a", "x" * BUTTON_TEXT_MAX, "𝔸", " a "])
def test_a_button_with_a_text_and_an_address_is_accepted(text: str) -> None:
    assert check_button(text, URL) == LinkButton(text=text, url=URL)


@pytest.mark.parametrize("text", ["", " ", "\t\n", "x" * (BUTTON_TEXT_MAX + 1)])
def test_a_button_with_no_text_or_a_too_long_one_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=str(BUTTON_TEXT_MAX)):
        check_button(text, URL)


@pytest.mark.parametrize(
    "url", ["", "example", "javascript:alert(1)", "ftp://example.org", "https://", "https://a b.org"]
)
def test_a_button_without_a_proper_address_is_refused_and_named(url: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_button("Go", url + "x" * 200 * (url == "example"))
    assert url[:80] in refused.value.sentence
    assert len(refused.value.sentence) < 200


# --- failures


def test_three_failures_of_the_content_stop_a_broadcast() -> None:
    troubles = FailureStreak()
    assert [troubles.failed(of_content=True) for _ in range(CONTENT_FAILURES_MAX)] == [False, False, True]


def test_many_failures_of_any_kind_stop_a_broadcast() -> None:
    troubles = FailureStreak()
    said = [troubles.failed(of_content=False) for _ in range(FAILURES_MAX)]
    assert said == [False] * (FAILURES_MAX - 1) + [True]


def test_a_sent_copy_resets_the_failures() -> None:
    troubles = FailureStreak()
    for _ in range(10 * FAILURES_MAX):
        assert not troubles.failed(of_content=True)
        assert not troubles.failed(of_content=True)
        troubles.sent()


# --- segments


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "active"},
        {"kind": "active", "days": 0},
        {"kind": "active", "days": ACTIVE_DAYS_MAX + 1},
        {"kind": "language"},
        {"kind": "language", "language": ""},
        {"kind": "language", "language": "PT"},
        {"kind": "language", "language": "pt-br\n"},
        {"kind": "language", "language": "english"},
        {"kind": "source"},
        {"kind": "source", "source": "a" * 25},
        {"kind": "source", "source": "a-b"},
        {"kind": "source", "source": {"$ne": None}},
        {"kind": "those I like"},
    ],
)
def test_a_segment_without_its_value_is_invalid(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Segment.model_validate(given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"kind": "with_pass"},
        {"kind": "without_pass"},
        {"kind": "active", "days": 1},
        {"kind": "active", "days": ACTIVE_DAYS_MAX},
        {"kind": "language", "language": "pt"},
        {"kind": "language", "language": "zh-hans"},
        {"kind": "source", "source": "a" * 24},
    ],
)
def test_a_segment_can_be_stored_and_loaded(given: dict[str, Any]) -> None:
    segment = Segment.model_validate(given)
    assert Segment.model_validate(segment.model_dump(mode="json")) == segment
    assert segment.kind is SegmentKind(given.get("kind", "everybody"))
