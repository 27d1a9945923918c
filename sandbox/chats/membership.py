"""Changes of membership, with the updates that bots receive about them (rows 10, 22, 23; BOTAPI §4.1)."""

from typing import Any

from sandbox.chats.objects import chat_json, link_json, member_json, user_json
from sandbox.chats.posting import post, queue_update
from sandbox.errors import ControlError
from sandbox.state.records import Bot, Chat, Content, Dialog, InviteLink, Member, User
from sandbox.state.world import World

Json = dict[str, Any]

#: How long a bot may write to a person after their join request, seconds (BOTAPI §4.1).
JOIN_REQUEST_WINDOW_S = 300


def set_member(
    world: World,
    chat: Chat,
    changed: Member,
    actor: User | Bot,
    link: InviteLink | None = None,
    by_request: bool = False,
) -> list[int]:
    """Store `changed` as the membership of a person or bot in `chat`, and queue the updates about it.

    `actor` made the change, `link` is the invitation used, `by_request`: a join request was approved. A join request of
    a member or a banned person is removed. Returns the ids of the queued updates: `my_chat_member` for a bot whose own
    membership changed, `chat_member` for other bots that are administrators and asked for it; [] without a change.
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
        _mark_seen(world, chat, who)
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
    author = who if by_request else actor
    ids = _queue_member_updates(world, chat, who, update, link)
    return ids + _post_service_message(world, chat, who, author, before, changed)


def _mark_seen(world: World, chat: Chat, who: User | Bot) -> None:
    """Mark the private chats between the new member and the other members' bots as seen (row 9), not as started."""
    if isinstance(who, User):
        for bot_id in chat.bot_ids:
            world.dialog(world.bots[bot_id], who).is_seen = True
        return
    for member_id in chat.members:
        if member_id in world.users:
            world.dialog(who, world.users[member_id]).is_seen = True


def _queue_member_updates(
    world: World, chat: Chat, who: User | Bot, update: Json, link: InviteLink | None
) -> list[int]:
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


def _post_service_message(
    world: World, chat: Chat, who: User | Bot, author: User | Bot, before: Member, after: Member
) -> list[int]:
    """Post the service message about a join or a leave; in groups only. Returns the update ids."""
    if chat.type == "channel" or before.is_inside == after.is_inside:
        return []
    name = "new_chat_members" if after.is_inside else "left_chat_member"
    shown = user_json(who)
    content = Content("service", extra={name: [shown] if after.is_inside else shown})
    return post(world, chat, content, author)[1]


def set_blocked(world: World, dialog: Dialog, is_blocked: bool) -> list[int]:
    """Block or unblock the bot as the person, with a `my_chat_member` update member <-> kicked (row 10)."""
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
    """Store a join request. Every bot that may invite gets `chat_join_request` and may write for five minutes."""
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
    """Approve the join request of `user` as `actor`. Returns the ids of the updates, which say `via_join_request`."""
    link = chat.join_requests.get(user.id)
    if link is not None:
        link.joined += 1
    return set_member(world, chat, Member(user.id, "member"), actor, link, by_request=True)


def decline(world: World, chat: Chat, user: User) -> None:
    """Remove the join request of `user`. No bot gets an update, as in Telegram."""
    del chat.join_requests[user.id]
    world.touch(chat, "member")


def make_administrator(world: World, chat: Chat, dialog: Dialog, rights: set[str]) -> list[int]:
    """Make the bot an administrator with `rights`, in addition to those it has. Returns the ids of the updates.

    [] when it has all of them already. Raises ControlError when the person may not do that.
    """
    own = chat.members.get(dialog.bot.id) or Member(dialog.bot.id, "left")
    if own.status == "administrator" and all(own.may(name) for name in rights):
        return []
    person = chat.members.get(dialog.user.id)
    if person is None or not all(person.may(name) for name in ("can_promote_members", *rights)):
        raise ControlError("the person may not add the bot to this chat")
    kept = {name: on for name, on in own.rights.items() if on} if own.status == "administrator" else {}
    granted = {**kept, **{name: True for name in rights}}
    return set_member(world, chat, Member(dialog.bot.id, "administrator", granted), dialog.user)
