"""Actions about membership: joining, leaving, and join requests with their approval (rows 22 and 23)."""

from typing import Any

from sandbox.arguments import find_text, get_chat, get_user
from sandbox.chats.membership import approve, ask_to_join, decline, set_member
from sandbox.errors import ControlError
from sandbox.state.records import Chat, Member, User
from sandbox.state.world import World

Json = dict[str, Any]


def join(world: World, user: User, body: Json) -> Json:
    """Join without an invitation, as in a public chat."""
    chat = get_chat(world, body.get("chat"))
    _require_outside(chat, user)
    return {"update_ids": set_member(world, chat, Member(user.id, "member"), user)}


def leave(world: World, user: User, body: Json) -> Json:
    chat = get_chat(world, body.get("chat"))
    member = chat.members.get(user.id)
    if member is None or not member.is_inside:
        raise ControlError("the person is not in this chat")
    return {"update_ids": set_member(world, chat, Member(user.id, "left"), user)}


def request_join(world: World, user: User, body: Json) -> Json:
    """Ask to join by the link `url`; without it by the newest link with approval, or by none."""
    chat = get_chat(world, body.get("chat"))
    _require_outside(chat, user)
    url = find_text(body, "url")
    known = [link for link in chat.invite_links.values() if link.creates_join_request and not link.is_revoked]
    links = [link for link in known if url in (None, link.url)]
    return {"update_ids": ask_to_join(world, chat, user, links[-1] if links else None)}


def _require_outside(chat: Chat, user: User) -> None:
    member = chat.members.get(user.id)
    if chat.is_gone:
        raise ControlError("the chat is gone")
    if member is not None and member.status == "kicked":
        raise ControlError("the person is banned from this chat")
    if member is not None and member.is_inside:
        raise ControlError("the person is in this chat already")


def approve_request(world: World, user: User, body: Json) -> Json:
    """Approve, as `user`, the join request of the person in the body."""
    chat, requester = _request(world, user, body)
    return {"update_ids": approve(world, chat, requester, user)}


def decline_request(world: World, user: User, body: Json) -> Json:
    """Decline, as `user`, the join request of the person in the body."""
    chat, requester = _request(world, user, body)
    decline(world, chat, requester)
    return {}


def _request(world: World, user: User, body: Json) -> tuple[Chat, User]:
    chat = get_chat(world, body.get("chat"))
    requester = get_user(world, body.get("user"))
    member = chat.members.get(user.id)
    if chat.is_gone or member is None or not member.may("can_invite_users"):
        raise ControlError("the person may not decide who joins this chat")
    if requester.id not in chat.join_requests:
        raise ControlError("nobody of that id asks to join this chat")
    return chat, requester
