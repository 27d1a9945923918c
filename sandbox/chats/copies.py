"""What copies and forwards keep of a message, for bots and people (row 13, BOTAPI §2.5)."""

from collections import Counter
from typing import Any

from sandbox.chats.objects import chat_json, user_json
from sandbox.state.records import Message
from sandbox.state.world import World

Json = dict[str, Any]

#: Kinds that cannot be copied or forwarded (BOTAPI §2.5).
_NOT_COPYABLE = frozenset({"service", "paid_media", "invoice", "quiz"})
_MAX_ALBUM = 10


def is_copyable(message: Message) -> bool:
    """Whether its kind can be copied; protection is checked by `is_protected`."""
    return message.content.kind not in _NOT_COPYABLE


def is_protected(message: Message) -> bool:
    """Whether saving and forwarding are disabled for the message or its chat."""
    return message.is_protected or message.chat.is_protected


def origin_of(message: Message) -> Json:
    """The `forward_origin` of a forward of `message`: its first origin."""
    if message.forward_origin is not None:
        return message.forward_origin
    origin: Json = {"date": message.date}
    if message.chat.type == "channel":
        origin |= {"type": "channel", "chat": chat_json(message.chat), "message_id": message.id}
        return origin | ({"author_signature": message.author_signature} if message.author_signature else {})
    if message.sender is None:
        return origin | {"type": "chat", "sender_chat": chat_json(message.chat)}
    return origin | {"type": "user", "sender_user": user_json(message.sender)}


def album_ids(world: World, messages: list[Message]) -> list[str | None]:
    """The new media_group_id of each message copied in one call.

    An album stays an album, with a new id, when at least two of its items are copied. 2 to 10 documents, or 2 to 10
    audios, become one album even if they were none.
    """
    kinds = {message.content.kind for message in messages}
    if 2 <= len(messages) <= _MAX_ALBUM and kinds in ({"document"}, {"audio"}):
        return [world.random_id()] * len(messages)
    sizes = Counter(message.media_group_id for message in messages)
    new_ids = {old: world.random_id() for old, size in sizes.items() if old is not None and size > 1}
    return [new_ids.get(message.media_group_id) if message.media_group_id else None for message in messages]
