"""Random updates of every kind aiogram knows, by anybody, in every kind of chat."""

from random import Random
from typing import get_args

from aiogram.enums import ContentType
from aiogram.types import CallbackQuery, Message, TelegramObject, Update, User

from admin_bot.section_rights import COMMANDS
from tests.bots.admin_bot.telegram import NOW
from tests.bots.machine.bodies import Bodies, Json
from tests.bots.machine.cast import ANONYMOUS, CHANNELS, GROUP, OF_CHANNEL, SUPERGROUP, channel, private_chat
from tests.bots.machine.words import ANSWERS, ARGUMENTS, FITTING, INTEGERS, TEXTS

#: the field of a message that makes it a message of this kind, where it is named otherwise
_FIELDS = {ContentType.UNKNOWN: None, ContentType.ANY: None}
CONTENT_KINDS = tuple(kind.value for kind in ContentType if kind not in _FIELDS)
UPDATE_KINDS = tuple(name for name in Update.model_fields if name != "update_id")
#: where the sender of an update is written
SENDERS = ("from", "user", "from_user", "sender_chat")
#: request ids of our chat pickers and of pickers of people, and one nobody used
PICKERS = (1, 2, 3, 4, 11, 41, 999)
PEOPLE_PICKERS = (21, 31, 999)


def type_of(kind: str) -> type[TelegramObject]:
    """Return aiogram's type of an update of this kind."""
    annotation = Update.model_fields[kind].annotation
    (found,) = [one for one in get_args(annotation) if one is not type(None)]
    assert isinstance(found, type) and issubclass(found, TelegramObject)
    return found


class Updates:
    """Makes bodies of updates from one source of randomness."""

    def __init__(self, random: Random, message_id: int) -> None:
        self._random = random
        self._message_id = message_id
        self.bodies = Bodies(random, NOW)

    def place(self, who: User) -> Json:
        """Return a chat: mostly the private one, as the bot answers in those only."""
        if who in (ANONYMOUS, OF_CHANNEL):
            return self._random.choice((GROUP, SUPERGROUP, *map(channel, CHANNELS)))
        if self._random.random() < 0.85:
            return private_chat(who)
        return self._random.choice((GROUP, SUPERGROUP, *map(channel, CHANNELS)))

    def message(self, who: User, content: Json) -> Json:
        """Return a message of `who` with this content, in a chat of some kind."""
        chat = self.place(who)
        body = {"message_id": self._message_id, "date": NOW, "chat": chat} | content
        if chat["type"] != "channel":
            body["from"] = who.model_dump(exclude_none=True)
        if who in (ANONYMOUS, OF_CHANNEL):
            body["sender_chat"] = chat if who is ANONYMOUS else channel(min(CHANNELS))
        return body

    def content(self, kind: str) -> Json:
        """Return the content of a message of this kind, and some of what any message may have besides."""
        name = {"new_chat_members": "new_chat_members"}.get(kind, kind)
        content = {name: self.bodies.field(Message, name)} if name in Message.model_fields else {}
        for extra in ("caption", "forward_origin", "via_bot", "reply_to_message", "media_group_id", "entities"):
            if self._random.random() < 0.08:
                content[extra] = self.bodies.field(Message, extra, depth=1)
        if kind == "chat_shared":
            content[kind] = self.shared_chat()
        if kind == "users_shared":
            content[kind] = self.shared_people()
        return {name: value for name, value in content.items() if value is not None}

    def shared_chat(self) -> Json:
        chat_id = self._random.choice((*CHANNELS, -4001, 0))
        body = {"request_id": self._random.choice(PICKERS), "chat_id": chat_id}
        return body | ({"title": CHANNELS.get(chat_id, self.bodies.text())} if self._random.random() < 0.7 else {})

    def shared_people(self) -> Json:
        ids = [
            self._random.choice((7101, 7104, 7105, 7002, 7201, 7202, 1, 2**52 - 1))
            for _ in range(self._random.randrange(4))
        ]
        users = [{"user_id": one, "first_name": self.bodies.text()} for one in ids]
        return {"request_id": self._random.choice(PEOPLE_PICKERS), "user_ids": ids, "users": users}

    def typed(self) -> str:
        """Return what somebody typed: a command, an answer, a number, or any text."""
        chance = self._random.random()
        if chance < 0.35:
            name = self._random.choice((*COMMANDS, "unknown"))
            suffix = "@tollgate_admin_bot" if self._random.random() < 0.1 else ""
            return f"/{name}{suffix} {self._random.choice(ARGUMENTS)}".strip()
        if chance < 0.75:
            return self._random.choice(ANSWERS)
        return self._random.choice((*TEXTS, *map(str, INTEGERS)))

    def command(self, name: str) -> str:
        """Return a command, mostly with arguments that it takes."""
        arguments = FITTING.get(name, ("",)) if self._random.random() < 0.7 else ARGUMENTS
        return f"/{name} {self._random.choice(arguments)}".strip()

    def other(self, kind: str, who: User) -> Json:
        """Return an update of this kind by `who`: whatever may name its sender does."""
        model = type_of(kind)
        if model is Message:
            return self.message(who, self.content(self._random.choice(CONTENT_KINDS)))
        body = self.bodies.of(model, depth=3)
        for name in SENDERS[:2]:
            if name in body or any((field.alias or key) == name for key, field in model.model_fields.items()):
                body[name] = who.model_dump(exclude_none=True)
        if "chat" in body:
            body["chat"] = self.place(who)
        if model is CallbackQuery:
            # one that comes twice is taken for the same press
            body["id"] = f"other {self._message_id}"
        return body

    def press(self, who: User, data: str, shown: Json | None, query_id: str) -> Json:
        """Return a press on a button: below the message it was shown in, or below any other."""
        body: Json = {
            "id": query_id,
            "from": who.model_dump(exclude_none=True),
            "chat_instance": "1",
            "data": data,
        }
        chance = self._random.random()
        if shown is not None and chance < 0.8:
            # the message is in the presser's own chat: it may have been forwarded or its data forged
            return body | {"message": shown | {"chat": private_chat(who)}}
        if chance < 0.9:
            message_id = self._random.choice((1, 3, self._message_id, 2**31 - 1))
            return body | {"message": {"message_id": message_id, "date": 0, "chat": private_chat(who)}}
        if chance < 0.94:
            return body | {"inline_message_id": "AAAA"}
        return body | {
            "message": self.message(who, {"text": "x"}) | {"chat": self._random.choice((GROUP, channel(min(CHANNELS))))}
        }

    def about_a_bot(self, who: User, kind: str, bot: User, chat_id: int) -> Json:
        """Return an update about rights of one of our bots in a channel: Telegram alone makes these."""
        member = self.bodies.field(type_of(kind), "new_chat_member", depth=1)
        before = self.bodies.field(type_of(kind), "old_chat_member", depth=1)
        named = {"user": bot.model_dump(exclude_none=True)}
        return {
            "chat": channel(chat_id),
            "from": who.model_dump(exclude_none=True),
            "date": NOW,
            "old_chat_member": before | named,
            "new_chat_member": member | named,
        }

    def forged(self, seen: str) -> str:
        """Return callback data that no button has, made of one that was seen."""
        parts = seen.split(":")
        place = self._random.randrange(len(parts))
        change = self._random.random()
        if change < 0.6:
            odd = [text for text in TEXTS if len(text.encode("utf-8", "replace")) < 20]
            parts[place] = self._random.choice((*odd, *map(str, INTEGERS), "AAAAAAAAAAAAAAAA", "yes", "x:y"))
        elif change < 0.8:
            del parts[place]
        else:
            parts.insert(place, self._random.choice(("", "0", "1", "x")))
        return ":".join(parts).encode("utf-8", "replace")[:64].decode("utf-8", "ignore")


__all__ = ["CONTENT_KINDS", "UPDATE_KINDS", "CallbackQuery", "Updates", "type_of"]
