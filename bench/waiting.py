"""Memory of the user bot while updates wait at Telegram, by how many wait."""

from typing import Any

from bench.harness.child import running_on
from bench.harness.numbers import ratio
from bench.harness.report import Figure, Row
from bench.harness.stores import IN_MEMORY
from bench.harness.telegram import PRODUCT, TOKENS, Telegram
from bench.plan import Plan
from sandbox.state.records import User

MB = 1_000_000
COPIES = (PRODUCT, "copyMessages")
#: part of the smallest crowd that is served while the memory is watched: the rest still waits
SERVED = 0.3
#: calls a second, as against Telegram itself; twice as many as deliveries
RATE_PER_S = 30.0
#: seconds until they are served, at the latest
PATIENCE_S = 300.0
COLUMNS = {"waiting": 0, "left at Telegram": 0, "start MB": 1, "peak MB": 1, "of the smallest": 2}


async def measure(telegram: Telegram, plan: Plan) -> list[Figure]:
    """The sizes one after the other, each with a process and a store of its own."""
    message_ids, served = telegram.store(1), int(SERVED * min(plan.waiting))
    seen = [await _peak(telegram, message_ids, waiting, served) for waiting in plan.waiting]
    figure = Figure("Memory of the user bot while people wait at Telegram (RSS)", COLUMNS)
    figure.rows = [_row(waiting, one, seen[0]) for waiting, one in zip(plan.waiting, seen, strict=True)]
    figure.notes = [
        "So many people have opened a link before the bot asks. The memory is sampled 20 times a second until "
        f"{served} posts are copied, so the store in memory holds the same at the end of each row. {RATE_PER_S:.0f} "
        "calls a second: people wait for their turn, in the bot's memory or at Telegram.",
    ]
    return [figure]


async def _peak(telegram: Telegram, message_ids: list[int], waiting: int, served: int) -> dict[str, int]:
    """Serve `served` of `waiting` people with a new process; return its memory and how many it left waiting."""
    rates = [str(RATE_PER_S), str(RATE_PER_S - 1)]
    async with running_on(IN_MEMORY, "user_bot", telegram.url, TOKENS[PRODUCT], *rates) as child:
        (code,) = (await child.call("fresh", message_ids=message_ids, posts=1))["codes"]
        telegram.forget_calls()
        await child.call("watch_memory")
        try:
            users = _queue(telegram, waiting, code, served)
            await _until_copied(telegram, served)
            left = len(telegram.bot(PRODUCT).queue)
            memory = await child.call("watched_memory")
        finally:
            telegram.bot(PRODUCT).queue.clear()
        await child.cpu_s()  # the handlers under way have ended and found their people
        telegram.forget(users)
    return {**memory, "left": left}


def _queue(telegram: Telegram, waiting: int, code: str, served: int) -> list[User]:
    """Have `waiting` people open a link, in one go; return those whom the bot can answer: twice those it serves."""
    users = telegram.started_subscribers(PRODUCT, min(waiting, 2 * served))
    queue, now, first = telegram.bot(PRODUCT).queue, telegram.world.clock.now(), users[0].id
    for number in range(waiting):
        queue.push("message", _opened(first + number, int(now), code), now)
    return users


def _opened(user_id: int, now: int, code: str) -> dict[str, Any]:
    """The message by which a link is opened."""
    return {
        "message_id": 1,
        "date": now,
        "from": {"id": user_id, "is_bot": False, "first_name": "Alice"},
        "chat": {"id": user_id, "type": "private", "first_name": "Alice"},
        "text": f"/start p_{code}",
        "entities": [{"type": "bot_command", "offset": 0, "length": 6}],
    }


async def _until_copied(telegram: Telegram, served: int) -> None:
    copied = telegram.calls.by_chat[COPIES]
    if not await telegram.world.changed.until(lambda: copied.total() >= served, PATIENCE_S):
        raise TimeoutError(f"{copied.total()} of {served} posts were copied")


def _row(waiting: int, seen: dict[str, Any], smallest: dict[str, Any]) -> Row:
    peak = seen["peak_bytes"]
    return (
        f"{waiting:,}",
        f"{seen['left']:,}",
        seen["start_bytes"] / MB,
        peak / MB,
        ratio(peak, smallest["peak_bytes"]),
    )
