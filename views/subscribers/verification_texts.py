"""The texts of the verification page. Plain text: the template escapes it."""

from dataclasses import dataclass, replace
from enum import StrEnum

from core.verification import Token, VerificationResult
from views.language import _, ngettext


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
    #: seconds to wait before the button counts
    wait_s: int = 0


def too_fast(wait_s: int) -> Sheet:
    """Say that its button was pressed too early, and when it counts."""
    return replace(to_finish(wait_s), heading=_("A little too quick"))


def to_finish(wait_s: int = 0) -> Sheet:
    """Return the page of an unused link, before its button is pressed. `wait_s`: seconds until that counts."""
    wait = ngettext(
        "Wait {count} second before you press it: sooner does not count.",
        "Wait {count} seconds before you press it: sooner does not count.",
        wait_s,
    ).format(count=wait_s)
    return Sheet(
        heading=_("Almost done"),
        lines=(_("Press the button to finish. Then you go back to Telegram."), *((wait,) if wait_s else ())),
        wait_s=wait_s,
        tone=Tone.OPEN,
        action=Action.FINISH,
        label=_("Finish"),
    )


def verified(*, goes_on: bool) -> Sheet:
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


def turned_down(result: VerificationResult, token: Token) -> Sheet:
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
    if result is VerificationResult.WRONG_ORIGIN:
        return Sheet(
            heading=_("This way does not count"),
            lines=(
                _("This page could not see that you came through the link the bot gave you. Some browsers hide it."),
                _("Please go back to the chat and open the page with its button, perhaps in another browser."),
            ),
            action=Action.BOT,
            label=_("Back to Telegram"),
        )
    # a link that is a free replacement itself is not replaced for free again
    free = (
        () if token.is_replacement else (_("One new link in its place does not count towards your limit for the day."),)
    )
    why = _("It was finished too quickly, or not through the whole way. Please take a new one.")
    heading = _("This link does not count any more")
    return Sheet(heading=heading, lines=(why, *free), action=Action.NEW_TOKEN, label=_("Get a new link"))


def unknown() -> Sheet:
    """Say that there is no such token."""
    return Sheet(
        heading=_("This link is not valid"),
        lines=(_("Please check that you copied all of it, or ask the bot for a new one."),),
        action=Action.BOT,
        label=_("Open the bot"),
    )


def nothing_here() -> Sheet:
    """Say that this address has no page."""
    return Sheet(heading=_("There is nothing here"), lines=(_("Please check the address."),))


def not_understood() -> Sheet:
    """Answer a request that no page of ours makes."""
    return Sheet(
        heading=_("That was not understood"),
        lines=(_("Please go back, open the page again and press its button."),),
    )


def unavailable() -> Sheet:
    """Say that the database is away."""
    return Sheet(
        heading=_("A short break"),
        lines=(_("We are having a short break. Please try again in a moment."),),
        action=Action.AGAIN,
        label=_("Try again"),
    )


def failed(error_id: str) -> Sheet:
    """Say that something went wrong. `error_id`: as in the log."""
    return Sheet(
        heading=_("Something went wrong"),
        lines=(_("It is our fault. Please try again in a moment."), _("Error {code}").format(code=error_id)),
        action=Action.AGAIN,
        label=_("Try again"),
    )
