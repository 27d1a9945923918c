"""One verified token, redeemed by many at once: how often it pays, and how long that takes."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bench.plan import Plan
from bench.report import Figure, Goal, shown
from bench.stores import Store, database_of, stores
from bench.subject import Subject, child, named, side_by_side
from bench.telegram import Telegram

#: connections of one process at most: motor has a thread for each command under way
CONNECTIONS = 16
#: seconds until a race begins, in which every process learns of it
AHEAD_S = 0.5
REDEEM, PAY_OUT, NAIVE = "redeem and pay out", "pay out what is owed", "naive: look, then write"
#: what a process is asked for each race
DEEDS = {REDEEM: "redeem", PAY_OUT: "pay_out", NAIVE: "naively"}
COLUMNS = ("what", "at once", "processes", "seconds", "told yes", "credits paid", "verifications paid")


@dataclass(frozen=True, slots=True)
class Raced:
    """One race for one token."""

    store: Store
    what: str
    calls: int
    processes: int
    seconds: float
    #: calls that were told the token is theirs
    winners: int
    #: of the person afterwards, who had none; and what one verification pays
    credits: int
    earned: int

    @property
    def is_paid_once(self) -> bool:
        return self.credits == self.earned

    @property
    def cells(self) -> tuple[str, ...]:
        counts = (self.winners, self.credits, self.credits / self.earned)
        return (shown(self.calls), shown(self.processes), shown(self.seconds, 2), *(shown(count) for count in counts))

    def numbers(self) -> dict[str, Any]:
        return {
            "calls": self.calls,
            "processes": self.processes,
            "seconds": self.seconds,
            "winners": self.winners,
            "credits": self.credits,
            "credits_of_one": self.earned,
        }


async def measure(_: Telegram, plan: Plan) -> Figure:
    """Race after race, on one store after the other."""
    found: list[Raced] = []
    for store in stores():
        # read-then-write cannot race in memory, where nothing ever waits
        races = [REDEEM, PAY_OUT] if store.is_memory else list(DEEDS)
        async with _redeemers(store, plan) as redeemers:
            found += [await _race(store, plan, redeemers, what) for what in races]
    return _figure(plan, found)


@asynccontextmanager
async def _redeemers(store: Store, plan: Plan) -> AsyncIterator[Sequence[Subject]]:
    count = 1 if store.is_memory else plan.redeemers
    async with database_of(store) as name:
        environment = {**named(store, name), "MOTOR_MAX_WORKERS": str(CONNECTIONS)}
        async with side_by_side(*(child("redeemers", environment=environment) for _ in range(count))) as redeemers:
            yield redeemers


async def _race(store: Store, plan: Plan, redeemers: Sequence[Subject], what: str) -> Raced:
    first, *_ = redeemers
    token = (await first.ask("arrange"))["token"]
    if what == PAY_OUT:
        await first.ask("take", token=token)
    await asyncio.gather(*(redeemer.ask("warm", connections=CONNECTIONS) for redeemer in redeemers))
    start_at = time.time() + AHEAD_S
    wish = {"token": token, "connections": CONNECTIONS, "start_at": start_at}
    ends = await asyncio.gather(
        *(
            redeemer.ask(DEEDS[what], calls=calls, **wish)
            for redeemer, calls in zip(redeemers, _shares(plan.redeems, len(redeemers)), strict=True)
        )
    )
    paid = await first.ask("credits")
    return Raced(
        store=store,
        what=what,
        calls=plan.redeems,
        processes=len(redeemers),
        seconds=max(end["ended_at"] for end in ends) - start_at,
        winners=sum(end["winners"] for end in ends),
        credits=paid["credits"],
        earned=paid["earned"],
    )


def _shares(calls: int, processes: int) -> list[int]:
    """`calls` divided among so many, as evenly as it goes."""
    return [len(range(number, calls, processes)) for number in range(processes)]


def _figure(plan: Plan, found: Sequence[Raced]) -> Figure:
    figure = Figure(f"One verified token redeemed {plan.redeems:,} times at once", COLUMNS)
    for one in found:
        figure.rows.append((f"{one.store.name}: {one.what}", *one.cells))
        figure.numbers.setdefault(one.store.name, {})[one.what] = one.numbers()
    figure.goals = [_goal(one) for one in found if one.what != NAIVE]
    figure.notes = _notes(plan, found)
    return figure


def _goal(one: Raced) -> Goal:
    name = f"{one.store.name}, {one.what}"
    if one.what == REDEEM:
        got = f"{one.winners:,} and {one.credits:,} credits"
        met = one.winners == 1 and one.is_paid_once
        return Goal(f"{name}: 1 of {one.calls:,} wins, {one.earned} credits are paid", got, met)
    return Goal(f"{name}: {one.earned} credits are paid", f"{one.credits:,} credits", one.is_paid_once)


def _notes(plan: Plan, found: Sequence[Raced]) -> list[str]:
    notes = [
        f"`{REDEEM}` is what the bot does with a link back, without Telegram: token_ops.redeem, and whoever gets the "
        f"token pays it out. `{PAY_OUT}`: somebody redeemed it and crashed, then all pay it out; everybody is told "
        "yes, for the person has what was owed. In memory one call comes after the other: it cannot race.",
    ]
    if any(not one.store.is_memory for one in found):
        notes.append(
            f"On a server {plan.redeemers} processes share the calls and begin at the same instant, each with at most "
            f"{CONNECTIONS} connections, which stand already. `{NAIVE}` (bench/naive_redeem.py) finds the token, and "
            "when it looks verified and not redeemed writes that it is and pays: how many have looked before the first "
            "has written is the machine's and the server's doing."
        )
    return notes
