"""Gift links: their terms, the link, and its end."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from aiogram.types import CopyTextButton, InlineKeyboardButton

from core.gifts.records import GIFT_CREDITS_MAX, GIFT_DAYS_MAX, Gift, GiftState, GiftTerms, state_of
from views.buttons import PRIMARY, Row, button
from views.html import cut, esc
from views.language import _, ngettext
from views.links import share_link
from views.navigation import Section, parent
from views.people.callbacks import PAGE_MAX, CancelGift, GiftAction, GiftButton, OpenGift, OpenGifts, ShowGift
from views.people.words import credits_words, date_of, days_words, gift_words
from views.screen_limits import WIDE_MAX
from views.screens import Parent, Screen, in_pairs
from views.times import short_date

#: what the buttons offer
CREDITS, DAYS = (1, 10, 50), (1, 7, 30)
#: links on a page of the list
PAGE = 6


def _data(act: GiftAction, terms: GiftTerms, code: str) -> str:
    made = GiftButton(
        act=act, credits=terms.credits, days=terms.days, is_for_one=terms.is_for_one, hours=terms.hours, code=code
    )
    return made.pack()


def terms_screen(terms: GiftTerms, code: str) -> Screen:
    """Choose what a link gives; each button shows what it makes of the terms."""

    def choice(text: str, changed: GiftTerms) -> InlineKeyboardButton:
        mark = " ✓" if changed == terms else ""
        return button(f"{text}{mark}", _data(GiftAction.TERMS, changed, code))

    def with_(credits: int = 0, days: int = 0) -> GiftTerms:
        return GiftTerms(credits, days, terms.is_for_one, terms.hours)

    amounts = [
        *(choice(credits_words(count), with_(credits=count)) for count in CREDITS),
        *(choice(days_words(count), with_(days=count)) for count in DAYS),
    ]
    for_one = GiftTerms(terms.credits, terms.days, True, terms.hours)
    for_all = GiftTerms(terms.credits, terms.days, False, terms.hours)
    a_day, a_week = (GiftTerms(terms.credits, terms.days, terms.is_for_one, hours) for hours in (24, 7 * 24))
    rows: tuple[Row, ...] = (
        *in_pairs(amounts),
        [
            button(_("Another amount"), _data(GiftAction.ASK_AMOUNT, terms, code)),
            button(_("Open links ›"), OpenGifts().pack()),
        ],
        [choice(_("For 1 person"), for_one), choice(_("For anyone"), for_all)],
        [choice(_("24 hours"), a_day), choice(_("7 days"), a_week)],
        [button(_("Make the link"), _data(GiftAction.MAKE, terms, code), style=PRIMARY)],
    )
    return Screen(f"{_('<b>Gift link</b>')}\n{terms_words(terms)}", rows, parent(Section.SUBSCRIBERS))


def terms_words(terms: GiftTerms) -> str:
    """Return what a link gives, in a sentence."""
    gives, hours = gift_words(terms.credits, terms.days), _lasting(terms.hours)
    if terms.is_for_one:
        text = _("It gives {gift} to the first one who opens it within {time}.")
    else:
        text = _("It gives {gift} once to each one who opens it within {time}.")
    return text.format(gift=gives, time=hours)


def _lasting(hours: int) -> str:
    if hours % 24 or hours == 24:
        return ngettext("{count} hour", "{count} hours", hours).format(count=hours)
    return days_words(hours // 24)


def ask_amount(terms: GiftTerms, code: str) -> Screen:
    text = _("What does the link give? Send it like 25 credits or 14 days.")
    back = Parent(_("Gift link"), _data(GiftAction.TERMS, terms, code))
    return Screen(text, (), back)


def amount_expected() -> str:
    text = _("Send credits or days, like 25 credits or 14 days; at most {credits} credits or {days} days.")
    return text.format(credits=f"{GIFT_CREDITS_MAX:,}", days=f"{GIFT_DAYS_MAX:,}")


def made(gift: Gift, link: str, claimed: int, now: datetime, zone: ZoneInfo) -> Screen:
    """Show a link: what it gives, how often that was, and the ways to hand it on while it can be opened."""
    state, back = state_of(gift, now), Parent(_("Gift links"), OpenGifts().pack())
    hours = round((gift.expires_at - gift.created_at).total_seconds() / 3600)
    terms = GiftTerms(gift.credits, gift.days, gift.is_for_one, hours)
    taken = ngettext("Taken {count} time.", "Taken {count} times.", claimed).format(count=f"{claimed:,}")
    lines = [_("<b>Gift link</b>"), terms_words(terms), taken]
    if state is not GiftState.OPEN or (gift.is_for_one and claimed):
        lines.append(_over(state))
        return Screen("\n".join(lines), (), back)
    lines += [_("It ends on {date}.").format(date=date_of(gift.expires_at, now, zone)), esc(link)]
    rows: tuple[Row, ...] = (
        [
            InlineKeyboardButton(text=_("Copy"), copy_text=CopyTextButton(text=link)),
            InlineKeyboardButton(text=_("Share"), url=share_link(link)),
        ],
        [button(_("Cancel it"), CancelGift(code=gift.code).pack())],
    )
    return Screen("\n".join(lines), rows, back)


def _over(state: GiftState) -> str:
    texts = {
        GiftState.OPEN: _("It is used up."),
        GiftState.CANCELLED: _("It is cancelled and gives nothing more."),
        GiftState.EXPIRED: _("Its time is over."),
    }
    return texts[state]


def open_gifts(
    found: Sequence[Gift], claimed: Mapping[str, int], now: datetime, zone: ZoneInfo, *, page: int, has_more: bool
) -> Screen:
    """Return a page of the links that have not ended, the one that ends first on top. `claimed`: by code."""
    text = _("<b>Gift links</b> that have not ended, how often each was taken, and when it ends.")
    if not found:
        text = _("This page is empty now.") if page else _("No gift link is open.")
    rows = [[button(_gift_row(one, claimed.get(one.code, 0), zone), ShowGift(code=one.code).pack())] for one in found]
    turning = [button(_("‹ Prev"), OpenGifts(page=page - 1).pack())] if page else []
    turning += [button(_("Next ›"), OpenGifts(page=page + 1).pack())] if has_more and page < PAGE_MAX else []
    return Screen(text, (*rows, turning), Parent(_("Gift link"), OpenGift().pack()))


def _gift_row(gift: Gift, claimed: int, zone: ZoneInfo) -> str:
    gives = credits_words(gift.credits) if gift.credits else days_words(gift.days)
    whom = _("for 1") if gift.is_for_one else _("for anyone")
    fields = {"gift": gives, "whom": whom, "count": f"{claimed:,}", "date": short_date(gift.expires_at, zone)}
    return cut(_("{gift} {whom} · {count} · {date}").format(**fields), WIDE_MAX)


def old_gift() -> str:
    return _("That gift link is over and was removed.")
