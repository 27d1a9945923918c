"""Openings of posts are counted from zero again: an older version counted buttons that were pressed as well."""

from collections.abc import Sequence
from datetime import datetime

from database.connection import Database
from database.migrations.steps import Change, Migration, RewriteDocuments
from database.values import Document


class _CountAnew:
    """Replaces the old count by one that begins now."""

    collection = "posts"
    fields = ("views", "opened")

    async def apply(self, db: Database, page: Sequence[Document]) -> None:
        now = db.now()
        await RewriteDocuments(self.collection, self.fields, lambda post: _rewrite(post, now)).apply(db, page)


def _rewrite(post: Document, now: datetime) -> Change | None:
    if "views" not in post:
        return None
    update: Document = {"$unset": {"views": ""}}
    if "opened" not in post:
        # of a post nobody has opened yet, every opening is counted
        update["$set"] = {"opened": 0, "opened_since": now if post["views"] else None}
    return Change({name: post.get(name, {"$exists": False}) for name in _CountAnew.fields}, update)


MIGRATION = Migration(6, "openings of posts", (_CountAnew(),))
