"""Classify Telegram's error texts. Text only: knows nothing of aiogram, so it is cheap to import.

Source of the texts: BOTAPI §2.9 (tdlib/telegram-bot-api `Client.cpp`, TDLib `MessagesManager.cpp`).
"""

import re
from enum import StrEnum


class Failure(StrEnum):
    """Why a call to Telegram failed, by what the caller can do next."""

    #: the user blocked the bot: send nothing until they unblock it
    BLOCKED = "blocked"
    #: the account is deleted: never send to it again
    DEACTIVATED = "deactivated"
    #: this bot cannot open that chat (never started, never seen, wrong id)
    UNREACHABLE = "unreachable"
    #: the bot is no longer in the chat or lacks the right: the owner has to act
    KICKED = "kicked"
    #: the subscriber accepts no voice or video messages from bots, a privacy setting of theirs
    VOICE_FORBIDDEN = "voice_forbidden"
    #: Telegram says that the user is not in the chat
    NOT_A_MEMBER = "not_a_member"
    #: Telegram does not know the user the call names, and says nothing of the chat
    UNKNOWN_PERSON = "unknown_person"
    #: the message to copy or forward is gone or may not be copied
    SOURCE_GONE = "source_gone"
    #: the chat to copy from restricts saving content: nothing in it can be copied
    SAVING_RESTRICTED = "saving_restricted"
    #: the message or link the call names is gone: nothing is left to do
    GONE = "gone"
    #: Telegram will not delete that message (too old, no right): giving up is final
    UNDELETABLE = "undeletable"
    #: Telegram will not edit that message: send a new one
    UNEDITABLE = "uneditable"
    #: the edit changed nothing: counts as done
    NOT_MODIFIED = "not_modified"
    #: the button was pressed too long ago to be answered
    STALE_QUERY = "stale_query"
    #: the content itself is refused: it fails for every recipient
    CONTENT = "content"
    #: the group has a new id
    MIGRATED = "migrated"
    #: flood control: retry after `retry_after`
    FLOOD = "flood"
    #: no connection was made: nothing was done, whatever the call
    TRANSIENT = "transient"
    #: it may or may not have been done; `sender.certainty` says for which calls that matters
    AMBIGUOUS = "ambiguous"
    #: the bot token is refused
    UNAUTHORIZED = "unauthorized"
    #: a second process polls with this token, or a webhook is set
    CONFLICT = "conflict"
    #: anything else: a bug of ours or news from Telegram
    OTHER = "other"


_PREFIX = re.compile(r"^(bad request|forbidden|unauthorized|internal server error|conflict|not found): ", re.IGNORECASE)
_ONE_OF_SEVERAL = re.compile(r'^failed to send message #(\d+) with the error message "(.*)"', re.IGNORECASE | re.DOTALL)
_RETRY_AFTER = re.compile(r"^too many requests: retry after (\d+)", re.IGNORECASE)

#: how a text begins (lower case, without "Bad Request: "); only the beginning, since the rest may quote user input
_BEGINNINGS: dict[Failure, tuple[str, ...]] = {
    Failure.BLOCKED: ("bot was blocked by the user", "user_is_blocked"),
    Failure.DEACTIVATED: ("user is deactivated", "input_user_deactivated", "user_deactivated", "user_deleted"),
    Failure.UNREACHABLE: (
        "bot can't initiate conversation",
        "the bot can't send messages to the bot",
        "bot can't send messages to bots",
        "bot can't send messages to the bot",
        "user_is_bot",
        "chat not found",
        "private chat not found",
        "peer_id_invalid",
        "chat_id_invalid",
    ),
    # "user restricted receiving of voice note messages" and "… of video note messages": tdlib/td MessageContent.cpp
    Failure.VOICE_FORBIDDEN: (
        "voice_messages_forbidden",
        "video_messages_forbidden",
        "user restricted receiving of ",
    ),
    Failure.NOT_A_MEMBER: ("member not found", "participant_id_invalid", "user_not_participant"),
    Failure.UNKNOWN_PERSON: ("user not found", "user_id_invalid", "invalid user_id specified"),
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
        "the message can't be copied",
        "the message can't be forwarded",
        "message can't be copied",
        "message can't be forwarded",
    ),
    # the second is the first as tdlib/td MessagesManager.cpp rewrites it
    Failure.SAVING_RESTRICTED: ("chat_forwards_restricted", "message has protected content"),
    Failure.GONE: (
        "message to delete not found",
        "invite_hash_",
        "invite_slug_",
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
    Failure.UNEDITABLE: (
        "message can't be edited",
        "message_edit_time_expired",
        "message_author_required",
        "there is no text in the message to edit",
        "there is no caption in the message to edit",
    ),
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
        "document_invalid",
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
    Failure.AMBIGUOUS: ("group send failed",),
}
#: whole texts, where the beginning alone would match too much ("Not Found: method not found" is a bug of ours)
_WHOLE: dict[str, Failure] = {
    "unauthorized": Failure.UNAUTHORIZED,
    "logged out": Failure.UNAUTHORIZED,
    # the cloud's answer to a malformed token (BOTAPI §1.2)
    "not found": Failure.UNAUTHORIZED,
}
_TABLE: tuple[tuple[str, Failure], ...] = tuple(
    (beginning, failure) for failure, beginnings in _BEGINNINGS.items() for beginning in beginnings
)


def failure_of_text(description: str) -> Failure:
    """Return what Telegram's `description` means; OTHER for an unknown text.

    For one message of several that failed: the reason when it was the first to end and the reason names a subject, else
    AMBIGUOUS. Whether the others have arrived is not in the text: `sender.certainty`.
    """
    text = _PREFIX.sub("", description.strip(), count=1)
    one = _ONE_OF_SEVERAL.match(text)
    if one is not None:
        reason = failure_of_text(one[2]) if one[1] == "1" else Failure.AMBIGUOUS
        return Failure.AMBIGUOUS if reason in (Failure.FLOOD, Failure.OTHER) else reason
    lowered = text.lower()
    for beginning, failure in _TABLE:
        if lowered.startswith(beginning):
            return failure
    return _WHOLE.get(lowered, Failure.OTHER)


def number_of_several(description: str) -> int | None:
    """Return n of "failed to send message #n with …", in the order in which they ended; None for another text.

    The Bot API server names the first failure, so n - 1 messages had been sent before it (`Client.cpp`,
    on_message_send_failed).
    """
    one = _ONE_OF_SEVERAL.match(_PREFIX.sub("", description.strip(), count=1))
    return int(one[1]) if one is not None else None


def retry_after_of_text(description: str) -> float | None:
    """Return the seconds that "Too Many Requests: retry after N" asks for; None for another text."""
    found = _RETRY_AFTER.match(description.strip())
    return float(found[1]) if found is not None else None


_PERMANENT = frozenset(
    {Failure.BLOCKED, Failure.DEACTIVATED, Failure.UNREACHABLE, Failure.KICKED, Failure.UNKNOWN_PERSON}
)


def is_permanent_recipient(failure: Failure) -> bool:
    """True when sending to this chat fails again until its user or the owner does something."""
    return failure in _PERMANENT
