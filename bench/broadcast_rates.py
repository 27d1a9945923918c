"""Copies per second under flood control: the engine, and the usual ways to send to many."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import partial

from bench.broadcast_arrivals import Sent
from bench.broadcast_scene import Scene
from bench.numbers import median
from bench.plan import Plan
from bench.report import Figure, Goal, shown
from bench.stores import stores
from bench.subject import Subject, running, side_by_side
from bench.telegram import BARE, KEYED, PRODUCT, SERVED, TOKENS
from config import Settings

#: Telegram's own words: about so many messages a second to all people together
CEILING_PER_S = 30
LATENCY_MS = 50
SHARE_MIN = 0.97
#: what BULK_RATE_PER_SECOND could be, with the bot that tries it
RATES = {29.0: PRODUCT, 29.3: KEYED, 30.0: SERVED}
#: of the usual examples
LOOP_PAUSE_S = 1 / 20
#: aiogram_broadcaster: mailers that share the people, and the pause of each after each, in seconds
SETTINGS = ((3, 0.05), (2, 0.016), (2, 0.014), (2, 0.018), (3, 0.045), (3, 0.055), (2, 0.0), (1, 0.0))
#: people each of these is tried with at least: some seconds
TRIED_MIN = 45
COLUMNS = (
    "30/s at most, 50 ms",
    "per second",
    "of 30",
    "with start",
    "429",
    "jitter p99 ms",
    "people",
)

Turn = Callable[[int], Awaitable[Sent]]


def default_rate() -> float:
    """What the product does when nobody says otherwise."""
    return float(Settings.model_fields["BULK_RATE_PER_SECOND"].default)


async def measure(scene: Scene, plan: Plan) -> Figure:
    """All of them in turn, the order reversed from repetition to repetition."""
    store, url = stores()[-1], scene.telegram.url
    scene.limit(CEILING_PER_S, LATENCY_MS)
    keyed = ("keyed",) if store.is_memory else ()
    async with side_by_side(
        running("broadcast_rivals", url, TOKENS[BARE]),
        *(
            running("broadcast_product", url, TOKENS[bot], str(CEILING_PER_S), str(rate), *keyed, store=store)
            for rate, bot in RATES.items()
        ),
    ) as (rivals, *products):
        turns: dict[str, Turn] = {
            f"engine, BULK_RATE_PER_SECOND={rate:g}": partial(_by_engine, scene, product, RATES[rate])
            for rate, product in zip(RATES, products, strict=True)
        }
        tried = await _settings(scene, rivals, plan)
        mailers, interval_s = max(tried, key=lambda setting: tried[setting].per_second_in_all)
        library = f"aiogram_broadcaster, {mailers} x {interval_s * 1000:g} ms"
        turns[library] = partial(_by_rival, scene, rivals, "library", mailers=mailers, interval_s=interval_s)
        turns["gather, tries again after a 429"] = partial(_by_rival, scene, rivals, "gather")
        turns["loop, sleep(1/20)"] = partial(_by_rival, scene, rivals, "loop", pause_s=LOOP_PAUSE_S)
        found: defaultdict[str, list[Sent]] = defaultdict(list)
        for repeat in range(plan.repeats):
            for name in list(turns) if repeat % 2 == 0 else list(turns)[::-1]:
                # a third of the people: it is slow, and as even at the beginning as at the end
                count = plan.recipients // 3 if name.startswith("loop") else plan.recipients
                found[name].append(await turns[name](count))
    scene.limit(0, 0)
    return _figure(plan, store.name, {name: found[name] for name in turns}, tried)


async def _by_engine(scene: Scene, product: Subject, bot_id: int, count: int) -> Sent:
    found, _ = await scene.by_product(product, bot_id, count)
    return found


async def _by_rival(scene: Scene, rivals: Subject, deed: str, count: int, **how: float) -> Sent:
    return await scene.by_rival(rivals, BARE, count, deed, **how)


def _tried_with(plan: Plan) -> int:
    return max(TRIED_MIN, plan.recipients // 4)


async def _settings(scene: Scene, rivals: Subject, plan: Plan) -> dict[tuple[int, float], Sent]:
    """Each setting of the library once, with fewer people."""
    found = {}
    for mailers, interval_s in SETTINGS[: plan.settings]:
        how = {"mailers": mailers, "interval_s": interval_s}
        found[mailers, interval_s] = await scene.by_rival(rivals, BARE, _tried_with(plan), "library", **how)
    return found


def _figure(plan: Plan, store: str, found: dict[str, list[Sent]], tried: dict[tuple[int, float], Sent]) -> Figure:
    figure = Figure("Broadcast: copies per second under flood control", COLUMNS)
    for name, runs in found.items():
        figure.rows.append((name, *_cells(runs)))
    wanted = f"engine, BULK_RATE_PER_SECOND={default_rate():g}"
    figure.goals = [_goal(f"{wanted} (the default)", found[wanted])] if wanted in found else []
    best = max(
        (name for name in found if name.startswith("engine") and not _refused(found[name])),
        key=lambda name: _share(found[name]),
        default=None,
    )
    if best not in (None, wanted):
        figure.goals.append(_goal(f"{best} (the best of the rates without a 429)", found[str(best)]))
    figure.notes = _notes(plan, store, tried)
    figure.numbers = {
        "runs": {name: [one.numbers() for one in runs] for name, runs in found.items()},
        "settings_tried": {f"{k} x {s * 1000:g} ms": one.numbers() for (k, s), one in tried.items()},
    }
    return figure


def _share(runs: list[Sent]) -> float:
    return median([one.per_second for one in runs]) / CEILING_PER_S


def _refused(runs: list[Sent]) -> int:
    return sum(one.refused for one in runs)


def _cells(runs: list[Sent]) -> tuple[str, ...]:
    arrived, asked = sum(one.arrived for one in runs), sum(one.asked for one in runs)
    twice = sum(one.twice for one in runs)
    return (
        shown(median([one.per_second for one in runs]), 2),
        shown(_share(runs), 3),
        shown(median([one.per_second_in_all for one in runs]) / CEILING_PER_S, 3),
        shown(_refused(runs)),
        shown(max(one.jitter_s for one in runs) * 1000, 1),
        f"{arrived:,} of {asked:,}" + (f", {twice} twice" if twice else ""),
    )


def _goal(who: str, runs: list[Sent]) -> Goal:
    share, refused = _share(runs), _refused(runs)
    wanted = f"{who}: at least {SHARE_MIN} of {CEILING_PER_S}/s with zero 429"
    return Goal(wanted, f"{share:.3f} and {refused}", share >= SHARE_MIN and refused == 0)


def _notes(plan: Plan, store: str, tried: dict[tuple[int, float], Sent]) -> list[str]:
    settings = "; ".join(
        f"{mailers} x {interval_s * 1000:g} ms: {one.per_second_in_all / CEILING_PER_S:.2f} ({one.refused} 429)"
        for (mailers, interval_s), one in tried.items()
    )
    return [
        f"{plan.recipients} people each ({plan.recipients // 3} for the loop), {plan.repeats} repetitions in turn, "
        "medians; 429 and jitter are all of them and the worst. `per second` is from the first copy to the last, `with "
        "start` also has what comes before the first, where the engine makes its rows; gather begins with 30 at once, "
        f"which no later second allows. The engine's store: {store}. The sandbox refuses the 31st call in any second "
        "of real time, strictly, and its chat until the wait it asked for is over; jitter is how far an interval "
        "between two copies lies from an even one.",
        "At 29/s 31 copies within a second need timers 34 ms wrong, at 29.3/s (the default) 24 ms; at 30/s the "
        "engine's own ceiling of 30 in any 1.02 s is all that holds.",
        "The library has no setting for several calls at once and a rate; its mailers send one call after the other, "
        f"so several share the people. Tried, share with start, once with {_tried_with(plan)} people: {settings}. "
        "Of the rivals only the library can keep what was sent (its storage writes all ids after each copy; off here).",
    ]
