"""Buttons that ask for people or a chat: what they offer, and what the bot gets (td RequestedDialogType.cpp).

Choosing a chat does what the apps do: it makes the bot an administrator with the rights the button asks for, or a
member of a group. A chat that fits can also be made in the dialog. A bot that gets no rights may still be unable to
reach what was shared.
"""

from typing import Any

from sandbox.arguments import as_int, find_list, find_text, get_chat, need_text
from sandbox.chats.creation import create_chat
from sandbox.chats.membership import make_administrator, set_member
from sandbox.chats.posting import post
from sandbox.chats.transcript import shown_message
from sandbox.errors import ControlError
from sandbox.state.records import Bot, Chat, Content, Dialog, Member, User
from sandbox.state.world import World

Json = dict[str, Any]

MAX_TITLE = 128


def choices(world: World, dialog: Dialog, button: Json) -> Json:
    """What the app offers for the button: `users` and `max_quantity`, or `chats` and the type that can be created."""
    if "request_users" in button:
        request = button["request_users"]
        accounts: list[User | Bot] = [*world.users.values(), *world.bots.values()]
        fitting = [account.id for account in accounts if _why_no_person(account, request) is None]
        return {"users": fitting, "max_quantity": request["max_quantity"]}
    if "request_chat" not in button:
        raise ControlError("this button asks for nobody and no chat")
    request = button["request_chat"]
    fitting = [chat.id for chat in world.chats.values() if _why_no_chat(chat, dialog, request) is None]
    return {"chats": fitting, "creates": _created_type(request), "public": bool(request.get("chat_has_username"))}


def share_users(world: World, dialog: Dialog, request: Json, body: Json) -> Json:
    """Share the people in `user_ids` with the bot: their ids, and names and usernames if the button asks for them."""
    ids = [as_int(item, "user_ids") for item in find_list(body, "user_ids")]
    if not ids:
        raise ControlError("too few people are chosen")
    if len(set(ids)) > request["max_quantity"]:
        raise ControlError("too many people are chosen")
    accounts = [_account(world, user_id) for user_id in dict.fromkeys(ids)]
    for account in accounts:
        why = _why_no_person(account, request)
        if why is not None:
            raise ControlError(why)
    shared: Json = {"user_ids": [account.id for account in accounts]}
    shared["users"] = [_shared_user(account, request) for account in accounts]
    shared["request_id"] = request["request_id"]
    extra: Json = {"users_shared": shared}
    if len(accounts) == 1:
        extra["user_shared"] = {"user_id": accounts[0].id, "request_id": request["request_id"]}
    return _tell(world, dialog, extra)


def share_chat(world: World, dialog: Dialog, request: Json, body: Json) -> Json:
    """Share the chat `chat_id`, or a new one: `new_chat` with a title, and a username if the button asks for one."""
    ids: list[int] = []
    if "new_chat" in body:
        chat, ids = _create(world, dialog, request, body["new_chat"])
    else:
        chat = get_chat(world, as_int(body.get("chat_id"), "chat_id"))
        why = _why_no_chat(chat, dialog, request)
        if why is not None:
            raise ControlError(why)
    ids += _admit(world, chat, dialog, request)
    shared: Json = {"chat_id": chat.id}
    if request.get("request_title"):
        shared["title"] = chat.title
    if request.get("request_username") and chat.username:
        shared["username"] = chat.username
    return _tell(world, dialog, {"chat_shared": shared | {"request_id": request["request_id"]}}, ids)


# --------------------------------------------------------------------------------------------------------------- people


def _account(world: World, user_id: int) -> User | Bot:
    found = world.users.get(user_id) or world.bots.get(user_id)
    if found is None:
        raise ControlError(f"there is no person {user_id}", 404)
    return found


def _why_no_person(account: User | Bot, request: Json) -> str | None:
    """Why the button does not offer this account; None when it does. Nobody here has Premium."""
    if isinstance(account, User) and account.is_deactivated:
        return "this account is deleted"
    if request.get("user_is_bot", isinstance(account, Bot)) != isinstance(account, Bot):
        return "the button does not offer bots" if isinstance(account, Bot) else "the button offers bots only"
    return "the button offers people with Premium only" if request.get("user_is_premium") else None


def _shared_user(account: User | Bot, request: Json) -> Json:
    shown: Json = {"user_id": account.id}
    if request.get("request_name"):
        shown["first_name"] = account.text("name", None) if isinstance(account, Bot) else account.first_name
        if isinstance(account, User) and account.last_name:
            shown["last_name"] = account.last_name
    if request.get("request_username") and account.username:
        shown["username"] = account.username
    return shown


# ---------------------------------------------------------------------------------------------------------------- chats


def _created_type(request: Json) -> str:
    return "channel" if request.get("chat_is_channel") else "supergroup"


def _why_no_chat(chat: Chat, dialog: Dialog, request: Json) -> str | None:
    """Why the button does not offer this chat to the person; None when it does."""
    if chat.is_gone or bool(request.get("chat_is_channel")) != (chat.type == "channel"):
        return "the button does not offer this kind of chat"
    if request.get("chat_is_forum"):
        return "the button offers forums only"
    if request.get("chat_has_username", bool(chat.username)) != bool(chat.username):
        return "the button does not offer this chat because of its username"
    member = chat.members.get(dialog.user.id)
    if member is None or not member.is_inside:
        return "the person is not in this chat"
    if request.get("chat_is_created") and member.status != "creator":
        return "the person does not own this chat"
    if not all(member.may(name) for name in granted(request.get("user_administrator_rights"))):
        return "the person lacks rights the button asks for"
    return _why_no_admission(chat, member, dialog.bot, request)


def _why_no_admission(chat: Chat, person: Member, bot: Bot, request: Json) -> str | None:
    """Why the person may not give the bot what the button asks for. Of a channel a bot is no mere member."""
    own = chat.members.get(bot.id) or Member(bot.id, "left")
    wanted = request.get("bot_administrator_rights")
    if wanted is not None:
        rights = granted(wanted)
        has_all = own.status == "administrator" and all(own.may(name) for name in rights)
        may_give = person.may("can_promote_members") and all(person.may(name) for name in rights)
        return None if has_all or may_give else "the person may not add the bot to this chat"
    if request.get("bot_is_member") and chat.type != "channel" and not own.is_inside:
        return None if person.may("can_invite_users") else "the bot can't be added to the chat"
    return None


def _create(world: World, dialog: Dialog, request: Json, wanted: Any) -> tuple[Chat, list[int]]:
    if not isinstance(wanted, dict):
        raise ControlError('"new_chat" must be an object with a title')
    title, username = need_text(wanted, "title"), find_text(wanted, "username")
    if len(title) > MAX_TITLE:
        raise ControlError(f"a title has at most {MAX_TITLE} characters")
    if request.get("chat_is_forum"):
        raise ControlError("the sandbox makes no forums")
    if request.get("chat_has_username", bool(username)) != bool(username):
        raise ControlError("the button asks for a " + ("private chat" if username else "chat with a username"))
    return create_chat(world, _created_type(request), title, dialog.user, username)


def _admit(world: World, chat: Chat, dialog: Dialog, request: Json) -> list[int]:
    """Make the bot an administrator, or a member of a group, as the button asks. Returns the ids of the updates."""
    wanted = request.get("bot_administrator_rights")
    if wanted is not None:
        return make_administrator(world, chat, dialog, granted(wanted))
    own = chat.members.get(dialog.bot.id)
    if request.get("bot_is_member") and chat.type != "channel" and not (own is not None and own.is_inside):
        return set_member(world, chat, Member(dialog.bot.id, "member"), dialog.user)
    return []


def granted(rights: Json | None) -> set[str]:
    """The names of the rights that are on; `can_manage_chat` comes with any of them."""
    return {name for name, on in (rights or {}).items() if on and name.startswith("can_") and name != "can_manage_chat"}


def _tell(world: World, dialog: Dialog, extra: Json, before: list[int] | None = None) -> Json:
    message, ids = post(world, dialog, Content("service", extra=extra), dialog.user)
    return {"message": shown_message(message, dialog.bot), "update_ids": [*(before or []), *ids]}
