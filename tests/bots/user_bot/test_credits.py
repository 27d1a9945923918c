"""A delivery spends one credit, once, and returns it when nothing arrived."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.errors import StoreUnavailable
from core.users import User
from database.operations import deletion_ops, delivery_ops, user_credits, user_ops
from database.operations.posts import post_ops
from schedulers import create_message_deleter_scheduler
from tests.bots.user_bot.killed import BOT, LAPSE, kill_while_sending, row, texts
from tests.house import ALICE, OLIVE, USER_BOT, House, house_with_credits
from user_bot.delivery.request import Outcome


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Alice has two credits."""
    async with house_with_credits(2) as house:
        yield house


async def alice() -> User:
    user = await user_ops.find(ALICE)
    assert user is not None
    return user


async def credits_left() -> int:
    return (await alice()).credits


async def test_a_delivery_costs_one_credit_and_a_repeat_within_the_grace_none(house: House) -> None:
    """The grace is ten minutes; the copy is deleted after five."""
    post = await house.store(delete_after_minutes=5)
    for minutes, left in ((0, 1), (9, 1), (6, 0)):
        await house.advance(minutes=minutes)
        await house.alice.link(house.link(post))
        await house.settle()
        assert await credits_left() == left
    assert len(await house.calls("copyMessages")) == 3


@pytest.mark.parametrize("has_left", [True, False])
async def test_a_post_whose_paid_copy_stands_costs_nothing_when_it_is_opened_again(
    house: House, has_left: bool
) -> None:
    """After 15 minutes: the free repeat is over, the copy is deleted after 30."""
    post = await house.store()
    if not has_left:
        await user_credits.spend_credit(ALICE, "x" * 16, "earlier", house.base.clock.now())
    paid = 1 if has_left else 0
    for minutes in (0, 15):
        await house.advance(minutes=minutes)
        await house.alice.link(house.link(post))
        await house.settle()
        assert await credits_left() == paid
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    await house.advance(minutes=16)
    assert (await deleter.delete_due_messages()).counts == {"deleted": 1}
    # the paid copy is gone
    await house.alice.link(house.link(post))
    await house.settle()
    assert (await credits_left(), len(await house.calls("copyMessages"))) == (0, 2 if has_left else 1)


async def test_a_post_that_is_kept_is_paid_once_for_ever(house: House) -> None:
    post = await house.store(delete_after_minutes=0)
    for days in (0, 1, 400):
        await house.advance(days=days)
        await house.alice.link(house.link(post))
        await house.settle()
        assert await credits_left() == 1
    assert len(await house.calls("copyMessages")) == 3


async def test_an_update_repeated_when_no_credit_is_left_neither_pays_nor_asks_for_access(house: House) -> None:
    """It spent the last credit, and Telegram sends it to the next process as well."""
    await user_credits.spend_credit(ALICE, "x" * 16, "earlier", house.base.clock.now())
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    await house.advance(minutes=1)
    said, again = await texts(house), (await row(post)).update_key
    assert await house.another_deliverer().deliver(await alice(), post.code, again) is Outcome.DOUBLE_TAP
    assert (await credits_left(), await texts(house)) == (0, said)


async def test_double_taps_cost_one_credit(house: House) -> None:
    post = await house.store()
    await asyncio.gather(*(house.alice.link(house.link(post)) for _ in range(5)))
    await house.settle()
    assert (await credits_left(), len(await house.calls("copyMessages"))) == (1, 1)


async def test_three_posts_at_once_with_two_credits_are_two_deliveries_and_one_verification_link(house: House) -> None:
    posts = [await house.store() for _ in range(3)]
    await asyncio.gather(*(house.alice.link(house.link(post)) for post in posts))
    await house.alice.wait(USER_BOT, contains=" today.")
    await house.settle()
    assert (await credits_left(), len(await house.calls("copyMessages"))) == (0, 2)
    assert len(await deletion_ops.open_deliveries(ALICE, 10)) == 2


@pytest.mark.parametrize("minutes", [30, 0])
@pytest.mark.parametrize(
    ("description", "contains"),
    [
        ("Bad Request: there are no messages to forward", "is empty now"),
        ("Forbidden: bot is not a member of the channel chat", "cannot reach this post"),
        ("Bad Request: something nobody has seen", "That did not work."),
    ],
)
async def test_a_failed_delivery_returns_its_credit(
    house: House, minutes: int, description: str, contains: str
) -> None:
    post = await house.store(delete_after_minutes=minutes)
    status = 403 if description.startswith("Forbidden") else 400
    await house.world.fault("error", method="copyMessages", status=status, description=description)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains=contains)
    await house.settle()
    assert await credits_left() == 2
    assert (await alice()).charges == {}


async def test_an_unconfirmed_delivery_returns_the_credit_and_says_so(house: House) -> None:
    post = await house.store()
    await house.world.fault("drop_after", method="copyMessages")
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="Nothing was charged.")
    await house.settle()
    assert await credits_left() == 2


async def test_a_subscriber_who_blocked_the_bot_keeps_the_credit(house: House) -> None:
    post = await house.store()
    await house.world.fault(
        "error", method="copyMessages", status=403, description="Forbidden: bot was blocked by the user"
    )
    await house.alice.link(house.link(post))
    await house.settle()
    assert await credits_left() == 2


async def test_without_a_credit_nothing_is_promised_or_claimed(house: House) -> None:
    await user_credits.spend_credit(ALICE, "x" * 16, "m1", house.base.clock.now())
    await user_credits.spend_credit(ALICE, "y" * 16, "m2", house.base.clock.now())
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains=" today.")
    await house.settle()
    assert await deletion_ops.open_deliveries(ALICE, 10) == []
    assert await delivery_ops.find(BOT, ALICE, post.code) is None


async def test_owners_are_not_charged_and_a_pass_goes_before_credits(house: House) -> None:
    post = await house.store()
    await house.olive.link(house.link(post))
    await house.olive.wait(USER_BOT, contains="30 min")
    await user_credits.grant(ALICE, "pass", house.base.clock.now(), pass_for=timedelta(hours=1))
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    assert await credits_left() == 2
    owner = await user_ops.find(OLIVE)
    assert owner is not None
    assert owner.credits == 0


@pytest.mark.parametrize("minutes", [30, 0])
async def test_a_crash_during_a_delivery_returns_the_credit_once(house: House, minutes: int) -> None:
    post = await house.store(delete_after_minutes=minutes)
    await kill_while_sending(house, post, is_paid=True)
    assert await credits_left() == 1
    recovery = house.another_process()["recovery"]
    assert await recovery.recover() == 1
    await house.alice.wait(USER_BOT, contains="Nothing was charged.")
    await house.advance(seconds=LAPSE.total_seconds())
    assert await recovery.recover() == 0
    assert await credits_left() == 2


@pytest.mark.parametrize("minutes", [30, 0])
async def test_a_crash_after_the_delivery_returns_no_credit(house: House, minutes: int) -> None:
    post = await house.store(delete_after_minutes=minutes)
    await house.alice.link(house.link(post))
    await house.settle()
    await house.advance(minutes=1)
    assert await house.another_process()["recovery"].recover() == 0
    assert await credits_left() == 1


async def test_an_earlier_charge_is_not_returned_for_a_delivery_that_spent_nothing(house: House) -> None:
    post = await house.store(delete_after_minutes=0)
    assert (
        await user_credits.spend_credit(ALICE, post.code, "earlier", house.base.clock.now() - timedelta(minutes=5))
        is not None
    )
    await kill_while_sending(house, post)
    assert await house.another_process()["recovery"].recover() == 1
    assert await credits_left() == 1


async def test_a_lost_answer_to_spending_spends_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    post = await house.store()
    spend, failures = user_credits.spend_credit, iter([True, True])

    async def answer_lost(*args: object) -> int | None:
        spent = await spend(*args)  # type: ignore[arg-type]
        if next(failures, False):
            raise StoreUnavailable("the answer was lost")
        return spent

    monkeypatch.setattr(user_credits, "spend_credit", answer_lost)
    assert await house.another_deliverer().deliver(await alice(), post.code, "m") is Outcome.DELIVERED
    assert await credits_left() == 1


async def test_me_shows_credits_pass_links_and_ban(house: House) -> None:
    await house.alice.text(USER_BOT, "/me")
    seen = await house.alice.wait(USER_BOT, contains="2 credits")
    assert seen["messages"][-1]["text"] == "2 credits\nUnlocks today: 0 of 15"
    now = house.base.clock.now()
    await user_credits.grant(ALICE, "pass", now, pass_for=timedelta(hours=1))
    await house.alice.text(USER_BOT, "/me")
    await house.alice.wait(USER_BOT, contains="2 credits, pass until")
    await user_ops.ban(ALICE, now, reason="<spam>", until=now + timedelta(days=1))
    await house.alice.text(USER_BOT, "/me")
    seen = await house.alice.wait(USER_BOT, contains="You cannot use this bot")
    assert "Reason: <spam>" in seen["messages"][-1]["text"]


async def test_a_banned_subscriber_gets_nothing_by_an_old_button_a_link_or_a_token(house: House) -> None:
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.settle()
    now = house.base.clock.now()
    (open_delivery,) = await deletion_ops.open_deliveries(ALICE, 10)
    await user_ops.ban(ALICE, now, reason="spam", until=None)
    await house.advance(minutes=1)
    for code in (post.code, (await house.store()).code):
        await house.alice.forge_callback(USER_BOT, f"again:{code}")
        await house.alice.forge_callback(USER_BOT, f"joined:{code}")
        await house.alice.forge_callback(USER_BOT, f"newlink:{code}")
    await house.alice.text(USER_BOT, "/token")
    await house.settle()
    assert len(await house.calls("copyMessages")) == 1
    assert await credits_left() == 1
    assert open_delivery.post_code == post.code
    # a ban ends at its time
    await user_ops.ban(ALICE, now, reason="spam", until=house.base.clock.now() + timedelta(minutes=5))
    await house.advance(minutes=6)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="Here it is")


async def test_a_removed_post_asks_for_no_verification(house: House) -> None:
    post = await house.store()
    await post_ops.remove(post.code)
    await house.bob.link(house.link(post))
    await house.bob.wait(USER_BOT, contains="not available any more")
    await house.settle()
    assert len(await house.calls("sendMessage")) == 2  # the welcome of Alice, and this
