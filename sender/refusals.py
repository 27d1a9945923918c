"""What Telegram's error texts mean. Text only: knows nothing of aiogram, so it is cheap to import.

Source of the texts: BOTAPI §2.9 (tdlib/telegram-bot-api `Client.cpp`, TDLib `MessagesManager.cpp`).
"""

import re
from enum import StrEnum


class Failure(StrEnum):
    """Why a call to Telegram failed, by what the caller can do next."""

    #: the person blocked the bot: stop writing to them until they come back
    BLOCKED = "blocked"
    #: the account is deleted: never write to it again
    DEACTIVATED = "deactivated"
    #: this bot cannot open that chat (never started, never seen, wrong id)
    UNREACHABLE = "unreachable"
    #: the bot is not in the chat any more or lacks the right: the owner has to act
    KICKED = "kicked"
    #: what should be copied or forwarded is not there or may not be copied
    SOURCE_GONE = "source_gone"
    #: the message the call names is not there: nothing is left to do
    GONE = "gone"
    #: Telegram will not delete that message (too old, no right): giving up is final
    UNDELETABLE = "undeletable"
    #: Telegram will not edit that message: send a new one
    UNEDITABLE = "uneditable"
    #: the edit changed nothing: as good as done
    NOT_MODIFIED = "not_modified"
    #: the button was pressed too long ago to be answered
    STALE_QUERY = "stale_query"
    #: what is sent is at fault: it fails for everybody
    CONTENT = "content"
    #: the group has a new id
    MIGRATED = "migrated"
    #: flood control: repeat after `retry_after`
    FLOOD = "flood"
    #: nothing was done: the same call may be repeated
    TRANSIENT = "transient"
    #: it may or may not have been done: never repeat what creates something
    AMBIGUOUS = "ambiguous"
    #: the bot token is refused
    UNAUTHORIZED = "unauthorized"
    #: a second process polls with this token, or a webhook is set
    CONFLICT = "conflict"
    #: anything else: a bug of ours or news from Telegram
    OTHER = "other"


_PREFIX = re.compile(r"^(bad request|forbidden|unauthorized|internal server error|conflict|not found): ", re.IGNORECASE)
_WRAPPED = re.compile(r'^failed to send message #(\d+) with the error message "(.*)"', re.IGNORECASE | re.DOTALL)
_RETRY_AFTER = re.compile(r"^too many requests: retry after (\d+)", re.IGNORECASE)

#: how a text begins (lower case, without "Bad Request: "); beginnings, because what follows may quote foreign words
_BEGINNINGS: dict[Failure, tuple[str, ...]] = {
    Failure.BLOCKED: ("bot was blocked by the user", "user_is_blocked"),
    Failure.DEACTIVATED: ("user is deactivated", "input_user_deactivated", "user_deactivated"),
    Failure.UNREACHABLE: (
        "bot can't initiate conversation",
        "the bot can't send messages to the bot",
        "bot can't send messages to bots",
        "bot can't send messages to the bot",
        "user_is_bot",
        "chat not found",
        "private chat not found",
        "user not found",
        "peer_id_invalid",
        "chat_id_invalid",
        "user_id_invalid",
    ),
    Failure.KICKED: (
        "bot was kicked",
        "bot is not a member",
        "the group chat was deleted",
        "have no write access",
        "can't access the chat",
        "need administrator rights",
        "not enough rights",
        "have no rights",
        "member list is inaccessible",
        "chat_admin_required",
        "chat_write_forbidden",
        "chat_restricted",
        "chat_send_",
        "chat_guest_send_forbidden",
        "channel_private",
        "channel_invalid",
        "user_banned_in_channel",
        "topic_closed",
    ),
    Failure.SOURCE_GONE: (
        "message to copy not found",
        "message to forward not found",
        "there are no messages to forward",
        "messages can't be forwarded",
        "messages can't be copied",
        "message has protected content",
        "the message can't be copied",
        "the message can't be forwarded",
        "message can't be copied",
        "message can't be forwarded",
        "chat_forwards_restricted",
    ),
    Failure.GONE: (
        "message to delete not found",
        "message to edit not found",
        "message to pin not found",
        "message to unpin not found",
        "message to react not found",
        "message to be replied not found",
        "message thread not found",
        "message not found",
        "message poll not found",
        "message_id_invalid",
        "msg_id_invalid",
    ),
    Failure.UNDELETABLE: ("message can't be deleted", "message_delete_forbidden"),
    Failure.UNEDITABLE: ("message can't be edited", "message_edit_time_expired", "message_author_required"),
    Failure.NOT_MODIFIED: ("message is not modified", "message_not_modified"),
    Failure.STALE_QUERY: ("query is too old", "query_id_invalid", "query id is invalid"),
    Failure.CONTENT: (
        "message text is empty",
        "text must be non-empty",
        "message must be non-empty",
        "message is too long",
        "message caption is too long",
        "caption is too long",
        "text is too long",
        "message_too_long",
        "message_empty",
        "can't parse",
        "unsupported parse_mode",
        "strings must be encoded",
        "entity_",
        "entities_",
        "wrong file identifier",
        "wrong remote file identifier",
        "can't use file of type",
        "wrong http url",
        "failed to get http url content",
        "wrong type of the web page content",
        "can't upload file by url",
        "file is too big",
        "file must be non-empty",
        "invalid file_id",
        "wrong file_id",
        "photo has unsupported extension",
        "photo_",
        "image_process_failed",
        "media_",
        "webpage_",
        "button_",
        "reply_markup_",
        "reply markup is too long",
        "inline keyboard",
        "object expected as",
        "can't use the media",
        "document can't be mixed",
        "too many messages to send as an album",
        "there are no messages to send",
        "request entity too large",
        'parameter "',
    ),
    Failure.MIGRATED: ("group chat was upgraded",),
    Failure.FLOOD: ("too many requests",),
    Failure.AMBIGUOUS: ("group send failed", "sent message was immediately deleted"),
}
#: whole texts, where a beginning would say too much ("Not Found: method not found" is a bug of ours)
_WHOLE: dict[str, Failure] = {
    "unauthorized": Failure.UNAUTHORIZED,
    "logged out": Failure.UNAUTHORIZED,
    # the cloud's answer to a malformed token (BOTAPI §1.2)
    "not found": Failure.UNAUTHORIZED,
}
_TABLE: tuple[tuple[str, Failure], ...] = tuple(
    (beginning, failure) for failure, beginnings in _BEGINNINGS.items() for beginning in beginnings
)
#: inside a failed album: repeating could send again what did arrive, so these are not told as repeatable
_UNSAFE_INSIDE = frozenset({Failure.FLOOD, Failure.TRANSIENT, Failure.OTHER})


def failure_of_text(description: str) -> Failure:
    """What Telegram's `description` means; OTHER for a text we do not know.

    A failure of one item of several is told by what is inside only for the first item and only when the same
    call is not going to be repeated because of it; else AMBIGUOUS, because others may have arrived (BOTAPI §2.5).
    """
    text = _PREFIX.sub("", description.strip(), count=1)
    wrapped = _WRAPPED.match(text)
    if wrapped is not None:
        inside = failure_of_text(wrapped[2]) if int(wrapped[1]) == 1 else Failure.AMBIGUOUS
        return Failure.AMBIGUOUS if inside in _UNSAFE_INSIDE else inside
    lowered = text.lower()
    for beginning, failure in _TABLE:
        if lowered.startswith(beginning):
            return failure
    return _WHOLE.get(lowered, Failure.OTHER)


def retry_after_of_text(description: str) -> float | None:
    """The seconds a "Too Many Requests: retry after N" asks for; None for another text."""
    found = _RETRY_AFTER.match(description.strip())
    return float(found[1]) if found is not None else None


_PERMANENT = frozenset({Failure.BLOCKED, Failure.DEACTIVATED, Failure.UNREACHABLE, Failure.KICKED})
_RETRYABLE = frozenset({Failure.FLOOD, Failure.TRANSIENT})


def is_partial(text: str) -> bool:
    """Whether a later message of several failed: the ones before it may have arrived (BOTAPI §2.5)."""
    wrapped = _WRAPPED.match(_PREFIX.sub("", text))
    return wrapped is not None and int(wrapped[1]) > 1


def is_permanent_recipient(failure: Failure) -> bool:
    """True when writing to this chat will fail again until its person or owner does something."""
    return failure in _PERMANENT


def is_retryable(failure: Failure) -> bool:
    """True when the same call, repeated later, cannot do the thing twice."""
    return failure in _RETRYABLE
