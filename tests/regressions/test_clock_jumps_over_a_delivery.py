"""The clock jumps by an hour during a delivery: the machine was suspended, or its clock was set.

Its pending deletion was due at once. The deleter treated it as one whose message ids would never be known and removed
it while the delivery still ran, so the copies were never deleted. After a kill, the pending deletion had ended before
Telegram repeated the request, and the repeated request delivered the post a second time.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from core.delivery import PendingDeletion
from core.jobs import RunReport
from core.posts import Post
from core.users import User
from database.operations import deletion_ops, user_ops
from schedulers import create_message_deleter_scheduler
from tests.house import ALICE, USER_BOT, House
from user_bot.delivery.request import Outcome

pytestmark = pytest.mark.sweep


async def take_back(house: House) -> RunReport:
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    return await deleter.delete_due_messages()


async def copies(house: House) -> list[dict[str, Any]]:
    return [m for m in (await house.alice.transcript(USER_BOT))["messages"] if m["outgoing"] and m.get("photo")]


async def the_promise() -> PendingDeletion:
    (promise,) = await deletion_ops.open_deliveries(ALICE, 10)
    return promise


async def ask(house: House, post: Post) -> None:
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 minutes")
    await house.settle()


def around_copying(
    house: House, monkeypatch: pytest.MonkeyPatch, *, before: Callable[[], Any] | None, behind: Callable[[], Any] | None
) -> None:
    deliverer = house.user_bot.dispatcher["deliverer"]
    copy = deliverer._copy

    async def copying(*arguments: Any) -> Any:
        if before is not None:
            await before()
        sent = await copy(*arguments)
        if behind is not None:
            await behind()
        return sent

    monkeypatch.setattr(deliverer, "_copy", copying)


@pytest.mark.parametrize("looks", [1, 2])
@pytest.mark.parametrize("is_copied", [False, True])
async def test_copies_are_deleted_in_time_although_the_deleter_ran_before_their_ids_were_recorded(
    house: House, monkeypatch: pytest.MonkeyPatch, looks: int, is_copied: bool
) -> None:
    given_up = 0

    async def sleeping() -> None:
        nonlocal given_up
        for _ in range(looks):
            await house.advance(hours=1)
            given_up += (await take_back(house)).counts.get("unknown", 0)

    meanwhile = {"before": None, "behind": sleeping} if is_copied else {"before": sleeping, "behind": None}
    around_copying(house, monkeypatch, **meanwhile)
    await ask(house, await house.store())
    assert given_up == looks - 1, "one look is too early to say that nobody knows them"
    promise = await the_promise()
    assert [m["message_id"] for m in await copies(house)] == list(promise.message_ids)
    assert (await take_back(house)).counts == {}, "the reader's time runs from when it was there"
    await house.advance(minutes=31)
    assert (await take_back(house)).counts == {"deleted": 1}, "and not a quarter of an hour later"
    assert all(m["deleted_at"] for m in await copies(house))


@pytest.mark.parametrize("looks_before", [0, 1])
async def test_ids_recorded_while_the_deleter_holds_the_pending_deletion_are_kept(
    house: House, monkeypatch: pytest.MonkeyPatch, looks_before: int
) -> None:
    claim_due, record = deletion_ops.claim_due, deletion_ops.record_messages
    claimed, recorded = asyncio.Event(), asyncio.Event()
    deleting: list[asyncio.Task[RunReport]] = []

    async def claim_and_wait(*arguments: Any, **more: Any) -> list[PendingDeletion]:
        due = await claim_due(*arguments, **more)
        if due and not recorded.is_set():
            claimed.set()
            await recorded.wait()
        return due

    async def record_and_say(*arguments: Any, **more: Any) -> bool:
        found = await record(*arguments, **more)
        recorded.set()
        return found

    async def sleeping() -> None:
        for _ in range(looks_before):
            await house.advance(hours=1)
            await take_back(house)
        await house.advance(hours=1)
        monkeypatch.setattr(deletion_ops, "claim_due", claim_and_wait)
        monkeypatch.setattr(deletion_ops, "record_messages", record_and_say)
        deleting.append(asyncio.create_task(take_back(house)))
        await claimed.wait()

    around_copying(house, monkeypatch, before=None, behind=sleeping)
    await ask(house, await house.store())
    await deleting[0]
    promise = await the_promise()
    assert [m["message_id"] for m in await copies(house)] == list(promise.message_ids)
    assert (promise.not_before, promise.claimed_by) == (None, None)
    await house.advance(minutes=31)
    assert (await take_back(house)).counts == {"deleted": 1}
    assert all(m["deleted_at"] for m in await copies(house))


async def reader(house: House) -> tuple[User, str]:
    """Alice, and the update key of her last request."""
    user = await user_ops.find(ALICE)
    said = (await house.alice.transcript(USER_BOT))["messages"]
    assert user is not None
    return user, f"message {max(m['message_id'] for m in said if not m['outgoing'])}"


@pytest.mark.parametrize("is_cut_off", [False, True])
async def test_a_request_repeated_after_its_pending_deletion_ended_delivers_no_second_copy(
    house: House, monkeypatch: pytest.MonkeyPatch, is_cut_off: bool
) -> None:
    """After a kill, the messages are deleted or given up before Telegram repeats the request, hours later."""
    post = await house.store()
    await ask(house, post)
    user, update_key = await reader(house)
    if is_cut_off:
        await deletion_ops.record_messages((await the_promise()).id, ())
    for _ in range(2):
        await house.advance(hours=1)
        await take_back(house)
    assert await deletion_ops.open_deliveries(ALICE, 10) == []
    restarted = house.another_deliverer()
    assert await restarted.deliver(user, post.code, update_key) is Outcome.DOUBLE_TAP
    assert len(await copies(house)) == 1
    # this state cannot be distinguished from a delivery that had only started, so the subscriber is notified
    await house.alice.wait(USER_BOT, contains="was interrupted")
    assert await restarted.deliver(user, post.code, "button 5") is Outcome.DELIVERED, "at once, as the sentence says"
    assert await restarted.deliver(user, post.code, update_key) is Outcome.DOUBLE_TAP
