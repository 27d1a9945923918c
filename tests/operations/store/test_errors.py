"""What each error of the driver means to the caller: repeat, repeat rarely, hold back, or give up."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from dns.resolver import NXDOMAIN, LifetimeTimeout
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteConcernError,
    WTimeoutError,
)

from core.errors import (
    AlreadyThere,
    StoreNotFound,
    StoreReadOnly,
    StoreRefused,
    StoreSlow,
    StoreUnavailable,
    TollgateError,
)
from database.collection import Collection
from database.connection import Database
from database.errors import translate
from tests.operations.plans.queries import methods_that_call


def batch(*codes: int, concern: int | None = None) -> BulkWriteError:
    details: dict[str, Any] = {"writeErrors": [{"code": code} for code in codes], "writeConcernErrors": []}
    if concern is not None:
        details["writeConcernErrors"] = [{"code": concern}]
    return BulkWriteError(details)


def labelled(label: str) -> OperationFailure:
    error = OperationFailure("x", 1)
    error._add_error_label(label)
    return error


def of_dns(cause: Exception) -> ConfigurationError:
    error = ConfigurationError("the DNS query name does not exist")
    error.__cause__ = cause
    return error


#: what dnspython raises for a name that is unknown, and when nobody answers
NOT_FOUND: list[Exception] = [NXDOMAIN(), LifetimeTimeout(timeout=1, errors=[])]  # type: ignore[no-untyped-call]
#: refusals that end by themselves: a network between servers, conflicts, pressure, no primary, a server that stops
TRANSIENT = (6, 7, 89, 9001, 112, 365, 262, 134, 202, 433, 449, 450, 462, 16500)
NO_PRIMARY = (91, 189, 10107, 11600, 11601, 11602, 13435, 13436)
PERMANENT = (2, 13, 18, 26, 40, 67, 85, 121)
NO_WRITES = (13, 371, 8000, 14031)

ANSWERS: list[tuple[PyMongoError, type[TollgateError]]] = [
    (AutoReconnect("x"), StoreUnavailable),
    (NotPrimaryError("x"), StoreUnavailable),
    (ServerSelectionTimeoutError("x"), StoreUnavailable),
    (ExecutionTimeout("x", 50), StoreSlow),
    (WTimeoutError("x", 64), StoreSlow),
    (DuplicateKeyError("x", 11000), AlreadyThere),
    (PyMongoError("x"), StoreRefused),
    (ConfigurationError("x"), StoreRefused),
    *[(of_dns(cause), StoreNotFound) for cause in NOT_FOUND],
    *[(OperationFailure("x", code), StoreUnavailable) for code in (*TRANSIENT, *NO_PRIMARY)],
    *[(WriteConcernError("x", code), StoreUnavailable) for code in NO_PRIMARY],
    *[(OperationFailure("x", code), StoreRefused) for code in PERMANENT],
    (labelled("RetryableWriteError"), StoreUnavailable),
    (labelled("TransientTransactionError"), StoreUnavailable),
    (labelled("SystemOverloadedError"), StoreUnavailable),
    (batch(11000), StoreRefused),
    (batch(112), StoreUnavailable),
    (batch(concern=91), StoreUnavailable),
    (batch(concern=64), StoreSlow),
]


@pytest.mark.parametrize(("theirs", "ours"), ANSWERS, ids=repr)
def test_each_library_error_is_translated(theirs: PyMongoError, ours: type[TollgateError]) -> None:
    translated = translate(theirs, "find users")
    assert type(translated) is ours
    assert str(translated).startswith("find users: ")


@pytest.mark.parametrize("code", NO_WRITES)
def test_rights_and_space_that_a_write_lacks_concern_the_store_and_not_the_document(code: int) -> None:
    assert type(translate(OperationFailure("x", code), "insert_one users", is_write=True)) is StoreReadOnly
    assert type(translate(batch(code), "insert_many users", is_write=True)) is StoreReadOnly
    assert type(translate(OperationFailure("x", code), "find users")) is StoreRefused


def test_an_error_names_code_and_key_but_neither_value_nor_address() -> None:
    details: dict[str, Any] = {"codeName": "DuplicateKey", "keyPattern": {"token": 1}, "keyValue": {"token": "s3cret"}}
    error = translate(DuplicateKeyError("E11000 { token: 's3cret' }", 11000, details), "insert_one tokens")
    assert str(error) == "insert_one tokens: DuplicateKeyError 11000 DuplicateKey (token)"


def failing(db: Database, error: Exception, *, also: str = "") -> None:
    """Let every call fail with `error`, but pings, unless they are `also` to fail."""

    def refuse(operation: str, collection: str) -> None:
        if operation not in ("ping",) or also == "ping":
            raise error

    db.before_call = refuse


async def test_an_error_that_is_not_the_librarys_passes_through(db: Database) -> None:
    failing(db, KeyError("ours"))
    with pytest.raises(KeyError):
        await db.collection("users").find_one({})


TIME_OUTS = [NetworkTimeout("x"), ExecutionTimeout("x", 50), WaitQueueTimeoutError("x")]


@pytest.mark.parametrize("error", TIME_OUTS, ids=repr)
async def test_a_time_out_beside_an_answered_ping_is_slowness_and_without_one_an_outage(
    db: Database, error: PyMongoError
) -> None:
    failing(db, error)
    with pytest.raises(StoreSlow):
        await db.collection("users").count({})
    failing(db, error, also="ping")
    with pytest.raises(StoreUnavailable) as caught:
        await db.collection("users").count({})
    assert type(caught.value) is StoreUnavailable


async def test_a_refused_write_is_noted_and_a_read_is_not(db: Database) -> None:
    failing(db, OperationFailure("x", 13))
    with pytest.raises(StoreRefused):
        await db.collection("users").find_one({})
    assert db.writes.refused is None
    with pytest.raises(StoreReadOnly):
        await db.collection("users").update_one({"user_id": 1}, {"$set": {"a": 1}})
    assert db.writes.refused == "update_one users: OperationFailure 13"


CHANGES: dict[str, Callable[[Collection], Awaitable[object]]] = {
    "insert_one": lambda things: things.insert_one({}),
    "insert_many": lambda things: things.insert_many([{}]),
    "insert_each": lambda things: things.insert_each([{}]),
    "update_one": lambda things: things.update_one({}, {"$set": {"a": 1}}),
    "update_many": lambda things: things.update_many({}, {"$set": {"a": 1}}),
    "update_each": lambda things: things.update_each([({}, {"$set": {"a": 1}})]),
    "find_one_and_update": lambda things: things.find_one_and_update({}, {"$set": {"a": 1}}),
    "find_one_and_delete": lambda things: things.find_one_and_delete({}),
    "delete_one": lambda things: things.delete_one({}),
    "delete_many": lambda things: things.delete_many({}),
    "create_index": lambda things: things.create_index([("a", 1)]),
}
READS = {"find_one", "find", "count", "aggregate", "indexes"}


@pytest.mark.parametrize("change", CHANGES)
async def test_every_change_that_is_refused_for_rights_says_so(db: Database, change: str) -> None:
    failing(db, OperationFailure("x", 13))
    with pytest.raises(StoreReadOnly, match=f"{change} things"):
        await CHANGES[change](db.collection("things"))
    assert methods_that_call() == CHANGES.keys() | READS


async def test_a_refusal_with_an_unknown_code_holds_back_once_the_small_write_is_refused_too(db: Database) -> None:
    users = db.collection("users")
    failing(db, OperationFailure("disk usage exceeds the plan", 4711))
    with pytest.raises(StoreRefused):
        await users.insert_one({"user_id": 1})
    assert await db.writes.check() == "update_one health: OperationFailure 4711"
    with pytest.raises(StoreReadOnly):
        await users.insert_one({"user_id": 1})
    failing(db, DuplicateKeyError("x", 11000))
    with pytest.raises(AlreadyThere):
        await users.insert_one({"user_id": 1})


async def test_what_waits_for_the_database_waits_until_it_takes_writes_again(db: Database) -> None:
    failing(db, OperationFailure("x", 14031))
    with pytest.raises(StoreReadOnly):
        await db.collection("users").insert_one({"user_id": 1})
    with pytest.raises(StoreReadOnly):
        await db.check()
    db.before_call = None
    await db.check()
    assert db.writes.refused is None
    db.calls.clear()
    await db.check()
    assert dict(db.calls) == {"ping ": 1}
