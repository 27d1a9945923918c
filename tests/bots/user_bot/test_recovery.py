"""A delivery whose process died is explained when its lease has run out: once, with a button, by whatever process."""

import asyncio
from datetime import timedelta

import pytest

from core.delivery_states import LEASE_FOR, DeliveryState
from core.errors import StoreUnavailable
from core.posts import PostField
from database.operations import delivery_ops, user_ops
from schedulers import create_message_deleter_scheduler
from tests.bots.user_bot.killed import (
    BOT,
    CUT_OFF,
    LAPSE,
    count_copies,
    count_interruptions,
    kill_while_sending,
    reader,
    row,
    texts,
)
from tests.house import ALICE, BOB, USER_BOT, House
from tests.posts import set_field
from user_bot.delivery.interruptions import TELLINGS_MAX
from user_bot.delivery.recovery import Recovery
from user_bot.delivery.request import Outcome
from views.subscribers import delivery_texts

LAPSE_S = LAPSE.total_seconds()


def recovery_of(house: House) -> Recovery:
    return house.another_process()["recovery"]


@pytest.mark.parametrize("minutes", [30, 0])
async def test_an_interrupted_subscriber_is_told_once_and_gets_the_post_by_the_button(
    house: House, minutes: int
) -> None:
    post = await house.store(delete_after_minutes=minutes)
    await kill_while_sending(house, post)
    assert await recovery_of(house).recover() == 1
    assert (await row(post)).state is DeliveryState.UNKNOWN
    await house.advance(seconds=LAPSE_S)
    assert await recovery_of(house).recover() == 0
    assert await count_interruptions(house) == 1
    await house.alice.press(USER_BOT, "Get it again")
    await house.settle()
    assert await count_copies(house) == 1
    assert (await row(post)).state is DeliveryState.SENT


async def test_a_delivery_is_left_alone_until_its_lease_has_run_out(house: House) -> None:
    post, recovery = await house.store(), recovery_of(house)
    await kill_while_sending(house, post, ago=timedelta())
    assert await recovery.recover() == 0
    await house.advance(seconds=LEASE_FOR.total_seconds() - 5)
    assert await recovery.recover() == 0
    await house.advance(seconds=6)
    assert await recovery.recover() == 1


async def test_deliveries_that_have_ended_are_not_explained(house: House) -> None:
    kept, passing, lost, refused = [await house.store() for _ in range(4)]
    await set_field(kept.code, PostField.DELETE_AFTER, 0)
    for post in (kept, passing):
        await house.alice.link(house.link(post))
        await house.settle()
    await house.world.fault("drop_after", method="copyMessages", bot=USER_BOT)
    await house.alice.link(house.link(lost))
    await house.alice.wait(USER_BOT, contains="did not confirm")
    why = {"status": 400, "description": "Bad Request: SOMETHING_NEW"}
    await house.world.fault("error", method="copyMessages", bot=USER_BOT, **why)
    await house.alice.link(house.link(refused))
    await house.alice.wait(USER_BOT, contains="did not work")
    await house.settle()
    await house.advance(minutes=1)
    assert await recovery_of(house).recover() == 0
    assert [(await row(post)).state.value for post in (kept, passing, lost, refused)] == [
        "sent",
        "sent",
        "unknown",
        "refused",
    ]


async def test_a_subscriber_who_blocked_the_bot_ends_and_delays_nobody(house: House) -> None:
    post = await house.store()
    await kill_while_sending(house, post, BOB, ago=2 * LAPSE)
    await kill_while_sending(house, post, ALICE)
    await house.bob.block(USER_BOT)
    await house.settle()
    assert await recovery_of(house).recover() == 2
    assert await count_interruptions(house, ALICE) == 1
    blocked = await row(post, BOB)
    assert (blocked.state, blocked.notice_message_id) == (DeliveryState.UNKNOWN, None)
    await house.advance(seconds=LAPSE_S)
    assert await recovery_of(house).recover() == 0


async def test_a_subscriber_to_whom_telegram_takes_no_message_is_told_when_the_delivery_lapses_again(
    house: House,
) -> None:
    post, recovery = await house.store(), recovery_of(house)
    await kill_while_sending(house, post)
    await house.world.fault("flood", method="sendMessage", bot=USER_BOT, retry_after=600)
    assert await recovery.recover() == 1
    assert (await row(post)).state is DeliveryState.SENDING
    for _ in range(TELLINGS_MAX):
        await house.advance(seconds=LAPSE_S)
        assert await recovery.recover() == 0, "an attempt before Telegram's wait is over would be in vain"
    await house.advance(seconds=600)
    assert await recovery.recover() == 1
    assert await count_interruptions(house) == 1


async def test_a_subscriber_is_told_at_most_three_times(house: House) -> None:
    post, recovery = await house.store(), recovery_of(house)
    await kill_while_sending(house, post)
    await house.world.fault("flood", method="sendMessage", bot=USER_BOT, retry_after=60, times=None)
    for _ in range(TELLINGS_MAX):
        assert (await row(post)).state is DeliveryState.SENDING
        assert await recovery.recover() == 1
        await house.advance(seconds=60 + LAPSE_S)
    assert (await row(post)).state is DeliveryState.UNKNOWN
    assert await recovery.recover() == 0


async def test_a_telling_that_hangs_is_made_at_most_three_times(house: House) -> None:
    """No error ends it: the call is cancelled, or the process is killed."""
    post, process = await house.store(), house.another_process()
    await kill_while_sending(house, post)
    for attempt in range(TELLINGS_MAX):
        hang = await house.world.fault("hang", method="sendMessage", bot=USER_BOT)
        telling = asyncio.create_task(process["recovery"].recover())
        assert await house.world.fault_hit(hang)
        for task in tuple(process["recovery"]._telling):
            task.cancel()
        assert await telling == 1
        assert (await row(post)).tellings == attempt + 1
        await house.advance(seconds=LAPSE_S)
    before = len(await house.calls("sendMessage"))
    assert await process["recovery"].recover() == 1
    assert len(await house.calls("sendMessage")) == before
    assert (await row(post)).state is DeliveryState.UNKNOWN


async def test_subscribers_are_told_after_a_database_outage(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    post = await house.store()
    await kill_while_sending(house, post)
    find, tries = delivery_ops.find_lapsed, 0

    async def away_at_first(*arguments: object) -> object:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise StoreUnavailable("gone")
        return await find(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(delivery_ops, "find_lapsed", away_at_first)
    running = asyncio.create_task(recovery_of(house).run(), name="a second process")
    await house.alice.wait(USER_BOT, contains="was interrupted")
    running.cancel()
    await asyncio.wait([running])
    assert tries > 3, "it goes on after the outage"


async def test_a_delivery_that_fell_due_while_the_bot_was_down_is_explained_too(house: House) -> None:
    post = await house.store()
    await kill_while_sending(house, post, ago=timedelta(hours=5))
    assert await recovery_of(house).recover() == 1
    assert await count_interruptions(house) == 1


@pytest.mark.parametrize(
    ("down_for", "told"),
    [(timedelta(hours=5), delivery_texts.time_up_swept()), (timedelta(hours=50), delivery_texts.time_up_unsure())],
)
async def test_an_outage_longer_than_the_post_lasts_leaves_the_button_to_get_it(
    house: House, down_for: timedelta, told: str
) -> None:
    """The deleter replaces the explanation within a minute, before it may have been read."""
    post = await house.store()
    first = (await house.alice.text(USER_BOT, "/start"))["message"]["message_id"]
    await kill_while_sending(house, post, ago=down_for, sweep_after=int(first))
    await recovery_of(house).recover()
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    await deleter.delete_due_messages()
    assert (await texts(house))[-1] == told
    await house.alice.press(
        USER_BOT, "Get it again · free" if told == delivery_texts.time_up_swept() else "Get it again"
    )
    await house.settle()
    assert await count_copies(house) == 1


async def test_deliveries_of_another_bot_are_left_alone(house: House) -> None:
    """The token was replaced: the new bot cannot write to a subscriber who never started it."""
    await kill_while_sending(house, await house.store(), bot_id=BOT + 1)
    assert await recovery_of(house).recover() == 0
    assert await count_interruptions(house) == 0


async def test_the_ids_between_which_copies_may_lie_are_stored_with_an_explained_delivery(house: House) -> None:
    post = await house.store()
    greeted = await house.alice.text(USER_BOT, "/help")
    await house.settle()
    after = max(m["message_id"] for m in (await house.alice.transcript(USER_BOT))["messages"])
    await kill_while_sending(house, post, sweep_after=after)
    written = await house.alice.text(USER_BOT, "hello?")
    await house.settle()
    await recovery_of(house).recover()
    explained, own = await row(post), int(written["message"]["message_id"])
    assert int(greeted["message"]["message_id"]) < after
    assert (explained.sweep_after, explained.sweep_before) == (after, explained.notice_message_id)
    # what the subscriber wrote, and the bot's answer to it
    between = [m["message_id"] for m in (await house.alice.transcript(USER_BOT))["messages"] if m["message_id"] > after]
    assert explained.known_ids == tuple(between[:2])
    assert own in explained.known_ids


@pytest.mark.parametrize("minutes", [30, 0])
async def test_an_update_repeated_after_a_kill_explains_and_delivers_nothing(house: House, minutes: int) -> None:
    post = await house.store(delete_after_minutes=minutes)
    await kill_while_sending(house, post)
    restarted, user = house.another_process(), await reader()
    assert await restarted["deliverer"].deliver(user, post.code, CUT_OFF) is Outcome.DOUBLE_TAP
    assert (await count_interruptions(house), await count_copies(house)) == (1, 0)
    assert await restarted["recovery"].recover() == 0
    assert await restarted["deliverer"].deliver(user, post.code, CUT_OFF) is Outcome.DOUBLE_TAP
    assert await restarted["deliverer"].deliver(user, post.code, "message 10") is Outcome.DELIVERED
    assert await count_interruptions(house) == 1


async def test_an_update_repeated_before_the_lease_has_run_out_does_nothing(house: House) -> None:
    """Its owner may still be sending; when it is not, the recovery explains."""
    post = await house.store()
    await kill_while_sending(house, post, ago=timedelta(seconds=10))
    restarted, user = house.another_process(), await reader()
    for update_key in (CUT_OFF, "message 10"):
        assert await restarted["deliverer"].deliver(user, post.code, update_key) is Outcome.DOUBLE_TAP
    assert (await count_interruptions(house), await count_copies(house)) == (0, 0)
    await house.advance(seconds=LAPSE_S)
    assert await restarted["recovery"].recover() == 1
    assert await count_interruptions(house) == 1


async def test_of_two_processes_one_explains(house: House) -> None:
    post = await house.store()
    await kill_while_sending(house, post)
    first, second, user = house.another_process(), house.another_process(), await reader()
    await asyncio.gather(
        first["recovery"].recover(),
        second["recovery"].recover(),
        first["deliverer"].deliver(user, post.code, CUT_OFF),
        second["deliverer"].deliver(user, post.code, CUT_OFF),
    )
    assert (await count_interruptions(house), await count_copies(house)) == (1, 0)


@pytest.mark.parametrize("minutes", [30, 0])
async def test_a_request_whose_answer_was_lost_is_not_delivered_again_by_the_next_process(
    house: House, minutes: int
) -> None:
    post = await house.store(delete_after_minutes=minutes)
    await house.world.fault("drop_after", method="copyMessages", bot=USER_BOT)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="did not confirm")
    await house.settle()
    (start,) = [m for m in (await house.alice.transcript(USER_BOT))["messages"] if not m["outgoing"]]
    user = await user_ops.find(ALICE)
    assert user is not None
    await house.advance(minutes=1)
    restarted = house.another_process()
    repeated = f"message {start['message_id']}"
    assert await restarted["deliverer"].deliver(user, post.code, repeated) is Outcome.DOUBLE_TAP
    assert await restarted["recovery"].recover() == 0
    assert (await count_copies(house), await count_interruptions(house)) == (1, 0)
