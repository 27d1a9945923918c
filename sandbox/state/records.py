"""The records of the local Telegram: settings, bots, people, chats, their relations and messages."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.state.files import StoredFile
from sandbox.state.flood import Limits
from sandbox.state.signals import Signal
from sandbox.state.update_queue import DEFAULT_UPDATES, UpdateQueue
from sandbox.state.webhook import Webhook

Json = dict[str, Any]

#: Toasts kept per chat; the oldest is dropped.
MAX_TOASTS = 200

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
        """Name, description or short description as a person with this language reads it."""
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
