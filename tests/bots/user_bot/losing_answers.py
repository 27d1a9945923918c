"""A database whose answers are lost: the command is executed, and the caller gets StoreUnavailable."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from core.errors import StoreUnavailable
from database.collection import Collection
from tests.house import House


def _any(*_: Any, **__: Any) -> bool:
    return True


@contextmanager
def losing(
    method: str, collection: str, *, when: Callable[..., bool] = _any, times: int = 1, undone: bool = False
) -> Iterator[None]:
    """Lose the answers to the next `times` calls of a method of `Collection` whose arguments `when` accepts.

    With `undone` the commands themselves are lost. Fails at its end when fewer calls came.
    """
    real, left = getattr(Collection, method), times

    async def lossy(self: Collection, *arguments: Any, **options: Any) -> Any:
        nonlocal left
        is_lost = left > 0 and self.name == collection and when(*arguments, **options)
        left -= is_lost
        answer = None if is_lost and undone else await real(self, *arguments, **options)
        if is_lost:
            raise StoreUnavailable("the answer was lost")
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Collection, method, lossy)
        yield
    assert left == 0, f"{left} answers of {times} were not lost: {collection} was not called as often"


def grants_access(condition: dict[str, Any], *_: Any, **__: Any) -> bool:
    """For `when`: the command grants a user credits or a pass."""
    return "grants" in condition


async def wait_until_idle(house: House) -> None:
    """Wait until both bots have handled every update, also those held while the database was away."""
    async with asyncio.timeout(20):
        await house.settle()
        while handling := house._handling():
            await asyncio.wait(handling, return_when=asyncio.FIRST_COMPLETED)
            await house.settle()
