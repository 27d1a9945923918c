"""Translate pymongo's errors by what the caller does next. No text contains a URI, a value or a credential."""

from collections.abc import Iterator
from contextlib import contextmanager

from bson.errors import BSONError
from pymongo.errors import (
    ConnectionFailure,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
)

from core.errors import AlreadyThere, StoreRefused, StoreUnavailable, TollgateError


class DatabaseNotOpen(TollgateError):
    """An operation was called before `open_database` or after `close_database`: a bug in the order of a start."""


def _details(error: PyMongoError) -> str:
    """Return class, code and key names of `error`; its own message may quote documents and addresses."""
    text = type(error).__name__
    if isinstance(error, OperationFailure):
        details = error.details or {}
        text += f" {error.code} {details.get('codeName', '')}".rstrip()
        text += "".join(f" ({key})" for key in details.get("keyPattern") or ())
    return text


def translate(error: PyMongoError, what: str) -> TollgateError:
    """Return our error for a pymongo error; `what` names the call.

    No answer or a time-out (also one the server reports) is `StoreUnavailable`, a taken unique key `AlreadyThere`,
    everything else `StoreRefused`.
    """
    text = f"{what}: {_details(error)}"
    if isinstance(error, DuplicateKeyError):
        return AlreadyThere(text)
    if isinstance(error, ConnectionFailure) or error.timeout:
        return StoreUnavailable(text)
    return StoreRefused(text)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise our errors for those of the pymongo calls in the block; `what` names the call in the text.

    Values BSON cannot hold (integers beyond 64 bits, lone surrogates) are `StoreRefused` too.
    """
    try:
        yield
    except PyMongoError as error:
        raise translate(error, what) from error
    except (BSONError, OverflowError, UnicodeError) as error:
        raise StoreRefused(f"{what}: {type(error).__name__}") from error
