"""Buttons of a broadcast that open a post: their links get the broadcast as source, so that presses are counted."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from core.broadcasts import LinkButton, source_of_broadcast
from core.payloads import find_post_payload
from database.operations.posts import post_ops
from views.links import post_link

_HOSTS = frozenset({"t.me", "www.t.me", "telegram.me"})


async def with_source(buttons: Sequence[LinkButton], key: str, username: str) -> tuple[LinkButton, ...]:
    """Return the buttons with a source in links to posts; one command for each such link, may be repeated.

    A link that has a source, opens another bot, or whose post is gone or has as many places as it may stays as it is.
    """
    return tuple([await _with_source(one, source_of_broadcast(key), username) for one in buttons])


async def _with_source(one: LinkButton, source: str, username: str) -> LinkButton:
    code = _plain_link(one.url, username)
    if code is None:
        return one
    post = await post_ops.add_source(code, source)
    is_counted = post is not None and any(place.name == source for place in post.sources)
    return LinkButton(text=one.text, url=post_link(username, code, source)) if is_counted else one


def _plain_link(url: str, username: str) -> str | None:
    """Return the code of the post that a link without a source opens in the user bot."""
    found = find_post_payload(url)
    parts = urlsplit(url)
    is_ours = parts.hostname in _HOSTS and parts.path.strip("/").lower() == username.lower()
    return found.code if is_ours and found is not None and found.source is None else None
