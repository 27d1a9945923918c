"""`python -m tests.web.fuzz --minutes N`: ask the API other things; exit status 1 when something is wrong."""

import argparse
import asyncio
import sys
import time
from collections import Counter

import structlog

from core.team.admins import Role
from database.connection import close_database, open_database
from database.indexes import ensure_indexes
from tests.web.auth.signing import bearer
from tests.web.fuzz.house import PEOPLE, app_of, furnish, passing_clock, rights_of, services_on
from tests.web.fuzz.playing import Found, Plan, fuzz

#: random requests to an operation in a round
EXAMPLES = 20


async def _open(seed: int) -> None:
    database = await open_database("memory://", f"fuzz_{seed}", clock=passing_clock())
    await ensure_indexes(database)
    await furnish(database)


def ask(role: Role | None, seed: int) -> Found:
    """Ask everything once, in an empty house of its own."""
    clock = passing_clock()
    services = services_on(clock)
    asyncio.run(_open(seed))
    try:
        with structlog.testing.capture_logs():
            plan = Plan(examples=EXAMPLES, ways=3 * EXAMPLES, seed=seed)
            sign_in = bearer(PEOPLE[role], clock.now())["authorization"]
            return fuzz(app_of(services), lambda: sign_in, plan, role, rights_of(services))
    finally:
        asyncio.run(close_database())


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.web.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1, help="of the first round; each next one has the next number")
    chosen = parser.parse_args(arguments)
    ends_at, seed, asked, wrong = time.monotonic() + chosen.minutes * 60, chosen.seed, 0, Counter[str]()
    while time.monotonic() < ends_at:
        for role in (*Role, None):
            found = ask(role, seed)
            asked += found.by_phase.total()
            print(f"seed {seed}, {role or 'stranger'}: {dict(found.by_phase)}; {asked:,} in all", flush=True)
            wrong.update(found.complaints + found.exceeded)
            wrong["server errors"] += found.server_errors
        seed += 1
    for what, count in (+wrong).most_common():
        print(f"{count} × {what}")
    return 1 if +wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
