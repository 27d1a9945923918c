"""The state of the local Telegram: bots, people, chats, their relations and messages. Lookups are O(1)."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import unauthorized
from sandbox.shortener.shortener import Shortener
from sandbox.state.calls import CallLog
from sandbox.state.clock import Clock
from sandbox.state.faults import Faults
from sandbox.state.files import FileStore, StoredFile
from sandbox.state.flood import Flood, Limits
from sandbox.state.restarts import Restarts
from sandbox.state.signals import Events, Signal
from sandbox.state.update_queue import DEFAULT_UPDATES, UpdateQueue
from sandbox.state.webhook import Webhook

Json = dict[str, Any]

#: Updates start at a random id of at least this (BOTAPI §2.2).
FIRST_UPDATE_ID = 2_000_001
#: Toasts kept per chat; the oldest is dropped.
MAX_TOASTS = 200
#: Button presses kept; the oldest is dropped.
MAX_CALLBACKS = 20_000

#: Telegram's code, TDLib's words, and those of older servers (today only for an id that is no number above 0).
UNKNOWN_MEMBER = ("PARTICIPANT_ID_INVALID", "member not found", "invalid user_id specified")


#: Of a list of commands: kind of scope, chat, person (0 for none) and language ("" for every other one).
CommandScope = tuple[str, int, int, str]


@dataclass(slots=True)
class Config(Limits):
    """The settings (`POST /control/config`)."""

    latency_ms: int = 0
    #: Whether repeated getUpdates with the same offset are slowed down (row 4).
    anti_spin: bool = False
    #: How long a button press can be answered; Telegram's real window is unknown (about 15 s).
    callback_window_s: float = 15.0
    log_calls: bool = True
    #: Largest random gap between a bot's message ids; 0 for none.
    id_gaps: int = 3
    #: Whether a bot may delete in the chat of a person who blocked it; Telegram's answer is unknown.
    delete_when_blocked: bool = True
    #: Whether copying protected messages works; TDLib allows it, Telegram may not.
    copy_protected: bool = True
    #: Telegram's code when it does not: 406 is passed on as CHAT_FORWARDS_RESTRICTED, 400 is put into words.
    copy_protected_code: int = 406
    #: The answer to getChatMember about a person the bot never met, one of UNKNOWN_MEMBER.
    unknown_member: str = "PARTICIPANT_ID_INVALID"
    #: How long a webhook may take to answer (HttpOutboundConnection's idle time-out), real seconds.
    webhook_timeout_s: float = 60.0


@dataclass(slots=True, eq=False)
class User:
    """A person."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    role: str | None = None
    is_deactivated: bool = False
    #: Privacy: voice and video messages are refused.
    forbids_voice: bool = False


@dataclass(slots=True, eq=False)
class Bot:
    """A bot account with its update queue, its message counter and the settings made by its calls."""

    id: int
    token: str
    username: str
    first_name: str
    queue: UpdateQueue
    created_at: float
    role: str | None = None
    last_message_id: int = 0
    allowed_updates: frozenset[str] = DEFAULT_UPDATES
    webhook: Webhook | None = None
    #: setWebhook is refused before this time
    set_webhook_from: float = 0.0
    is_logged_out: bool = False
    #: Messages of basic groups by this bot's own ids (row 8).
    group_messages: dict[int, "Message"] = field(default_factory=dict)
    #: Public chats this bot has addressed by their username.
    known_chats: set[int] = field(default_factory=set)
    commands: dict[CommandScope, list[Json]] = field(default_factory=dict)
    #: Name, description and short description by (which, language code).
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    photo: StoredFile | None = None
    #: Menu buttons by person; 0: of everybody without an own one.
    menu_buttons: dict[int, Json] = field(default_factory=dict)
    #: Last getUpdates: offset and monotonic time, for the anti-spin rule.
    last_poll: tuple[int, float] = (0, -1e9)
    #: Whether it ever called getUpdates.
    has_polled: bool = False

    @property
    def takes_updates(self) -> bool:
        """Whether it ever asked for updates, or has a webhook."""
        return self.has_polled or self.webhook is not None

    @property
    def has_news(self) -> bool:
        """Whether updates wait that it has not seen; of a webhook: that it has not taken."""
        return bool(len(self.queue)) if self.webhook is not None else self.queue.has_unseen

    def text(self, name: str, language: str | None) -> str:
        """Name, description or short description as somebody with this language reads it."""
        default = self.first_name if name == "name" else ""
        return self.texts.get((name, language or "")) or self.texts.get((name, ""), default)

    def menu_button(self, user_id: int) -> Json:
        """The menu button in the private chat of a person; 0: of everybody without an own one."""
        return self.menu_buttons.get(user_id) or self.menu_buttons.get(0) or {"type": "default"}


@dataclass(slots=True, eq=False)
class Member:
    """The membership of a person or bot in a chat; `rights` are for administrators and restricted members."""

    id: int
    status: str
    rights: dict[str, bool] = field(default_factory=dict)
    until_date: int = 0

    @property
    def is_inside(self) -> bool:
        """Whether they are in the chat now."""
        return self.status in ("creator", "administrator", "member") or (
            self.status == "restricted" and self.rights.get("is_member", True)
        )

    def may(self, right: str) -> bool:
        """Whether it is the creator, or an administrator with `right`."""
        return self.status == "creator" or (self.status == "administrator" and self.rights.get(right, False))


@dataclass(slots=True, eq=False)
class InviteLink:
    """An invite link of a chat; `creator_id` is a bot's or a person's id."""

    url: str
    creator_id: int
    name: str | None = None
    expire_date: int | None = None
    member_limit: int | None = None
    creates_join_request: bool = False
    is_primary: bool = False
    is_revoked: bool = False
    joined: int = 0


@dataclass(slots=True)
class Content:
    """The content of a message. `extra` has Bot API fields that are the same for every bot."""

    kind: str
    text: str = ""
    entities: list[Json] = field(default_factory=list)
    file: StoredFile | None = None
    extra: Json = field(default_factory=dict)
    has_spoiler: bool = False
    is_caption_above: bool = False

    @property
    def is_text(self) -> bool:
        """Whether `text` is the message itself rather than a caption."""
        return self.kind == "text"

    @property
    def is_service(self) -> bool:
        """Whether it is a service message: pinned, joined, shared…"""
        return self.kind == "service"


@dataclass(slots=True, eq=False)
class Message:
    """One message. After its deletion it is kept, with `deleted_at`."""

    chat: "Chat"
    id: int
    date: int
    content: Content
    #: The person or bot who wrote it; None for channel posts.
    sender: "User | Bot | None"
    #: The bot that sent it, None for people's messages.
    bot_id: int | None = None
    markup: Json | None = None
    #: The kind of reply markup it was sent with, unless that is an inline keyboard (row 16).
    other_markup: str | None = None
    media_group_id: str | None = None
    is_protected: bool = False
    #: Sent with `disable_notification`.
    is_silent: bool = False
    forward_origin: Json | None = None
    author_signature: str | None = None
    reply_to: "Message | None" = None
    edit_date: int | None = None
    deleted_at: float | None = None
    edits: int = 0
    seq: int = 0
    is_undeletable: bool = False
    #: Its ids in the bots' own numbering, for basic groups.
    aliases: dict[int, int] = field(default_factory=dict)

    def id_for(self, bot: Bot | None) -> int:
        """The message_id of this message for `bot`."""
        return self.aliases.get(bot.id, self.id) if bot is not None and self.aliases else self.id


@dataclass(slots=True, eq=False)
class Chat:
    """A channel, a supergroup or a basic group."""

    id: int
    type: str
    title: str = ""
    username: str | None = None
    members: dict[int, Member] = field(default_factory=dict)
    #: Bots in the chat, so that queuing updates needs no scan over all members.
    bot_ids: set[int] = field(default_factory=set)
    messages: dict[int, Message] = field(default_factory=dict)
    #: Messages in the order of their last change.
    changes: dict[int, Message] = field(default_factory=dict)
    #: Visible messages with an inline keyboard, oldest first.
    keyboards: dict[int, Message] = field(default_factory=dict)
    last_message_id: int = 0
    seq: int = 0
    changed: Signal = field(default_factory=Signal)
    is_gone: bool = False
    is_protected: bool = False
    invite_links: dict[str, InviteLink] = field(default_factory=dict)
    #: Open join requests: person -> the link they used.
    join_requests: dict[int, InviteLink | None] = field(default_factory=dict)
    pinned: list[Message] = field(default_factory=list)

    @property
    def has_own_counter(self) -> bool:
        """Whether the chat numbers its messages itself, the same for every bot (row 8)."""
        return self.type in ("channel", "supergroup")


@dataclass(slots=True, eq=False, kw_only=True)
class Dialog(Chat):
    """The private chat of a person and a bot."""

    bot: Bot
    user: User
    #: The person has pressed Start or written (row 9).
    is_started: bool = False
    is_blocked: bool = False
    #: The bot has had contact with the person in some chat.
    is_seen: bool = False
    #: Until when a join request lets the bot write first, unix seconds.
    open_until: float = 0.0
    reply_keyboard: list[list[Json]] | None = None
    is_one_time_keyboard: bool = False
    toasts: list[Json] = field(default_factory=list)
    typing_until: float = 0.0
    #: The number of the last change before the person's last action towards this bot.
    acted_after: int = 0


@dataclass(slots=True, eq=False)
class Callback:
    """A pressed button, which the bot has to answer."""

    id: str
    bot: Bot
    user: User
    pressed_at: float
    is_answered: bool = False


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
