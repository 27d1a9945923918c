"""A database whose answers are lost: the command was done, and whoever asked for it hears that the database is away."""

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
    """Lose the answers to the next `times` calls of a method of `Collection` that `when` takes, given its arguments.

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
    assert left == 0, f"{left} answers of {times} were not lost: nobody asked {collection} for them"


def pays(condition: dict[str, Any], *_: Any, **__: Any) -> bool:
    """For `when`: what is asked of the users gives somebody credits or a pass."""
    return "grants" in condition


async def over(house: House) -> None:
    """Wait until both bots are done with everything, also with what waited for the database to come back."""
    async with asyncio.timeout(20):
        await house.settle()
        while handling := house._handling():
            await asyncio.wait(handling, return_when=asyncio.FIRST_COMPLETED)
            await house.settle()
