"""Which of a bot's command lists a person sees (Bot API documentation, "Determining list of commands")."""

from typing import Any

from sandbox.state.records import Bot, Chat, Dialog, User

Json = dict[str, Any]

#: kind of scope, chat, person
Place = tuple[str, int, int]


def visible_commands(bot: Bot, chat: Chat, user: User) -> list[Json]:
    """The commands of `bot` that the app offers `user` in `chat`: of the narrowest scope that has a list.

    In each scope the list in the person's language comes before the one for every other language.
    """
    language = (user.language_code or "").partition("-")[0]
    for place in _private(chat) if isinstance(chat, Dialog) else _group(chat, user):
        found = bot.commands.get((*place, language)) or bot.commands.get((*place, ""))
        if found:
            return found
    return []


def _private(dialog: Dialog) -> list[Place]:
    return [("chat", dialog.user.id, 0), ("all_private_chats", 0, 0), ("default", 0, 0)]


def _group(chat: Chat, user: User) -> list[Place]:
    member = chat.members.get(user.id)
    is_admin = member is not None and member.status in ("creator", "administrator")
    places = [
        ("chat_member", chat.id, user.id),
        ("chat_administrators", chat.id, 0),
        ("chat", chat.id, 0),
        ("all_chat_administrators", 0, 0),
        ("all_group_chats", 0, 0),
        ("default", 0, 0),
    ]
    return [place for place in places if is_admin or not place[0].endswith("administrators")]
