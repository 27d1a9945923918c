"""What an announcement of a post says when nothing else is chosen for it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from core.delivery import minutes_to_live
from core.durations import in_short
from core.language import ENGLISH, speaking
from core.posts import Post
from core.settings.model import BotSettings
from core.templates import Html, fill, is_visible, isolated, without_tags

#: the announcement and its button while the owners have none of their own
DEFAULT_TEMPLATE = "<b>{title}</b>\n\n{text}"
DEFAULT_LABEL = "Open"


def announcement_text(post: Post, settings: BotSettings) -> str:
    """Return the announcement of a post as HTML."""
    return fill_announcement(settings.post_template or DEFAULT_TEMPLATE, announcement_values(post, settings))


def fill_announcement(template: str, values: Mapping[str, str]) -> str:
    """Return a template filled; the usual one where this would leave nothing to read."""
    own = fill(template, values)
    return own if is_visible(without_tags(own)) else fill(DEFAULT_TEMPLATE, values)


def announcement_values(post: Post, settings: BotSettings) -> dict[str, str]:
    """Return what takes the place of each placeholder of `post_template`: in English, whoever publishes or edits."""
    minutes = minutes_to_live(post, settings)
    with speaking(ENGLISH):
        lifetime = in_short(timedelta(minutes=minutes)) if minutes else "never"
    return {
        "title": isolated(post.title),
        "text": Html(post.text_html),
        "number": str(post.number),
        "count": "1 message" if post.item_count == 1 else f"{post.item_count} messages",
        "autodelete": lifetime,
    }


def announcement_label(post: Post, settings: BotSettings) -> str:
    """Return what stands on the button: the post's own label, else the owners', else the usual one."""
    return post.label or settings.button_label or DEFAULT_LABEL


def ticked_first(publishing: Sequence[int], settings: BotSettings) -> tuple[int, ...]:
    """Return the channels that are ticked when a post is published: the chosen one, else all."""
    chosen = settings.public_channel_id
    return (chosen,) if chosen is not None and chosen in publishing else tuple(publishing)
