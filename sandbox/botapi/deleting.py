"""deleteMessage and deleteMessages (rows 11 and 12, BOTAPI §2.6 and §3.1)."""

from sandbox.botapi.method import Method, find_message, read_message_ids
from sandbox.chats.access import require_inside, require_reach
from sandbox.chats.posting import delete
from sandbox.errors import BLOCKED, bad_request, forbidden
from sandbox.state.records import Chat, Dialog, Message
from sandbox.wire import Call

#: Older messages cannot be deleted, seconds.
MAX_AGE_S = 48 * 3600
#: Dice in private chats can only be deleted when older, seconds.
MIN_DICE_AGE_S = 24 * 3600

NOT_FOR_EVERYONE = "message can't be deleted for everyone"
CANNOT = "message can't be deleted"


def delete_message(call: Call) -> bool:
    if not call.text("chat_id"):
        raise bad_request("chat identifier is not specified")
    message_id = call.integer("message_id")
    if message_id == 0:
        raise bad_request("message identifier is not specified")
    chat = _chat(call)
    message = find_message(call, chat, message_id, "message to delete")
    _check(call, chat, message)
    delete(call.world, message)
    return True


def delete_messages(call: Call) -> bool:
    """Unknown ids are skipped. One undeletable message fails the call, and nothing is deleted."""
    if not call.text("chat_id"):
        raise bad_request("chat identifier is not specified")
    message_ids = read_message_ids(call)
    chat = _chat(call)
    found = [call.world.find_message(call.bot, chat, message_id) for message_id in dict.fromkeys(message_ids)]
    messages = [message for message in found if message is not None]
    for message in messages:
        _check(call, chat, message)
    for message in messages:
        delete(call.world, message)
    return True


def _chat(call: Call) -> Chat:
    chat = call.chat()
    require_reach(chat, call.bot)
    if isinstance(chat, Dialog) and chat.is_blocked and not call.world.config.delete_when_blocked:
        raise forbidden(BLOCKED)
    return chat


def _check(call: Call, chat: Chat, message: Message) -> None:
    """Raise 400 unless the bot may delete `message` now."""
    age_s = call.world.clock.now() - message.date
    if chat.has_own_counter:
        if age_s >= MAX_AGE_S or message.is_undeletable or not _has_right(call, chat, message):
            raise bad_request(CANNOT)
        return
    if age_s > MAX_AGE_S or message.is_undeletable:
        raise bad_request(NOT_FOR_EVERYONE)
    if chat.type == "private" and message.content.kind == "dice" and age_s < MIN_DICE_AGE_S:
        raise bad_request(NOT_FOR_EVERYONE)
    if chat.type == "group" and not _has_right(call, chat, message):
        raise bad_request(CANNOT)


def _has_right(call: Call, chat: Chat, message: Message) -> bool:
    member = require_inside(chat, call.bot)
    is_own = message.bot_id == call.bot.id and not message.content.is_service
    if chat.type == "channel":
        return member.may("can_delete_messages") or (message.bot_id == call.bot.id and member.may("can_post_messages"))
    if chat.type == "supergroup":
        return is_own or member.may("can_delete_messages")
    return is_own or member.status == "administrator"


METHODS: dict[str, Method] = {"deleteMessage": delete_message, "deleteMessages": delete_messages}
