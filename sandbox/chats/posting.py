"""Writing, editing and deleting messages, with the updates for bots (BOTAPI §3, §4.1)."""

from dataclasses import dataclass
from typing import Any

from sandbox.chats.objects import message_json
from sandbox.state.records import Bot, Chat, Content, Dialog, Message, User
from sandbox.state.world import World
from sandbox.text.reply_markup import Markup

Json = dict[str, Any]


@dataclass(slots=True)
class Draft:
    """The attributes of a new message besides its chat, author and content."""

    markup: Markup | None = None
    is_protected: bool = False
    media_group_id: str | None = None
    forward_origin: Json | None = None
    author_signature: str | None = None
    reply_to: Message | None = None
    is_undeletable: bool = False
    is_silent: bool = False


def queue_update(world: World, bot: Bot, kind: str, payload: Json) -> list[int]:
    """Queue an update if the bot receives its kind. Returns the ids of the queued updates: one or none."""
    if kind not in bot.allowed_updates or bot.is_logged_out:
        return []
    update_id = bot.queue.push(kind, payload, world.clock.now())
    world.changed.fire()
    return [] if update_id is None else [update_id]


def store(world: World, chat: Chat, content: Content, author: User | Bot | None, draft: Draft) -> Message:
    """Add a message to `chat` without queuing updates. `author` None: the chat's owner."""
    is_channel = chat.type == "channel"
    message = Message(
        chat=chat,
        id=_next_id(world, chat),
        date=world.now(),
        content=content,
        sender=None if is_channel else author,
        bot_id=author.id if isinstance(author, Bot) else None,
        markup=draft.markup.inline if draft.markup else None,
        other_markup=draft.markup.other if draft.markup else None,
        media_group_id=draft.media_group_id,
        is_protected=draft.is_protected,
        forward_origin=draft.forward_origin,
        author_signature=draft.author_signature,
        reply_to=draft.reply_to,
        is_undeletable=draft.is_undeletable,
        is_silent=draft.is_silent,
    )
    chat.messages[message.id] = message
    if message.markup:
        chat.keyboards[message.id] = message
    if chat.type == "group":
        _number_for_bots(world, message)
    if isinstance(chat, Dialog):
        _update_dialog(chat, message, draft.markup)
    world.touch(chat, "message", message)
    return message


def post(
    world: World, chat: Chat, content: Content, author: User | Bot | None, draft: Draft | None = None
) -> tuple[Message, list[int]]:
    """Add a message and queue it for every bot that can see it. Returns the message and the update ids."""
    message = store(world, chat, content, author, draft or Draft())
    return message, announce(world, message)


def announce(world: World, message: Message) -> list[int]:
    """Queue the new `message` for the bots of its chat, except its author. Returns the update ids."""
    chat = message.chat
    if isinstance(chat, Dialog):
        by_bot = message.bot_id is not None and not message.content.is_service
        return [] if by_bot else queue_update(world, chat.bot, "message", message_json(message, chat.bot))
    kind = "channel_post" if chat.type == "channel" else "message"
    ids = []
    for bot in _audience(world, message):
        ids += queue_update(world, bot, kind, message_json(message, bot))
    return ids


def edit(world: World, message: Message, content: Content, markup: Json | None) -> None:
    """Replace content and keyboard of `message`, and queue the edit for the other bots of the chat."""
    chat = message.chat
    message.content = content
    set_keyboard(message, markup)
    message.edit_date = world.now()
    message.edits += 1
    world.touch(chat, "edited", message)
    if isinstance(chat, Dialog):
        return
    kind = "edited_channel_post" if chat.type == "channel" else "edited_message"
    for bot in _audience(world, message):
        queue_update(world, bot, kind, message_json(message, bot))


def set_keyboard(message: Message, markup: Json | None) -> None:
    """Set the inline keyboard of `message`; None removes it."""
    message.markup = markup
    if markup is None:
        message.chat.keyboards.pop(message.id, None)
    elif message.id not in message.chat.keyboards:
        message.chat.keyboards[message.id] = message


def delete(world: World, message: Message) -> None:
    """Mark `message` as deleted now. Bots get no update, as in Telegram."""
    message.deleted_at = world.clock.now()
    chat = message.chat
    chat.keyboards.pop(message.id, None)
    if message in chat.pinned:
        chat.pinned.remove(message)
    world.touch(chat, "deleted", message)


def _next_id(world: World, chat: Chat) -> int:
    if isinstance(chat, Dialog):
        return world.next_message_id(chat.bot)
    return world.next_message_id(chat)


def _number_for_bots(world: World, message: Message) -> None:
    for bot_id in message.chat.bot_ids:
        bot = world.bots[bot_id]
        own_id = world.next_message_id(bot)
        message.aliases[bot_id] = own_id
        bot.group_messages[own_id] = message


def _update_dialog(dialog: Dialog, message: Message, markup: Markup | None) -> None:
    if message.bot_id is not None:
        dialog.typing_until = 0.0
    if markup is None or not markup.other:
        return
    if markup.kind == "keyboard":
        dialog.reply_keyboard, dialog.is_one_time_keyboard = markup.keyboard, markup.is_one_time
    elif markup.kind == "remove":
        dialog.reply_keyboard = None


def _audience(world: World, message: Message) -> list[Bot]:
    chat = message.chat
    bots = [world.bots[bot_id] for bot_id in chat.bot_ids if bot_id in world.bots]
    if message.content.is_service:
        return bots
    others = [bot for bot in bots if bot.id != message.bot_id]
    if chat.type == "channel":
        return others
    return [] if message.bot_id is not None else [bot for bot in others if _may_read(message, bot)]


def _may_read(message: Message, bot: Bot) -> bool:
    """Privacy mode: administrators get all messages, other bots only commands, mentions and replies to them."""
    member = message.chat.members[bot.id]
    text = message.content.text
    replied = message.reply_to is not None and message.reply_to.bot_id == bot.id
    return member.status == "administrator" or replied or text.startswith("/") or f"@{bot.username}" in text
