"""What a refusal is about, by the text, the method and the chat asked about."""

import pytest

from sender.refusals import Failure, failure_of_text
from sender.subjects import ChatRole, Subject, subject_of

PERSON, STORAGE, REQUIRED = ChatRole.PERSON, ChatRole.STORAGE, ChatRole.REQUIRED

TABLE: list[tuple[str, ChatRole, str, Subject]] = [
    # a copy to a subscriber: of a post, or of a broadcast
    ("copyMessage", PERSON, "Forbidden: bot was blocked by the user", Subject.PERSON),
    ("copyMessage", PERSON, "Forbidden: user is deactivated", Subject.PERSON),
    ("copyMessage", PERSON, "Forbidden: bot can't initiate conversation with a user", Subject.PERSON),
    ("copyMessage", PERSON, "Bad Request: VOICE_MESSAGES_FORBIDDEN", Subject.PERSON),
    ("copyMessage", PERSON, "Bad Request: user restricted receiving of video note messages", Subject.PERSON),
    ("copyMessage", PERSON, "Bad Request: CHAT_FORWARDS_RESTRICTED", Subject.STORAGE_CHANNEL),
    ("copyMessages", PERSON, "Bad Request: CHAT_FORWARDS_RESTRICTED", Subject.STORAGE_CHANNEL),
    (
        "copyMessages",
        PERSON,
        "Bad Request: failed to send message #1 with the error message \"Message has protected content and can't be "
        'forwarded"',
        Subject.STORAGE_CHANNEL,
    ),
    ("copyMessage", PERSON, "Forbidden: bot was kicked from the channel chat", Subject.STORAGE_CHANNEL),
    ("copyMessages", PERSON, "Forbidden: bot is not a member of the channel chat", Subject.STORAGE_CHANNEL),
    ("copyMessage", PERSON, "Bad Request: CHANNEL_PRIVATE", Subject.STORAGE_CHANNEL),
    ("copyMessage", PERSON, "Bad Request: message to copy not found", Subject.CONTENT),
    ("copyMessage", PERSON, "Bad Request: MEDIA_EMPTY", Subject.CONTENT),
    ("copyMessage", PERSON, "Bad Request: MEDIA_CAPTION_TOO_LONG", Subject.CONTENT),
    ("copyMessage", PERSON, "Bad Request: DOCUMENT_INVALID", Subject.CONTENT),
    ("copyMessages", PERSON, "Too Many Requests: retry after 3", Subject.RATE),
    ("copyMessage", PERSON, "Unauthorized", Subject.BOT),
    ("copyMessage", PERSON, "Bad Request: SOMETHING_NEW", Subject.UNKNOWN),
    # a copy of an admin's message into the storage channel
    ("copyMessages", STORAGE, "Forbidden: bot was kicked from the channel chat", Subject.STORAGE_CHANNEL),
    ("copyMessages", STORAGE, "Bad Request: chat not found", Subject.STORAGE_CHANNEL),
    ("copyMessages", STORAGE, "Bad Request: CHAT_FORWARDS_RESTRICTED", Subject.CONTENT),
    ("copyMessages", STORAGE, "Bad Request: message to copy not found", Subject.CONTENT),
    # the channels themselves
    ("getChat", STORAGE, "Bad Request: chat not found", Subject.STORAGE_CHANNEL),
    ("getChatMember", REQUIRED, "Bad Request: member list is inaccessible", Subject.REQUIRED_CHANNEL),
    ("getChatMember", REQUIRED, "Bad Request: chat not found", Subject.REQUIRED_CHANNEL),
    ("getChatMember", REQUIRED, "Bad Request: invalid user_id specified", Subject.PERSON),
    ("getChatMember", REQUIRED, "Bad Request: PARTICIPANT_ID_INVALID", Subject.PERSON),
    ("getChatMember", REQUIRED, "Bad Request: member not found", Subject.PERSON),
    ("createChatInviteLink", REQUIRED, "Bad Request: CHAT_ADMIN_REQUIRED", Subject.REQUIRED_CHANNEL),
    # messages and buttons
    ("deleteMessages", PERSON, "Bad Request: message can't be deleted for everyone", Subject.MESSAGE),
    ("editMessageText", PERSON, "Bad Request: message to edit not found", Subject.MESSAGE),
    ("answerCallbackQuery", PERSON, "Bad Request: query is too old and response timeout expired", Subject.MESSAGE),
    ("sendMessage", PERSON, "Bad Request: CHAT_WRITE_FORBIDDEN", Subject.PERSON),
]


@pytest.mark.parametrize(("method", "chat", "text", "subject"), TABLE)
def test_the_subject_comes_from_the_method_and_the_chat_asked_about(
    method: str, chat: ChatRole, text: str, subject: Subject
) -> None:
    assert subject_of(failure_of_text(text), method, chat) is subject


def test_every_failure_has_a_subject_whatever_the_call() -> None:
    methods = ("sendMessage", "copyMessage", "copyMessages", "getChatMember", "getMe", "nobodyKnows")
    found = {subject_of(failure, method, chat) for failure in Failure for method in methods for chat in ChatRole}
    assert found == set(Subject)
