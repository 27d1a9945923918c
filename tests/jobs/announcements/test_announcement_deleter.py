"""Announcements that leave: deleted up to 48 hours, emptied afterwards, never by a bot that did not publish them."""

import asyncio
from datetime import timedelta

import pytest

from core.announcements import Announcement, AnnouncementState, CoverMessage
from core.clock import ManualClock
from database.connection import Database
from database.operations import announcement_ops
from database.operations.announcements import changes, removals
from schedulers.jobs.announcements.deleter import REFUSALS_MAX
from tests.jobs.announcements.channels import STORAGE, Channels
from tests.jobs.announcements.stage import Process
from tests.operations.announcements.announcing import CODE, GARDEN, in_state, planned, put, state_of, stored
from tests.unit.sender.telegram import Answer, flood, lost, refusal

S = AnnouncementState
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
COVER = CoverMessage(chat_id=STORAGE, message_id=7)
NO_RIGHT = refusal(400, "Bad Request: need administrator rights in the channel chat")


@pytest.mark.parametrize("cover", [None, COVER], ids=["text", "cover"])
@pytest.mark.parametrize(
    ("age", "state"), [(48 * HOUR - MINUTE, S.WITHDRAWN), (48 * HOUR + MINUTE, S.EMPTIED)], ids=["47:59", "48:01"]
)
async def test_up_to_48_hours_it_is_deleted_and_later_emptied(
    process: Process,
    channels: Channels,
    clock: ManualClock,
    age: timedelta,
    state: AnnouncementState,
    cover: CoverMessage | None,
) -> None:
    one = await planned(clock.now(), cover=cover)
    await process.publish()
    published_at = (await stored(one)).published_at
    assert published_at is not None
    clock.move(published_at + age - clock.now())

    await removals.request(one.id, clock.now())
    counts = await process.remove()

    assert await state_of(one) is state
    assert counts.done == {state.value: 1}
    left = [(posted.text, posted.url, posted.cover) for posted in channels.of(GARDEN)]
    emptied = ("…", None, None) if cover is None else (None, None, 7)
    assert left == ([] if state is S.WITHDRAWN else [emptied])


async def test_one_that_telegram_does_not_delete_any_more_is_emptied(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now())
    await process.publish()
    # Telegram's message is older than the row says
    channels.posted[0].at -= 3 * 24 * HOUR
    await removals.request(one.id, clock.now())

    await process.remove()

    assert await state_of(one) is S.EMPTIED


async def test_it_leaves_when_its_time_is_up_and_not_before(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now(), leaves_after_minutes=60)
    await process.publish()
    leaves_at = (await stored(one)).leaves_at
    assert leaves_at is not None

    clock.move(leaves_at - clock.now() - timedelta(seconds=1))
    assert not await process.deleter.has_work(clock.now())
    clock.move(timedelta(seconds=1))
    assert await process.deleter.has_work(clock.now())
    await process.remove()

    assert (await state_of(one), channels.of(GARDEN)) == (S.WITHDRAWN, [])


async def test_one_that_somebody_deleted_counts_as_withdrawn(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now())
    await process.publish()
    channels.posted.clear()
    await removals.request(one.id, clock.now())
    await process.remove()

    assert await state_of(one) is S.WITHDRAWN


@pytest.mark.parametrize("answer", [flood(90), lost(TimeoutError()), refusal(500, "Internal Server Error: restart")])
async def test_an_answer_that_says_nothing_is_followed_by_another_try(
    process: Process, channels: Channels, clock: ManualClock, answer: Answer
) -> None:
    one = await planned(clock.now())
    await process.publish()
    await removals.request(one.id, clock.now())
    channels.answer_next(GARDEN, answer, is_done=True)
    await process.remove()
    assert await state_of(one) is S.PUBLISHED

    clock.move(2 * MINUTE)
    await process.remove()

    assert (await state_of(one), (await stored(one)).removal_attempts) == (S.WITHDRAWN, 0)


async def test_without_the_right_it_is_tried_each_hour_of_a_day_and_then_stays_with_the_words(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now())
    await process.publish()
    await removals.request(one.id, clock.now())
    channels.lost[GARDEN] = NO_RIGHT
    for _ in range(REFUSALS_MAX - 1):
        await process.remove()
        clock.move(HOUR)
    assert (await stored(one)).leaves_at is not None

    await process.remove()

    found = await stored(one)
    assert (found.state, found.leaves_at) == (S.PUBLISHED, None)
    assert "administrator rights" in (found.error or "")


async def test_the_right_that_came_back_is_used_and_the_owners_hear_of_both(
    process: Process, channels: Channels, clock: ManualClock, told: list[str]
) -> None:
    one = await planned(clock.now())
    await process.publish()
    await removals.request(one.id, clock.now())
    channels.lost[GARDEN] = NO_RIGHT
    await process.remove()
    clock.move(HOUR)
    await process.remove()
    assert len(told) == 1
    channels.lost.clear()
    clock.move(HOUR)
    await process.remove()

    assert await state_of(one) is S.WITHDRAWN
    assert len(told) == 2


async def test_ids_of_another_bot_are_never_used(
    process: Process, channels: Channels, clock: ManualClock, told: list[str]
) -> None:
    one = await planned(clock.now(), leaves_after_minutes=1)
    await process.publish()
    clock.move(HOUR)

    counts = await Process(channels, clock, told, bot_id=1009).remove()

    assert counts.done == {"kept": 1}
    assert len(channels.of(GARDEN)) == 1
    assert not await process.deleter.has_work(clock.now())
    assert (await stored(one)).error is not None


async def test_one_without_a_number_stays_and_says_so(process: Process, channels: Channels, clock: ManualClock) -> None:
    one = await in_state(S.UNKNOWN, clock.now())
    await announcement_ops.confirm(one.id, clock.now())
    await removals.request(one.id, clock.now())

    await process.remove()

    found = await stored(one)
    assert (found.state, found.leaves_at, channels.calls) == (S.PUBLISHED, None, [])
    assert found.error is not None


async def test_everything_of_a_post_is_taken_down(process: Process, channels: Channels, clock: ManualClock) -> None:
    states = {}
    for number, state in enumerate(S):
        row = await in_state(state, clock.now(), key=state.value, chat_id=-2000 - number)
        states[state] = row
    await put(states[S.PUBLISHED], bot_id=process.bot.id)

    withdrawn = await removals.withdraw_all(CODE, clock.now())
    await process.remove()

    assert (withdrawn.leaving, withdrawn.cancelled, withdrawn.unknown) == (2, 3, 1)
    for state in (S.PLANNED, S.FAILED, S.MISSED):
        assert await state_of(states[state]) is S.CANCELLED
    assert await state_of(states[S.PUBLISHED]) is S.WITHDRAWN
    assert await state_of(states[S.UNKNOWN]) is S.UNKNOWN
    assert (await stored(states[S.SENDING])).is_withdrawal_wanted


async def test_an_edit_under_way_does_not_fill_an_emptied_message_again(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now())
    await process.publish()
    clock.move(50 * HOUR)
    await changes.change_all(CODE, changes.Content("New", None, "Open"), clock.now())
    real = process.publisher._edits._calls.edit

    async def edit(announcement: object, url: str) -> object:
        # its request waits in the limiter while the deleter runs
        await removals.request(one.id, clock.now())
        await process.remove()
        return await real(announcement, url)  # type: ignore[arg-type]

    process.publisher._edits._calls.edit = edit  # type: ignore[assignment, method-assign]
    await process.publish_all(for_up_to=MINUTE)

    assert await state_of(one) is S.EMPTIED
    assert [(posted.text, posted.url) for posted in channels.of(GARDEN)] == [("…", None)]


async def test_many_are_taken_out_in_one_run_and_each_is_counted(
    process: Process, channels: Channels, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = removals.record_withdrawn

    async def answered_later(one: Announcement) -> bool:
        # as from a server: the others go on meanwhile
        await asyncio.sleep(0)
        return await whole(one)

    monkeypatch.setattr(removals, "record_withdrawn", answered_later)
    for number in range(35):
        await planned(clock.now(), key=f"{number}", post_code=f"Post{number:012}", chat_id=-2000 - number)
    await process.publish_all(for_up_to=MINUTE)
    for number in range(35):
        await removals.withdraw_all(f"Post{number:012}", clock.now())

    counts = await process.remove()

    assert (counts.done, channels.posted) == ({"withdrawn": 35}, [])


async def test_what_the_owners_know_of_costs_three_reads_however_many_need_a_person(
    db: Database, process: Process, clock: ManualClock, told: list[str]
) -> None:
    for number in range(5):
        await in_state(S.FAILED, clock.now(), key=f"{number}", chat_id=-2000 - number)
    await process.remove()
    assert len(told) == 5
    db.calls.clear()

    await process.remove()

    assert (len(told), sum(db.calls.values())) == (5, 4), "what is due, and three reads"
