"""pinChatMessage and unpinChatMessage (BOTAPI §2.6)."""

from sandbox.botapi.method import Method, find_message
from sandbox.chats.access import require_inside, require_reach
from sandbox.chats.posting import Draft, post
from sandbox.errors import bad_request
from sandbox.state.records import Chat, Content, Dialog
from sandbox.wire import Call

NO_RIGHTS = "not enough rights to manage pinned messages in the chat"


def pin_chat_message(call: Call) -> bool:
    """Pin a message and post a service message about it, which the bot receives too."""
    chat = call.chat()
    require_reach(chat, call.bot)
    message = find_message(call, chat, call.integer("message_id"), "message to pin")
    _require_right(call, chat)
    if message.content.is_service:
        raise bad_request("service messages can't be pinned")
    if message in chat.pinned:
        chat.pinned.remove(message)
    chat.pinned.append(message)
    draft = Draft(is_silent=call.flag("disable_notification"))
    post(call.world, chat, Content("service", extra={"pinned_message": message}), call.bot, draft)
    return True


def unpin_chat_message(call: Call) -> bool:
    """Unpin the given message, or the one pinned last."""
    chat = call.chat()
    require_reach(chat, call.bot)
    _require_right(call, chat)
    message_id = call.integer("message_id")
    pinned = [message for message in chat.pinned if not message_id or message.id_for(call.bot) == message_id]
    if not pinned:
        raise bad_request("message to unpin not found")
    chat.pinned.remove(pinned[-1])
    call.world.touch(chat, "message", pinned[-1])
    return True


def _require_right(call: Call, chat: Chat) -> None:
    if isinstance(chat, Dialog):
        return
    right = "can_edit_messages" if chat.type == "channel" else "can_pin_messages"
    if not require_inside(chat, call.bot).may(right):
        raise bad_request(NO_RIGHTS)


METHODS: dict[str, Method] = {"pinChatMessage": pin_chat_message, "unpinChatMessage": unpin_chat_message}
