"""What became of a confirmed draft, in one channel or in several; and where a post stands already."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton

from core.announcements import AnnouncementState
from core.subscriptions import Channel
from views.buttons import PRIMARY, Row, button
from views.html import bare, cut, isolate
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
_IN_SHORT = {
    AnnouncementState.PLANNED: "being published",
    AnnouncementState.SENDING: "being published",
    AnnouncementState.PUBLISHED: "published",
    AnnouncementState.UNKNOWN: "not confirmed: look there first",
    AnnouncementState.FAILED: "not published",
    AnnouncementState.MISSED: "missed",
    AnnouncementState.WITHDRAWN: "withdrawn",
    AnnouncementState.EMPTIED: "text and button taken away",
    AnnouncementState.CANCELLED: "off the schedule",
}
NOT_A_CHANNEL = "Posts are published in channels. Choose a channel of yours."
IS_STORAGE = "That is the storage channel: everybody in it sees every post. Choose the one your subscribers read."
CONNECT_FULL = "There are 50 channels already. Remove one under Channels first."
PICK_HERE = "Press “Choose a channel” below the text field. You can make a new channel there, too."
PICKER_BUTTON = "Choose a channel"
ASK_CHANNEL = (
    "Which channel do your subscribers read? Press “Choose a channel” below the text field. "
    "Telegram adds me there with the rights I need."
)
CHECK_UNSURE = "Telegram did not answer, so I cannot tell. Try again in a moment."


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
    head = f"Published in {published} of {len(shown)} channels."
    if all(_is_ahead(one) for one in shown):
        head = f"On the schedule in {len(shown)} channels."
    lines = [f"{isolate(one.channel, _NAME_MAX)}: {_in_short(one)}" for one in entries]
    rows: list[Row] = [[_entry(one)] for one in entries]
    turning = pager(number, pages, lambda to: ResultButton(draft=key, page=to).pack())
    return Screen("\n".join([head, *lines]), (*rows, turning), post)


def _is_ahead(one: Shown) -> bool:
    return one.announcement.state is AnnouncementState.PLANNED and one.announcement.publish_at > one.now


def _in_short(one: Shown) -> str:
    if _is_ahead(one):
        return time_words(one.announcement.publish_at, one.zone, one.now)
    return _IN_SHORT[one.announcement.state]


def _entry(one: Shown) -> InlineKeyboardButton:
    act = AnnouncementAction
    name = cut(bare(one.channel).strip() or "untitled", _BUTTON_MAX)
    if one.announcement.state is AnnouncementState.FAILED:
        data = AnnouncementButton(act=act.TRY_AGAIN, id=one.announcement.id, back=Back.RESULT)
        return button(f"Try again: {name}", data.pack(), style=PRIMARY)
    return button(f"{name} ›", AnnouncementButton(act=act.SHOW, id=one.announcement.id, back=Back.RESULT).pack())


def there_screen(facts: DraftFacts, standing: Sequence[Shown]) -> Screen:
    """Return what stands in place of a draft whose post is announced already in every channel it would go to."""
    again = button("Publish again", PublishAgain(draft=facts.draft).pack())
    post = post_parent(facts.code, facts.number)
    if len(standing) == 1:
        return Screen(_there(standing[0], "It"), ([*open_row(standing[0]), again],), post)
    lines = [_there(one, isolate(one.channel, _NAME_MAX) + ": it") for one in standing[:6]]
    more = len(standing) - len(lines)
    lines += [f"And {more} more channels."] if more else []
    return Screen("\n".join(lines), ([again],), post)


def _there(one: Shown, subject: str) -> str:
    found = one.announcement
    match found.state:
        case AnnouncementState.PUBLISHED if found.published_at is not None:
            return f"{subject} is there since {time_words(found.published_at, one.zone, one.now)}."
        case AnnouncementState.PLANNED if found.publish_at > one.now:
            return f"{subject} is on the schedule for {time_words(found.publish_at, one.zone, one.now)}."
        case AnnouncementState.UNKNOWN:
            return (
                f"{subject} may be there: Telegram did not confirm. Look into {isolate(one.channel, _NAME_MAX)} first."
            )
    return f"{subject} is being published just now."


# connecting a channel


def connect_parent(draft: str) -> Parent | None:
    """Return where a channel was asked for; None: there is no draft."""
    return Parent("Publish", DraftButton(act=DraftAction.SHOW, draft=draft).pack()) if draft else None


def rights_screen(title: str, bot_username: str, chat_id: int, draft: str, parent: Parent) -> Screen:
    """Return the sentence about rights the admin bot misses in a channel."""
    again = button("Check again", CheckRights(chat_id=chat_id, draft=draft).pack())
    return may_not_post(title, bot_username, again, parent)


def switched_on(channel: Channel) -> Screen:
    """Say that posts are published in a channel from now on, and lead back to its card."""
    card = button("Open its card", OpenChannel(chat_id=channel.chat_id).pack())
    return Screen(f"{connected(channel.name)} I publish posts here.", ([card],), parent(Section.CHANNELS))


def rights_for_switch(title: str, bot_username: str, chat_id: int) -> Screen:
    """Return the sentence about rights the admin bot misses, below a channel's card."""
    again = button("Check again", ConnectChannel(chat_id=chat_id).pack())
    back = Parent(cut(bare(title), _PARENT_MAX), OpenChannel(chat_id=chat_id).pack())
    return may_not_post(title, bot_username, again, back)


def connected(title: str) -> str:
    return f"{isolate(title, _TOLD_MAX)} is connected."


def ask_channel_screen(parent: Parent) -> Screen:
    return Screen(ASK_CHANNEL, (), parent)


def connect_button(draft: str = "") -> Row:
    return [button("Connect a channel", ConnectButton(draft=draft).pack())]
