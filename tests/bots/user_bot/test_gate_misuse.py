"""Unusual and greedy ways through the gate, by subscribers, owners and channels, and what they must not lead to."""

from collections.abc import AsyncIterator

import pytest

from core.subscriptions import ChannelMode, MembershipStatus, OnError
from database.connection import current_database
from database.operations import channel_ops, membership_ops, settings_ops, user_credits, user_ops
from database.operations.posts import post_ops
from tests.bots.user_bot.test_verification import PAGE, back_link, complete_page, offered_token, subscriber
from tests.house import ADMIN_BOT, ALICE, BOB, USER_BOT, House, running_house
from user_bot.gate import subscriptions, unlock_links


@pytest.fixture
async def gated() -> AsyncIterator[House]:
    """Posts cost credits; links lead through the shortener to the page."""
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


async def texts_sent(house: House, who: int = ALICE, bot: str = USER_BOT) -> list[str]:
    """Return the texts a bot sent to one user."""
    seen = await house.world.person(who).transcript(bot)
    return [message.get("text", "") for message in seen["messages"] if message["outgoing"]]


async def count_copies(house: House) -> int:
    return len(await house.calls("copyMessages"))


async def open_and_be_sent_to_join(house: House, code: str) -> None:
    """Alice opens a post and is asked to join a channel first."""
    await house.alice.link(f"https://t.me/{USER_BOT}?start=p_{code}")
    await house.alice.wait(USER_BOT, contains="1. ")
    await house.settle()


async def test_a_post_delivered_by_its_link_is_not_delivered_again_by_a_later_join(rich: House) -> None:
    house, channel, post = rich, await rich.channel(), await rich.store()
    await open_and_be_sent_to_join(house, post.code)
    await channel_ops.change(channel.chat_id, is_paused=True)  # the owner no longer asks for the channel
    await house.advance(seconds=10)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    await house.advance(hours=5)
    await house.alice.link(channel.invite_link)  # for another reason than the post
    await house.settle()
    assert (await count_copies(house), (await subscriber()).credits) == (1, 4)


async def test_access_granted_instead_of_a_link_does_not_accumulate(gated: House) -> None:
    house = gated
    await settings_ops.change("on_shortener_failure", "grant")
    await house.world.shortener_mode("error")
    for _ in range(17):
        await house.alice.text(USER_BOT, "/token")
        await house.settle()
        await house.advance(seconds=1)
    assert (await subscriber()).credits == 10


async def test_a_link_that_expires_within_an_hour_is_not_shown_again(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.alice.link(house.link(post))
    token = await offered_token(house)
    left = token.expires_at - house.base.clock.now()
    await house.advance(seconds=left.total_seconds() - 20)
    await house.alice.link(house.link(post))
    assert (await offered_token(house)).token != token.token


async def test_verifying_in_the_last_second_leaves_time_to_return_to_the_bot(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.alice.link(house.link(post))
    token = await offered_token(house)
    left = token.expires_at - house.base.clock.now()
    await house.advance(seconds=left.total_seconds() - 1)
    await complete_page(house, token)
    await house.advance(minutes=59)
    await house.alice.link(back_link(token))
    await house.alice.wait(USER_BOT, contains="1 credit used, 9 left.")


async def channel_without_request_rights(house: House) -> int:
    """Return the id of a channel in mode REQUEST in which the bot has lost the right to see requests."""
    channel = await house.channel("Club", mode=ChannelMode.REQUEST, on_error=OnError.OPEN)
    await house.settle()
    await house.world.set_member(channel.chat_id, 1002, "administrator", can_invite_users=False)
    await house.settle()
    return channel.chat_id


async def is_broken(chat_id: int) -> bool:
    channel = await channel_ops.find(chat_id)
    return channel is not None and channel.broken_since is not None


async def test_a_join_does_not_heal_a_channel_whose_requests_the_bot_cannot_see(house: House) -> None:
    chat_id = await channel_without_request_rights(house)
    await house.world.set_member(chat_id, BOB, "member")
    await house.settle()
    assert await is_broken(chat_id)
    channel, post = await channel_ops.find(chat_id), await house.store()
    assert channel is not None
    await house.alice.link(channel.invite_link)  # she asks to join, and the bot gets no update
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")


async def test_an_answer_about_a_member_does_not_heal_such_a_channel_either(house: House) -> None:
    chat_id, post = await channel_without_request_rights(house), await house.store()
    await house.advance(minutes=2)  # a probe is due
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    assert await is_broken(chat_id)


async def test_token_after_verifying_offers_the_post_that_was_verified_for(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.alice.link(house.link(post))
    await complete_page(house, await offered_token(house))
    await house.advance(minutes=1)
    await house.alice.text(USER_BOT, "/token")
    await house.alice.wait(USER_BOT, contains="Unlocked: 10 credits")
    await house.alice.press(USER_BOT, "Get the post")
    await house.alice.wait(USER_BOT, contains="30 min")


async def test_a_button_for_a_removed_post_does_not_reveal_its_title(gated: House) -> None:
    house, post = gated, await gated.store(title="Secret")
    await post_ops.remove(post.code)
    await house.bob.text(USER_BOT, "/start")
    await house.bob.forge_callback(USER_BOT, f"newlink:{post.code}")
    token = await offered_token(house, BOB, contains="nlock")
    assert token.post_code is None
    assert not any("Secret" in text for text in await texts_sent(house, BOB))


async def test_a_link_to_a_page_that_was_switched_off_is_not_shown_again(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.alice.link(house.link(post))
    assert (await offered_token(house)).has_page
    await house.advance(seconds=5)
    await house.another_deliverer().deliver(await subscriber(), post.code, "m")  # a process configured without the page
    assert not (await offered_token(house)).has_page


async def test_asking_to_join_does_not_count_as_unblocking_the_bot(house: House) -> None:
    channel = await house.channel("Club", mode=ChannelMode.REQUEST)
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    await house.alice.block(USER_BOT)
    await house.settle()
    await house.alice.link(channel.invite_link)
    await house.settle()
    known = await membership_ops.find_memberships(ALICE, [channel.chat_id])
    assert known[channel.chat_id].status is MembershipStatus.REQUESTED
    assert (await subscriber()).blocked_at is not None


async def test_a_post_of_which_an_item_is_refused_costs_nothing(rich: House) -> None:
    house, post = rich, await rich.store(items=3)
    why = 'Bad Request: failed to send message #3 with the error message "Bad Request: VOICE_MESSAGES_FORBIDDEN"'
    await house.world.fault("error", method="copyMessages", status=400, description=why, times=None)
    for _ in range(4):
        await house.alice.link(house.link(post))
        await house.settle()
        await house.advance(minutes=11)  # past the time in which a repeat costs nothing
    assert (await count_copies(house), (await subscriber()).credits) == (4, 5)
    assert sum("Nothing was charged" in text for text in await texts_sent(house)) == 4


async def test_a_slow_shortener_delays_no_other_subscriber(gated: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlock_links, "QUICK_S", 0)
    house, post = gated, await gated.store()
    await house.world.shortener_mode("hang")
    await house.alice.link(house.link(post))
    await house.world.shortener(calls=1, timeout_s=10)
    await assert_bob_is_answered(house)
    await house.world.shortener_mode("ok")
    await house.settle()


async def assert_bob_is_answered(house: House) -> None:
    """Bob gets an answer before the call that hangs can time out."""
    await house.bob.text(USER_BOT, "/help")
    await house.bob.wait(USER_BOT, contains="/", timeout_s=3)


async def test_a_slow_membership_answer_delays_no_other_subscriber(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "QUICK_S", 0)
    channel, post = await house.channel(), await house.store()
    fault = await house.world.fault("hang", method="getChatMember", chat_id=channel.chat_id, times=None)
    await house.alice.link(house.link(post))
    assert await house.world.fault_hit(fault)
    await assert_bob_is_answered(house)
    await house.world.clear_faults(fault)
    await house.settle()


async def test_a_flapping_shortener_alerts_the_owner_once(gated: House) -> None:
    house = gated
    for number in range(8):
        await house.world.shortener_mode("error" if number % 2 == 0 else "ok")
        await house.alice.link(house.link(await house.store()))
        await house.settle()
        await house.advance(seconds=5)
    assert sum("shortener" in text for text in await texts_sent(house, house.olive.id, ADMIN_BOT)) == 1


async def test_a_ban_during_the_membership_question_applies(house: House) -> None:
    channel, post = await house.channel(), await house.store()
    await open_and_be_sent_to_join(house, post.code)
    await house.advance(seconds=4)
    fault = await house.world.fault("hang", method="getChatMember", chat_id=channel.chat_id)
    await house.alice.forge_callback(USER_BOT, f"joined:{post.code}")
    assert await house.world.fault_hit(fault)
    await user_ops.ban(ALICE, house.base.clock.now(), reason="spam", until=None)
    await membership_ops.record(channel.chat_id, ALICE, MembershipStatus.MEMBER, house.base.clock.now())
    await house.world.clear_faults(fault)
    await house.alice.wait(USER_BOT, contains="spam")
    await house.settle()
    assert await count_copies(house) == 0


async def test_a_shorteners_link_that_telegram_refuses_in_a_button_is_not_shown(gated: House) -> None:
    house, post = gated, await gated.store()
    await house.world.shortener_mode("raw", body="https://short.example:0/abc")
    await house.alice.link(house.link(post))
    token = await offered_token(house)
    assert (token.link, token.shortener) == (f"{PAGE}/v/{token.token}", None)
    assert await current_database().collection("tokens").count({}) == 1
