"""Lane and delivery guarantee of calls to Telegram. A task sets them once; every call made inside inherits them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum


class Lane(IntEnum):
    """What a call is for. When all lanes have work, each gets a share of the bot's calls; what one leaves, others take.

    The lower number first when it is the turn of both.
    """

    #: a subscriber or an admin has the chat open and waits for the answer
    INTERACTIVE = 0
    #: a delivery is due for deletion
    DELETION = 1
    #: broadcasts and everything else that can wait
    BULK = 2


#: the part of the bot's calls that each lane gets when all have work
SHARES = {Lane.INTERACTIVE: 0.60, Lane.DELETION: 0.25, Lane.BULK: 0.15}

_lane: ContextVar[Lane] = ContextVar("tollgate_lane", default=Lane.INTERACTIVE)
_urgent: ContextVar[bool] = ContextVar("tollgate_urgent", default=False)


def current_lane() -> Lane:
    """Return the lane of the running task; INTERACTIVE when none was set."""
    return _lane.get()


def is_urgent() -> bool:
    """Whether the running task's calls go before those of every lane."""
    return _urgent.get()


@contextmanager
def in_lane(lane: Lane, *, urgent: bool = False) -> Iterator[None]:
    """Put every call to Telegram made inside the block, and in tasks started inside it, into `lane`.

    With `urgent` they go before the waiting calls of all lanes, and take nothing of a lane's share: for deletions that
    Telegram will soon refuse.
    """
    token, urgent_token = _lane.set(lane), _urgent.set(urgent)
    try:
        yield
    finally:
        _urgent.reset(urgent_token)
        _lane.reset(token)


_at_least_once: ContextVar[bool] = ContextVar("tollgate_at_least_once", default=False)


def is_at_least_once() -> bool:
    """Whether the running task's sentences are repeated although they may have been sent."""
    return _at_least_once.get()


@contextmanager
def at_least_once() -> Iterator[None]:
    """Repeat the sendMessage calls made inside the block also when their answer was lost.

    For sentences of which a duplicate is better than none. A copy of a post or broadcast made inside is not repeated,
    and outside no call that creates something is.
    """
    token = _at_least_once.set(True)
    try:
        yield
    finally:
        _at_least_once.reset(token)
