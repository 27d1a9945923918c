"""The credit of one delivery: spent before it is sent, given back unless it arrived."""

from core.access import expired_charges
from core.clock import Clock
from core.delivery_states import is_paid
from core.errors import StoreUnavailable
from core.retries import SHORT_S, retry_while_unavailable
from core.settings import BotSettings
from database.operations import user_credits
from database.operations.delivery_ops import Claim
from user_bot.delivery.request import DeliveryRequest, Terms
from views.subscribers.delivery_texts import Cost


def costs_now(claim: Claim, terms: Terms) -> bool:
    """Whether this delivery costs a credit: not while a copy stands for which one was spent."""
    return terms.costs_credit and not is_paid(claim.before, terms.sent_at)


def cost_of(request: DeliveryRequest, terms: Terms, credits_left: int | None) -> Cost:
    """Return what the subscriber is told of the cost. `credits_left`: after one was spent; None: none was."""
    if credits_left is not None:
        return Cost(credits_left)
    charge = request.user.charges.get(request.code)
    # past the time in which it is free again a paid copy still pays
    is_paid_before = terms.is_paid_before or terms.costs_credit
    return Cost(paid_at=charge.at) if charge is not None and is_paid_before else Cost()


async def spend(request: DeliveryRequest, terms: Terms, settings: BotSettings, clock: Clock) -> int | None:
    """Spend one credit on this request, once however often it is repeated; return how many are left.

    None when the subscriber had none.

    Raises StoreUnavailable; then it may be repeated.
    """
    forget = expired_charges(request.user, settings, terms.sent_at)
    user_id = request.user.user_id
    return await retry_while_unavailable(
        lambda: user_credits.spend_credit(user_id, request.code, request.update_key, terms.sent_at, forget),
        clock,
        SHORT_S,
    )


async def give_back(request: DeliveryRequest, clock: Clock) -> bool:
    """Give back what this request cost, if anything; return whether it did. Retries for ten minutes.

    False as well when the database stays away: then the delivery lapses, and recovery gives it back.
    """
    user_id = request.user.user_id
    try:
        return await retry_while_unavailable(
            lambda: user_credits.give_back_credit(user_id, request.code, request.update_key), clock
        )
    except StoreUnavailable:
        return False
