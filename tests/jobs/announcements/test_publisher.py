"""The publisher: what it sends, what it concludes from each answer, what it does about time that has passed."""

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from aiogram.methods import CopyMessage, SendMessage
from aiogram.types import MessageId
from aiohttp import ServerDisconnectedError

from core.announcements import Announcement, AnnouncementState, CoverMessage, is_missed
from core.clock import ManualClock
from database.connection import Database
from database.operations import announcement_ops
from database.operations.announcements import changes, publishing, removals
from database.operations.posts import post_ops
from schedulers.jobs.announcements.calls import Outcome
from schedulers.jobs.announcements.sending import CannotPublish
from sender.lanes import Lane, current_lane
from tests.jobs.announcements.channels import STORAGE, Channels
from tests.jobs.announcements.conftest import PublisherClock
from tests.jobs.announcements.stage import Process
from tests.operations.announcements.announcing import (
    GARDEN,
    GREENHOUSE,
    OTHER_OWNER,
    planned,
    sending,
    state_of,
    stored,
)
from tests.operations.conftest import NOW
from tests.unit.sender.telegram import Answer, flood, lost, never_connected, raw, refusal

S = AnnouncementState
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
COVER = CoverMessage(chat_id=STORAGE, message_id=7)
LOST_CHANNEL = refusal(403, "Forbidden: bot was kicked from the channel chat")


async def test_a_text_goes_out_exactly_as_it_is_stored(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now(), silent=True)

    counts = await process.publish()

    [posted] = channels.of(GARDEN)
    assert (posted.text, posted.url, posted.silent, posted.is_pinned) == (one.text, one.url, True, False)
    assert isinstance(channels.calls[0], SendMessage)
    found = await stored(one)
    assert (found.state, found.message_id, found.bot_id) == (S.PUBLISHED, posted.message_id, process.bot.id)
    assert (found.published_at, counts.done) == (posted.at, {"published": 1})


async def test_a_cover_is_copied_with_the_text_and_the_button(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now(), cover=COVER, pin=True)

    await process.publish()

    [posted] = channels.of(GARDEN)
    assert (posted.cover, posted.text, posted.url, posted.is_pinned) == (7, one.text, one.url, True)
    assert isinstance(channels.calls[0], CopyMessage)
    assert (await stored(one)).is_pin_due is False


async def test_nothing_goes_out_before_its_time(process: Process, channels: Channels, clock: ManualClock) -> None:
    await planned(clock.now() + HOUR)

    await process.publish()
    assert not await process.publisher.has_work(clock.now())
    clock.move(HOUR)
    assert await process.publisher.has_work(clock.now())
    await process.publish()

    assert len(channels.of(GARDEN)) == 1


#: answer, whether the message arrived all the same, what becomes of the announcement
ANSWERS: dict[str, tuple[Answer, bool, AnnouncementState]] = {
    "400": (refusal(400, "Bad Request: something new"), False, S.FAILED),
    "caption of 1,025": (refusal(400, "Bad Request: message caption is too long"), False, S.FAILED),
    "no right": (refusal(400, "Bad Request: need administrator rights in the channel chat"), False, S.FAILED),
    "403": (LOST_CHANNEL, False, S.FAILED),
    "406": (refusal(406, "USER_RESTRICTED"), False, S.FAILED),
    "413": (refusal(413, "Request Entity Too Large"), False, S.FAILED),
    "cover gone": (refusal(400, "Bad Request: message to copy not found"), False, S.FAILED),
    "500 restart": (refusal(500, "Internal Server Error: restart"), True, S.UNKNOWN),
    "502 HTML": (raw(502, "<html>Bad Gateway</html>"), True, S.UNKNOWN),
    "200 unreadable": (raw(200, '{"ok": true, "result": {"message_id": "?"}}'), True, S.UNKNOWN),
    "time-out": (lost(TimeoutError()), True, S.UNKNOWN),
    "reset": (lost(ServerDisconnectedError()), False, S.UNKNOWN),
    "number 0": (lambda method: MessageId(message_id=0), True, S.UNKNOWN),
    "429": (flood(90), False, S.PUBLISHED),
    "no connection": (never_connected(), False, S.PUBLISHED),
}


@pytest.mark.parametrize("cover", [None, COVER], ids=["text", "cover"])
@pytest.mark.parametrize("name", ANSWERS)
async def test_each_answer_leads_to_its_state_and_nothing_is_sent_twice(
    process: Process, channels: Channels, clock: ManualClock, told: list[str], name: str, cover: CoverMessage | None
) -> None:
    answer, is_done, state = ANSWERS[name]
    one = await planned(clock.now(), cover=cover)
    channels.answer_next(GARDEN, answer, is_done=is_done)

    await process.publish_all(for_up_to=HOUR)

    assert await state_of(one) is state
    assert len(channels.of(GARDEN)) == (is_done or state is S.PUBLISHED)
    assert len(told) == (state is not S.PUBLISHED)


async def test_the_words_of_a_refusal_are_kept_and_it_can_be_tried_again(
    process: Process, channels: Channels, clock: ManualClock, told: list[str]
) -> None:
    one = await planned(clock.now())
    channels.lost[GARDEN] = LOST_CHANNEL
    await process.publish()
    assert "bot was kicked" in ((await stored(one)).error or "")
    del channels.lost[GARDEN]

    assert await announcement_ops.publish_now(one.id, clock.now()) is not None
    await process.publish()

    assert (await state_of(one), len(channels.of(GARDEN))) == (S.PUBLISHED, 1)
    assert len(told) == 2, "the failure and the all-clear"


async def test_an_incident_closes_when_what_failed_is_dropped(
    process: Process, channels: Channels, clock: ManualClock, told: list[str]
) -> None:
    one = await planned(clock.now())
    channels.lost[GARDEN] = LOST_CHANNEL
    await process.publish()
    await process.remove()
    assert len(told) == 1, "the owners hear of it once"

    await announcement_ops.cancel(one.id)
    clock.move(MINUTE)
    await process.remove()

    assert len(told) == 2


async def test_a_lost_channel_stops_no_other(
    process: Process, channels: Channels, clock: ManualClock, told: list[str]
) -> None:
    rows = [await planned(clock.now(), chat_id=-2000 - number) for number in range(20)]
    for chat_id in (-2003, -2007):
        channels.lost[chat_id] = LOST_CHANNEL

    await process.publish_all(for_up_to=MINUTE)

    states = {row.chat_id: await state_of(row) for row in rows}
    assert {chat for chat, state in states.items() if state is S.FAILED} == {-2003, -2007}
    assert len(channels.posted) == len({one.chat_id for one in channels.posted}) == 18
    assert len(told) == 1, "one alert for one draft"


async def test_a_refused_token_stops_the_run_and_loses_nothing(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now())
    channels.answer_next(GARDEN, refusal(401, "Unauthorized"))

    with pytest.raises(CannotPublish):
        await process.publish()

    assert await state_of(one) is S.PLANNED
    clock.move(2 * MINUTE)
    await process.publish()
    assert await state_of(one) is S.PUBLISHED


# --- time that has passed


async def test_what_was_missed_for_less_than_a_day_follows_a_minute_apart_the_oldest_first(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    for hours in (2, 23, 1):
        await planned(clock.now() - hours * HOUR, key=f"{hours}", post_code=f"P{hours}", text=f"{hours}")
    elsewhere = await planned(clock.now() - HOUR, key="e", chat_id=GREENHOUSE)
    back = clock.now()

    await process.publish_all(for_up_to=5 * MINUTE)

    assert [one.text for one in channels.of(GARDEN)] == ["23", "2", "1"]
    waits = [one.at - back for one in channels.of(GARDEN)]
    assert waits[0] < 10 * timedelta(seconds=1)
    assert all(MINUTE <= later - earlier < 70 * timedelta(seconds=1) for earlier, later in pairwise(waits))
    # another channel does not wait for this one
    assert ((await stored(elsewhere)).published_at or clock.now()) - back < timedelta(seconds=10)


@pytest.mark.parametrize(("late", "state"), [(24 * HOUR, S.PUBLISHED), (24 * HOUR + MINUTE, S.MISSED)])
async def test_what_is_more_than_a_day_late_waits_for_a_person(
    process: Process, channels: Channels, clock: ManualClock, told: list[str], late: timedelta, state: AnnouncementState
) -> None:
    one = await planned(clock.now() - late)

    await process.publish()

    assert await state_of(one) is state
    assert (len(channels.of(GARDEN)), len(told)) == ((1, 0) if state is S.PUBLISHED else (0, 1))


async def test_a_missed_one_is_published_when_a_person_says_so(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now() - 48 * HOUR)
    await process.publish()
    await announcement_ops.publish_now(one.id, clock.now())
    await process.publish()

    assert (await state_of(one), len(channels.of(GARDEN))) == (S.PUBLISHED, 1)


async def test_a_clock_put_back_publishes_nothing_twice(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    first = await planned(clock.now())
    await process.publish()
    other = await planned(clock.now() + MINUTE, key="other", post_code="Other")

    clock.move(-5 * HOUR)
    await process.publish_all(for_up_to=4 * HOUR)
    assert len(channels.of(GARDEN)) == 1
    clock.move(2 * HOUR)
    await process.publish()

    assert (await state_of(first), await state_of(other)) == (S.PUBLISHED, S.PUBLISHED)
    assert len(channels.of(GARDEN)) == 2


async def test_a_clock_put_back_does_not_hold_up_what_is_late(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    await planned(clock.now())
    await process.publish()
    clock.move(-5 * HOUR)
    await planned(clock.now() - HOUR, key="late", post_code="Late")

    await process.publish()

    assert len(channels.of(GARDEN)) == 2


# --- processes that are gone


async def test_what_a_dead_process_was_sending_is_unknown_and_told_of(
    process: Process, channels: Channels, clock: ManualClock, told: list[str]
) -> None:
    one = await sending(clock.now())

    await process.publish()
    assert not await process.publisher.has_work(clock.now())
    assert await state_of(one) is S.SENDING
    clock.move(MINUTE)
    assert await process.publisher.has_work(clock.now())
    await process.publish()

    assert (await state_of(one), channels.posted) == (S.UNKNOWN, [])
    assert len(told) == 1
    assert "did not confirm" in told[0]


async def test_unknown_becomes_published_or_is_sent_again_by_a_person(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    there = await sending(clock.now())
    gone = await sending(clock.now(), key="other", post_code="Other")
    await publishing.give_up_lapsed(clock.now() + MINUTE, 10)

    await announcement_ops.confirm(there.id, clock.now())
    await announcement_ops.send_again(gone.id, clock.now())
    await process.publish_all(for_up_to=MINUTE)

    assert (await state_of(there), await state_of(gone)) == (S.PUBLISHED, S.PUBLISHED)
    assert len(channels.of(GARDEN)) == 1


async def test_two_processes_publish_twenty_channels_once_each(
    process: Process, channels: Channels, clock: ManualClock, told: list[str]
) -> None:
    for number in range(20):
        await planned(clock.now(), chat_id=-2000 - number)
    other = Process(channels, clock, told, owner=OTHER_OWNER)

    await asyncio.gather(process.publish(), other.publish())

    assert sorted(one.chat_id for one in channels.posted) == sorted(-2000 - number for number in range(20))


async def test_a_stop_leaves_what_it_has_not_begun_to_the_next_process(
    process: Process, channels: Channels, clock: ManualClock, told: list[str]
) -> None:
    for number in range(20):
        await planned(clock.now(), chat_id=-2000 - number)
    run = process.run()
    run.stopping.set()

    counts = await process.publisher(run)

    assert (counts.more, channels.posted) == (True, [])


async def test_a_withdrawal_during_the_call_takes_effect_after_it(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now(), leaves_after_minutes=60)
    claimed = await publishing.claim(one, "host", process.bot.id, clock.now())
    assert claimed is not None
    withdrawn = await removals.withdraw_all(one.post_code, clock.now())

    published = await publishing.record_published(claimed, 5, clock.now())

    assert (withdrawn.leaving, withdrawn.cancelled) == (1, 0)
    assert published is not None
    assert published.leaves_at == clock.now()


async def test_publish_now_goes_before_what_can_wait(process: Process, channels: Channels, clock: ManualClock) -> None:
    lanes: list[Lane] = []
    channels.before = lambda method: lanes.append(current_lane())
    await planned(clock.now())
    await process.publish()
    await planned(clock.now(), key="now", post_code="Now", is_now=True)
    await process.publish()

    assert lanes == [Lane.BULK, Lane.INTERACTIVE]


def test_a_day_is_the_limit(now: datetime = NOW) -> None:
    assert not is_missed(now - 24 * HOUR, now)
    assert is_missed(now - 24 * HOUR - timedelta(milliseconds=1), now)


async def test_the_post_knows_how_many_announcements_wait_and_stand(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    post = await post_ops.create(
        title="Spring", storage_chat_id=STORAGE, message_ids=[1], created_by=5, created_at=clock.now()
    )
    await planned(clock.now(), post_code=post.code)
    await planned(clock.now() + HOUR, post_code=post.code, chat_id=GREENHOUSE)
    await process.publish()
    found = await post_ops.find(post.code)

    assert found is not None
    assert (found.planned_count, found.published_count) == (1, 1)
    assert not await process.publisher.has_work(clock.now())


# --- leases and stops


async def test_a_call_that_waits_keeps_its_lease(process: Process, channels: Channels, clock: PublisherClock) -> None:
    one = await planned(clock.now())
    real, may_go = process.publisher._calls.publish, asyncio.Event()

    async def wait_and_publish(announcement: Announcement) -> Outcome:
        await may_go.wait()
        return await real(announcement)

    process.publisher._calls.publish = wait_and_publish  # type: ignore[assignment, method-assign]
    asked_at = clock.now()
    publishing_run = asyncio.ensure_future(process.publish())
    while clock.now() - asked_at < 5 * MINUTE:
        clock.move(timedelta(seconds=5))
        await clock.looked()
        assert await publishing.give_up_lapsed(clock.now(), 10) == []
    may_go.set()
    await publishing_run

    assert (await state_of(one), len(channels.of(GARDEN))) == (S.PUBLISHED, 1)


async def test_what_still_waits_for_the_limiter_at_a_stop_is_not_unknown(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now())
    process.bot.session.middleware(process.limiter)
    waiting = asyncio.Event()

    async def wait(_: object) -> None:
        waiting.set()
        await asyncio.Event().wait()

    process.limiter._call_scheduler.wait = wait  # type: ignore[assignment, method-assign]
    publishing_run = asyncio.ensure_future(process.publish())
    await waiting.wait()
    publishing_run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing_run

    assert (await state_of(one), channels.posted) == (S.PLANNED, [])


async def test_what_was_under_way_at_a_stop_is_unknown(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now())
    process.bot.session.middleware(process.limiter)
    left = asyncio.Event()

    async def leave(*_: object, **__: object) -> object:
        left.set()
        return await asyncio.Event().wait()

    process.bot.session.make_request = leave  # type: ignore[assignment, method-assign]
    publishing_run = asyncio.ensure_future(process.publish())
    await left.wait()
    publishing_run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing_run
    clock.move(MINUTE)
    await Process(channels, clock, []).publish()

    assert await state_of(one) is S.UNKNOWN


async def test_a_removed_post_is_not_announced_any_more(
    process: Process, channels: Channels, clock: ManualClock, told: list[str]
) -> None:
    post = await post_ops.create(
        title="Spring", storage_chat_id=STORAGE, message_ids=[1], created_by=5, created_at=clock.now()
    )
    one = await planned(clock.now() + HOUR, post_code=post.code)
    await post_ops.remove(post.code)
    clock.move(HOUR)
    await process.publish()

    assert (await state_of(one), channels.posted, told) == (S.CANCELLED, [], [])


async def test_a_post_that_was_undone_is_not_announced(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now(), has_post=False)
    await process.publish()

    assert (await state_of(one), channels.posted) == (S.CANCELLED, [])


async def test_twenty_channels_cost_twenty_calls_and_two_writes_each(
    db: Database, process: Process, channels: Channels, clock: ManualClock
) -> None:
    for number in range(20):
        await planned(clock.now(), chat_id=-2000 - number)
    db.calls.clear()

    await process.publish()

    assert len(channels.calls) == 20
    assert db.calls["find_one_and_update announcements"] == 40


async def test_what_ends_while_more_is_looked_for_makes_room_for_the_rest(
    process: Process, channels: Channels, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        await planned(clock.now(), chat_id=-2000 - number)
    real = changes.find_due

    async def slow_find_due(*args: Any, **options: Any) -> list[Announcement]:
        async with asyncio.timeout(10):
            while any(task.get_name().startswith("announcement ") for task in asyncio.all_tasks()):  # noqa: ASYNC110
                await asyncio.sleep(0)
        await asyncio.sleep(0)
        return await real(*args, **options)

    monkeypatch.setattr(changes, "find_due", slow_find_due)

    counts = await process.publish()

    assert (len(channels.calls), counts.more) == (20, False)


async def test_publish_now_does_not_wait_for_many_that_wait_for_their_channels(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    for number in range(80):
        await planned(clock.now(), key=f"{number}", post_code=f"Post{number:012}", chat_id=-2000 - number)
    now = await planned(clock.now() + timedelta(milliseconds=1), key="now", is_now=True)
    clock.move(timedelta(seconds=1))
    real, may_go, is_out = process.publisher._calls.publish, asyncio.Event(), asyncio.Event()

    async def wait_unless_now(announcement: Announcement) -> Outcome:
        if not announcement.is_now:
            await may_go.wait()
            return await real(announcement)
        outcome = await real(announcement)
        is_out.set()
        return outcome

    process.publisher._calls.publish = wait_unless_now  # type: ignore[assignment, method-assign]
    publishing_run = asyncio.ensure_future(process.publish())
    async with asyncio.timeout(30):
        await is_out.wait()
    assert [posted.text for posted in channels.posted] == [now.text]
    may_go.set()
    await publishing_run
    # on a server the clock of this test may be at the end of the run before all have gone
    await process.publish_all(for_up_to=timedelta(minutes=1))

    assert (await state_of(now), len(channels.posted)) == (S.PUBLISHED, 81)
