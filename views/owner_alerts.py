"""Alerts to owners, one per incident."""

from collections.abc import Callable, Mapping

from core.posts import ITEMS_MAX, Post
from core.settings import ShortenerFailure
from core.subscriptions import Channel, ChannelMode, OnError
from views.html import bare, cut, esc, isolate
from views.language import _
from views.publishing.announcement_texts import NOT_PUBLISHED_TO, reason_words
from views.storage.texts import restricted_remedy

#: characters quoted of what Telegram says
_QUOTED_MAX = 200


def _quoted(words: str) -> str:
    return esc(cut(bare(words), _QUOTED_MAX))


def storing_lost(what: str) -> str:
    """Say that the admin bot cannot post in the storage channel. `what`: the missing rights (HTML, no full stop)."""
    return _(
        "<b>I cannot store posts:</b> {reason}.\n"
        "Give the bot its rights in the storage channel back. "
        "Nothing is lost: everything works again as soon as the bot is back. /start shows what is missing."
    ).format(reason=what)


def storage_lost(reason: str) -> str:
    """Say that the user bot cannot copy from the storage channel."""
    return _(
        "<b>The storage channel cannot be reached by the user bot.</b>\n"
        "Subscribers get no posts until it is an administrator there again. Telegram says: {words}\n"
        "Nothing is lost: everything works again as soon as the bot is back. /start shows what is missing."
    ).format(words=_quoted(reason))


def storage_back() -> str:
    """Say that it works again, after `storing_lost` or `storage_lost`."""
    return _("The storage channel works again.")


def post_damaged(post: Post, delivered: int) -> str:
    """Say that fewer copies than messages could be made of a post."""
    return _(
        "<b>Post {number} is incomplete.</b> {title}\n"
        "Only {count} of its {all} messages could be delivered: the others are gone from the storage "
        "channel. “Content” on the post's card (/posts), then “Replace all”, repairs it."
    ).format(number=post.number, title=isolate(post.title), count=delivered, all=post.item_count)


def old_link_too_long(first: int, last: int) -> str:
    """Say that a link of the old bot opens more than one post can have."""
    return _(
        "<b>An old link opens too many messages:</b> {first} to {last}.\nOne post has at most {most}. Make several "
        "posts of them and send subscribers the new links. I tell you of this only once."
    ).format(first=first, last=last, most=ITEMS_MAX)


def post_refused(post: Post, words: str) -> str:
    """Say that Telegram refuses a post's content. `words`: what it says."""
    return _(
        "<b>Telegram does not let me send post {number}.</b> {title}\n"
        "It says: {words}\n"
        "“Content” on the post's card (/posts), then “Replace all”, repairs it."
    ).format(number=post.number, title=isolate(post.title), words=_quoted(words))


#: what is said of each reason why a delivery is told of, in this order
_DELETIONS: dict[str, Callable[[], str]] = {
    "too_old": lambda: _("Older than 48 hours, so that Telegram no longer deletes them: {count}."),
    "reader_gone": lambda: _("The subscriber's account is gone: {count}."),
    "other_bot": lambda: _("Sent by another bot, whose messages this one cannot delete: {count}."),
    "unknown": lambda: _("Telegram's answer to the delivery never came, so its messages are unknown: {count}."),
    "too_wide": lambda: _("Telegram's answer never came, and too much was sent since to find all of it: {count}."),
}
#: the reasons, as they are stored
DELETION_REASONS = (*_DELETIONS, "swept")


def deletions_impossible(counts: Mapping[str, int]) -> str:
    """Say how many deliveries could not be deleted, or were swept. `counts`: by DELETION_REASONS, not all zero."""
    lines = [words().format(count=counts[reason]) for reason, words in _DELETIONS.items() if counts.get(reason)]
    if lines:
        lines.insert(0, _("<b>Some deliveries could not be deleted.</b>"))
    if counts.get("swept"):
        swept = _("Deliveries whose answer was lost were cleaned up: {count}. Whatever had arrived is deleted.")
        lines.append(swept.format(count=counts["swept"]))
    return "\n".join(lines)


def channel_broken(channel: Channel) -> str:
    """Say that the user bot cannot see who has joined a channel."""
    what = _("<b>The channel {name} is out of the user bot's sight.</b>").format(name=isolate(channel.name))
    right = _("The bot must be an administrator there again.")
    if channel.mode is ChannelMode.REQUEST:
        right = _("The bot must be an administrator there with the right to invite people again.")
    effect = _("Until then, subscribers I cannot check get no posts.")
    if channel.is_paused or not channel.is_required:
        effect = _("It is not required at the moment, so nobody notices.")
    elif channel.on_error is OnError.OPEN:
        effect = _("Until then, subscribers I cannot check are let in.")
    step = _("“Check” on the channel's screen (/channels) says what is missing.")
    return f"{what}\n{right} {effect} {step}"


def channel_works(channel: Channel) -> str:
    """Say that it works again, after `channel_broken`."""
    return _("The channel {name} works again: the user bot sees who has joined.").format(name=isolate(channel.name))


def members_refused(channel: Channel, reason: str) -> str:
    """Say that Telegram answers something unknown when asked who has joined. `reason`: its error description."""
    what = _("<b>Telegram does not say who has joined {name}.</b> It says: {words}").format(
        name=isolate(channel.name), words=_quoted(reason)
    )
    effect = _("Subscribers I cannot check get no posts.")
    if channel.on_error is OnError.OPEN:
        effect = _("Subscribers I cannot check are let in.")
    step = _("“Check” on the channel's screen (/channels) says whether a right is missing.")
    return f"{what}\n{effect} {step}"


def invite_link_broken(channel: Channel) -> str:
    """Say that the invite link of a channel no longer works."""
    return _(
        "<b>The invite link of {name} no longer works.</b> Somebody has revoked it, or it is not the "
        "user bot's. Subscribers who press its button cannot join.\n"
        "“New link” on the channel's screen (/channels) makes one that works."
    ).format(name=isolate(channel.name))


def invite_link_works(channel: Channel) -> str:
    """Say that it works again, after `invite_link_broken`."""
    return _("The invite link of {name} works.").format(name=isolate(channel.name))


def storage_restricted() -> str:
    """Say that the storage channel restricts saving content."""
    what = _(
        "<b>The storage channel restricts saving content.</b> While it does, Telegram may refuse to send its posts "
        "to subscribers."
    )
    rest = _("Nothing is lost. /start checks it again.")
    return f"{what}\n{restricted_remedy()} {rest}"


def storage_unrestricted() -> str:
    """Say that it no longer does, after `storage_restricted`."""
    return _("The storage channel no longer restricts saving content.")


def offer_refused(reason: str) -> str:
    """Say that Telegram refuses the message with the button “Unlock”. `reason`: its error description."""
    return _(
        "<b>Telegram does not take the message that asks subscribers to unlock.</b> Until this is put right, they get "
        "no answer. Telegram says: {words}\n"
        "Mostly it is the address behind one of its buttons: check the how-to link (/settings, Unlocking), "
        "PUBLIC_BASE_URL, and what the shortener answers."
    ).format(words=_quoted(reason))


def refusal_unknown(method: str, chat: str, words: str) -> str:
    """Say that Telegram refused something with words nobody knows. `words`: without secrets."""
    return _(
        "<b>Telegram refused something in words I do not know.</b>\n"
        "It says: {words}\n"
        "What I asked for: {method} ({chat}). I will not tell you of these words again. "
        "If something does not work as it should, send this message to whoever runs the bot."
    ).format(words=_quoted(words), method=esc(method), chat=esc(chat))


def shorteners_failing(mode: str) -> str:
    """Say that no shortener makes links. `mode`: the setting `on_shortener_failure`."""
    what = _("<b>No shortener answers as it should.</b> They are tried again by themselves.")
    match ShortenerFailure(mode):
        case ShortenerFailure.DIRECT:
            effect = _("Until then, unlock links lead straight to the page, without a shortener.")
        case ShortenerFailure.GRANT:
            effect = _("Until then, subscribers get what an unlock earns without one.")
        case ShortenerFailure.REFUSE:
            effect = _("Until then, nobody can unlock: subscribers are asked to try again later.")
    step = _("“If no shortener works” (/settings, Unlocking) changes that.")
    return f"{what}\n{effect} {step}"


def shorteners_work() -> str:
    """Say that they work again, after `shorteners_failing`."""
    return _("The shorteners work again.")


def announcement_failed(title: str, channel: str, words: str) -> str:
    """Say that an announcement is not in its channel. `words`: Telegram's; "": it was not asked."""
    what = _("<b>{title} is not in {channel}.</b>").format(title=isolate(title), channel=isolate(channel))
    because = reason_words(NOT_PUBLISHED_TO)
    if words:
        because = _("Telegram refused: {words}").format(words=_quoted(reason_words(words)))
    step = _("Open the post's card (/posts), Publish: it can be tried again there.")
    return f"{what} {because}\n{step}"


def announcement_unknown(title: str, channel: str) -> str:
    """Say that nobody knows whether an announcement is in its channel."""
    return _(
        "<b>Telegram did not confirm {title}.</b> Look into {channel} first.\n"
        "Then open the post's card (/posts), Publish: “It is there” or “Send again”."
    ).format(title=isolate(title), channel=isolate(channel))


def announcement_missed(title: str, channel: str) -> str:
    """Say that the time of an announcement passed more than a day before the bot was back."""
    return _(
        "<b>{title} was missed in {channel}.</b> I was not running at its time, nor for a day after it.\n"
        "Open the post's card (/posts), Publish: it can be published now, or taken off the schedule."
    ).format(title=isolate(title), channel=isolate(channel))


def announcement_stays(title: str, channel: str, words: str) -> str:
    """Say that an announcement cannot be taken out of its channel. `words`: what Telegram says."""
    return _(
        "<b>I cannot take {title} out of {channel}.</b> Telegram refused: {words}\n"
        "Give the bot its rights there back: I try again each hour for a day. You can also delete the message yourself."
    ).format(title=isolate(title), channel=isolate(channel), words=_quoted(reason_words(words)))


def announcement_left(title: str, channel: str) -> str:
    """Say that it is out, after `announcement_stays`."""
    return _("{title} is out of {channel}.").format(title=isolate(title), channel=isolate(channel))


def announcement_settled(title: str) -> str:
    """Say that nothing of an announcement is open any more, after one of the three above."""
    return _("{title}: nothing is open about its announcements any more.").format(title=isolate(title))
