"""`python -m tests.emptiness`: check that the server of MONGO_URI is empty, before `make test-mongo` runs the suites.

The suites create and drop only databases of their own, but a wrong MONGO_URI should be reported before they start.
Exit status 0: the server is empty, or ON_A_USED_SERVER=yes; 1: it does not answer, or refuses to list its contents;
2: it is not empty, or MONGO_URI or MONGO_DB is wrong.
"""

import os
import sys
import warnings
from collections.abc import Mapping
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import ConfigurationError, ConnectionFailure, InvalidName, InvalidURI, PyMongoError

#: prefix of the databases of `tests.house.own_store` and `tests/operations`; a killed run leaves them behind
OURS = "tollgate_test_"
#: MongoDB's own databases: users, shards, the start-up log
SYSTEM = frozenset({"admin", "config", "local"})
#: most names shown in the message
SHOWN_MAX = 5
#: seconds after which a server counts as not answering
PATIENCE_S = 5.0
TOLD = "ON_A_USED_SERVER"

Client = MongoClient[dict[str, Any]]


class Refused(Exception):
    """The suites must not run; the message is one line and contains no password."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


def _open(uri: str, patience_s: float) -> Client:
    if not uri.startswith(("mongodb://", "mongodb+srv://")):
        raise Refused("MONGO_URI must name a server: mongodb://… is expected", 2)
    patience_ms = int(patience_s * 1000)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            return MongoClient(
                uri,
                serverSelectionTimeoutMS=patience_ms,
                connectTimeoutMS=patience_ms,
                socketTimeoutMS=patience_ms,
            )
    except (InvalidURI, ConfigurationError, ValueError, TypeError, UserWarning) as error:
        # `from None`, and no warning: pymongo quotes parts of a malformed address, and a password may be among them
        raise Refused(f"MONGO_URI cannot be used: {type(error).__name__}", 2) from None


def _first_in_use(database: Database[dict[str, Any]]) -> str | None:
    """A collection of `database` with a document in it, as "database.collection"; None when there is none."""
    for name in sorted(database.list_collection_names()):
        if not name.startswith("system.") and database[name].find_one({}, {"_id": 1}) is not None:
            return f"{database.name}.{name}"
    return None


def in_use(client: Client, *named: str) -> list[str]:
    """One collection with documents for each database that has any, sorted; MongoDB's own databases are left out.

    Checks all databases that the user may list, and those `named` even if not listed. Raises pymongo's errors.
    """
    databases = {*client.list_database_names(), *named} - SYSTEM
    found = (_first_in_use(client[name]) for name in sorted(databases))
    return [name for name in found if name is not None]


def _named(client: Client, environment: Mapping[str, str]) -> list[str]:
    """The databases an operator is likely to use: that of the address, and that of the product's configuration."""
    in_address = client.get_default_database("admin").name
    return [in_address, environment.get("MONGO_DB") or "tollgate"]


def in_one_line(found: list[str]) -> str:
    """The names found, shortened to SHOWN_MAX, in one line: white space in a name becomes one space."""
    shown = [" ".join(name.split()) for name in found[:SHOWN_MAX]]
    more = len(found) - len(shown)
    line = ", ".join(shown) + (f" and {more} more" if more else "")
    if any(name.startswith(OURS) for name in found):
        line += f" ({OURS}… is of a test run that was killed or goes on now)"
    return line


def judge(environment: Mapping[str, str], patience_s: float = PATIENCE_S) -> str:
    """Return a notice to print before the suites run, "" for an empty server. Raises Refused when they must not run."""
    client = _open(environment.get("MONGO_URI", ""), patience_s)
    try:
        found = in_use(client, *_named(client, environment))
    except ConnectionFailure as error:
        raise Refused(f"MONGO_URI: no server answers within {patience_s:g} s ({type(error).__name__})", 1) from None
    except InvalidName:
        raise Refused("MONGO_DB, or the path of MONGO_URI, is no name of a database", 2) from None
    except PyMongoError as error:
        code = getattr(error, "code", None)
        raise Refused(f"MONGO_URI: the server does not say what it holds ({type(error).__name__} {code})", 1) from None
    finally:
        client.close()
    if not found:
        return ""
    if environment.get(TOLD) == "yes":
        return f"test-mongo: as told, on a server that holds {in_one_line(found)}"
    raise Refused(
        f"test-mongo: the server of MONGO_URI is not empty: {in_one_line(found)}. "
        f"The tests touch only databases they make; if you mean it: {TOLD}=yes make test-mongo",
        2,
    )


def main() -> int:
    """Return the exit status; print the reason or the notice to standard error."""
    try:
        said = judge(os.environ)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return refusal.status
    if said:
        print(said, file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
