"""What an action costs: Bot API calls by method, commands to the database by name and collection."""

import threading
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from database.connection import Database
from tests.house import House
from tests.operations.plans.queries import DRIVERS_OWN

#: the command that each method of `database.collection.Collection` is on the wire
COMMANDS = {
    "find_one": "find",
    "find": "find",
    "insert_one": "insert",
    "insert_many": "insert",
    "insert_each": "insert",
    "update_one": "update",
    "update_many": "update",
    "update_each": "update",
    "find_one_and_update": "findAndModify",
    "find_one_and_delete": "findAndModify",
    "delete_one": "delete",
    "delete_many": "delete",
    "count": "aggregate",
    "aggregate": "aggregate",
    "create_index": "createIndexes",
    "indexes": "listIndexes",
}
#: reads that a process caches (settings_ops.py, channel_ops.py, shortener_ops.py and admin_ops.py 5 s, open incidents
#: 10 s), its watch over the database, and the comparison of the clocks
SHARED = frozenset(
    {"find admin_config", "find channels", "find shorteners", "find admins", "find incidents", "ping", "hello"}
)
#: its beats for a share of the bots' calls, one a second at most, and for the right to poll, one in five: however much
#: is done, and more of them on a slow machine
BEATS = frozenset(
    {"findAndModify send_shares", "update send_shares", "findAndModify polling_leases", "find polling_leases"}
)
#: sent each second while a job runs: the progress is written, cancellation is noticed, the lease is renewed
EACH_SECOND = frozenset({"findAndModify broadcasts", "find broadcasts", "update job_leases"})


class Wire(CommandListener):
    """Counts the commands a server is sent. pymongo calls it from its own threads."""

    def __init__(self) -> None:
        self.commands: Counter[str] = Counter()
        self._lock = threading.Lock()

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in DRIVERS_OWN:
            return
        with self._lock:
            self.commands[command_name(event)] += 1

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


def command_name(event: CommandStartedEvent) -> str:
    """Command and collection, like "find users"; the command alone when it concerns no collection."""
    name, command = event.command_name, event.command
    # the value of a getMore is a number, its collection has a field of its own
    places = [place for place in (command.get(name), command.get("collection")) if isinstance(place, str)]
    return " ".join([name, *places[:1]])


def as_commands(calls: Mapping[str, int]) -> Counter[str]:
    """`Database.calls` by the names the same calls have on the wire."""
    commands: Counter[str] = Counter()
    for call, count in calls.items():
        method, _, collection = call.partition(" ")
        commands[f"{COMMANDS.get(method, method)} {collection}".strip()] += count
    return commands


@dataclass
class Cost:
    """Counts of one block."""

    calls: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    #: how often each of `SHARED` was read; not among the commands
    shared: Counter[str] = field(default_factory=Counter)

    def note_commands(self, counted: Mapping[str, int]) -> None:
        for name, count in counted.items():
            if name in BEATS:
                continue
            (self.shared if name in SHARED else self.commands)[name] += count


@asynccontextmanager
async def counted_commands(database: Database, wire: Wire) -> AsyncIterator[Cost]:
    """Count the commands of the block. On a server, what it is sent must be what `Database.calls` says.

    Periodic commands are left out of that comparison: the block can begin or end between a call and its command, and a
    call cancelled with its run is never sent.
    """
    database.calls.clear()
    wire.commands.clear()
    cost = Cost()
    yield cost
    called = as_commands(database.calls)
    if not database.is_memory:
        differing = (wire.commands - called) + (called - wire.commands)
        assert differing.keys() <= SHARED | BEATS | EACH_SECOND, differing
    cost.note_commands(called)


@asynccontextmanager
async def counted(house: House, wire: Wire) -> AsyncIterator[Cost]:
    """Count what the user bot does in the block, from rest to rest."""
    await house.settle()
    before = len(await house.calls())
    async with counted_commands(house.base.database, wire) as cost:
        yield cost
        await house.settle()
    cost.calls.update(call["method"] for call in (await house.calls())[before:])
