"""The state of the local Telegram: bots, people, chats, their relations and messages. Lookups are O(1)."""

import random
from collections.abc import Callable
from typing import Any

from sandbox.errors import unauthorized
from sandbox.shortener.shortener import Shortener
from sandbox.state.calls import CallLog
from sandbox.state.clock import Clock
from sandbox.state.faults import Faults
from sandbox.state.files import FileStore
from sandbox.state.flood import Flood
from sandbox.state.records import Bot, Callback, Chat, Config, Dialog, Message, User
from sandbox.state.restarts import Restarts
from sandbox.state.signals import Events, Signal
from sandbox.state.update_queue import UpdateQueue
from sandbox.state.webhook import Webhook

Json = dict[str, Any]

#: Updates start at a random id of at least this (BOTAPI §2.2).
FIRST_UPDATE_ID = 2_000_001
#: Button presses kept; the oldest is dropped.
MAX_CALLBACKS = 20_000


class World:
    """The whole state. One instance lives as long as the server; `clear` empties it."""

    def __init__(self, seed: int | None = None) -> None:
        self.clock = Clock()
        self.events = Events()
        self.config = Config()
        self.faults = Faults()
        self.restarts = Restarts()
        self.shortener = Shortener()
        #: Fires at every change anywhere.
        self.changed = Signal()
        self.bots: dict[int, Bot] = {}
        #: Called with a bot whose webhook was set or removed, while the server runs.
        self.on_webhook: Callable[[Bot], None] | None = None
        self.clear(seed)

    def clear(self, seed: int | None = None) -> None:
        """Remove everything, and restart the random numbers from `seed`."""
        for bot in self.bots.values():
            bot.queue.stop_waiting(unauthorized())
            self.set_webhook(bot, None)
        self.rng = random.Random(seed)  # noqa: S311 - repeatable ids, no secrets
        self.seq = 0
        self.bots = {}
        self.bots_by_token: dict[str, Bot] = {}
        self.users: dict[int, User] = {}
        self.chats: dict[int, Chat] = {}
        self.dialogs: dict[tuple[int, int], Dialog] = {}
        #: Lower-cased username -> chat, bot or person.
        self.names: dict[str, Chat | Bot | User] = {}
        self.links: dict[str, Chat] = {}
        self.callbacks: dict[str, Callback] = {}
        self.files = FileStore()
        self.calls = CallLog()
        self.flood = Flood()
        self.faults.remove()
        self.restarts.end()
        self.shortener.clear()
        self.clock.reset()
        self._notify_members_changed()

    def now(self) -> int:
        """Sandbox time in whole unix seconds, the form of the Bot API."""
        return int(self.clock.now())

    def add_bot(self, token: str, username: str, first_name: str, role: str | None = None) -> Bot:
        """Register a bot; its id is the part of the token before the colon."""
        bot_id = int(token.partition(":")[0])
        queue = UpdateQueue(self.rng.randrange(FIRST_UPDATE_ID, 900_000_000))
        bot = Bot(bot_id, token, username, first_name, queue, self.clock.now(), role)
        self.bots[bot_id] = bot
        self.bots_by_token[token] = bot
        self.names[username.lower()] = bot
        self._notify_members_changed()
        return bot

    def add_user(self, user: User) -> User:
        """Register a person."""
        self.users[user.id] = user
        if user.username:
            self.names[user.username.lower()] = user
        self._notify_members_changed()
        return user

    def add_chat(self, chat: Chat) -> Chat:
        """Register a channel or a group."""
        self.chats[chat.id] = chat
        if chat.username:
            self.names[chat.username.lower()] = chat
        self._notify_members_changed()
        return chat

    def retire(self, user: User) -> None:
        """Delete a person's account: it loses its names and is unreachable for every bot."""
        if user.username:
            self.names.pop(user.username.lower(), None)
        user.is_deactivated, user.first_name, user.last_name, user.username = True, "Deleted Account", None, None
        self._notify_members_changed()

    def set_webhook(self, bot: Bot, webhook: Webhook | None) -> None:
        """Post the updates of `bot` to `webhook` from now on; None: it polls."""
        bot.webhook = webhook
        if self.on_webhook is not None:
            self.on_webhook(bot)

    def bot_changed(self, bot: Bot) -> None:
        """Tell waiting calls and the pages that `bot` has changed its commands, texts, picture or menu button."""
        self.changed.fire()
        self.events.publish({"seq": self.seq, "kind": "bot", "bot": bot.id})

    def _notify_members_changed(self) -> None:
        """Wake waiting calls and tell the pages that bots, people or chats were added or removed."""
        self.changed.fire()
        self.events.publish({"seq": self.seq, "kind": "member"})

    def dialog(self, bot: Bot, user: User) -> Dialog:
        """Return the private chat of a bot and a person; a new one is created, not seen and not started."""
        key = (bot.id, user.id)
        found = self.dialogs.get(key)
        if found is None:
            found = self.dialogs[key] = Dialog(user.id, "private", bot=bot, user=user)
        return found

    def find_named(self, name: str) -> Chat | Bot | User | None:
        """Return the chat, bot or person with this username (with or without @, in any case); None without one."""
        return self.names.get(name.removeprefix("@").lower())

    def find_message(self, bot: Bot | None, chat: Chat, message_id: int) -> Message | None:
        """Return the message with that id in `chat`, in the numbering of `bot`; None if it is unknown or deleted."""
        if chat.type == "group" and bot is not None:
            message = bot.group_messages.get(message_id)
            if message is not None and message.chat is not chat:
                return None
        else:
            message = chat.messages.get(message_id)
        return None if message is None or message.deleted_at is not None else message

    def next_message_id(self, counter: Bot | Chat) -> int:
        """Return the next message id of a bot's counter (with random gaps) or of a chat's own."""
        gaps = self.config.id_gaps
        gap = self.rng.randint(0, gaps) if gaps and isinstance(counter, Bot) else 0
        counter.last_message_id += 1 + gap
        return counter.last_message_id

    def add_callback(self, callback: Callback) -> None:
        """Store a pressed button; above MAX_CALLBACKS the oldest is dropped."""
        self.callbacks[callback.id] = callback
        if len(self.callbacks) > MAX_CALLBACKS:
            del self.callbacks[next(iter(self.callbacks))]

    def random_id(self) -> str:
        """A random id as a decimal string, the form of callback and media group ids (BOTAPI §4.2)."""
        return str(self.rng.randrange(10**16, 10**17))

    def touch(self, chat: Chat, kind: str, message: Message | None = None) -> int:
        """Record a change in `chat` (of `message`), wake waiting calls and tell the pages. Returns its number."""
        self.seq += 1
        chat.seq = self.seq
        if message is not None:
            message.seq = self.seq
            chat.changes.pop(message.id, None)
            chat.changes[message.id] = message
        chat.changed.fire()
        self.changed.fire()
        if self.events.has_listeners:
            self.events.publish(_event(self.seq, kind, chat))
        return self.seq


def _event(seq: int, kind: str, chat: Chat) -> Json:
    if isinstance(chat, Dialog):
        return {"seq": seq, "kind": kind, "user": chat.user.id, "bot": chat.bot.id}
    return {"seq": seq, "kind": kind, "chat": chat.id}
