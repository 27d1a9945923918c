"""A try is one subscriber, one post, one day; its steps only fall; each is counted once, whatever happens."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.errors import WriteError

from core.errors import StoreUnavailable
from core.statistics import Count, SourceDay
from core.statistics.events import OTHER_SOURCES, SOURCES_A_DAY, Event, Mark, Step
from core.statistics.periods import sum_of
from database.connection import Database
from database.operations import delivery_ops, token_ops, user_ops
from database.operations.counting import batches, post_days, tries
from database.operations.counting.batches import count_events
from tests.operations.conftest import StepIn, away_after
from tests.operations.counting.happening import (
    DAY,
    MINUTE,
    TOKEN,
    ZONE,
    add_token,
    arrive,
    as_stored,
    claim,
    count_all,
    day_of,
    pay,
    start,
    steps,
    stored,
)
from tests.operations.posts.making import found, make


async def test_one_subscriber_who_gets_a_post_three_times_a_day_tried_once_and_got_it_once(
    db: Database, now: datetime
) -> None:
    post = await make()
    for repeat in range(3):
        await arrive(post, 1, now + repeat * MINUTE)
        assert steps(await stored(now)) == (1, 1, 1, 1)
    assert (await found(post)).delivered == 1


async def test_seven_subscribers_of_whom_three_come_again_the_next_day_are_seven_and_three(
    db: Database, now: datetime
) -> None:
    post = await make()
    for user_id in range(1, 8):
        await arrive(post, user_id, now)
    # before yesterday is counted: the row of the delivery is the same one
    for user_id in range(1, 4):
        await arrive(post, user_id, now + DAY)
    assert [(await stored(at)).count(Count.DELIVERED) for at in (now, now + DAY)] == [7, 3]
    assert (await found(post)).delivered == 10
    assert await post_days.of_post(post.code, day_of(now), day_of(now) + DAY) == post_days.PostSteps(
        tries=7, joined=7, unlocked=7, delivered=7
    )
    assert [(top.code, top.deliveries) for top in await post_days.top(day_of(now), now + 2 * DAY, 5)] == [
        (post.code, 10)
    ]


@pytest.mark.parametrize("is_counted_between", [True, False])
async def test_each_step_is_a_part_of_the_one_before_it_in_whatever_order_they_are_stored(
    db: Database, now: datetime, is_counted_between: bool
) -> None:
    day = day_of(now)
    for user_id, seen in enumerate([[1], [2, 1], [1, 2, 3], [4], [3, 1], [2, 4, 1]]):
        for step in seen:
            await tries.step_up(user_id, "post", day, Step(step))
            if is_counted_between:
                await count_events(ZONE, 100)
    assert steps(await stored(now)) == (6, 5, 4, 2)


async def test_what_was_admitted_and_did_not_arrive_whole_is_unlocked_and_not_delivered(
    db: Database, now: datetime
) -> None:
    admitted = Mark(Event.ADMITTED, now)
    await arrive("in part", 1, now, whole=False)
    await delivery_ops.record_unknown(await claim("unknown", 1, now), None, admitted=admitted)
    await delivery_ops.record_refused(await claim("refused", 1, now), admitted)
    # the last credit was spent by another delivery meanwhile
    await delivery_ops.record_refused(await claim("unpaid", 1, now))
    await tries.step_up(1, "unpaid", day_of(now), Step.JOINED)
    assert steps(await stored(now)) == (4, 4, 3, 0)


async def test_midnight_of_the_owners_zone_begins_a_new_try(db: Database) -> None:
    # 23:59:59 and 0:00 in Berlin, on the day of summer time and on another one
    for midnight in (datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 7, 9, 22, tzinfo=UTC)):
        await arrive(f"post {midnight.month}", 1, midnight - timedelta(seconds=1))
        await arrive(f"post {midnight.month}", 1, midnight + timedelta(minutes=1))
        assert [(await stored(at)).count(Count.TRIES) for at in (midnight - MINUTE, midnight)] == [1, 1]


async def test_a_clock_that_was_put_back_counts_no_try_again(db: Database, now: datetime) -> None:
    post = await make()
    await arrive(post, 1, now)
    await stored(now)
    await arrive(post, 1, now - timedelta(hours=1))
    assert steps(await stored(now)) == (1, 1, 1, 1)


async def test_a_kill_at_any_command_counts_once_in_the_end(db: Database, now: datetime) -> None:
    commands, was_killed = 0, True
    while was_killed:
        # a day and posts of its own for each command
        at, token = now + commands * DAY, f"{commands:032}"
        post, other = await make(), await make()
        for user_id in (1, 2):
            await start(100 * commands + user_id, at, "insta")
            await arrive(post, user_id, at, source="insta")
        await arrive(other, 1, at)
        await add_token(at, token=token)
        await pay(at, token)
        was_killed = await is_killed_after(db, commands)
        # what comes after is counted with another batch
        await arrive(post, 3, at)
        day = await stored(at)
        assert steps(day) == (4, 4, 4, 4), commands
        assert (day.count(Count.NEW_USERS), day.count(Count.UNLOCKS)) == (2, 1), commands
        assert day.sources == {"insta": SourceDay(new=2, tries=2, delivered=2)}, commands
        assert ((await found(post)).delivered, (await found(other)).delivered) == (3, 1), commands
        commands += 1
    assert commands >= 20


async def is_killed_after(db: Database, commands: int) -> bool:
    """Count all, and die after so many commands; False when it was done before."""
    db.before_call = away_after(commands)
    try:
        await count_events(ZONE, 500)
    except StoreUnavailable:
        return True
    finally:
        db.before_call = None
    return False


async def test_a_process_that_slept_in_the_middle_of_a_batch_adds_nothing_when_it_wakes(
    db: Database, now: datetime
) -> None:
    """The other one has finished the batch meanwhile, and counted further ones."""
    post = await make()
    await arrive(post, 1, now)
    db.before_call = away_after(11)
    with pytest.raises(StoreUnavailable):
        await count_events(ZONE, 100)
    db.before_call = None
    batch = await db.collection("event_batches").find_one({})
    assert batch is not None and batch["is_open"]
    await arrive(post, 2, now)
    await count_all()
    await arrive(post, 3, now)
    await batches._carry_out(batch)
    assert steps(await stored(now)) == (3, 3, 3, 3)
    assert (await found(post)).delivered == 3


async def test_of_two_processes_that_count_at_once_each_event_is_counted_once(db: Database, now: datetime) -> None:
    post = await make()
    for user_id in range(1, 31):
        await arrive(post, user_id, now)
        await start(user_id, now)
    while sum(await asyncio.gather(*(count_events(ZONE, 7) for _ in range(3)))):
        pass
    day = await stored(now)
    assert (steps(day), day.count(Count.NEW_USERS)) == ((30, 30, 30, 30), 30)
    assert (await found(post)).delivered == 30


async def test_what_happens_while_a_batch_is_carried_out_is_counted_with_the_next(
    db: Database, now: datetime, step_in: StepIn
) -> None:
    await start(1, now)
    await tries.step_up(1, "post", day_of(now), Step.TRIED)

    async def go_on() -> None:
        await user_ops.mark_blocked(1, now)
        await tries.step_up(1, "post", day_of(now), Step.JOINED)

    step_in("daily_stats", "update_one", go_on)
    day = await stored(now)
    assert (day.count(Count.NEW_USERS), day.count(Count.BLOCKED), steps(day)) == (1, 1, (1, 1, 0, 0))


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_batch_that_another_process_has_stored_meanwhile_is_not_stored_again(
    db: Database, now: datetime, step_in: StepIn, is_first: bool
) -> None:
    if not is_first:
        await start(1, now)
        await count_all()
    await start(2, now)
    step_in("event_batches", "update_one", count_all)
    assert await count_events(ZONE, 100) == 0
    assert (await stored(now)).count(Count.NEW_USERS) == 2 - is_first


async def test_an_erased_subscriber_leaves_the_counts_as_they_are(db: Database, now: datetime) -> None:
    post = await make()
    for user_id in (1, 2):
        await start(user_id, now)
        await arrive(post, user_id, now)
    before = await stored(now)
    for name in ("users", "tries", "deliveries"):
        await db.collection(name).delete_many({"user_id": 1})
    assert await stored(now) == before
    assert await user_ops.count() == 1


async def test_first_starts_are_new_and_who_was_stored_before_is_new_with_the_start(
    db: Database, now: datetime
) -> None:
    await start(1, now, "insta")
    await start(1, now + MINUTE)
    await user_ops.ban(2, now, reason=None, until=None)
    assert ((await stored(now)).count(Count.NEW_USERS), await user_ops.count()) == (1, 1)
    for _ in range(2):
        await start(2, now + DAY)
    assert ((await stored(now + DAY)).count(Count.NEW_USERS), await user_ops.count()) == (1, 2)
    assert (await as_stored(now)).sources == {"insta": SourceDay(new=1)}


async def test_a_subscriber_who_blocks_and_is_gone_later_is_counted_once(db: Database, now: datetime) -> None:
    await start(1, now)
    assert await user_ops.mark_blocked(1, now)
    assert not await user_ops.mark_blocked(1, now)
    assert await user_ops.mark_deactivated(1, now)
    assert (await stored(now)).count(Count.BLOCKED) == 1


async def test_one_honest_quick_click_is_no_unlock_that_ended_too_fast(db: Database, now: datetime) -> None:
    await add_token(now)
    assert await token_ops.mark_bypassed(TOKEN, now)
    assert sum_of([await stored(now)]).too_fast_share == 1.0
    await add_token(now, token="R" * 32, is_replacement=True)
    await pay(now + MINUTE, "R" * 32)
    figures = sum_of([await stored(now)])
    assert (figures.of(Count.UNLOCKS), figures.too_fast, figures.too_fast_share) == (1, 0, 0.0)


async def test_who_is_too_fast_twice_ended_too_fast_once(db: Database, now: datetime) -> None:
    await add_token(now)
    await add_token(now, token="R" * 32, is_replacement=True)
    assert await token_ops.mark_bypassed(TOKEN, now) and await token_ops.mark_bypassed("R" * 32, now)
    assert sum_of([await stored(now)]).too_fast == 1


async def test_made_up_sources_fill_no_day(db: Database, now: datetime) -> None:
    for user_id in range(1, SOURCES_A_DAY + 11):
        await start(user_id, now, f"s{user_id}")
        if not user_id % 50:
            await count_all()
    day = await stored(now)
    assert len(day.sources) == SOURCES_A_DAY + 1
    assert day.sources[OTHER_SOURCES] == SourceDay(new=10)


async def test_marks_that_are_none_are_taken_away_and_hold_nobody_up(db: Database, now: datetime) -> None:
    await start(1, now)
    await start(2, now)
    await db.collection("users").update_one({"user_id": 1}, {"$set": {"uncounted": ["who knows", "new:x:", "z:1:"]}})
    await db.collection("users").update_one({"user_id": 2}, {"$set": {"uncounted": "new"}})
    await start(3, now)
    assert (await stored(now)).count(Count.NEW_USERS) == 1
    assert await count_all() == 0


async def test_a_count_that_is_no_number_holds_no_other_up(db: Database, now: datetime) -> None:
    post, broken = await make(), await make()
    await db.collection("posts").update_one({"code": broken.code}, {"$set": {"delivered": "many"}})
    await arrive(broken, 1, now)
    await arrive(post, 1, now)

    def refuse(operation: str, collection: str) -> None:
        if (operation, collection) == ("update_each", "posts"):
            raise WriteError("Cannot apply $inc to a value of non-numeric type", 14)

    if db.is_memory:  # it adds a number to a text with a TypeError
        db.before_call = refuse
    assert (await stored(now)).count(Count.DELIVERED) == 2
    assert await count_all() == 0
    if not db.is_memory:
        assert (await found(post)).delivered == 1


async def test_counted_tries_are_deleted_after_their_days_and_uncounted_ones_kept(db: Database, now: datetime) -> None:
    await arrive("old", 1, now)
    await count_all()
    await tries.step_up(2, "old", day_of(now), Step.TRIED)
    await arrive("new", 1, now + DAY)
    await tries.delete_old(day_of(now + DAY))
    assert await db.collection("tries").count({}) == 1
    await count_all()
    await tries.delete_old(day_of(now + DAY))
    assert await db.collection("tries").count({}) == 1
