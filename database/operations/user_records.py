"""How a person is kept, for the modules of `user_ops`."""

from core.users import User
from database.collection import Collection
from database.connection import current_database
from database.values import Document

#: what is read of a person; the keys of their grants stay where they are
FIELDS = tuple(User.model_fields)


def users() -> Collection:
    """The collection."""
    return current_database().collection("users")


def to_user(document: Document) -> User:
    """The record of a document."""
    return User.model_validate(document)
