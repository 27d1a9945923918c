"""Subscribers get the words and the username they are searched by."""

from core.users import user_words, username_key
from database.migrations.steps import Change, Migration, RewriteDocuments
from database.values import Document

_NAMES = ("first_name", "username")
_NEW = ("words", "username_key")


def _rewrite(user: Document) -> Change | None:
    if all(name in user for name in _NEW):
        return None
    first_name, username = (_text(user.get(name)) for name in _NAMES)
    # a visit meanwhile writes all four
    condition = {name: user.get(name, {"$exists": False}) for name in _NAMES}
    words = list(user_words(first_name, username))
    return Change(condition, {"$set": {"words": words, "username_key": username_key(username)}})


def _text(value: object) -> str:
    """A name that was edited by hand into something else has no words."""
    return value if isinstance(value, str) else ""


MIGRATION = Migration(5, "words of subscribers", (RewriteDocuments("users", (*_NAMES, *_NEW), _rewrite),))
