"""Priority and delivery guarantee of calls to Telegram. A task sets them once; every call made inside inherits them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum


class Lane(IntEnum):
    """Priority of a call among the waiting calls of one bot: the lower number first."""

    #: a subscriber or an admin has the chat open and waits for the answer
    INTERACTIVE = 0
    #: a delivery is due for deletion
    DELETION = 1
    #: broadcasts and everything else that can wait
    BULK = 2


_lane: ContextVar[Lane] = ContextVar("tollgate_lane", default=Lane.INTERACTIVE)


def current_lane() -> Lane:
    """Return the lane of the running task; INTERACTIVE when none was set."""
    return _lane.get()


_urgent: ContextVar[bool] = ContextVar("tollgate_urgent", default=False)


def is_urgent() -> bool:
    """Whether the running task's calls go before the others: soon Telegram would refuse them."""
    return _urgent.get()


@contextmanager
def in_lane(lane: Lane, *, urgent: bool = False) -> Iterator[None]:
    """Put every call to Telegram made inside the block, and in tasks started inside it, into `lane`."""
    token, urgent_token = _lane.set(lane), _urgent.set(urgent)
    try:
        yield
    finally:
        _urgent.reset(urgent_token)
        _lane.reset(token)


_at_least_once: ContextVar[bool] = ContextVar("tollgate_at_least_once", default=False)


def is_at_least_once() -> bool:
    """Whether the running task's calls are retried although they may have been executed."""
    return _at_least_once.get()


@contextmanager
def at_least_once() -> Iterator[None]:
    """Retry the calls made inside the block also when their answer was lost.

    For messages of which a duplicate is better than none. Outside, a call that creates something is made at most once.
    """
    token = _at_least_once.set(True)
    try:
        yield
    finally:
        _at_least_once.reset(token)
