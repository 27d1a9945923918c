"""Rules of announcements: slots on real clocks, what is late, what is too long."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.announcements import (
    LEAVES_AFTER_MAX,
    NewAnnouncement,
    Slots,
    catch_up_at,
    characters_over,
    is_late,
    is_missed,
    leaving_time,
    next_slot,
    source_of,
)
from core.payloads import PostPayload, parse_payload, post_payload

BERLIN, NEW_YORK, LORD_HOWE = (ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe"))
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def local(moment: datetime | None, zone: ZoneInfo) -> str:
    assert moment is not None
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def slots(*times: str, days: tuple[int, ...] = tuple(range(7))) -> Slots:
    return Slots(weekdays=days, times=times)


# --- slots


def test_the_next_slot_is_the_first_after_now() -> None:
    plan = slots("18:00", "10:00")

    assert local(next_slot(plan, datetime(2026, 6, 1, 7, 59, tzinfo=UTC), (), BERLIN), BERLIN) == "2026-06-01 10:00"
    assert local(next_slot(plan, datetime(2026, 6, 1, 8, 0, tzinfo=UTC), (), BERLIN), BERLIN) == "2026-06-01 18:00"
    assert local(next_slot(plan, datetime(2026, 6, 1, 20, 0, tzinfo=UTC), (), BERLIN), BERLIN) == "2026-06-02 10:00"


def test_a_taken_slot_is_left_out() -> None:
    plan, now, taken = slots("10:00", "18:00"), NOW, list[datetime]()
    for _ in range(5):
        slot = next_slot(plan, now, taken, BERLIN)
        assert slot is not None
        taken.append(slot)

    assert [local(slot, BERLIN) for slot in taken] == [
        "2026-03-02 18:00",
        "2026-03-03 10:00",
        "2026-03-03 18:00",
        "2026-03-04 10:00",
        "2026-03-04 18:00",
    ]


def test_only_chosen_weekdays_have_slots() -> None:
    # 2 March 2026 is a Monday
    plan = slots("18:00", days=(0, 4))

    assert local(next_slot(plan, NOW + 6 * HOUR, (), BERLIN), BERLIN) == "2026-03-06 18:00"
    assert local(next_slot(plan, NOW, (), BERLIN), BERLIN) == "2026-03-02 18:00"


def test_without_times_or_weekdays_there_is_no_slot() -> None:
    assert next_slot(Slots(), NOW, (), BERLIN) is None
    assert next_slot(slots("10:00", days=()), NOW, (), BERLIN) is None


#: zone, day, time that the clock skips, when it comes
SKIPPED = (
    (BERLIN, date(2026, 3, 29), "02:30", "03:30"),
    (NEW_YORK, date(2026, 3, 8), "02:00", "03:00"),
    # half an hour only
    (LORD_HOWE, date(2026, 10, 4), "02:15", "02:45"),
)


@pytest.mark.parametrize(("zone", "day", "skipped", "moved"), SKIPPED)
def test_a_time_the_clock_skips_moves_on_with_it(zone: ZoneInfo, day: date, skipped: str, moved: str) -> None:
    [moment] = slots(skipped).on(day, zone)

    assert local(moment, zone) == f"{day} {moved}"


def test_a_skipped_time_that_meets_another_slot_counts_once() -> None:
    assert len(slots("02:30", "03:30").on(date(2026, 3, 29), BERLIN)) == 1
    assert len(slots("02:30", "03:30").on(date(2026, 3, 30), BERLIN)) == 2


#: zone, day, time that comes twice, its distance from UTC at the first
DOUBLED = (
    (BERLIN, date(2026, 10, 25), "02:30", 2 * HOUR),
    (NEW_YORK, date(2026, 11, 1), "01:30", -4 * HOUR),
    (LORD_HOWE, date(2026, 4, 5), "01:45", 11 * HOUR),
)


@pytest.mark.parametrize(("zone", "day", "doubled", "offset"), DOUBLED)
def test_a_time_that_comes_twice_counts_once_at_the_first(
    zone: ZoneInfo, day: date, doubled: str, offset: timedelta
) -> None:
    [moment] = slots(doubled).on(day, zone)
    assert moment.astimezone(zone).utcoffset() == offset

    # between the two, the next slot is that of the next day
    following = next_slot(slots(doubled), moment + MINUTE, (), zone)
    assert local(following, zone) == f"{day + DAY} {doubled}"


@given(
    zone=st.sampled_from((BERLIN, NEW_YORK, LORD_HOWE)),
    now=st.integers(0, 730 * 24 * 60).map(lambda minutes: NOW + minutes * MINUTE),
    times=st.lists(st.times().map(lambda one: f"{one:%H:%M}"), min_size=1, max_size=5, unique=True),
    days=st.sets(st.integers(0, 6), min_size=1),
)
def test_slots_follow_each_other_without_gaps_or_repetitions(
    zone: ZoneInfo, now: datetime, times: list[str], days: set[int]
) -> None:
    plan, taken = Slots(weekdays=tuple(days), times=tuple(times)), set[datetime]()
    for _ in range(8):
        slot = next_slot(plan, now, taken, zone)
        assert slot is not None
        assert slot > now
        assert slot not in taken
        taken.add(slot)
    moment = now
    for expected in sorted(taken):
        following = next_slot(plan, moment, (), zone)
        assert following == expected
        moment = expected


def test_slots_are_kept_sorted_and_once() -> None:
    plan = Slots(weekdays=(4, 0, 4), times=("18:00", "09:05", "18:00"))

    assert (plan.weekdays, plan.times) == ((0, 4), ("09:05", "18:00"))


@pytest.mark.parametrize("wrong", [{"weekdays": (7,)}, {"times": ("25:00",)}, {"times": ("noon",)}])
def test_slots_no_clock_has_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Slots.model_validate(wrong)


# --- time that has passed


def test_late_begins_after_two_minutes_and_missed_after_a_day() -> None:
    assert not is_late(NOW, NOW + 2 * MINUTE - SECOND)
    assert is_late(NOW, NOW + 2 * MINUTE)
    assert not is_missed(NOW, NOW + DAY)
    assert is_missed(NOW, NOW + DAY + SECOND)


def test_late_ones_follow_each_other_a_minute_apart() -> None:
    assert catch_up_at(None, NOW) is None
    assert catch_up_at(NOW - MINUTE, NOW) is None
    assert catch_up_at(NOW - MINUTE + SECOND, NOW) == NOW + SECOND
    # published by a clock that has been put back since
    assert catch_up_at(NOW + HOUR, NOW) is None


# --- what it is


def announcement(**more: object) -> NewAnnouncement:
    fields: dict[str, object] = {
        "key": "k",
        "post_code": "A" * 16,
        "chat_id": -1,
        "publish_at": NOW,
        "source": "ch1",
        "text": "t",
        "label": "Open",
        "url": "https://t.me/x",
        "created_by": 1,
        "created_at": NOW,
    }
    return NewAnnouncement.model_validate(fields | more)


def test_it_leaves_after_at_most_47_hours_or_never() -> None:
    assert leaving_time(announcement(), NOW) is None
    assert leaving_time(announcement(leaves_after_minutes=LEAVES_AFTER_MAX), NOW) == NOW + 47 * HOUR
    with pytest.raises(ValidationError):
        announcement(leaves_after_minutes=LEAVES_AFTER_MAX + 1)


@pytest.mark.parametrize("text", ["", None])
def test_one_without_a_text_is_refused(text: object) -> None:
    # an empty caption is not sent, and the copy would keep the one of the cover
    with pytest.raises(ValidationError):
        announcement(text=text)


def test_a_text_has_4096_characters_and_1024_under_a_picture() -> None:
    assert [characters_over(count, has_cover=True) for count in (1024, 1025, 1140)] == [0, 1, 116]
    assert [characters_over(count, has_cover=False) for count in (4096, 4097)] == [0, 1]


def test_the_source_of_a_channel_fits_the_link() -> None:
    assert parse_payload(post_payload("A" * 16, source_of(12))) == PostPayload("A" * 16, "ch12")
