"""Results of a broadcast are written many in one command; what goes wrong with one concerns no other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest

from core.broadcasts import RecipientState
from core.clock import ManualClock
from core.errors import StoreRefused, StoreUnavailable
from core.supervisor import Supervisor
from database.connection import Database
from database.operations import broadcast_rows
from database.operations.broadcast_rows import SentCopies
from schedulers.jobs.broadcasts.sent_results import BATCH_MAX, SentResults

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BROADCAST = "65e1c0000000000000000001"


class Commands:
    """Notes the users of each command; a command ends when the test lets it."""

    def __init__(self) -> None:
        self.made: list[list[int]] = []
        self.may_end = asyncio.Event()
        self.refused: set[int] = set()
        self.is_away = False

    async def write(self, copies: Sequence[SentCopies]) -> None:
        users = [one.user_id for one in copies]
        self.made.append(users)
        await self.may_end.wait()
        if self.is_away:
            raise StoreUnavailable("away")
        if self.refused & set(users):
            raise StoreRefused("no")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture
async def tasks() -> AsyncIterator[Supervisor]:
    tasks = Supervisor()
    yield tasks
    await tasks.close()


def copies_of(user_id: int) -> SentCopies:
    return SentCopies(user_id, (user_id * 10,), NOW)


async def under_way(results: SentResults, users: Sequence[int]) -> list[asyncio.Task[None]]:
    """Begin to write the results of `users`, each in a task of its own, and let every task have its turn."""
    tasks = [asyncio.ensure_future(results.write(copies_of(user_id))) for user_id in users]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_results_that_arrive_during_a_command_go_together_into_the_next(
    commands: Commands, tasks: Supervisor
) -> None:
    results = SentResults(commands.write, tasks)
    first = await under_way(results, [1])
    others = await under_way(results, [2, 3, 4])
    assert commands.made == [[1]]
    commands.may_end.set()
    await asyncio.gather(*first, *others)
    assert commands.made == [[1], [2, 3, 4]]
    await results.write(copies_of(5))
    assert commands.made[-1] == [5], "a result that comes alone waits for nothing"


async def test_a_result_is_not_called_written_before_its_command_has_ended(
    commands: Commands, tasks: Supervisor
) -> None:
    (one,) = await under_way(SentResults(commands.write, tasks), [1])
    assert not one.done()
    commands.may_end.set()
    await one


async def test_a_command_has_a_largest_size(commands: Commands, tasks: Supervisor) -> None:
    commands.may_end.set()
    results = SentResults(commands.write, tasks)
    await asyncio.gather(*(results.write(copies_of(user_id)) for user_id in range(2 * BATCH_MAX + 1)))
    assert [len(users) for users in commands.made] == [BATCH_MAX, BATCH_MAX, 1]


async def test_one_refused_result_fails_alone(commands: Commands, tasks: Supervisor) -> None:
    commands.refused = {3}
    commands.may_end.set()
    results = SentResults(commands.write, tasks)
    ended = await asyncio.gather(*(results.write(copies_of(number)) for number in range(5)), return_exceptions=True)
    assert [type(one) for one in ended] == [type(None), type(None), type(None), StoreRefused, type(None)]


async def test_when_the_database_stays_away_everybody_hears_of_it(commands: Commands, tasks: Supervisor) -> None:
    commands.is_away = True
    commands.may_end.set()
    results = SentResults(commands.write, tasks)
    ended = await asyncio.gather(*(results.write(copies_of(number)) for number in range(3)), return_exceptions=True)
    assert [type(one) for one in ended] == [StoreUnavailable] * 3
    commands.is_away = False
    await results.write(copies_of(9))


async def test_a_result_that_arrives_as_the_last_command_ends_is_written(tasks: Supervisor) -> None:
    made: list[list[int]] = []

    async def write(copies: Sequence[SentCopies]) -> None:
        made.append([one.user_id for one in copies])

    results = SentResults(write, tasks)

    async def one_after_the_other() -> None:
        for user_id in (1, 2, 3):
            await results.write(copies_of(user_id))

    await asyncio.wait_for(one_after_the_other(), 5)
    assert made == [[1], [2], [3]]


async def test_a_stop_leaves_nobody_waiting(commands: Commands, tasks: Supervisor) -> None:
    results = SentResults(commands.write, tasks)
    waiting = [*await under_way(results, [1]), *await under_way(results, [2, 3])]
    await tasks.close()
    ended = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
    assert [type(one) for one in ended] == [asyncio.CancelledError] * 3


async def test_an_error_nobody_expected_is_everybodys(tasks: Supervisor) -> None:
    async def broken(_: Sequence[SentCopies]) -> None:
        raise ZeroDivisionError

    results = SentResults(broken, tasks)
    ended = await asyncio.gather(*(results.write(copies_of(number)) for number in range(3)), return_exceptions=True)
    assert [type(one) for one in ended] == [ZeroDivisionError] * 3


async def test_each_row_in_one_command_has_its_own_condition(db: Database) -> None:
    users = [1, 2, 3, 4]
    await broadcast_rows.add_recipients(BROADCAST, users)
    assert await broadcast_rows.claim(BROADCAST, [1, 2], "me", at=NOW) == [1, 2]
    assert await broadcast_rows.claim(BROADCAST, [3], "another", at=NOW) == [3]
    db.calls.clear()
    assert await broadcast_rows.mark_each_sent(BROADCAST, "me", [copies_of(user_id) for user_id in users]) == 2
    assert sum(db.calls.values()) == 1
    found = await broadcast_rows.rows().find({}, limit=9, sort=[("user_id", 1)])
    assert [(row["state"], row["message_ids"]) for row in found] == [
        (RecipientState.SENT, [10]),
        (RecipientState.SENT, [20]),
        (RecipientState.SENDING, []),
        (RecipientState.PENDING, []),
    ]
    assert await broadcast_rows.mark_each_sent(BROADCAST, "me", [copies_of(1), copies_of(2)]) == 2, "may be repeated"
