"""The arithmetic of the rate limits."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.limiting.chat_limits import (
    BULK_HOLD_S,
    CHAT_BURST,
    FIRST_EVICTION,
    GROUP_ITEMS,
    GROUP_WINDOW_S,
    MAX_CHATS,
    REFUSAL_FORGOTTEN_S,
    ChatLimits,
    Chats,
    GroupWindow,
    is_group,
)
from sender.limiting.limits import BURST_S, MAX_DEBT_S, TRANSIT_S, Ceiling, RecoveringRate, TokenBucket

SPACES = st.lists(st.floats(min_value=0.0, max_value=3.0), max_size=120)


def most_within(starts: list[tuple[float, int]], window_s: float) -> int:
    """Return the largest total weight inside any half-open window of `window_s`."""
    return max(
        (sum(weight for at, weight in starts if first <= at < first + window_s - 1e-6) for first, _ in starts),
        default=0,
    )


@given(spaces=SPACES, rate=st.sampled_from([1.0, 2.5, 30.0]))
def test_no_second_ever_holds_more_calls_than_the_rate(spaces: list[float], rate: float) -> None:
    limit, now, starts = Ceiling(rate), 0.0, []
    for space in spaces:
        now = max(now + space / rate, limit.free_at(now + space / rate))
        limit.charge(now)
        starts.append((now, 1))
    assert most_within(starts, math.floor(rate) / rate) <= math.floor(rate)


@given(spaces=SPACES)
def test_a_bucket_of_ten_refilled_at_thirty_is_never_empty(spaces: list[float]) -> None:
    limit, now, tokens, at = Ceiling(30.0, TRANSIT_S), 0.0, 10.0, 0.0
    for space in spaces:
        now = max(now + space / 30, limit.free_at(now + space / 30))
        limit.charge(now)
        tokens, at = min(10.0, tokens + (now - at) * 30) - 1, now
        assert tokens >= 0


def rush(limit: Ceiling, calls: int, late_s: float = 0.0) -> list[float]:
    """Return when `calls` calls start that wait from second 0 on."""
    now, starts = 0.0, []
    for _ in range(calls):
        now = max(now, limit.free_at(now)) + late_s
        limit.charge(now)
        starts.append(now)
    return starts


def test_after_a_rest_ten_calls_may_start_at_once() -> None:
    assert rush(Ceiling(30.0), 11)[8:] == pytest.approx([0.0, 0.0, 1 / 30])


def test_what_transit_may_add_is_kept_free_of_the_burst() -> None:
    starts = rush(Ceiling(30.0, TRANSIT_S), 11)
    assert starts[8] == 0.0
    assert starts[9] > TRANSIT_S / 2


def test_a_rush_continues_evenly_after_the_window_was_full() -> None:
    starts = rush(Ceiling(30.0, TRANSIT_S), 300)
    later = starts[31:]
    assert max(b - a for a, b in itertools.pairwise(later)) <= (1.0 + TRANSIT_S) / 30 + 1e-9
    assert min(b - a for a, b in itertools.pairwise(later)) >= (1.0 + TRANSIT_S) / 30 - 1e-9


def test_a_rush_uses_at_least_ninety_five_hundredths_of_the_rate_with_late_timers_too() -> None:
    for late_s in (0.0, 0.002):
        starts = rush(Ceiling(30.0, TRANSIT_S), 3000, late_s)
        assert 3000 / starts[-1] >= 0.95 * 30


def test_a_halved_ceiling_has_no_burst_after_its_incident_and_grows_back() -> None:
    limit = Ceiling(30.0)
    limit.halve(0.0)
    limit.resume(5.0)
    starts = []
    for _ in range(3):
        now = max(5.0, limit.free_at(5.0))
        limit.charge(now)
        starts.append(now)
    assert starts == pytest.approx([5.0, 5.0 + 1 / 15, 5.0 + 2 / 15])
    assert [limit.rate(at) for at in (14.9, 15.0, 154.9, 155.0, 1e6)] == pytest.approx([15.0, 16.0, 29.0, 30.0, 30.0])


def test_a_rate_below_one_per_second_is_kept() -> None:
    limit = Ceiling(0.5)
    limit.charge(10.0)
    assert limit.free_at(10.0) == pytest.approx(12.0)


@pytest.mark.parametrize("rate", [0.0, -1.0])
def test_a_rate_of_zero_or_less_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Ceiling(rate)
    with pytest.raises(ValueError, match="above 0"):
        TokenBucket(rate)


def test_a_bucket_is_even_and_makes_up_for_late_timers() -> None:
    bucket, now = TokenBucket(29.0), 0.0
    for _ in range(290):
        now = max(now, bucket.free_at()) + 0.004
        bucket.charge(now)
    assert now == pytest.approx(10.0, abs=0.2)


def test_a_bucket_collects_nothing_during_a_rest() -> None:
    bucket = TokenBucket(10.0)
    bucket.charge(0.0)
    bucket.charge(100.0)
    assert bucket.free_at() == pytest.approx(100.1)


@given(calls=st.lists(st.tuples(st.floats(min_value=0.0, max_value=30.0), st.integers(1, 100)), max_size=60))
def test_no_minute_of_a_group_ever_holds_more_than_twenty_items(calls: list[tuple[float, int]]) -> None:
    window, now, starts = GroupWindow(), 0.0, []
    for space, items in calls:
        now = max(now + space, window.free_at(now + space, items))
        window.charge(now, items)
        starts.append((now, min(items, GROUP_ITEMS)))
    assert most_within(starts, GROUP_WINDOW_S) <= GROUP_ITEMS


def test_a_hundred_copies_cost_a_group_one_window_and_not_five() -> None:
    window = GroupWindow()
    window.charge(0.0, 100)
    assert window.free_at(1.0, 1) == pytest.approx(GROUP_WINDOW_S)
    assert window.free_at(GROUP_WINDOW_S, 20) <= GROUP_WINDOW_S


def test_an_album_waits_until_the_group_has_room_for_all_of_it() -> None:
    window = GroupWindow()
    window.charge(0.0, 15)
    window.charge(10.0, 3)
    assert window.free_at(20.0, 2) <= 20.0
    assert window.free_at(20.0, 3) == pytest.approx(60.0)
    assert window.free_at(20.0, 18) == pytest.approx(70.0)


def test_a_private_chat_gets_a_short_burst_and_then_one_message_a_second() -> None:
    chat = ChatLimits(is_group=False)
    for _ in range(CHAT_BURST):
        assert chat.free_at(0.0, 1, spares_burst=False) <= 0.0
        chat.charge(0.0, 1)
    assert chat.free_at(0.0, 1, spares_burst=False) == pytest.approx(1.0)
    assert chat.free_at(0.0, 1, spares_burst=True) == pytest.approx(5.0)


def test_bulk_never_uses_a_chats_burst() -> None:
    chat = ChatLimits(is_group=False)
    chat.charge(0.0, 1)
    assert chat.free_at(0.0, 1, spares_burst=False) <= 0.0
    assert chat.free_at(0.0, 1, spares_burst=True) == pytest.approx(1.0)


def test_a_pause_is_never_shortened_and_no_burst_follows_it() -> None:
    chat = ChatLimits(is_group=False)
    chat.pause(30.0)
    chat.pause(10.0)
    assert chat.free_at(0.0, 1, spares_burst=False) == pytest.approx(30.0)
    chat.charge(30.0, 1)
    assert chat.free_at(30.0, 1, spares_burst=False) == pytest.approx(31.0)


def test_a_429_halves_a_rate_and_time_without_one_restores_it() -> None:
    rate = RecoveringRate(29.0)
    rate.halve(0.0, 5.0)
    assert rate.at(5.0) == pytest.approx(14.5)
    assert rate.at(14.9) == pytest.approx(14.5)
    assert rate.at(15.0) == pytest.approx(15.5)
    assert rate.at(154.9) == pytest.approx(28.5)
    assert rate.at(155.0) == pytest.approx(29.0)
    assert rate.at(100_000.0) == pytest.approx(29.0)


def test_a_rate_never_falls_below_one_a_second() -> None:
    rate = RecoveringRate(29.0)
    for at in range(20):
        rate.halve(float(at), float(at))
    assert rate.at(20.0) == pytest.approx(1.0)


def test_a_hold_is_never_shortened_and_slows_nothing() -> None:
    bucket = TokenBucket(20.0)
    bucket.hold(7.0)
    bucket.hold(3.0)
    assert bucket.free_at() == pytest.approx(7.0)
    assert bucket.rate(7.0) == pytest.approx(20.0)


def test_people_push_deletions_and_bulk_back_by_no_more_than_a_burst() -> None:
    bucket = TokenBucket(30.0)
    for _ in range(1000):
        bucket.give_way(0.0)
    assert bucket.free_at() <= MAX_DEBT_S + 1 / 30
    assert pytest.approx(1 / 3) == BURST_S


def test_the_refusals_of_a_chat_hold_bulk_for_a_minute_in_all_until_they_are_forgotten() -> None:
    chat = ChatLimits(is_group=False)
    assert chat.take_bulk_hold(0.0, 40.0) == (40.0, True)
    assert chat.take_bulk_hold(50.0, 40.0) == (20.0, False)
    assert chat.take_bulk_hold(100.0, 10_072.0) == (0.0, False)
    assert not chat.is_idle(100.0 + REFUSAL_FORGOTTEN_S - 1)
    assert chat.take_bulk_hold(100.0 + REFUSAL_FORGOTTEN_S, 10_072.0) == (BULK_HOLD_S, True)


def test_idle_chats_are_evicted_and_paused_ones_are_not() -> None:
    chats = Chats()
    chats.get_or_add(1, 0.0).pause(1e9)
    for step in range(20 * FIRST_EVICTION):
        now = step / 30
        chats.get_or_add(10 + step, now).charge(now, 1)
    assert len(chats) <= 2 * FIRST_EVICTION
    kept = chats.find(1)
    assert kept is not None
    assert kept.paused_until == pytest.approx(1e9)


def test_a_group_is_idle_only_when_its_minute_is_over() -> None:
    group = ChatLimits(is_group=True)
    group.charge(0.0, 3)
    assert not group.is_idle(59.9)
    assert group.is_idle(60.0)


def test_chats_stay_bounded_even_when_none_is_idle() -> None:
    chats = Chats()
    for chat_id in range(3 * MAX_CHATS):
        chats.get_or_add(-1 - chat_id, 0.0).charge(0.0, 1)
        assert len(chats) <= MAX_CHATS


def test_groups_are_distinguished_from_private_chats() -> None:
    assert [is_group(key) for key in (-5, -1001, "@channel", 5)] == [True, True, True, False]


def test_paused_chats_are_never_evicted_and_not_scanned_for_every_new_chat(monkeypatch: pytest.MonkeyPatch) -> None:
    scans, evict_idle = 0, Chats._evict_idle

    def counted(chats: Chats, now: float) -> None:
        nonlocal scans
        scans += 1
        evict_idle(chats, now)

    monkeypatch.setattr(Chats, "_evict_idle", counted)
    chats, paused = Chats(), MAX_CHATS + 500
    for chat_id in range(paused):
        chats.get_or_add(1 + chat_id, 0.0).pause(1e9)
    before = scans
    for chat_id in range(2 * FIRST_EVICTION):
        chats.get_or_add(-1 - chat_id, 0.0).charge(0.0, 1)
        assert len(chats) <= paused + FIRST_EVICTION
    assert all(chats.find(1 + chat_id) for chat_id in range(paused))
    assert scans - before <= 3
