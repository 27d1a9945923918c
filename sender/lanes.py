"""Which calls go first. A task says its lane once; every call made inside it inherits it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum


class Lane(IntEnum):
    """The order in which waiting calls of one bot are served: the lower number first."""

    #: somebody is looking at the chat and waits for the answer
    INTERACTIVE = 0
    #: a promise to take a delivery back is due
    DELETION = 1
    #: broadcasts and everything else that can wait
    BULK = 2


_lane: ContextVar[Lane] = ContextVar("tollgate_lane", default=Lane.INTERACTIVE)


def current_lane() -> Lane:
    """The lane of the running task; INTERACTIVE where nobody said otherwise."""
    return _lane.get()


@contextmanager
def in_lane(lane: Lane) -> Iterator[None]:
    """Make every call to Telegram inside the block, and in tasks started inside it, go by `lane`."""
    token = _lane.set(lane)
    try:
        yield
    finally:
        _lane.reset(token)


_may_arrive_twice: ContextVar[bool] = ContextVar("tollgate_may_arrive_twice", default=False)


def is_harmless_twice() -> bool:
    """Whether the running task's calls may be repeated though nobody knows if they were executed."""
    return _may_arrive_twice.get()


@contextmanager
def may_arrive_twice() -> Iterator[None]:
    """For a sentence somebody waits for: better twice than never. Its call is repeated when its answer was lost."""
    token = _may_arrive_twice.set(True)
    try:
        yield
    finally:
        _may_arrive_twice.reset(token)
