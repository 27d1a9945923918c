"""Announcements in 20 channels at once, as Telegram lets them through: calls, refusals, seconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.broadcasts.speed import CEILING_PER_S, LATENCY_MS
from bench.harness.child import Child, running, running_on, side_by_side
from bench.harness.numbers import median
from bench.harness.report import Figure, Row
from bench.harness.stores import stores
from bench.harness.telegram import ADMIN, BARE, TOKENS, Telegram, bot_on
from bench.plan import Plan
from config import Settings

#: channels one post is announced in
CHANNELS = 20
#: a copy of the post's picture
COPY = "copyMessage"
COLUMNS = {"sender": 0, "seconds": 2, "calls": 0, "429": 0, "announced": 0, "twice": 0, "of": 0}
TITLE = f"Publishing in {CHANNELS} channels: at most {CEILING_PER_S} calls a second"


@dataclass(frozen=True, slots=True)
class Published:
    """Some posts announced in all channels. Seconds are real: from the start to the last message."""

    wanted: int
    messages: int
    twice: int
    calls: int
    refused: int
    seconds: float


async def measure(telegram: Telegram, plan: Plan) -> list[Figure]:
    """Measure the product and two naive ways in turn, the order reversed from repetition to repetition."""
    (message_id,) = telegram.store(1)
    columns, bulk_rate = stores(), str(float(Settings.model_fields["BULK_RATE_PER_SECOND"].default))
    rates = [str(float(CEILING_PER_S)), bulk_rate]
    async with side_by_side(
        *(running_on(store, "user_bot", telegram.url, TOKENS[bot_on(store)], *rates) for store in columns),
        running("broadcasts.naive", telegram.url, TOKENS[BARE]),
    ) as (*products, naive):
        telegram.limit(CEILING_PER_S, LATENCY_MS)
        pairs = zip(columns, products, strict=True)
        turns = {f"product, {store.name}": (ADMIN, product, "announce") for store, product in pairs}
        turns["gather, repeats after a 429"] = (BARE, naive, "channels_at_once")
        turns["loop, repeats after a 429"] = (BARE, naive, "channels_in_turn")
        published: dict[str, list[Published]] = {name: [] for name in turns}
        for repeat in range(plan.repeats):
            for name in list(turns) if repeat % 2 == 0 else list(turns)[::-1]:
                published[name].append(await _publish(telegram, *turns[name], message_id, plan.announced))
        telegram.limit(0, 0)
    return [figure(plan, published)]


async def _publish(
    telegram: Telegram, bot_id: int, child: Child, action: str, message_id: int, posts: int
) -> Published:
    """Announce `posts` posts in new channels."""
    chats = telegram.new_channels(CHANNELS)
    telegram.forget_calls()
    answer = await child.call(action, chats=chats, message_id=message_id, posts=posts)
    key = (bot_id, COPY)
    messages = telegram.messages_in(chats)
    telegram.forget_chats(chats)
    return Published(
        wanted=CHANNELS * posts,
        messages=sum(messages),
        twice=sum(max(0, count - posts) for count in messages),
        calls=telegram.calls.started[key],
        refused=telegram.calls.refused[key],
        seconds=float(answer["seconds"]),
    )


def figure(plan: Plan, published: dict[str, list[Published]]) -> Figure:
    return Figure(
        TITLE,
        COLUMNS,
        [_row(name, runs) for name, runs in published.items()],
        [
            f"{plan.announced} posts, each in {CHANNELS} channels; {LATENCY_MS} ms for each call, {plan.repeats} "
            "repetitions in turn; the median of the seconds, the sums of the rest. The product writes each "
            "announcement down before and after the call, the others write nothing.",
            f"The sandbox refuses the {CEILING_PER_S + 1}st call in any second and more than 20 a minute in a channel "
            "with a 429.",
        ],
    )


def _row(name: str, runs: Sequence[Published]) -> Row:
    return (
        name,
        median([one.seconds for one in runs]),
        sum(one.calls for one in runs),
        sum(one.refused for one in runs),
        sum(one.messages for one in runs),
        sum(one.twice for one in runs),
        sum(one.wanted for one in runs),
    )
