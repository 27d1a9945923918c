"""Odd and greedy ways through the gate: what people, owners and channels may do, and what it must not lead to."""

from collections.abc import AsyncIterator

import pytest

from core.subscriptions import ChannelMode, MembershipStatus, OnError
from database.connection import current_database
from database.operations import channel_ops, membership_ops, post_ops, settings_ops, user_credits, user_ops
from tests.bots.user_bot.test_verification import PAGE, back, done, offered, person
from tests.house import ADMIN_BOT, ALICE, BOB, USER_BOT, House, running_house
from user_bot.gate import subscriptions
from user_bot.gate import unlock_links as unlock_links


@pytest.fixture
async def gated() -> AsyncIterator[House]:
    """Credits are asked for; links lead through the shortener to the page."""
    async with running_house(timers=False, shortener=True, PUBLIC_BASE_URL=PAGE) as house:
        yield house


@pytest.fixture
async def rich() -> AsyncIterator[House]:
    """Alice has five credits."""
    async with running_house(timers=False) as house:
        await settings_ops.change("access_mode", "credits")
        await house.alice.text(USER_BOT, "/start")
        await house.settle()
        await user_credits.grant(ALICE, "test", house.base.clock.now(), credits=5)
        yield house


async def told(house: House, who: int = ALICE, bot: str = USER_BOT) -> list[str]:
    """What a bot wrote to somebody."""
    seen = await house.world.person(who).transcript(bot)
    return [message.get("text", "") for message in seen["messages"] if message["outgoing"]]


async def copies(house: House) -> int:
    return len(await house.calls("copyMessages"))


async def sent_to_join(house: House, code: str) -> None:
    """Alice opens a post and is sent to join first."""
    await house.alice.link(f"https://t.me/{USER_BOT}?start=p_{code}")
    await house.alice.wait(USER_BOT, contains="first join")
    await house.settle()


async def test_a_post_that_came_another_way_does_not_come_again_with_a_later_join(rich: House) -> None:
    house, channel, post = rich, await rich.channel(), await rich.store()
    await sent_to_join(house, post.code)
    await channel_ops.change(channel.chat_id, is_paused=True)  # the owner lets everybody pass
    await house.advance(seconds=10)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 minutes")
    await house.settle()
    await house.advance(hours=5)
    await house.alice.link(channel.invite_link)  # for a reason of her own
    await house.settle()
    assert (await copies(house), (await person()).credits) == (1, 4)


async def test_what_is_given_instead_of_a_link_is_not_piled_up(gated: House) -> None:
    house = gated
    await settings_ops.change("on_shortener_failure", "grant")
    await house.world.shortener_mode("error")
    for _ in range(17):
        await house.alice.text(USER_BOT, "/token")
        await house.settle()
        await house.advance(seconds=1)
    assert (await person()).credits == 10


async def test_a_link_that_would_expire_on_the_way_is_not_shown_again(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.alice.link(house.link(post))
    token = await offered(house)
    left = token.expires_at - house.base.clock.now()
    await house.advance(seconds=left.total_seconds() - 20)
    await house.alice.link(house.link(post))
    assert (await offered(house)).token != token.token


async def test_whom_the_page_verified_in_the_last_second_has_time_to_come_back(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.alice.link(house.link(post))
    token = await offered(house)
    left = token.expires_at - house.base.clock.now()
    await house.advance(seconds=left.total_seconds() - 1)
    await done(house, token)
    await house.advance(minutes=59)
    await house.alice.link(back(token))
    await house.alice.wait(USER_BOT, contains="9 deliveries left")


async def club(house: House) -> int:
    """A channel that counts requests, in which the bot has lost the right to see them; its id."""
    channel = await house.channel("Club", mode=ChannelMode.REQUEST, on_error=OnError.OPEN)
    await house.settle()
    await house.world.set_member(channel.chat_id, 1002, "administrator", can_invite_users=False)
    await house.settle()
    return channel.chat_id


async def is_broken(chat_id: int) -> bool:
    channel = await channel_ops.find(chat_id)
    return channel is not None and channel.broken_since is not None


async def test_a_join_does_not_heal_a_channel_whose_requests_nobody_tells_of(house: House) -> None:
    chat_id = await club(house)
    await house.world.set_member(chat_id, BOB, "member")
    await house.settle()
    assert await is_broken(chat_id)
    channel, post = await channel_ops.find(chat_id), await house.store()
    assert channel is not None
    await house.alice.link(channel.invite_link)  # she asks to join, and the bot is not told
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 minutes")


async def test_nor_does_an_answer_about_a_person(house: House) -> None:
    chat_id, post = await club(house), await house.store()
    await house.advance(minutes=2)  # time to try it again
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 minutes")
    assert await is_broken(chat_id)


async def test_the_command_after_the_page_offers_the_post_that_was_verified_for(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.alice.link(house.link(post))
    await done(house, await offered(house))
    await house.advance(minutes=1)
    await house.alice.text(USER_BOT, "/token")
    await house.alice.wait(USER_BOT, contains="10 deliveries left")
    await house.alice.press(USER_BOT, "Get the post")
    await house.alice.wait(USER_BOT, contains="30 minutes")


async def test_a_button_for_a_removed_post_does_not_tell_its_title(gated: House) -> None:
    house, post = gated, await gated.store(title="Secret")
    await post_ops.remove(post.code)
    await house.bob.text(USER_BOT, "/start")
    await house.bob.forge_callback(USER_BOT, f"newlink:{post.code}")
    token = await offered(house, BOB, contains="erif")
    assert token.post_code is None
    assert not any("Secret" in text for text in await told(house, BOB))


async def test_a_link_to_a_page_that_was_switched_off_is_not_shown_again(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.alice.link(house.link(post))
    assert (await offered(house)).has_page
    await house.advance(seconds=5)
    await house.another_deliverer().deliver(await person(), post.code, "m")  # a start without the page
    assert not (await offered(house)).has_page


async def test_who_asks_to_join_has_not_unblocked_the_bot(house: House) -> None:
    channel = await house.channel("Club", mode=ChannelMode.REQUEST)
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    await house.alice.block(USER_BOT)
    await house.settle()
    await house.alice.link(channel.invite_link)
    await house.settle()
    known = await membership_ops.find_memberships(ALICE, [channel.chat_id])
    assert known[channel.chat_id].status is MembershipStatus.REQUESTED
    assert (await person()).blocked_at is not None


async def test_a_post_of_which_a_part_cannot_arrive_is_not_free_every_time(rich: House) -> None:
    house, post = rich, await rich.store(items=3)
    why = 'Bad Request: failed to send message #3 with the error message "Bad Request: VOICE_MESSAGES_FORBIDDEN"'
    await house.world.fault("error", method="copyMessages", status=400, description=why, times=None)
    for _ in range(4):
        await house.alice.link(house.link(post))
        await house.settle()
        await house.advance(minutes=11)  # past the time in which a repeat costs nothing
    assert (await copies(house), (await person()).credits) == (4, 1)
    assert not any("did not cost" in text for text in await told(house))


async def test_nobody_else_waits_for_a_slow_shortener(gated: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlock_links, "QUICK_S", 0)
    house, post = gated, await gated.store()
    await house.world.shortener_mode("hang")
    await house.alice.link(house.link(post))
    await house.world.shortener(calls=1, timeout_s=10)
    await bob_is_answered(house)
    await house.world.shortener_mode("ok")
    await house.settle()


async def bob_is_answered(house: House) -> None:
    """Before anybody's patience with what hangs can be at its end."""
    await house.bob.text(USER_BOT, "/help")
    await house.bob.wait(USER_BOT, contains="/", timeout_s=3)


async def test_nobody_else_waits_for_a_slow_question(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "QUICK_S", 0)
    channel, post = await house.channel(), await house.store()
    fault = await house.world.fault("hang", method="getChatMember", chat_id=channel.chat_id, times=None)
    await house.alice.link(house.link(post))
    assert await house.world.fault_hit(fault)
    await bob_is_answered(house)
    await house.world.clear_faults(fault)
    await house.settle()


async def test_a_shortener_that_comes_and_goes_is_told_of_once(gated: House) -> None:
    house = gated
    for number in range(8):
        await house.world.shortener_mode("error" if number % 2 == 0 else "ok")
        await house.alice.link(house.link(await house.store()))
        await house.settle()
        await house.advance(seconds=5)
    assert sum("shortener" in text for text in await told(house, house.olive.id, ADMIN_BOT)) == 1


async def test_a_ban_while_telegram_is_asked_holds(house: House) -> None:
    channel, post = await house.channel(), await house.store()
    await sent_to_join(house, post.code)
    await house.advance(seconds=4)
    fault = await house.world.fault("hang", method="getChatMember", chat_id=channel.chat_id)
    await house.alice.forge_callback(USER_BOT, f"joined:{post.code}")
    assert await house.world.fault_hit(fault)
    await user_ops.ban(ALICE, house.base.clock.now(), reason="spam", until=None)
    await membership_ops.record(channel.chat_id, ALICE, MembershipStatus.MEMBER, house.base.clock.now())
    await house.world.clear_faults(fault)
    await house.alice.wait(USER_BOT, contains="spam")
    await house.settle()
    assert await copies(house) == 0


async def test_a_shorteners_link_that_no_button_takes_is_not_shown(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.world.shortener_mode("raw", body="https://short.example:0/abc")
    await house.alice.link(house.link(post))
    token = await offered(house)
    assert (token.link, token.shortener) == (f"{PAGE}/v/{token.token}", None)
    assert await current_database().collection("tokens").count({}) == 1
