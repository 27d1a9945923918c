"""Bot API objects as JSON, complete for aiogram 3.31 (row 25, BOTAPI §4.2 and §4.3)."""

from typing import Any

from sandbox.state.files import StoredFile, file_id
from sandbox.state.records import Bot, Chat, Content, Dialog, InviteLink, Member, Message, User
from sandbox.state.world import World

Json = dict[str, Any]

ADMIN_RIGHTS = [
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_send_welcome_messages",
]
CHANNEL_RIGHTS = ["can_post_messages", "can_edit_messages", "can_manage_direct_messages"]
GROUP_RIGHTS = ["can_pin_messages", "can_manage_topics"]
MEMBER_RIGHTS = [
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
]
#: Characters shown of another admin's link: `https://t.me/+` and eight more.
SHOWN_OF_FOREIGN_LINK = 22
_PHOTO_SIDES = (("s", 90), ("m", 320), ("x", 0))


def user_json(user: User | Bot) -> Json:
    """A `User`."""
    if isinstance(user, Bot):
        return {"id": user.id, "is_bot": True, "first_name": user.text("name", None), "username": user.username}
    shown: Json = {"id": user.id, "is_bot": False, "first_name": user.first_name}
    for name in ("last_name", "username", "language_code"):
        if getattr(user, name):
            shown[name] = getattr(user, name)
    return shown


def me_json(bot: Bot) -> Json:
    """A `User` as getMe returns it."""
    return user_json(bot) | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "supports_guest_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
        "can_manage_bots": False,
    }


def chat_json(chat: Chat) -> Json:
    """A `Chat`."""
    if isinstance(chat, Dialog):
        shown = user_json(chat.user)
        kept = {name: shown[name] for name in ("id", "first_name", "last_name", "username") if name in shown}
        return kept | {"type": "private"}
    shown = {"id": chat.id, "title": chat.title, "type": chat.type}
    if chat.username:
        shown["username"] = chat.username
    if chat.type == "group":
        shown["all_members_are_administrators"] = False
    return shown


def full_chat_json(world: World, chat: Chat, bot: Bot) -> Json:
    """A `ChatFullInfo`, with the invite link and the pinned message if the bot may see them."""
    allowed = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    shown = chat_json(chat) | {
        "accent_color_id": chat.id % 7 if chat.id > 0 else -chat.id % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(allowed, False),
    }
    if chat.username:
        shown["active_usernames"] = [chat.username]
    if chat.is_protected:
        shown["has_protected_content"] = True
    if chat.type == "channel":
        shown["can_send_paid_media"] = True
    visible = [message for message in chat.pinned if message.deleted_at is None]
    if visible:
        shown["pinned_message"] = message_json(visible[-1], bot)
    member = chat.members.get(bot.id)
    if member is not None and member.may("can_invite_users"):
        primary = [link.url for link in chat.invite_links.values() if link.is_primary and link.creator_id == bot.id]
        if primary:
            shown["invite_link"] = primary[-1]
    return shown


def member_json(member: Member, who: User | Bot, chat_type: str) -> Json:
    """A `ChatMember…` object."""
    shown: Json = {"user": user_json(who), "status": member.status}
    if member.status == "creator":
        return shown | {"is_anonymous": False}
    if member.status == "kicked":
        return shown | {"until_date": member.until_date}
    if member.status == "restricted":
        rights = {name: member.rights.get(name, False) for name in MEMBER_RIGHTS}
        inside = member.rights.get("is_member", True)
        return shown | {"is_member": inside, "until_date": member.until_date} | rights
    if member.status == "administrator":
        own = CHANNEL_RIGHTS if chat_type == "channel" else GROUP_RIGHTS
        rights = {name: member.rights.get(name, False) for name in (*ADMIN_RIGHTS, *own)}
        rights["can_manage_chat"] = True
        return shown | {"can_be_edited": False, "is_anonymous": False} | rights
    return shown


def link_json(world: World, link: InviteLink, chat: Chat, bot: Bot) -> Json:
    """A `ChatInviteLink` as `bot` sees it: the end of another admin's link is hidden (BOTAPI §4.2)."""
    creator = world.bots.get(link.creator_id) or world.users[link.creator_id]
    is_own = link.creator_id == bot.id
    shown: Json = {
        "invite_link": link.url if is_own else link.url[:SHOWN_OF_FOREIGN_LINK] + "...",
        "creator": user_json(creator),
        "creates_join_request": link.creates_join_request,
        "is_primary": link.is_primary,
        "is_revoked": link.is_revoked,
    }
    for name in ("name", "expire_date", "member_limit"):
        if getattr(link, name):
            shown[name] = getattr(link, name)
    pending = sum(1 for used in chat.join_requests.values() if used is link)
    return shown | ({"pending_join_request_count": pending} if pending else {})


def message_json(message: Message, bot: Bot | None) -> Json:
    """A `Message` with the ids and file_ids of `bot`; None: as the control API shows it."""
    chat = message.chat
    shown: Json = {"message_id": message.id_for(bot)}
    if message.sender is not None:
        shown["from"] = user_json(message.sender)
    elif chat.type == "channel":
        shown["sender_chat"] = chat_json(chat)
    if message.author_signature:
        shown["author_signature"] = message.author_signature
    shown["chat"] = chat_json(chat)
    shown["date"] = message.date
    if message.edit_date is not None:
        shown["edit_date"] = message.edit_date
    if message.forward_origin is not None:
        shown["forward_origin"] = message.forward_origin
    if message.media_group_id:
        shown["media_group_id"] = message.media_group_id
    if message.reply_to is not None and message.reply_to.deleted_at is None:
        replied = message_json(message.reply_to, bot)
        replied.pop("reply_to_message", None)
        shown["reply_to_message"] = replied
    if message.is_protected or chat.is_protected:
        shown["has_protected_content"] = True
    shown.update(content_json(message.content, bot))
    if message.markup is not None:
        shown["reply_markup"] = message.markup
    return shown


def content_json(content: Content, bot: Bot | None) -> Json:
    """The fields of a `Message` that show its content."""
    shown = _service_json(content.extra, bot) if content.is_service else dict(content.extra)
    if content.file is not None:
        shown[content.kind] = file_json(content.file, bot)
        if content.kind == "animation":
            shown["document"] = _plain_file(content.file, bot)
    if content.is_text:
        shown["text"] = content.text
        if content.entities:
            shown["entities"] = content.entities
    elif content.text:
        shown["caption"] = content.text
        if content.entities:
            shown["caption_entities"] = content.entities
    if content.has_spoiler:
        shown["has_media_spoiler"] = True
    if content.is_caption_above:
        shown["show_caption_above_media"] = True
    return shown


def _service_json(extra: Json, bot: Bot | None) -> Json:
    shown = dict(extra)
    pinned = shown.get("pinned_message")
    if isinstance(pinned, Message):
        shown["pinned_message"] = message_json(pinned, bot)
    return shown


def _plain_file(file: StoredFile, bot: Bot | None) -> Json:
    shown: Json = {"file_id": file_id(file, bot.id if bot else 0), "file_unique_id": file.unique_id}
    return shown | {"file_name": file.name, "mime_type": file.mime_type, "file_size": file.size}


def file_json(file: StoredFile, bot: Bot | None) -> Json | list[Json]:
    """A `Document`, `Video`… or the list of `PhotoSize`."""
    if file.kind == "photo":
        return [_photo_size(file, bot, variant, side) for variant, side in _PHOTO_SIDES]
    shown = _plain_file(file, bot)
    if file.kind in ("video", "animation", "sticker"):
        shown |= {"width": file.width, "height": file.height}
    if file.kind in ("video", "animation", "audio", "voice", "video_note"):
        shown["duration"] = file.duration_s
    if file.kind == "video_note":
        shown["length"] = 240
    if file.kind == "sticker":
        shown |= {"type": "regular", "is_animated": False, "is_video": False, "emoji": "🙂"}
    for name in ("file_name", "mime_type"):
        if file.kind in ("sticker", "video_note") or (file.kind == "voice" and name == "file_name"):
            shown.pop(name, None)
    return shown


def _photo_size(file: StoredFile, bot: Bot | None, variant: str, side: int) -> Json:
    longest = max(file.width, file.height, 1)
    scale = min(1.0, side / longest) if side else 1.0
    return {
        "file_id": file_id(file, bot.id if bot else 0, "" if variant == "x" else variant),
        "file_unique_id": file.unique_id + ("" if variant == "x" else variant),
        "file_size": max(1, int(file.size * scale)),
        "width": max(1, int(file.width * scale)),
        "height": max(1, int(file.height * scale)),
    }
