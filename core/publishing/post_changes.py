"""Changes of a post's fields: what the audit log calls and keeps of them."""

from typing import Any

from core.posts import Cover, PostField

#: names of the changes in the audit log
ACTIONS = {
    PostField.DELETE_AFTER: "post.deletion_set",
    PostField.PROTECT: "post.protected",
    PostField.ACCESS: "post.access_set",
    PostField.LABEL: "post.label_set",
    PostField.PASSWORD: "post.password_set",
    PostField.COVER: "post.cover_set",
    PostField.DESCRIPTION: "post.described",
    PostField.TITLE: "post.renamed",
}
#: fields that announcements show
ANNOUNCED = frozenset({PostField.TITLE, PostField.DESCRIPTION, PostField.LABEL, PostField.COVER})


def plain(value: Any) -> Any:
    """Return a value as plain JSON."""
    return value.model_dump(mode="json") if isinstance(value, Cover) else value


def audited(field: PostField, value: Any) -> Any:
    """Return what the audit log keeps of a value: never a password."""
    if field is PostField.PASSWORD:
        return {None: None, "": "none"}.get(value, "set")
    return plain(value)
