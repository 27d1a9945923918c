"""Calls of the operations about subscribers, lists and gifts."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from core.gifts.records import GiftTerms
from core.segments import Segment
from core.verification import TokenStatus
from database.connection import current_database
from database.operations import user_credits
from database.operations.people import gift_ops, history_ops, people_lists
from database.operations.searching import word_search

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GIFT = GiftTerms(credits=5).gift("g" * 16, 1, NOW)

PEOPLE_CALLS: dict[str, Callable[[], Awaitable[Any]]] = {
    "people_lists.page": lambda: people_lists.page(Segment(), NOW, skip=0, limit=1),
    "people_lists.search": lambda: people_lists.search("ann", skip=0, limit=1),
    "people_lists.find_several": lambda: people_lists.find_several([1]),
    "people_lists.count_unreached": lambda: people_lists.count_unreached(NOW),
    "word_search.rarest_first": lambda: word_search.rarest_first(
        current_database().collection("users"), ("ann", "bob")
    ),
    "user_credits.take_credits": lambda: user_credits.take_credits(1, "k", 1),
    "user_credits.set_pass": lambda: user_credits.set_pass(1, None, NOW),
    "history_ops.count_received": lambda: history_ops.count_received(1),
    "history_ops.last_deliveries": lambda: history_ops.last_deliveries(1, 1),
    "history_ops.last_unlocks": lambda: history_ops.last_unlocks(1, TokenStatus.VERIFIED, 1),
    "history_ops.last_actions": lambda: history_ops.last_actions(1, 1),
    "gift_ops.create": lambda: gift_ops.create(GIFT),
    "gift_ops.find": lambda: gift_ops.find("g" * 16),
    "gift_ops.cancel": lambda: gift_ops.cancel("g" * 16, NOW),
    "gift_ops.claim": lambda: gift_ops.claim(GIFT, 1, NOW),
    "gift_ops.find_claim": lambda: gift_ops.find_claim(GIFT, 1),
    "gift_ops.last_of": lambda: gift_ops.last_of(1, 1),
    "gift_ops.count_claims": lambda: gift_ops.count_claims("g" * 16),
    "gift_ops.find_open": lambda: gift_ops.find_open(NOW, skip=0, limit=6),
    "gift_ops.count_claims_of": lambda: gift_ops.count_claims_of(["g" * 16]),
    "gift_ops.mark_paid": lambda: gift_ops.mark_paid("g" * 16, NOW),
    "gift_ops.find_owed": lambda: gift_ops.find_owed(NOW, 1),
    "gift_ops.delete_over": lambda: gift_ops.delete_over(NOW),
    "gift_ops.delete_old_claims": lambda: gift_ops.delete_old_claims(NOW),
}
