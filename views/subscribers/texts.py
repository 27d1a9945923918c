"""What subscribers read in the user bot besides the gate and what stands under a delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.access import Banned, has_pass, requires_access
from core.settings import TEXTS, BotSettings
from core.templates import Html, fill, is_visible, placeholders_of, without_tags
from core.users import User, is_banned
from views.html import bare, cut, esc, isolate
from views.language import _, ngettext
from views.subscribers import gate_texts, news_texts
from views.subscribers.gate_message import title_of
from views.times import clock_time, date_and_time

#: characters of a name, and of a channel's title in a sentence
_NAME_MAX, _CHANNEL_MAX = 64, 40
#: deliveries that /me names
_NAMED = 3


def invalid_link() -> str:
    return _("This link does not work. Check that you copied all of it.")


def post_gone() -> str:
    return _("This post is not available any more.")


def owner_knows(text: str) -> str:
    """Return a sentence followed by that the owners have the alert."""
    return _("{sentence} The owner knows.").format(sentence=text)


def post_empty() -> str:
    return _("This post is empty now: its messages are gone.")


def post_refused() -> str:
    return _("Telegram does not let me send this post.")


def storage_lost() -> str:
    return _("I cannot reach this post now. Nothing was charged. Try again later.")


def voice_forbidden() -> str:
    return _(
        "Your privacy settings refuse voice or video messages, and this post has one. Allow them for this bot in "
        "Telegram's Settings › Privacy and Security, then press the button."
    )


def try_again() -> str:
    return _("That did not work. Nothing was charged.")


def not_confirmed() -> str:
    return _("Telegram did not confirm that the post reached you. If it does not appear in a minute, press the button.")


def interrupted() -> str:
    return _(
        "I was interrupted while sending you a post. If it did not arrive, press the button and you have it again."
    )


def missing_items(sent: int, wanted: int) -> str:
    """Say that some of the post's messages no longer exist in the storage channel."""
    return ngettext(
        "{gone} message of this post (of {count}) could not be sent.",
        "{gone} messages of this post (of {count}) could not be sent.",
        wanted - sent,
    ).format(gone=wanted - sent, count=wanted)


def not_a_command() -> str:
    return _("I only send posts. Open a post's link, or press /help.")


def one_moment() -> str:
    return _("One moment.")


def stale_button() -> str:
    return _("This button is old. Open the post's link again.")


def welcome(user: User, settings: BotSettings, bot_username: str, channel: str = "") -> str:
    """Return the answer to a bare /start. `channel`: the title of the one that posts are announced in."""
    own = filled(settings.welcome_text, user, bot_username)
    if own:
        return own
    name, where = _name(user), bare(channel).strip()
    if where and name:
        text = _("Hi {name}. Open a post's link in {channel} and the post arrives here.")
    elif where:
        text = _("Hi. Open a post's link in {channel} and the post arrives here.")
    elif name:
        text = _("Hi {name}. Open a post's link and the post arrives here.")
    else:
        text = _("Hi. Open a post's link and the post arrives here.")
    return text.format(name=name, channel=isolate(where, _CHANNEL_MAX))


def filled(own: str | None, user: User | None, bot_username: str) -> str:
    """Return a text of the owners with its placeholders replaced; "" if there is none, or nothing to read in it."""
    if own is None:
        return ""
    name = _name(user) if user else ""
    # takes the place of a name without visible characters
    text = fill(own, {"name": Html(name or _("there")), "bot": f"@{bot_username}"})
    return text if is_visible(without_tags(text)) else ""


def notice_placeholders(settings: BotSettings) -> frozenset[str]:
    """Return the placeholders in the owners' notice of a deleted post."""
    text = settings.deleted_text
    return frozenset() if text is None else placeholders_of(text, TEXTS["deleted_text"].placeholders)


def _name(user: User) -> str:
    """Return the subscriber's name as HTML; "" if it has no visible characters."""
    return isolate(user.first_name, _NAME_MAX) if bare(user.first_name).strip() else ""


def help_text(settings: BotSettings) -> str:
    """Return the answer to /help, with the owners' contact."""
    lines = [
        _(
            "Open a post's link and the post arrives here. "
            "Most delete themselves after a while; a button brings them back."
        ),
        _("A post may ask you to join a channel or to pass one page first. Its message says what is left."),
        _("/me shows what you have and what is here. /unlock gets more."),
        news_texts.help_line(),
    ]
    if settings.contact:
        lines.append(_("Questions: {contact}").format(contact=settings.contact))
    return "\n".join(lines)


def banned(verdict: Banned, now: datetime, zone: ZoneInfo) -> str:
    """Say that the subscriber is banned."""
    if verdict.until:
        text = _("You cannot use this bot until {time}.").format(time=date_and_time(verdict.until, zone, now))
    else:
        text = _("You cannot use this bot.")
    if not verdict.reason:
        return text
    return f"{text}\n{_('Reason: {reason}').format(reason=esc(cut(verdict.reason, 200)))}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What `/me` shows besides the subscriber's record."""

    unlocks_today: int
    #: title ("" if unknown) and time of each delivery that will be deleted, in order
    open_deliveries: Sequence[tuple[str, datetime]] = ()


def about_me(user: User, settings: BotSettings, standing: Standing, now: datetime, zone: ZoneInfo) -> str:
    """Answer `/me`: what the subscriber has, and which deliveries are here until when."""
    if is_banned(user, now):
        lines = [banned(Banned(user.ban_reason, user.banned_until), now, zone)]
    else:
        lines = _access_lines(user, settings, standing, now, zone)
    shown = standing.open_deliveries[:_NAMED]
    lines += [
        _("Here until {time}: {title}").format(time=clock_time(at, zone), title=title_of(title)) for title, at in shown
    ]
    more = len(standing.open_deliveries) - len(shown)
    if more:
        lines.append(ngettext("and {count} more post", "and {count} more posts", more).format(count=more))
    return "\n".join(lines)


def _access_lines(user: User, settings: BotSettings, standing: Standing, now: datetime, zone: ZoneInfo) -> list[str]:
    access = gate_texts.access(user.credits, user.pass_until, now, zone)
    if requires_access(settings):
        return [access, gate_texts.unlocks_today(standing.unlocks_today, settings.daily_token_limit)]
    lines = [_("Every post is open to you.")]
    if user.credits or has_pass(user, now):
        lines.append(_("For later: {access}").format(access=access))
    return lines
