"""A process killed before every command and every call: each announcement is published once, or said to be unknown."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from core.announcements import AnnouncementState, CoverMessage
from core.clock import ManualClock
from core.errors import StoreUnavailable
from database.collection import Collection
from database.connection import Database
from database.operations.announcements import changes, removals
from tests.jobs.announcements.channels import STORAGE, Channels
from tests.jobs.announcements.conftest import PublisherClock
from tests.jobs.announcements.stage import KillAt, Process, until_killed
from tests.operations.announcements.announcing import GARDEN, GREENHOUSE, planned, stored

S = AnnouncementState
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
#: more than the commands and calls of one run on two announcements
STEPS = 60
COVER = CoverMessage(chat_id=STORAGE, message_id=7)


def watch(db: Database, channels: Channels, note: Callable[..., None]) -> None:
    db.before_call = note
    channels.before = note


def leave_alone(db: Database, channels: Channels) -> None:
    watch(db, channels, lambda *_: None)


@pytest.mark.parametrize("at", range(1, STEPS))
async def test_a_kill_at_any_step_publishes_once_or_says_unknown(
    db: Database, channels: Channels, clock: PublisherClock, told: list[str], at: int
) -> None:
    clock.holds_looks = True
    rows = [await planned(clock.now(), pin=True, chat_id=chat, cover=cover) for chat, cover in CHANNELS]
    kill = KillAt(at)
    watch(db, channels, kill.note)
    was_killed = await until_killed(Process(channels, clock, told).publish)
    leave_alone(db, channels)
    clock.move(MINUTE)
    await Process(channels, clock, told, owner="host:2").publish_all(for_up_to=3 * MINUTE)

    for row in rows:
        now, there = await stored(row), channels.of(row.chat_id)
        assert len(there) <= 1
        if now.state is S.PUBLISHED:
            assert [(one.message_id, one.is_pinned) for one in there] == [(now.message_id, True)]
        else:
            assert now.state is S.UNKNOWN
            assert any("did not confirm" in html for html in told)
    assert was_killed or all([(await stored(row)).state is S.PUBLISHED for row in rows])


CHANNELS = ((GARDEN, None), (GREENHOUSE, COVER))


async def test_the_sweep_covers_a_whole_run(
    db: Database, channels: Channels, clock: PublisherClock, told: list[str]
) -> None:
    clock.holds_looks = True
    for chat, cover in CHANNELS:
        await planned(clock.now(), pin=True, chat_id=chat, cover=cover)
    kill = KillAt(0)
    watch(db, channels, kill.note)
    await Process(channels, clock, told).publish()

    assert 20 < kill.count < STEPS


@pytest.mark.parametrize("at", range(1, 25))
async def test_a_kill_at_any_step_of_an_edit_loses_no_change(
    db: Database, channels: Channels, clock: ManualClock, told: list[str], at: int
) -> None:

    first = Process(channels, clock, told)
    one = await planned(clock.now())
    await first.publish()
    content = changes.Content(text="New", cover=None, label="Open")
    await changes.change_all(one.post_code, content, clock.now())
    watch(db, channels, KillAt(at).note)
    await until_killed(first.publish)
    leave_alone(db, channels)
    await Process(channels, clock, told).publish_all(for_up_to=MINUTE)

    assert [posted.text for posted in channels.of(GARDEN)] == ["New"]
    assert (await stored(one)).edit_at is None


@pytest.mark.parametrize("hours", [1, 50])
@pytest.mark.parametrize("at", range(1, 15))
async def test_a_kill_at_any_step_of_a_withdrawal_ends_withdrawn_or_emptied(
    db: Database, channels: Channels, clock: ManualClock, told: list[str], at: int, hours: int
) -> None:

    one = await planned(clock.now())
    await Process(channels, clock, told).publish()
    clock.move(hours * HOUR)
    await removals.request(one.id, clock.now())
    watch(db, channels, KillAt(at).note)
    await until_killed(Process(channels, clock, told).remove)
    leave_alone(db, channels)
    await Process(channels, clock, told).remove()

    assert (await stored(one)).state is (S.WITHDRAWN if hours == 1 else S.EMPTIED)
    assert [posted.text for posted in channels.of(GARDEN)] == ([] if hours == 1 else ["…"])


class LostAnswer:
    """The database executes its `at`-th command, and the answer is lost."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int) -> None:

        self.count = 0
        for name in ("find", "find_one", "update_one", "update_many", "find_one_and_update", "insert_one", "count"):
            monkeypatch.setattr(Collection, name, self._losing(getattr(Collection, name), at))

    def _losing(self, method: Any, at: int) -> Any:
        async def call(*args: Any, **options: Any) -> Any:
            self.count += 1
            is_lost = self.count == at
            answer = await method(*args, **options)
            if is_lost:
                raise StoreUnavailable("the answer was lost")
            return answer

        return call


@pytest.mark.parametrize("at", range(1, 30))
async def test_a_lost_answer_of_the_database_publishes_neither_twice_nor_never(
    db: Database, channels: Channels, clock: ManualClock, told: list[str], monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    one = await planned(clock.now())
    process = Process(channels, clock, told)
    with monkeypatch.context() as patch:
        LostAnswer(patch, at)
        with suppress(StoreUnavailable):
            await process.publish()
    await process.publish_all(for_up_to=2 * MINUTE)

    assert len(channels.of(GARDEN)) == 1
    assert (await stored(one)).state is S.PUBLISHED
    assert told == []
