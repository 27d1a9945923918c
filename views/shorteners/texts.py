"""What owners read about shorteners. Names and addresses are typed by people."""

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date

from core.shorteners.counts import ShortenerState, Tally
from core.shorteners.records import SHARE_MAX, SHORTENERS_MAX, Shortener
from views.html import cut, esc, isolate
from views.language import _, ngettext, pgettext, spoken

#: characters of a name, of an address and of a link that are shown
NAME_SHOWN, ADDRESS_SHOWN, LINK_SHOWN = 24, 80, 80
_ADDRESS_EXAMPLE = "https://short.example/create?token={key}&link={url}"


def empty() -> str:
    return _("None. Subscribers unlock on your own page; you earn nothing.")


def listed() -> str:
    return _("<b>Shorteners</b>\nSubscribers unlock through one of them. Each is asked as often as its share says.")


def ask_address() -> str:
    return _("Send the API address from your shortener's page, like https://short.example/api.")


def ask_key() -> str:
    return _("Send the API key. I delete your message at once and never show it.")


def address_expected() -> str:
    """Plain text. `{key}` and `{url}` stand in the address as they are."""
    return _(
        "I expect one address, like https://short.example/api, without the key. If key and link belong elsewhere: "
        "{example}."
    ).format(example=_ADDRESS_EXAMPLE)


def address_with_key() -> str:
    return _("There is a key in it, so I deleted your message. {expected}").format(expected=address_expected())


def key_expected() -> str:
    return _("I expect the API key: 8 to 512 letters, digits and signs, without spaces, like 3f9a1c0b7d2e48569a0b.")


def question_lost() -> str:
    return _("That question is over. Here are your shorteners.")


def least_share() -> str:
    return _("1 is the least. Pause it if it should not be asked.")


def most_share() -> str:
    return _("{most} is the most.").format(most=SHARE_MAX)


def gone() -> str:
    return _("This shortener was removed. Here are the others.")


def trying() -> str:
    return _("Asking it for a link…")


def saved() -> str:
    return _("Saved. Subscribers get its links within five seconds.")


def key_replaced() -> str:
    return _("The key is replaced. It is used within five seconds.")


def full() -> str:
    return ngettext(
        "There is {count} shortener, more are not possible. Remove one first.",
        "There are {count} shorteners, more are not possible. Remove one first.",
        SHORTENERS_MAX,
    ).format(count=SHORTENERS_MAX)


def set_in_environment() -> str:
    return _("Address and key are in .env.")


def posts_cost_credits() -> str:
    return _("From now on a post costs a credit. Settings, Access changes that.")


def posts_are_open() -> str:
    return _("From now on posts are for everybody. Settings, Access changes that.")


def pasted_key() -> str:
    return _(
        "That looks like a key. I deleted your message. To replace a key: open Shorteners, the shortener, Replace "
        "key.\nIf it was to become a post, send it with one more word."
    )


def pasted_key_left() -> str:
    return _(
        "That looks like a key. I made no post of it, but I could not delete your message: please delete it yourself.\n"
        "To replace a key: open Shorteners, the shortener, Replace key."
    )


def key_message_left() -> str:
    return _("I could not delete your message with the key: please delete it yourself.")


_STATES: Mapping[ShortenerState, Callable[[], str]] = {
    ShortenerState.WORKS: lambda: pgettext("state of a shortener", "works"),
    ShortenerState.FAILS: lambda: pgettext("state of a shortener", "fails"),
    ShortenerState.PAUSED: lambda: pgettext("state of a shortener", "paused"),
    ShortenerState.NOT_ASKED: lambda: pgettext("state of a shortener", "not asked yet"),
    ShortenerState.KEY_UNREADABLE: lambda: pgettext("state of a shortener", "key unreadable"),
}


def key_unreadable() -> str:
    return _("Its key cannot be read; send it again.")


#: by the kind of failure (`shorteners.failures.FailureKind`)
_FAILURES: Mapping[str, Callable[[], str]] = {
    "private": lambda: _("The address leads into a private network, where I do not go."),
    "timed_out": lambda: _("It did not answer within 5 seconds."),
    "unreachable": lambda: _("I cannot reach it."),
    "not_asked": lambda: _("I have no free connection to ask it. Try again in a minute."),
    "refused": lambda: _("It refuses."),
    "rate_limited": lambda: _("It says that it was asked too often. Wait a minute."),
    "redirected": lambda: _("It sends me to another address, and I do not follow. Use the address it redirects to."),
    "too_long": lambda: _("Its answer is longer than 64 KB, so it is no link."),
    "unreadable": lambda: _("I cannot read its answer. It may be a web page instead of the API."),
    "declined": lambda: _("It answers with an error. Check the key."),
    "no_link": lambda: _("There is no link in its answer."),
    "not_shortened": lambda: _("It gives back the link it got, unshortened."),
    "unsafe_link": lambda: _("Its link is not safe to show to subscribers."),
    "foreign_link": lambda: _("Its link leads to a host that is not among its hosts."),
}


def no_vault(problem: str) -> str:
    """Say that keys cannot be encrypted. `problem`: which file, and why."""
    return _("I cannot keep a key now, so I do not ask for one.\n{problem}.\nMend it and start me again.").format(
        problem=esc(cut(problem, 300))
    )


def answered(took_s: float, url: str) -> str:
    """Return “It answered in 0.8 s: short.example/x7.”"""
    link = url.partition("://")[2] or url
    return _("It answered in {seconds} s: <code>{link}</code>.").format(
        seconds=f"{took_s:.1f}", link=esc(cut(link, LINK_SHOWN))
    )


def failed(kind: str, status: int | None = None) -> str:
    """Say why a test failed and what to do. `status`: the HTTP status, when that is the reason."""
    known = _FAILURES.get(kind)
    sentence = known() if known else _("It did not give a link.")
    return sentence if status is None else _("{sentence} (HTTP {status})").format(sentence=sentence, status=status)


def state(known: ShortenerState) -> str:
    return _STATES[known]()


def card(
    one: Shortener,
    known: ShortenerState,
    counts: Tally,
    *,
    percent: int | None,
    zone: ZoneInfo,
) -> str:
    """Return a shortener's screen. `percent`: of a hundred links, how many it is asked for; None: it is not asked."""
    lines = [f"<b>{isolate(one.name, NAME_SHOWN)}</b> · {state(known)}"]
    if one.is_of_environment:
        lines.append(set_in_environment())
    else:
        lines += [f"<code>{esc(cut(one.api_url, ADDRESS_SHOWN))}</code>", key_set(one, zone)]
    if known is ShortenerState.KEY_UNREADABLE:
        lines.append(key_unreadable())
    elif known is ShortenerState.FAILS:
        lines.append(failed(counts.failure))
    if percent is None:
        lines.append(_("Share {share}").format(share=one.share))
    else:
        lines.append(_("Share {share}: {percent} % of the links").format(share=one.share, percent=percent))
    lines += ["", *_counts(counts)]
    return "\n".join(lines)


def key_set(one: Shortener, zone: ZoneInfo) -> str:
    """Return “Key set 3 March by Olive”."""
    name = isolate(one.set_by_name, NAME_SHOWN)
    if one.set_at is None:
        return _("Key set by {name}").format(name=name) if one.set_by_name else _("Key set")
    day = _day(one.set_at, zone)
    if one.set_by_name:
        return _("Key set {day} by {name}").format(day=day, name=name)
    return _("Key set {day}").format(day=day)


def _day(moment: datetime, zone: ZoneInfo) -> str:
    pattern = pgettext("date pattern, see Unicode TR 35", "d MMMM")
    return format_date(moment.astimezone(zone), pattern, locale=spoken())


def _counts(counts: Tally) -> list[str]:
    if not (counts.links or counts.finished or counts.too_fast or counts.failed):
        return [_("No links in the last 7 days.")]
    finished = f"{counts.finished:,}"
    if counts.percent_finished is not None:
        finished = f"{finished} ({counts.percent_finished} %)"
    lines = [
        ngettext(
            "In 7 days: {count} link, finished {finished}",
            "In 7 days: {count} links, finished {finished}",
            counts.links,
        ).format(count=f"{counts.links:,}", finished=finished),
        _("Too fast {too_fast} · failed {failed}").format(too_fast=f"{counts.too_fast:,}", failed=f"{counts.failed:,}"),
    ]
    return lines if counts.median_s is None else [*lines, _("Median time {seconds} s").format(seconds=counts.median_s)]


def row(one: Shortener, known: ShortenerState, counts: Tally, name: str) -> str:
    """Return “gplinks · works · 62 %”: of a hundred links, how many are finished. `name`: as it fits on a button."""
    finished = "" if counts.percent_finished is None else f" · {counts.percent_finished} %"
    return f"{name} · {state(known)}{finished}"


def confirm_remove(one: Shortener, counts: Tally) -> str:
    """Say what removing does, naming it and what is still open."""
    name = isolate(one.name, NAME_SHOWN)
    if not counts.links:
        return _("Remove {name}? Its key is deleted and no new links are made with it.").format(name=name)
    return ngettext(
        "Remove {name}? Its key is deleted and no new links are made with it. It made {count} link in 7 days; those "
        "stay valid.",
        "Remove {name}? Its key is deleted and no new links are made with it. It made {count} links in 7 days; those "
        "stay valid.",
        counts.links,
    ).format(name=name, count=f"{counts.links:,}")


def removed(name: str) -> str:
    """For the answer to a button."""
    return _("{name} is removed.").format(name=cut(name, NAME_SHOWN))


def share_set(share: int) -> str:
    """The value somebody set, for a conflict."""
    return _("share {share}").format(share=share)


def another_key() -> str:
    """The same, of a key, which is not shown."""
    return _("another key")
