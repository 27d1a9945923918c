"""Run episodes: `python -m tests.chaos [--episodes N] [--seed FIRST] [--at-once N] [--sabotage NAME|all]`.

Exit 0 when every invariant held (with --sabotage: when every sabotage was detected), 1 when not, 2 for a usage error.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any

from tests.chaos.gate.plan import EVERY
from tests.chaos.plan import SUBSCRIBERS
from tests.chaos.sabotage import SABOTAGES

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
#: real seconds an episode may take before its worker is considered hung
EPISODE_S = 300.0
#: episodes in which a sabotage has to be detected
SABOTAGE_EPISODES = 25
#: bytes of a verdict line; it is long when everything fails, and asyncio's default limit is 64 KiB
VERDICT_MAX = 16 * 1024 * 1024
#: problems printed of each check
SHOWN = 5
#: the summary repeats the failures: lines per seed, and in total
AGAIN_EACH, AGAIN_ALL = 3, 40
#: maximum characters of such a line
AGAIN_WIDTH = 300


class WorkerEnded(Exception):
    """A worker exited or did not answer during an episode."""


class Worker:
    """A process with its own sandbox and store that plays episodes one at a time."""

    def __init__(self, process: asyncio.subprocess.Process, kept: Path) -> None:
        self._process = process
        self._kept = kept

    async def play(self, seed: int, sabotage: str | None) -> Json:
        """Play one episode; return the verdict as JSON. Raises WorkerEnded."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        wanted = {"seed": seed, "sabotage": sabotage, "kept": str(self._kept)}
        self._process.stdin.write(json.dumps(wanted).encode() + b"\n")
        try:
            async with asyncio.timeout(EPISODE_S):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise WorkerEnded(f"seed {seed}: no verdict after {EPISODE_S:.0f} s") from None
        if not line:
            raise WorkerEnded(f"seed {seed}: the worker ended in the middle of it")
        verdict: Json = json.loads(line)
        return verdict


@asynccontextmanager
async def worker(kept: Path) -> AsyncIterator[Worker]:
    """Start a worker process; on exit wait until it has stopped its sandbox and store."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.chaos.worker",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=VERDICT_MAX,
    )
    try:
        yield Worker(process, kept)
    finally:
        assert process.stdin is not None
        process.stdin.close()  # the worker exits after its current episode
        try:
            await asyncio.wait_for(process.wait(), EPISODE_S)
        except TimeoutError:
            process.terminate()
            await process.wait()


class Book:
    """Print verdicts as they arrive and keep totals."""

    def __init__(self, kept: Path) -> None:
        #: failures by seed, one line per problem
        self.failed: dict[int, list[str]] = {}
        self._kept = kept
        self._began = time.monotonic()
        self._episodes = self._asks = self._deliveries = 0
        self._happened: Counter[str] = Counter()

    def enter(self, verdict: Json) -> None:
        self._episodes += 1
        self._asks += verdict["asks"]
        self._deliveries += verdict["deliveries"]
        self._happened.update(verdict["happened"])
        seed, problems = verdict["seed"], verdict["problems"]
        print(
            f"{seed}: {'FAILED' if problems else 'held'} in {verdict['seconds']:.0f} s. {verdict['plan']}", flush=True
        )
        if problems:
            self.failed[seed] = [f"{name}: {problem}" for name, found in problems.items() for problem in found]
            _print_problems(problems)
            print(
                f"  again: python -m tests.chaos --episodes 1 --seed {seed}; logs: {self._kept}/seed-{seed}", flush=True
            )

    def enter_end(self, error: WorkerEnded, seed: int) -> None:
        self.failed[seed] = [str(error)]
        print(f"{error}; again: python -m tests.chaos --episodes 1 --seed {seed}", flush=True)

    def sum_up(self) -> None:
        minutes = (time.monotonic() - self._began) / 60
        happened = ", ".join(f"{name} {count}" for name, count in self._happened.most_common())
        print(
            f"{self._episodes} episodes of {SUBSCRIBERS} subscribers in {minutes:.1f} minutes: {self._asks} requests, "
            f"{self._deliveries} deliveries. {happened}"
        )
        print(f"failed: {', '.join(map(str, sorted(self.failed)))}" if self.failed else "every invariant held")
        for line in said_again(self.failed):
            print(line)


def said_again(failed: Mapping[int, Sequence[str]]) -> list[str]:
    """Return a short summary of the failures: only the end of a long CI log is kept."""
    lines = [f"  {seed}: {line}" for seed, found in sorted(failed.items()) for line in _some_of(found)]
    if len(lines) > AGAIN_ALL:
        lines[AGAIN_ALL - 1 :] = [f"  and {len(lines) - AGAIN_ALL + 1} lines more, above"]
    return lines


def _some_of(found: Sequence[str]) -> list[str]:
    """Return the first problem of each check before a second one of any."""
    before: Counter[str] = Counter()
    ranked = []
    for problem in found:
        name = problem.partition(":")[0]
        ranked.append((before[name], problem[:AGAIN_WIDTH]))
        before[name] += 1
    some = [problem for _, problem in sorted(ranked, key=itemgetter(0))[:AGAIN_EACH]]
    if len(found) > len(some):
        some[-1] += f" (and {len(found) - len(some)} more)"
    return some


def _print_problems(problems: dict[str, list[str]]) -> None:
    for name, found in problems.items():
        for problem in found[:SHOWN]:
            print(f"  {name}: {problem}")
        if len(found) > SHOWN:
            print(f"  {name}: and {len(found) - SHOWN} more")


async def play_all(seeds: Iterable[int], at_once: int, kept: Path) -> bool:
    """Play the episodes, `at_once` in parallel; return whether every invariant held."""
    waiting, book = iter(seeds), Book(kept)

    async def one_after_the_other() -> None:
        for seed in waiting:
            async with worker(kept) as player:
                try:
                    book.enter(await player.play(seed, None))
                    for following in waiting:
                        seed = following
                        book.enter(await player.play(seed, None))
                except WorkerEnded as error:
                    book.enter_end(error, seed)

    await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
    book.sum_up()
    return not book.failed


async def break_all(names: Iterable[str], at_once: int, kept: Path) -> bool:
    """Play each sabotage until it is detected; return whether one of its expected checks detected each of them."""
    waiting, missed = iter(names), []

    async def one_after_the_other() -> None:
        async with worker(kept) as player:
            for name in waiting:
                if not await _is_noticed(player, name):
                    missed.append(name)

    await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
    print(f"not noticed: {', '.join(missed)}" if missed else "every breach was noticed")
    return not missed


async def _is_noticed(player: Worker, name: str) -> bool:
    sabotage = SABOTAGES[name]
    every = EVERY if sabotage.is_at_the_gate else 1
    for seed in range(every, every * SABOTAGE_EPISODES + 1, every):
        problems = (await player.play(seed, name))["problems"]
        for check in sabotage.noticed_by:
            if check in problems:
                print(f"{name} ({sabotage.words}): seed {seed}, {check}: {problems[check][0]}", flush=True)
                return True
    print(f"{name} ({sabotage.words}): NOT NOTICED in {SABOTAGE_EPISODES} episodes", flush=True)
    return False


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="The main job under fire.")
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of the first episode; the others follow")
    parser.add_argument("--at-once", type=int, default=(os.cpu_count() or 1) + 2, help="each with a store of its own")
    parser.add_argument("--gated", action="store_true", help=f"only seeds with the gate on: every {EVERY}th")
    parser.add_argument("--sabotage", choices=[*SABOTAGES, "all"], help="break it on purpose: it must be noticed")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    kept = Path(tempfile.mkdtemp(prefix="tollgate-chaos-kept-"))
    try:
        held = asyncio.run(_run(arguments, kept))
    except KeyboardInterrupt:
        return 130
    return 0 if held else 1


async def _run(arguments: argparse.Namespace, kept: Path) -> bool:
    if arguments.sabotage is not None:
        names = list(SABOTAGES) if arguments.sabotage == "all" else [arguments.sabotage]
        return await break_all(names, min(arguments.at_once, len(names)), kept)
    seeds: Iterable[int] = range(arguments.seed, arguments.seed + arguments.episodes)
    if arguments.gated:
        seeds = (EVERY * number for number in seeds)
    return await play_all(seeds, min(arguments.at_once, arguments.episodes), kept)


if __name__ == "__main__":
    sys.exit(main())
