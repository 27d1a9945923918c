"""One fault at each call of a delivery in turn: the subscriber is always answered, no copy is sent twice or kept."""

from typing import Any

import pytest

from database.operations import deletion_ops
from schedulers import create_message_deleter_scheduler
from tests.house import ALICE, USER_BOT, House

pytestmark = pytest.mark.sweep

SENTENCES = ("did not confirm", "That did not work. Nothing was charged.", "Deleted in", "is not available any more")
METHODS = ("copyMessages", "sendMessage", "deleteMessages", "editMessageText", "answerCallbackQuery")
FAULTS: dict[str, dict[str, Any]] = {
    "flood": {"retry_after": 3},
    "html": {"status": 502},
    "drop_before": {},
    "drop_after": {},
    "error": {"status": 500, "description": "Internal Server Error: busy"},
}


async def shown(house: House) -> list[dict[str, Any]]:
    transcript = await house.alice.transcript(USER_BOT)
    return [m for m in transcript["messages"] if m["outgoing"] and m["deleted_at"] is None]


async def take_back(house: House) -> None:
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    await deleter.delete_due_messages()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", FAULTS)
async def test_any_fault_at_any_call_of_a_delivery(house: House, kind: str, method: str) -> None:
    post = await house.store(items=2)
    await house.world.fault(kind, method=method, bot=USER_BOT, **FAULTS[kind])

    # on opening: the post, or a sentence that says what to do
    await house.alice.link(house.link(post))
    await house.settle()
    seen = await shown(house)
    photos = [m for m in seen if m.get("photo")]
    said = [m["text"] for m in seen if m.get("text")]
    assert len(photos) in (0, 2), "all of it or nothing"
    lost_warning = method == "sendMessage" and kind in ("html", "drop_before", "error")
    assert lost_warning or any(sentence in text for sentence in SENTENCES for text in said), said
    known = len(photos) == 2 and not (method == "copyMessages" and kind == "drop_after")

    # deleted when its time is over, by this run of the deleter or one of the next
    for _ in range(3):
        await house.advance(minutes=31)
        await take_back(house)
    assert await deletion_ops.open_deliveries(ALICE, 10) == []
    if known:
        seen = await shown(house)
        assert [m for m in seen if m.get("photo")] == []
        notices = [m for m in seen if "deleted, as announced" in m.get("text", "")]
        assert len(notices) == 1

        # and delivered again on request
        await house.alice.press(USER_BOT, "Get it again · free")
        await house.settle()
        assert len([m for m in await shown(house) if m.get("photo")]) == 2
    counters = await house.world.counters()
    assert counters["ignored_429"] == 0
    assert counters["unknown_methods"] in (0, {})


async def test_a_429_on_get_updates_does_not_stop_the_bot(house: House) -> None:
    await house.world.fault("flood", method="getUpdates", bot=USER_BOT, retry_after=1)
    post = await house.store()
    await house.alice.link(house.link(post))
    assert await house.alice.wait(USER_BOT, contains="30 min")


async def test_the_largest_messages_telegram_allows_are_delivered_without_a_download(house: House) -> None:
    text = "t" * 4096
    caption = "&<" * 512
    stored = [
        await house.olive.text(-1001000000001, text),
        await house.olive.media(-1001000000001, "photo", caption=caption),
        await house.olive.media(-1001000000001, "document", file_name="film.mkv", file_size=2_000_000_000),
    ]
    post = await house.post([sent["message"]["message_id"] for sent in stored])
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    one, two, three, *_ = await shown(house)
    assert one["text"] == text
    assert two["caption"] == caption
    assert three["document"]["file_size"] == 2_000_000_000
    assert [call["method"] for call in await house.world.calls(method="getFile")] == []
