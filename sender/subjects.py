"""What a refusal is about: decided by the failure, the method and the chat asked about together."""

from enum import StrEnum

from sender.refusals import Failure


class Subject(StrEnum):
    """What a refusal is about. A closed list."""

    #: the subscriber: blocked the bot, deleted the account, never started it, accepts no voice messages
    PERSON = "person"
    #: what is sent: too long, empty, its file or message is gone, not copyable
    CONTENT = "content"
    #: the channel that keeps the content: lost, no right, restricts saving
    STORAGE_CHANNEL = "storage_channel"
    #: a channel to join: lost, no right, does not list its members
    REQUIRED_CHANNEL = "required_channel"
    #: the message or button press the call names: gone, too old, unchanged
    MESSAGE = "message"
    #: the bot: its token is refused, or another process uses it
    BOT = "bot"
    #: how often calls are made
    RATE = "rate"
    #: no answer, or a text nobody knows
    UNKNOWN = "unknown"


class ChatRole(StrEnum):
    """What the chat of a call is to us; for a copy or forward, the chat it goes to. A closed list."""

    #: the private chat of a subscriber or an admin
    PERSON = "person"
    STORAGE = "storage"
    REQUIRED = "required"


_BY_FAILURE = {
    Failure.BLOCKED: Subject.PERSON,
    Failure.DEACTIVATED: Subject.PERSON,
    Failure.VOICE_FORBIDDEN: Subject.PERSON,
    Failure.NOT_A_MEMBER: Subject.PERSON,
    Failure.UNKNOWN_PERSON: Subject.PERSON,
    Failure.SOURCE_GONE: Subject.CONTENT,
    Failure.CONTENT: Subject.CONTENT,
    Failure.GONE: Subject.MESSAGE,
    Failure.UNDELETABLE: Subject.MESSAGE,
    Failure.UNEDITABLE: Subject.MESSAGE,
    Failure.NOT_MODIFIED: Subject.MESSAGE,
    Failure.STALE_QUERY: Subject.MESSAGE,
    Failure.UNAUTHORIZED: Subject.BOT,
    Failure.CONFLICT: Subject.BOT,
    Failure.FLOOD: Subject.RATE,
    Failure.TRANSIENT: Subject.UNKNOWN,
    Failure.AMBIGUOUS: Subject.UNKNOWN,
    Failure.OTHER: Subject.UNKNOWN,
}
_BY_CHAT = {
    ChatRole.PERSON: Subject.PERSON,
    ChatRole.STORAGE: Subject.STORAGE_CHANNEL,
    ChatRole.REQUIRED: Subject.REQUIRED_CHANNEL,
}
_COPIES = ("copy", "forward")


def subject_of(failure: Failure, method: str, chat: ChatRole) -> Subject:
    """Return what a call of the Bot API method `method` that failed is about. Every failure has a subject.

    UNREACHABLE after a copy to a person names them, although it may be the storage channel: both give the same text.
    Who needs to know asks for the channel (getChat) and then about that answer.
    """
    known = _BY_FAILURE.get(failure)
    if known is not None:
        return known
    copies_to_person = method.startswith(_COPIES) and chat is ChatRole.PERSON
    if failure is Failure.SAVING_RESTRICTED:
        # subscribers get copies from the storage channel; what is stored there comes from an admin's chat
        return Subject.STORAGE_CHANNEL if copies_to_person else Subject.CONTENT
    # KICKED, MIGRATED, UNREACHABLE: a chat. In a private chat a bot has no place or right to lose
    if copies_to_person and failure is not Failure.UNREACHABLE:
        return Subject.STORAGE_CHANNEL
    return _BY_CHAT[chat]
