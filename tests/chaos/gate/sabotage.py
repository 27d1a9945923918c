"""Sabotages of the gate's invariants, applied in the bots' own processes. See `sabotage.py`."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import core.access
import user_bot.delivery.verifier
import user_bot.gate.payout
from core.subscriptions import MembershipStatus, Subscription
from core.verification import VerificationResult
from database.connection import current_database
from database.operations import settings_ops, token_ops, user_credits
from user_bot.delivery.sending import Sending
from user_bot.gate.payout import pay_out
from user_bot.gate.subscriptions import Subscriptions


def _replace(owner: Any, name: str, by: Any) -> None:
    setattr(owner, name, by)


def keep_the_credit() -> None:
    """Do not refund the credit of a failed delivery."""

    async def give_back_credit(*_: Any) -> bool:
        return False

    _replace(user_credits, "give_back_credit", give_back_credit)


def recover_no_credit() -> None:
    """Do not refund deliveries that a crash interrupted."""

    async def close_request(*_: Any) -> bool:
        return False

    _replace(user_credits, "close_request", close_request)


def charge_for_the_unknown() -> None:
    """Do not refund deliveries of which no answer came."""
    end_unknown = Sending._end_unknown

    async def end(self: Sending, request: Any, claim: Any) -> Any:
        return await end_unknown(self, replace(request, update_key="another"), claim)

    _replace(Sending, "_end_unknown", end)


def spend_what_is_not_there() -> None:
    """Spend credits without checking the balance."""

    async def spend_credit(user_id: int, code: str, update_key: str, now: Any, *_: Any) -> int:
        charge = {f"charges.{code}": {"at": now, "update_key": update_key}}
        users = current_database().collection("users")
        await users.update_one({"user_id": user_id}, {"$inc": {"credits": -1}, "$set": charge})
        return 1

    _replace(user_credits, "spend_credit", spend_credit)


def pay_each_time() -> None:
    """Make payments not idempotent: every attempt pays."""
    grant = user_credits.grant

    async def grant_again(user_id: int, key: str, *rest: Any, **more: Any) -> Any:
        return await grant(user_id, f"{key} {secrets.token_hex(4)}", *rest, **more)

    _replace(user_credits, "grant", grant_again)


def redeem_again() -> None:
    """Redeem a token in any state, and pay each time."""
    pay_each_time()

    async def redeem(token: str, *_: Any, **__: Any) -> Any:
        return await token_ops.find(token)

    def check_token(*_: Any) -> VerificationResult:
        return VerificationResult.VERIFIED

    _replace(token_ops, "redeem", redeem)
    _replace(user_bot.delivery.verifier, "check_token", check_token)


def pay_anybody() -> None:
    """Let a token pay anyone who opens its link, verified or not."""
    redeem_again()
    find = token_ops.find

    async def redeem_for_anybody(self: Any, user: Any, text: str, update_key: str) -> None:
        token = await find(text)
        if token is not None:
            await pay_out(token.model_copy(update={"user_id": user.user_id}), *await _terms(self))

    _replace(user_bot.delivery.verifier.Verifier, "redeem", redeem_for_anybody)


async def _terms(verifier: Any) -> tuple[Any, Any]:
    now = verifier._clock.now()
    return await settings_ops.current(now), now


def mark_before_paying() -> None:
    """Record a token as paid out before it is paid."""

    pay = user_bot.gate.payout.pay

    async def mark_and_pay(token: Any, settings: Any, now: Any) -> Any:
        await token_ops.mark_granted(token.token, now)
        return await pay(token, settings, now)

    for module in (user_bot.gate.payout, user_bot.delivery.verifier):
        _replace(module, "pay", mark_and_pay)


def ask_for_no_channel() -> None:
    """Skip the channel check at the gate."""

    async def check(*_: Any, **__: Any) -> Subscription:
        return Subscription()

    _replace(Subscriptions, "check", check)


def let_the_banned_in() -> None:
    """Skip the ban check at the gate."""

    def never(*_: Any) -> bool:
        return False

    _replace(core.access, "is_banned", never)


def hear_no_leaving() -> None:
    """Ignore the event that a subscriber left a channel."""
    from_news = Subscriptions.member_changed

    async def member_changed(self: Subscriptions, channel: Any, user_id: int, member: Any, at: Any) -> Any:
        if member.status == "left":
            return MembershipStatus.LEFT
        return await from_news(self, channel, user_id, member, at)

    _replace(Subscriptions, "member_changed", member_changed)


#: name, description, function, checks of which one must detect it
GATE_SABOTAGES: tuple[tuple[str, str, Callable[[], None], tuple[str, ...]], ...] = (
    ("keep-the-credit", "what failed is not given back", keep_the_credit, ("charges_stand", "credits_kept")),
    ("recover-no-credit", "what a crash cut off is not given back", recover_no_credit, ("charges_stand",)),
    (
        "charge-the-unknown",
        "what may not have come is charged",
        charge_for_the_unknown,
        ("charges_stand", "credits_kept"),
    ),
    ("spend-unseen", "credits are spent that are not there", spend_what_is_not_there, ("credits_kept",)),
    ("pay-each-time", "a payment has no key", pay_each_time, ("credits_kept",)),
    ("redeem-again", "a token is redeemed however often", redeem_again, ("credits_kept",)),
    ("pay-anybody", "a token pays whoever opens its link", pay_anybody, ("tokens_pay",)),
    ("mark-before-paying", "a token counts as paid out before it is", mark_before_paying, ("tokens_pay",)),
    ("no-channels", "the gate does not look at the channels", ask_for_no_channel, ("kept_out",)),
    ("no-bans", "the gate does not look at bans", let_the_banned_in, ("kept_out",)),
    ("hear-no-leaving", "who leaves a channel counts as in it", hear_no_leaving, ("remembered",)),
)
