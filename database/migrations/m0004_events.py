"""Deliveries that wait to be counted get their mark; what counted them before is removed.

A delivery that an older version had taken into a batch which never ended is not counted. Days that an older version
counted stay as they are: they have other counters, and tries, unlocks and announcements begin anew.
"""

from datetime import datetime

from core.statistics.events import Event, Mark
from database.migrations.steps import Change, Migration, RewriteDocuments
from database.values import Document

_DELIVERY = ("tally", "whole_on")


def _deliveries(row: Document) -> Change | None:
    if "tally" not in row:
        return None
    update: Document = {"$unset": {"tally": ""}}
    day = row.get("whole_on")
    if row["tally"] == "" and isinstance(day, datetime):
        update["$set"] = {"uncounted": [Mark(Event.WHOLE, day).text]}
    return Change({"tally": row["tally"]}, update)


def _posts(row: Document) -> Change | None:
    return Change({}, {"$unset": {"tallies": ""}}) if "tallies" in row else None


MIGRATION = Migration(
    4,
    "events to count",
    (RewriteDocuments("deliveries", _DELIVERY, _deliveries), RewriteDocuments("posts", ("tallies",), _posts)),
)
