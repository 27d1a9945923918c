"""What people read about becoming the owner."""

from core.team.admins import ClaimOutcome
from views.html import isolate
from views.language import _


def no_owner_yet(link: str) -> str:
    """Return the line printed at a start without an owner; plain text, in English as all that a terminal shows."""
    return f"No owner yet. Open within 24 h: {link}"


def claimed(name: str) -> str:
    return _("Welcome, {name}: these two bots are yours.").format(name=isolate(name, 64))


def not_claimed(outcome: ClaimOutcome, user_bot_username: str) -> str:
    """Say why a claim link did nothing; HTML."""
    return {
        ClaimOutcome.YOURS: _("These bots are yours already."),
        ClaimOutcome.HAS_OWNER: _("These bots have an owner already. Ask them to add you."),
        ClaimOutcome.EXPIRED: _("This link is older than 24 hours. Start Tollgate again: it prints a new one."),
        ClaimOutcome.UNKNOWN: _("This link does not work. Each start of Tollgate prints a new one; use the last."),
        ClaimOutcome.BANNED: _("You are banned in @{bot}. Open the link with another account.").format(
            bot=user_bot_username
        ),
    }[outcome]
