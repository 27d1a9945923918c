"""Rows of announcements: the collection, the records of its documents, the one way to change a state."""

import logging
from collections.abc import Sequence

from pydantic import ValidationError

from core.announcements import Announcement, AnnouncementState
from database.collection import Collection
from database.connection import current_database
from database.values import Document, to_key, with_id

log = logging.getLogger("tollgate.database")

#: the state of rows that cannot be read
SET_ASIDE = "set_aside"


def announcements() -> Collection:
    """Return the collection."""
    return current_database().collection("announcements")


def record(document: Document | None) -> Announcement | None:
    """Return the announcement of a document; None for none."""
    return None if document is None else Announcement.model_validate(with_id(document))


async def readable(documents: Sequence[Document]) -> list[Announcement]:
    """Return the announcements of `documents`, and set those aside that cannot be read (edited by hand).

    They are logged once and keep their state in `state_before`; no list or job meets them again.
    """
    found = []
    for document in documents:
        try:
            found.append(Announcement.model_validate(with_id(document)))
        except ValidationError as error:
            problems = error.error_count()
            log.error("announcement.unreadable", extra={"announcement": str(document["_id"]), "problems": problems})
            aside = {"state": SET_ASIDE, "state_before": document.get("state"), "is_noted": True}
            await announcements().update_one({"_id": document["_id"]}, {"$set": aside})
    return found


async def change_state(
    announcement_id: str, was: Sequence[AnnouncementState], change: Document, **more: object
) -> Announcement | None:
    """Update an announcement whose state is one of `was`; returns it changed, None when nothing matched. Atomic."""
    condition = {"_id": to_key(announcement_id), "state": {"$in": list(was)}, **more}
    return record(await announcements().find_one_and_update(condition, {"$set": {**change, "is_noted": False}}))
