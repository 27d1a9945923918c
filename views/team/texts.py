"""What people read about becoming the owner."""

from core.team.admins import ClaimOutcome
from views.html import isolate


def no_owner_yet(link: str) -> str:
    """Return the line printed at a start without an owner; plain text."""
    return f"No owner yet. Open within 24 h: {link}"


def claimed(name: str) -> str:
    return f"Welcome, {isolate(name, 64)}: these two bots are yours."


def not_claimed(outcome: ClaimOutcome, user_bot_username: str) -> str:
    """Say why a claim link did nothing; HTML."""
    return {
        ClaimOutcome.YOURS: "These bots are yours already.",
        ClaimOutcome.HAS_OWNER: "These bots have an owner already. Ask them to add you.",
        ClaimOutcome.EXPIRED: "This link is older than 24 hours. Start Tollgate again: it prints a new one.",
        ClaimOutcome.UNKNOWN: "This link does not work. Each start of Tollgate prints a new one; use the last.",
        ClaimOutcome.BANNED: f"You are banned in @{user_bot_username}. Open the link with another account.",
    }[outcome]
