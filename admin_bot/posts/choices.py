"""The fields of a post that buttons and answers set: which field, which values."""

from dataclasses import dataclass
from typing import Any

from core.posts import Cover, CoverKind, Post, PostField, cover_from_content
from views.posts.callbacks import AS_SETTINGS, NONE, Choice
from views.posts.options import ACCESS_VALUES, SAVING_VALUES

FIELDS = {
    Choice.DELETE_AFTER: PostField.DELETE_AFTER,
    Choice.PROTECT: PostField.PROTECT,
    Choice.ACCESS: PostField.ACCESS,
    Choice.LABEL: PostField.LABEL,
    Choice.PASSWORD: PostField.PASSWORD,
    Choice.COVER: PostField.COVER,
    Choice.DESCRIPTION: PostField.DESCRIPTION,
    Choice.TITLE: PostField.TITLE,
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The value a button stands for."""

    value: Any


def chosen(choice: Choice, value: int, longest_minutes: int) -> Chosen | None:
    """Return the value of a button; None for one it cannot have: forged, or of another version.

    A cover FROM_POST depends on the post: `cover_of`.
    """
    match choice:
        case Choice.DELETE_AFTER:
            return Chosen(None if value == AS_SETTINGS else value) if value <= longest_minutes else None
        case Choice.PROTECT:
            return Chosen(SAVING_VALUES[value]) if value in SAVING_VALUES else None
        case Choice.ACCESS:
            return Chosen(ACCESS_VALUES[value]) if value in ACCESS_VALUES else None
        case Choice.LABEL:
            return Chosen(None) if value == AS_SETTINGS else None
        case Choice.PASSWORD:
            return {AS_SETTINGS: Chosen(None), NONE: Chosen("")}.get(value)
        case Choice.DESCRIPTION:
            return Chosen("") if value == NONE else None
        case Choice.COVER:
            return {AS_SETTINGS: Chosen(None), NONE: Chosen(Cover(kind=CoverKind.NONE))}.get(value)
        case Choice.TITLE:
            return None


def cover_of(post: Post) -> Chosen | None:
    """Return the cover FROM_POST; None when the post has no picture."""
    cover = cover_from_content(post)
    return None if cover is None else Chosen(cover)


def typed(choice: Choice, value: Any) -> Any:
    """Return a value of `post_changes.plain` as the field has it."""
    return Cover.model_validate(value) if choice is Choice.COVER and value is not None else value
