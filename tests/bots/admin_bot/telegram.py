"""A recording stand-in for Telegram: keeps every call, answers as Telegram would, fails on demand."""

from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any, cast

from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import (
    AnswerCallbackQuery,
    CopyMessage,
    CopyMessages,
    CreateChatInviteLink,
    DeleteMessage,
    DeleteMessages,
    DeleteMyCommands,
    EditChatInviteLink,
    EditMessageText,
    GetChat,
    GetChatMember,
    GetFile,
    GetMe,
    GetMyDescription,
    GetMyShortDescription,
    RevokeChatInviteLink,
    SendDocument,
    SendMediaGroup,
    SendMessage,
    SetChatMenuButton,
    SetMyCommands,
    SetMyDescription,
    SetMyShortDescription,
    TelegramMethod,
)
from aiogram.methods.base import TelegramType
from aiogram.types import (
    AcceptedGiftTypes,
    BotDescription,
    BotShortDescription,
    Chat,
    ChatFullInfo,
    ChatInviteLink,
    ChatMemberAdministrator,
    ChatMemberLeft,
    File,
    Message,
    MessageId,
    User,
)

NOW = 1_763_800_000

MakeError = Callable[[TelegramMethod[Any]], BaseException]


def bad_request(text: str) -> MakeError:
    return lambda method: TelegramBadRequest(method=method, message=f"Bad Request: {text}")


def administrator(
    user: User, *, post: bool = True, delete: bool = True, invite: bool = False
) -> ChatMemberAdministrator:
    return ChatMemberAdministrator(
        user=user,
        can_be_edited=False,
        is_anonymous=False,
        can_manage_chat=True,
        can_delete_messages=delete,
        can_manage_video_chats=False,
        can_restrict_members=False,
        can_promote_members=False,
        can_change_info=False,
        can_invite_users=invite,
        can_post_stories=False,
        can_edit_stories=False,
        can_delete_stories=False,
        can_send_welcome_messages=False,
        can_post_messages=post,
        can_edit_messages=True,
    )


@dataclass
class World:
    """What the stand-in knows; shared by both bots' sessions."""

    calls: list[TelegramMethod[Any]] = field(default_factory=list)
    next_id: int = 5000
    #: (chat, message) that no longer exist and so have no copy
    gone: set[tuple[int, int]] = field(default_factory=set)
    #: bot id -> its membership in the storage channel
    members: dict[int, ChatMemberAdministrator | ChatMemberLeft] = field(default_factory=dict)
    #: (chat, bot) -> its membership there, for all other chats
    own: dict[tuple[int, int], ChatMemberAdministrator | ChatMemberLeft] = field(default_factory=dict)
    #: chat -> its type, title and username, where it is not the storage channel
    chats: dict[int, dict[str, Any]] = field(default_factory=dict)
    #: invite link -> the call that made it, until it is revoked
    links: dict[str, CreateChatInviteLink] = field(default_factory=dict)
    faults: deque[tuple[type[TelegramMethod[Any]], MakeError]] = field(default_factory=deque)
    #: file id -> what people sent
    files: dict[str, bytes] = field(default_factory=dict)
    #: message id -> what is shown there now, of the admin bot's own messages
    screens: dict[int, Message] = field(default_factory=dict)

    def fail(self, method: type[TelegramMethod[Any]], make_error: MakeError, times: int = 1) -> None:
        self.faults.extend([(method, make_error)] * times)

    def of(self, method: type[TelegramType]) -> list[TelegramType]:  # type: ignore[type-var, unused-ignore]
        return [call for call in self.calls if isinstance(call, method)]

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id


class Session(BaseSession):
    """One bot's session with the stand-in."""

    def __init__(self, world: World, me: User) -> None:
        super().__init__()
        self._world = world
        self._me = me

    async def close(self) -> None:
        return None

    async def stream_content(self, url: str, *args: Any, **kwargs: Any) -> AsyncGenerator[bytes, None]:
        content = self._world.files[url.rpartition("/")[2]]
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]

    async def make_request(
        self, bot: Bot, method: TelegramMethod[TelegramType], timeout: int | None = None
    ) -> TelegramType:
        world = self._world
        if not isinstance(method, GetMe):
            world.calls.append(method)
        for index, (kind, make_error) in enumerate(world.faults):
            if isinstance(method, kind):
                del world.faults[index]
                raise make_error(method)
        return cast(TelegramType, self._answer(method, bot))

    def _answer(self, method: TelegramMethod[Any], bot: Bot) -> Any:
        match method:
            case GetMe():
                return self._me
            case SendMessage():
                return self._show(method, self._world.new_id(), bot)
            case EditMessageText():
                assert method.message_id is not None
                return self._show(method, method.message_id, bot)
            case GetFile():
                known = method.file_id in self._world.files
                return File(file_id=method.file_id, file_unique_id="u", file_path=method.file_id if known else None)
            case CopyMessages():
                return self._copies(method)
            case CopyMessage():
                if (int(method.from_chat_id), method.message_id) in self._world.gone:
                    raise bad_request("message to copy not found")(method)
                return MessageId(message_id=self._world.new_id())
            case DeleteMessage():
                self._world.screens.pop(method.message_id, None)
                return True
            case SendMediaGroup():
                return [self._picture(method) for _ in method.media]
            case SendDocument():
                return self._picture(method)
            case DeleteMessages() | AnswerCallbackQuery() | SetChatMenuButton():
                return True
            case SetMyCommands() | DeleteMyCommands() | SetMyDescription() | SetMyShortDescription():
                return True
            case GetChatMember():
                there = self._world.own.get((int(method.chat_id), bot.id))
                return there or self._world.members.get(bot.id, ChatMemberLeft(user=self._me))
            case GetMyShortDescription():
                return BotShortDescription(short_description="")
            case GetMyDescription():
                return BotDescription(description="")
            case GetChat():
                return _chat(int(method.chat_id), self._world.chats.get(int(method.chat_id), {}))
            case CreateChatInviteLink():
                return self._link(method)
            case EditChatInviteLink():
                made = self._world.links.get(method.invite_link)
                if made is None:
                    raise bad_request("INVITE_HASH_EXPIRED")(method)
                assert (method.name, method.creates_join_request) == (made.name, bool(made.creates_join_request))
                return self._shown(method.invite_link, made)
            case RevokeChatInviteLink():
                made = self._world.links.pop(method.invite_link, None)
                if made is None:
                    raise bad_request("INVITE_HASH_EXPIRED")(method)
                return self._shown(method.invite_link, made, is_revoked=True)
        raise AssertionError(f"the stand-in has no {type(method).__name__}")

    def _picture(self, method: SendMediaGroup | SendDocument) -> Message:
        chat = {"id": method.chat_id, "type": "private"}
        return Message.model_validate({"message_id": self._world.new_id(), "date": NOW, "chat": chat})

    def _link(self, method: CreateChatInviteLink) -> ChatInviteLink:
        assert method.name is None or len(method.name) <= 32
        link = f"https://t.me/+link{self._world.new_id()}"
        self._world.links[link] = method
        return self._shown(link, method)

    def _shown(self, link: str, made: CreateChatInviteLink, *, is_revoked: bool = False) -> ChatInviteLink:
        return ChatInviteLink(
            invite_link=link,
            creator=self._me,
            creates_join_request=bool(made.creates_join_request),
            is_primary=False,
            is_revoked=is_revoked,
            name=made.name,
        )

    def _copies(self, method: CopyMessages) -> list[MessageId]:
        assert method.message_ids == sorted(set(method.message_ids)), "Telegram wants strictly increasing ids"
        assert 1 <= len(method.message_ids) <= 100
        there = [one for one in method.message_ids if (int(method.from_chat_id), one) not in self._world.gone]
        if not there:
            raise bad_request("there are no messages to forward")(method)
        return [MessageId(message_id=self._world.new_id()) for _ in there]

    def _show(self, method: SendMessage | EditMessageText, message_id: int, bot: Bot) -> Message:
        assert method.text and len(method.text) <= 4096 + 400, "with its tags, a text stays near Telegram's cap"
        markup = method.reply_markup
        message = Message.model_validate(
            {
                "message_id": message_id,
                "date": NOW,
                "chat": {"id": method.chat_id, "type": "private"},
                "from": self._me.model_dump(),
                "text": method.text,
                "reply_markup": markup.model_dump()
                if markup is not None and hasattr(markup, "inline_keyboard")
                else None,
            },
            context={"bot": bot},
        )
        # kept in the order of showing: the newest screen is the last
        self._world.screens.pop(message_id, None)
        self._world.screens[message_id] = message
        return message


def _chat(chat_id: int, known: dict[str, Any]) -> ChatFullInfo:
    gifts = AcceptedGiftTypes(
        unlimited_gifts=False,
        limited_gifts=False,
        unique_gifts=False,
        premium_subscription=False,
        gifts_from_channels=False,
    )
    described = {"type": "channel", "title": "Storage", **known}
    return ChatFullInfo.model_validate(
        {**described, "id": chat_id, "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}
    )


def chat_of(user: User) -> Chat:
    return Chat(id=user.id, type="private", first_name=user.first_name)
