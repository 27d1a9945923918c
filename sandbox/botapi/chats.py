"""getChat and invite links (BOTAPI §2.8)."""

import string
from typing import Any

from sandbox.access import require_inside, require_read
from sandbox.botapi.method import Method
from sandbox.errors import bad_request
from sandbox.objects import full_chat_json, link_json
from sandbox.wire import Call
from sandbox.world import Chat, Dialog, InviteLink

Json = dict[str, Any]

MAX_LINK_NAME = 32
MAX_LINK_MEMBERS = 99_999


def get_chat(call: Call) -> Json:
    chat = call.chat()
    require_read(chat, call.bot)
    return full_chat_json(call.world, chat, call.bot)


def create_chat_invite_link(call: Call) -> Json:
    chat = _managed_chat(call)
    by_request = call.flag("creates_join_request")
    limit = min(max(call.integer("member_limit"), 0), MAX_LINK_MEMBERS)
    if by_request and limit:
        raise bad_request("member limit can't be specified for links requiring administrator approval")
    link = _new_link(call, chat)
    link.name = call.text("name")[:MAX_LINK_NAME] or None
    link.expire_date = call.integer("expire_date") or None
    link.member_limit = limit or None
    link.creates_join_request = by_request
    return link_json(call.world, link, chat)


def export_chat_invite_link(call: Call) -> str:
    """A new primary link of this bot; its old one stops working."""
    chat = _managed_chat(call)
    for old in [link for link in chat.invite_links.values() if link.is_primary and link.creator_id == call.bot.id]:
        del chat.invite_links[old.url]
        call.world.links.pop(old.url, None)
    link = _new_link(call, chat)
    link.is_primary = True
    return link.url


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
    "exportChatInviteLink": export_chat_invite_link,
}
