"""New channels and groups, with the message that tells of their creation."""

from sandbox.chats.membership import set_member
from sandbox.chats.posting import Draft, store
from sandbox.errors import ControlError
from sandbox.state.records import Chat, Content, Member, User
from sandbox.state.world import World

#: First ids of chats that are created without one.
FIRST_CHANNEL_ID = 1_001_000_000_001
FIRST_GROUP_ID = 4001


def create_chat(
    world: World, kind: str, title: str, owner: User | None, username: str | None = None, chat_id: int | None = None
) -> tuple[Chat, list[int]]:
    """Make a chat; with an owner, message 1 is its creation. Returns it and the ids of the updates.

    Raises ControlError for a username that is taken.
    """
    name = free_name(world, username) if username else None
    chat = Chat(chat_id or _free_id(world, kind), kind, title)
    chat.username = name
    world.add_chat(chat)
    if owner is None:
        return chat, []
    ids = set_member(world, chat, Member(owner.id, "creator"), owner)
    created = "group_chat_created" if kind == "group" else f"{kind}_chat_created"
    store(world, chat, Content("service", extra={created: True}), owner, Draft(is_undeletable=True))
    return chat, ids


def free_name(world: World, username: str) -> str:
    """The username without @. Raises ControlError when it is taken."""
    name = username.removeprefix("@")
    if world.find_named(name) is not None:
        raise ControlError(f"the username {name} is taken")
    return name


def _free_id(world: World, kind: str) -> int:
    number = FIRST_GROUP_ID if kind == "group" else FIRST_CHANNEL_ID
    while -number in world.chats:
        number += 1
    return -number
