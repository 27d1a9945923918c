"""A post taken down everywhere: its copies are gone after the next run of the deleter, those on their way after it."""

from datetime import timedelta
from typing import Any

import pytest

from core.announcements import AnnouncementState
from core.errors import StoreUnavailable
from core.jobs import JobOutcome, RunReport
from core.posts import Post, PostStatus
from database.connection import current_database
from database.operations import delivery_ops
from database.operations.delivery_ops import NewDelivery
from database.operations.posts import post_ops, post_takedown
from schedulers import create_message_deleter_scheduler
from schedulers.jobs import take_downs
from tests.house import ALICE, OLIVE, USER_BOT, House
from tests.operations.announcements.announcing import GREENHOUSE, planned, published
from tests.operations.announcements.announcing import stored as find

GONE_AFTER = take_downs.LOOKED_FOR.total_seconds()


async def delivered(house: House, **more: Any) -> Post:
    post = await house.store(2, **more)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, count=1)
    await house.settle()
    return post


async def take_down(house: House, post: Post) -> None:
    assert await post_takedown.take_down(post.code, by=OLIVE, at=house.clock.now())


async def run_deleter(house: House) -> RunReport:
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    return await deleter.delete_due_messages()


async def captions(house: House) -> list[str]:
    """What Alice still has of posts."""
    seen = await house.alice.transcript(USER_BOT)
    return [one["caption"] for one in seen["messages"] if one["deleted_at"] is None and "caption" in one]


async def is_marked(post: Post) -> bool:
    found = await post_ops.find(post.code)
    assert found is not None and found.status is PostStatus.REMOVED
    return found.taking_down_since is not None


@pytest.mark.parametrize("minutes", [30, 0], ids=["deleted later", "never deleted"])
async def test_copies_are_gone_after_the_next_run(house: House, minutes: int) -> None:
    post, other = await delivered(house, delete_after_minutes=minutes), await delivered(house)
    await take_down(house, post)
    report = await run_deleter(house)
    assert (report.outcome, report.counts) == (JobOutcome.SUCCEEDED, {"brought_forward": 1, "deleted": 1})
    assert len(await captions(house)) == other.item_count
    await house.advance(seconds=5)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="not available")


async def test_announcements_leave_also_when_who_took_it_down_was_killed_before_they_were_withdrawn(
    house: House,
) -> None:
    post = await delivered(house)
    out = await published(house.clock.now(), post_code=post.code)
    ahead = await planned(house.clock.now() + timedelta(hours=1), post_code=post.code, chat_id=GREENHOUSE)
    await take_down(house, post)
    await run_deleter(house)
    assert (await find(out)).is_withdrawal_wanted
    assert (await find(ahead)).state is AnnouncementState.CANCELLED


async def test_the_post_is_looked_after_until_nothing_can_come_any_more(house: House) -> None:
    post = await delivered(house)
    await take_down(house, post)
    await run_deleter(house)
    assert await is_marked(post)
    await house.advance(seconds=GONE_AFTER)
    await run_deleter(house)
    assert not await is_marked(post)


async def test_a_copy_that_arrives_after_the_taking_down_is_deleted_too(house: House) -> None:
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    post = await house.store()
    now = house.clock.now()
    claim = await delivery_ops.start(NewDelivery(1002, ALICE, post.code, "u", "another", now, now + timedelta(hours=1)))
    assert claim is not None
    await take_down(house, post)
    await house.advance(seconds=GONE_AFTER)
    assert (await run_deleter(house)).counts == {}
    assert await is_marked(post)
    (copy,) = await house.base.user_bot.copy_messages(ALICE, post.storage_chat_id, list(post.message_ids))
    sent_at = house.clock.now()
    await delivery_ops.record_sent(
        claim, [copy.message_id], None, sent_at=sent_at, delete_at=sent_at + timedelta(hours=1), paid_until=None
    )
    assert (await run_deleter(house)).counts == {"brought_forward": 1, "deleted": 1}
    assert await captions(house) == []
    assert not await is_marked(post)


async def test_a_run_that_dies_between_two_batches_is_resumed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take_downs, "BATCH", 1)
    post = await delivered(house)
    await house.bob.link(house.link(post))
    await house.bob.wait(USER_BOT, count=1)
    await house.settle()
    await take_down(house, post)
    forward, calls = post_takedown.bring_forward, 0

    async def dies(*args: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreUnavailable("killed")
        return await forward(*args)

    monkeypatch.setattr(post_takedown, "bring_forward", dies)
    assert (await run_deleter(house)).outcome is JobOutcome.FAILED
    assert (await run_deleter(house)).counts == {"brought_forward": 1, "deleted": 2}
    assert await captions(house) == []


async def test_a_clock_put_back_ends_the_looking(house: House) -> None:
    post = await delivered(house)
    await take_down(house, post)
    later = house.clock.now() + timedelta(hours=1)
    await current_database().collection("posts").update_one({"code": post.code}, {"$set": {"taking_down_since": later}})
    await run_deleter(house)
    assert not await is_marked(post)
    assert await captions(house) == []
