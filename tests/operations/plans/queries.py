"""Record the queries of operations: at the collection on every store, and on the wire of a server."""

import inspect
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from database.collection import Collection, Sort
from database.values import Document, to_stored

DATABASE = Path(__file__).resolve().parents[3] / "database"
#: methods of a collection that search documents, and whether they stop at the first
_SEARCHING = {
    "find": False,
    "find_one": True,
    "count": False,
    "aggregate": False,
    "update_one": True,
    "update_many": False,
    "find_one_and_update": True,
    "find_one_and_delete": True,
    "delete_one": True,
    "delete_many": False,
}
#: fields that the driver adds to a command and a server does not explain
_ADDED = frozenset({"maxTimeMS", "lsid", "$db", "$clusterTime", "$readPreference", "txnNumber", "writeConcern"})
#: commands that search documents
EXPLAINABLE = frozenset({"find", "aggregate", "count", "distinct", "update", "delete", "findAndModify"})
#: what the driver sends to sign in, and when it closes a connection
DRIVERS_OWN = frozenset({"saslStart", "saslContinue", "authenticate", "getnonce", "logout", "endSessions"})


@dataclass(frozen=True)
class Query:
    """One search for documents. `limit` None: every match is read or changed."""

    collection: str
    method: str
    condition: Document
    sort: tuple[tuple[str, int], ...] = ()
    limit: int | None = None
    skip: int = 0

    def __str__(self) -> str:
        rest = f" sort {dict(self.sort)}" * bool(self.sort) + f" limit {self.limit}" * (self.limit is not None)
        return f"{self.collection}.{self.method} {_shape(self.condition)}{rest}"

    @property
    def order(self) -> tuple[str, ...]:
        """The fields it sorts by."""
        return tuple(field for field, _ in self.sort)

    @property
    def asked(self) -> int:
        """The number of documents requested: the limit, and every listed value."""
        lists = [value for value in self.condition.values() if isinstance(value, dict)]
        listed = sum(len(value.get(name, ())) for value in lists for name in ("$in", "$nin"))
        return (self.limit or 0) + self.skip + listed

    @property
    def shape(self) -> str:
        """The query without its values: queries of one shape have one plan."""
        return f"{self.collection}.{self.method} {_shape(self.condition)} {self.sort} {self.limit is None}"


def _shape(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_shape(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "[" + ", ".join(_shape(item) for item in value) + "]"
    return "null" if value is None else type(value).__name__


@contextmanager
def noted_queries() -> Iterator[list[Query]]:
    """Record every query of any collection while the block runs."""
    seen: list[Query] = []

    def noting(name: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def ask(self: Collection, condition: Document, *args: Any, **options: Any) -> Any:
            sort: Sort = options.get("sort") or ()
            limit = 1 if _SEARCHING[name] else options.get("limit")
            seen.append(Query(self.name, name, to_stored(condition), tuple(sort), limit, options.get("skip", 0)))
            return await method(self, condition, *args, **options)

        return ask

    update_each = Collection.update_each

    async def note_each(self: Collection, updates: Sequence[tuple[Document, Document]], **options: bool) -> int:
        seen.extend(Query(self.name, "update_one", to_stored(condition), (), 1) for condition, _ in updates)
        return await update_each(self, updates, **options)

    with pytest.MonkeyPatch.context() as patch:
        for name in _SEARCHING:
            patch.setattr(Collection, name, noting(name, getattr(Collection, name)))
        patch.setattr(Collection, "update_each", note_each)
        yield seen


def one_by_one(command: Document) -> Iterator[Document]:
    """Yield a command that holds several updates as commands of one each."""
    if "updates" not in command:
        yield command
    for update in command.get("updates", ()):
        yield {**command, "updates": [update]}


class Wire(CommandListener):
    """Records the commands that were sent, without the driver's own fields."""

    def __init__(self) -> None:
        self.commands: list[Document] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in DRIVERS_OWN:
            return
        self.commands.append({name: value for name, value in event.command.items() if name not in _ADDED})

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


def methods_that_call() -> frozenset[str]:
    """Return the names of the methods of a collection that send a command."""
    return frozenset(
        name for name, method in inspect.getmembers(Collection, inspect.iscoroutinefunction) if name[0] != "_"
    )


class CallSites:
    """Records the lines of `database/` that made calls; set `note` as `Database.before_call`."""

    def __init__(self) -> None:
        self.reached: set[tuple[str, int]] = set()

    def note(self, operation: str, collection: str) -> None:
        frame = sys._getframe()
        while frame.f_back is not None:
            frame = frame.f_back
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(DATABASE):
                self.reached.add((path.relative_to(DATABASE).as_posix(), frame.f_lineno))
