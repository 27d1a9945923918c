"""Conversations and channel messages as people see them, and the conditions to wait for in them."""

from typing import Any

from sandbox.chats.commands import visible_commands
from sandbox.chats.objects import message_json
from sandbox.state.records import Bot, Chat, Dialog, Message
from sandbox.state.world import World
from sandbox.text.formatting import to_html

Json = dict[str, Any]


def shown_message(message: Message, bot: Bot | None) -> Json:
    """A Bot API `Message` with additional fields: seq, outgoing, deleted_at, protected, silent, edits, html."""
    by_this_bot = message.bot_id is not None and (bot is None or message.bot_id == bot.id)
    return message_json(message, bot) | {
        "seq": message.seq,
        "outgoing": by_this_bot,
        "deleted_at": message.deleted_at,
        "protected": message.is_protected or message.chat.is_protected,
        "silent": message.is_silent,
        "edits": message.edits,
        "html": to_html(message.content.text, message.content.entities),
    }


def changed_since(chat: Chat, since: int) -> list[Message]:
    """Messages of `chat` that changed after number `since`, sorted by id. The cost is linear in their number."""
    found = []
    for message in reversed(chat.changes.values()):
        if message.seq <= since:
            break
        found.append(message)
    return sorted(found, key=lambda message: message.id)


def transcript(world: World, dialog: Dialog, since: int) -> Json:
    """The conversation, or its changes after number `since`."""
    return {
        "seq": world.seq,
        "messages": [shown_message(message, dialog.bot) for message in changed_since(dialog, since)],
        "reply_keyboard": dialog.reply_keyboard,
        "toasts": [toast for toast in dialog.toasts if toast["seq"] > since],
        "blocked": dialog.is_blocked,
        "typing": dialog.typing_until > world.clock.now(),
        "commands": visible_commands(dialog.bot, dialog, dialog.user),
        "menu_button": dialog.bot.menu_button(dialog.user.id),
    }


def transcripts(world: World, bot: Bot, since: int) -> Json:
    """The messages with `bot` that changed after number `since`, by person."""
    changed = {
        str(dialog.user.id): [shown_message(message, bot) for message in changed_since(dialog, since)]
        for dialog in world.dialogs.values()
        if dialog.bot is bot and dialog.seq > since
    }
    return {"seq": world.seq, "messages": changed}


def chat_messages(world: World, chat: Chat, since: int) -> Json:
    """A channel's or group's messages, or those changed after number `since`."""
    return {"seq": world.seq, "messages": [shown_message(message, None) for message in changed_since(chat, since)]}


class Condition:
    """A condition on a private chat. All given parts have to hold; without any, any change after `since`."""

    def __init__(
        self, dialog: Dialog, since: int, contains: str | None, deleted: int | None, count: int | None
    ) -> None:
        self._dialog = dialog
        self._since = since
        self._contains = contains
        self._deleted = deleted
        self._count = count

    def holds(self) -> bool:
        """Whether the condition is met now."""
        if self._contains is None and self._deleted is None and self._count is None:
            return self._dialog.seq > self._since
        return self._has_text() and self._is_deleted() and self._has_count()

    def _outgoing(self) -> list[Message]:
        bot_id = self._dialog.bot.id
        changed = changed_since(self._dialog, self._since)
        return [message for message in changed if message.bot_id == bot_id and message.deleted_at is None]

    def _has_text(self) -> bool:
        if self._contains is None:
            return True
        texts = [message.content.text for message in self._outgoing()]
        texts += [toast["text"] for toast in self._dialog.toasts if toast["seq"] > self._since]
        return any(self._contains in text for text in texts)

    def _is_deleted(self) -> bool:
        if self._deleted is None:
            return True
        message = self._dialog.messages.get(self._deleted)
        return message is not None and message.deleted_at is not None

    def _has_count(self) -> bool:
        return self._count is None or len(self._outgoing()) >= self._count
