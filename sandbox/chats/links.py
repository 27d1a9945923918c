"""Links a person opens: bots with a start payload, invitations, public chats (row 27, BOTAPI §5)."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.chats.membership import admit, ask_to_join, set_blocked, set_member
from sandbox.chats.posting import post
from sandbox.chats.transcript import shown_message
from sandbox.errors import ControlError
from sandbox.state.world import Bot, Chat, Content, Dialog, InviteLink, Member, User, World
from sandbox.text.formatting import detect

Json = dict[str, Any]

_HOSTS = frozenset({"t.me", "telegram.me", "telegram.dog"})
#: The payload of a start link (BOTAPI §5).
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_INVITATION = re.compile(
    r"(?:(?:https?://)?(?:t\.me|telegram\.me|telegram\.dog)/(?:\+|joinchat/)|tg://join\?invite=)([A-Za-z0-9_-]+)"
)
#: This server, which stands for t.me in a browser tab.
_STAND_IN = re.compile(r"http://(?:127\.0\.0\.1|localhost)(?::\d{1,5})?/t\.me/")
REFERRAL_PREFIX = "_tgr_"


def speak(world: World, dialog: Dialog, text: str) -> Json:
    """The person writes `text` to the bot; a chat never started is started by it."""
    dialog.is_started = dialog.is_seen = True
    message, ids = post(world, dialog, Content("text", text, detect(text, [])), dialog.user)
    return {"message": shown_message(message, dialog.bot), "update_ids": ids}


def open_link(world: World, user: User, url: str, chat_id: int | None = None) -> Json:
    """What happens when a person opens `url`.

    A bot's `?startchannel&admin=…` adds it to the channel `chat_id`, as Telegram's dialogue does; without one it
    answers `choose_channel`. Any other link of a bot sends `/start` with its payload (payloads of the referral
    programme send nothing and answer `dropped`); an invitation joins or asks to join. Raises ControlError for anything
    that is not Telegram's, for a payload longer than 64 characters or of other letters, and for a bot or a link that
    does not exist.
    """
    invitation = _find_link(world, url)
    if invitation is not None:
        return _follow_invitation(world, user, *invitation)
    name, query = _read(url)
    found = world.find_named(name)
    if isinstance(found, Bot):
        dialog = world.dialog(found, user)
        return _add(world, dialog, query, chat_id) if "startchannel" in query else _start(world, dialog, query)
    if isinstance(found, Chat):
        return {"chat_id": found.id}
    raise ControlError(f"there is nobody called {name}", 404)


def find_invitation(world: World, user: User, url: str) -> Json | None:
    """What an invitation leads to and whether it would work, as the app shows it to `user`; None if `url` is none."""
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
    """The chat and the link an address in any of Telegram's forms means; None for other addresses."""
    found = _INVITATION.fullmatch(as_telegrams(url))
    address = f"https://t.me/+{found[1]}" if found else ""
    chat = world.links.get(address)
    return None if chat is None else (chat, chat.invite_links[address])


def as_telegrams(url: str) -> str:
    """`url`, or what it stands for when it is this server's `/t.me/…`."""
    stand_in = _STAND_IN.match(url)
    return "https://t.me/" + url[stand_in.end() :] if stand_in else url


def names_bot(world: World, url: str) -> bool:
    """Whether `url` leads to a bot of this world."""
    try:
        name, _ = _read(url)
    except ControlError:
        return False
    return isinstance(world.find_named(name), Bot)


def _read(url: str) -> tuple[str, dict[str, str]]:
    url = as_telegrams(url)
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
    said = speak(world, dialog, f"/start {payload}".strip())
    return {"message": said["message"], "update_ids": ids + said["update_ids"], "bot": dialog.bot.id}


def _add(world: World, dialog: Dialog, query: dict[str, str], chat_id: int | None) -> Json:
    rights = {f"can_{name}" for name in query.get("admin", "").split() if name != "manage_chat"}
    if not rights:
        raise ControlError("a startchannel link needs admin rights")
    if chat_id is None:
        return {"choose_channel": True, "bot": dialog.bot.id, "rights": sorted(rights)}
    chat = world.chats.get(chat_id)
    if chat is None or chat.is_gone or chat.type != "channel":
        raise ControlError("the link adds the bot to a channel")
    return {"chat_id": chat.id, "update_ids": admit(world, chat, dialog, rights)}


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
    """Why the invitation lets nobody (or not this person) in; None when it does."""
    if chat.is_gone or (member is not None and member.status == "kicked"):
        return "this invitation does not work for this person"
    is_over = link.expire_date is not None and link.expire_date < world.clock.now()
    if link.is_revoked or is_over or (link.member_limit is not None and link.joined >= link.member_limit):
        return "this invitation has expired"
    return None
