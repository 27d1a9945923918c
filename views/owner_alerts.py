"""Alerts to owners, one per incident."""

from collections.abc import Mapping

from core.posts import Post
from core.settings import ShortenerFailure
from core.subscriptions import Channel, ChannelMode, OnError
from views.html import bare, cut, esc, isolate
from views.publishing.announcement_texts import NOT_PUBLISHED_TO
from views.storage.texts import RESTRICTED_REMEDY

_NOTHING_LOST = "Nothing is lost: everything works again as soon as the bot is back. /start shows what is missing."


def storing_lost(what: str) -> str:
    """Say that the admin bot cannot post in the storage channel. `what`: the missing rights (HTML, no full stop)."""
    return f"<b>I cannot store posts:</b> {what}.\nGive the bot its rights in the storage channel back. {_NOTHING_LOST}"


def storage_lost(reason: str) -> str:
    """Say that the user bot cannot copy from the storage channel."""
    return (
        "<b>The storage channel cannot be reached by the user bot.</b>\n"
        "Subscribers get no posts until it is an administrator there again. "
        f"Telegram says: {esc(cut(bare(reason), 200))}\n{_NOTHING_LOST}"
    )


def storage_back() -> str:
    """Say that it works again, after `storing_lost` or `storage_lost`."""
    return "The storage channel works again."


def post_damaged(post: Post, delivered: int) -> str:
    """Say that fewer copies than messages could be made of a post."""
    return (
        f"<b>Post {post.number} is incomplete.</b> {isolate(post.title)}\n"
        f"Only {delivered} of its {post.item_count} messages could be delivered: the others are gone from the storage "
        "channel. “Content” on the post's card (/posts), then “Replace all”, repairs it."
    )


def post_refused(post: Post, words: str) -> str:
    """Say that Telegram refuses a post's content. `words`: what it says."""
    return (
        f"<b>Telegram does not let me send post {post.number}.</b> {isolate(post.title)}\n"
        f"It says: {esc(cut(bare(words), 200))}\n"
        "“Content” on the post's card (/posts), then “Replace all”, repairs it."
    )


#: what is said of each reason why a delivery is told of, in this order
_DELETIONS = {
    "too_old": "Older than 48 hours, so that Telegram no longer deletes them: {}.",
    "reader_gone": "The subscriber's account is gone: {}.",
    "other_bot": "Sent by another bot, whose messages this one cannot delete: {}.",
    "unknown": "Telegram's answer to the delivery never came, so its messages are unknown: {}.",
    "too_wide": "Telegram's answer never came, and too much was sent since to find all of it: {}.",
}
_SWEPT = "Deliveries whose answer was lost were cleaned up: {}. Whatever had arrived is deleted."
#: the reasons, as they are stored
DELETION_REASONS = (*_DELETIONS, "swept")


def deletions_impossible(counts: Mapping[str, int]) -> str:
    """Say how many deliveries could not be deleted, or were swept. `counts`: by DELETION_REASONS, not all zero."""
    lines = [words.format(counts[reason]) for reason, words in _DELETIONS.items() if counts.get(reason)]
    if lines:
        lines.insert(0, "<b>Some deliveries could not be deleted.</b>")
    if counts.get("swept"):
        lines.append(_SWEPT.format(counts["swept"]))
    return "\n".join(lines)


def channel_broken(channel: Channel) -> str:
    """Say that the user bot cannot see who has joined a channel."""
    right = "an administrator there"
    if channel.mode is ChannelMode.REQUEST:
        right += " with the right to invite people"
    pass_or_not = "are let in" if channel.on_error is OnError.OPEN else "get no posts"
    effect = f"Until then, subscribers I cannot check {pass_or_not}."
    if channel.is_paused or not channel.is_required:
        effect = "It is not required at the moment, so nobody notices."
    return (
        f"<b>The channel {isolate(channel.name)} is out of the user bot's sight.</b>\n"
        f"The bot must be {right} again. {effect} “Check” on the channel's screen (/channels) says what is missing."
    )


def channel_works(channel: Channel) -> str:
    """Say that it works again, after `channel_broken`."""
    return f"The channel {isolate(channel.name)} works again: the user bot sees who has joined."


def members_refused(channel: Channel, reason: str) -> str:
    """Say that Telegram answers something unknown when asked who has joined. `reason`: its error description."""
    pass_or_not = "are let in" if channel.on_error is OnError.OPEN else "get no posts"
    return (
        f"<b>Telegram does not say who has joined {isolate(channel.name)}.</b> It says: {esc(cut(bare(reason), 200))}\n"
        f"Subscribers I cannot check {pass_or_not}. "
        "“Check” on the channel's screen (/channels) says whether a right is missing."
    )


def invite_link_broken(channel: Channel) -> str:
    """Say that the invite link of a channel no longer works."""
    return (
        f"<b>The invite link of {isolate(channel.name)} no longer works.</b> Somebody has revoked it, or it is not the "
        "user bot's. Subscribers who press its button cannot join.\n"
        "“New link” on the channel's screen (/channels) makes one that works."
    )


def invite_link_works(channel: Channel) -> str:
    """Say that it works again, after `invite_link_broken`."""
    return f"The invite link of {isolate(channel.name)} works."


def storage_restricted() -> str:
    """Say that the storage channel restricts saving content."""
    return (
        "<b>The storage channel restricts saving content.</b> While it does, Telegram may refuse to send its posts "
        f"to subscribers.\n{RESTRICTED_REMEDY} Nothing is lost. /start checks it again."
    )


def storage_unrestricted() -> str:
    """Say that it no longer does, after `storage_restricted`."""
    return "The storage channel no longer restricts saving content."


def offer_refused(reason: str) -> str:
    """Say that Telegram refuses the message with the button “Unlock”. `reason`: its error description."""
    return (
        "<b>Telegram does not take the message that asks subscribers to unlock.</b> Until this is put right, they get "
        f"no answer. Telegram says: {esc(cut(bare(reason), 200))}\n"
        "Mostly it is the address behind one of its buttons: check the how-to link (/settings, Unlocking), "
        "PUBLIC_BASE_URL, and what the shortener answers."
    )


def refusal_unknown(method: str, chat: str, words: str) -> str:
    """Say that Telegram refused something with words nobody knows. `words`: without secrets."""
    return (
        "<b>Telegram refused something in words I do not know.</b>\n"
        f"It says: {esc(cut(bare(words), 200))}\n"
        f"What I asked for: {esc(method)} ({esc(chat)}). I will not tell you of these words again. "
        "If something does not work as it should, send this message to whoever runs the bot."
    )


_WITHOUT_SHORTENER = {
    ShortenerFailure.DIRECT: "Until then, unlock links lead straight to the page, without a shortener",
    ShortenerFailure.GRANT: "Until then, subscribers get what an unlock earns without one",
    ShortenerFailure.REFUSE: "Until then, nobody can unlock: subscribers are asked to try again later",
}


def shorteners_failing(mode: str) -> str:
    """Say that no shortener makes links. `mode`: the setting `on_shortener_failure`."""
    return (
        "<b>No shortener answers as it should.</b> They are tried again by themselves.\n"
        f"{_WITHOUT_SHORTENER[ShortenerFailure(mode)]}. “If no shortener works” (/settings, Unlocking) changes that."
    )


def shorteners_work() -> str:
    """Say that they work again, after `shorteners_failing`."""
    return "The shorteners work again."


def announcement_failed(title: str, channel: str, words: str) -> str:
    """Say that an announcement is not in its channel. `words`: Telegram's; "": it was not asked."""
    because = f"Telegram refused: {esc(cut(bare(words), 200))}" if words else NOT_PUBLISHED_TO
    return (
        f"<b>{isolate(title)} is not in {isolate(channel)}.</b> {because}\n"
        "Open the post's card (/posts), Publish: it can be tried again there."
    )


def announcement_unknown(title: str, channel: str) -> str:
    """Say that nobody knows whether an announcement is in its channel."""
    return (
        f"<b>Telegram did not confirm {isolate(title)}.</b> Look into {isolate(channel)} first.\n"
        "Then open the post's card (/posts), Publish: “It is there” or “Send again”."
    )


def announcement_missed(title: str, channel: str) -> str:
    """Say that the time of an announcement passed more than a day before the bot was back."""
    return (
        f"<b>{isolate(title)} was missed in {isolate(channel)}.</b> "
        "I was not running at its time, nor for a day after it.\n"
        "Open the post's card (/posts), Publish: it can be published now, or taken off the schedule."
    )


def announcement_stays(title: str, channel: str, words: str) -> str:
    """Say that an announcement cannot be taken out of its channel. `words`: what Telegram says."""
    return (
        f"<b>I cannot take {isolate(title)} out of {isolate(channel)}.</b> "
        f"Telegram refused: {esc(cut(bare(words), 200))}\n"
        "Give the bot its rights there back: I try again each hour for a day. You can also delete the message yourself."
    )


def announcement_left(title: str, channel: str) -> str:
    """Say that it is out, after `announcement_stays`."""
    return f"{isolate(title)} is out of {isolate(channel)}."


def announcement_settled(title: str) -> str:
    """Say that nothing of an announcement is open any more, after one of the three above."""
    return f"{isolate(title)}: nothing is open about its announcements any more."
