"""`python -m tests.bots.machine --minutes N`: play new games for N minutes; exit status 1 at the first failure."""

import argparse
import sys
import time
import traceback

from tests.bots.machine.running import play

#: games between two looks at the clock
ROUND = 50


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bots.machine", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1, help="of the first round; each next one has the next number")
    chosen = parser.parse_args(arguments)
    ends_at, number, steps = time.monotonic() + chosen.minutes * 60, chosen.seed, 0
    while time.monotonic() < ends_at:
        outcome = play(ROUND, from_seed=number)
        steps += outcome.played.steps
        print(f"seed {number}: {outcome.played.steps:,} steps in {outcome.took_s:.0f} s, {steps:,} in all", flush=True)
        if outcome.failure is not None:
            traceback.print_exception(outcome.failure)
            return 1
        number += 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
