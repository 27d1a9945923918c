"""After a crash in the middle of a delivery the subscriber gets a notice with a button, once."""

from datetime import timedelta

import pytest

from core.delivery import DOUBLE_TAP
from core.errors import StoreUnavailable
from core.posts import Post
from database.operations import deletion_ops, delivery_claims, post_ops, user_ops
from tests.house import ALICE, BOB, USER_BOT, House
from user_bot.delivery.recovery import Recovery
from user_bot.delivery.request import Outcome

BOT = 1002


def recovery_of(house: House) -> Recovery:
    return Recovery(house.base.user_bot, house.base.clock, house.base.settings.zone)


async def interrupt_delivery(house: House, post: Post, user_id: int) -> None:
    """Leave the database as a kill -9 between the promise and Telegram's answer does."""
    await house.world.person(user_id).text(USER_BOT, "/start")
    await house.settle()
    now = house.base.clock.now() - timedelta(seconds=10)
    await delivery_claims.claim_delivery(BOT, user_id, post.code, now, DOUBLE_TAP)
    await deletion_ops.promise(BOT, user_id, user_id, post.code, now, now + timedelta(minutes=30))


async def test_an_interrupted_subscriber_is_notified_once_and_gets_the_post_by_the_button(house: House) -> None:
    post = await house.store()
    await interrupt_delivery(house, post, ALICE)
    recovery = recovery_of(house)
    assert await recovery.notify_interrupted() == 1
    assert await recovery.notify_interrupted() == 0
    await house.alice.wait(USER_BOT, contains="was interrupted")
    await house.alice.press(USER_BOT, "Get it again")
    await house.alice.wait(USER_BOT, contains="30 minutes")


async def test_an_interrupted_delivery_of_an_undeleted_post_is_notified_too(house: House) -> None:
    post = await house.store()
    await post_ops.set_deletion(post.code, 0)
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    now = house.base.clock.now() - timedelta(seconds=10)
    await delivery_claims.claim_delivery(BOT, ALICE, post.code, now, DOUBLE_TAP, settle_later=True)
    recovery = recovery_of(house)
    assert await recovery.notify_interrupted() == 1
    assert await recovery.notify_interrupted() == 0
    await house.alice.wait(USER_BOT, contains="was interrupted")


async def test_finished_deliveries_are_not_notified(house: House) -> None:
    kept, passing, lost = await house.store(), await house.store(), await house.store()
    await post_ops.set_deletion(kept.code, 0)
    for post in (kept, passing):
        await house.alice.link(house.link(post))
        await house.settle()
    await house.world.fault("drop_after", method="copyMessages", bot=USER_BOT)
    await house.alice.link(house.link(lost))
    await house.alice.wait(USER_BOT, contains="did not confirm")
    await house.settle()
    await house.advance(minutes=1)
    assert await recovery_of(house).notify_interrupted() == 0


async def test_a_subscriber_who_blocked_the_bot_does_not_delay_the_others(house: House) -> None:
    post = await house.store()
    await interrupt_delivery(house, post, BOB)
    await interrupt_delivery(house, post, ALICE)
    await house.bob.block(USER_BOT)
    recovery = recovery_of(house)
    assert await recovery.notify_interrupted() == 2
    assert await recovery.notify_interrupted() == 0
    await house.alice.wait(USER_BOT, contains="was interrupted")


async def test_a_subscriber_to_whom_telegram_takes_no_message_is_notified_later(house: House) -> None:
    post = await house.store()
    await interrupt_delivery(house, post, ALICE)
    recovery = recovery_of(house)
    fault = await house.world.fault("flood", method="sendMessage", bot=USER_BOT, retry_after=60, times=None)
    assert await recovery.notify_interrupted() == 1
    await house.world.clear_faults(fault)
    await recovery.notify_remaining()
    said = await house.alice.transcript(USER_BOT)
    assert len([m for m in said["messages"] if "was interrupted" in m.get("text", "")]) == 1


async def test_subscribers_are_notified_after_a_database_outage(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    post = await house.store()
    await interrupt_delivery(house, post, ALICE)
    find, tries = deletion_ops.find_interrupted, 0

    async def away_at_first(*arguments: object) -> object:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise StoreUnavailable("gone")
        return await find(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(deletion_ops, "find_interrupted", away_at_first)
    recovery = recovery_of(house)
    await recovery.notify_remaining()
    said = await house.alice.transcript(USER_BOT)
    assert len([m for m in said["messages"] if "was interrupted" in m.get("text", "")]) == 1
    assert tries > 3, "it continued after the outage"


async def test_a_delivery_that_fell_due_while_the_bot_was_down_is_notified_too(house: House) -> None:
    post = await house.store()
    await interrupt_delivery(house, post, ALICE)
    await house.advance(hours=5)
    assert await recovery_of(house).notify_interrupted() == 1


@pytest.mark.parametrize("minutes", [30, 0])
@pytest.mark.parametrize("is_promised", [True, False])
async def test_a_request_repeated_after_a_kill_is_not_delivered_twice(
    house: House, minutes: int, is_promised: bool
) -> None:
    """Telegram repeats the update; it delivers the post only when the killed process had promised nothing."""
    post = await house.store()
    await post_ops.set_deletion(post.code, minutes)
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    user = await user_ops.find(ALICE)
    assert user is not None
    now = house.base.clock.now()
    await delivery_claims.claim_delivery(
        BOT, ALICE, post.code, now, DOUBLE_TAP, update_key="message 9", settle_later=not minutes
    )
    if is_promised and minutes:
        await deletion_ops.promise(
            BOT, ALICE, ALICE, post.code, now, now + timedelta(minutes=minutes), request_key="message 9"
        )
    await house.advance(minutes=1)
    restarted = house.another_deliverer()
    outcome = await restarted.deliver(user, post.code, "message 9")
    is_new = bool(minutes) and not is_promised
    assert outcome is (Outcome.DELIVERED if is_new else Outcome.DOUBLE_TAP)
    assert len(await house.calls("copyMessages")) == int(is_new)
    assert await delivery_claims.find_unfinished(BOT, house.base.clock.now(), 10) == []
    await house.advance(minutes=1)
    assert await restarted.deliver(user, post.code, "message 10") is Outcome.DELIVERED


@pytest.mark.parametrize("minutes", [30, 0])
async def test_a_request_whose_answer_was_lost_is_not_delivered_again_by_the_next_process(
    house: House, minutes: int
) -> None:
    post = await house.store()
    await post_ops.set_deletion(post.code, minutes)
    await house.world.fault("drop_after", method="copyMessages", bot=USER_BOT)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="did not confirm")
    await house.settle()
    (start,) = [m for m in (await house.alice.transcript(USER_BOT))["messages"] if not m["outgoing"]]
    user = await user_ops.find(ALICE)
    assert user is not None
    await house.advance(minutes=1)
    restarted = house.another_deliverer()
    assert await restarted.deliver(user, post.code, f"message {start['message_id']}") is Outcome.DOUBLE_TAP
    assert len(await house.calls("copyMessages")) == 1


async def test_a_claim_of_a_killed_process_is_taken_over(house: House) -> None:
    """Killed between claim and promise; the next process gets the second of two taps first."""
    post = await house.store()
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    user = await user_ops.find(ALICE)
    assert user is not None
    now = house.base.clock.now()
    await delivery_claims.claim_delivery(BOT, ALICE, post.code, now, DOUBLE_TAP, update_key="message 9")
    await house.advance(seconds=1)
    restarted = house.another_deliverer()
    assert await restarted.deliver(user, post.code, "message 10") is Outcome.DELIVERED
    assert await restarted.deliver(user, post.code, "message 9") is Outcome.DOUBLE_TAP
