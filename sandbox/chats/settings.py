"""What a person sets in a chat: pinned messages, the auto-delete timer, invite links."""

from typing import Any

from sandbox.arguments import as_int, get_bot, get_chat, need_int, need_text
from sandbox.chats.posting import post
from sandbox.chats.transcript import shown_message
from sandbox.errors import ControlError
from sandbox.state.records import Content, Dialog, User
from sandbox.state.world import World

Json = dict[str, Any]

#: Telegram's longest timer, a year in seconds.
LONGEST_TIMER_S = 366 * 86_400


def pin(world: World, user: User, body: Json) -> Json:
    """Pin a message in the private chat with a bot, which gets a service message about it."""
    dialog = _dialog(world, user, body)
    message_id = need_int(body, "message_id")
    message = world.find_message(None, dialog, message_id)
    if message is None:
        raise ControlError(f"there is no message {message_id} in that chat", 404)
    if message.content.is_service:
        raise ControlError("service messages can't be pinned")
    if message in dialog.pinned:
        dialog.pinned.remove(message)
    dialog.pinned.append(message)
    return _say(world, dialog, {"pinned_message": message})


def set_timer(world: World, user: User, body: Json) -> Json:
    """Set the auto-delete timer of the private chat, 0 to switch it off; the bot gets a service message.

    The sandbox deletes nothing by itself: a bot must not rely on a person's timer.
    """
    dialog = _dialog(world, user, body)
    seconds = as_int(body.get("seconds"), "seconds")
    if not 0 <= seconds <= LONGEST_TIMER_S:
        raise ControlError("a timer is 0 seconds to a year")
    return _say(world, dialog, {"message_auto_delete_timer_changed": {"message_auto_delete_time": seconds}})


def revoke_link(world: World, user: User, body: Json) -> Json:
    """Revoke an invite link, also a bot's. No bot is told: the link no longer works, that is all."""
    chat = get_chat(world, body.get("chat"))
    member = chat.members.get(user.id)
    if chat.is_gone or member is None or not member.may("can_invite_users"):
        raise ControlError("the person may not change the links of this chat")
    link = chat.invite_links.get(need_text(body, "url"))
    if link is None or link.is_revoked:
        raise ControlError("this chat has no such link")
    link.is_revoked, link.is_primary = True, False
    world.touch(chat, "member")
    return {}


def _dialog(world: World, user: User, body: Json) -> Dialog:
    dialog = world.dialog(get_bot(world, body.get("in")), user)
    if dialog.is_blocked:
        raise ControlError("the person blocked this bot; unblock it first")
    return dialog


def _say(world: World, dialog: Dialog, what: Json) -> Json:
    message, ids = post(world, dialog, Content("service", extra=what), dialog.user)
    return {"message": shown_message(message, dialog.bot), "update_ids": ids}
