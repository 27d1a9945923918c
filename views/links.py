"""Links to posts, pages and Telegram's dialogs."""

from urllib.parse import urlencode

from core.payloads import claim_payload, gift_payload, invitation_payload, post_payload, token_payload


def post_link(user_bot_username: str, code: str, source: str | None = None) -> str:
    """Return `https://t.me/<user bot>?start=p_<code>[-s_<source>]`. Raises ValueError for a bad code or source."""
    return f"https://t.me/{user_bot_username}?start={post_payload(code, source)}"


def add_to_channel_link(bot_username: str, rights: tuple[str, ...]) -> str:
    """Return a link that opens Telegram's "add to channel" dialog with these rights (BOTAPI §5)."""
    return f"https://t.me/{bot_username}?startchannel&admin={'+'.join(rights)}"


def back_link(user_bot_username: str, token: str) -> str:
    """Return the way back: `https://t.me/<user bot>?start=v_<token>`. Raises ValueError for a bad token."""
    return f"https://t.me/{user_bot_username}?start={token_payload(token)}"


def page_link(base_url: str, token: str) -> str:
    """Return a token's page: `<base_url>/v/<token>`. Raises ValueError for a bad token."""
    return f"{base_url.rstrip('/')}/v/{token_payload(token).removeprefix('v_')}"


def message_link(chat_id: int, username: str | None, message_id: int) -> str | None:
    """Return the address of a message in a channel, which only members of a private one can open; None for groups.

    Ids of channels and supergroups begin with -100 (BOTAPI §5).
    """
    if username:
        return f"https://t.me/{username}/{message_id}"
    bare_id = str(chat_id).removeprefix("-100")
    return f"https://t.me/c/{bare_id}/{message_id}" if bare_id.isdigit() else None


def claim_link(links: str, admin_bot_username: str, token: str) -> str:
    """Return the link that makes the first owner; `links`: the start of links to bots, without a slash at the end."""
    return f"{links}/{admin_bot_username}?start={claim_payload(token)}"


def invitation_link(admin_bot_username: str, token: str) -> str:
    """Return the link that lets somebody join the team."""
    return f"https://t.me/{admin_bot_username}?start={invitation_payload(token)}"


def gift_link(user_bot_username: str, code: str) -> str:
    """Return `https://t.me/<user bot>?start=g_<code>`. Raises ValueError for a bad code."""
    return f"https://t.me/{user_bot_username}?start={gift_payload(code)}"


def share_link(url: str) -> str:
    """Return a link that opens Telegram's choice of chats to send `url` to (core.telegram.org/api/links)."""
    return f"https://t.me/share/url?{urlencode({'url': url})}"
