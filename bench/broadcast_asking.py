"""How long a person waits for a post while a broadcast goes out, beside the same without one."""

import asyncio
import random
import time
from dataclasses import dataclass, field

from bench.broadcast_rates import CEILING_PER_S, LATENCY_MS, default_rate
from bench.broadcast_scene import Scene
from bench.numbers import median, percentile, ratio
from bench.plan import Plan
from bench.report import Figure, Goal, shown
from bench.stores import stores
from bench.subject import Subject, running
from bench.telegram import PRODUCT, TOKENS
from core.supervisor import Supervisor

TIMES_MAX = 1.5
#: people a second who open a link, each somebody new; a post of one item and its notice are two calls
ASKING_PER_S = 2.5
ITEMS = 1
#: before it is measured
FIRST = 10
COLUMNS = ("opening a link", "p50 ms", "p99 ms", "longest ms", "links", "copies a second", "429")


@dataclass(slots=True)
class Waits:
    """Seconds from opening a link to the last message, and what went on meanwhile."""

    seconds: list[float] = field(default_factory=list)
    #: p99 of each repetition
    p99_s: list[float] = field(default_factory=list)
    copies_per_s: list[float] = field(default_factory=list)
    refused: int = 0

    def add(self, waits: list[float], copies_per_s: float, refused: int) -> None:
        self.seconds += waits
        self.p99_s.append(percentile(waits, 99))
        self.copies_per_s.append(copies_per_s)
        self.refused += refused

    def cells(self) -> tuple[str, ...]:
        each = [percentile(self.seconds, percent) * 1000 for percent in (50, 99, 100)]
        return (
            *(shown(ms, 0) for ms in each),
            shown(len(self.seconds)),
            shown(median(self.copies_per_s), 1),
            shown(self.refused),
        )

    def numbers(self) -> dict[str, object]:
        return {
            "p50_s": percentile(self.seconds, 50),
            "p99_s": percentile(self.seconds, 99),
            "p99_each_s": self.p99_s,
            "links": len(self.seconds),
            "copies_per_second": self.copies_per_s,
            "refused_429": self.refused,
        }


async def measure(scene: Scene, plan: Plan) -> Figure:
    """Without and with a broadcast in turn, in one process."""
    store, rates = stores()[-1], (str(CEILING_PER_S), str(default_rate()))
    keyed = ("keyed",) if store.is_memory else ()
    idle, busy = Waits(), Waits()
    scene.limit(CEILING_PER_S, LATENCY_MS)
    url = scene.telegram.url
    async with running("broadcast_product", url, TOKENS[PRODUCT], *rates, *keyed, store=store) as product:
        for repeat in range(plan.repeats):
            for is_busy in (False, True) if repeat % 2 == 0 else (True, False):
                await _turn(scene, product, plan, busy if is_busy else idle, is_busy=is_busy)
    scene.limit(0, 0)
    return _figure(plan, store.name, idle, busy)


async def _turn(scene: Scene, product: Subject, plan: Plan, found: Waits, *, is_busy: bool) -> None:
    # more than can be sent in the time; what is left is cancelled
    people = await scene.ready(product, PRODUCT, int(plan.asking_s * CEILING_PER_S * 1.5), posts=1)
    await _ask(scene, scene.codes[0], FIRST / ASKING_PER_S)
    scene.begin()
    begun_at = time.monotonic()
    if is_busy:
        begun_at = (await product.ask("begin", message_id=scene.message_id))["begun_at"]
        await asyncio.sleep(1)
    waits = await _ask(scene, scene.codes[0], plan.asking_s)
    sent = scene.result(PRODUCT, len(people), begun_at)
    if is_busy:
        await product.ask("cancel")
        await product.ask("ended")
    found.add(waits, sent.per_second if is_busy else 0.0, sent.refused)
    scene.telegram.forget(people)


async def _ask(scene: Scene, code: str, seconds: float) -> list[float]:
    """Links opened at random instants, whether or not the ones before have been answered; how long each took."""
    moments, tasks, waits = random.Random(1), Supervisor(), list[float]()
    people = [scene.telegram.new_person() for _ in range(int(seconds * ASKING_PER_S))]
    bot = scene.telegram.bot(PRODUCT)

    async def one(number: int) -> None:
        waits.append(await scene.telegram.deliver(bot, people[number], code, ITEMS))

    began = time.monotonic()
    for number, at in enumerate(sorted(moments.uniform(0, seconds) for _ in people)):
        await asyncio.sleep(max(0.0, began + at - time.monotonic()))
        tasks.spawn(one(number), "a link")
    await tasks.close(60.0)
    scene.telegram.forget(people)
    return waits


def _figure(plan: Plan, store: str, idle: Waits, busy: Waits) -> Figure:
    figure = Figure("Broadcast: people who ask for a post meanwhile", COLUMNS)
    figure.rows = [("no broadcast", *idle.cells()), ("during a broadcast", *busy.cells())]
    times = ratio(percentile(busy.seconds, 99), percentile(idle.seconds, 99))
    figure.goals = [
        Goal(f"p99 at most {TIMES_MAX} times that without a broadcast", f"{times:.2f}", times <= TIMES_MAX),
        Goal("no 429", shown(busy.refused), busy.refused == 0),
    ]
    figure.notes = [
        f"The user bot with its dispatcher on the store `{store}`, {CEILING_PER_S}/s and {LATENCY_MS} ms as above, "
        f"BULK_RATE_PER_SECOND={default_rate():g}. {ASKING_PER_S:g} links a second at random instants, each by "
        f"somebody new, for {plan.asking_s:g} s, {plan.repeats} repetitions, with and without a broadcast in turn; a "
        "post of one item and its notice, two calls one after the other, so 100 ms are latency. `copies a second` are "
        "what was left for the broadcast.",
    ]
    figure.numbers = {"idle": idle.numbers(), "busy": busy.numbers(), "times": times}
    return figure
