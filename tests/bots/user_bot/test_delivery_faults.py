"""Deliveries while Telegram, the storage channel or the database fails: nothing is lost or sent twice."""

import asyncio

import pytest
from pymongo.errors import AutoReconnect, OperationFailure

from core.delivery import PendingDeletion
from core.posts import Post
from database.connection import current_database
from database.operations import deletion_ops, user_ops
from tests.bots.user_bot.losing_answers import losing, wait_until_idle
from tests.bots.user_bot.telegram_calls import HeldCopies, on_the_way
from tests.house import ALICE, STORAGE, STORAGE_RIGHTS, USER_BOT, House

OWNER_BOT = "house_admin_bot"


async def promises(user_id: int = ALICE) -> list[PendingDeletion]:
    return await deletion_ops.open_deliveries(user_id, 50)


async def open_and_wait(house: House, post: Post, expected: str) -> dict[str, object]:
    await house.alice.link(house.link(post))
    seen = await house.alice.wait(USER_BOT, contains=expected)
    await house.settle()
    return seen


async def test_an_album_whose_third_item_is_gone_says_so_to_both(house: House) -> None:
    sent = await house.olive.album(STORAGE, [{"kind": "photo"} for _ in range(5)])
    ids = [message["message_id"] for message in sent["messages"]]
    post = await house.post(ids)
    await house.world.delete_message(STORAGE, ids[2])
    seen = await open_and_wait(house, post, "1 message of this post (of 5)")
    assert len([message for message in seen["messages"] if message.get("photo")]) == 4  # type: ignore[attr-defined]
    alerted = await house.olive.transcript(OWNER_BOT)
    assert any("incomplete" in message.get("text", "") for message in alerted["messages"])
    (promise,) = await promises()
    assert len(promise.message_ids) == 4


async def test_a_post_without_any_message_left_is_said_to_be_empty(house: House) -> None:
    post = await house.store()
    await house.world.delete_message(STORAGE, post.message_ids[0])
    await open_and_wait(house, post, "is empty now")
    assert await promises() == []


async def test_a_lost_storage_channel_is_told_to_the_owner_once_and_heals(house: House) -> None:
    post = await house.store()
    await house.world.set_member(STORAGE, 1002, "kicked")
    await open_and_wait(house, post, "cannot reach this post")
    await house.bob.link(house.link(post))
    await house.bob.wait(USER_BOT, contains="cannot reach this post")
    await house.settle()
    alerted = await house.olive.transcript(OWNER_BOT)
    alerts = [message for message in alerted["messages"] if "cannot be reached" in message.get("text", "")]
    assert len(alerts) == 1
    assert await promises() == []
    await house.world.set_member(STORAGE, 1002, "administrator", **STORAGE_RIGHTS)
    await house.alice.press(USER_BOT, "Try again")
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    alerted = await house.olive.transcript(OWNER_BOT)
    assert "works again" in alerted["messages"][-1]["text"]


@pytest.mark.parametrize("method", ["copyMessages", "sendMessage"])
async def test_a_429_delays_the_delivery_and_duplicates_nothing(house: House, method: str) -> None:
    post = await house.store()
    await house.world.fault("flood", method=method, bot=USER_BOT, retry_after=3)
    await open_and_wait(house, post, "30 min")
    transcript = await house.alice.transcript(USER_BOT)
    assert len([message for message in transcript["messages"] if message.get("photo")]) == 1
    counters = await house.world.counters()
    assert counters["ignored_429"] == 0
    (promise,) = await promises()
    assert promise.message_ids
    assert promise.notice_message_id is not None


LOST: dict[str, dict[str, object]] = {
    "html": {"status": 502},
    "drop_after": {},
    "no_description": {"status": 500},
    "error": {"status": 500, "description": "Internal Server Error: restart"},
}


@pytest.mark.parametrize("kind", LOST)
async def test_a_copy_whose_answer_was_lost_is_not_retried(house: House, kind: str) -> None:
    post, more = await house.store(), LOST[kind]
    await house.world.fault(kind, method="copyMessages", bot=USER_BOT, **more)
    await open_and_wait(house, post, "did not confirm")
    assert len(await house.calls("copyMessages")) == 1
    transcript = await house.alice.transcript(USER_BOT)
    photos = [message for message in transcript["messages"] if message.get("photo")]
    assert len(photos) == (1 if kind == "drop_after" else 0)
    (promise,) = await promises()
    assert promise.message_ids == ()


async def test_an_unexpected_refusal_gets_a_sentence_and_leaves_no_promise(house: House) -> None:
    post = await house.store()
    await house.world.fault(
        "error", method="copyMessages", bot=USER_BOT, status=400, description="Bad Request: SOMETHING_NEW"
    )
    await open_and_wait(house, post, "That did not work. Nothing was charged.")
    assert await promises() == []


async def test_a_deleted_account_is_marked_deactivated(house: House) -> None:
    post = await house.store()
    gone = {"status": 403, "description": "Forbidden: user is deactivated"}
    await house.world.fault("error", method="copyMessages", bot=USER_BOT, **gone)
    await house.alice.text(USER_BOT, f"/start p_{post.code}")
    await house.settle()
    user = await user_ops.find(ALICE)
    assert user is not None
    assert user.deactivated_at == user.blocked_at is not None


async def test_blocking_and_unblocking_the_bot_is_stored(house: House) -> None:
    post = await house.store()
    await open_and_wait(house, post, "30 min")
    await house.alice.block(USER_BOT)
    await house.settle()
    user = await user_ops.find(ALICE)
    assert user is not None
    assert user.blocked_at is not None
    await house.alice.unblock(USER_BOT)
    await house.settle()
    user = await user_ops.find(ALICE)
    assert user is not None
    assert user.blocked_at is None


async def test_a_block_before_the_copy_leaves_no_promise(house: House) -> None:
    post = await house.store()
    await house.world.fault(
        "error",
        method="copyMessages",
        bot=USER_BOT,
        status=403,
        description="Forbidden: bot was blocked by the user",
    )
    await house.alice.link(house.link(post))
    await house.settle()
    assert await promises() == []
    assert [call["method"] for call in await house.calls()][-1] == "copyMessages"


async def test_an_update_received_twice_is_delivered_once(house: House) -> None:
    post = await house.store()
    await house.world.fault("duplicate_update", method="getUpdates", bot=USER_BOT)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    assert len(await house.calls("copyMessages")) == 1


class Outage:
    """The database is away while `away` is true."""

    def __init__(self) -> None:
        self.away = False

    def __call__(self, operation: str, collection: str) -> None:
        if self.away:
            raise AutoReconnect("connection closed")


class RefusedWrites(Outage):
    """A database that can be read and refuses every write with this code."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code

    def __call__(self, operation: str, collection: str) -> None:
        if self.away and operation not in {"find", "find_one", "count", "aggregate", "ping"}:
            raise OperationFailure("refused", self.code)


@pytest.mark.parametrize(
    "code",
    [None, 8000, 14031, 10107, 91],
    ids=["away", "over its quota", "disk full", "stepped down", "shutting down"],
)
async def test_updates_are_held_while_the_database_is_away_and_answered_afterwards(
    house: House, code: int | None
) -> None:
    """`code`: of the refusal of every write; None: nothing answers."""
    post = await house.store()
    outage = Outage() if code is None else RefusedWrites(code)
    current_database().before_call = outage
    outage.away = True
    for _ in range(3):
        await house.alice.link(house.link(post))
    await house.bob.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="short break", since=0)
    await house.bob.wait(USER_BOT, contains="short break")
    outage.away = False
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.bob.wait(USER_BOT, contains="30 min")
    await house.settle()
    sentences = [call for call in await house.calls("sendMessage") if "short break" in call["params"]["text"]]
    assert sorted(int(call["params"]["chat_id"]) for call in sentences) == [502, 503]
    copied = sorted(int(call["params"]["chat_id"]) for call in await house.calls("copyMessages"))
    assert copied == [502, 503]
    assert house.base.outage_retry.held == 0


async def test_ids_are_stored_when_the_database_is_away_right_after_the_copy(house: House) -> None:
    post, held, outage = await house.store(), HeldCopies(is_answer=True), Outage()
    current_database().before_call = outage
    tries = 0

    async def pause(_: float) -> None:
        nonlocal tries
        tries += 1
        outage.away = tries < 3
        await asyncio.sleep(0)

    house.clock.on_sleep = pause
    with on_the_way(house, held):
        await house.alice.link(house.link(post))
        await held.called.wait()
        outage.away = True
        held.go_on.set()
        await house.alice.wait(USER_BOT, contains="30 min")
        await house.settle()
    (promise,) = await promises()
    assert len(promise.message_ids) == 1
    assert tries == 3


async def test_nothing_is_sent_until_the_database_takes_the_start(house: House) -> None:
    post = await house.store()
    with losing("find_one_and_update", "deliveries", undone=True, times=3):
        await house.alice.link(house.link(post))
        await house.alice.wait(USER_BOT, contains="short break")
        assert await house.calls("copyMessages") == []
        await wait_until_idle(house)
    assert len(await house.calls("copyMessages")) == 1
    assert len(await promises()) == 1
