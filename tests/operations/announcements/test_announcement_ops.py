"""Announcements: one per draft and channel, and one conditional update per change of state."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from core.announcements import LEASE_FOR, STANDING, Announcement, AnnouncementState
from database.collection import Collection
from database.connection import Database
from database.operations import announcement_ops
from database.operations.announcements import changes, publishing, removals
from database.values import Document
from tests.operations.announcements.announcing import (
    BOT,
    CODE,
    DAY,
    GARDEN,
    GREENHOUSE,
    OTHER_OWNER,
    OWNER,
    in_state,
    new,
    planned,
    put,
    sending,
    state_of,
    stored,
)

S = AnnouncementState
HOUR = timedelta(hours=1)

# --- create


async def test_an_announcement_comes_back_exactly_as_it_was_confirmed(db: Database, now: datetime) -> None:
    wanted = new(now, cover={"chat_id": -100, "message_id": 7}, silent=True, pin=True, leaves_after_minutes=60)
    created = await announcement_ops.create(wanted)

    found = await stored(created.announcement)

    assert created.is_new
    assert {name: getattr(found, name) for name in type(wanted).model_fields} == dict(wanted)
    assert (found.state, found.due_at, found.ordinal) == (S.PLANNED, now, 1)


async def test_a_second_press_of_the_same_draft_publishes_nothing_more(db: Database, now: datetime) -> None:
    results = await asyncio.gather(*(announcement_ops.create(new(now)) for _ in range(5)))

    assert [one.is_new for one in results].count(True) == 1
    assert {one.announcement.id for one in results} == {results[0].announcement.id}


async def test_a_second_press_after_it_was_withdrawn_does_not_publish_again(db: Database, now: datetime) -> None:
    await in_state(S.WITHDRAWN, now)

    assert not (await announcement_ops.create(new(now), again=True)).is_new


async def test_one_draft_has_a_row_in_each_of_its_channels(db: Database, now: datetime) -> None:
    for chat in range(20):
        await planned(now, chat_id=-1000 - chat)

    assert len(await announcement_ops.find_of_draft("draft")) == 20


@pytest.mark.parametrize("state", list(S))
async def test_another_draft_for_the_same_post_and_channel_needs_publish_again_while_one_stands(
    db: Database, now: datetime, state: AnnouncementState
) -> None:
    first = await in_state(state, now)

    other = await announcement_ops.create(new(now, key="other"))
    elsewhere = await announcement_ops.create(new(now, key="other", chat_id=GREENHOUSE))

    assert other.is_new == (state not in STANDING)
    assert other.is_new or other.announcement.id == first.id
    assert elsewhere.is_new


async def test_publish_again_makes_a_second_one_in_the_channel(db: Database, now: datetime) -> None:
    await in_state(S.PUBLISHED, now)

    again = await announcement_ops.create(new(now, key="other"), again=True)

    assert (again.is_new, again.announcement.ordinal) == (True, 2)


async def test_of_two_drafts_confirmed_at_the_same_instant_one_is_published(
    db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, both_looked = announcement_ops.find_last, asyncio.Barrier(2)
    first_look = iter((True, True))

    async def look_before_either_writes(post_code: str, chat_id: int) -> Announcement | None:
        found = await look(post_code, chat_id)
        if next(first_look, False):
            await both_looked.wait()
        return found

    monkeypatch.setattr(announcement_ops, "find_last", look_before_either_writes)
    results = await asyncio.gather(*(announcement_ops.create(new(now, key=key)) for key in ("one", "two")))

    assert sorted(one.is_new for one in results) == [False, True]


async def test_a_new_draft_gives_up_what_failed_there_before(db: Database, now: datetime) -> None:
    failed = await in_state(S.FAILED, now)
    await announcement_ops.create(new(now, key="other"))

    assert await state_of(failed) is S.CANCELLED
    assert await announcement_ops.find_troubled(1) == []


# --- the table of states: each step, and from where it is possible

Step = Callable[[Announcement, datetime], Awaitable[object]]
STEPS: dict[str, tuple[Step, set[AnnouncementState], AnnouncementState]] = {
    "claim": (lambda one, now: publishing.claim(one, OTHER_OWNER, BOT, now), {S.PLANNED}, S.SENDING),
    "published": (
        lambda one, now: publishing.record_published(one, 9, now),
        {S.SENDING, S.UNKNOWN, S.PLANNED, S.CANCELLED, S.PUBLISHED},
        S.PUBLISHED,
    ),
    "failed": (lambda one, now: publishing.record_failed(one, "no"), {S.SENDING, S.UNKNOWN}, S.FAILED),
    "unknown": (lambda one, now: publishing.record_unknown(one, "lost"), {S.SENDING}, S.UNKNOWN),
    "release": (lambda one, now: publishing.release(one, now), {S.SENDING, S.UNKNOWN}, S.PLANNED),
    "drop": (lambda one, now: publishing.drop(one, "removed"), {S.PLANNED}, S.CANCELLED),
    "missed": (lambda one, now: publishing.mark_missed(one), {S.PLANNED}, S.MISSED),
    "move": (
        lambda one, now: announcement_ops.move(one.id, now + DAY),
        {S.PLANNED, S.FAILED, S.MISSED},
        S.PLANNED,
    ),
    "put back": (lambda one, now: announcement_ops.put_back(one.id, now + DAY), {S.CANCELLED}, S.PLANNED),
    "now": (lambda one, now: announcement_ops.publish_now(one.id, now), {S.PLANNED, S.FAILED, S.MISSED}, S.PLANNED),
    "again": (lambda one, now: announcement_ops.send_again(one.id, now), {S.UNKNOWN}, S.PLANNED),
    "confirm": (lambda one, now: announcement_ops.confirm(one.id, now, 5), {S.UNKNOWN}, S.PUBLISHED),
    "cancel": (
        lambda one, now: announcement_ops.cancel(one.id),
        {S.PLANNED, S.FAILED, S.MISSED, S.UNKNOWN},
        S.CANCELLED,
    ),
    "withdraw": (lambda one, now: removals.request(one.id, now), {S.PUBLISHED}, S.PUBLISHED),
    "withdrawn": (lambda one, now: removals.record_withdrawn(one), {S.PUBLISHED}, S.WITHDRAWN),
    "emptied": (lambda one, now: removals.record_emptied(one), {S.PUBLISHED}, S.EMPTIED),
}


@pytest.mark.parametrize("step", STEPS)
async def test_a_step_is_possible_from_the_states_of_the_table_alone(db: Database, now: datetime, step: str) -> None:
    take, possible_from, leads_to = STEPS[step]
    # a database for each pair is a minute of building indexes on a server
    for number, state in enumerate(S):
        one = await in_state(state, now, key=f"draft {number}", post_code=f"{CODE[:-1]}{number}")

        answer = await take(one, now)

        assert bool(answer) == (state in possible_from), state
        assert await state_of(one) == (leads_to if state in possible_from else state), state


async def test_what_was_announced_anew_since_is_not_put_back_beside_it(db: Database, now: datetime) -> None:
    first = await planned(now + HOUR)
    assert await announcement_ops.cancel(first.id) is not None
    anew = await planned(now + HOUR, key="another draft")

    assert await announcement_ops.put_back(first.id, now + HOUR) is None
    assert await state_of(first) is S.CANCELLED
    assert await announcement_ops.cancel(anew.id) is not None
    assert await announcement_ops.put_back(first.id, now + HOUR) is not None


async def test_what_is_planned_in_a_channel_is_held_and_nothing_else(db: Database, now: datetime) -> None:
    held = await planned(now + HOUR)
    elsewhere = await planned(now + HOUR, chat_id=GREENHOUSE)
    under_way = await sending(now, key="other", post_code="Other")

    assert (await announcement_ops.hold(GARDEN), await announcement_ops.hold(GARDEN)) == (1, 0)
    found = await stored(held)
    assert (found.state, found.due_at, found.error) == (S.FAILED, None, None)
    assert (await state_of(elsewhere), await state_of(under_way)) == (S.PLANNED, S.SENDING)


async def test_a_change_reaches_what_its_owner_puts_back_meanwhile(
    db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await sending(now)
    update_many, calls = Collection.update_many, 0

    async def interrupted(self: Collection, condition: Document, update: Document) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            assert await publishing.release(one, now)
        return await update_many(self, condition, update)

    monkeypatch.setattr(Collection, "update_many", interrupted)
    await changes.change_all(CODE, changes.Content("New", None, "Open"), now)
    assert (await stored(one)).text == "New"


async def test_only_who_started_it_last_writes_its_outcome(db: Database, now: datetime) -> None:
    first = await sending(now)
    await publishing.record_unknown(first, "lost")
    await announcement_ops.send_again(first.id, now)
    assert await publishing.claim(await stored(first), OTHER_OWNER, BOT, now) is not None

    assert await publishing.record_published(first, 9, now) is None
    assert not await publishing.record_failed(first, "no")
    assert not await publishing.release(first, now)
    assert await state_of(first) is S.SENDING


async def test_what_arrived_after_all_is_published_and_not_sent_again(db: Database, now: datetime) -> None:
    first = await sending(now)
    await publishing.give_up_lapsed(now + DAY, 10)
    await announcement_ops.send_again(first.id, now + DAY)

    assert await publishing.record_published(first, 9, now) is not None
    assert await publishing.find_due(now + DAY, limit=10) == []


async def test_of_two_processes_one_claims(db: Database, now: datetime) -> None:
    one = await planned(now)
    claims = await asyncio.gather(*(publishing.claim(one, owner, BOT, now) for owner in (OWNER, OTHER_OWNER)))

    assert [claim is not None for claim in claims].count(True) == 1


async def test_what_was_moved_or_changed_since_it_was_read_is_not_claimed(db: Database, now: datetime) -> None:
    one = await planned(now)
    await announcement_ops.move(one.id, now + HOUR)

    assert await publishing.claim(one, OWNER, BOT, now) is None


# --- leases


async def test_a_lapsed_one_becomes_unknown_and_is_never_due_again(db: Database, now: datetime) -> None:
    one = await sending(now)
    after = now + LEASE_FOR + timedelta(milliseconds=1)

    assert await publishing.give_up_lapsed(now + LEASE_FOR, 10) == []
    assert [given_up.id for given_up in await publishing.give_up_lapsed(after, 10)] == [one.id]
    assert await state_of(one) is S.UNKNOWN
    assert await publishing.find_due(now + DAY, limit=10) == []


async def test_a_renewed_lease_is_kept(db: Database, now: datetime) -> None:
    one = await sending(now)
    later = now + LEASE_FOR

    assert await publishing.renew(OWNER, [one.id], later) == 1
    assert await publishing.renew(OTHER_OWNER, [one.id], later + HOUR) == 0
    assert await publishing.give_up_lapsed(later + LEASE_FOR, 10) == []


async def test_a_lease_of_a_clock_put_back_since_does_not_hold_for_ever(db: Database, now: datetime) -> None:
    one = await sending(now)

    assert [given_up.id for given_up in await publishing.give_up_lapsed(now - 2 * HOUR, 10)] == [one.id]


# --- lists


async def test_the_schedule_is_read_page_by_page_the_earliest_first(db: Database, now: datetime) -> None:
    for hours in (3, 1, 2):
        await planned(now + hours * HOUR, key=f"d{hours}", post_code=f"Post{hours}")

    page, more = await announcement_ops.find_planned(limit=2)
    rest, no_more = await announcement_ops.find_planned(skip=2, limit=2)

    assert ([one.key for one in page], more) == (["d1", "d2"], True)
    assert ([one.key for one in rest], no_more) == (["d3"], False)


async def test_a_span_of_the_schedule_has_its_beginning_and_not_its_end(db: Database, now: datetime) -> None:
    for hours in (1, 2, 3, 4):
        await planned(now + hours * HOUR, key=f"d{hours}", post_code=f"Post{hours}")

    page, more = await announcement_ops.find_planned_between(now + 2 * HOUR, now + 4 * HOUR, limit=1)
    rest, no_more = await announcement_ops.find_planned_between(now + 2 * HOUR, now + 4 * HOUR, skip=1, limit=1)

    assert ([one.key for one in page], more) == (["d2"], True)
    assert ([one.key for one in rest], no_more) == (["d3"], False)


async def test_taken_times_are_those_planned_in_that_channel(db: Database, now: datetime) -> None:
    await planned(now + HOUR)
    await planned(now + 2 * HOUR, chat_id=GREENHOUSE)
    cancelled = await planned(now + 3 * HOUR, key="other", post_code="Other")
    await announcement_ops.cancel(cancelled.id)

    assert await announcement_ops.find_taken(GARDEN, now) == {now + HOUR}


async def test_troubles_are_what_failed_was_missed_or_is_unknown(db: Database, now: datetime) -> None:
    for state in S:
        await in_state(state, now, key=state.value, post_code=state.value)

    found = {one.state for one in await announcement_ops.find_troubled(20)}

    assert found == {S.FAILED, S.MISSED, S.UNKNOWN}


async def test_announcements_of_a_post_are_counted_by_state(db: Database, now: datetime) -> None:
    await in_state(S.PUBLISHED, now)
    await planned(now, key="other", chat_id=GREENHOUSE)
    await planned(now, key="third", post_code="Other")

    assert await announcement_ops.count_of_post(CODE) == {"published": 1, "planned": 1}


async def test_an_unreadable_row_does_not_block_those_behind_it(db: Database, now: datetime) -> None:
    broken = await planned(now - HOUR)
    await put(broken, text=None)
    await planned(now, key="other", post_code="Other")

    assert [one.key for one in await publishing.find_due(now, limit=1)] == ["other"]
    assert (await publishing.has_work(now), len(await publishing.find_unnoted(9))) == (True, 1)


async def test_a_move_from_another_time_than_was_seen_changes_nothing(db: Database, now: datetime) -> None:
    one = await planned(now)
    assert await announcement_ops.move(one.id, now + DAY, by=1, name="Bob", seen=now) is not None
    assert await announcement_ops.move(one.id, now + 2 * DAY, by=2, name="Eva", seen=now) is None
    after = await stored(one)
    assert (after.publish_at, after.due_at, after.moved_by_name) == (now + DAY, now + DAY, "Bob")


async def test_a_message_is_to_show_what_became_of_a_draft_until_that_is_recorded(db: Database, now: datetime) -> None:
    one = await planned(now, key="a", is_reported=False, progress_message_id=5)
    await planned(now, key="b", post_code="Summer0000000000")
    assert [found.id for found in await announcement_ops.find_unreported(9)] == [one.id]
    assert await announcement_ops.mark_reported("a") == 1
    assert await announcement_ops.mark_reported("a") == 0
    assert await announcement_ops.find_unreported(9) == []
