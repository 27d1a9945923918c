"""A post's own options at the door: its access, its archive password, its sources, and what of it is counted."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import StoreUnavailable
from core.posts import Post, PostAccess, PostItem, Source
from core.statistics import SourceDay
from database.operations import settings_ops, statistics_ops, user_credits, user_ops
from database.operations.counting import post_days
from database.operations.counting.batches import EVERYWHERE, count_events
from database.operations.posts import post_ops
from schedulers import create_message_deleter_scheduler
from tests.clocks import yielding
from tests.house import ALICE, STORAGE, USER_BOT, House
from user_bot.delivery.counting import EventCounts

FREE, NO_CHANNELS = PostAccess.FREE, PostAccess.FREE_WITHOUT_CHANNELS
ZIP = PostItem(kind="document", name="a.zip", is_archive=True)


async def stored(post: Post) -> Post:
    found = await post_ops.find(post.code)
    assert found is not None
    return found


async def opened(house: House, post: Post, source: str = "") -> list[dict[str, Any]]:
    """What the bot sends Alice when she opens the post."""
    await house.alice.link(house.link(post, source))
    seen = await house.alice.wait(USER_BOT, count=1)
    await house.settle()
    seen = await house.alice.transcript(USER_BOT)
    return [message for message in seen["messages"] if message["outgoing"]]


async def require_credits(house: House) -> None:
    await settings_ops.change("access_mode", "credits")
    await house.advance(seconds=6)


async def is_delivered(house: House) -> bool:
    return bool(await house.calls("copyMessages"))


# access


@pytest.mark.parametrize("access", [FREE, NO_CHANNELS])
async def test_a_free_post_costs_nobody_a_credit(house: House, access: PostAccess) -> None:
    await require_credits(house)
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    await user_credits.grant(ALICE, "test", house.clock.now(), credits=3)
    await opened(house, await house.store(access=access))
    assert await is_delivered(house)
    alice = await user_ops.find(ALICE)
    assert alice is not None and alice.credits == 3 and alice.charges == {}


async def test_a_post_as_in_settings_asks_for_a_credit(house: House) -> None:
    await require_credits(house)
    await opened(house, await house.store())
    assert not await is_delivered(house)


async def test_a_free_post_still_asks_for_the_channels(house: House) -> None:
    await require_credits(house)
    await house.channel("News")
    (prompt,) = await opened(house, await house.store(access=FREE))
    assert "News" in str(prompt) and not await is_delivered(house)


async def test_a_post_free_without_channels_asks_telegram_nothing(house: House) -> None:
    await require_credits(house)
    await house.channel("News")
    await opened(house, await house.store(access=NO_CHANNELS))
    assert await is_delivered(house)
    assert [call for call in await house.calls("getChatMember") if int(call["params"]["user_id"]) == ALICE] == []


async def test_a_banned_subscriber_gets_no_free_post_and_opens_none(house: House) -> None:
    await house.alice.text(USER_BOT, "/start")
    await house.settle()
    await user_ops.ban(ALICE, house.clock.now(), reason="spam", until=None)
    post = await house.store(access=NO_CHANNELS)
    answers = await opened(house, post)
    assert "You cannot use this bot" in answers[-1]["text"]
    assert not await is_delivered(house)
    assert (await stored(post)).opened == 0


# archive passwords


async def archive(house: House, *, is_archive: bool = True, **more: Any) -> Post:
    """A post of one file."""
    sent = await house.olive.media(STORAGE, "document", caption="a.zip")
    items = [ZIP if is_archive else PostItem(kind="document", name="a.pdf")]
    return await house.post([int(sent["message"]["message_id"])], items=items, **more)


async def set_default_password(house: House) -> None:
    await settings_ops.change("post_password", "<tulip>")
    await house.advance(seconds=6)


def buttons(message: dict[str, Any]) -> list[dict[str, Any]]:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button for row in rows for button in row]


async def test_an_archive_has_the_default_password_under_it_and_a_button_that_copies_it(house: House) -> None:
    await set_default_password(house)
    *_, notice = await opened(house, await archive(house))
    assert "Deleted in" in notice["text"] and "Archive password: <tulip>" in notice["text"]
    (button,) = buttons(notice)
    assert (button["text"], button["copy_text"]) == ("Copy password", {"text": "<tulip>"})
    # in the one message under the delivery, which makes no sound
    (sent,) = await house.calls("sendMessage")
    assert sent["params"]["disable_notification"]


async def test_a_post_that_stays_has_its_password_alone_under_it(house: House) -> None:
    *_, notice = await opened(house, await archive(house, password="own", delete_after_minutes=0))
    assert notice["text"] == "Archive password: own"


async def test_the_default_password_is_not_shown_where_nothing_is_packed(house: House) -> None:
    await set_default_password(house)
    *_, notice = await opened(house, await archive(house, is_archive=False))
    assert "password" not in notice["text"] and buttons(notice) == []


async def test_the_password_goes_with_the_delivery(house: House) -> None:
    post = await archive(house, password="own")
    await opened(house, post)
    await house.advance(minutes=31)
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    await deleter.delete_due_messages()
    seen = await house.alice.transcript(USER_BOT)
    (notice,) = [one for one in seen["messages"] if one["outgoing"] and one["deleted_at"] is None]
    assert "own" not in notice["text"]
    assert [button["text"] for button in buttons(notice)] == ["Get it again · free", "Close"]


# what is counted


async def test_a_press_is_opened_and_what_arrived_whole_is_delivered(house: House) -> None:
    post = await house.store()
    await post_ops.add_source(post.code, "insta")
    await opened(house, post, "insta")
    await house.advance(seconds=5)
    await opened(house, post, "made0up")
    await house.user_bot.event_counts.count_all()
    found = await stored(post)
    # the same subscriber on the same day
    assert (found.opened, found.delivered, found.sources) == (2, 1, (Source(name="insta", opened=1),))


async def test_one_subscriber_who_passes_the_gate_and_gets_a_post_three_times_opened_its_link_once_and_tried_once(
    house: House,
) -> None:
    channel = await house.channel("News")
    post = await house.store(1, delete_after_minutes=0)
    await post_ops.add_source(post.code, "insta")
    await opened(house, post, "insta")
    await house.user_bot.event_counts.count_all()
    assert await counted_steps(post) == (1, 0, 0, 0)
    await house.alice.join(channel.chat_id)
    await house.settle()
    alice = await user_ops.find(ALICE)
    assert alice is not None and len(await house.calls("copyMessages")) == 1
    for number in range(2):
        await house.advance(seconds=5)
        await house.another_deliverer().deliver(alice, post.code, f"button {number}", replaces=True)
    assert len(await house.calls("copyMessages")) == 3
    await house.user_bot.event_counts.count_all()
    assert await counted_steps(post) == (1, 1, 1, 1)
    found = await stored(post)
    assert (found.opened, found.delivered, found.sources) == (1, 1, (Source(name="insta", opened=1),))
    (day,) = await statistics_ops.last_days(house.clock.now(), 5)
    assert day.sources["insta"] == SourceDay(new=1, tries=1, delivered=1)


async def test_who_stops_at_unlocking_has_joined(house: House) -> None:
    await require_credits(house)
    post = await house.store()
    await opened(house, post)
    await house.user_bot.event_counts.count_all()
    assert await counted_steps(post) == (1, 1, 0, 0)


async def counted_steps(post: Post) -> tuple[int, int, int, int]:
    found = await post_days.of_post(post.code, datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    return found.tries, found.joined, found.unlocked, found.delivered


async def test_a_post_that_came_in_part_or_not_at_all_is_not_delivered(house: House) -> None:
    await house.channel("News")
    kept_out, partly = await house.store(), await house.store(2, access=NO_CHANNELS)
    await opened(house, kept_out)
    await house.base.user_bot.delete_message(STORAGE, partly.message_ids[0])
    await opened(house, partly)
    await house.user_bot.event_counts.count_all()
    assert [((await stored(post)).opened, (await stored(post)).delivered) for post in (kept_out, partly)] == [
        (1, 0),
        (1, 0),
    ]


class Counting(EventCounts):
    """Says when it has counted something."""

    def __init__(self, house: House) -> None:
        super().__init__(house.clock, house.base.settings.zone)
        self.has_counted = asyncio.Event()

    async def count_all(self, names: frozenset[str] = EVERYWHERE) -> int:
        total = await super().count_all(names)
        if total:
            self.has_counted.set()
        return total


async def test_deliveries_are_counted_soon_after_they_arrived_and_those_left_behind_at_the_start(house: House) -> None:
    house.clock.in_tasks["event counts"] = yielding
    left, post = await house.store(), await house.store()
    await opened(house, left)
    counts = Counting(house)
    counting = asyncio.create_task(counts.run(), name="event counts")
    async with asyncio.timeout(20):
        await counts.has_counted.wait()
        assert (await stored(left)).delivered == 1
        await opened(house, post)
        # noted by the update that recorded it
        while not (await stored(post)).delivered:
            counts.has_counted.clear()
            await counts.has_counted.wait()
    counting.cancel()
    assert (await stored(post)).delivered == 1


async def test_an_outage_only_puts_the_counting_off(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.clock.in_tasks["event counts"] = yielding
    post = await house.store()
    await opened(house, post)
    count, calls = count_events, 0

    async def falters(*args: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise StoreUnavailable("away")
        return await count(*args)

    monkeypatch.setattr("user_bot.delivery.counting.count_events", falters)
    counts = Counting(house)
    counting = asyncio.create_task(counts.run(), name="event counts")
    async with asyncio.timeout(20):
        await counts.has_counted.wait()
    counting.cancel()
    assert (await stored(post)).delivered == 1
