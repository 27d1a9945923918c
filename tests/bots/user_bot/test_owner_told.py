"""“The owner knows”: wherever a subscriber reads it, the owner has the alert."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

import views.subscribers.texts
from core.posts import Post
from core.subscriptions import OnError
from database.operations import settings_ops
from tests.house import ADMIN_BOT, ALICE, STORAGE, USER_BOT, House, running_house

TOLD = "The owner knows"
#: makes a post that cannot be had, and the alert the owner must find
Scene = tuple[Callable[[House], Awaitable[Post]], str]


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Posts cost credits, links lead through the shortener, and without it there is none."""
    async with running_house(timers=False, shortener=True) as house:
        await settings_ops.change("access_mode", "open")
        await settings_ops.change("on_shortener_failure", "refuse")
        yield house


async def empty_post(house: House) -> Post:
    post = await house.store()
    await house.world.delete_message(STORAGE, post.message_ids[0])
    return post


async def incomplete_post(house: House) -> Post:
    post = await house.store(2)
    await house.world.delete_message(STORAGE, post.message_ids[0])
    return post


async def refused_content(house: House) -> Post:
    await house.world.fault(
        "error", method="copyMessages", bot=USER_BOT, times=None, status=400, description="Bad Request: MEDIA_EMPTY"
    )
    return await house.store()


async def restricted_storage(house: House) -> Post:
    post = await house.store()
    await house.world.change_chat(STORAGE, protected=True)
    await house.world.configure(copy_protected=False)
    return post


async def lost_storage(house: House) -> Post:
    post = await house.store()
    await house.world.set_member(STORAGE, 1002, "kicked")
    return post


async def unseen_channel(house: House) -> Post:
    channel = await house.channel(on_error=OnError.CLOSED)
    await house.world.set_member(channel.chat_id, 1002, "member")
    await house.settle()
    return await house.store()


async def no_shortener(house: House) -> Post:
    await settings_ops.change("access_mode", "credits")
    await house.world.shortener_mode("error")
    return await house.store()


async def refused_offer(house: House) -> Post:
    await settings_ops.change("access_mode", "credits")
    await house.world.fault(
        "error",
        method="sendMessage",
        bot=USER_BOT,
        chat_id=ALICE,
        times=1,
        status=400,
        description="Bad Request: BUTTON_URL_INVALID",
    )
    return await house.store()


SCENES: dict[str, Scene] = {
    "POST_EMPTY": (empty_post, "is incomplete"),
    "missing_items": (incomplete_post, "is incomplete"),
    "POST_REFUSED": (refused_content, "MEDIA_EMPTY"),
    "SAVING_RESTRICTED": (restricted_storage, "restricts saving content"),
    "STORAGE_LOST": (lost_storage, "cannot be reached"),
    "to_join": (unseen_channel, "out of the user bot's sight"),
    "NO_LINK_NOW_TOLD": (no_shortener, "No shortener answers"),
    "NO_LINK_NOW_TOLD of an offer": (refused_offer, "does not take the message"),
}
#: said by deliveries, with `OWNER_TOLD` behind their own sentence
OF_DELIVERIES = frozenset({"POST_EMPTY", "POST_REFUSED", "SAVING_RESTRICTED", "STORAGE_LOST", "missing_items"})


@pytest.mark.parametrize("name", SCENES)
async def test_who_reads_that_the_owner_was_told_is_told_the_truth(house: House, name: str) -> None:
    prepare, alert = SCENES[name]
    post = await prepare(house)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains=TOLD)
    await house.olive.wait(ADMIN_BOT, contains=alert)


@pytest.mark.parametrize("name", SCENES)
async def test_nothing_is_promised_when_the_alert_reached_nobody(house: House, name: str) -> None:
    prepare, _ = SCENES[name]
    await house.olive.block(ADMIN_BOT)
    post = await prepare(house)
    await house.alice.link(house.link(post))
    await house.settle()
    said = [str(message.get("text", "")) for message in (await house.alice.transcript(USER_BOT))["messages"]]
    assert any(said)
    assert not any(TOLD in text for text in said)


def test_every_such_sentence_has_its_scene() -> None:
    folder = Path(views.subscribers.texts.__file__).parent
    found = sum(len(re.findall(TOLD, path.read_text(encoding="utf-8"))) for path in folder.glob("*.py"))
    others = {name.split()[0] for name in SCENES} - OF_DELIVERIES
    assert found == 1 + len(others)
    assert SCENES.keys() >= OF_DELIVERIES
