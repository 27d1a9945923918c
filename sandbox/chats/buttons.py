"""Pressing buttons, and forging the callbacks of buttons that do not exist (rows 17 and 20)."""

from typing import Any

from sandbox.arguments import find_int, find_text, need_text
from sandbox.chats.access import may_see
from sandbox.chats.links import find_invitation, names_bot, open_link, send_to_bot
from sandbox.chats.objects import chat_json, message_json, user_json
from sandbox.chats.posting import post, queue_update
from sandbox.chats.sharing import choices, share_chat, share_users
from sandbox.chats.transcript import shown_message
from sandbox.errors import ControlError
from sandbox.state.records import Bot, Callback, Chat, Content, Dialog, Message, User
from sandbox.state.world import World

Json = dict[str, Any]
Found = tuple[Json, Message | None]
#: what a picker chose
_CHOSEN = ("chat_id", "new_chat", "user_ids")


def press(world: World, user: User, chat: Chat, body: Json) -> Json:
    """Press the newest visible button with that text (exact, else a unique prefix), inline buttons first.

    With `below`, or with what a picker chose, only a button below the text field: an inline one may have its text.

    Returns `callback_query_id` for a callback, `url` (or the result of opening it) for a link, `copied` for a copy
    button. Raises ControlError 400 when no such button is visible.
    """
    if not may_see(chat, user):
        raise ControlError("the person does not see that chat")
    is_below = bool(body.get("below")) or any(body.get(name) is not None for name in _CHOSEN)
    button, message = _find(chat, need_text(body, "text"), find_int(body, "message_id"), is_below=is_below)
    if message is None:
        return _press_reply(world, chat, button, body)
    if "callback_data" in button:
        return _call_back(world, user, message, button["callback_data"])
    if "url" in button:
        return _open(world, user, button["url"])
    if "copy_text" in button:
        return {"copied": button["copy_text"]["text"]}
    if "web_app" in button:
        return {"url": button["web_app"]["url"]}
    queries = [button[name] for name in button if name.startswith("switch_inline_query")]
    return {"switch_inline_query": queries[0]} if queries else {}


def _find(chat: Chat, text: str, message_id: int | None, *, is_below: bool) -> Found:
    shown: list[Found] = []
    for message in () if is_below else reversed(chat.keyboards.values()):
        if message_id in (None, message.id) and message.markup:
            shown += [(button, message) for row in message.markup["inline_keyboard"] for button in row]
    if message_id is None and isinstance(chat, Dialog):
        shown += [(button, None) for row in chat.reply_keyboard or [] for button in row]
    for found in shown:
        if found[0]["text"] == text:
            return found
    similar = [found for found in shown if found[0]["text"].startswith(text)]
    newest = [found for found in similar if found[1] is similar[0][1]]
    if len({found[0]["text"] for found in newest}) != 1:
        raise ControlError(f"nobody can see one button {text!r} here; visible: {[f[0]['text'] for f in shown][:20]}")
    return newest[0]


def offered(world: World, dialog: Dialog, text: str) -> Json:
    """The choices of the button with that text on the bot's keyboard. Raises ControlError without such a button."""
    shown = [button for row in dialog.reply_keyboard or [] for button in row]
    found = [button for button in shown if button["text"] == text]
    if not found:
        raise ControlError(f"there is no button {text!r} on the keyboard")
    return choices(world, dialog, found[0])


def _open(world: World, user: User, url: str) -> Json:
    if names_bot(world, url):
        return open_link(world, user, url)
    invitation = find_invitation(world, user, url)
    return {"url": url} | ({"invitation": invitation} if invitation else {})


def _call_back(world: World, user: User, message: Message, data: str) -> Json:
    bot = world.bots.get(message.bot_id or 0)
    if bot is None:
        raise ControlError("the bot of this button is gone")
    return _query(world, user, bot, message.chat, {"message": message_json(message, bot), "data": data})


def _query(world: World, user: User, bot: Bot, chat: Chat, shown: Json) -> Json:
    query = Callback(world.random_id(), bot, user, world.clock.now())
    world.add_callback(query)
    instance = str(-(10**18) - abs(chat.id) * 7 - bot.id)
    update = {"id": query.id, "from": user_json(user), "chat_instance": instance} | shown
    ids = queue_update(world, bot, "callback_query", update)
    return {"callback_query_id": query.id, "update_ids": ids}


def forge(world: World, user: User, dialog: Dialog, body: Json) -> Json:
    """Send a callback that is on no keyboard. A deleted or unknown message is inaccessible in the update (`date` 0)."""
    shown: Json = {"data": need_text(body, "data")}
    message_id = find_int(body, "message_id")
    if message_id is not None:
        message = dialog.messages.get(message_id)
        if message is None or message.deleted_at is not None:
            shown["message"] = {"message_id": message_id, "chat": chat_json(dialog), "date": 0}
        else:
            shown["message"] = message_json(message, dialog.bot)
    instance = find_text(body, "chat_instance")
    return _query(world, user, dialog.bot, dialog, shown | ({"chat_instance": instance} if instance else {}))


def _press_reply(world: World, chat: Chat, button: Json, body: Json) -> Json:
    if not isinstance(chat, Dialog):
        raise ControlError("reply keyboards exist in private chats only")
    if chat.is_blocked:
        raise ControlError("the person blocked this bot; unblock it first")
    if "web_app" in button:
        return {"url": button["web_app"]["url"]}
    answer = _reply(world, chat, button, body)
    if chat.is_one_time_keyboard:
        chat.reply_keyboard = None
        world.touch(chat, "keyboard")
    return answer


def _reply(world: World, dialog: Dialog, button: Json, body: Json) -> Json:
    if "request_chat" in button:
        return share_chat(world, dialog, button["request_chat"], body)
    if "request_users" in button:
        return share_users(world, dialog, button["request_users"], body)
    user = dialog.user
    if button.get("request_contact"):
        contact = {"phone_number": "+15550100", "first_name": user.first_name, "user_id": user.id}
        return _send(world, dialog, Content("contact", extra={"contact": contact}))
    if button.get("request_location"):
        return _send(world, dialog, Content("location", extra={"location": {"latitude": 52.52, "longitude": 13.405}}))
    if "request_poll" in button:
        raise ControlError("the sandbox has no such button behaviour")
    return send_to_bot(world, dialog, button["text"])


def _send(world: World, dialog: Dialog, content: Content) -> Json:
    message, ids = post(world, dialog, content, dialog.user)
    return {"message": shown_message(message, dialog.bot), "update_ids": ids}
