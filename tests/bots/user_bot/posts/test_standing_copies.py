"""A post opened again while its copy is there: pointed to, not doubled and not charged; replaced when asked to."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from database.operations import deletion_ops, delivery_ops
from sandbox.client import Json
from schedulers import create_message_deleter_scheduler
from tests.bots.user_bot.killed import count_copies, reader, row
from tests.house import ALICE, USER_BOT, House, house_with_credits
from user_bot.delivery.request import Outcome


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Alice has two credits."""
    async with house_with_credits(2) as house:
        yield house


async def left(house: House) -> list[Json]:
    """Return the bot's messages to Alice that are there, without the answer to /start."""
    seen = (await house.alice.transcript(USER_BOT))["messages"]
    return [one for one in seen if one["outgoing"] and not one["deleted_at"] and "Hi " not in one.get("text", "")]


def labels(message: Json) -> list[str]:
    return [row[0]["text"] for row in message["reply_markup"]["inline_keyboard"]]


async def delete_due(house: House) -> None:
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    await deleter.delete_due_messages()


async def opened(house: House, *, minutes: float = 0, **more: Any) -> str:
    """Let Alice open a new post and get it; return its link."""
    link = house.link(await house.store(title="Spring", **more))
    await house.alice.link(link)
    await house.settle()
    await house.advance(minutes=minutes)
    return link


async def test_what_a_delivery_cost_is_said_in_one_silent_message(house: House) -> None:
    await opened(house)
    note = (await left(house))[-1]
    assert note["silent"]
    first, _, rest = note["text"].partition(" Deleted in 30 min, at ")
    assert (first, rest.partition(". ")[2]) == ("1 credit used, 1 left.", "Save what you need.")
    await opened(house, protect=True)
    note = (await left(house))[-1]
    assert note["text"].startswith("That was your last credit. Deleted in")
    assert note["text"].endswith("It cannot be saved or forwarded.")
    assert labels(note) == ["Unlock more"]
    await house.alice.press(USER_BOT, "Unlock more")
    await house.alice.wait(USER_BOT, contains="This unlock brings 10 credits.")


async def test_the_copy_that_is_there_is_pointed_to_and_one_pointer_stands_at_a_time(house: House) -> None:
    link = await opened(house)
    copy, note = await left(house)
    for _ in range(3):
        await house.advance(minutes=5)
        await house.alice.link(link)
        await house.settle()
        *others, pointer = await left(house)
        assert [one["message_id"] for one in others] == [copy["message_id"], note["message_id"]]
        assert pointer["text"].startswith("Here it is, until ")
        assert pointer["reply_to_message"]["message_id"] == copy["message_id"]
        assert labels(pointer) == ["Send it again"]
    assert (await count_copies(house), (await reader()).credits) == (1, 1)
    # and it goes with the copy
    await house.advance(minutes=16)
    await delete_due(house)
    (notice,) = await left(house)
    assert notice["text"] == "\u2068Spring\u2069 was deleted, as announced."
    assert labels(notice) == ["Get it again · 1 credit", "Close"]


async def test_two_taps_in_two_processes_leave_one_pointer(house: House) -> None:
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.settle()
    await house.advance(minutes=1)
    processes = [house.another_deliverer() for _ in range(2)]
    alice = await reader()
    outcomes = await asyncio.gather(
        *(one.deliver(alice, post.code, f"message {number}") for number, one in enumerate(processes))
    )
    assert set(outcomes) == {Outcome.POINTED}
    assert len(await left(house)) == 3


async def test_send_it_again_replaces_the_copy_for_nothing(house: House) -> None:
    link = await opened(house, minutes=15)
    before = {one["message_id"] for one in await left(house)}
    await house.alice.link(link)
    await house.settle()
    await house.alice.press(USER_BOT, "Send it again")
    await house.settle()
    copy, note = await left(house)
    assert not {copy["message_id"], note["message_id"]} & before
    assert (await count_copies(house), (await reader()).credits) == (2, 1)
    assert [one.message_ids for one in await deletion_ops.open_deliveries(ALICE, 9)] == [(copy["message_id"],)]


async def test_the_old_copy_stays_when_the_new_one_does_not_come(house: House) -> None:
    link = await opened(house, minutes=5)
    copy, _ = await left(house)
    await house.alice.link(link)
    await house.settle()
    refused = "Forbidden: bot is not a member of the channel chat"
    await house.world.fault("error", method="copyMessages", status=403, description=refused)
    await house.alice.press(USER_BOT, "Send it again")
    await house.settle()
    assert copy["message_id"] in {one["message_id"] for one in await left(house)}
    await house.advance(minutes=26)
    await delete_due(house)
    assert copy["message_id"] not in {one["message_id"] for one in await left(house)}


async def test_a_copy_the_subscriber_deleted_comes_anew_and_is_free_within_the_time(house: House) -> None:
    link = await opened(house, minutes=15)
    copy, _ = await left(house)
    await house.alice.delete(USER_BOT, [copy["message_id"]])
    await house.alice.link(link)
    await house.settle()
    again, note = await left(house)
    assert again["message_id"] > copy["message_id"]
    assert note["text"].startswith("Free: you paid at ")
    assert (await count_copies(house), (await reader()).credits) == (2, 1)


async def test_a_copy_that_stays_is_pointed_to_within_the_free_time_only(house: House) -> None:
    link = await opened(house, minutes=9, delete_after_minutes=0)
    for minutes, copies in ((0, 1), (2, 2)):
        await house.advance(minutes=minutes)
        await house.alice.link(link)
        await house.settle()
        assert await count_copies(house) == copies
    assert (await reader()).credits == 1


async def test_a_copy_the_deleter_takes_in_the_same_moment_comes_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is claimed between the reply and its record: the reply goes, and the post comes."""
    link = await opened(house, minutes=15)
    record = delivery_ops.record_pointer

    async def after_the_deleter(*args: object) -> object:
        await house.advance(minutes=16)
        await delete_due(house)
        return await record(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(delivery_ops, "record_pointer", after_the_deleter)
    await house.alice.link(link)
    await house.settle()
    shown = await left(house)
    assert not any("Here it is" in one.get("text", "") for one in shown)
    assert len([one for one in shown if one.get("photo")]) == 1


async def test_the_same_update_in_another_process_points_no_second_time(house: House) -> None:
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.settle()
    await house.advance(minutes=1)
    assert await house.another_deliverer().deliver(await reader(), post.code, "message 99") is Outcome.POINTED
    assert await house.another_deliverer().deliver(await reader(), post.code, "message 99") is Outcome.DOUBLE_TAP
    assert (await row(post)).pointer_message_id is not None


async def test_a_button_that_was_free_asks_before_it_costs_a_credit(house: House) -> None:
    await opened(house, minutes=6, delete_after_minutes=5)
    await delete_due(house)
    (notice,) = await left(house)
    assert labels(notice) == ["Get it again · free", "Close"]
    await house.advance(minutes=5)
    await house.alice.press(USER_BOT, "Get it again · free")
    await house.alice.wait(USER_BOT, contains="now it costs 1 credit")
    await house.settle()
    (notice,) = await left(house)
    assert (await count_copies(house), (await reader()).credits) == (1, 1)
    await house.alice.press(USER_BOT, "Get it again · 1 credit")
    await house.settle()
    assert [bool(one.get("photo")) for one in await left(house)] == [True, False]
    assert (await count_copies(house), (await reader()).credits) == (2, 0)
