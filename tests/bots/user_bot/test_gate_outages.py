"""The database leaves in the middle of the gate: nothing is paid twice, counted twice, given back wrongly or lost."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from core.delivery import DOUBLE_TAP
from database.operations import channel_ops, deletion_ops, settings_ops, token_ops, user_ops
from tests.bots.user_bot.losing_answers import losing, over, pays
from tests.bots.user_bot.test_verification import PAGE, back, done, offered, person
from tests.house import ALICE, USER_BOT, House, running_house
from user_bot.delivery.recovery import Recovery
from user_bot.delivery.request import Outcome

BOT = 1002


@pytest.fixture
async def gated() -> AsyncIterator[House]:
    """Credits are asked for; links lead through the shortener to the page. One link a day."""
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
        await user_ops.grant(ALICE, "test", house.base.clock.now(), credits=2)
        yield house


def recovery_of(house: House) -> Recovery:
    return Recovery(house.base.user_bot, house.base.clock, house.base.settings.zone)


async def told(house: House) -> list[str]:
    """What the user bot wrote to Alice."""
    seen = await house.alice.transcript(USER_BOT)
    return [message.get("text", "") for message in seen["messages"] if message["outgoing"]]


async def copies(house: House) -> int:
    return len(await house.calls("copyMessages"))


def redeems(condition: dict[str, object], *_: object, **__: object) -> bool:
    return condition.get("redeemed_at", 1) is None


@pytest.mark.parametrize("undone", [True, False])
@pytest.mark.parametrize(("collection", "when"), [("users", pays), ("tokens", redeems)])
async def test_what_the_page_verified_is_paid_though_the_next_wish_meets_an_outage(
    gated: House, collection: str, when: Callable[..., bool], undone: bool
) -> None:
    house, post = gated, await gated.store()
    await house.alice.link(house.link(post))
    await done(house, await offered(house))
    other = await house.store(title="Other")
    with losing("find_one_and_update", collection, when=when, undone=undone):
        await house.alice.link(house.link(other))
        await over(house)
    assert (await copies(house), (await person()).credits) == (1, 9)


async def test_the_way_back_brings_the_post_though_the_database_leaves_behind_the_payment(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.alice.link(house.link(post))
    token = await offered(house)
    await done(house, token)
    with losing("find_one_and_update", "posts", undone=True):
        await house.alice.link(back(token))
        await over(house)
    assert (await copies(house), (await person()).credits) == (1, 9)
    assert not any("used already" in text for text in await told(house))


async def test_a_delivery_whose_promise_was_made_before_an_outage_is_not_taken_for_cut_off(rich: House) -> None:
    house, post = rich, await rich.store()

    def spends(_: object, update: dict[str, object], **__: object) -> bool:
        return update.get("$inc") == {"credits": -1}

    with losing("update_one", "users", when=spends, times=6, undone=True):  # longer than spending is tried
        await house.alice.link(house.link(post))
        await over(house)
    await nothing_is_given_back(house)


async def test_one_lost_answer_to_the_promise_gives_nothing_back(rich: House) -> None:
    house, post = rich, await rich.store()
    with losing("insert_one", "pending_deletions"):
        await house.alice.link(house.link(post))
        await over(house)
    await nothing_is_given_back(house)


async def nothing_is_given_back(house: House) -> None:
    """One post was delivered and paid, and the next start finds nobody to tell."""
    assert (await copies(house), (await person()).credits) == (1, 1)
    assert len(await deletion_ops.open_deliveries(ALICE, 10)) == 1
    await house.advance(minutes=1)
    assert await recovery_of(house).tell_interrupted() == 0
    assert (await person()).credits == 1


async def test_a_token_that_could_not_be_stored_for_a_while_does_not_cost_the_days_link(gated: House) -> None:
    house, post = gated, await gated.store()
    with losing("insert_one", "tokens", times=6, undone=True):  # longer than storing is tried
        await house.alice.link(house.link(post))
        await over(house)
    assert "1 link of 1 used today" in (await told(house))[-1]
    assert len(await token_ops.open_tokens(ALICE, house.base.clock.now())) == 1


async def test_a_count_whose_answer_was_lost_does_not_cost_the_days_link(gated: House) -> None:
    house, post = gated, await gated.store()
    with losing("find_one_and_update", "token_generator_count"):
        await house.alice.link(house.link(post))
        await over(house)
    assert "1 link of 1 used today" in (await told(house))[-1]


async def test_a_replacement_whose_answer_was_lost_is_still_made(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.alice.link(house.link(post))
    token = await offered(house)
    await token_ops.mark_bypassed(token.token, house.base.clock.now())

    def replaces(condition: dict[str, object], *_: object, **__: object) -> bool:
        return "is_replacement" in condition

    with losing("find_one_and_update", "tokens", when=replaces):
        await house.alice.text(USER_BOT, "/token")
        await over(house)
    again = await offered(house)
    assert (again.is_replacement, again.post_code) == (True, post.code)
    assert "1 link of 1 used today" in (await told(house))[-1]


async def test_a_kill_while_the_shortener_is_asked_does_not_cost_the_days_link(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    deliverer = house.user_bot.dispatcher["deliverer"]
    await house.world.shortener_mode("hang")
    cut_off = asyncio.ensure_future(deliverer.deliver(await person(), post.code, "message 7"))
    await house.world.shortener(calls=1, timeout_s=10)
    cut_off.cancel()
    await asyncio.wait([cut_off])
    await house.world.shortener_mode("ok")
    # Telegram repeats the update
    assert await deliverer.deliver(await person(), post.code, "message 7") is Outcome.REFUSED
    assert (await offered(house)).post_code == post.code


@pytest.mark.parametrize(("wish", "left"), [("a post", 9), ("/token", 10)])
async def test_access_given_instead_of_a_link_is_given_once_though_the_answer_was_lost(
    gated: House, wish: str, left: int
) -> None:
    house, post = gated, await gated.store()
    await settings_ops.change("on_shortener_failure", "grant")
    await house.world.shortener_mode("error")
    with losing("find_one_and_update", "users", when=pays):
        if wish == "/token":
            await house.alice.text(USER_BOT, wish)
        else:
            await house.alice.link(house.link(post))
        await over(house)
    assert ((await person()).credits, await copies(house)) == (left, 10 - left)


def looks_up(condition: dict[str, object], *_: object, **__: object) -> bool:
    return "code" in condition


def takes_wanted(condition: dict[str, object], *_: object, **__: object) -> bool:
    return "wanted_at" in condition


@pytest.mark.parametrize(
    ("method", "collection", "when", "undone"),
    [("find_one_and_update", "posts", looks_up, True), ("update_one", "users", takes_wanted, False)],
)
async def test_who_joined_gets_the_post_though_the_database_left(
    house: House, method: str, collection: str, when: Callable[..., bool], undone: bool
) -> None:
    channel, post = await house.channel(), await house.store()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="first join")
    await house.settle()
    with losing(method, collection, when=when, undone=undone):
        await house.alice.link(channel.invite_link)
        await over(house)
    assert await copies(house) == 1
    assert [one.joined_count for one in await channel_ops.load()] == [1]
    assert (await person()).wanted_code is None


async def test_the_request_of_a_killed_process_gives_its_credit_back_when_it_comes_before_recovery(
    rich: House,
) -> None:
    """A post that is never taken back; the database is away while the next process looks for what was cut off."""
    house, post = rich, await rich.store(delete_after_minutes=0)
    began = house.base.clock.now() - timedelta(seconds=10)
    await deletion_ops.claim_delivery(
        BOT, ALICE, post.code, began, DOUBLE_TAP, update_key="message 9", settle_later=True
    )
    assert await user_ops.spend_credit(ALICE, post.code, "message 9", began)
    recovery = recovery_of(house)
    outcome = await house.another_deliverer().deliver(await person(), post.code, "message 9")
    assert outcome is Outcome.DOUBLE_TAP
    assert await recovery.tell_interrupted() == 0
    assert ((await person()).credits, await copies(house)) == (2, 0)
    assert [text for text in await told(house) if "I was interrupted" in text and "did not cost" in text]


async def test_a_promise_for_a_code_of_another_shape_does_not_stop_the_start(rich: House) -> None:
    now = rich.base.clock.now()
    await deletion_ops.promise(
        BOT, ALICE, ALICE, "old-style_id", now - timedelta(seconds=5), now + timedelta(minutes=30)
    )
    assert await recovery_of(rich).tell_interrupted() == 1
    assert any("I was interrupted" in text for text in await told(rich))
