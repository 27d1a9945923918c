"""The gate: may this person have a post now? One function, asked by the delivery path itself (DESIGN §7.7)."""

from dataclasses import dataclass
from datetime import datetime

from core.settings import AccessMode, BotSettings
from core.users import User, is_banned


@dataclass(frozen=True, slots=True)
class Admitted:
    """Let in."""


@dataclass(frozen=True, slots=True)
class Banned:
    """Kept out by an admin, until `until` or for ever."""

    reason: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class NoAccess:
    """Neither credits nor a pass, and the access mode asks for one."""


Verdict = Admitted | Banned | NoAccess


def decide(user: User, settings: BotSettings, now: datetime) -> Verdict:
    """Ban first, then access. Never looks at what the person wrote."""
    if is_banned(user, now):
        return Banned(user.ban_reason, user.banned_until)
    if settings.access_mode is AccessMode.OPEN:
        return Admitted()
    if settings.access_mode is AccessMode.PASS:
        return Admitted() if user.pass_until is not None and user.pass_until > now else NoAccess()
    return Admitted() if user.credits > 0 else NoAccess()
