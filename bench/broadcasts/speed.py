"""Copies per second of a broadcast: as Telegram lets them through, and as fast as they go."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.harness.child import Child, running, running_on, side_by_side
from bench.harness.numbers import median, ratio
from bench.harness.report import Figure, Row
from bench.harness.stores import stores
from bench.harness.telegram import BARE, TOKENS, Telegram, bot_on
from bench.plan import Plan
from config import Settings

#: Telegram's own words: about so many messages a second to all chats together
CEILING_PER_S = 30
#: of every call, in milliseconds
LATENCY_MS = 50
#: what a broadcast of one message is sent with; nothing else here uses it
COPY = "copyMessage"
#: calls of the bare client under way at once
AT_ONCE = 100
#: the highest SEND_RATE_PER_SECOND, for a Bot API server of one's own and paid broadcasts
LIFTED_PER_S = 1000.0


#: an action of a child that sends to subscribers, and its own arguments
How = tuple[str, dict[str, Any]]
BY_PRODUCT: How = ("broadcast", {})


@dataclass(frozen=True, slots=True)
class Scenario:
    """What Telegram lets through, and what the product is compared with."""

    title: str
    #: flood control in calls a second; 0: none
    limit_per_s: int
    #: SEND_RATE_PER_SECOND and BULK_RATE_PER_SECOND of the product
    rates_per_s: tuple[float, float]
    #: of `bench.broadcasts.naive`
    naive: Mapping[str, How]
    note: str


LIMITED = Scenario(
    f"Broadcast: at most {CEILING_PER_S} calls a second",
    CEILING_PER_S,
    (CEILING_PER_S, float(Settings.model_fields["BULK_RATE_PER_SECOND"].default)),
    {"gather, repeats after a 429": ("gather", {}), "loop, sleep(1/20)": ("loop", {"pause_s": 1 / 20})},
    f"The sandbox refuses the {CEILING_PER_S + 1}st call in any second with a 429. The product goes by its default "
    "BULK_RATE_PER_SECOND.",
)
LIFTED = Scenario(
    f"Broadcast: the ceiling lifted to {LIFTED_PER_S:.0f} calls a second",
    0,
    (LIFTED_PER_S, LIFTED_PER_S),
    {f"bare aiogram, {AT_ONCE} calls at once": ("at_once", {"at_once": AT_ONCE})},
    "The sandbox refuses nothing.",
)
COLUMNS = {"sender": 0, "per second": 2, "of naive": 2, "with start": 2, "429": 0, "copies": 0, "of": 0}


@dataclass(frozen=True, slots=True)
class Sent:
    """One broadcast. Seconds are real: from its start to the first copy, and from the first to the last."""

    recipients: int
    copies: int
    first_s: float
    spread_s: float
    refused: int

    @property
    def per_second(self) -> float:
        """From the first copy to the last."""
        return ratio(self.copies - 1, self.spread_s)

    @property
    def per_second_in_all(self) -> float:
        """From the start, rows and everything, to the last copy."""
        return ratio(self.copies, self.first_s + self.spread_s)


async def measure(telegram: Telegram, plan: Plan) -> list[Figure]:
    (message_id,) = telegram.store(1)
    return [
        await _measured(telegram, plan, LIMITED, plan.limited, message_id),
        await _measured(telegram, plan, LIFTED, plan.rushed, message_id),
    ]


async def _measured(telegram: Telegram, plan: Plan, scenario: Scenario, recipients: int, message_id: int) -> Figure:
    """Measure all senders in turn, the order reversed from repetition to repetition."""
    columns, rates = stores(), [str(rate) for rate in scenario.rates_per_s]
    async with side_by_side(
        *(running_on(store, "user_bot", telegram.url, TOKENS[bot_on(store)], *rates) for store in columns),
        running("broadcasts.naive", telegram.url, TOKENS[BARE]),
    ) as (*products, naive):
        telegram.limit(scenario.limit_per_s, LATENCY_MS)
        pairs = zip(columns, products, strict=True)
        turns = {f"product, {store.name}": (bot_on(store), product, BY_PRODUCT) for store, product in pairs}
        turns |= {name: (BARE, naive, how) for name, how in scenario.naive.items()}
        sent: dict[str, list[Sent]] = {name: [] for name in turns}
        for repeat in range(plan.repeats):
            for name in list(turns) if repeat % 2 == 0 else list(turns)[::-1]:
                sent[name].append(await _broadcast(telegram, *turns[name], recipients, message_id))
        telegram.limit(0, 0)
    return _figure(plan, scenario, recipients, sent)


async def _broadcast(telegram: Telegram, bot_id: int, child: Child, how: How, recipients: int, message_id: int) -> Sent:
    """Send one broadcast to new subscribers."""
    users, (action, arguments) = telegram.started_subscribers(bot_id, recipients), how
    telegram.forget_calls()
    answer = await child.call(action, first=users[0].id, count=recipients, message_id=message_id, **arguments)
    telegram.forget(users)
    key = (bot_id, COPY)
    moments = telegram.calls.moments[key] or [answer["started_at"]]
    return Sent(
        recipients,
        telegram.calls.by_chat[key].total(),
        moments[0] - answer["started_at"],
        moments[-1] - moments[0],
        telegram.calls.refused[key],
    )


def _figure(plan: Plan, scenario: Scenario, recipients: int, sent: Mapping[str, list[Sent]]) -> Figure:
    compared = _rate(sent[next(iter(scenario.naive))])
    return Figure(
        scenario.title,
        COLUMNS,
        [_row(name, runs, compared) for name, runs in sent.items()],
        [
            f"{recipients:,} recipients, {LATENCY_MS} ms for each call, {plan.repeats} repetitions in turn, medians. "
            "`per second` is from the first copy to the last, `of naive` beside the first way below the product's; "
            "`with start` has what comes before as well, where the product makes a row for each recipient. The product "
            "writes each recipient down before and after the call, the others write nothing.",
            scenario.note,
        ],
    )


def _rate(runs: list[Sent]) -> float:
    return median([one.per_second for one in runs])


def _row(name: str, runs: list[Sent], compared: float) -> Row:
    return (
        name,
        _rate(runs),
        ratio(_rate(runs), compared),
        median([one.per_second_in_all for one in runs]),
        sum(one.refused for one in runs),
        sum(one.copies for one in runs),
        sum(one.recipients for one in runs),
    )
