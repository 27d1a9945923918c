"""The texts of the verification page. Plain text: the template escapes it. `_` translates a sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from core.verification import Token, VerificationResult

Translate = Callable[[str], str]


class Action(StrEnum):
    """Where the button of the page leads. A closed list."""

    #: submits the page's form
    FINISH = "finish"
    #: to the bot, which redeems the token
    REDEEM = "redeem"
    #: to the bot, which makes a new link
    NEW_TOKEN = "newtoken"  # noqa: S105 - where a button leads
    #: to the bot, nothing more
    BOT = "bot"
    #: the same page again
    AGAIN = "again"


class Tone(StrEnum):
    """The sign above the heading. A closed list."""

    OPEN = "open"
    DONE = "done"
    SORRY = "sorry"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page: a heading, a few sentences, at most one button."""

    heading: str
    lines: tuple[str, ...]
    tone: Tone = Tone.SORRY
    action: Action | None = None
    #: the text on the button
    label: str = ""
    #: shown while the page counts down to leaving by itself; "": it does not
    going_on: str = ""


def to_finish(_: Translate) -> Sheet:
    """Return the page of an unused link, before its button is pressed."""
    return Sheet(
        heading=_("Almost done"),
        lines=(_("Press the button to finish. Then you go back to Telegram."),),
        tone=Tone.OPEN,
        action=Action.FINISH,
        label=_("Finish"),
    )


def verified(_: Translate, *, goes_on: bool) -> Sheet:
    """Say that it is done. `goes_on`: the page leads back by itself after a few seconds."""
    going_on = _("You go back to Telegram in 3 seconds. If nothing happens, press the button.") if goes_on else ""
    return Sheet(
        heading=_("Done, thank you"),
        lines=() if goes_on else (_("Go back to Telegram: the bot takes it from there."),),
        tone=Tone.DONE,
        action=Action.REDEEM,
        label=_("Back to Telegram"),
        going_on=going_on,
    )


def turned_down(result: VerificationResult, token: Token, _: Translate) -> Sheet:
    """Say that a known token does not count."""
    if result is VerificationResult.USED:
        return Sheet(
            heading=_("This link was used already"),
            lines=(_("Each link counts once. What this one brought you is with the bot."),),
            action=Action.BOT,
            label=_("Back to Telegram"),
        )
    if result is VerificationResult.EXPIRED:
        return Sheet(
            heading=_("This link has expired"),
            lines=(_("It was not used in time. The bot gives you a new one."),),
            action=Action.NEW_TOKEN,
            label=_("Get a new link"),
        )
    heading, why = _why(result, _)
    # a link that is a free replacement itself is not replaced for free again
    free = (
        () if token.is_replacement else (_("One new link in its place does not count towards your limit for the day."),)
    )
    return Sheet(heading=heading, lines=(*why, *free), action=Action.NEW_TOKEN, label=_("Get a new link"))


def _why(result: VerificationResult, _: Translate) -> tuple[str, tuple[str, ...]]:
    """Return heading and reason. No accusation: a restored tab or a careful browser ends here, too."""
    if result is VerificationResult.TOO_FAST:
        return _("A little too quick"), (
            _("That was quicker than this page allows, so this link does not count."),
            _("Please take a new one and go through its page once more, without hurry."),
        )
    if result is VerificationResult.WRONG_ORIGIN:
        return _("This way does not count"), (
            _("This page could not see that you came through the link the bot gave you. Some browsers hide it."),
            _("Please take a new link and follow it to its end, perhaps in another browser."),
        )
    return _("This link does not count any more"), (
        _("It was finished too quickly, or not through the whole way. Please take a new one."),
    )


def unknown() -> Sheet:
    """Say that there is no such token; in English, because the subscriber's language is not known."""
    return Sheet(
        heading="This link is not valid",
        lines=("Please check that you copied all of it, or ask the bot for a new one.",),
        action=Action.BOT,
        label="Open the bot",
    )


def nothing_here() -> Sheet:
    """Say that this address has no page."""
    return Sheet(heading="There is nothing here", lines=("Please check the address.",))


def not_understood() -> Sheet:
    """Answer a request that no page of ours makes."""
    return Sheet(
        heading="That was not understood", lines=("Please go back, open the page again and press its button.",)
    )


def unavailable() -> Sheet:
    """Say that the database is away."""
    return Sheet(
        heading="A short break",
        lines=("We are having a short break. Please try again in a moment.",),
        action=Action.AGAIN,
        label="Try again",
    )


def failed(error_id: str) -> Sheet:
    """Say that something went wrong. `error_id`: as in the log."""
    return Sheet(
        heading="Something went wrong",
        lines=("It is our fault. Please try again in a moment.", f"Error {error_id}"),
        action=Action.AGAIN,
        label="Try again",
    )
