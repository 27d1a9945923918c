"""Judges a token for its page: `preview` writes nothing, `decide` makes at most one conditional update."""

from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from core.clock import Clock, to_milliseconds
from core.days import start_of_day
from core.errors import StoreUnavailable
from core.ids import is_token
from core.settings import BotSettings
from core.verification import BYPASSING, Origin, Token, TokenStatus, VerificationResult, check_token, elapsed
from database.operations import settings_ops, token_ops
from database.operations.shorteners import shortener_counts
from database.tolerated import tolerated

log = structlog.get_logger("tollgate.web_app")

#: attempts while concurrent requests keep changing the token; it changes twice at most: verified or bypassed, redeemed
ATTEMPTS = 4
#: a preview checks neither the time taken nor the origin
_PREVIEW_SETTINGS = BotSettings(min_verify_seconds=0, require_referer=False)


async def preview(text: str, clock: Clock) -> tuple[Token | None, VerificationResult | None]:
    """Return the token and its judgement, which is None while the token waits for the button. Writes nothing."""
    token = await _find(text)
    result = check_token(token, _PREVIEW_SETTINGS, to_milliseconds(clock.now()))
    waits = result is VerificationResult.VERIFIED and token is not None and token.status is TokenStatus.UNUSED
    return token, None if waits else result


async def decide(text: str, origin: Origin, clock: Clock, zone: ZoneInfo) -> tuple[Token | None, VerificationResult]:
    """Judge the token and store the result. A try that does not count leaves it open: nobody knows who made it.

    Atomic: of concurrent calls one writes, the others read the token again and return the same judgement. Raises
    StoreUnavailable when no attempt succeeds.
    """
    for _ in range(ATTEMPTS):
        # cut to milliseconds like the stored times: the rule and the update's condition must agree on expiry
        now = to_milliseconds(clock.now())
        token = await _find(text)
        if token is None:
            return None, VerificationResult.UNKNOWN
        settings = await settings_ops.current(now)
        result = check_token(token, settings, now, origin)
        if await _store(token, result, now, zone):
            log.debug("page.judged", result=result.value, user_id=token.user_id)
            return token, result
    raise StoreUnavailable("a token changed at each attempt to decide about it")


async def _find(text: str) -> Token | None:
    return await token_ops.find(text) if is_token(text) else None


async def _store(token: Token, result: VerificationResult, now: datetime, zone: ZoneInfo) -> bool:
    """Store the judgement if it changes the token, and count it for the token's shortener.

    False when a concurrent request has changed the token first.
    """
    day = start_of_day(now, zone)
    if result in BYPASSING:
        # once for each token: more would let whoever has its address change the numbers
        is_first = token.bypassed_at is None and await token_ops.note_bypass(token.token, now)
        if is_first and token.shortener is not None:
            await tolerated("shortener.not_counted", shortener_counts.count_too_fast(token.shortener, day))
        return True
    if result is VerificationResult.VERIFIED and token.status is TokenStatus.UNUSED:
        took_s = elapsed(token, now).total_seconds()
        is_ours = await token_ops.mark_verified(token.token, now, took_s)
        if is_ours and token.shortener is not None:
            await tolerated("shortener.not_counted", shortener_counts.count_finished(token.shortener, day, took_s))
        return is_ours
    return True
