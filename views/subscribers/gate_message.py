"""The gate message of a post: what is done, what is left, and the buttons of the present step."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from core.access import Earned
from core.subscriptions import NO_CHANNELS, Channel, ChannelMode, JoinStatus, Subscription
from views.buttons import PRIMARY
from views.html import bare, cut, isolate
from views.language import _, ngettext
from views.subscribers.callbacks import Joined, NewLink
from views.times import clock_time

#: characters of a title, and of a channel's name
_TITLE_MAX, _NAME_MAX = 60, 30
#: channels with a line of their own; of more the joined ones share a line
_LISTED = 6
#: channels named in a sentence, and characters of each; the list names them all
_NAMED, _SAID_MAX = 2, 20
#: channels whose buttons are shown at once: the others follow when these are joined
_AT_ONCE = 14
#: from so many buttons on a row has two
_TWO_IN_A_ROW = 8
#: characters of a button on a row of its own, and beside another one (`views.screen_limits`)
_WIDE, _HALF = 40, 20


@dataclass(frozen=True, slots=True)
class GateSteps:
    """What the gate of one post asks of one subscriber."""

    title: str
    subscription: Subscription = NO_CHANNELS
    #: what an unlock earns; None: none is needed
    earns: Earned | None = None
    #: the unlock leads over a page, not straight back
    has_page: bool = True


def gate_text(steps: GateSteps, remark: str = "") -> str:
    """Return the message: the post, its steps, and a remark (HTML) on the present one."""
    lines = _channel_lines(steps.subscription.standings)
    if steps.earns is not None:
        unlock = _unlock(steps.earns, has_page=steps.has_page)
        lines.append(f"{len(steps.subscription.standings) + 1}. {unlock}" if lines else unlock)
    text = "\n".join([f"<b>{title_of(steps.title)}</b>", *lines])
    return f"{text}\n\n{remark}" if remark else text


def title_of(title: str) -> str:
    """Return the title of a post as HTML; `This post` when it has none."""
    return isolate(title, _TITLE_MAX) if bare(title).strip() else _("This post")


def _channel_lines(standings: Sequence[tuple[Channel, JoinStatus]]) -> list[str]:
    numbered = [(number, *standing) for number, standing in enumerate(standings, 1)]
    if len(numbered) <= _LISTED:
        return [_channel_line(*one) for one in numbered]
    left = [one for one in numbered if one[2] is not JoinStatus.JOINED]
    lines = [_channel_line(*one) for one in left[: _LISTED - 1]]
    if done := len(numbered) - len(left):
        lines.insert(
            0, ngettext("✓ {count} channel is joined", "✓ {count} channels are joined", done).format(count=done)
        )
    more = len(left) - (_LISTED - 1)
    if more > 0:
        lines.append(ngettext("and {count} more channel", "and {count} more channels", more).format(count=more))
    return lines


def _channel_line(number: int, channel: Channel, standing: JoinStatus) -> str:
    mark = "✓" if standing is JoinStatus.JOINED else f"{number}."
    return f"{mark} {_join(channel, isolate(channel.name, _NAME_MAX))}"


def _join(channel: Channel, name: str) -> str:
    if channel.mode is ChannelMode.REQUEST:
        return _("Ask to join {name}").format(name=name)
    return _("Join {name}").format(name=name)


def _unlock(earns: Earned, *, has_page: bool) -> str:
    if earns.pass_for:
        hours = int(earns.pass_for / timedelta(hours=1))
        if has_page:
            text = ngettext(
                "Unlock: one page, then every post for {count} hour",
                "Unlock: one page, then every post for {count} hours",
                hours,
            )
        else:
            text = ngettext("Unlock: every post for {count} hour", "Unlock: every post for {count} hours", hours)
        return text.format(count=hours)
    if has_page:
        text = ngettext(
            "Unlock: one page, then {count} credit", "Unlock: one page, then {count} credits", earns.credits
        )
    else:
        text = ngettext("Unlock: {count} credit", "Unlock: {count} credits", earns.credits)
    return text.format(count=earns.credits)


# remarks


def channels_remark(subscription: Subscription) -> str:
    """Say of which channels Telegram does not tell, and what to do; "" when it tells of all.

    Two sentences at most: the third is said when the first is settled.
    """
    sentences = []
    if subscription.hidden:
        sentences.append(
            _(
                "Telegram does not tell me whether you have joined {names}. "
                "If you are in already, leave and join again."
            ).format(names=_names(subscription.hidden))
        )
    if subscription.unknown:
        names = _names(subscription.unknown)
        sentences.append(_("I cannot check {names} now. Try again in a few minutes.").format(names=names))
    if subscription.reported:
        names = _names(subscription.reported)
        sentences.append(_("I cannot check {names} now. The owner knows. Try again later.").format(names=names))
    return "\n".join(sentences[:2])


def _names(channels: Sequence[Channel]) -> str:
    names = ", ".join(isolate(channel.name, _SAID_MAX) for channel in channels[:_NAMED])
    return f"{names}, …" if len(channels) > _NAMED else names


def unlock_number(number: int, limit: int) -> str:
    """Say which unlock of the day this is."""
    return _("Unlock {number} of {limit} today.").format(number=number, limit=limit)


def too_fast(least_s: int | None, *, is_free: bool) -> str:
    """Say that an unlock did not count. `least_s`: the seconds it takes at least; None: time was not the reason.

    `is_free`: the new page does not count against the day.
    """
    if least_s is None:
        why = _("That did not count: I could not see that you came through the page.")
    else:
        why = ngettext(
            "That was too fast to count. It takes at least {count} second.",
            "That was too fast to count. It takes at least {count} seconds.",
            least_s,
        ).format(count=least_s)
    then = (
        _("Take a new page and go to its end; this one is free.")
        if is_free
        else _("Take a new page and go to its end.")
    )
    return f"{why} {then}"


def day_is_used_up(limit: int, again_at: datetime, zone: ZoneInfo) -> str:
    """Say that there is no further unlock today. `again_at`: when there is."""
    return ngettext(
        "That was today's {count} unlock. New ones at {time}.",
        "Those were today's {count} unlocks. New ones at {time}.",
        limit,
    ).format(count=limit, time=clock_time(again_at, zone))


def page_not_done() -> str:
    """Say that the subscriber came back before the page was finished."""
    return _("You are not through with the page yet. Press Unlock and go to its end.")


def not_yet(wait_s: int) -> str:
    """Say that the link leads straight back and was pressed too early. `wait_s`: seconds until it counts."""
    return ngettext(
        "Not yet: press Unlock again in {count} second, then it counts.",
        "Not yet: press Unlock again in {count} seconds, then it counts.",
        wait_s,
    ).format(count=wait_s)


def link_expired() -> str:
    return _("This unlock has expired.")


def no_link_now(*, is_told: bool) -> str:
    """Say that no unlock can be made. `is_told`: the owners know why."""
    if is_told:
        return _("I cannot make an unlock now. The owner knows. Try again later.")
    return _("I cannot make an unlock now. Try again later.")


# buttons


def join_buttons(code: str, channels: Sequence[Channel]) -> InlineKeyboardMarkup:
    """Return a button for each channel, the first of many, and one to check that they are joined."""
    shown = channels[:_AT_ONCE]
    width, longest = (2, _HALF) if len(shown) >= _TWO_IN_A_ROW else (1, _WIDE)
    buttons = [
        InlineKeyboardButton(text=cut(_join(channel, bare(channel.name)), longest), url=channel.invite_link)
        for channel in shown
    ]
    rows = [buttons[start : start + width] for start in range(0, len(buttons), width)]
    done = InlineKeyboardButton(text=_("I have joined"), callback_data=Joined(code=code).pack())
    return InlineKeyboardMarkup(inline_keyboard=[*rows, [done]])


def unlock_buttons(link: str, how_to: str | None) -> InlineKeyboardMarkup:
    """Return the unlock, and the owner's explanation if there is one."""
    rows = [[InlineKeyboardButton(text=_("Unlock"), url=link, style=PRIMARY)]]
    if how_to:
        rows.append([InlineKeyboardButton(text=_("How it works"), url=how_to)])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def new_page(code: str | None) -> InlineKeyboardMarkup:
    """Return a button for a new unlock, for the same post if there is one."""
    button = InlineKeyboardButton(text=_("New page"), callback_data=NewLink(code=code or "").pack(), style=PRIMARY)
    return InlineKeyboardMarkup(inline_keyboard=[[button]])
