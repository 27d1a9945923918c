"""Database outages during the gate: nothing is paid or counted twice, returned wrongly or lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from core.delivery import DOUBLE_TAP
from database.operations import channel_ops, deletion_ops, delivery_claims, settings_ops, token_ops, user_credits
from tests.bots.user_bot.losing_answers import grants_access, losing, wait_until_idle
from tests.bots.user_bot.test_verification import PAGE, back_link, complete_page, offered_token, subscriber
from tests.house import ALICE, USER_BOT, House, running_house
from user_bot.delivery.recovery import Recovery
from user_bot.delivery.request import Outcome

BOT = 1002


@pytest.fixture
async def gated() -> AsyncIterator[House]:
    """Posts cost credits; links lead through the shortener to the page. One link a day."""
    async with running_house(timers=False, shortener=True, PUBLIC_BASE_URL=PAGE) as house:
        await settings_ops.change("daily_token_limit", 1)
        yield house


@pytest.fixture
async def rich() -> AsyncIterator[House]:
    """Alice has two credits."""
    async with running_house(timers=False) as house:
        await settings_ops.change("access_mode", "credits")
        await house.alice.text(USER_BOT, "/start")
        await house.settle()
        await user_credits.grant(ALICE, "test", house.base.clock.now(), credits=2)
        yield house


def recovery_of(house: House) -> Recovery:
    return Recovery(house.base.user_bot, house.base.clock, house.base.settings.zone)


async def texts_sent(house: House) -> list[str]:
    """Return the texts the user bot sent to Alice."""
    seen = await house.alice.transcript(USER_BOT)
    return [message.get("text", "") for message in seen["messages"] if message["outgoing"]]


async def count_copies(house: House) -> int:
    return len(await house.calls("copyMessages"))


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
    with losing("find_one_and_update", "posts", undone=True):
        await house.alice.link(back_link(token))
        await wait_until_idle(house)
    assert (await count_copies(house), (await subscriber()).credits) == (1, 9)
    assert not any("used already" in text for text in await texts_sent(house))


async def test_a_delivery_continued_after_an_outage_does_not_count_as_interrupted(rich: House) -> None:
    house, post = rich, await rich.store()

    def spends(_: object, update: dict[str, object], **__: object) -> bool:
        return update.get("$inc") == {"credits": -1}

    with losing("update_one", "users", when=spends, times=6, undone=True):  # for longer than spending is retried
        await house.alice.link(house.link(post))
        await wait_until_idle(house)
    await assert_no_credit_is_returned(house)


async def test_a_lost_answer_to_the_promise_returns_no_credit(rich: House) -> None:
    house, post = rich, await rich.store()
    with losing("insert_one", "pending_deletions"):
        await house.alice.link(house.link(post))
        await wait_until_idle(house)
    await assert_no_credit_is_returned(house)


async def assert_no_credit_is_returned(house: House) -> None:
    """One post was delivered and paid, and the next start finds no interrupted delivery."""
    assert (await count_copies(house), (await subscriber()).credits) == (1, 1)
    assert len(await deletion_ops.open_deliveries(ALICE, 10)) == 1
    await house.advance(minutes=1)
    assert await recovery_of(house).notify_interrupted() == 0
    assert (await subscriber()).credits == 1


async def test_a_token_stored_after_an_outage_counts_as_one_link(gated: House) -> None:
    house, post = gated, await gated.store()
    with losing("insert_one", "tokens", times=6, undone=True):  # for longer than storing is retried
        await house.alice.link(house.link(post))
        await wait_until_idle(house)
    assert "1 link of 1 used today" in (await texts_sent(house))[-1]
    assert len(await token_ops.open_tokens(ALICE, house.base.clock.now())) == 1


async def test_a_lost_answer_to_counting_a_link_counts_one_link(gated: House) -> None:
    house, post = gated, await gated.store()
    with losing("find_one_and_update", "token_generator_count"):
        await house.alice.link(house.link(post))
        await wait_until_idle(house)
    assert "1 link of 1 used today" in (await texts_sent(house))[-1]


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
    assert "1 link of 1 used today" in (await texts_sent(house))[-1]


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
    [("find_one_and_update", "posts", looks_up, True), ("update_one", "users", takes_wanted, False)],
)
async def test_joining_delivers_the_post_though_the_database_was_away(
    house: House, method: str, collection: str, when: Callable[..., bool], undone: bool
) -> None:
    channel, post = await house.channel(), await house.store()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="first join")
    await house.settle()
    with losing(method, collection, when=when, undone=undone):
        await house.alice.link(channel.invite_link)
        await wait_until_idle(house)
    assert await count_copies(house) == 1
    assert [one.joined_count for one in await channel_ops.load()] == [1]
    assert (await subscriber()).pending_code is None


async def test_a_repeated_request_of_a_killed_process_returns_its_credit_when_it_comes_before_recovery(
    rich: House,
) -> None:
    """A post that is never deleted; the database is away while Recovery of the next process runs."""
    house, post = rich, await rich.store(delete_after_minutes=0)
    began = house.base.clock.now() - timedelta(seconds=10)
    await delivery_claims.claim_delivery(
        BOT, ALICE, post.code, began, DOUBLE_TAP, update_key="message 9", settle_later=True
    )
    assert await user_credits.spend_credit(ALICE, post.code, "message 9", began)
    recovery = recovery_of(house)
    outcome = await house.another_deliverer().deliver(await subscriber(), post.code, "message 9")
    assert outcome is Outcome.DOUBLE_TAP
    assert await recovery.notify_interrupted() == 0
    assert ((await subscriber()).credits, await count_copies(house)) == (2, 0)
    assert [text for text in await texts_sent(house) if "I was interrupted" in text and "did not cost" in text]


async def test_a_promise_with_a_malformed_code_does_not_stop_the_start(rich: House) -> None:
    now = rich.base.clock.now()
    await deletion_ops.promise(
        BOT, ALICE, ALICE, "old-style_id", now - timedelta(seconds=5), now + timedelta(minutes=30)
    )
    assert await recovery_of(rich).notify_interrupted() == 1
    assert any("I was interrupted" in text for text in await texts_sent(rich))
