"""Memory of the process that sends a broadcast, by the number of recipients."""

import asyncio
import math
from typing import Any

from bench.broadcasts.speed import AT_ONCE, COPY
from bench.harness.child import running, side_by_side
from bench.harness.report import Figure, Row, not_measured
from bench.harness.stores import Store, database_of, find_server
from bench.harness.telegram import BARE, SERVED, TOKENS, UNLIMITED_PER_S, Telegram
from bench.plan import Plan
from database.connection import close_database, open_database
from database.operations import broadcast_ops

MB = 1_000_000
TITLE = "Broadcast: memory of the process that sends (RSS)"
#: copies after which it is cancelled, and seconds until they have gone out
COPIES, PATIENCE_S = 300, 600.0
COLUMNS = {"recipients": 0, "sender": 0, "start MB": 1, "peak above it": 1, "first copy after s": 1, "copies": 0}


async def measure(telegram: Telegram, plan: Plan) -> list[Figure]:
    """Each sender in a process of its own, the sizes one after the other."""
    store = find_server()
    if store is None:
        return [not_measured(TITLE, "It needs a server: in memory the rows are the measured process's own.")]
    (message_id,) = telegram.store(1)
    figure = Figure(TITLE, COLUMNS)
    async with database_of(store) as name:
        environment, rates = store.environment(name), [str(UNLIMITED_PER_S)] * 2
        async with side_by_side(
            running("user_bot", telegram.url, TOKENS[SERVED], *rates, environment=environment),
            running("broadcasts.naive", telegram.url, TOKENS[BARE], environment=environment),
        ) as (product, naive):
            for recipients in plan.crowds:
                # the sandbox need only know those who get a copy; both send by ascending ids
                reached = telegram.started_subscribers(SERVED, min(recipients, 4 * COPIES))
                for user in reached:
                    telegram.started_dialog(BARE, user)
                telegram.forget_calls()
                seen, _ = await asyncio.gather(
                    product.call("broadcast", first=reached[0].id, count=recipients, message_id=message_id),
                    _cancel(telegram, store, name, min(COPIES, recipients)),
                )
                figure.rows.append(_row(telegram, recipients, "product", SERVED, seen))
                seen = await naive.call("list_all", message_id=message_id, at_once=AT_ONCE, copies=COPIES)
                figure.rows.append(_row(telegram, recipients, "all users in a list", BARE, seen))
                telegram.forget(reached)
    figure.notes = [
        f"Without a limit; after {COPIES} copies the broadcast is cancelled. By then the product has made the rows of "
        "all recipients, and while it sends it holds one page of ids. The naive way reads all users into a list and "
        f"sends to the first {COPIES}. The memory is sampled 20 times a second, from after a garbage collection on.",
    ]
    return [figure]


async def _cancel(telegram: Telegram, store: Store, name: str, copies: int) -> None:
    """Cancel the broadcast in the database `name` after so many copies."""
    arrived = telegram.calls.by_chat[SERVED, COPY]
    await telegram.world.changed.until(lambda: len(arrived) >= copies, PATIENCE_S)
    database = await open_database(store.uri, name)
    try:
        broadcast = await database.collection("broadcasts").find_one({})
        if broadcast is not None:
            await broadcast_ops.cancel(str(broadcast["_id"]), database.now())
    finally:
        await close_database()


def _row(telegram: Telegram, recipients: int, sender: str, bot_id: int, seen: dict[str, Any]) -> Row:
    moments = telegram.calls.moments[bot_id, COPY] or [math.nan]
    start, peak = seen["start_bytes"], seen["peak_bytes"]
    return (
        f"{recipients:,}",
        sender,
        start / MB,
        (peak - start) / MB,
        moments[0] - seen["started_at"],
        telegram.calls.by_chat[bot_id, COPY].total(),
    )
