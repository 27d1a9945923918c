"""Creates bots, people and chats from JSON: from a world file, and by single control calls."""

from typing import Any

from sandbox.arguments import as_flag, as_int, find_int, find_objects, find_text, get_user, need_int, need_text
from sandbox.chats.creation import create_chat, free_name
from sandbox.chats.membership import set_member
from sandbox.chats.objects import user_json
from sandbox.chats.posting import post
from sandbox.errors import ControlError
from sandbox.state.records import Bot, Chat, Content, Member, User
from sandbox.state.world import World

Json = dict[str, Any]

STATUSES = ("creator", "administrator", "member", "restricted", "left", "kicked")
CHAT_TYPES = ("channel", "supergroup", "group")
#: First id of people who are created without one.
FIRST_USER_ID = 7001


def add_bot(world: World, body: Json) -> Bot:
    """Add a bot from {"token", "username", "first_name", "role"?}. Raises ControlError."""
    token = need_text(body, "token")
    digits, colon, _ = token.partition(":")
    if not colon or not digits.isdigit():
        raise ControlError("a token is digits, a colon and more, like 1001:sandbox-admin")
    if token in world.bots_by_token or int(digits) in world.bots or int(digits) in world.users:
        raise ControlError(f"the id {digits} is taken")
    username = free_name(world, need_text(body, "username"))
    return world.add_bot(token, username, need_text(body, "first_name"), find_text(body, "role"))


def add_user(world: World, body: Json) -> User:
    """Add a person from {"first_name", "id"?, "last_name"?, "username"?, "language_code"?, "role"?}."""
    user_id = find_int(body, "id") or max([FIRST_USER_ID - 1, *world.users]) + 1
    if user_id <= 0 or user_id in world.users or user_id in world.bots:
        raise ControlError(f"the id {user_id} is taken or not positive")
    user = User(user_id, need_text(body, "first_name"), find_text(body, "last_name"))
    username = find_text(body, "username")
    user.username = free_name(world, username) if username else None
    user.language_code, user.role = find_text(body, "language_code"), find_text(body, "role")
    return world.add_user(user)


def add_chat(world: World, body: Json) -> Chat:
    """Add a chat from {"type", "title", "owner", "username"?, "id"?, "protected"?}; message 1 is its creation."""
    kind = need_text(body, "type")
    if kind not in CHAT_TYPES:
        raise ControlError(f"type must be one of {', '.join(CHAT_TYPES)}")
    owner = get_user(world, need_int(body, "owner")) if "owner" in body else None
    chat_id = _wanted_id(world, body, kind)
    chat, _ = create_chat(world, kind, need_text(body, "title"), owner, find_text(body, "username"), chat_id)
    chat.is_protected = bool(body.get("protected"))
    return chat


def change_chat(world: World, chat: Chat, body: Json) -> Chat:
    """Change "protected" (restrict saving content) and "title" of a chat; a new title is a message in it."""
    title = find_text(body, "title")
    if "protected" in body:
        chat.is_protected = as_flag(body["protected"], "protected")
        world.touch(chat, "member")
    if title is not None and title != chat.title:
        chat.title = title
        post(world, chat, Content("service", extra={"new_chat_title": title}), _creator(world, chat))
    return chat


def change_user(user: User, body: Json) -> User:
    """Change "forbids_voice" (privacy of voice and video messages) or "language_code" (of the app) of a person."""
    if "forbids_voice" in body:
        user.forbids_voice = as_flag(body["forbids_voice"], "forbids_voice")
    if "language_code" in body:
        user.language_code = find_text(body, "language_code")
    return user


def _wanted_id(world: World, body: Json, kind: str) -> int | None:
    chat_id = find_int(body, "id")
    if chat_id is None:
        return None
    is_marked = str(chat_id).startswith("-100") and len(str(chat_id)) > 10
    if chat_id in world.chats or chat_id >= 0 or is_marked == (kind == "group"):
        raise ControlError(f"the id {chat_id} is taken or not the id of a {kind} (-100… for channels and supergroups)")
    return chat_id


def put_member(world: World, chat: Chat, member_id: int, body: Json) -> list[int]:
    """Set a member's status and rights in `chat`, with its creator as the actor. Returns the update ids."""
    status = need_text(body, "status")
    if status not in STATUSES:
        raise ControlError(f"status must be one of {', '.join(STATUSES)}")
    if member_id not in world.users and member_id not in world.bots:
        raise ControlError(f"there is neither a person nor a bot {member_id}", 404)
    rights = body.get("rights") or {}
    if not isinstance(rights, dict):
        raise ControlError('"rights" must be an object')
    kept = {str(name): bool(on) for name, on in rights.items()} if status in ("administrator", "restricted") else {}
    until = as_int(body.get("until_date") or 0, "until_date")
    actor = _creator(world, chat) or world.users.get(member_id) or world.bots[member_id]
    return set_member(world, chat, Member(member_id, status, kept, until), actor)


def _creator(world: World, chat: Chat) -> User | None:
    found = [member.id for member in chat.members.values() if member.status == "creator"]
    return world.users.get(found[0]) if found else None


def load(world: World, plan: Json) -> None:
    """Fill `world` from a world file: {"bots", "users", "chats": [{…, "members"}]}.

    It is the state before the bots start, so they get no updates about it. Raises ControlError.
    """
    for bot in find_objects(plan, "bots"):
        add_bot(world, bot)
    for user in find_objects(plan, "users"):
        add_user(world, user)
    for wanted in find_objects(plan, "chats"):
        members = find_objects(wanted, "members")
        creators = [member.get("id") for member in members if member.get("status") == "creator"]
        owner = {"owner": creators[0]} if creators else {}
        chat = add_chat(world, owner | wanted)
        for member in members:
            put_member(world, chat, need_int(member, "id"), member)
    for known in world.bots.values():
        known.queue.clear()


def shown_bot(bot: Bot) -> Json:
    """A bot as the control API shows it."""
    shown: Json = {"id": bot.id, "token": bot.token, "username": bot.username, "first_name": bot.text("name", None)}
    shown |= {"pending_updates": len(bot.queue), "polls": bot.has_polled, "texts": _shown_texts(bot)}
    if bot.photo is not None:
        shown["photo"] = bot.photo.unique_id
    return shown | ({"role": bot.role} if bot.role else {})


def _shown_texts(bot: Bot) -> Json:
    """Names and descriptions by language; "" is the one of every other language."""
    texts: Json = {"name": {"": bot.text("name", None)}, "description": {}, "short_description": {}}
    for (name, language), text in bot.texts.items():
        texts[name][language] = text
    return texts


def shown_user(user: User) -> Json:
    """A person as the control API shows them."""
    shown = user_json(user)
    del shown["is_bot"]
    if user.is_deactivated:
        shown["deactivated"] = True
    if user.forbids_voice:
        shown["forbids_voice"] = True
    return shown | ({"role": user.role} if user.role else {})


def shown_chat(chat: Chat) -> Json:
    """A chat as the control API shows it."""
    members = [{"id": m.id, "status": m.status, "rights": m.rights} for m in chat.members.values()]
    shown: Json = {"id": chat.id, "type": chat.type, "title": chat.title, "members": members}
    if chat.join_requests:
        requests = chat.join_requests.items()
        shown["join_requests"] = [{"user": user, "link": link.name if link else None} for user, link in requests]
    if chat.is_protected:
        shown["protected"] = True
    if chat.is_gone:
        shown["gone"] = True
    return shown | ({"username": chat.username} if chat.username else {})
