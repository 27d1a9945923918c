"""Broadcasts: one after the other, each a table of its own."""

import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bench import broadcast_asking, broadcast_cost, broadcast_kills, broadcast_memory, broadcast_rates, broadcast_speed
from bench.broadcast_scene import Scene
from bench.plan import Plan
from bench.report import Figure
from bench.telegram import Telegram

PARTS: dict[str, Callable[[Scene, Plan], Awaitable[Figure]]] = {
    "rates": broadcast_rates.measure,
    "asking": broadcast_asking.measure,
    "speed": broadcast_speed.measure,
    "cost": broadcast_cost.measure,
    "memory": broadcast_memory.measure,
    "kills": broadcast_kills.measure,
}


@dataclass(slots=True)
class Figures(Figure):
    """Several tables printed as one figure."""

    parts: dict[str, Figure] = field(default_factory=dict)

    def text(self) -> str:
        return "\n".join(part.text() for part in self.parts.values())

    def as_json(self) -> dict[str, Any]:
        return {"title": self.title, **{name: part.as_json() for name, part in self.parts.items()}}


async def measure(telegram: Telegram, plan: Plan) -> Figure:
    """All parts in one run."""
    scene = Scene(telegram)
    parts = {}
    for name, part in PARTS.items():
        print(f"bench: broadcast, {name} …", file=sys.stderr, flush=True)
        began = time.monotonic()
        parts[name] = await part(scene, plan)
        parts[name].notes.append(f"This table took {time.monotonic() - began:.0f} s.")
    return Figures("Broadcasts", (), parts=parts)
