"""Polls of one of several processes: without the right nothing is asked, passed on or confirmed; nothing is lost."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiogram.methods import GetUpdates

from sender.updates.polling import UpdateAcknowledger
from tests.recording import RecordingBot, recording_bot
from tests.unit.sender.test_acknowledgement import FakeTelegram, impatient

T = TypeVar("T")


class Right:
    """A right that is given and taken by the test."""

    def __init__(self) -> None:
        self.is_held = True
        #: the right is lost while so many polls wait at Telegram
        self.lost_during = 0
        self.waited = 0

    async def held(self) -> None:
        self.waited += not self.is_held
        self.is_held = True

    async def while_held(self, request: Callable[[], Awaitable[T]]) -> T | None:
        answer = await request()
        if self.lost_during:
            self.lost_during -= 1
            self.is_held = False
            return None
        return answer


def process() -> tuple[UpdateAcknowledger, Right]:
    acknowledger, right = impatient(), Right()
    acknowledger.right = right
    return acknowledger, right


async def polled(acknowledger: UpdateAcknowledger, telegram: FakeTelegram, bot: RecordingBot) -> list[int]:
    found: Any = await acknowledger.on_call(telegram, bot, GetUpdates())
    return [update.update_id for update in found]


async def test_an_answer_that_came_when_the_right_was_lost_is_not_passed_on_and_comes_again() -> None:
    telegram, (acknowledger, right) = FakeTelegram(5, 6), process()
    right.lost_during = 1
    assert await polled(acknowledger, telegram, recording_bot()) == [5, 6]
    assert (len(telegram.polls), right.waited) == (2, 1)


async def test_what_one_process_leaves_unfinished_the_next_one_gets() -> None:
    telegram, bot = FakeTelegram(5, 6, 7), recording_bot()
    (first, right), (second, _) = process(), process()
    assert await polled(first, telegram, bot) == [5, 6, 7]
    first.acknowledge(5)
    right.is_held = False
    before = len(telegram.polls)
    bot.session.middleware(lambda make, bot, method: telegram(bot, method))
    await first.confirm(bot)
    assert len(telegram.polls) == before, "what it may not confirm stays for the process that polls"
    assert await polled(second, telegram, bot) == [5, 6, 7]


async def test_a_process_that_polls_again_goes_on_although_the_ids_went_on_or_jumped_back_meanwhile() -> None:
    telegram, bot = FakeTelegram(1000, 1001), recording_bot()
    first, right = process()
    for update_id in await polled(first, telegram, bot):
        first.end(update_id, is_cancelled=False)
    for queue in ([1500, 1501], [50, 51]):
        # another process polled meanwhile, and Telegram may number anew after a week
        right.is_held, telegram.queue = False, list(queue)
        assert await polled(first, telegram, bot) == queue
        for update_id in queue:
            first.end(update_id, is_cancelled=False)
        telegram.queue.append(queue[-1] + 1)
        assert await polled(first, telegram, bot) == [queue[-1] + 1]
        first.end(queue[-1] + 1, is_cancelled=False)
        assert telegram.queue == [queue[-1] + 1], "what is finished is confirmed"
