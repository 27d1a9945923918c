"""What one run of a job costs: due deliveries deleted, a broadcast sent, nothing to do."""

from collections import Counter

from database.operations import user_ops
from schedulers import create_message_deleter_scheduler
from tests.house import ALICE, House
from tests.jobs.broadcasts.broadcasts import add_subscribers, queue, send
from tests.operations.counts.counting import EACH_SECOND, Cost, Wire, counted

#: lease taken and released, the run's row inserted, started and ended
RUN = Counter({"findAndModify job_leases": 1, "insert job_runs": 1, "update job_runs": 2, "update job_leases": 1})
#: posts to take down, the poll for due deliveries, and whether owners are to be told of undeletable messages
DELETER_RUN = RUN + Counter(
    # urgent, due, of other bots with a lower id, with a higher one
    {
        "find posts": 1,
        # and deliveries in progress of other bots, with a lower id and with a higher one
        "find deliveries": 4 + 2,
        "find pending_deletions": 4,
        "aggregate deliveries": 1,
        "aggregate pending_deletions": 1,
        "update impossible_deletions": 1,
    }
)
#: a batch claimed by an update and read again, then struck out together; two more finds say that it was the last
DELETED_BATCH = Counter({"find deliveries": 3, "find pending_deletions": 2, "update deliveries": 2})
#: the same of copies that were put aside when they were replaced
PUT_ASIDE_BATCH = Counter({"find pending_deletions": 1, "update pending_deletions": 1, "delete pending_deletions": 1})


async def deleted(house: House, wire: Wire, deliveries: int) -> Cost:
    """Delete so many due deliveries in one run."""
    for _ in range(deliveries):
        await house.alice.link(house.link(await house.store(items=3)))
        await house.settle()
        await house.advance(seconds=5)
    await house.advance(minutes=31)
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    async with counted(house, wire) as cost:
        report = await deleter.delete_due_messages()
    assert report.counts == ({"deleted": deliveries} if deliveries else {})
    return cost


async def test_copies_put_aside_are_deleted_in_a_batch_of_their_own(house: House, wire: Wire) -> None:
    await deleted(house, wire, 0)
    posts = [await house.store() for _ in range(3)]
    for post in posts:
        await house.alice.link(house.link(post))
        await house.settle()
    await house.advance(seconds=5)
    # they are replaced, and Telegram does not delete them at once
    refused = "Bad Request: message can't be deleted"
    await house.world.fault("error", method="deleteMessages", times=3, status=400, description=refused)
    deliverer, alice = house.another_deliverer(), await user_ops.find(ALICE)
    assert alice is not None
    for number, post in enumerate(posts):
        await deliverer.deliver(alice, post.code, f"button {number}", replaces=True)
    await house.advance(minutes=31)
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    async with counted(house, wire) as cost:
        report = await deleter.delete_due_messages()
    assert report.counts == {"deleted": 6}
    assert cost.commands == DELETER_RUN + DELETED_BATCH + PUT_ASIDE_BATCH


async def sent(house: House, wire: Wire, recipients: int) -> Cost:
    """Send a broadcast to all subscribers, `recipients` in number; commands of each second are left out."""
    await queue(house)
    async with counted(house, wire) as cost:
        report = await send(house)
    assert report.counts == {"sent": recipients}
    for name in EACH_SECOND:
        del cost.commands[name]
    return cost


async def test_each_due_delivery_costs_2_calls_and_no_command_beyond_its_batch(house: House, wire: Wire) -> None:
    # the first run of a job also inserts its lease
    await deleted(house, wire, 0)
    none, one, three = [await deleted(house, wire, count) for count in (0, 1, 3)]
    assert (none.calls, none.commands) == ({}, DELETER_RUN)
    assert (one.calls, one.commands) == ({"deleteMessages": 1, "editMessageText": 1}, DELETER_RUN + DELETED_BATCH)
    assert (three.calls, three.commands) == ({"deleteMessages": 3, "editMessageText": 3}, one.commands)


async def test_each_recipient_of_a_broadcast_costs_1_call_and_1_command(house: House, wire: Wire) -> None:
    await add_subscribers(house, 5)
    # the first run of a job also inserts its lease
    await sent(house, wire, 5)
    five = await sent(house, wire, 5)
    assert five.calls == {"copyMessage": 5}
    # the page claimed together, one for earlier lost answers, and results: one command each, or several in one
    updates = five.commands.pop("update broadcast_recipients")
    assert 1 + 1 + 1 <= updates <= 1 + 1 + 5
    assert five.commands == {
        "findAndModify job_leases": 1,
        "insert job_runs": 1,
        "update job_runs": 2,
        "update broadcasts": 1,
        "find users": 2,
        "insert broadcast_recipients": 1,
        "find broadcast_recipients": 5,
        # rows of each state are counted by themselves
        "aggregate broadcast_recipients": 30,
    }
    await add_subscribers(house, 10, first=800)
    fifteen = await sent(house, wire, 15)
    assert fifteen.calls == {"copyMessage": 15}
    assert fifteen.commands.pop("update broadcast_recipients") <= 1 + 1 + 15
    assert fifteen.commands == five.commands
