"""A day of product time in minutes: memory, descriptors and rows of `main.py` under steady traffic, hour by hour."""

import asyncio
import re
import statistics
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.harness.child import START_S, ChildEnded
from bench.harness.report import Figure
from bench.harness.stores import client_of, database_of, stores
from bench.harness.telegram import ADMIN, OWNER, PRODUCT, Telegram
from bench.harness.usage import descriptors_of, rss_bytes_of
from bench.plan import Plan
from bench.recovery import programs
from bench.recovery.programs import started, stop
from sandbox.chats.actions import act
from sandbox.state.records import User

MINUTES = 60
#: minutes after which somebody comes back: what they got is deleted by then
BACK_AFTER = 60
#: flat: the last half grows by less than this an hour, in share of its mean, and needs no more descriptors than
FLAT_SHARE, FLAT_DESCRIPTORS = 0.01, 5
POLLED = (PRODUCT, "getUpdates")
LINK = re.compile(r"start=p_([A-Za-z0-9_-]+)")
COLUMNS = {"hour": 0, "MB": 1, "descriptors": 0, "documents": 0, "deliveries": 0, "deleted": 0, "took s": 1}


@dataclass(slots=True)
class Hours:
    """What was seen at the end of each hour."""

    rss_bytes: list[float] = field(default_factory=list)
    descriptors: list[float] = field(default_factory=list)

    def verdict(self) -> str:
        """Return in words whether memory and descriptors stayed as they were."""
        half = len(self.rss_bytes) // 2
        late = self.rss_bytes[half:]
        slope = slope_of(late)
        share = slope / statistics.fmean(late)
        more = max(self.descriptors[half:]) - max(self.descriptors[:half] or self.descriptors)
        is_flat = share < FLAT_SHARE and more <= FLAT_DESCRIPTORS
        return (
            f"{'Flat' if is_flat else 'NOT flat'}: over the last {len(late)} hours memory changes by "
            f"{slope / 2**20:+.2f} MB an hour ({share:+.2%}), and at most {more:+.0f} descriptors are open beside the "
            f"hours before. Flat is less than {FLAT_SHARE:+.0%} an hour and at most {FLAT_DESCRIPTORS} more of these."
        )


def slope_of(values: Sequence[float]) -> float:
    """Return by how much the values grow from one to the next, by least squares; 0 for a single one."""
    return statistics.linear_regression(range(len(values)), values).slope if len(values) > 1 else 0.0


async def measure(telegram: Telegram, plan: Plan) -> list[Figure]:
    """Run the product for `plan.hours` of its time, `plan.hour_s` seconds each."""
    store, hours = stores()[-1], Hours()
    figure = Figure(f"{plan.hours} hours of product time, {plan.hour_s:g} s each", COLUMNS)
    async with database_of(store) as name:
        program = programs.product(telegram.url, store, name)
        with tempfile.TemporaryDirectory() as folder:
            telegram.forget_calls()
            async with started(program, Path(folder)) as process:
                traffic = await _Traffic.begun(telegram, process)
                for hour in range(1, plan.hours + 1):
                    began = time.perf_counter()
                    await traffic.hour(plan.hour_s)
                    proc = Path(f"/proc/{process.pid}")
                    hours.rss_bytes.append(rss_bytes_of(proc) or 0)
                    hours.descriptors.append(descriptors_of(proc) or 0)
                    documents = "-" if store.is_memory else f"{await _documents(store, name):,}"
                    took_s = time.perf_counter() - began
                    figure.rows.append(
                        (str(hour), hours.rss_bytes[-1] / 2**20, hours.descriptors[-1], documents, traffic.delivered,
                         traffic.deleted(), took_s)
                    )  # fmt: skip
                await stop(process)
        telegram.forget(traffic.known)
    where = "in memory, where every document is memory of the process" if store.is_memory else "on the server"
    figure.notes = [
        hours.verdict(),
        f"`main.py` with everything in it, {where}, by the sandbox's clock, which goes on by a minute {MINUTES} times "
        "an hour. In each minute somebody new opens a post, and somebody who came an hour before; each post is deleted "
        "after half an hour. All jobs run at their times. `deleted` counts the calls that delete. Nobody passes a "
        "shortener, and there is no broadcast.",
    ]
    return [figure]


async def _documents(store: object, name: str) -> int:
    async with client_of(store) as client:  # type: ignore[arg-type]
        return int((await client[name].command("dbStats"))["objects"])


class _Traffic:
    """People who open a post while the clock goes on."""

    def __init__(self, telegram: Telegram, process: Process, code: str) -> None:
        self._telegram = telegram
        self._process = process
        self._code = code
        self.known: list[User] = []
        self.delivered = 0

    @classmethod
    async def begun(cls, telegram: Telegram, process: Process) -> "_Traffic":
        """Wait until the bots poll, and have the owner make a post. Raises ChildEnded when they do not."""
        world = telegram.world
        if not await world.changed.until(lambda: POLLED in telegram.calls.first_started, START_S):
            raise ChildEnded(f"not polling after {START_S:.0f} s")
        admin = world.bots[ADMIN]
        dialog = telegram.started_dialog(ADMIN, world.users[OWNER])
        act(world, {"as": OWNER, "do": "media", "to": f"{admin.username}", "kind": "photo"})

        def code() -> str | None:
            found = [LINK.search(f"{one.content.text} {one.markup}") for one in dialog.messages.values()]
            return next((one[1] for one in found if one is not None), None)

        if not await dialog.changed.until(lambda: code() is not None, START_S):
            raise ChildEnded("no post was made")
        return cls(telegram, process, str(code()))

    async def hour(self, seconds: float) -> None:
        """Let an hour pass in `seconds`, or as long as it takes."""
        ends_at = time.perf_counter()
        for _ in range(MINUTES):
            ends_at += seconds / MINUTES
            if self._process.returncode is not None:
                raise ChildEnded(f"exit status {self._process.returncode}")
            self._telegram.advance(60)
            new = self._telegram.new_subscriber()
            back = self.known[:1] if len(self.known) == BACK_AFTER else []
            async with asyncio.TaskGroup() as group:
                for user in (new, *back):
                    group.create_task(self._telegram.deliver(self._telegram.bot(PRODUCT), user, self._code, 1))
            self.delivered += 1 + len(back)
            self.known = [*self.known, new][-BACK_AFTER:]
            await asyncio.sleep(max(0.0, ends_at - time.perf_counter()))

    def deleted(self) -> int:
        """Return how many calls have deleted messages."""
        return self._telegram.calls.by_chat[PRODUCT, "deleteMessages"].total()
