"""What each Bot API method is to the sender. By name only: knows nothing of aiogram."""

from collections.abc import Collection
from dataclasses import dataclass

#: repeating these does no harm: the second time changes nothing or is refused (BOTAPI §2.6-2.8)
_REPEATABLE = ("delete", "edit", "get", "answer", "set", "pin", "unpin", "approve", "decline", "sendChatAction")
#: not counted by Telegram: answers to buttons (levlam in td#648, BOTAPI §6.1) and reading
_UNMETERED = ("get", "answerCallbackQuery")
#: what counts as a message in its chat: sends and edits share the limit, pins make a message (BOTAPI §6.1, §6.4)
_IN_CHAT = ("send", "copy", "forward", "editMessage", "pin", "unpin", "stop")
_NOT_IN_CHAT = frozenset({"sendChatAction"})
#: the parameter that tells how many messages one call makes
_ITEMS = {"sendMediaGroup": "media", "copyMessages": "message_ids", "forwardMessages": "message_ids"}


@dataclass(frozen=True, slots=True)
class Kind:
    """What the sender knows of a method."""

    #: the Bot API name, as in `sendMessage`
    name: str
    #: counts against the bot's ceiling
    is_metered: bool
    #: counts as a message in its chat
    is_in_chat: bool
    #: may be repeated when nobody knows whether it was done
    is_repeatable: bool
    #: has a `chat_id` parameter
    has_chat: bool
    #: the list parameter whose length is the number of messages; None when a call makes one
    items_in: str | None


def kind_of(name: str, parameters: Collection[str]) -> Kind:
    """Sort a method by its Bot API `name`. A name unknown to the lists is metered and never repeated blindly."""
    return Kind(
        name=name,
        is_metered=not name.startswith(_UNMETERED),
        is_in_chat=name.startswith(_IN_CHAT) and name not in _NOT_IN_CHAT,
        is_repeatable=name.startswith(_REPEATABLE),
        has_chat="chat_id" in parameters,
        items_in=_ITEMS.get(name),
    )
