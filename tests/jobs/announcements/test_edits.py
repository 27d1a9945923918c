"""Editing published announcements: after a change, at any age, at most 20 a minute in a channel."""

from datetime import timedelta
from typing import Any

import pytest
from aiogram.methods import EditMessageCaption, EditMessageMedia, EditMessageReplyMarkup, EditMessageText, GetMe

from core.announcements import AnnouncementState, CoverMessage
from core.clock import ManualClock
from database.connection import Database
from database.operations.announcements import changes, renewals
from tests.jobs.announcements.channels import STORAGE, Channels, Posted
from tests.jobs.announcements.stage import KillAt, Process, until_killed
from tests.operations.announcements.announcing import (
    CODE,
    GARDEN,
    GREENHOUSE,
    planned,
    published,
    put,
    state_of,
    stored,
)
from tests.unit.sender.telegram import flood, refusal

S = AnnouncementState
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
COVER, OTHER_COVER = (CoverMessage(chat_id=STORAGE, message_id=number) for number in (7, 8))
NEW_URL = f"https://t.me/new_name_bot?start=p_{CODE}-s_ch1"


def content(text: str = "New", cover: CoverMessage | None = None, label: str = "Open") -> changes.Content:
    return changes.Content(text, cover, label)


async def change(clock: ManualClock, wanted: changes.Content) -> int:
    return await changes.change_all(CODE, wanted, clock.now())


#: cover before, what it is to be, the call, the picture afterwards, whether something could not be done
CHANGES: dict[str, tuple[CoverMessage | None, changes.Content, type[Any], int | None, bool]] = {
    "text": (None, content(), EditMessageText, None, False),
    "label": (None, content("<b>Spring album</b>", label="Get it"), EditMessageText, None, False),
    "caption": (COVER, content(cover=COVER), EditMessageCaption, 7, False),
    "another cover": (COVER, content(cover=OTHER_COVER), EditMessageMedia, 8, False),
    "a first cover": (None, content(cover=COVER), EditMessageMedia, 7, False),
    "no cover any more": (COVER, content(), EditMessageCaption, 7, True),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_is_edited_by_the_call_it_needs_whatever_its_age(
    process: Process, channels: Channels, clock: ManualClock, name: str
) -> None:
    before, wanted, call, cover, has_error = CHANGES[name]
    one = await planned(clock.now(), cover=before)
    await process.publish()
    clock.move(90 * DAY)

    assert await change(clock, wanted) == 1
    await process.publish_all(for_up_to=MINUTE)

    [posted] = channels.of(GARDEN)
    assert (posted.text, posted.cover, posted.url) == (wanted.text, cover, one.url)
    assert [type(method) for method in channels.edit_calls] == [call]
    found = await stored(one)
    assert (found.edit, found.edit_at, found.error is not None) == (None, None, has_error)


async def test_an_edit_made_twice_is_made_once(process: Process, channels: Channels, clock: ManualClock) -> None:
    one = await planned(clock.now())
    await process.publish()
    await change(clock, content())
    await process.publish_all(for_up_to=MINUTE)
    await put(one, edit="content", edit_at=clock.now())

    await process.publish_all(for_up_to=MINUTE)

    assert ((await stored(one)).error, channels.of(GARDEN)[0].edits) == (None, 1)


async def test_what_is_still_to_be_sent_is_sent_with_the_change(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    await planned(clock.now() + MINUTE)

    assert await change(clock, content()) == 0
    clock.move(MINUTE)
    await process.publish()

    assert [posted.text for posted in channels.of(GARDEN)] == ["New"]
    assert channels.edit_calls == []


async def test_a_change_while_it_is_sent_is_edited_when_it_is_there(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now())
    real = process.publisher._calls.publish

    async def publish(announcement: Any) -> Any:
        await change(clock, content())
        return await real(announcement)

    process.publisher._calls.publish = publish  # type: ignore[assignment, method-assign]
    await process.publish_all(for_up_to=MINUTE)

    assert [posted.text for posted in channels.of(GARDEN)] == ["New"]
    assert (await stored(one)).edit_at is None


async def test_a_second_change_during_the_edit_is_not_lost(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now())
    await process.publish()
    await change(clock, content("first"))
    real, later = process.publisher._edits._calls.edit, iter(["second"])

    async def edit(announcement: Any, url: str) -> Any:
        outcome = await real(announcement, url)
        for text in later:
            await change(clock, content(text))
        return outcome

    process.publisher._edits._calls.edit = edit  # type: ignore[assignment, method-assign]
    await process.publish_all(for_up_to=MINUTE)

    assert [posted.text for posted in channels.of(GARDEN)] == ["second"]
    assert (await stored(one)).text == "second"


async def test_a_message_somebody_deleted_counts_as_withdrawn(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now())
    await process.publish()
    channels.posted.clear()
    await change(clock, content())

    await process.publish_all(for_up_to=MINUTE)

    assert await state_of(one) is S.WITHDRAWN


async def test_a_refused_edit_is_kept_with_its_words_and_not_repeated(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now())
    await process.publish()
    channels.lost[GARDEN] = refusal(400, "Bad Request: message can't be edited")
    await change(clock, content())

    await process.publish_all(for_up_to=10 * MINUTE)

    found = await stored(one)
    assert (found.state, found.edit_at, found.error) == (S.PUBLISHED, None, "Bad Request: message can't be edited")
    assert len(channels.edit_calls) == 1


async def test_an_edit_that_is_to_wait_is_made_later(process: Process, channels: Channels, clock: ManualClock) -> None:
    await planned(clock.now())
    await process.publish()
    asked_at = clock.now()
    channels.answer_next(GARDEN, flood(300))
    await change(clock, content())

    await process.publish_all(for_up_to=10 * MINUTE)

    assert [posted.text for posted in channels.of(GARDEN)] == ["New"]
    assert clock.now() - asked_at > 300 * SECOND


async def test_messages_of_another_bot_are_left_alone_and_counted(
    process: Process, channels: Channels, clock: ManualClock, told: list[str]
) -> None:
    one = await planned(clock.now())
    await process.publish()
    other = Process(channels, clock, told, bot_id=1009)
    await change(clock, content())

    counts = await other.publish()

    assert (counts.done, channels.edit_calls) == ({"kept": 1}, [])
    assert (await stored(one)).edit_at is None


# --- all buttons


async def test_a_renewal_gives_every_button_the_new_name(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    for number in range(3):
        await planned(clock.now(), key=f"{number}", post_code=f"Post{number}".ljust(16, "0"), chat_id=-2000 - number)
    await process.publish()
    channels.username = "new_name_bot"

    await renewals.start("r1", 5, clock.now())
    await process.publish_all(for_up_to=MINUTE)

    assert {(posted.url or "").partition("?")[0] for posted in channels.posted} == {"https://t.me/new_name_bot"}
    assert {type(method) for method in channels.edit_calls} == {EditMessageReplyMarkup}
    progress = await renewals.find()
    assert progress is not None
    assert (progress.total, progress.done, progress.is_over) == (3, 3, True)


async def test_what_was_planned_before_a_renewal_gets_the_new_name_once_it_is_out(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    one = await planned(clock.now() + 10 * MINUTE)
    channels.username = "new_name_bot"
    await renewals.start("r1", 5, clock.now())
    await process.publish_all(for_up_to=MINUTE)
    progress = await renewals.find()
    assert progress is not None and (progress.total, progress.is_over) == (0, True)

    await process.publish_all(for_up_to=11 * MINUTE)

    [posted] = channels.of(GARDEN)
    assert (posted.url, (await stored(one)).edit_at) == (NEW_URL, None)


async def test_one_channel_gets_at_most_twenty_edits_a_minute_and_room_for_publishing(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    for number in range(60):
        one = await published(clock.now(), number + 1, key=f"{number}", post_code=f"Post{number:012}")
        await put(one, bot_id=process.bot.id)
        channels.posted.append(Posted(GARDEN, number + 1, clock.now(), process.bot.id, one.text, one.url))
    times: list[float] = []
    channels.before = lambda method: None if isinstance(method, GetMe) else times.append(clock.monotonic())
    channels.username = "new_name_bot"
    await renewals.start("r1", 5, clock.now())

    await process.publish_all(for_up_to=6 * MINUTE)

    assert len(times) == 60
    assert max(sum(start <= at < start + 60 for at in times) for start in times) <= 16


async def test_a_renewal_goes_on_after_a_kill_and_counts_exactly(
    db: Database,
    process: Process,
    channels: Channels,
    clock: ManualClock,
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(renewals, "PAGE", 4)
    for number in range(10):
        await planned(clock.now(), key=f"{number}", post_code=f"Post{number:012}", chat_id=-2000 - number % 2)
    await process.publish_all(for_up_to=MINUTE)
    channels.lost[-2001] = refusal(400, "Bad Request: not enough rights")
    await renewals.start("r1", 5, clock.now())
    watch = KillAt(60)
    db.before_call = watch.note
    assert await until_killed(process.publish)
    db.before_call = lambda *_: None

    middle = await renewals.find()
    await Process(channels, clock, told, owner="host:9").publish_all(for_up_to=5 * MINUTE)
    end = await renewals.find()

    assert middle is not None
    assert end is not None
    assert not middle.is_over
    assert middle.done + middle.failed > 0
    assert (end.total, end.done, end.failed, end.is_over) == (10, 5, 5, True)


async def test_a_page_marked_twice_renews_nothing_twice(process: Process, clock: ManualClock) -> None:
    await planned(clock.now())
    await process.publish()
    started = await renewals.start("r1", 5, clock.now())
    # the process is killed after it has marked the page, and before it has noted how far it was
    await renewals.mark_page(started.renewal, clock.now())
    await process.publish_all(for_up_to=MINUTE)
    await renewals.mark_page(started.renewal, clock.now())

    progress = await renewals.find()
    assert progress is not None
    assert (progress.done, progress.due) == (1, 0)


async def test_a_second_press_starts_no_second_renewal(process: Process, clock: ManualClock) -> None:
    await planned(clock.now())
    await process.publish()
    first = await renewals.start("r1", 5, clock.now())
    second = await renewals.start("r2", 6, clock.now())
    assert (first.renewal.key, second.renewal.key) == ("r1", "r1")

    await process.publish_all(for_up_to=MINUTE)
    third = await renewals.start("r3", 6, clock.now())

    assert third.renewal.key == "r3"


async def test_a_cancelled_renewal_edits_nothing_more(process: Process, channels: Channels, clock: ManualClock) -> None:
    for number in range(5):
        await planned(clock.now(), key=f"{number}", post_code=f"Post{number:012}")
    await process.publish_all(for_up_to=MINUTE)
    await renewals.start("r1", 5, clock.now())
    run = process.run()
    channels.before = lambda method: run.stopping.set()
    await process.publisher(run)
    edits = len(channels.edit_calls)

    assert await renewals.cancel("r1")
    await process.publish_all(for_up_to=5 * MINUTE)

    progress = await renewals.find()
    assert progress is not None
    assert progress.is_over
    assert len(channels.edit_calls) == edits < 5


async def test_a_renewal_keeps_what_is_to_be_edited_anyway(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    await planned(clock.now())
    await process.publish()
    channels.username = "new_name_bot"
    await change(clock, content())
    await renewals.start("r1", 5, clock.now())

    await process.publish_all(for_up_to=MINUTE)

    [posted] = channels.of(GARDEN)
    assert (posted.text, posted.url) == ("New", NEW_URL)


async def test_publishing_does_not_wait_for_edits_in_another_channel(
    process: Process, channels: Channels, clock: ManualClock
) -> None:
    for number in range(10):
        await planned(clock.now(), key=f"{number}", post_code=f"Post{number:012}")
    await process.publish_all(for_up_to=MINUTE)
    await renewals.start("r1", 5, clock.now())
    await planned(clock.now(), key="new", chat_id=GREENHOUSE, is_now=True)
    asked_at = clock.now()

    await process.publish_all(for_up_to=MINUTE)

    assert channels.of(GREENHOUSE)[0].at - asked_at < 3 * SECOND
