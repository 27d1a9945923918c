"""Documents as records. One that cannot be read is set aside, noted and logged; everything behind it goes on.

Every list of documents becomes records here, in whatever collection. A document can be of another version, or edited by
hand. It gets the field `unreadable_until`, which lists leave out, so that nobody reads it again at once, and keeps
everything else. What the owners are told of it: `unreadable_rows`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from core.errors import TollgateError, UnreadableRow
from database import unreadable_rows
from database.collection import Collection, Sort
from database.connection import current_database
from database.tolerated import tolerated
from database.unreadable_rows import Wrong
from database.values import Document, with_id

T = TypeVar("T")
R = TypeVar("R", bound=BaseModel)
#: makes a record of a document; raises one of CANNOT_READ when it cannot
Read = Callable[[Document], T]

#: until when a document is left out
FIELD = "unreadable_until"
#: how long: a newer version, or whoever repaired it by hand, sees it again after this at the latest
SET_ASIDE_FOR = timedelta(hours=1)
#: what code that makes a record of any document can raise
CANNOT_READ = (ValueError, TypeError, LookupError, AttributeError)
#: documents of a page after one with an unreadable document, so that many are passed in few commands
_PAGE_MIN = 100
#: pages of one read; behind more the next read goes on
_PAGES_MAX = 20
#: characters of what is wrong with a document
_PROBLEM_MAX = 200


def reader(model: type[R]) -> Read[R]:
    """Return what makes a record of a document; its `_id` is the record's `id` as text."""

    def read(document: Document) -> R:
        return model.model_validate(with_id(document))

    return read


def not_set_aside(now: datetime) -> Document:
    """Return the condition for documents that are not set aside."""
    return {FIELD: {"$not": {"$gt": now}}}


async def find_records(
    home: Collection,
    read: Read[T],
    condition: Document,
    *,
    limit: int,
    sort: Sort | None = None,
    skip: int = 0,
    projection: Sequence[str] | None = None,
) -> list[T]:
    """Return up to `limit` matches that can be read; `[]` when there are none.

    One command, and further ones only where a document cannot be read: those behind it fill its place.
    """
    where: Document = {**condition, **not_set_aside(current_database().now())}
    passed: list[object] = []
    size = limit
    records: list[T] = []
    for _ in range(_PAGES_MAX):
        # not left to the field alone: a store that refuses writes is read all the same
        rest = {**where, "$nor": [{"_id": {"$in": passed}}]} if passed else where
        found = await home.find(rest, limit=size, sort=sort, skip=skip, projection=projection)
        records, wrong = _split(found, read)
        if not wrong:
            break
        await set_aside(home, wrong)
        passed += _ids(wrong)
        if len(records) >= limit or len(found) < size:
            break
        size = max(size, _PAGE_MIN)
    return records[:limit]


async def readable(
    home: Collection, documents: Sequence[Document], read: Read[T], *, released: Document | None = None
) -> list[T]:
    """Return the records of `documents`, which were found otherwise, without those that cannot be read.

    `released`: what those get besides, in the same update, for example an end of the caller's claim.
    """
    records, wrong = _split(documents, read)
    if wrong:
        await set_aside(home, wrong, released)
    return records


async def record_of(home: Collection, document: Document | None, read: Read[T]) -> T | None:
    """Return the record of one document, None for none. Raises UnreadableRow when it cannot be read, and notes it."""
    if document is None:
        return None
    try:
        return read(document)
    except CANNOT_READ as error:
        problem = _problem(error)
        await tolerated("row.not_noted", unreadable_rows.note(home.name, [(document.get("_id"), problem)]))
        raise UnreadableRow(f"{home.name}: a document cannot be read: {problem}") from None


async def record_or_none(home: Collection, document: Document | None, read: Read[T]) -> T | None:
    """Return the record of one document; None for none, and for one that cannot be read, which is noted."""
    try:
        return await record_of(home, document, read)
    except UnreadableRow:
        return None


async def set_aside(home: Collection, wrong: Wrong, released: Document | None = None) -> None:
    """Leave these documents out of lists for SET_ASIDE_FOR, and note what is wrong with each. Raises nothing of ours.

    Each atomically; may be repeated.
    """
    until = current_database().now() + SET_ASIDE_FOR
    change: Document = {"$set": {**(released or {}), FIELD: until}}
    await tolerated("row.not_set_aside", home.update_many({"_id": {"$in": _ids(wrong)}}, change))
    await tolerated("row.not_noted", unreadable_rows.note(home.name, wrong))


def what_is_wrong(document: Document, read: Read[object]) -> str | None:
    """Return what is wrong with a document, without a stored value; None when it can be read."""
    try:
        read(document)
    except CANNOT_READ as error:
        return _problem(error)
    except TollgateError as error:
        return type(error).__name__
    return None


def _split(documents: Sequence[Document], read: Read[T]) -> tuple[list[T], Wrong]:
    records: list[T] = []
    wrong: list[tuple[object, str]] = []
    for document in documents:
        try:
            records.append(read(document))
        except CANNOT_READ as error:
            wrong.append((document["_id"], _problem(error)))
    return records, wrong


def _ids(wrong: Wrong) -> list[object]:
    return [row for row, _ in wrong]


def _problem(error: BaseException) -> str:
    if not isinstance(error, ValidationError):
        # the text of a missing key is its name; others may quote a value
        return f"no {error.args[0]}" if isinstance(error, KeyError) and error.args else type(error).__name__
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problems)[:_PROBLEM_MAX]
