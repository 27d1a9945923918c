"""Every operation over rows with a wrong field: it goes on, or says in our own error that it cannot."""

import inspect
import traceback

import pytest

from core.errors import TollgateError
from database.connection import Database
from database.examination import READERS, examine_all
from database.operations import user_ops
from database.operations.people import corrections
from database.operations.posts import post_search
from tests.operations.plans.catalogue import CASES, Case
from tests.operations.plans.filled import FEWEST, filled
from tests.operations.unreadable.broken import MISSING, WAYS, break_rows

#: what returns several rows: one that cannot be read is left out
_MANY = ("list[", "tuple[", "dict[", "set[", "frozenset[", "Mapping[")
#: a tuple with one record, before and after, or a search for one number or link
_OF_ONE = (user_ops.upsert_visitor, corrections.ban, post_search.search)


def _returns_many(case: Case) -> bool:
    returned = inspect.signature(case.operation).return_annotation
    return str(getattr(returned, "__name__", returned)).startswith(_MANY) or str(returned).startswith(_MANY)


def _is_of_the_store(error: BaseException) -> bool:
    """Whether it was raised inside the in-memory store: a server answers a wrong type with an error of its own."""
    return "mongomock" in traceback.extract_tb(error.__traceback__)[-1].filename


async def _failures(cases: tuple[Case, ...]) -> list[str]:
    failures = []
    for case in cases:
        try:
            await case.run()
        except TollgateError as error:
            if _returns_many(case) and case.operation not in _OF_ONE:
                failures.append(f"{case.name}: {error!r}")
        except (ValueError, TypeError, LookupError, AttributeError, AssertionError) as error:
            if not _is_of_the_store(error):
                failures.append(f"{case.name}: {error!r}")
    return failures


@pytest.mark.parametrize(("shift", "way"), list(enumerate(WAYS)))
async def test_no_operation_breaks_down_over_rows_with_a_wrong_field(way: str, shift: int) -> None:
    async with filled("memory://", FEWEST) as db:
        assert await break_rows(db, way, shift) > 500
        assert await _failures(CASES) == []


@pytest.mark.parametrize("way", ["a list", MISSING])
async def test_every_wrong_row_is_found_by_an_examination(way: str) -> None:
    async with filled("memory://", FEWEST) as db:
        await break_rows(db, way, 0)
        first = {one.collection: len(one.unreadable) async for one in examine_all()}
        assert first.keys() == READERS.keys()
        again = {one.collection: len(one.unreadable) async for one in examine_all()}
        assert again == first, "an examination changes nothing that it finds"
        await _set_aside_or_noted(db, first)


async def _set_aside_or_noted(db: Database, found: dict[str, int]) -> None:
    for name, count in found.items():
        assert await db.collection(name).count({"unreadable_until": {"$ne": None}}) == count
