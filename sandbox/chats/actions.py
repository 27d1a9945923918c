"""The actions of a person, `POST /control/act` (BOTAPI §8 "Test-side API")."""

from collections.abc import Callable
from typing import Any

from sandbox.arguments import (
    as_int,
    find_bot,
    find_list,
    find_objects,
    find_text,
    get_bot,
    get_target_chat,
    get_user,
    need_text,
)
from sandbox.chats.access import may_see
from sandbox.chats.buttons import forge, press
from sandbox.chats.contents import ALBUM_KINDS, media, written
from sandbox.chats.copies import album_ids, is_copyable, is_protected, origin_of
from sandbox.chats.joining import approve_request, decline_request, join, leave, request_join
from sandbox.chats.links import open_link, send_to_bot
from sandbox.chats.membership import set_blocked
from sandbox.chats.posting import Draft, announce, delete, store
from sandbox.chats.settings import pin, revoke_link, set_timer
from sandbox.chats.transcript import shown_message
from sandbox.errors import ControlError
from sandbox.state.records import Chat, Content, Dialog, Message, User
from sandbox.state.world import World

Json = dict[str, Any]
Action = Callable[[World, User, Json], Json]


def act(world: World, body: Json) -> Json:
    """Perform an action as a person. Returns message or messages, update_ids and the number `seq` of the last change.

    Raises ControlError for what a person could not do in the app either.
    """
    user = get_user(world, body.get("as"))
    name = need_text(body, "do")
    action = _ACTIONS.get(name)
    if action is None:
        raise ControlError(f'"do" must be one of {", ".join(_ACTIONS)}')
    if user.is_deactivated:
        raise ControlError("this account is deleted")
    before = world.seq
    done = action(world, user, body)
    named = [done.get("bot"), *(body.get(name) for name in ("to", "in", "bot"))]
    bots = [bot for bot in (find_bot(world, reference) for reference in named if reference) if bot is not None]
    if bots:
        world.dialog(bots[0], user).acted_after = before
    return {"update_ids": [], **done, "seq": world.seq}


def _write(world: World, user: User, chat: Chat, contents: list[Content], drafts: list[Draft]) -> list[Message]:
    """Store a person's messages in `chat`; no updates are queued yet."""
    if isinstance(chat, Dialog):
        if chat.is_blocked:
            raise ControlError("the person blocked this bot; unblock it first")
        chat.is_started = chat.is_seen = True
    else:
        _require_may_write(chat, user)
    return [store(world, chat, content, user, draft) for content, draft in zip(contents, drafts, strict=True)]


def _require_may_write(chat: Chat, user: User) -> None:
    member = chat.members.get(user.id)
    if chat.is_gone or member is None or not member.is_inside:
        raise ControlError("the person is not in this chat")
    if chat.type == "channel" and not member.may("can_post_messages"):
        raise ControlError("the person may not post in this channel")
    if member.status == "restricted" and not member.rights.get("can_send_messages", False):
        raise ControlError("the person is restricted in this chat")


def _announced(world: World, messages: list[Message], order: list[int] | None = None) -> Json:
    ids = []
    for index in order or range(len(messages)):
        ids += announce(world, messages[index])
    chat = messages[0].chat
    bot = chat.bot if isinstance(chat, Dialog) else None
    return {"messages": [shown_message(message, bot) for message in messages], "update_ids": ids}


def _single(announced: Json) -> Json:
    return {"message": announced["messages"][0], "update_ids": announced["update_ids"]}


def _signed(chat: Chat, user: User) -> Draft:
    return Draft(author_signature=user.first_name if chat.type == "channel" else None)


def _text(world: World, user: User, body: Json) -> Json:
    chat = get_target_chat(world, user, body.get("to"))
    content = Content("text", *written(need_text(body, "text"), find_objects(body, "entities")))
    return _single(_announced(world, _write(world, user, chat, [content], [_signed(chat, user)])))


def _media(world: World, user: User, body: Json) -> Json:
    chat = get_target_chat(world, user, body.get("to"))
    return _single(_announced(world, _write(world, user, chat, [media(world, body)], [_signed(chat, user)])))


def _album(world: World, user: User, body: Json) -> Json:
    chat = get_target_chat(world, user, body.get("to"))
    items = find_objects(body, "items")
    if not 2 <= len(items) <= 10:
        raise ControlError("an album has 2 to 10 items")
    contents = [media(world, item) for item in items]
    kinds = {content.kind for content in contents}
    if not kinds <= ALBUM_KINDS or (len(kinds) > 1 and kinds & {"audio", "document"}):
        raise ControlError("an album has photos and videos, or only documents, or only audio")
    order = [as_int(index, "order") for index in find_list(body, "order")]
    if order and sorted(order) != list(range(len(items))):
        raise ControlError('"order" must name each index once')
    draft = _signed(chat, user)
    draft.media_group_id = world.random_id()
    return _announced(world, _write(world, user, chat, contents, [draft] * len(contents)), order)


def _forward(world: World, user: User, body: Json) -> Json:
    chat = get_target_chat(world, user, body.get("to"))
    source = get_target_chat(world, user, body.get("from_chat"))
    if not may_see(source, user):
        raise ControlError("the person does not see that chat")
    messages = [_get_message(source, message_id) for message_id in find_list(body, "message_ids")]
    if not messages:
        raise ControlError('"message_ids" is empty')
    if any(is_protected(message) or not is_copyable(message) for message in messages):
        raise ControlError("a message there can't be forwarded")
    hidden = _hidden_origin(world, body)
    drafts = []
    for message, group_id in zip(messages, album_ids(world, messages), strict=True):
        draft = _signed(chat, user)
        draft.forward_origin, draft.media_group_id = hidden or origin_of(message), group_id
        drafts.append(draft)
    return _announced(world, _write(world, user, chat, [message.content for message in messages], drafts))


def _hidden_origin(world: World, body: Json) -> Json | None:
    """The origin of a forward from somebody who hides their account: `hidden_name`, which may be empty.

    Without a name the server leaves out `sender_user_name` (telegram-bot-api Client.cpp), which aiogram requires.
    """
    if "hidden_name" not in body:
        return None
    name = find_text(body, "hidden_name")
    return {"date": world.now(), "type": "hidden_user"} | ({"sender_user_name": name} if name else {})


def _get_message(chat: Chat, message_id: Any) -> Message:
    message = chat.messages.get(as_int(message_id, "message_id"))
    if message is None or message.deleted_at is not None:
        raise ControlError(f"there is no message {message_id} in that chat", 404)
    return message


def _press(world: World, user: User, body: Json) -> Json:
    return press(world, user, get_target_chat(world, user, body.get("in")), body)


def _forge(world: World, user: User, body: Json) -> Json:
    return forge(world, user, world.dialog(get_bot(world, body.get("in")), user), body)


def _link(world: World, user: User, body: Json) -> Json:
    chat_id = body.get("chat_id")
    return open_link(world, user, need_text(body, "url"), None if chat_id is None else as_int(chat_id, "chat_id"))


def _block(world: World, user: User, body: Json) -> Json:
    return {"update_ids": set_blocked(world, world.dialog(get_bot(world, body.get("bot")), user), True)}


def _unblock(world: World, user: User, body: Json) -> Json:
    dialog = world.dialog(get_bot(world, body.get("bot")), user)
    ids = set_blocked(world, dialog, False)
    world.calls.forgive(dialog.bot.id, user.id)
    if not body.get("restart"):
        return {"update_ids": ids}
    sent = send_to_bot(world, dialog, "/start")
    return {"message": sent["message"], "update_ids": ids + sent["update_ids"]}


def _delete(world: World, user: User, body: Json) -> Json:
    """A person may delete any message of a private chat, elsewhere their own, and with the right those of others."""
    chat = get_target_chat(world, user, body.get("in"))
    messages = [_get_message(chat, message_id) for message_id in find_list(body, "message_ids")]
    member = chat.members.get(user.id)
    may_all = isinstance(chat, Dialog) or (member is not None and member.may("can_delete_messages"))
    if not all(may_all or message.sender is user for message in messages):
        raise ControlError("the person may not delete that")
    for message in messages:
        delete(world, message)
    return {}


def _clear(world: World, user: User, body: Json) -> Json:
    dialog = world.dialog(get_bot(world, body.get("in")), user)
    for message in dialog.messages.values():
        if message.deleted_at is None:
            delete(world, message)
    return {}


def _deactivate(world: World, user: User, body: Json) -> Json:
    world.retire(user)
    return {}


_ACTIONS: dict[str, Action] = {
    "text": _text,
    "media": _media,
    "album": _album,
    "forward": _forward,
    "press": _press,
    "forge_callback": _forge,
    "link": _link,
    "block": _block,
    "unblock": _unblock,
    "delete": _delete,
    "clear": _clear,
    "join": join,
    "leave": leave,
    "request_join": request_join,
    "approve": approve_request,
    "decline": decline_request,
    "deactivate": _deactivate,
    "pin": pin,
    "set_timer": set_timer,
    "revoke_link": revoke_link,
}
