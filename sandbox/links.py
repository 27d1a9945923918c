"""Links a person opens: bots with a start payload, invitations, public chats (row 27, BOTAPI §5)."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.errors import ControlError
from sandbox.formatting import detect
from sandbox.membership import admit, ask_to_join, set_blocked, set_member
from sandbox.posting import post
from sandbox.transcript import shown_message
from sandbox.world import Bot, Chat, Content, Dialog, InviteLink, Member, User, World

Json = dict[str, Any]

_HOSTS = frozenset({"t.me", "telegram.me", "telegram.dog"})
#: The payload of a start link (BOTAPI §5).
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
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
    if url in world.links:
        return _follow_invitation(world, user, world.links[url], world.links[url].invite_links[url])
    name, query = _read(url)
    found = world.find_named(name)
    if isinstance(found, Bot):
        dialog = world.dialog(found, user)
        return _add(world, dialog, query, chat_id) if "startchannel" in query else _start(world, dialog, query)
    if isinstance(found, Chat):
        return {"chat_id": found.id}
    raise ControlError(f"there is nobody called {name}", 404)


def find_invitation(world: World, url: str) -> Json | None:
    """What an invitation leads to, for the page; None if `url` is none."""
    chat = world.links.get(url)
    if chat is None:
        return None
    link = chat.invite_links[url]
    return {"chat_id": chat.id, "title": chat.title, "creates_join_request": link.creates_join_request}


def names_bot(world: World, url: str) -> bool:
    """Whether `url` leads to a bot of this world."""
    try:
        name, _ = _read(url)
    except ControlError:
        return False
    return isinstance(world.find_named(name), Bot)


def _read(url: str) -> tuple[str, dict[str, str]]:
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
    if chat.is_gone or (member is not None and member.status == "kicked"):
        raise ControlError("this invitation does not work for this person")
    if member is not None and member.is_inside:
        return {"chat_id": chat.id}
    is_over = link.expire_date is not None and link.expire_date < world.clock.now()
    if is_over or (link.member_limit is not None and link.joined >= link.member_limit):
        raise ControlError("this invitation has expired")
    if link.creates_join_request:
        return {"chat_id": chat.id, "requested": True, "update_ids": ask_to_join(world, chat, user, link)}
    link.joined += 1
    return {"chat_id": chat.id, "update_ids": set_member(world, chat, Member(user.id, "member"), user, link)}
