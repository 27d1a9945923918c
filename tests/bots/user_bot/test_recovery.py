"""After a crash in the middle of a delivery the reader gets a word and a button, once."""

from datetime import timedelta

import pytest

from core.delivery import DOUBLE_TAP
from core.errors import StoreUnavailable
from core.posts import Post
from database.operations import deletion_ops, post_ops, user_ops
from tests.house import ALICE, BOB, USER_BOT, House
from user_bot.delivery.recovery import Recovery
from user_bot.delivery.request import Outcome

BOT = 1002


def recovery_of(house: House) -> Recovery:
    return Recovery(house.base.user_bot, house.base.clock, house.base.settings.zone)


async def cut_off(house: House, post: Post, reader: int) -> None:
    """What a kill -9 between the promise and Telegram's answer leaves behind."""
    await house.world.person(reader).text(USER_BOT, "/start")
    await house.settle()
    now = house.base.clock.now() - timedelta(seconds=10)
    await deletion_ops.claim_delivery(BOT, reader, post.code, now, DOUBLE_TAP)
    await deletion_ops.promise(BOT, reader, reader, post.code, now, now + timedelta(minutes=30))


async def test_a_reader_who_was_cut_off_is_told_once_and_has_the_post_at_a_press(house: House) -> None:
    post = await house.store()
    await cut_off(house, post, ALICE)
    recovery = recovery_of(house)
    assert await recovery.tell_interrupted() == 1
    assert await recovery.tell_interrupted() == 0
    await house.alice.wait(USER_BOT, contains="was interrupted")
    await house.alice.press(USER_BOT, "Get it again")
    await house.alice.wait(USER_BOT, contains="30 minutes")


async def test_a_post_that_is_never_taken_back_is_remembered_too(house: House) -> None:
    post = await house.store()
    await post_ops.set_deletion(post.code, 0)
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    now = house.base.clock.now() - timedelta(seconds=10)
    await deletion_ops.claim_delivery(BOT, ALICE, post.code, now, DOUBLE_TAP, settle_later=True)
    recovery = recovery_of(house)
    assert await recovery.tell_interrupted() == 1
    assert await recovery.tell_interrupted() == 0
    await house.alice.wait(USER_BOT, contains="was interrupted")


async def test_deliveries_that_ended_are_left_alone(house: House) -> None:
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
    assert await recovery_of(house).tell_interrupted() == 0


async def test_a_reader_who_cannot_be_told_does_not_hold_the_others_up(house: House) -> None:
    post = await house.store()
    await cut_off(house, post, BOB)
    await cut_off(house, post, ALICE)
    await house.bob.block(USER_BOT)
    recovery = recovery_of(house)
    assert await recovery.tell_interrupted() == 2
    assert await recovery.tell_interrupted() == 0
    await house.alice.wait(USER_BOT, contains="was interrupted")


async def test_a_reader_whom_telegram_does_not_take_a_message_for_is_told_later(house: House) -> None:
    post = await house.store()
    await cut_off(house, post, ALICE)
    recovery = recovery_of(house)
    fault = await house.world.fault("flood", method="sendMessage", bot=USER_BOT, retry_after=60, times=None)
    assert await recovery.tell_interrupted() == 1
    await house.world.clear_faults(fault)
    await recovery.tell_the_rest()
    said = await house.alice.transcript(USER_BOT)
    assert len([m for m in said["messages"] if "was interrupted" in m.get("text", "")]) == 1


async def test_readers_are_told_when_the_database_is_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    post = await house.store()
    await cut_off(house, post, ALICE)
    find, tries = deletion_ops.find_interrupted, 0

    async def away_at_first(*arguments: object) -> object:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise StoreUnavailable("gone")
        return await find(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(deletion_ops, "find_interrupted", away_at_first)
    recovery = recovery_of(house)
    await recovery.tell_the_rest()
    said = await house.alice.transcript(USER_BOT)
    assert len([m for m in said["messages"] if "was interrupted" in m.get("text", "")]) == 1
    assert tries > 3, "it went on after the outage"


async def test_a_reader_whose_time_was_up_while_the_bot_was_down_is_told_too(house: House) -> None:
    post = await house.store()
    await cut_off(house, post, ALICE)
    await house.advance(hours=5)
    assert await recovery_of(house).tell_interrupted() == 1


@pytest.mark.parametrize("minutes", [30, 0])
@pytest.mark.parametrize("is_promised", [True, False])
async def test_the_request_a_process_was_killed_with_is_not_fulfilled_twice(
    house: House, minutes: int, is_promised: bool
) -> None:
    """Telegram repeats it; only where nothing had begun does the reader get the post by it."""
    post = await house.store()
    await post_ops.set_deletion(post.code, minutes)
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    user = await user_ops.find(ALICE)
    assert user is not None
    now = house.base.clock.now()
    await deletion_ops.claim_delivery(
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
    assert await deletion_ops.find_unfinished(BOT, house.base.clock.now(), 10) == []
    await house.advance(minutes=1)
    assert await restarted.deliver(user, post.code, "message 10") is Outcome.DELIVERED


@pytest.mark.parametrize("minutes", [30, 0])
async def test_a_request_whose_answer_was_lost_is_not_fulfilled_again_by_the_next_process(
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


async def test_a_claim_of_a_process_that_is_gone_is_taken_over(house: House) -> None:
    """Killed between claim and promise; of two taps the second comes first to the next process."""
    post = await house.store()
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    user = await user_ops.find(ALICE)
    assert user is not None
    now = house.base.clock.now()
    await deletion_ops.claim_delivery(BOT, ALICE, post.code, now, DOUBLE_TAP, update_key="message 9")
    await house.advance(seconds=1)
    restarted = house.another_deliverer()
    assert await restarted.deliver(user, post.code, "message 10") is Outcome.DELIVERED
    assert await restarted.deliver(user, post.code, "message 9") is Outcome.DOUBLE_TAP
