"""What owners read about shorteners. Names and addresses are typed by people."""

from datetime import datetime
from zoneinfo import ZoneInfo

from core.shorteners.counts import ShortenerState, Tally
from core.shorteners.records import SHORTENERS_MAX, Shortener
from views.html import cut, esc, isolate
from views.quantities import counted

#: characters of a name, of an address and of a link that are shown
NAME_SHOWN, ADDRESS_SHOWN, LINK_SHOWN = 24, 80, 80

EMPTY = "None. Subscribers unlock on your own page; you earn nothing."
LIST = "<b>Shorteners</b>\nSubscribers unlock through one of them. Each is asked as often as its share says."
ASK_ADDRESS = "Send the API address from your shortener's page, like https://short.example/api."
ASK_KEY = "Send the API key. I delete your message at once and never show it."
ADDRESS_EXPECTED = (
    "I expect one address, like https://short.example/api, without the key. If key and link belong elsewhere: "
    "https://short.example/create?token={key}&link={url}."
)
ADDRESS_WITH_KEY = f"There is a key in it, so I deleted your message. {ADDRESS_EXPECTED}"
KEY_EXPECTED = "I expect the API key: 8 to 512 letters, digits and signs, without spaces, like 3f9a1c0b7d2e48569a0b."
QUESTION_LOST = "That question is over. Here are your shorteners."
LEAST_SHARE = "1 is the least. Pause it if it should not be asked."
MOST_SHARE = "1000 is the most."
GONE = "This shortener was removed. Here are the others."
TRYING = "Asking it for a link…"
SAVED = "Saved. Subscribers get its links within five seconds."
KEY_REPLACED = "The key is replaced. It is used within five seconds."
FULL = f"There are {SHORTENERS_MAX} shorteners, more are not possible. Remove one first."
SET_IN_ENVIRONMENT = "Address and key are in .env."
POSTS_COST_CREDITS = "From now on a post costs a credit. Settings, Access changes that."
POSTS_ARE_OPEN = "From now on posts are for everybody. Settings, Access changes that."

PASTED_KEY = (
    "That looks like a key. I deleted your message. To replace a key: open Shorteners, the shortener, Replace key.\n"
    "If it was to become a post, send it with one more word."
)
PASTED_KEY_LEFT = (
    "That looks like a key. I made no post of it, but I could not delete your message: please delete it yourself.\n"
    "To replace a key: open Shorteners, the shortener, Replace key."
)
KEY_MESSAGE_LEFT = "I could not delete your message with the key: please delete it yourself."

_STATES = {
    ShortenerState.WORKS: "works",
    ShortenerState.FAILS: "fails",
    ShortenerState.PAUSED: "paused",
    ShortenerState.NOT_ASKED: "not asked yet",
    ShortenerState.KEY_UNREADABLE: "key unreadable",
}
KEY_UNREADABLE = "Its key cannot be read; send it again."

#: by the kind of failure (`shorteners.failures.FailureKind`)
_FAILURES = {
    "private": "The address leads into a private network, where I do not go.",
    "timed_out": "It did not answer within 5 seconds.",
    "unreachable": "I cannot reach it.",
    "refused": "It refuses.",
    "rate_limited": "It says that it was asked too often. Wait a minute.",
    "redirected": "It sends me to another address, and I do not follow. Use the address it redirects to.",
    "too_long": "Its answer is longer than 64 KB, so it is no link.",
    "unreadable": "I cannot read its answer. It may be a web page instead of the API.",
    "declined": "It answers with an error. Check the key.",
    "no_link": "There is no link in its answer.",
    "not_shortened": "It gives back the link it got, unshortened.",
    "unsafe_link": "Its link is not safe to show to subscribers.",
    "foreign_link": "Its link leads to a host that is not among its hosts.",
}


def no_vault(problem: str) -> str:
    """Say that keys cannot be encrypted. `problem`: which file, and why."""
    return f"I cannot keep a key now, so I do not ask for one.\n{esc(cut(problem, 300))}.\nMend it and start me again."


def answered(took_s: float, url: str) -> str:
    """Return “It answered in 0.8 s: short.example/x7.”"""
    link = url.partition("://")[2] or url
    return f"It answered in {took_s:.1f} s: <code>{esc(cut(link, LINK_SHOWN))}</code>."


def failed(kind: str, status: int | None = None) -> str:
    """Say why a test failed and what to do. `status`: the HTTP status, when that is the reason."""
    sentence = _FAILURES.get(kind, "It did not give a link.")
    return f"{sentence} (HTTP {status})" if status is not None else sentence


def state(known: ShortenerState) -> str:
    return _STATES[known]


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
        lines.append(SET_IN_ENVIRONMENT)
    else:
        lines += [f"<code>{esc(cut(one.api_url, ADDRESS_SHOWN))}</code>", key_set(one, zone)]
    if known is ShortenerState.KEY_UNREADABLE:
        lines.append(KEY_UNREADABLE)
    elif known is ShortenerState.FAILS:
        lines.append(failed(counts.failure))
    lines.append(f"Share {one.share}" + ("" if percent is None else f": {percent} % of the links"))
    lines += ["", *_counts(counts)]
    return "\n".join(lines)


def key_set(one: Shortener, zone: ZoneInfo) -> str:
    """Return “Key set 3 March by Olive”."""
    day = "" if one.set_at is None else f" {_day(one.set_at, zone)}"
    by = f" by {isolate(one.set_by_name, NAME_SHOWN)}" if one.set_by_name else ""
    return f"Key set{day}{by}"


def _day(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local.day} {local:%B}"


def _counts(counts: Tally) -> list[str]:
    if not (counts.links or counts.finished or counts.too_fast or counts.failed):
        return ["No links in the last 7 days."]
    finished = "" if counts.percent_finished is None else f" ({counts.percent_finished} %)"
    lines = [
        f"In 7 days: {counted(counts.links, 'link')}, finished {counts.finished:,}{finished}",
        f"Too fast {counts.too_fast:,} · failed {counts.failed:,}",
    ]
    return lines if counts.median_s is None else [*lines, f"Median time {counts.median_s} s"]


def row(one: Shortener, known: ShortenerState, counts: Tally, name: str) -> str:
    """Return “gplinks · works · 62 %”: of a hundred links, how many are finished. `name`: as it fits on a button."""
    finished = "" if counts.percent_finished is None else f" · {counts.percent_finished} %"
    return f"{name} · {state(known)}{finished}"


def confirm_remove(one: Shortener, counts: Tally) -> str:
    """Say what removing does, naming it and what is still open."""
    made = f" It made {counted(counts.links, 'link')} in 7 days; those stay valid." if counts.links else ""
    return f"Remove {isolate(one.name, NAME_SHOWN)}? Its key is deleted and no new links are made with it.{made}"


def removed(name: str) -> str:
    """For the answer to a button."""
    return f"{cut(name, NAME_SHOWN)} is removed."


def share_set(share: int) -> str:
    """The value somebody set, for a conflict."""
    return f"share {share}"


ANOTHER_KEY = "another key"
