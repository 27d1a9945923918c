"""Which chats a bot may read and write, with Telegram's refusals (rows 9 and 22, BOTAPI §2 and §2.9)."""

from sandbox.errors import (
    BLOCKED,
    BOT_TO_BOT,
    CANNOT_INITIATE,
    CHAT_NOT_FOUND,
    DEACTIVATED,
    KICKED,
    NOT_A_MEMBER,
    bad_request,
    forbidden,
)
from sandbox.state.records import Bot, Chat, Content, Dialog, Member, User
from sandbox.state.world import World

#: Telegram's code for a voice or video message to a person whose privacy settings forbid them.
VOICE_FORBIDDEN = "VOICE_MESSAGES_FORBIDDEN"


def find_chat(world: World, bot: Bot, reference: str) -> Chat:
    """Return the chat for an id or @username given by `bot`.

    Raises 400 `chat_id is empty`, 400 `chat not found` (unknown, without contact to the bot, a person's username), and
    403 for another bot.
    """
    if not reference:
        raise bad_request("chat_id is empty")
    if reference.startswith("@"):
        return _find_named(world, bot, reference)
    try:
        chat_id = int(reference)
    except ValueError as error:
        raise bad_request(CHAT_NOT_FOUND) from error
    if chat_id in world.bots:
        raise forbidden(BOT_TO_BOT)
    if chat_id > 0:
        dialog = world.dialogs.get((bot.id, chat_id))
        if dialog is None or not (dialog.is_seen or dialog.is_started):
            raise bad_request(CHAT_NOT_FOUND)
        return dialog
    chat = world.chats.get(chat_id)
    if chat is None or (bot.id not in chat.members and chat_id not in bot.known_chats):
        raise bad_request(CHAT_NOT_FOUND)
    return chat


def _find_named(world: World, bot: Bot, name: str) -> Chat:
    found = world.find_named(name)
    if isinstance(found, Bot):
        raise forbidden(BOT_TO_BOT)
    if found is None or isinstance(found, User):
        raise bad_request(CHAT_NOT_FOUND)
    bot.known_chats.add(found.id)
    return found


def require_inside(chat: Chat, bot: Bot) -> Member:
    """Return the bot's membership. Raises 403 when it was kicked, has left or was never a member."""
    if chat.is_gone:
        raise forbidden("the group chat was deleted" if chat.type == "group" else KICKED.format(chat.type))
    member = chat.members.get(bot.id)
    if member is not None and member.status == "kicked":
        raise forbidden(KICKED.format(chat.type))
    if member is None or not member.is_inside:
        raise forbidden(NOT_A_MEMBER.format(chat.type))
    return member


def require_reach(chat: Chat, bot: Bot) -> None:
    """Raise 403 for the chat of a deleted account, and unless the bot is inside of any other chat."""
    if not isinstance(chat, Dialog):
        require_inside(chat, bot)
    elif chat.user.is_deactivated:
        raise forbidden(DEACTIVATED)


def require_read(chat: Chat, bot: Bot) -> None:
    """Raise 403 unless the bot may read `chat`: its private chats, chats it is a member of, public chats."""
    if isinstance(chat, Dialog):
        return
    member = chat.members.get(bot.id)
    was_kicked = member is not None and member.status == "kicked"
    if chat.username and not was_kicked and not chat.is_gone:
        return
    require_inside(chat, bot)


def require_write(
    world: World, chat: Chat, bot: Bot, right: str = "can_send_messages", what: str = "text messages"
) -> None:
    """Raise 400 or 403 unless the bot may write to `chat`. `right` and `what` are for restricted members of groups."""
    if isinstance(chat, Dialog):
        _require_reachable(world, chat)
        return
    member = require_inside(chat, bot)
    if chat.type == "channel" and not member.may("can_post_messages"):
        raise bad_request("need administrator rights in the channel chat")
    if member.status == "restricted" and not member.rights.get(right, False):
        raise bad_request(f"not enough rights to send {what} to the chat")


def _require_reachable(world: World, dialog: Dialog) -> None:
    if dialog.user.is_deactivated:
        raise forbidden(DEACTIVATED)
    if dialog.is_blocked:
        raise forbidden(BLOCKED)
    if not dialog.is_started and dialog.open_until < world.clock.now():
        raise forbidden(CANNOT_INITIATE)


def may_see(chat: Chat, user: User) -> bool:
    """Whether a person can look into `chat`: a private chat, a public one, or one they are in."""
    if isinstance(chat, Dialog):
        return True
    member = chat.members.get(user.id)
    was_kicked = member is not None and member.status == "kicked"
    return not chat.is_gone and not was_kicked and (bool(chat.username) or (member is not None and member.is_inside))


def may_read_history(chat: Chat, bot: Bot) -> bool:
    """Whether the bot can find messages in `chat`: it cannot in a public channel it has not joined."""
    if isinstance(chat, Dialog):
        return True
    member = chat.members.get(bot.id)
    return member is not None and member.is_inside


def refuses_voice(chat: Chat, content: Content) -> bool:
    """Whether `content` is a voice or video message and the person of the private chat forbids those."""
    return isinstance(chat, Dialog) and chat.user.forbids_voice and content.kind in ("voice", "video_note")
