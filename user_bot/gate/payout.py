"""What a redeemed token pays. A token that was redeemed and not paid out (a crash came between) is paid out later."""

from datetime import datetime

from core.access import earned
from core.settings import BotSettings
from core.users import User
from core.verification import Token
from database.operations import token_ops, user_credits


async def pay(token: Token, settings: BotSettings, now: datetime) -> User | None:
    """Give the token's person what a verification earns, once however often it is called; their record afterwards.

    None when the person is not known (any more). The token is owed until `token_ops.mark_granted`.
    """
    pays = earned(settings)
    granted = await user_credits.grant(
        token.user_id, f"token {token.token}", now, credits=pays.credits, pass_for=pays.pass_for
    )
    return None if granted is None else granted.user


async def pay_out(token: Token, settings: BotSettings, now: datetime) -> User | None:
    """As `pay`, and nothing is owed any more."""
    user = await pay(token, settings, now)
    await token_ops.mark_granted(token.token, now)
    return user
