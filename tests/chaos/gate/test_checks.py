"""Each check of the gate detects its violation in otherwise valid evidence, and allows the cases of decision 0005."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.subscriptions import REMEMBERED_FOR, ChannelMode, OnError
from tests.chaos.checks import CHECKS
from tests.chaos.evidence import Asked, Evidence, Message
from tests.chaos.gate.checks import BLIND_S, IN_FLIGHT_S, NEWS_S
from tests.chaos.gate.evidence import Charge, GateEvidence, Remembered, Stay, Token
from tests.chaos.gate.plan import MOMENTS, Deed, GatePlan, Habit, Room, make_gate
from tests.chaos.moments import AtCommand, Disturbance, What
from tests.chaos.plan import SUBSCRIBERS, Act
from tests.chaos.test_checks import ASKED_AT, DUE_AT, HOUR, NOON, copied, copy, said, sound, start

COPIED_AT = ASKED_AT + 1
TOKEN = "t" * 32
AIMED = Disturbance(What.KILL, AtCommand("update", "users", 1, is_answered=True))
#: before the first event, and long after the last
EARLY, LATE = NOON - HOUR, NOON + 2 * HOUR


def gate(**more: object) -> GatePlan:
    rules = GatePlan(2, 0, True, (Room(ChannelMode.JOIN, OnError.CLOSED),), (Habit(3, frozenset({0})),), (), AIMED)
    return replace(rules, **more)  # type: ignore[arg-type]


def guarded(**more: object) -> tuple[Evidence, GateEvidence]:
    """Evidence of one subscriber with three credits, joined in the only channel, who paid one and got the post."""
    known = GateEvidence(
        gate(**more),
        grants={0: ["beginning"]},
        charges=[Charge(0, 0, COPIED_AT - 0.5)],
        deeds={0: [ASKED_AT]},
        stays=[Stay(0, 0, EARLY)],
        remembered=[Remembered(0, 0, True, COPIED_AT)],
        remembered_at=ASKED_AT + 60,
    )
    evidence = sound()
    evidence.gate, evidence.credits_after = known, {0: 2}
    return evidence, known


def verified(*, is_redeemed: bool = True) -> Token:
    return Token(0, LATE, is_verified=True, is_redeemed=is_redeemed)


def test_valid_evidence_passes() -> None:
    assert said(guarded()[0]) == set()


@pytest.mark.parametrize("after", [1, 3, -1])
def test_lost_or_created_credit_is_detected(after: int) -> None:
    evidence, _ = guarded()
    evidence.credits_after = {0: after}
    assert said(evidence) == {"credits_kept"}


def test_negative_balance_is_detected() -> None:
    evidence, _ = guarded()
    evidence.credits_before, evidence.credits_after = {}, {0: -1}
    assert said(evidence) == {"credits_kept"}


@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_after_a_lost_answer_balance_may_be_one_credit_higher_but_not_lower(after: int) -> None:
    evidence, known = guarded()
    evidence.kills, evidence.credits_after = [COPIED_AT + 5], {0: after}
    known.charges = []
    assert ("credits_kept" in said(evidence)) == (after not in (2, 3))


@pytest.mark.parametrize(
    ("after_s", "grace", "cost"), [(60, 0, 0), (60, 10, 0), (40 * 60, 10, 1), (40 * 60, 60, 0), (62 * 60, 60, 1)]
)
def test_repeat_is_free_while_the_copy_stands_and_within_the_grace_period(after_s: int, grace: int, cost: int) -> None:
    evidence, known = guarded(grace_minutes=grace)
    evidence.asked_again = [Asked(Act(0, 0), 3, ASKED_AT + after_s)]
    evidence.conversations[0].append(copy(number=4, at=COPIED_AT + after_s, deleted_at=DUE_AT + after_s))
    for left in (1, 2):
        evidence.credits_after = {0: left}
        known.charges = [Charge(0, 0, COPIED_AT + (after_s if cost else 0))]
        assert ("credits_kept" in said(evidence)) == (left != 2 - cost)


def test_delivery_whose_answer_never_came_costs_nothing() -> None:
    evidence, known = guarded()
    evidence.copy_calls, known.charges = [copied("restart_after")], []
    assert said(evidence) == {"credits_kept"}
    evidence.credits_after = {0: 3}
    assert said(evidence) == set()


def test_repeat_after_an_hour_costs_and_right_after_a_jump_may_be_free() -> None:
    evidence, _ = guarded(grace_minutes=10)
    evidence.asked_again = [Asked(Act(0, 0), 3, ASKED_AT + HOUR)]
    evidence.conversations[0].append(copy(number=4, at=COPIED_AT + HOUR, deleted_at=DUE_AT + HOUR))
    assert "credits_kept" in said(evidence)
    evidence.jumps = [(COPIED_AT + 5, COPIED_AT + 5 + HOUR - 10)]
    assert "credits_kept" not in said(evidence), "admitted by a bot that had not heard of the jump"


def test_second_payment_of_a_token_is_detected() -> None:
    evidence, known = guarded()
    known.tokens, known.verified = {TOKEN: verified()}, {TOKEN: 0}
    known.grants = {0: ["beginning", f"token {TOKEN}"]}
    evidence.credits_after = {0: 4}
    assert said(evidence) == set()
    known.grants = {0: ["beginning", f"token {TOKEN} a", f"token {TOKEN} b"]}
    evidence.credits_after = {0: 6}
    assert said(evidence) == {"credits_kept"}


@pytest.mark.parametrize(
    "change",
    [
        lambda known: known.tokens.update({TOKEN: replace(verified(), person=1)}),
        lambda known: known.verified.clear(),
        lambda known: known.tokens.clear(),
        lambda known: setattr(known, "owed", frozenset({TOKEN})),
    ],
    ids=["a stranger's", "not verified", "unknown", "never marked as paid"],
)
def test_wrong_payment_is_detected(change: Callable[[GateEvidence], object]) -> None:
    evidence, known = guarded()
    known.tokens, known.verified = {TOKEN: verified()}, {TOKEN: 0}
    known.grants = {0: ["beginning", f"token {TOKEN}"]}
    evidence.credits_after = {0: 4}
    change(known)
    assert said(evidence) == {"tokens_pay"}


def test_redeemed_but_unpaid_token_is_detected() -> None:
    evidence, known = guarded()
    known.tokens, known.verified = {TOKEN: verified()}, {TOKEN: 0}
    assert said(evidence) == {"tokens_pay"}


def test_verified_owner_who_returned_must_be_paid_unless_banned_or_too_late() -> None:
    evidence, known = guarded()
    known.tokens = {TOKEN: verified(is_redeemed=False)}
    known.verified = {TOKEN: 0}
    assert said(evidence) == set(), "never came back"
    known.came_back_at = {TOKEN: ASKED_AT + 2}
    assert said(evidence) == {"tokens_pay"}
    known.bans = {0: COPIED_AT + 5}
    assert said(evidence) == set()
    known.bans = {}
    known.tokens = {TOKEN: replace(known.tokens[TOKEN], expires_at=known.remembered_at)}
    assert said(evidence) == set()


def test_charge_without_delivery_is_detected() -> None:
    evidence, known = guarded()
    known.charges = [Charge(0, 3, COPIED_AT)]
    assert said(evidence) == {"charges_stand"}
    known.charges = [Charge(0, 0, COPIED_AT - IN_FLIGHT_S - 1)]
    assert said(evidence) == {"charges_stand"}
    known.charges = [Charge(0, 0, COPIED_AT - IN_FLIGHT_S)]
    assert said(evidence) == set(), "Telegram made the chat wait"


def test_delivery_to_a_banned_subscriber_is_detected_unless_it_was_in_flight() -> None:
    evidence, known = guarded()
    known.bans = {0: EARLY}
    assert said(evidence) == {"kept_out"}
    known.bans = {0: ASKED_AT + 0.5}
    assert said(evidence) == set()
    known.deeds = {0: [ASKED_AT + 0.9]}
    assert said(evidence) == {"kept_out"}, "asked for after the ban"


def test_delivery_without_joining_is_detected_unless_a_cached_yes_explains_it() -> None:
    evidence, known = guarded()
    known.remembered, known.stays = [], []
    assert said(evidence) == {"kept_out"}
    longest = REMEMBERED_FOR.total_seconds() + IN_FLIGHT_S
    known.stays = [Stay(0, 0, EARLY, COPIED_AT - longest - 1)]
    assert said(evidence) == {"kept_out"}
    known.stays = [Stay(0, 0, EARLY, COPIED_AT - longest)]
    assert said(evidence) == set()
    known.stays = [Stay(0, 0, COPIED_AT + 3)]
    assert said(evidence) == {"kept_out"}, "joined afterwards"


@pytest.mark.parametrize(("on_error", "breaches"), [(OnError.OPEN, set()), (OnError.CLOSED, {"kept_out"})])
@pytest.mark.parametrize("why", ["blind", "not told"])
def test_when_membership_is_unknown_the_channel_setting_decides(
    on_error: OnError, breaches: set[str], why: str
) -> None:
    evidence, known = guarded(rooms=(Room(ChannelMode.JOIN, on_error),))
    known.remembered, known.stays = [], []
    if why == "blind":
        known.blind = {0: [(EARLY, COPIED_AT - IN_FLIGHT_S - BLIND_S)]}
    else:
        known.member_calls = [{"at": COPIED_AT - 1, "person": 0, "room": 0, "ok": False}]
    assert said(evidence) == breaches
    known.blind = {0: [(EARLY, COPIED_AT - IN_FLIGHT_S - BLIND_S - 1)]}
    known.member_calls = [{"at": COPIED_AT - 1, "person": 1, "room": 0, "ok": False}]
    assert said(evidence) == {"kept_out"}


@pytest.mark.parametrize("is_member", [True, False])
def test_wrong_remembered_membership_is_detected(is_member: bool) -> None:
    evidence, known = guarded()
    left = Stay(0, 0, EARLY, COPIED_AT + 2)
    known.stays = [left] if is_member else [left, Stay(0, 0, COPIED_AT + 3)]
    known.remembered = [Remembered(0, 0, is_member, COPIED_AT + 1)]
    assert said(evidence) == {"remembered"}
    evidence.kills = [COPIED_AT + 3 + NEWS_S]
    assert said(evidence) == (set() if not is_member else {"remembered"})
    evidence.kills = [COPIED_AT + 3]
    assert said(evidence) == set(), "the news went with the process"
    known.remembered = [Remembered(0, 0, is_member, COPIED_AT + 4)]
    known.blind = {0: []}
    assert said(evidence) == {"remembered"}, "heard, and wrong"
    known.blind = {0: [(EARLY, EARLY + 1)]}
    assert said(evidence) == set(), "the bot had no rights there"


def test_after_joining_and_leaving_within_a_second_either_membership_is_accepted() -> None:
    evidence, known = guarded()
    known.stays = [Stay(0, 0, EARLY, COPIED_AT + 2.1), Stay(0, 0, COPIED_AT + 2.9)]
    known.remembered = [Remembered(0, 0, False, COPIED_AT + 2.9)]
    assert said(evidence) == set()
    known.stays[1] = Stay(0, 0, COPIED_AT + 3.0)
    assert said(evidence) == {"remembered"}


def test_gate_message_answers_only_its_own_post() -> None:
    evidence, known = guarded()
    known.charges, evidence.credits_after = [], {0: 3}
    for text, breaches in (
        ("\u2068Post 0\u2069\n1. Join \u2068Room 0\u2069", set()),
        ("You cannot use this bot.", set()),
        ("\u2068Post 1\u2069\nUnlock: one page, then 10 credits", {"answered"}),
    ):
        evidence.conversations = {0: [start(), Message(2, ASKED_AT + 1, True, text, None)]}
        assert said(evidence) == breaches


def test_silence_is_allowed_when_a_membership_call_failed_before_a_kill() -> None:
    evidence, known = guarded(rooms=(Room(ChannelMode.JOIN, OnError.CLOSED),))
    evidence.conversations, evidence.credits_after, known.charges = {0: [start()]}, {0: 3}, []
    evidence.kills = [ASKED_AT + 5]
    assert said(evidence) == {"answered"}
    known.member_calls = [{"at": ASKED_AT + 1, "person": 9, "room": 0, "ok": False}]
    assert said(evidence) == set()
    known.member_calls = [{"at": ASKED_AT + 6, "person": 9, "room": 0, "ok": False}]
    assert said(evidence) == {"answered"}, "it had been killed by then"
    evidence.asked_again = [Asked(Act(0, 0), 9, ASKED_AT + 60)]
    assert said(evidence) == {"answered"}


def test_press_counts_as_a_separate_request() -> None:
    evidence, known = guarded(grace_minutes=10)
    evidence.conversations[0].append(copy(number=4, at=COPIED_AT + 9, deleted_at=DUE_AT + 20))
    assert said(evidence) == {"once"}
    known.presses[0, 0] = 1
    assert said(evidence) == set()


def test_every_twenty_fifth_seed_has_the_gate_and_every_moment_has_its_seed() -> None:
    gates = [make_gate(seed, SUBSCRIBERS, 250) for seed in range(1, 626)]
    there = [known for known in gates if known is not None]
    assert len(there) == 25
    assert gates == [make_gate(seed, SUBSCRIBERS, 250) for seed in range(1, 626)]
    aimed = [known.aimed.when for known in there[: len(MOMENTS)]]
    assert len({str(when).partition(" #")[0] for when in aimed}) == len(MOMENTS)
    assert {room.mode for known in there for room in known.rooms} == set(ChannelMode)
    assert {room.on_error for known in there for room in known.rooms} == set(OnError)
    assert {known.grace_minutes for known in there} == {0, 10}
    assert {move.deed for known in there for move in known.moves} == set(Deed)
    assert set(CHECKS) >= {"credits_kept", "charges_stand", "tokens_pay", "kept_out", "remembered"}
