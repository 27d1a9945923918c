"""Database outages during the gate: nothing is paid or counted twice, returned wrongly or lost."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from core.delivery_states import DeliveryState
from core.errors import StoreUnavailable
from database.operations import channel_ops, deletion_ops, settings_ops, token_ops, user_credits
from tests.bots.user_bot.killed import CUT_OFF, LAPSE, count_copies, kill_while_sending, row
from tests.bots.user_bot.killed import texts as texts_sent
from tests.bots.user_bot.losing_answers import grants_access, losing, wait_until_idle
from tests.bots.user_bot.telegram_calls import HeldCopies, on_the_way
from tests.bots.user_bot.test_verification import PAGE, back_link, complete_page, offered_token, subscriber
from tests.house import ALICE, USER_BOT, House, house_with_credits, running_house
from user_bot.delivery.request import Outcome


@pytest.fixture
async def gated() -> AsyncIterator[House]:
    """Posts cost credits; links lead through the shortener to the page. One link a day."""
    async with running_house(timers=False, shortener=True, PUBLIC_BASE_URL=PAGE) as house:
        await settings_ops.change("daily_token_limit", 1)
        yield house


@pytest.fixture
async def rich() -> AsyncIterator[House]:
    """Alice has two credits."""
    async with house_with_credits(2) as house:
        yield house


def redeems(condition: dict[str, object], *_: object, **__: object) -> bool:
    return condition.get("redeemed_at", 1) is None


@pytest.mark.parametrize("undone", [True, False])
@pytest.mark.parametrize(("collection", "when"), [("users", grants_access), ("tokens", redeems)])
async def test_a_verified_token_is_paid_out_though_the_next_request_meets_an_outage(
    gated: House, collection: str, when: Callable[..., bool], undone: bool
) -> None:
    house, post = gated, await gated.store()
    await house.alice.link(house.link(post))
    await complete_page(house, await offered_token(house))
    other = await house.store(title="Other")
    with losing("find_one_and_update", collection, when=when, undone=undone):
        await house.alice.link(house.link(other))
        await wait_until_idle(house)
    assert (await count_copies(house), (await subscriber()).credits) == (1, 9)


async def test_the_back_link_delivers_the_post_though_the_database_is_away_after_the_payment(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.alice.link(house.link(post))
    token = await offered_token(house)
    await complete_page(house, token)
    with losing("find_one", "posts", undone=True):
        await house.alice.link(back_link(token))
        await wait_until_idle(house)
    assert (await count_copies(house), (await subscriber()).credits) == (1, 9)
    assert not any("used already" in text for text in await texts_sent(house))


async def test_a_delivery_continued_after_an_outage_does_not_count_as_interrupted(rich: House) -> None:
    house, post = rich, await rich.store()

    def spends(_: object, update: dict[str, object], **__: object) -> bool:
        return update.get("$inc") == {"credits": -1}

    with losing(
        "find_one_and_update", "users", when=spends, times=6, undone=True
    ):  # for longer than spending is retried
        await house.alice.link(house.link(post))
        await wait_until_idle(house)
    await assert_no_credit_is_returned(house)


@pytest.mark.parametrize(("method", "times"), [("find_one_and_update", 1), ("update_one", 1), ("update_one", 6)])
async def test_a_lost_answer_to_the_start_or_the_end_returns_no_credit(rich: House, method: str, times: int) -> None:
    house, post = rich, await rich.store()
    with losing(method, "deliveries", times=times):
        await house.alice.link(house.link(post))
        await wait_until_idle(house)
    await assert_no_credit_is_returned(house)


async def assert_no_credit_is_returned(house: House) -> None:
    """One post was delivered and paid, and the next process finds nothing to explain."""
    assert (await count_copies(house), (await subscriber()).credits) == (1, 1)
    assert len(await deletion_ops.open_deliveries(ALICE, 10)) == 1
    await house.advance(minutes=1)
    assert await house.another_process()["recovery"].recover() == 0
    assert (await subscriber()).credits == 1


async def test_a_token_stored_after_an_outage_counts_as_one_link(gated: House) -> None:
    house, post = gated, await gated.store()
    with losing("insert_one", "tokens", times=6, undone=True):  # for longer than storing is retried
        await house.alice.link(house.link(post))
        await wait_until_idle(house)
    assert "Unlock 1 of 1 today" in (await texts_sent(house))[-1]
    assert len(await token_ops.open_tokens(ALICE, house.base.clock.now())) == 1


async def test_a_lost_answer_to_counting_a_link_counts_one_link(gated: House) -> None:
    house, post = gated, await gated.store()
    with losing("find_one_and_update", "token_generator_count"):
        await house.alice.link(house.link(post))
        await wait_until_idle(house)
    assert "Unlock 1 of 1 today" in (await texts_sent(house))[-1]


async def test_a_replacement_whose_answer_was_lost_is_still_made(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.alice.link(house.link(post))
    token = await offered_token(house)
    await token_ops.mark_bypassed(token.token, house.base.clock.now())

    def replaces(condition: dict[str, object], *_: object, **__: object) -> bool:
        return "is_replacement" in condition

    with losing("find_one_and_update", "tokens", when=replaces):
        await house.alice.text(USER_BOT, "/token")
        await wait_until_idle(house)
    again = await offered_token(house)
    assert (again.is_replacement, again.post_code) == (True, post.code)
    assert "Unlock 1 of 1 today" in (await texts_sent(house))[-1]


async def test_a_kill_while_the_shortener_is_asked_counts_one_link(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    deliverer = house.user_bot.dispatcher["deliverer"]
    await house.world.shortener_mode("hang")
    interrupted = asyncio.ensure_future(deliverer.deliver(await subscriber(), post.code, "message 7"))
    await house.world.shortener(calls=1, timeout_s=10)
    interrupted.cancel()
    await asyncio.wait([interrupted])
    await house.world.shortener_mode("ok")
    # Telegram repeats the update
    assert await deliverer.deliver(await subscriber(), post.code, "message 7") is Outcome.REFUSED
    assert (await offered_token(house)).post_code == post.code


@pytest.mark.parametrize(("request_for", "left"), [("a post", 9), ("/token", 10)])
async def test_access_granted_instead_of_a_link_is_granted_once_though_the_answer_was_lost(
    gated: House, request_for: str, left: int
) -> None:
    house, post = gated, await gated.store()
    await settings_ops.change("on_shortener_failure", "grant")
    await house.world.shortener_mode("error")
    with losing("find_one_and_update", "users", when=grants_access):
        if request_for == "/token":
            await house.alice.text(USER_BOT, request_for)
        else:
            await house.alice.link(house.link(post))
        await wait_until_idle(house)
    assert ((await subscriber()).credits, await count_copies(house)) == (left, 10 - left)


def looks_up(condition: dict[str, object], *_: object, **__: object) -> bool:
    return "code" in condition


def takes_wanted(condition: dict[str, object], *_: object, **__: object) -> bool:
    return "pending_at" in condition


@pytest.mark.parametrize(
    ("method", "collection", "when", "undone"),
    [("find_one", "posts", looks_up, True), ("update_one", "users", takes_wanted, False)],
)
async def test_joining_delivers_the_post_though_the_database_was_away(
    house: House, method: str, collection: str, when: Callable[..., bool], undone: bool
) -> None:
    channel, post = await house.channel(), await house.store()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="1. ")
    await house.settle()
    with losing(method, collection, when=when, undone=undone):
        await house.alice.link(channel.invite_link)
        await wait_until_idle(house)
    assert await count_copies(house) == 1
    assert [one.joined_count for one in await channel_ops.load()] == [1]
    assert (await subscriber()).pending_code is None


async def test_an_update_continued_after_a_long_outage_holds_a_new_lease(rich: House) -> None:
    """Another process must not find it lapsed while it is sent."""
    house, post = rich, await rich.store()
    deliverer, second = house.another_deliverer(), house.another_process()
    with losing("find_one_and_update", "deliveries"), pytest.raises(StoreUnavailable):
        await deliverer.deliver(await subscriber(), post.code, CUT_OFF)
    await house.advance(seconds=LAPSE.total_seconds())
    held = HeldCopies()
    with on_the_way(house, held):
        continued = asyncio.create_task(deliverer.deliver(await subscriber(), post.code, CUT_OFF))
        await held.called.wait()
        assert await second["recovery"].recover() == 0
        held.go_on.set()
        assert await continued is Outcome.DELIVERED
    assert (await row(post)).state is DeliveryState.SENT
    assert (await subscriber()).credits == 1


async def test_an_update_continued_while_recovery_explains_it_delivers_nothing(rich: House) -> None:
    house, post, process = rich, await rich.store(), rich.another_process()
    with losing("find_one_and_update", "deliveries"), pytest.raises(StoreUnavailable):
        await process["deliverer"].deliver(await subscriber(), post.code, CUT_OFF)
    await house.advance(seconds=LAPSE.total_seconds())
    slow = await house.world.fault("hang", method="sendMessage", bot=USER_BOT)
    recovering = asyncio.create_task(process["recovery"].run())
    assert await house.world.fault_hit(slow)
    outcome = await process["deliverer"].deliver(await subscriber(), post.code, CUT_OFF)
    assert (outcome, await count_copies(house)) == (Outcome.DOUBLE_TAP, 0)
    recovering.cancel()
    await asyncio.wait([recovering])


@pytest.mark.parametrize("minutes", [30, 0])
@pytest.mark.parametrize("credits", [1, 2])
@pytest.mark.parametrize("grace", [0, 10])
async def test_a_lost_answer_to_the_spending_loses_no_credit(
    rich: House, grace: int, credits: int, minutes: int
) -> None:
    """The spending is carried out, and the update is handled again after an outage."""
    house, post = rich, await rich.store(delete_after_minutes=minutes)
    await settings_ops.change("resend_grace_minutes", grace)
    if credits == 1:
        await user_credits.spend_credit(ALICE, "x" * 16, "earlier", house.base.clock.now())

    def spends(_: object, update: dict[str, object], **__: object) -> bool:
        return update.get("$inc") == {"credits": -1}

    with losing("find_one_and_update", "users", when=spends, times=6):
        await house.alice.link(house.link(post))
        await wait_until_idle(house)
    assert ((await subscriber()).credits, await count_copies(house)) == (credits - 1, 1)
    # and the copy that stands is a paid one
    await house.advance(minutes=15)
    alice, key = await subscriber(), "message 99"
    assert await house.another_deliverer().deliver(alice, post.code, key, replaces=True) is Outcome.DELIVERED
    assert ((await subscriber()).credits, await count_copies(house)) == (credits - 1, 2)


@pytest.mark.parametrize("left", [0, 1])
@pytest.mark.parametrize("minutes", [30, 0])
async def test_an_update_repeated_after_a_kill_returns_its_credit_when_it_comes_before_recovery(
    rich: House, minutes: int, left: int
) -> None:
    house, post = rich, await rich.store(delete_after_minutes=minutes)
    if not left:
        await user_credits.spend_credit(ALICE, "x" * 16, "earlier", house.base.clock.now())
    await kill_while_sending(house, post, is_paid=True)
    second = house.another_process()
    assert await second["deliverer"].deliver(await subscriber(), post.code, CUT_OFF) is Outcome.DOUBLE_TAP
    assert await second["recovery"].recover() == 0
    assert ((await subscriber()).credits, await count_copies(house)) == (left + 1, 0)
    assert [text for text in await texts_sent(house) if "I was interrupted" in text and "Nothing was charged" in text]


async def test_a_delivery_with_a_malformed_code_does_not_stop_the_others(rich: House) -> None:
    house, post = rich, await rich.store()
    await kill_while_sending(house, post.model_copy(update={"code": "old-style_id"}))
    await kill_while_sending(house, post)
    assert await house.another_process()["recovery"].recover() == 2
    assert sum("I was interrupted" in text for text in await texts_sent(house)) == 2
