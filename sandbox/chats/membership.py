"""Who belongs where, and the updates that tell bots about it (rows 10, 22, 23; BOTAPI §4.1)."""

from typing import Any

from sandbox.chats.objects import chat_json, link_json, member_json, user_json
from sandbox.chats.posting import post, queue_update
from sandbox.errors import ControlError
from sandbox.state.world import Bot, Chat, Content, Dialog, InviteLink, Member, User, World

Json = dict[str, Any]

#: How long a bot may write to somebody who asked to join, seconds (BOTAPI §4.1).
JOIN_REQUEST_WINDOW_S = 300
NOBODY = Member(0, "left")


def set_member(
    world: World,
    chat: Chat,
    changed: Member,
    actor: User | Bot,
    link: InviteLink | None = None,
    by_request: bool = False,
) -> list[int]:
    """Make `changed` the state of that person or bot in `chat` and tell the bots concerned.

    `actor` did it, `link` is the invitation used, `by_request` says that a join request was approved. Whoever is in
    or banned has no join request any more. Returns the ids of the updates queued: `my_chat_member` to a bot that
    changed itself, `chat_member` to bots that are administrators and asked for it. Nothing changes, nothing is queued.
    """
    who = world.bots.get(changed.id) or world.users[changed.id]
    before = chat.members.get(changed.id) or Member(changed.id, "left")
    if (before.status, before.rights, before.until_date) == (changed.status, changed.rights, changed.until_date):
        chat.members.setdefault(changed.id, changed)
        return []
    chat.members[changed.id] = changed
    if isinstance(who, Bot):
        (chat.bot_ids.add if changed.is_inside else chat.bot_ids.discard)(who.id)
    if changed.is_inside or changed.status == "kicked":
        chat.join_requests.pop(changed.id, None)
    if changed.is_inside:
        _meet(world, chat, who)
    update = {
        "chat": chat_json(chat),
        "from": user_json(actor),
        "date": world.now(),
        "old_chat_member": member_json(before, who, chat.type),
        "new_chat_member": member_json(changed, who, chat.type),
    }
    if by_request:
        update["via_join_request"] = True
    world.touch(chat, "member")
    said_by = who if by_request else actor
    return _tell(world, chat, who, update, link) + _say(world, chat, who, said_by, before, changed)


def _meet(world: World, chat: Chat, who: User | Bot) -> None:
    """Bots get to know the people they share a chat with (row 9: seen, not started)."""
    if isinstance(who, User):
        for bot_id in chat.bot_ids:
            world.dialog(world.bots[bot_id], who).is_seen = True
        return
    for member_id in chat.members:
        if member_id in world.users:
            world.dialog(who, world.users[member_id]).is_seen = True


def _tell(world: World, chat: Chat, who: User | Bot, update: Json, link: InviteLink | None) -> list[int]:
    ids: list[int] = []
    if isinstance(who, Bot):
        ids += queue_update(world, who, "my_chat_member", update)
    for bot_id in list(chat.bot_ids):
        if bot_id == who.id or chat.members[bot_id].status != "administrator":
            continue
        bot = world.bots[bot_id]
        used = {} if link is None else {"invite_link": link_json(world, link, chat, bot)}
        ids += queue_update(world, bot, "chat_member", update | used)
    return ids


def _say(world: World, chat: Chat, who: User | Bot, actor: User | Bot, before: Member, after: Member) -> list[int]:
    """In groups a join and a leave are service messages."""
    if chat.type == "channel" or before.is_inside == after.is_inside:
        return []
    name = "new_chat_members" if after.is_inside else "left_chat_member"
    shown = user_json(who)
    content = Content("service", extra={name: [shown] if after.is_inside else shown})
    return post(world, chat, content, actor)[1]


def set_blocked(world: World, dialog: Dialog, is_blocked: bool) -> list[int]:
    """The person blocks or unblocks the bot: `my_chat_member` member <-> kicked, from the person (row 10)."""
    if dialog.is_blocked == is_blocked:
        return []
    dialog.is_blocked = is_blocked
    dialog.is_seen = True
    states = [Member(dialog.bot.id, "member"), Member(dialog.bot.id, "kicked")]
    before, after = states if is_blocked else reversed(states)
    update = {
        "chat": chat_json(dialog),
        "from": user_json(dialog.user),
        "date": world.now(),
        "old_chat_member": member_json(before, dialog.bot, "private"),
        "new_chat_member": member_json(after, dialog.bot, "private"),
    }
    world.touch(dialog, "member")
    return queue_update(world, dialog.bot, "my_chat_member", update)


def ask_to_join(world: World, chat: Chat, user: User, link: InviteLink | None) -> list[int]:
    """A join request: `chat_join_request` to every bot that may invite, which may then write for five minutes."""
    chat.join_requests[user.id] = link
    world.touch(chat, "member")
    ids = []
    for bot in (world.bots[bot_id] for bot_id in list(chat.bot_ids)):
        if not chat.members[bot.id].may("can_invite_users"):
            continue
        dialog = world.dialog(bot, user)
        dialog.is_seen = True
        dialog.open_until = world.clock.now() + JOIN_REQUEST_WINDOW_S
        update = {"chat": chat_json(chat), "from": user_json(user), "user_chat_id": user.id, "date": world.now()}
        if link is not None:
            update["invite_link"] = link_json(world, link, chat, bot)
        ids += queue_update(world, bot, "chat_join_request", update)
    return ids


def approve(world: World, chat: Chat, user: User, actor: User | Bot) -> list[int]:
    """`actor` lets in `user`, who asked to join; ids of the updates, which say `via_join_request`."""
    link = chat.join_requests.get(user.id)
    if link is not None:
        link.joined += 1
    return set_member(world, chat, Member(user.id, "member"), actor, link, by_request=True)


def decline(world: World, chat: Chat, user: User) -> None:
    """Drop the join request of `user`. No bot is told, as in Telegram."""
    del chat.join_requests[user.id]
    world.touch(chat, "member")


def admit(world: World, chat: Chat, dialog: Dialog, rights: set[str]) -> list[int]:
    """The person makes the bot an administrator with `rights` (besides those it has); ids of the updates.

    Nothing happens when it has them all. Raises ControlError when the person may not do that.
    """
    own = chat.members.get(dialog.bot.id) or Member(dialog.bot.id, "left")
    if own.status == "administrator" and all(own.may(name) for name in rights):
        return []
    person = chat.members.get(dialog.user.id)
    if person is None or not person.may("can_promote_members"):
        raise ControlError("the person may not add the bot to this chat")
    kept = {name: on for name, on in own.rights.items() if on} if own.status == "administrator" else {}
    granted = {**kept, **{name: True for name in rights}}
    return set_member(world, chat, Member(dialog.bot.id, "administrator", granted), dialog.user)
