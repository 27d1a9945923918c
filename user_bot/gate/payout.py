"""Pay out redeemed tokens. A token that a crash left redeemed and not paid out is owed, and paid out later."""

from datetime import datetime

from core.access import earned
from core.settings import BotSettings
from core.users import User
from core.verification import Token
from database.operations import token_ops, user_credits


async def pay(token: Token, settings: BotSettings, now: datetime) -> User | None:
    """Grant the token's user what a verification earns; return their record. Idempotent per token.

    None when the user is unknown or was deleted. The token stays owed until `token_ops.mark_granted`.
    """
    pays = earned(settings)
    granted = await user_credits.grant(
        token.user_id, f"token {token.token}", now, credits=pays.credits, pass_for=pays.pass_for, is_unlock=True
    )
    return None if granted is None else granted.user


async def pay_out(token: Token, settings: BotSettings, now: datetime) -> User | None:
    """Do as `pay` and mark the token as paid out."""
    user = await pay(token, settings, now)
    await token_ops.mark_granted(token.token, now)
    return user
