"""After a crash in the middle of a delivery the reader gets a word and a button, once."""

from datetime import timedelta

from core.delivery import DOUBLE_TAP
from core.posts import Post
from database.operations import deletion_ops, post_ops
from tests.house import ALICE, BOB, USER_BOT, House
from user_bot.recovery import Recovery

BOT = 1002


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
    recovery = Recovery(house.base.user_bot, house.base.clock)
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
    recovery = Recovery(house.base.user_bot, house.base.clock)
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
    assert await Recovery(house.base.user_bot, house.base.clock).tell_interrupted() == 0


async def test_a_reader_who_cannot_be_told_does_not_hold_the_others_up(house: House) -> None:
    post = await house.store()
    await cut_off(house, post, BOB)
    await cut_off(house, post, ALICE)
    await house.bob.block(USER_BOT)
    recovery = Recovery(house.base.user_bot, house.base.clock)
    assert await recovery.tell_interrupted() == 2
    assert await recovery.tell_interrupted() == 0
    await house.alice.wait(USER_BOT, contains="was interrupted")
