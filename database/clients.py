"""Clients of a server: what is set whatever the address says, and what an address may not ask for."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from motor.frameworks import asyncio as motor_threads
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError
from pymongo.monitoring import CommandListener

from core.errors import StoreRefused
from database.time_limits import TimeLimits
from database.values import Document

#: how long one command waits for a server and a connection by default, in seconds
DEFAULT_TIMEOUT_S = 3.0
#: connections for bulk reads and deletes, apart from those of other commands: two jobs at once have one each
BULK_CONNECTIONS = 2
#: seconds after a command's time in which the server may say that it stopped it, so that the connection stays
ANSWER_S = 2.0
#: milliseconds between two heartbeats beside an index build, and until one that is not answered ends the command:
#: pymongo then interrupts the connections in use (Server Monitoring specification)
HEARTBEAT_MS = 5_000
SILENT_MS = 30_000
#: concurrent commands. Motor's default is five threads a processor, and a command without a server holds one for
#: DEFAULT_TIMEOUT_S: with ten threads the last of a hundred subscribers would wait half a minute for the error
THREADS = 100

#: what every client asks for: a write is confirmed when most members have it on disk, a read sees the last write
_GUARANTEES: dict[str, Any] = {"w": "majority", "journal": True, "readPreference": "primary", "retryWrites": True}
#: the only values an address may have for these options, in lower case
_ALLOWED: Mapping[str, frozenset[str]] = {
    "w": frozenset({"majority"}),
    "journal": frozenset({"true"}),
    "j": frozenset({"true"}),
    "readpreference": frozenset({"primary"}),
    "retrywrites": frozenset({"true"}),
}


def refuse_less(uri: str) -> None:
    """Raise StoreRefused, naming the option, when the address asks for less than `_GUARANTEES`."""
    for name, value in parse_qsl(urlsplit(uri).query, keep_blank_values=True, separator="&"):
        allowed = _ALLOWED.get(name.lower())
        if allowed is not None and value.lower() not in allowed:
            raise StoreRefused(
                f"{name} is set to less than Tollgate needs (w=majority, journal=true, readPreference=primary, "
                "retryWrites=true): leave it out, these are set by themselves"
            )


def _options(timeout_s: float, appname: str) -> dict[str, Any]:
    timeout_ms = int(timeout_s * 1000)
    return {
        **_GUARANTEES,
        "tz_aware": True,
        "appname": appname,
        "serverSelectionTimeoutMS": timeout_ms,
        "connectTimeoutMS": timeout_ms,
        # one date after the year 9999, which no datetime holds, would refuse every document of its reply
        "datetime_conversion": "DATETIME_AUTO",
    }


def _bounded(timeout_s: float, appname: str, limit_s: float) -> dict[str, Any]:
    """Options of a client whose slowest commands may take `limit_s` seconds, and as long wait for a connection."""
    return _options(timeout_s, appname) | {
        "waitQueueTimeoutMS": int(limit_s * 1000),
        "socketTimeoutMS": int((limit_s + ANSWER_S) * 1000),
    }


def main_client(uri: str, timeout_s: float, limits: TimeLimits, listeners: Sequence[CommandListener]) -> Any:
    """Return the client of all commands but the bulk ones."""
    return _client(uri, _bounded(timeout_s, "tollgate", limits.page_s), listeners)


def bulk_client(uri: str, timeout_s: float, limits: TimeLimits, listeners: Sequence[CommandListener]) -> Any:
    """Return the client of bulk reads and deletes."""
    options = _bounded(timeout_s, "tollgate-bulk", limits.bulk_s) | {"maxPoolSize": BULK_CONNECTIONS}
    return _client(uri, options, listeners)


def fsm_client(uri: str, limits: TimeLimits) -> AsyncMongoClient[Document]:
    """Return a client for aiogram's FSM storage, which closes it."""
    options = _options(DEFAULT_TIMEOUT_S, "tollgate-fsm") | {"timeoutMS": int(limits.hot_s * 1000)}
    return AsyncMongoClient(uri, **options)


def index_client(uri: str, timeout_s: float, listeners: Sequence[CommandListener]) -> AsyncMongoClient[Document]:
    """Return a client whose commands may take as long as the server answers the heartbeats beside them."""
    options = _options(timeout_s, "tollgate-indexes") | {
        "heartbeatFrequencyMS": HEARTBEAT_MS,
        "connectTimeoutMS": SILENT_MS,
    }
    return AsyncMongoClient(uri, event_listeners=list(listeners), **options)


def _client(uri: str, options: dict[str, Any], listeners: Sequence[CommandListener]) -> Any:
    _widen_motor()
    try:
        return AsyncIOMotorClient(uri, event_listeners=list(listeners), **options)
    except (PyMongoError, ValueError, TypeError) as error:
        # `from None`: pymongo quotes parts of a malformed URI, and a password may be among them
        raise StoreRefused(f"the database address cannot be used: {type(error).__name__}") from None


def _widen_motor() -> None:
    """Set Motor's number of threads, which it offers only through the environment at import."""
    if motor_threads.max_workers < THREADS:
        motor_threads.max_workers = THREADS
        motor_threads._reset_global_executor()  # type: ignore[no-untyped-call]
