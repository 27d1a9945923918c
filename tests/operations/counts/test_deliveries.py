"""What one delivery costs in Bot API calls and database commands. A change in either direction is a decision."""

from collections import Counter

from core.delivery_states import LEASE_FOR
from core.posts import Post, PostAccess
from database.operations import delivery_ops, settings_ops, user_credits, user_ops
from database.operations.counting.batches import count_events
from database.operations.delivery_ops import NewDelivery
from database.operations.posts import post_ops
from tests.house import ALICE, USER_BOT, House
from tests.operations.counts.counting import Cost, Wire, counted
from user_bot.delivery.request import Outcome

ITEMS = 10
CHANNELS = 3
#: the content and the notice; however many items the post has
DELIVERY_CALLS = Counter({"copyMessages": 1, "sendMessage": 1})
#: the visit, the opened post, the start of the delivery with its promise
OPEN_COMMANDS = Counter({"findAndModify users": 1, "findAndModify posts": 1, "findAndModify deliveries": 1})
#: and what was sent
DELIVERY_COMMANDS = OPEN_COMMANDS + Counter({"update deliveries": 1})
#: while copies stand: the row is read
FIND_COPIES = Counter({"find deliveries": 1})
#: and the reply that points to them stored
POINT = Counter({"findAndModify deliveries": 1})
#: to replace them: their promise is put aside, the row started anew, and the promise dropped when they are deleted
REPLACE = Counter({"insert pending_deletions": 1, "update deliveries": 1, "delete pending_deletions": 1})
#: of all channels together
FIND_MEMBERSHIPS = Counter({"find memberships": 1})
SPEND_CREDIT = Counter({"findAndModify users": 1})


async def delivered(house: House, wire: Wire, post: Post | None = None) -> Cost:
    """Alice opens `post`, or one that is new to her, and gets it."""
    post = post or await house.store(ITEMS)
    async with counted(house, wire) as cost:
        await house.alice.link(house.link(post))
        await house.alice.wait(USER_BOT, count=1)
    return cost


async def join_channels(house: House) -> None:
    """Require channels that Alice joins; the bot gets the updates."""
    for number in range(CHANNELS):
        channel = await house.channel(f"Channel {number}")
        await house.world.set_member(channel.chat_id, ALICE, "member")
    await house.settle()


async def charge_credits(house: House, credits: int = 10) -> None:
    """Have deliveries cost credits, and give Alice some."""
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    await settings_ops.change("access_mode", "credits")
    await user_credits.grant(ALICE, "test", house.base.clock.now(), credits=credits)


async def test_free_delivery_costs_2_calls_and_4_commands(house: House, wire: Wire) -> None:
    # the first delivery of a process also asks for an incident it may close
    await house.bob.link(house.link(await house.store()))
    new, known = await delivered(house, wire), await delivered(house, wire)
    assert new.calls == known.calls == DELIVERY_CALLS
    assert new.commands == known.commands == DELIVERY_COMMANDS
    assert known.commands.total() == 4


async def test_delivery_with_a_credit_costs_2_calls_and_5_commands(house: House, wire: Wire) -> None:
    await charge_credits(house)
    await delivered(house, wire)
    cost = await delivered(house, wire)
    assert cost.calls == DELIVERY_CALLS
    assert cost.commands == DELIVERY_COMMANDS + SPEND_CREDIT
    assert cost.commands.total() == 5


async def test_a_posts_own_access_password_and_source_add_no_call_and_no_command(house: House, wire: Wire) -> None:
    await charge_credits(house)
    await delivered(house, wire)
    for access in (PostAccess.FREE, PostAccess.FREE_WITHOUT_CHANNELS):
        post = await house.store(ITEMS, access=access, password="own")
        await post_ops.add_source(post.code, "insta")
        async with counted(house, wire) as cost:
            await house.alice.link(house.link(post, "insta"))
            await house.alice.wait(USER_BOT, count=1)
        assert (cost.calls, cost.commands) == (DELIVERY_CALLS, DELIVERY_COMMANDS)


async def test_deliveries_are_counted_in_12_commands_and_none_of_them_waits(house: House, wire: Wire) -> None:
    await house.user_bot.event_counts.count_all()
    for _ in range(3):
        await delivered(house, wire)
    async with counted(house, wire) as cost:
        assert await count_events(house.base.settings.zone, 100, {"deliveries"}) == 3
    assert cost.calls == {}
    assert cost.commands == {
        # the last batch, the new one, its end
        "find event_batches": 1,
        "update event_batches": 2,
        # the marked rows become tries
        "find deliveries": 1,
        "update deliveries": 1,
        "find tries": 1,
        "update tries": 2,
        "update daily_stats": 1,
        "update post_days": 2,
        "update posts": 1,
    }


async def test_three_channels_cost_1_command_while_remembered_and_otherwise_1_call_and_1_command_each(
    house: House, wire: Wire
) -> None:
    await join_channels(house)
    await delivered(house, wire)
    remembered = await delivered(house, wire)
    assert remembered.calls == DELIVERY_CALLS
    assert remembered.commands == DELIVERY_COMMANDS + FIND_MEMBERSHIPS
    await house.advance(minutes=11)
    asked = await delivered(house, wire)
    assert asked.calls == DELIVERY_CALLS + Counter({"getChatMember": CHANNELS})
    assert asked.commands == DELIVERY_COMMANDS + FIND_MEMBERSHIPS + Counter({"update memberships": CHANNELS})
    await charge_credits(house)
    with_credit = await delivered(house, wire)
    assert with_credit.calls == DELIVERY_CALLS
    assert with_credit.commands == DELIVERY_COMMANDS + FIND_MEMBERSHIPS + SPEND_CREDIT


async def test_settings_channels_and_the_team_are_read_once_in_five_seconds(house: House, wire: Wire) -> None:
    await delivered(house, wire)
    await house.advance(seconds=6)
    first, second = await delivered(house, wire), await delivered(house, wire)
    # whether there is a shortener: it decides while nobody chose the access mode
    read = ("find admin_config", "find channels", "find shorteners", "find admins")
    assert first.shared == dict.fromkeys(read, 1)
    assert second.shared == {}


async def test_post_that_is_kept_costs_1_call_and_4_commands(house: House, wire: Wire) -> None:
    await delivered(house, wire)
    post = await house.store(ITEMS, delete_after_minutes=0)
    kept = await delivered(house, wire, post)
    assert kept.calls == {"copyMessages": 1}
    assert kept.commands == DELIVERY_COMMANDS
    # nothing is put aside: as if it were new, once it is not free again any more
    await house.advance(minutes=11)
    again = await delivered(house, wire, post)
    assert (again.calls, again.commands) == (kept.calls, DELIVERY_COMMANDS)


async def test_second_tap_costs_1_command_and_in_another_process_2_more(house: House, wire: Wire) -> None:
    await delivered(house, wire)
    post = await house.store(ITEMS)
    await delivered(house, wire, post)
    async with counted(house, wire) as second_tap:
        await house.alice.link(house.link(post))
    assert (second_tap.calls, second_tap.commands) == ({}, {"findAndModify users": 1})
    alice = await user_ops.find(ALICE)
    assert alice is not None
    async with counted(house, wire) as elsewhere:
        assert await house.another_deliverer().deliver(alice, post.code, "another update") is Outcome.DOUBLE_TAP
    assert elsewhere.calls == {}
    assert elsewhere.commands == {"find posts": 1, "findAndModify deliveries": 1, "find deliveries": 1}


async def test_post_opened_again_while_its_copies_stand_costs_1_call_and_5_commands_and_to_replace_them_8(
    house: House, wire: Wire
) -> None:
    await delivered(house, wire)
    post = await house.store(ITEMS)
    await delivered(house, wire, post)
    await house.advance(seconds=5)
    pointed = await delivered(house, wire, post)
    assert pointed.calls == {"sendMessage": 1}
    assert pointed.commands == OPEN_COMMANDS + FIND_COPIES + POINT
    await house.advance(seconds=5)
    again = await delivered(house, wire, post)
    # and the reply before it is deleted
    assert again.calls == {"sendMessage": 1, "deleteMessages": 1}
    assert again.commands == pointed.commands
    await house.advance(seconds=5)
    async with counted(house, wire) as replaced:
        await house.alice.press(USER_BOT, "Send it again")
    # the toast; and the copies with what stands under them; the reply with the button
    others = Counter({"answerCallbackQuery": 1, "deleteMessages": 1, "deleteMessage": 1})
    assert replaced.calls == DELIVERY_CALLS + others
    # no link of the post was opened, so it is only read
    counted_opening, reading = Counter({"findAndModify posts": 1}), Counter({"find posts": 1})
    assert replaced.commands == DELIVERY_COMMANDS - counted_opening + reading + FIND_COPIES + REPLACE


async def test_post_opened_again_without_a_credit_while_its_copies_stand_costs_1_command_more(
    house: House, wire: Wire
) -> None:
    await charge_credits(house, credits=1)
    post = await house.store(ITEMS)
    await delivered(house, wire, post)
    # longer than a repeated open is free
    await house.advance(minutes=15)
    pointed = await delivered(house, wire, post)
    assert pointed.calls == {"sendMessage": 1}
    # whether a copy stands
    assert pointed.commands == OPEN_COMMANDS + FIND_COPIES + FIND_COPIES + POINT


async def test_round_of_recovery_costs_2_commands_and_an_interrupted_delivery_1_call_and_5_more(
    house: House, wire: Wire
) -> None:
    recovery = house.another_process()["recovery"]
    async with counted(house, wire) as nothing:
        assert await recovery.recover() == 0
    assert (nothing.calls, nothing.commands) == ({}, {"find tokens": 1, "find deliveries": 1})
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    post, now = await house.store(), house.base.clock.now()
    assert await delivery_ops.start(NewDelivery(1002, ALICE, post.code, "m", "gone", now - 2 * LEASE_FOR, None))
    async with counted(house, wire) as one:
        assert await recovery.recover() == 1
    assert one.calls == {"sendMessage": 1}
    # found; taken over, its request closed, what it cost given back, the outcome written; and nothing more is found
    explained = Counter({"update deliveries": 2, "update users": 2, "find deliveries": 2})
    assert one.commands == explained + Counter({"find tokens": 1})


async def test_commands_of_a_subscriber_cost_1_call_each(house: House, wire: Wire) -> None:
    await delivered(house, wire)
    visit = Counter({"findAndModify users": 1})
    open_deliveries = Counter(
        {"find deliveries": 1, "find pending_deletions": 1, "find posts": 1, "find token_generator_count": 1}
    )
    for command, commands in (("/start", visit), ("/help", visit), ("/me", visit + open_deliveries)):
        async with counted(house, wire) as cost:
            await house.alice.text(USER_BOT, command)
        assert cost.calls == {"sendMessage": 1}
        assert cost.commands == commands
