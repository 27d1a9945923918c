"""Posts get the words they are searched by, and the fields their lists compare.

`title_key`, by which the older version searched, and `published`, which nothing wrote, are removed.
"""

from core.posts import post_words
from database.migrations.steps import Change, Migration, RewriteDocuments
from database.values import Document

#: what a post of the older version lacks, with what it means there
_MISSING: Document = {
    "is_scheduled": False,
    "is_announced": False,
    "is_imported": False,
    "planned_count": 0,
    "published_count": 0,
    "delivered": 0,
}
#: what the words are made of
_TEXTS = ("number", "title", "description")
#: only posts of the older version have them
_OLD = ("title_key", "published")
_READ = (*_TEXTS, *_OLD, "words", *_MISSING)


def _rewrite(post: Document) -> Change | None:
    missing = {name: value for name, value in _MISSING.items() if name not in post}
    old = [name for name in _OLD if name in post]
    if not missing and not old and "words" in post:
        return None
    number, title, description = (post.get(name) for name in _TEXTS)
    words = post_words(number if isinstance(number, int) else 0, _text(title), _text(description))
    condition = {name: post.get(name, {"$exists": False}) for name in (*_TEXTS, *missing)}
    update: Document = {"$set": {"words": words, **missing}}
    if old:
        update["$unset"] = dict.fromkeys(old, "")
    return Change(condition, update)


def _text(value: object) -> str:
    """A text that was edited by hand into something else has no words."""
    return value if isinstance(value, str) else ""


MIGRATION = Migration(3, "words of posts", (RewriteDocuments("posts", _READ, _rewrite),))
