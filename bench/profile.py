"""Where the CPU of a delivery goes: not a figure but a tool, `python -m bench profile`."""

import cProfile
import pstats
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.plan import ITEMS, Plan
from bench.report import Figure
from bench.stores import stores
from bench.subject import ROOT, bot_on, product_on
from bench.telegram import Telegram

#: functions shown
SHOWN = 25
#: deliveries before it begins
FIRST = 30
USERS, POSTS = 20, 2


async def measure(telegram: Telegram, plan: Plan) -> Figure:
    """Deliveries at 0 ms with `USERS` people at once, under cProfile on the thread's CPU clock.

    On the server of MONGO_URI; without one in memory, by key.
    """
    store = stores()[-1]
    async with product_on(store, telegram.url, "keyed") as product:
        codes = await product.fresh(telegram.store(ITEMS), POSTS)
        await telegram.closed_loop(bot_on(store), codes, ITEMS, users=1, warm_up=0, counted=FIRST)
        await product.ask("profile")
        load = await telegram.closed_loop(bot_on(store), codes, ITEMS, users=USERS, warm_up=1, counted=plan.counted)
        await product.usage()
        found = await product.ask("hot_spots", limit=SHOWN)
    figure = Figure(
        f"Profile of {load.done} deliveries, {store.name} (ms of CPU per delivery, cProfile's own cost within)",
        ("where", "own", "with callees", "calls"),
        numbers=found,
    )
    per = 1000 / load.done
    packages = [(f"[{name}]", seconds, None, None) for name, seconds in found["packages"].items()]
    for name, own, both, calls in [*packages, *map(tuple, found["functions"])]:
        figure.rows.append(
            (
                name,
                f"{own * per:.3f}",
                "" if both is None else f"{both * per:.3f}",
                "" if calls is None else f"{calls / load.done:.1f}",
            )
        )
    return figure


def hot_spots(profile: cProfile.Profile, limit: int) -> Mapping[str, Any]:
    """CPU seconds by package, and the functions with the most of their own, then ours with the most in all."""
    profile.create_stats()
    stats: dict[tuple[str, int, str], tuple[int, int, float, float, Any]] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    packages: Counter[str] = Counter()
    for (file, _, _), (_, _, own, _, _) in stats.items():
        packages[package_of(file)] += own  # type: ignore[assignment]
    lines = [(_name(where), own, both, calls) for where, (_, calls, own, both, _) in stats.items()]
    by_own = sorted(lines, key=lambda line: -line[1])[:limit]
    ours = [(_name(where), own, both, calls) for where, (_, calls, own, both, _) in stats.items() if _is_ours(where[0])]
    by_both = [line for line in sorted(ours, key=lambda line: -line[2])[:limit] if line not in by_own]
    return {"packages": dict(packages.most_common(16)), "functions": by_own + by_both}


def package_of(file: str) -> str:
    """The library or the package of ours that a source file belongs to."""
    if file.startswith(("~", "<")):
        return "built-in"
    path = Path(file)
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1]
    if _is_ours(file):
        return "ours: " + path.relative_to(ROOT).parts[0]
    return "python: " + (path.parent.name if path.parent.name in ("asyncio", "json", "email") else path.stem)


def _is_ours(file: str) -> bool:
    path = Path(file)
    return path.is_relative_to(ROOT) and ".venv" not in path.parts


def _name(where: tuple[str, int, str]) -> str:
    file, line, function = where
    short = "/".join(Path(file).parts[-2:]) if not file.startswith("~") else ""
    return f"{short}:{line} {function}" if short else function
