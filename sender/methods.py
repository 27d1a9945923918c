"""Which limits apply to a Bot API method. By its name only: knows nothing of aiogram."""

from collections.abc import Collection
from dataclasses import dataclass

#: not counted by Telegram: answers to buttons (levlam in td#648, BOTAPI §6.1) and reading
_UNMETERED = ("get", "answerCallbackQuery")
#: counted as messages in their chat: sends and edits share the limit, pins make a message (BOTAPI §6.1, §6.4)
_IN_CHAT = ("send", "copy", "forward", "editMessage", "pin", "unpin", "stop")
_NOT_IN_CHAT = frozenset({"sendChatAction"})
#: the list parameter with one element per message the call makes
_ITEMS = {"sendMediaGroup": "media", "copyMessages": "message_ids", "forwardMessages": "message_ids"}


@dataclass(frozen=True, slots=True)
class Kind:
    """How one method is limited."""

    #: the Bot API name, as in `sendMessage`
    name: str
    #: counts against the bot's rate limit
    is_metered: bool
    #: counts as a message in its chat
    is_in_chat: bool
    #: sends a text of the bot's own; inside `lanes.at_least_once` it is repeated when its answer was lost
    is_sentence: bool
    #: has a `chat_id` parameter
    has_chat: bool
    #: the list parameter whose length is the number of messages; None when a call makes one
    items_in: str | None


def kind_of(name: str, parameters: Collection[str]) -> Kind:
    """Return the kind of the method `name`. An unknown one is metered."""
    return Kind(
        name=name,
        is_metered=not name.startswith(_UNMETERED),
        is_in_chat=name.startswith(_IN_CHAT) and name not in _NOT_IN_CHAT,
        is_sentence=name == "sendMessage",
        has_chat="chat_id" in parameters,
        items_in=_ITEMS.get(name),
    )
