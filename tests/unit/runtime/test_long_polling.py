"""How a process stands by, polls, hands over and ends."""

import asyncio

import pytest
from aiogram import Dispatcher

from runtime.updates.polling import LongPolling, PreparedRight
from tests.recording import recording_bot
from tests.served import OneProcess, long_polling


class Turn(OneProcess):
    """A turn that the test gives, and whose lease may fail."""

    def __init__(self, events: list[str]) -> None:
        self.events = events
        self.comes = asyncio.Event()
        self.polls = asyncio.Event()
        self.fails: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        await self.fails

    async def held(self) -> None:
        await self.comes.wait()

    async def release(self) -> None:
        self.events.append("released")


def polling_with(turn: Turn) -> LongPolling:
    """Something that polls nothing, and notes what its dispatcher does."""
    dispatcher = Dispatcher(disable_fsm=True)

    async def poll(*arguments: object, **options: object) -> None:
        turn.events.append("polls")
        turn.polls.set()
        await asyncio.Event().wait()

    async def drain() -> None:
        await asyncio.sleep(0)
        turn.events.append("handlers ended")

    dispatcher._polling = poll  # type: ignore[method-assign]
    dispatcher.shutdown.register(drain)
    return LongPolling(long_polling(recording_bot(), dispatcher).served, turn)


async def test_another_process_may_begin_only_when_the_handlers_have_ended() -> None:
    turn = Turn([])
    polling = polling_with(turn)
    serving = asyncio.ensure_future(polling.serve())
    async with asyncio.timeout(5):
        assert not await polling.stop(), "it stands by"
        turn.comes.set()
        await turn.polls.wait()
        assert await polling.stop()
        await serving
    assert turn.events == ["polls", "handlers ended", "released"]


async def test_a_process_that_stands_by_ends_without_having_polled() -> None:
    turn = Turn([])
    serving = asyncio.ensure_future(polling_with(turn).serve())
    await asyncio.sleep(0)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert turn.events == ["released"]


@pytest.mark.parametrize("stands_by", [True, False])
async def test_a_lease_that_is_not_kept_any_more_ends_the_process_in_order(stands_by: bool) -> None:
    turn = Turn([])
    serving = asyncio.ensure_future(polling_with(turn).serve())
    if not stands_by:
        turn.comes.set()
        await turn.polls.wait()
    await asyncio.sleep(0)
    turn.fails.set_exception(ValueError("a mistake of the program"))
    async with asyncio.timeout(5):
        with pytest.raises(ValueError, match="mistake"):
            await serving
    assert turn.events == ["released"] if stands_by else ["polls", "handlers ended", "released"]


async def test_what_a_turn_begins_with_is_done_before_the_first_poll_of_each_and_only_then() -> None:
    turn, done = Turn([]), asyncio.Event()
    turn.comes.set()

    async def prepare() -> None:
        turn.events.append("prepared")
        await done.wait()

    right = PreparedRight(turn, prepare)
    waiting = asyncio.ensure_future(right.held())
    await asyncio.sleep(0)
    assert not waiting.done()
    done.set()
    await waiting
    await right.held()
    assert turn.events == ["prepared"]
    turn.number = 2
    await right.held()
    assert turn.events == ["prepared"] * 2
