"""Translate pymongo's errors by what the caller does next. No text contains a URI, a value or a credential."""

from collections.abc import Iterator

from bson.errors import BSONError
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
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

#: what pymongo raises for a call: its own errors, and those of values BSON cannot hold (integers beyond 64 bits, lone
#: surrogates)
DRIVER_ERRORS = (PyMongoError, BSONError, OverflowError, UnicodeError)

#: refusals that end by themselves. Codes and names: mongodb/mongo, src/mongo/base/error_codes.yml
TRANSIENT_CODES = frozenset(
    {
        6,  # HostUnreachable
        7,  # HostNotFound: of another server of the cluster
        24,  # LockTimeout
        46,  # LockBusy
        89,  # NetworkTimeout
        91,  # ShutdownInProgress
        112,  # WriteConflict; PostgreSQL's deadlock on a server above it
        117,  # ConflictingOperationInProgress
        133,  # FailedToSatisfyReadPreference
        134,  # ReadConcernMajorityNotAvailableYet
        175,  # QueryPlanKilled
        189,  # PrimarySteppedDown
        202,  # NetworkInterfaceExceededTimeLimit
        216,  # ElectionInProgress
        262,  # ExceededTimeLimit
        264,  # TooManyFilesOpen
        276,  # IndexBuildAborted: the primary stepped down
        365,  # TemporarilyUnavailable: cache pressure
        402,  # ResourceExhausted
        407,  # PooledConnectionAcquisitionExceededTimeLimit
        433,  # AdmissionQueueOverflow
        449,  # RateLimitExceeded
        450,  # PooledConnectionAcquisitionRejected
        453,  # InterruptedDueToReshardingCriticalSection
        462,  # IngressRequestRateLimitExceeded
        9001,  # SocketException
        10058,  # LegacyNotPrimary
        10107,  # NotWritablePrimary
        11600,  # InterruptedAtShutdown
        11601,  # Interrupted
        11602,  # InterruptedDueToReplStateChange
        13435,  # NotPrimaryNoSecondaryOk
        13436,  # NotPrimaryOrSecondary
        16500,  # TooManyRequests of Azure Cosmos DB
        91331,  # RetriableRemoteCommandFailure
        10045600,  # InterruptedDueToFCVChange
    }
)
#: set by servers and by pymongo on errors that are worth repeating
TRANSIENT_LABELS = ("RetryableWriteError", "TransientTransactionError", "RetryableError", "SystemOverloadedError")
#: 50 MaxTimeMSExpired, 64 WriteConcernTimeout: the server ended the command at its time limit
SLOW_CODES = frozenset({50, 64})
#: of a write: 13 Unauthorized, 371 UserWritesBlocked, 8000 AtlasError (a quota), 14031 OutOfDiskSpace
NO_WRITES_CODES = frozenset({13, 371, 8000, 14031})
#: 1 InternalError, 8 UnknownError: something is wrong with the server itself
_INTERNAL_CODES = frozenset({1, 8})
#: a taken unique key, as part of a batch too
_DUPLICATE_CODE = 11000


class DatabaseNotOpen(TollgateError):
    """An operation was called before `open_database` or after `close_database`: a bug in the order of a start."""


def describe(error: BaseException) -> str:
    """Return class, code and key names of `error`; its own message may quote documents and addresses."""
    text = type(error).__name__
    if isinstance(error, OperationFailure):
        details = error.details or {}
        text += f" {error.code} {details.get('codeName', '')}".rstrip()
        text += "".join(f" ({key})" for key in details.get("keyPattern") or ())
    return text


def translate(error: BaseException, what: str, *, is_write: bool = False) -> TollgateError:
    """Return our error for one of DRIVER_ERRORS; `what` names the call.

    A taken unique key is `AlreadyThere`; no answer, or a refusal that ends by itself, `StoreUnavailable`; a time-out
    the server reports `StoreSlow`; a write refused for lack of rights or space `StoreReadOnly`; everything else
    `StoreRefused`. Whether a time-out without an answer is slowness only a ping can tell (`is_undecided`).
    """
    text = f"{what}: {describe(error)}"
    if not isinstance(error, PyMongoError):
        return StoreRefused(text)
    if isinstance(error, DuplicateKeyError):
        return AlreadyThere(text)
    if isinstance(error, ConfigurationError) and _is_of_dns(error.__cause__):
        return StoreNotFound(f"{what}: the server's name is not found ({type(error.__cause__).__name__})")
    codes = set(_codes(error))
    is_transient = any(error.has_error_label(label) for label in TRANSIENT_LABELS)
    if codes & SLOW_CODES:
        return StoreSlow(text)
    if isinstance(error, ConnectionFailure) or error.timeout or is_transient or codes & TRANSIENT_CODES:
        return StoreUnavailable(text)
    if is_write and codes & NO_WRITES_CODES:
        return StoreReadOnly(text)
    return StoreRefused(text)


def is_undecided(error: BaseException) -> bool:
    """Whether the command timed out in a way that a slow server and an absent one have in common."""
    return isinstance(error, PyMongoError) and error.timeout and not isinstance(error, ServerSelectionTimeoutError)


def may_be_the_store(error: BaseException, *, is_write: bool) -> bool:
    """Whether a refusal may be about the store and not about the document, when the store refuses writes anyway."""
    if not isinstance(error, OperationFailure):
        return False
    codes = set(_codes(error))
    return bool(codes & _INTERNAL_CODES) or (is_write and _DUPLICATE_CODE not in codes)


def _is_of_dns(cause: BaseException | None) -> bool:
    return type(cause).__module__.partition(".")[0] == "dns"


def _codes(error: PyMongoError) -> Iterator[int]:
    """Yield the code of an error and those of the writes it is about: a batch has one of its own."""
    if not isinstance(error, OperationFailure):
        return
    details = error.details or {}
    parts = [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]
    if isinstance(details.get("writeConcernError"), dict):
        parts.append(details["writeConcernError"])
    for code in (error.code, *(part.get("code") for part in parts)):
        if isinstance(code, int):
            yield code
