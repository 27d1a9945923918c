"""getChat and invite links (BOTAPI §2.8)."""

import string
from typing import Any

from sandbox.botapi.method import Method
from sandbox.chats.access import require_inside, require_read
from sandbox.chats.objects import full_chat_json, link_json
from sandbox.errors import bad_request
from sandbox.state.records import Chat, Dialog, InviteLink
from sandbox.wire import Call

Json = dict[str, Any]

MAX_LINK_NAME = 32
MAX_LINK_MEMBERS = 99_999
#: Telegram's error for a link that is unknown, revoked or of another admin.
EXPIRED = "INVITE_HASH_EXPIRED"


def get_chat(call: Call) -> Json:
    chat = call.chat()
    require_read(chat, call.bot)
    return full_chat_json(call.world, chat, call.bot)


def create_chat_invite_link(call: Call) -> Json:
    chat = _managed_chat(call)
    settings = _settings(call)
    link = _new_link(call, chat)
    _apply(link, settings)
    return link_json(call.world, link, chat, call.bot)


def edit_chat_invite_link(call: Call) -> Json:
    """Replace all settings; those not given are removed. Only for this bot's own links, except the primary one."""
    chat = _managed_chat(call)
    link = _own_link(call, chat)
    if link.is_primary or link.is_revoked:
        raise bad_request(EXPIRED)
    _apply(link, _settings(call))
    return link_json(call.world, link, chat, call.bot)


def revoke_chat_invite_link(call: Call) -> Json:
    """Revoke a link. A primary link is replaced by a new one."""
    chat = _managed_chat(call)
    link = _own_link(call, chat)
    link.is_revoked = True
    if link.is_primary:
        link.is_primary = False
        _new_link(call, chat).is_primary = True
    return link_json(call.world, link, chat, call.bot)


def export_chat_invite_link(call: Call) -> str:
    """Make a new primary link of this bot; its old one is revoked."""
    chat = _managed_chat(call)
    for old in [link for link in chat.invite_links.values() if link.is_primary and link.creator_id == call.bot.id]:
        old.is_primary, old.is_revoked = False, True
    link = _new_link(call, chat)
    link.is_primary = True
    return link.url


def _settings(call: Call) -> Json:
    by_request = call.flag("creates_join_request")
    limit = min(max(call.integer("member_limit"), 0), MAX_LINK_MEMBERS)
    if by_request and limit:
        raise bad_request("member limit can't be specified for links requiring administrator approval")
    return {
        "name": call.text("name")[:MAX_LINK_NAME] or None,
        "expire_date": call.integer("expire_date") or None,
        "member_limit": limit or None,
        "creates_join_request": by_request,
    }


def _apply(link: InviteLink, settings: Json) -> None:
    for name, value in settings.items():
        setattr(link, name, value)


def _own_link(call: Call, chat: Chat) -> InviteLink:
    link = chat.invite_links.get(call.required("invite_link"))
    if link is None or link.creator_id != call.bot.id:
        raise bad_request(EXPIRED)
    return link


def _managed_chat(call: Call) -> Chat:
    chat = call.chat()
    if isinstance(chat, Dialog):
        raise bad_request("can't invite members to a private chat")
    if not require_inside(chat, call.bot).may("can_invite_users"):
        raise bad_request("not enough rights to manage chat invite link")
    return chat


def _new_link(call: Call, chat: Chat) -> InviteLink:
    letters = string.ascii_letters + string.digits
    url = "https://t.me/+" + "".join(call.world.rng.choices(letters, k=16))
    link = InviteLink(url, call.bot.id)
    chat.invite_links[url] = link
    call.world.links[url] = chat
    return link


METHODS: dict[str, Method] = {
    "getChat": get_chat,
    "createChatInviteLink": create_chat_invite_link,
    "editChatInviteLink": edit_chat_invite_link,
    "revokeChatInviteLink": revoke_chat_invite_link,
    "exportChatInviteLink": export_chat_invite_link,
}
