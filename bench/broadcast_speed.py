"""Copies per second where Telegram sets no limit, beside a bare aiogram client at its best."""

from collections import defaultdict
from dataclasses import dataclass

from bench.broadcast_arrivals import Sent
from bench.broadcast_scene import Scene
from bench.numbers import median, ratio
from bench.plan import Plan
from bench.product import RATE_PER_S
from bench.report import Figure, Goal, shown
from bench.stores import Store, stores
from bench.subject import Subject, bot_on, running, side_by_side
from bench.telegram import BARE, TOKENS

SHARE_MIN = 0.70
#: calls of the bare client on their way all the time, of which the best is taken
AT_ONCE = (5, 20, 60, 150)
COLUMNS = ("no limit", "sender", "per second", "of bare", "with start", "people")
BARE_NAME = "bare aiogram"


@dataclass(frozen=True, slots=True)
class Entry:
    """A product: the store, which is helped by `bench.keyed` when it is in memory."""

    name: str
    store: Store
    bot: int
    more: tuple[str, ...] = ()


def entries() -> list[Entry]:
    """The product on each store."""
    return [
        Entry(f"engine, {store.name}", store, bot_on(store), ("keyed",) if store.is_memory else ())
        for store in stores()
    ]


async def measure(scene: Scene, plan: Plan) -> Figure:
    """Each at each latency in turn, the order reversed from repetition to repetition."""
    url, found, rate = scene.telegram.url, entries(), str(RATE_PER_S)
    results: defaultdict[tuple[int, str], list[Sent]] = defaultdict(list)
    async with side_by_side(
        running("broadcast_rivals", url, TOKENS[BARE]),
        *(running("broadcast_product", url, TOKENS[one.bot], rate, rate, *one.more, store=one.store) for one in found),
    ) as (rivals, *products):
        best = {latency_ms: await _best(scene, rivals, plan, latency_ms) for latency_ms in plan.latencies_ms}
        for repeat in range(plan.repeats):
            for latency_ms in plan.latencies_ms:
                scene.limit(0, latency_ms)
                pairs = list(zip(found, products, strict=True))
                for one, product in pairs if repeat % 2 == 0 else pairs[::-1]:
                    sent, _ = await scene.by_product(product, one.bot, plan.rushed)
                    results[latency_ms, one.name].append(sent)
                how = {"at_once": best[latency_ms]}
                results[latency_ms, BARE_NAME].append(await scene.by_rival(rivals, BARE, plan.rushed, "at_once", **how))
    scene.limit(0, 0)
    return _figure(plan, [one.name for one in found], results, best)


async def _best(scene: Scene, rivals: Subject, plan: Plan, latency_ms: int) -> int:
    """How many calls at once the bare client is fastest with; the first of them also warms it up."""
    scene.limit(0, latency_ms)
    rates = {}
    for at_once in (AT_ONCE[1], *AT_ONCE):
        sent = await scene.by_rival(rivals, BARE, plan.rushed // 2, "at_once", at_once=at_once)
        rates[at_once] = sent.per_second
    return max(rates, key=lambda at_once: rates[at_once])


def _figure(plan: Plan, names: list[str], results: dict[tuple[int, str], list[Sent]], best: dict[int, int]) -> Figure:
    figure = Figure("Broadcast: copies per second without flood control", COLUMNS)
    for latency_ms in plan.latencies_ms:
        bare = _rate(results[latency_ms, BARE_NAME])
        for name in (*names, BARE_NAME):
            runs = results[latency_ms, name]
            share = ratio(_rate(runs), bare)
            more = f", {best[latency_ms]} at once" if name == BARE_NAME else ""
            row = (f"{latency_ms} ms" if name == names[0] else "", name + more, *_cells(runs, share))
            figure.rows.append(row)
            if name != BARE_NAME:
                wanted = f"{latency_ms} ms, {name}: at least {SHARE_MIN} of bare"
                figure.goals.append(Goal(wanted, shown(share, 2), share >= SHARE_MIN))
    figure.notes = [
        f"{plan.rushed} people, {plan.repeats} repetitions in turn, medians; from the first copy to the last, `with "
        "start` with the making of the rows. The engine's rates are raised out of the way; it writes each recipient "
        "down before and after the call, the bare client (`asyncio` tasks, each one call after the other, the best of "
        f"{', '.join(map(str, AT_ONCE))} at once) nothing at all.",
        "`in memory` is mongomock with look-ups by key (bench/keyed.py): it goes through all rows for each step of a "
        "row otherwise. Sandbox, sender and server share this machine's cores.",
    ]
    figure.numbers = {
        f"{latency_ms} ms, {name.strip()}": [one.numbers() for one in runs]
        for (latency_ms, name), runs in results.items()
    }
    return figure


def _rate(runs: list[Sent]) -> float:
    return median([one.per_second for one in runs])


def _cells(runs: list[Sent], share: float) -> tuple[str, ...]:
    return (
        shown(_rate(runs), 1),
        shown(share, 2),
        shown(median([one.per_second_in_all for one in runs]), 1),
        f"{sum(one.arrived for one in runs):,} of {sum(one.asked for one in runs):,}",
    )
