"""Reading all matches page by page along an indexed field, each once, while others change them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from database.values import Document


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next page of a walk begins."""

    #: of the last document returned
    value: Any
    #: `_id` of the documents with this value that were returned
    ids: tuple[Any, ...]


def from_place(condition: Document, field: str, place: Place | None) -> Document:
    """Return the condition of the page that begins at `place`; None: the first page."""
    if place is None:
        return condition
    bounds = condition.get(field, {})
    return {**condition, field: {**bounds, "$gte": place.value}, "_id": {"$nin": list(place.ids)}}


def place_after(page: Sequence[Document], field: str, limit: int, before: Place | None) -> Place | None:
    """Return where the page after this one begins; None when this one, sorted by `field`, is the last."""
    if len(page) < limit:
        return None
    value = page[-1][field]
    earlier = before.ids if before is not None and before.value == value else ()
    return Place(value, (*earlier, *(document["_id"] for document in page if document[field] == value)))
