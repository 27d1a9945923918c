"""Of a delivery whose answer was lost nothing stays after its time, and nothing else is deleted."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import DeleteMessages

from core.clock import ManualClock
from core.delivery import SWEEP_MAX
from core.jobs import RunReport
from database.connection import Database, current_database
from database.operations import deletion_ops, known_messages
from schedulers import create_message_deleter_scheduler
from schedulers.jobs import sweep
from schedulers.jobs.sweep import Span
from sender.message_ids import message_ids_of
from tests.house import ADMIN_BOT, ALICE, BOB, STORAGE, USER_BOT, House
from tests.jobs.broadcasts.sent_broadcasts import mark_sent, start_sending
from views.subscribers import delivery_texts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOT = 1002


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


async def run_deleter(house: House) -> RunReport:
    deleter = create_message_deleter_scheduler(house.base.user_bot, house.user_bot.jobs, house.base.alerts)
    return await deleter.delete_due_messages()


async def alerts_to_owner(house: House) -> list[str]:
    transcript = await house.olive.transcript(ADMIN_BOT)
    texts = [m.get("text", "") for m in transcript["messages"]]
    return [text for text in texts if "could not be deleted" in text or "cleaned up" in text]


async def say(house: House, text: str, user_id: int = ALICE) -> int:
    return (await house.base.user_bot.send_message(user_id, text)).message_id


async def meet(house: House) -> None:
    for person in (house.alice, house.bob):
        await person.text(USER_BOT, "/start")
    await house.settle()


async def add_row(house: House, after: int | None, before: int | None, **more: Any) -> None:
    """Store a delivery whose answer was lost, due in half an hour."""
    now = house.base.clock.now()
    row = {
        "bot_id": BOT, "user_id": ALICE, "chat_id": ALICE, "message_ids": [], "notice_message_id": None,
        "post_code": "x" * 16, "sent_at": now, "delete_at": now + timedelta(minutes=30), "state": "unknown",
        "sweep_after": after, "sweep_before": before, "attempts": 0,
    }  # fmt: skip
    await current_database().collection("pending_deletions").insert_one(row | more)


async def texts_left(house: House, user_id: int = ALICE) -> list[str]:
    transcript = await house.world.person(user_id).transcript(USER_BOT)
    return [m.get("text", "") for m in transcript["messages"] if m["deleted_at"] is None]


# what is deleted, and what is not


async def test_copies_of_a_lost_answer_are_deleted_at_their_time_and_the_notice_replaced(house: House) -> None:
    await meet(house)
    first = await say(house, "before")
    for number in range(3):
        await say(house, f"copy {number}")
        await say(house, "of Bob", BOB)
    notice = await say(house, "Telegram did not confirm this.")
    await say(house, "afterwards")
    await add_row(house, first, notice, notice_message_id=notice)
    _forget(house)
    await house.advance(minutes=29)
    assert (await run_deleter(house)).counts == {}
    await house.advance(minutes=2)
    before = len(await house.calls())
    assert (await run_deleter(house)).counts == {"swept": 1}
    assert [call["method"] for call in (await house.calls())[before:]] == ["deleteMessages", "editMessageText"]
    left = await texts_left(house)
    assert [text for text in left if text.startswith("copy")] == []
    assert left[-2:] == [delivery_texts.time_up_swept(), "afterwards"]
    assert "before" in left
    assert (await texts_left(house, BOB)).count("of Bob") == 3
    assert await deletion_ops.open_deliveries(ALICE, 9) == []
    (told,) = await alerts_to_owner(house)
    assert told == "Deliveries whose answer was lost were cleaned up: 1. Whatever had arrived is deleted."


def _forget(house: House) -> None:
    """Let the process forget which messages it has seen, as after a restart; the newest id is learned at once."""
    ids = message_ids_of(house.base.user_bot)
    ids._seen.clear()


async def test_what_is_known_to_be_something_else_stays(house: House) -> None:
    await meet(house)
    first = await say(house, "before")
    await say(house, "copy")
    other_post, other_notice = await say(house, "another post"), await say(house, "its notice")
    news = await say(house, "news")
    hers = (await house.alice.text(USER_BOT, "Hello?"))["message"]["message_id"]
    await house.settle()
    end = await say(house, "end")
    await add_row(house, first, end, known_ids=[hers])
    now = house.base.clock.now()
    other = {"state": "sent", "message_ids": [other_post], "notice_message_id": other_notice}
    await add_row(house, None, None, **other, delete_at=now + timedelta(days=1))
    broadcast = await start_sending(now, send_to=[ALICE])
    await mark_sent(broadcast, ALICE, [news], now)
    _forget(house)
    await house.advance(minutes=31)
    assert (await run_deleter(house)).counts == {"swept": 1}
    left = await texts_left(house)
    assert "copy" not in left
    assert {"another post", "its notice", "news", "Hello?"} <= set(left)


async def test_what_this_process_has_seen_stays(house: House) -> None:
    await meet(house)
    first = await say(house, "before")
    await say(house, "an answer")
    end = await say(house, "end")
    await add_row(house, first, end)
    await house.advance(minutes=31)
    assert (await run_deleter(house)).counts == {"swept": 1}
    assert "an answer" in await texts_left(house)


async def test_a_delivery_with_some_known_ids_loses_those_and_the_others(house: House) -> None:
    await meet(house)
    first = await say(house, "before")
    known, _unknown = await say(house, "copy 1"), await say(house, "copy 2")
    end = await say(house, "end")
    await add_row(house, first, end, message_ids=[known], state="sent")
    _forget(house)
    await house.advance(minutes=31)
    assert (await run_deleter(house)).counts == {"swept": 1}
    assert [text for text in await texts_left(house) if text.startswith("copy")] == []


async def test_a_delivery_that_was_confirmed_is_not_swept(house: House) -> None:
    await meet(house)
    first = await say(house, "before")
    known = await say(house, "copy")
    await say(house, "something else")
    await add_row(house, first, None, message_ids=[known], state="sent")
    _forget(house)
    await house.advance(minutes=31)
    assert (await run_deleter(house)).counts == {"deleted": 1}
    assert "something else" in await texts_left(house)


# where the span ends


async def test_without_an_upper_bound_it_is_the_newest_id_seen(house: House) -> None:
    await meet(house)
    first = await say(house, "before")
    await say(house, "copy")
    notice = await say(house, "its notice")
    await add_row(house, first, None, notice_message_id=notice)
    _forget(house)
    await house.advance(minutes=31)
    assert (await run_deleter(house)).counts == {"swept": 1}
    left = await texts_left(house)
    assert "copy" not in left
    assert left[-1] == delivery_texts.time_up_swept(), "the notice is replaced and not swept"


@pytest.mark.parametrize("newest", [None, 1])
async def test_when_no_later_id_was_seen_it_is_counted_as_unknown_and_told(house: House, newest: int | None) -> None:
    await meet(house)
    await add_row(house, 2, None)
    message_ids_of(house.base.user_bot).newest = newest
    await house.advance(minutes=31)
    assert (await run_deleter(house)).counts == {"unknown": 1}
    assert "its messages are unknown: 1" in (await alerts_to_owner(house))[-1]
    assert await deletion_ops.open_deliveries(ALICE, 9) == []


@pytest.mark.parametrize("before", [1, 2])
async def test_ids_that_went_backwards_delete_nothing_and_are_counted_as_unknown(house: House, before: int) -> None:
    await meet(house)
    await add_row(house, 2, before)
    await house.advance(minutes=31)
    assert (await run_deleter(house)).counts == {"unknown": 1}
    assert await house.calls("deleteMessages") == []


async def test_an_unknown_delivery_without_bounds_does_not_wait_for_ids(house: House) -> None:
    await meet(house)
    await add_row(house, None, None)
    await house.advance(minutes=31)
    assert (await run_deleter(house)).counts == {"unknown": 1}


async def test_a_span_that_is_too_long_is_swept_in_part_and_told(house: House) -> None:
    await meet(house)
    first = await say(house, "before")
    await say(house, "copy")
    await add_row(house, first, first + SWEEP_MAX + 2)
    _forget(house)
    await house.advance(minutes=31)
    before = len(await house.calls("deleteMessages"))
    assert (await run_deleter(house)).counts == {"too_wide": 1}
    assert len(await house.calls("deleteMessages")) - before == SWEEP_MAX // 100
    assert "copy" not in await texts_left(house)
    assert (await texts_left(house))[-1].startswith("Time is up. If you still see messages of this post")
    assert "too much was sent since to find all of it: 1" in (await alerts_to_owner(house))[-1]


async def test_a_span_of_the_greatest_length_is_swept_whole(house: House) -> None:
    await meet(house)
    first = await say(house, "before")
    await add_row(house, first, first + SWEEP_MAX + 1)
    _forget(house)
    await house.advance(minutes=31)
    assert (await run_deleter(house)).counts == {"swept": 1}


# refusals


async def test_a_dice_is_deleted_when_it_is_a_day_old_and_the_rest_at_once(house: House) -> None:
    await meet(house)
    kinds = ("dice", "photo")
    stored = [int((await house.olive.media(STORAGE, kind))["message"]["message_id"]) for kind in kinds]
    await house.alice.link(house.link(await house.post(stored)))
    await house.alice.wait(USER_BOT, contains="Deleted in")
    await house.settle()
    (promise,) = await deletion_ops.open_deliveries(ALICE, 9)
    await house.advance(minutes=31)
    assert (await run_deleter(house)).counts == {"retry": 1}
    (waiting,) = await deletion_ops.open_deliveries(ALICE, 9)
    assert waiting.not_before == promise.sent_at + timedelta(hours=24, minutes=1)
    assert await copies_left(house, promise.message_ids) == [promise.message_ids[0]]
    assert await alerts_to_owner(house) == []
    await house.advance(hours=23, minutes=29)
    assert (await run_deleter(house)).counts == {}
    await house.advance(minutes=2)
    assert (await run_deleter(house)).counts == {"deleted": 1}
    assert await copies_left(house, promise.message_ids) == []
    assert "\u2068A post\u2069 was deleted, as announced." in await texts_left(house)


async def copies_left(house: House, message_ids: Sequence[int]) -> list[int]:
    transcript = await house.alice.transcript(USER_BOT)
    left = [m["message_id"] for m in transcript["messages"] if m["deleted_at"] is None]
    return [message_id for message_id in message_ids if message_id in left]


async def test_a_message_refused_after_a_day_too_is_undeletable(house: House) -> None:
    await meet(house)
    text = await say(house, "copy")
    house.sandbox.world.dialogs[BOT, ALICE].messages[text].is_undeletable = True
    await add_row(house, None, None, message_ids=[text], state="sent")
    await house.advance(minutes=31)
    assert (await run_deleter(house)).counts == {"retry": 1}
    await house.advance(hours=24)
    assert (await run_deleter(house)).counts == {"too_old": 1}
    assert await deletion_ops.open_deliveries(ALICE, 9) == []


class RefusingBot(Bot):
    """Refuses every call that contains one of `undeletable`."""

    def __init__(self, undeletable: set[int]) -> None:
        super().__init__("1002:refusing")
        self.undeletable = undeletable
        self.calls = 0
        self.deleted: set[int] = set()

    async def delete_messages(self, chat_id: Any, message_ids: list[int], request_timeout: int | None = None) -> bool:
        self.calls += 1
        if self.undeletable & set(message_ids):
            method = DeleteMessages(chat_id=chat_id, message_ids=message_ids)
            raise TelegramBadRequest(method=method, message="Bad Request: message can't be deleted for everyone")
        self.deleted |= set(message_ids)
        return True


async def test_many_refusals_do_not_cost_thousands_of_calls(db: Database) -> None:
    everything = set(range(1, SWEEP_MAX + 1))
    bot = RefusingBot(everything)
    swept = await sweep.sweep(bot, Span(ALICE, 0, SWEEP_MAX + 1, NOW))
    assert (swept.refused, swept.left) == (SWEEP_MAX, 0)
    assert bot.calls <= SWEEP_MAX // 100 + sweep.HALVING_MAX


async def test_few_refusals_keep_none_of_the_others(db: Database) -> None:
    bot = RefusingBot({150, 777, 1999})
    swept = await sweep.sweep(bot, Span(ALICE, 0, SWEEP_MAX + 1, NOW))
    assert swept.refused == 3
    assert bot.deleted == set(range(1, SWEEP_MAX + 1)) - bot.undeletable


# what is known


async def known(after: int = 10, before: int = 20) -> set[int]:
    found = await known_messages.known_between(ALICE, after, before, bot_id=BOT, since=NOW - timedelta(hours=1))
    return found.ids | found.may_become


async def test_only_ids_inside_the_span_are_known(db: Database) -> None:
    await deletion_ops.promise(BOT, ALICE, ALICE, "x", NOW, NOW, [10, 11, 19, 20])
    await deletion_ops.promise(BOT, BOB, BOB, "x", NOW, NOW, [12])
    assert await known() == {11, 19}


async def test_ids_of_another_bot_protect_nothing(db: Database) -> None:
    await deletion_ops.promise(777, ALICE, ALICE, "x", NOW, NOW, [12])
    assert await known() == set()


async def test_the_swept_delivery_protects_nothing_of_its_own(db: Database) -> None:
    key = await deletion_ops.promise(BOT, ALICE, ALICE, "x", NOW, NOW, [12])
    of_others = await known_messages.known_between(ALICE, 10, 20, bot_id=BOT, since=NOW, besides=key)
    assert of_others == known_messages.Known()


async def test_copies_that_are_never_deleted_are_known_too(db: Database) -> None:
    row = {"bot_id": BOT, "chat_id": ALICE, "message_ids": [12], "notice_message_id": 13, "delete_at": None}
    await db.collection("deliveries").insert_one(row)
    assert await known() == {12, 13}


@pytest.mark.parametrize("home", ["deliveries", "pending_deletions"])
async def test_ids_that_a_delivery_in_progress_may_get_are_left_alone(db: Database, home: str) -> None:
    row = {"bot_id": BOT, "chat_id": ALICE, "message_ids": [], "state": "sending", "sweep_after": 15}
    await db.collection(home).insert_one(row)
    assert await known() == {16, 17, 18, 19}
    bot = RefusingBot(set())
    swept = await sweep.sweep(bot, Span(ALICE, 10, 20, NOW))
    assert (bot.deleted, swept.held) == (set(range(11, 16)), 4), "swept again when it has ended"


async def test_copies_of_a_broadcast_that_ended_before_the_call_are_not_looked_for(db: Database) -> None:
    broadcast = await start_sending(NOW - timedelta(days=3), send_to=[ALICE, BOB])
    await mark_sent(broadcast, ALICE, [12], NOW)
    await mark_sent(broadcast, BOB, [13], NOW)
    assert await known() == {12}
    await db.collection("broadcasts").update_many(
        {}, {"$set": {"finished_at": NOW - timedelta(hours=2), "status": "sent"}}
    )
    assert await known() == set()
