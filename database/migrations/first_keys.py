"""Keys for rows of other programs, which have none: a unique index allows one row without its field, and no second."""

from database.connection import Database
from database.values import Document

#: rows changed between two reads
_PAGE = 500


async def give_keys(db: Database) -> int:
    """Give each row of `tokens` and `broadcasts` without a key one of its own; returns how many. May be repeated.

    One find each where there are none. The key is the row's `_id`: no token that can be typed or linked, and no draft.
    """
    given = 0
    for name, field in (("tokens", "token"), ("broadcasts", "key")):
        # before the first start of ours there is no index: a minute for the scan
        home = db.bulk(name)
        without: Document = {field: None}
        while found := await home.find(without, limit=_PAGE, projection=["_id"]):
            for row in found:
                key = row["_id"] if name == "tokens" else f"earlier {row['_id']}"
                given += await home.update_one({"_id": row["_id"], **without}, {"$set": {field: key}})
    return given
