"""What became of a confirmed draft, in one channel or in several; and where a post is announced already."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton

from core.announcements import AnnouncementState
from core.subscriptions import Channel
from views.buttons import PRIMARY, Row, button
from views.html import bare, cut, isolate
from views.language import _, ngettext, pgettext
from views.navigation import ConnectChannel, OpenChannel, Section, parent
from views.publishing.announcement_screens import Shown, buttons_of, open_row, state_words
from views.publishing.callbacks import (
    AnnouncementAction,
    AnnouncementButton,
    Back,
    CheckRights,
    ConnectButton,
    DraftAction,
    DraftButton,
    PublishAgain,
    ResultButton,
)
from views.publishing.draft_screens import DraftFacts, post_parent
from views.publishing.paging import page_of, pager
from views.publishing.times import time_words
from views.publishing_rights import may_not_post
from views.screen_limits import WIDE_MAX
from views.screens import Parent, Screen

#: characters of a channel's name in a line of several, and of one on a button
_NAME_MAX, _BUTTON_MAX = 24, 28
_TOLD_MAX = 60
#: characters of a channel's name behind `‹`
_PARENT_MAX = 16
#: what needs a person comes first
_ORDER = (
    AnnouncementState.UNKNOWN,
    AnnouncementState.FAILED,
    AnnouncementState.MISSED,
    AnnouncementState.SENDING,
    AnnouncementState.PLANNED,
)


def not_a_channel() -> str:
    return _("Posts are published in channels. Choose a channel of yours.")


def is_storage() -> str:
    return _("That is the storage channel: everybody in it sees every post. Choose the one your subscribers read.")


def connect_full() -> str:
    return _("There are 50 channels already. Remove one under Channels first.")


def pick_here() -> str:
    return _("Press “{button}” below the text field. You can make a new channel there, too.").format(
        button=picker_button()
    )


def picker_button() -> str:
    return _("Choose a channel")


def ask_channel() -> str:
    return _(
        "Which channel do your subscribers read? Press “{button}” below the text field. Telegram adds me there with "
        "the rights I need."
    ).format(button=picker_button())


def this_channel() -> str:
    """Return what a channel of unknown title is called in a sentence."""
    return _("this channel")


def check_unsure() -> str:
    return _("Telegram did not answer, so I cannot tell. Try again in a moment.")


def result_screen(shown: Sequence[Shown], page: int = 0) -> Screen:
    """Return what became of a draft. `shown`: at least one announcement of it."""
    first = shown[0].announcement
    post = post_parent(first.post_code, first.number)
    if len(shown) == 1:
        return Screen(state_words(shown[0]), buttons_of(shown[0], Back.RESULT), post)
    return _several(sorted(shown, key=_weight), page, post)


def _weight(one: Shown) -> int:
    state = one.announcement.state
    return _ORDER.index(state) if state in _ORDER else len(_ORDER)


def _several(shown: Sequence[Shown], page: int, post: Parent) -> Screen:
    number, entries, pages = page_of(shown, page, with_row_below=False)
    key = shown[0].announcement.key
    published = sum(one.announcement.state is AnnouncementState.PUBLISHED for one in shown)
    if all(_is_ahead(one) for one in shown):
        head = ngettext("On the schedule in {count} channel.", "On the schedule in {count} channels.", len(shown))
    else:
        head = ngettext(
            "Published in {published} of {count} channel.", "Published in {published} of {count} channels.", len(shown)
        )
    head = head.format(published=published, count=len(shown))
    line = _("{channel}: {state}")
    lines = [line.format(channel=isolate(one.channel, _NAME_MAX), state=_in_short(one)) for one in entries]
    rows: list[Row] = [[_entry(one)] for one in entries]
    turning = pager(number, pages, lambda to: ResultButton(draft=key, page=to).pack())
    return Screen("\n".join([head, *lines]), (*rows, turning), post)


def _is_ahead(one: Shown) -> bool:
    return one.announcement.state is AnnouncementState.PLANNED and one.announcement.publish_at > one.now


def _in_short(one: Shown) -> str:
    if _is_ahead(one):
        return time_words(one.announcement.publish_at, one.zone, one.now)
    publishing = pgettext("an announcement", "being published")
    return {
        AnnouncementState.PUBLISHED: pgettext("an announcement", "published"),
        AnnouncementState.UNKNOWN: pgettext("an announcement", "not confirmed: look there first"),
        AnnouncementState.FAILED: pgettext("an announcement", "not published"),
        AnnouncementState.MISSED: pgettext("an announcement", "missed"),
        AnnouncementState.WITHDRAWN: pgettext("an announcement", "withdrawn"),
        AnnouncementState.EMPTIED: pgettext("an announcement", "text and button taken away"),
        AnnouncementState.CANCELLED: pgettext("an announcement", "off the schedule"),
    }.get(one.announcement.state, publishing)


def _entry(one: Shown) -> InlineKeyboardButton:
    act = AnnouncementAction
    name = cut(bare(one.channel).strip() or pgettext("channel", "untitled"), _BUTTON_MAX)
    if one.announcement.state is AnnouncementState.FAILED:
        data = AnnouncementButton(act=act.TRY_AGAIN, id=one.announcement.id, back=Back.RESULT)
        again = _("Try again: {name}")
        text = again.format(name=cut(name, WIDE_MAX - len(again.format(name=""))))
        return button(text, data.pack(), style=PRIMARY)
    return button(f"{name} ›", AnnouncementButton(act=act.SHOW, id=one.announcement.id, back=Back.RESULT).pack())


def there_screen(facts: DraftFacts, standing: Sequence[Shown]) -> Screen:
    """Return what stands in place of a draft whose post is announced already in every channel it would go to."""
    again = button(_("Publish again"), PublishAgain(draft=facts.draft).pack())
    post = post_parent(facts.code, facts.number)
    if len(standing) == 1:
        return Screen(_there(standing[0]), ([*open_row(standing[0]), again],), post)
    lines = [_there_in_channel(one) for one in standing[:6]]
    more = len(standing) - len(lines)
    if more:
        lines.append(ngettext("And {count} more channel.", "And {count} more channels.", more).format(count=more))
    return Screen("\n".join(lines), ([again],), post)


def _there(one: Shown) -> str:
    """Say where the only announcement is."""
    found = one.announcement
    match found.state:
        case AnnouncementState.PUBLISHED if found.published_at is not None:
            words = _("It is there since {time}.")
        case AnnouncementState.PLANNED if found.publish_at > one.now:
            words = _("It is on the schedule for {time}.")
        case AnnouncementState.UNKNOWN:
            words = _("It may be there: Telegram did not confirm. Look into {channel} first.")
        case _other:
            words = _("It is being published just now.")
    return words.format(time=_time(one), channel=isolate(one.channel, _NAME_MAX))


def _there_in_channel(one: Shown) -> str:
    """Say where one of several is."""
    found = one.announcement
    match found.state:
        case AnnouncementState.PUBLISHED if found.published_at is not None:
            words = _("{channel}: it is there since {time}.")
        case AnnouncementState.PLANNED if found.publish_at > one.now:
            words = _("{channel}: it is on the schedule for {time}.")
        case AnnouncementState.UNKNOWN:
            words = _("{channel}: it may be there: Telegram did not confirm. Look into {channel} first.")
        case _other:
            words = _("{channel}: it is being published just now.")
    return words.format(time=_time(one), channel=isolate(one.channel, _NAME_MAX))


def _time(one: Shown) -> str:
    found = one.announcement
    moment = found.published_at if found.state is AnnouncementState.PUBLISHED else None
    return time_words(moment or found.publish_at, one.zone, one.now)


# connecting a channel


def connect_parent(draft: str) -> Parent | None:
    """Return where a channel was asked for; None: there is no draft."""
    return Parent(_("Publish"), DraftButton(act=DraftAction.SHOW, draft=draft).pack()) if draft else None


def rights_screen(title: str, bot_username: str, chat_id: int, draft: str, parent: Parent) -> Screen:
    """Return the sentence about rights the admin bot misses in a channel."""
    again = button(_("Check again"), CheckRights(chat_id=chat_id, draft=draft).pack())
    return may_not_post(title, bot_username, again, parent)


def switched_on(channel: Channel) -> Screen:
    """Say that posts are published in a channel from now on, and lead back to its card."""
    card = button(_("Open its card"), OpenChannel(chat_id=channel.chat_id).pack())
    here = _("I publish posts here.")
    text = f"{connected(channel.name)} {here}"
    return Screen(text, ([card],), parent(Section.CHANNELS))


def rights_for_switch(title: str, bot_username: str, chat_id: int) -> Screen:
    """Return the sentence about rights the admin bot misses, below a channel's card."""
    again = button(_("Check again"), ConnectChannel(chat_id=chat_id).pack())
    back = Parent(cut(bare(title), _PARENT_MAX), OpenChannel(chat_id=chat_id).pack())
    return may_not_post(title, bot_username, again, back)


def connected(title: str) -> str:
    return _("{channel} is connected.").format(channel=isolate(title, _TOLD_MAX))


def ask_channel_screen(parent: Parent) -> Screen:
    return Screen(ask_channel(), (), parent)


def connect_button(draft: str = "") -> Row:
    return [button(_("Connect a channel"), ConnectButton(draft=draft).pack())]
