"""The jobs as the product makes them, against the sandbox: what stands in the channel in the end."""

from typing import Any

import pytest

from core.announcements import AnnouncementState, CoverMessage
from core.jobs import JobOutcome
from database.operations.announcements import changes, removals, renewals
from schedulers import registry
from schedulers.admission import by_hand
from schedulers.factory import create_scheduler
from schedulers.registry import JobRow
from tests.house import OLIVE, STORAGE, House
from tests.operations.announcements.announcing import planned, put, state_of, stored

RIGHTS = {"can_post_messages": True, "can_edit_messages": True, "can_delete_messages": True}
S = AnnouncementState


async def garden(house: House, **rights: bool) -> int:
    """Return a channel in which the admin bot may publish."""
    chat_id = await house.world.add_chat("channel", "Olive's Garden", OLIVE)
    await house.world.set_member(chat_id, 1001, "administrator", **(RIGHTS | rights))
    return chat_id


async def run(house: House, row: JobRow) -> None:
    report = await create_scheduler(row, house.user_bot.jobs).runner.run(by_hand())
    assert report.outcome is JobOutcome.SUCCEEDED, report.error


async def photo(house: House) -> CoverMessage:
    sent = await house.olive.media(STORAGE, "photo", caption="its own words")
    return CoverMessage(chat_id=STORAGE, message_id=int(sent["message"]["message_id"]))


async def there(house: House, chat_id: int) -> list[dict[str, Any]]:
    """Return the messages of the channel."""
    messages = await house.world.chat_messages(chat_id)
    return [one for one in messages if one["deleted_at"] is None and ("text" in one or "photo" in one)]


def url_of(message: dict[str, Any]) -> str | None:
    markup = message.get("reply_markup")
    return None if not markup else str(markup["inline_keyboard"][0][0]["url"])


async def test_a_post_is_announced_changed_renewed_and_withdrawn(house: House) -> None:
    chat_id, now = await garden(house), house.clock.now
    one = await planned(now(), chat_id=chat_id, cover=await photo(house), pin=True)
    await run(house, registry.PUBLISHER)

    [message] = await there(house, chat_id)
    assert (message["caption"], url_of(message), "photo" in message) == ("Spring album", one.url, True)
    assert (await stored(one)).message_id == message["message_id"]

    other = await photo(house)
    await changes.change_all(one.post_code, changes.Content("<i>Summer</i>", other, "Get it"), now())
    await run(house, registry.PUBLISHER)
    [message] = await there(house, chat_id)
    assert (message["caption"], message["reply_markup"]["inline_keyboard"][0][0]["text"]) == ("Summer", "Get it")
    assert (await stored(one)).shown_cover == other

    await put(one, url="https://t.me/old_name_bot")
    await renewals.start("r1", OLIVE, now())
    await run(house, registry.PUBLISHER)
    [message] = await there(house, chat_id)
    assert url_of(message) == f"https://t.me/house_bot?start=p_{one.post_code}-s_ch1"

    await removals.request(one.id, now())
    await run(house, registry.ANNOUNCEMENT_DELETER)
    assert (await there(house, chat_id), await state_of(one)) == ([], S.WITHDRAWN)


@pytest.mark.parametrize("has_cover", [False, True])
async def test_what_is_older_than_48_hours_is_emptied(house: House, has_cover: bool) -> None:
    chat_id = await garden(house)
    cover = await photo(house) if has_cover else None
    one = await planned(house.clock.now(), chat_id=chat_id, cover=cover)
    await run(house, registry.PUBLISHER)
    await house.advance(hours=49)

    await removals.request(one.id, house.clock.now())
    await run(house, registry.ANNOUNCEMENT_DELETER)

    [message] = await there(house, chat_id)
    assert (message.get("text"), message.get("caption"), url_of(message)) == (None if has_cover else "…", None, None)
    assert await state_of(one) is S.EMPTIED


async def test_a_channel_lost_between_preview_and_publish_is_told_in_telegrams_words(house: House) -> None:
    chat_id = await garden(house)
    one = await planned(house.clock.now(), chat_id=chat_id)
    await house.world.set_member(chat_id, 1001, "kicked")

    await run(house, registry.PUBLISHER)

    found = await stored(one)
    assert found.state is S.FAILED
    assert "bot was kicked from the channel chat" in (found.error or "")


@pytest.mark.parametrize(("characters", "state"), [(1024, S.PUBLISHED), (1025, S.FAILED)])
async def test_a_caption_of_1025_characters_is_refused_and_not_repeated(
    house: House, characters: int, state: AnnouncementState
) -> None:
    chat_id = await garden(house)
    text = "<b>" + "x" * characters + "</b>"
    one = await planned(house.clock.now(), chat_id=chat_id, text=text, cover=await photo(house))

    await run(house, registry.PUBLISHER)

    assert await state_of(one) is state
    assert len(await there(house, chat_id)) == (state is S.PUBLISHED)
