"""What the page says of a token: looking changes nothing, deciding writes at most one conditional update."""

from datetime import datetime

import structlog

from core.clock import Clock, to_milliseconds
from core.errors import StoreUnavailable
from core.ids import is_token
from core.settings import BotSettings
from core.verification import BYPASSING, Origin, Token, TokenStatus, VerificationResult, check_token, elapsed
from database.operations import settings_ops, token_ops

log = structlog.get_logger("tollgate.web_app")

#: looks at a token whose state others keep changing; it goes unused, verified or bypassed, redeemed and no further
ROUNDS = 4
#: time and origin are asked by deciding alone
_LOOKING = BotSettings(min_verify_seconds=0, require_referer=False)


async def look(text: str, clock: Clock) -> tuple[Token | None, VerificationResult | None]:
    """The token and what became of it; None while it waits for the button. Writes nothing."""
    token = await _find(text)
    result = check_token(token, _LOOKING, to_milliseconds(clock.now()))
    waits = result is VerificationResult.VERIFIED and token is not None and token.status is TokenStatus.UNUSED
    return token, None if waits else result


async def decide(text: str, origin: Origin, clock: Clock) -> tuple[Token | None, VerificationResult]:
    """Judge the token and store what follows: verified, or bypassed for good.

    Of any number of calls at once one writes; the others find that somebody was first, look again and say the same.
    """
    for _ in range(ROUNDS):
        # the database keeps milliseconds: the rule and the update's condition must not differ by less
        now = to_milliseconds(clock.now())
        token = await _find(text)
        if token is None:
            return None, VerificationResult.UNKNOWN
        settings = await settings_ops.current(now)
        result = check_token(token, settings, now, origin)
        if await _stored(token, result, now):
            log.debug("page.judged", result=result.value, user_id=token.user_id)
            return token, _told(token, result, settings, now, origin)
    raise StoreUnavailable("a token changed each time it was looked at")


async def _find(text: str) -> Token | None:
    return await token_ops.find(text) if is_token(text) else None


async def _stored(token: Token, result: VerificationResult, now: datetime) -> bool:
    """Write what was judged, if there is something to write; False when somebody was first."""
    if result in BYPASSING:
        return await token_ops.mark_bypassed(token.token, now)
    if result is VerificationResult.VERIFIED and token.status is TokenStatus.UNUSED:
        return await token_ops.mark_verified(token.token, now, elapsed(token, now).total_seconds())
    return True


def _told(
    token: Token | None, result: VerificationResult, settings: BotSettings, now: datetime, origin: Origin
) -> VerificationResult:
    """The result as the person is told it: a second press of the same button gets the first one's reason."""
    if token is None or result is not VerificationResult.BYPASSED:
        return result
    again = check_token(token.model_copy(update={"status": TokenStatus.UNUSED}), settings, now, origin)
    return again if again in BYPASSING else result
