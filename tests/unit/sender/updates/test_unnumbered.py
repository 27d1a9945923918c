"""Entries of a getUpdates without a number: those beside them arrive, and nothing comes again for ever."""

import json
from typing import Any

import pytest
from aiogram.exceptions import ClientDecodeError
from aiogram.methods import GetUpdates
from aiogram.types import Update
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from monitoring.metrics import REGISTRY
from sender.updates.places import Places
from sender.updates.poison import PoisonGuard
from sender.updates.polling import UpdateAcknowledger
from tests.unit.sender.telegram import BOT, SESSION

FIRST = 2_000_001
#: what may stand where the number of an update should
WRONG_NUMBERS: tuple[Any, ...] = ("x", "", 1.5, None, True, -5, -1, 2**31, 10**30, [], {"update_id": 1})
TEXT = "what somebody wrote"


def update(number: int) -> dict[str, Any]:
    message = {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}, "text": TEXT}
    return {"update_id": number, "message": message}


def without_number(wrong: Any) -> dict[str, Any]:
    return update(0) | {"update_id": wrong}


class Queue:
    """Keeps entries as Telegram does: numbered one by one, the oldest first, deleted below the offset (BOTAPI §2.2)."""

    def __init__(self, *entries: Any) -> None:
        self.kept: dict[int, Any] = {}
        self._last = FIRST - 1
        for entry in entries:
            self.add(entry)

    def add(self, entry: Any = ...) -> int:
        self._last += 1
        self.kept[self._last] = update(self._last) if entry is ... else entry
        return self._last

    async def __call__(self, bot: Any, method: Any) -> Any:
        offset = method.offset or 0
        assert offset >= 0, "a negative offset deletes all but the last"
        if offset <= self._last + 10:
            self.kept = {number: entry for number, entry in self.kept.items() if number >= offset}
        answer = {"ok": True, "result": list(self.kept.values())[: method.limit]}
        return SESSION.check_response(bot, method, 200, json.dumps(answer)).result


class Poller:
    """Polls as a bot does: the offset counted on by the acknowledger, each update handled at once."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.guard = PoisonGuard()
        self.acknowledger = UpdateAcknowledger(Places())
        self.handled: list[Update] = []
        #: aiogram pauses before the next
        self.failed = 0

    async def poll(self) -> None:
        async def ask(offset: int | None, limit: int) -> Any:
            return await self.guard(self.queue, BOT, GetUpdates(offset=offset, limit=limit))

        try:
            found = await self.acknowledger.fetch(ask)
        except ClientDecodeError as error:
            self.failed += 1
            assert TEXT not in str(error)
            return
        for each in found:
            self.handled.append(each)
            self.acknowledger.end(each.update_id, is_cancelled=False)

    async def until_empty(self, polls: int) -> None:
        while self.queue.kept:
            assert polls > 0, "an answer comes again for ever"
            polls -= 1
            await self.poll()

    def arrived(self) -> list[int]:
        return [each.update_id for each in self.handled if each.message is not None]


@pytest.mark.parametrize("wrong", WRONG_NUMBERS, ids=repr)
@pytest.mark.parametrize("place", ["first", "between", "last"])
async def test_the_updates_beside_an_entry_without_a_number_arrive_once(wrong: Any, place: str) -> None:
    good = [FIRST, FIRST + 1, FIRST + 2]
    at = {"first": 0, "between": 1, "last": 2}[place]
    entries: list[Any] = [update(number) for number in good]
    entries[at] = without_number(wrong)
    poller = Poller(Queue(*entries))
    await poller.until_empty(polls=5)
    assert [number for number in poller.arrived() if number >= FIRST] == [
        number for number in good if number != good[at]
    ]


@pytest.mark.parametrize("junk", [None, "junk", 7, [], {}, {"message": {"text": TEXT}}], ids=repr)
async def test_an_entry_that_is_no_update_is_one_too(junk: Any) -> None:
    poller = Poller(Queue(update(FIRST), junk, update(FIRST + 2), junk))
    await poller.until_empty(polls=5)
    assert poller.arrived() == [FIRST, FIRST + 2]


async def test_the_same_entry_again_later_is_passed_again() -> None:
    queue = Queue(update(FIRST))
    poller = Poller(queue)
    for _ in range(3):
        queue.add(None)
        await poller.until_empty(polls=4)
        await poller.poll()
    assert poller.arrived() == [FIRST]


async def test_one_line_says_so_with_the_names_of_fields_only() -> None:
    count = "tollgate_updates_poison_total"
    before = REGISTRY.get_sample_value(count, {"bot": "42"}) or 0.0
    queue = Queue(without_number("x"), update(FIRST + 1), without_number("x"))
    poller = Poller(queue)
    with capture_logs() as logs:
        await poller.until_empty(polls=5)
    assert [entry["event"] for entry in logs] == ["update.unnumbered"]
    assert logs[0]["fields"] == ["update_id", "message.message_id", "message.date", "message.chat", "message.text"]
    assert (logs[0]["count"], logs[0]["bot_id"]) == (2, 42)
    assert TEXT not in str(logs)
    assert REGISTRY.get_sample_value(count, {"bot": "42"}) == before + 2


async def test_a_negative_number_in_a_readable_answer_never_becomes_an_offset() -> None:
    poller = Poller(Queue(update(FIRST), without_number(-5)))
    await poller.until_empty(polls=4)
    assert poller.arrived() == [FIRST]


async def test_at_the_start_nothing_is_passed_that_could_be_an_update() -> None:
    """No offset is known: the next update passes the entry."""
    queue = Queue(None)
    poller = Poller(queue)
    for _ in range(3):
        await poller.poll()
    assert (poller.failed, poller.handled) == (3, [])
    number = queue.add()
    await poller.until_empty(polls=2)
    assert poller.arrived() == [number]


async def test_an_entry_that_is_in_every_answer_costs_one_update_at_most() -> None:
    """As a broken server between could add it. It is passed once, as if it had a number."""

    class Adding(Queue):
        async def __call__(self, bot: Any, method: Any) -> Any:
            found = await super().__call__(bot, method)
            return PoisonGuard()._read_all([None, *found], bot, method.offset) if found else self.none()

        def none(self) -> Any:
            raise ClientDecodeError("Failed to deserialize object", ValueError(), {"ok": True, "result": [None]})

    queue = Adding()
    poller = Poller(queue)
    sent = []
    for _ in range(30):
        sent.append(queue.add())
        await poller.poll()
        await poller.poll()
    assert poller.arrived() == sent
    for _ in range(50):
        await poller.poll()
    # the next number was passed while nothing was there
    queue.add()
    sent.append(queue.add())
    await poller.poll()
    assert poller.arrived() == sent


async def test_an_answer_without_a_list_is_an_error_before_the_next_poll() -> None:
    async def nothing(bot: Any, method: Any) -> Any:
        return SESSION.check_response(bot, method, 200, '{"ok": true, "result": null}').result

    with pytest.raises(ClientDecodeError):
        await PoisonGuard()(nothing, BOT, GetUpdates())


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.integers(), max_size=2),
    st.builds(
        lambda wrong, other: {**other, **({} if wrong is ... else {"update_id": wrong})},
        st.one_of(st.just(...), st.none(), st.text("ab-", max_size=3), st.integers(max_value=-1), st.integers(2**31)),
        st.dictionaries(st.sampled_from(["message", "callback_query", "x"]), st.one_of(st.none(), st.text(max_size=3))),
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entries=st.lists(st.one_of(st.just(...), JUNK), max_size=12))
async def test_whatever_stands_between_them_every_update_arrives_once(entries: list[Any]) -> None:
    queue = Queue(*entries)
    expected = [number for number, entry in queue.kept.items() if entry == update(number)]
    expected.append(queue.add())
    poller = Poller(queue)
    # pauses of aiogram are between them
    await poller.until_empty(polls=6)
    assert poller.arrived() == expected
