"""getChatMember and related methods, join requests, leaveChat (rows 22 and 23, BOTAPI §2.8)."""

from typing import Any

from sandbox.botapi.method import Method
from sandbox.chats.access import require_inside, require_read
from sandbox.chats.membership import approve, decline, set_member
from sandbox.chats.objects import member_json
from sandbox.errors import DEACTIVATED, bad_request, forbidden
from sandbox.state.records import Bot, Chat, Dialog, Member, User
from sandbox.wire import Call

Json = dict[str, Any]

NO_LIST = "member list is inaccessible"


def get_chat_member(call: Call) -> Json:
    """`left` for a person who never joined. 400 in a channel the bot does not administer, and for a person the bot
    has never had contact with: that is not `left` (row 22).
    """
    chat = call.chat()
    user_id = _user_id(call)
    if isinstance(chat, Dialog):
        return _private_member(call, chat, user_id)
    require_read(chat, call.bot)
    own = chat.members.get(call.bot.id)
    if chat.type == "channel" and (own is None or own.status != "administrator"):
        raise bad_request(NO_LIST)
    who = call.world.bots.get(user_id) or call.world.users.get(user_id)
    if who is None or not (isinstance(who, Bot) or user_id in chat.members or _has_seen(call, who)):
        raise bad_request(call.world.config.unknown_member)
    return member_json(chat.members.get(user_id) or Member(user_id, "left"), who, chat.type)


def _has_seen(call: Call, user: User) -> bool:
    dialog = call.world.dialogs.get((call.bot.id, user.id))
    return dialog is not None and (dialog.is_seen or dialog.is_started)


def _private_member(call: Call, dialog: Dialog, user_id: int) -> Json:
    if user_id not in (dialog.user.id, call.bot.id):
        raise bad_request("member not found")
    who = dialog.user if user_id == dialog.user.id else call.bot
    return member_json(Member(user_id, "member"), who, "private")


def _user_id(call: Call) -> int:
    user_id = call.integer("user_id")
    if user_id <= 0:
        raise bad_request("invalid user_id specified")
    return user_id


def get_chat_administrators(call: Call) -> list[Json]:
    """The creator and the administrators; of bots only the caller."""
    chat = call.chat()
    if isinstance(chat, Dialog):
        raise bad_request("there are no administrators in the private chat")
    require_read(chat, call.bot)
    own = chat.members.get(call.bot.id)
    if chat.type == "channel" and (own is None or own.status != "administrator"):
        raise bad_request(NO_LIST)
    shown = []
    for member in chat.members.values():
        who = call.world.users.get(member.id) or (call.bot if member.id == call.bot.id else None)
        if who is not None and member.status in ("creator", "administrator"):
            shown.append(member_json(member, who, chat.type))
    return shown


def get_chat_member_count(call: Call) -> int:
    chat = call.chat()
    if isinstance(chat, Dialog):
        return 2
    require_read(chat, call.bot)
    return sum(1 for member in chat.members.values() if member.is_inside)


def approve_chat_join_request(call: Call) -> bool:
    """Add the person and send `chat_member` updates with `via_join_request`."""
    chat, user = _requester(call)
    approve(call.world, chat, user, call.bot)
    return True


def decline_chat_join_request(call: Call) -> bool:
    chat, user = _requester(call)
    decline(call.world, chat, user)
    return True


def _requester(call: Call) -> tuple[Chat, User]:
    chat = call.chat()
    user_id = _user_id(call)
    if isinstance(chat, Dialog):
        raise bad_request("the chat has no join requests")
    if not require_inside(chat, call.bot).may("can_invite_users"):
        raise bad_request("not enough rights to manage chat join requests")
    user = call.world.users.get(user_id)
    if user is None:
        raise bad_request("USER_ID_INVALID")
    if user.is_deactivated:
        raise forbidden(DEACTIVATED)
    member = chat.members.get(user_id)
    if member is not None and member.is_inside:
        raise bad_request("USER_ALREADY_PARTICIPANT")
    if user_id not in chat.join_requests:
        raise bad_request("HIDE_REQUESTER_MISSING")
    return chat, user


def leave_chat(call: Call) -> bool:
    chat = call.chat()
    if isinstance(chat, Dialog):
        raise bad_request("can't leave private chats")
    require_inside(chat, call.bot)
    set_member(call.world, chat, Member(call.bot.id, "left"), call.bot)
    return True


METHODS: dict[str, Method] = {
    "getChatMember": get_chat_member,
    "getChatAdministrators": get_chat_administrators,
    "getChatMemberCount": get_chat_member_count,
    "approveChatJoinRequest": approve_chat_join_request,
    "declineChatJoinRequest": decline_chat_join_request,
    "leaveChat": leave_chat,
}
