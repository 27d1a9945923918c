"""A post as the page shows it: a row of the list, and its card."""

from core.announcements import REPAIRABLE, STANDING
from core.posts import Cover, CoverKind, Post, PostField, PostStatus, cover_from_content, shown_description
from core.settings import BotSettings
from core.settings.announcing import DEFAULT_LABEL
from core.team.rights import may_take_down
from database.operations import announcement_ops, settings_ops
from web_app.api.access import Operator
from web_app.api.posting.desk import PostDesk, link_of
from web_app.api.posting.models import PlaceLink, PostCard, PostRow, Usual, Value
from web_app.api.rich_text import pieces_of

#: announcements on a card: those in a channel, to come, or waiting for a person
_SHOWN = (*STANDING, *REPAIRABLE)


def row_of(post: Post) -> PostRow:
    return PostRow(
        code=post.code,
        number=post.number,
        title=post.title,
        status=post.status,
        item_count=post.item_count,
        opened=post.opened,
        delivered=post.delivered,
        created_at=post.created_at,
        planned=post.planned_count,
        published=post.published_count,
    )


async def card_of(desk: PostDesk, post: Post, operator: Operator) -> PostCard:
    """Return a post's card; one command besides the cached settings and channels."""
    settings = await settings_ops.current(desk.now())
    username = await desk.bot_name()
    found = await announcement_ops.find_of_post(post.code, _SHOWN)
    return PostCard(
        post=row_of(post),
        text=post.text_html,
        pieces=pieces_of(post.text_html),
        link=link_of(username, post.code),
        delete_after_minutes=post.delete_after_minutes,
        protect=post.protect,
        access=post.access,
        label=post.label,
        password=post.password,
        cover=cover_text(post.cover),
        has_picture=cover_from_content(post) is not None,
        has_archive=post.has_archive,
        usual=_usual(settings),
        places=[
            PlaceLink(name=one.name, opened=one.opened, link=link_of(username, post.code, one.name))
            for one in post.sources
        ],
        announcements=await desk.announced(found, operator),
        may_remove=may_take_down(operator.role, operator.user_id, post.created_by),
        is_imported=post.is_imported,
        is_taken_down=post.taking_down_since is not None and post.status is PostStatus.REMOVED,
    )


def _usual(settings: BotSettings) -> Usual:
    return Usual(
        delete_after_minutes=settings.delete_after_minutes,
        protect=settings.protect_content,
        label=settings.button_label or DEFAULT_LABEL,
        has_password=settings.post_password is not None,
        has_cover=settings.cover_photo is not None,
    )


def cover_text(cover: Cover | None) -> str:
    """Return a cover as the page has it; of two different ones it differs."""
    if cover is None or cover.kind is CoverKind.DEFAULT:
        return CoverKind.DEFAULT.value
    return cover.kind.value if cover.message_id is None else f"{cover.kind.value}:{cover.message_id}"


def value_text(field: PostField, value: object) -> Value:
    """Return a field's value as the card has it."""
    if field is PostField.COVER:
        return cover_text(value if isinstance(value, Cover) else None)
    if field is PostField.DESCRIPTION:
        return shown_description(str(value))
    return value if isinstance(value, bool | int | str) else None
