"""Commands to the database: counted and timed where they leave, named alike on both stores. Imports pymongo alone."""

import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from pymongo import monitoring

#: the command that each method of `database.collection.Collection` is on the wire
COMMANDS = {
    "find_one": "find",
    "find": "find",
    "insert_one": "insert",
    "insert_many": "insert",
    "update_one": "update",
    "update_many": "update",
    "find_one_and_update": "findAndModify",
    "find_one_and_delete": "findAndModify",
    "delete_one": "delete",
    "delete_many": "delete",
    "count": "aggregate",
    "aggregate": "aggregate",
    "create_index": "createIndexes",
    "indexes": "listIndexes",
}
#: what is added to the name of a find for everything that is due
DUE = " due"


class CountCommands(monitoring.CommandListener):
    """Counts what goes over the wire, by command and collection; pymongo calls it from its own threads."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        with self._lock:
            self.counts[named(event)] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Counted when it started."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Counted when it started."""


def named(event: monitoring.CommandStartedEvent) -> str:
    """Command and collection, "find users"; the command alone when it concerns none."""
    name, command = event.command_name, event.command
    # a getMore's own value is the cursor
    places = [place for place in (command.get(name), command.get("collection")) if isinstance(place, str)]
    return " ".join([name, *places[:1]])


def as_commands(calls: Mapping[str, int]) -> dict[str, int]:
    """`Database.calls` under the names the same calls have on the wire."""
    counts: Counter[str] = Counter()
    for call, count in calls.items():
        operation, _, collection = call.partition(" ")
        counts[f"{COMMANDS.get(operation, operation)} {collection}".strip()] += count
    return dict(counts)


@dataclass(slots=True)
class Waited:
    """Commands of one kind: how many, and the seconds until they were answered."""

    count: int = 0
    seconds: float = 0.0
    longest_s: float = 0.0


class TimeCommands(CountCommands):
    """Seconds beside the counts; pymongo calls it from its own threads."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: defaultdict[str, Waited] = defaultdict(Waited)
        self._names: dict[int, str] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        super().started(event)
        self._names[event.request_id] = named(event) + (DUE if _asks_what_is_due(event) else "")

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        self._add(event)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        self._add(event)

    def _add(self, event: monitoring.CommandSucceededEvent | monitoring.CommandFailedEvent) -> None:
        seconds = event.duration_micros / 1e6
        with self._lock:
            waited = self.waited[self._names.pop(event.request_id)]
            waited.count += 1
            waited.seconds += seconds
            waited.longest_s = max(waited.longest_s, seconds)


def _asks_what_is_due(event: monitoring.CommandStartedEvent) -> bool:
    condition = event.command.get("filter", {})
    return event.command_name == "find" and "_id" not in condition and "$lte" in (condition.get("delete_at") or {})
