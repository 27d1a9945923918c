"""Links opened by people: bots with a start payload, invitations, public chats (row 27, BOTAPI §5)."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.chats.access import may_see
from sandbox.chats.membership import ask_to_join, make_administrator, set_blocked, set_member
from sandbox.chats.posting import post
from sandbox.chats.transcript import shown_message
from sandbox.errors import ControlError
from sandbox.state.records import Bot, Chat, Content, Dialog, InviteLink, Member, User
from sandbox.state.world import World
from sandbox.text.formatting import detect

Json = dict[str, Any]

_HOSTS = frozenset({"t.me", "telegram.me", "telegram.dog"})
#: The payload of a start link (BOTAPI §5).
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_INVITATION = re.compile(
    r"(?:(?:https?://)?(?:t\.me|telegram\.me|telegram\.dog)/(?:\+|joinchat/)|tg://join\?invite=)([A-Za-z0-9_-]+)"
)
#: A post of a private chat, or of a public one by its username.
_POST = re.compile(
    r"(?:https?://)?(?:t\.me|telegram\.me|telegram\.dog)/(?:c/(\d+)|([A-Za-z]\w+))/(\d+)/?(?:\?single)?"
    r"|tg://resolve\?domain=(\w+)&post=(\d+)"
)
#: The path of this server that stands for https://t.me.
_STAND_IN = re.compile(r"http://(?:127\.0\.0\.1|localhost)(?::\d{1,5})?/t\.me/")
REFERRAL_PREFIX = "_tgr_"


def send_to_bot(world: World, dialog: Dialog, text: str) -> Json:
    """Send `text` from the person to the bot, which also starts a chat that was not started."""
    dialog.is_started = dialog.is_seen = True
    message, ids = post(world, dialog, Content("text", text, detect(text, [])), dialog.user)
    return {"message": shown_message(message, dialog.bot), "update_ids": ids}


def open_link(world: World, user: User, url: str, chat_id: int | None = None) -> Json:
    """Open `url` as a person.

    A bot's `?startchannel&admin=…` adds it to the channel `chat_id`, as Telegram's dialog does; without a `chat_id` the
    answer is `choose_channel`. Any other link to a bot sends `/start` with the payload; payloads of the referral
    programme send nothing, and the answer is `dropped`. An invitation joins the chat or asks to. The link of a post
    answers with its `message_id`. Raises ControlError
    for a link that is not Telegram's, an invalid payload, and an unknown bot or invitation.
    """
    invitation = _find_link(world, url)
    if invitation is not None:
        return _follow_invitation(world, user, *invitation)
    post = _find_post(world, url)
    if post is not None:
        return _open_post(user, *post)
    name, query = _read(url)
    found = world.find_named(name)
    if isinstance(found, Bot):
        dialog = world.dialog(found, user)
        return _add(world, dialog, query, chat_id) if "startchannel" in query else _start(world, dialog, query)
    if isinstance(found, Chat):
        return {"chat_id": found.id}
    raise ControlError(f"there is nobody called {name}", 404)


def _find_post(world: World, url: str) -> tuple[Chat, int] | None:
    """The chat and the message id in the link of a post; None for anything else, and for an unknown chat."""
    found = _POST.fullmatch(to_t_me(url))
    if found is None:
        return None
    chat = world.chats.get(int(f"-100{found[1]}")) if found[1] else world.find_named(found[2] or found[4])
    return (chat, int(found[3] or found[5])) if isinstance(chat, Chat) else None


def _open_post(user: User, chat: Chat, message_id: int) -> Json:
    if not may_see(chat, user):
        raise ControlError("the person does not see that chat")
    message = chat.messages.get(message_id)
    if message is None or message.deleted_at is not None:
        raise ControlError("this post is gone", 404)
    return {"chat_id": chat.id, "message_id": message_id}


def find_invitation(world: World, user: User, url: str) -> Json | None:
    """The invitation as the app shows it to `user`: its chat, and whether it works. None for any other link."""
    found = _find_link(world, url)
    if found is None:
        return None
    chat, link = found
    member = chat.members.get(user.id)
    return {
        "chat_id": chat.id,
        "title": chat.title,
        "type": chat.type,
        "members": sum(1 for one in chat.members.values() if one.is_inside),
        "creates_join_request": link.creates_join_request,
        "is_member": member is not None and member.is_inside,
        "is_requested": user.id in chat.join_requests,
        "works": _refusal(world, chat, link, member) is None,
    }


def _find_link(world: World, url: str) -> tuple[Chat, InviteLink] | None:
    """The chat and the invite link named by `url` in any of Telegram's forms; None for anything else."""
    found = _INVITATION.fullmatch(to_t_me(url))
    address = f"https://t.me/+{found[1]}" if found else ""
    chat = world.links.get(address)
    return None if chat is None else (chat, chat.invite_links[address])


def to_t_me(url: str) -> str:
    """Replace this server's `/t.me/…` by https://t.me/…; other addresses are unchanged."""
    stand_in = _STAND_IN.match(url)
    return "https://t.me/" + url[stand_in.end() :] if stand_in else url


def names_bot(world: World, url: str) -> bool:
    """Whether `url` is a link to a bot of this world."""
    try:
        name, _ = _read(url)
    except ControlError:
        return False
    return isinstance(world.find_named(name), Bot)


def _read(url: str) -> tuple[str, dict[str, str]]:
    url = to_t_me(url)
    parts = urlsplit(url if "://" in url else "https://" + url)
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    host = (parts.hostname or "").lower()
    if parts.scheme == "tg" and host == "resolve" and query.get("domain"):
        return query["domain"], query
    if parts.scheme in ("http", "https") and host in _HOSTS and re.fullmatch(r"/\w+/?", parts.path):
        return parts.path.strip("/"), query
    if parts.scheme in ("http", "https") and host.endswith(".t.me") and parts.path in ("", "/"):
        return host.removesuffix(".t.me"), query
    raise ControlError(f"{url} is no link to a bot or a chat of this sandbox")


def _start(world: World, dialog: Dialog, query: dict[str, str]) -> Json:
    payload = query.get("start", "")
    if payload.startswith(REFERRAL_PREFIX):
        return {"dropped": "payloads of the referral programme never reach a bot"}
    if payload and not _PAYLOAD.fullmatch(payload):
        raise ControlError("a start payload has 1 to 64 characters of A-Z a-z 0-9 _ -")
    ids = set_blocked(world, dialog, False) if dialog.is_blocked else []
    world.calls.forgive(dialog.bot.id, dialog.user.id)
    sent = send_to_bot(world, dialog, f"/start {payload}".strip())
    return {"message": sent["message"], "update_ids": ids + sent["update_ids"], "bot": dialog.bot.id}


def _add(world: World, dialog: Dialog, query: dict[str, str], chat_id: int | None) -> Json:
    rights = {f"can_{name}" for name in query.get("admin", "").split() if name != "manage_chat"}
    if not rights:
        raise ControlError("a startchannel link needs admin rights")
    if chat_id is None:
        return {"choose_channel": True, "bot": dialog.bot.id, "rights": sorted(rights)}
    chat = world.chats.get(chat_id)
    if chat is None or chat.is_gone or chat.type != "channel":
        raise ControlError("the link adds the bot to a channel")
    return {"chat_id": chat.id, "update_ids": make_administrator(world, chat, dialog, rights)}


def _follow_invitation(world: World, user: User, chat: Chat, link: InviteLink) -> Json:
    member = chat.members.get(user.id)
    if member is not None and member.is_inside and not chat.is_gone:
        return {"chat_id": chat.id}
    refusal = _refusal(world, chat, link, member)
    if refusal is not None:
        raise ControlError(refusal)
    if link.creates_join_request:
        return {"chat_id": chat.id, "requested": True, "update_ids": ask_to_join(world, chat, user, link)}
    link.joined += 1
    return {"chat_id": chat.id, "update_ids": set_member(world, chat, Member(user.id, "member"), user, link)}


def _refusal(world: World, chat: Chat, link: InviteLink, member: Member | None) -> str | None:
    """Why the invitation does not work for this member (or non-member); None when it works."""
    if chat.is_gone or (member is not None and member.status == "kicked"):
        return "this invitation does not work for this person"
    is_over = link.expire_date is not None and link.expire_date < world.clock.now()
    if link.is_revoked or is_over or (link.member_limit is not None and link.joined >= link.member_limit):
        return "this invitation has expired"
    return None
