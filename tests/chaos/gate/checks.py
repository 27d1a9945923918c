"""The gate's invariants after an episode: credits, tokens, admission. See `checks.py`."""

from collections.abc import Iterator
from itertools import groupby

from core.subscriptions import REMEMBERED_FOR, ChannelMode, OnError
from tests.chaos.evidence import Delivery, Evidence, moment
from tests.chaos.gate.evidence import GateEvidence, Stay
from tests.chaos.gate.looking import gate_of
from tests.chaos.lost import answer_was_lost, was_never_answered
from views.subscribers import gate_message, gate_texts
from views.subscribers import texts as user_texts

#: real seconds from the gate's admission to the post, at most: includes a 429 pause and retries
IN_FLIGHT_S = 75.0
#: tolerance in seconds: Telegram's dates are whole seconds, and a bot uses its own clock
SECONDS_S = 2.0
#: a broken channel is checked again after a minute, if the bot was not notified of its restored rights; seconds
BLIND_S = 65.0
#: joins and leaves may be handled up to this much later, real seconds
NEWS_S = 20.0
#: what the gate answers instead of a post, outside its message
GATE_SENTENCES = (
    "You cannot use this bot",
    gate_message.no_link_now(is_told=False),
    gate_message.no_link_now(is_told=True),
    gate_texts.take_it_now(),
)
#: messages that say that a delivery which may have arrived cost nothing
_UNSURE = (user_texts.not_confirmed(), user_texts.interrupted())

Problems = Iterator[str]


def is_about(text: str, post: int) -> bool:
    """Return whether the gate's message `text` answers the request for this post."""
    return text.startswith(GATE_SENTENCES) or gate_of(text) == post


# credits


def credits_kept(evidence: Evidence, gate: GateEvidence) -> Problems:
    """Each balance is the start balance, plus N for each token paid out once, minus one for each charged delivery.

    It may be one higher for each delivery whose answer was lost and whose credit was refunded. No balance is negative.
    """
    paid = _costs(evidence, gate)
    for person, after in evidence.credits_after.items():
        before = evidence.credits_before.get(person, 0)
        earned = gate.gate.per_token * len(gate.paid_tokens(person))
        least, most = paid.get(person, (0, 0))
        if after < 0:
            yield f"person {person} has {after} credits"
        if not before + earned - most <= after <= before + earned - least:
            costs = f"{least}" if least == most else f"{least} to {most}"
            yield f"person {person} had {before}, earned {earned}, spent {costs}, and has {after}"
    for person in evidence.credits_before.keys() - evidence.credits_after.keys():
        yield f"person {person} is not known any more"


def _costs(evidence: Evidence, gate: GateEvidence) -> dict[int, tuple[int, int]]:
    """Return the minimum and maximum cost of each subscriber's deliveries."""
    costs: dict[int, tuple[int, int]] = {}
    deliveries = sorted(evidence.deliveries(), key=lambda one: (one.person, one.post, one.copies[0].id))
    for (person, _), of_one_post in groupby(deliveries, key=lambda one: (one.person, one.post)):
        totals = {total for _, total in _ledgers(evidence, gate, list(of_one_post))}
        least, most = costs.get(person, (0, 0))
        costs[person] = (least + min(totals), most + max(totals))
    return costs


def _ledgers(evidence: Evidence, gate: GateEvidence, deliveries: list[Delivery]) -> set[tuple[Delivery | None, int]]:
    """Return the possible charge histories of one subscriber and post: the last one paid for, and credits spent."""
    ledgers: set[tuple[Delivery | None, int]] = {(None, 0)}
    for delivery in deliveries:
        after: set[tuple[Delivery | None, int]] = set()
        for paid, total in ledgers:
            may_be_free, may_cost = _price(evidence, gate, paid, delivery.copies[0].at)
            if may_be_free:
                after.add((paid, total))
            if not may_cost:
                continue
            if answer_was_lost(evidence, delivery) or _is_told_it_was_free(evidence, delivery):
                after.add((None, total))  # refunded
            if not was_never_answered(evidence, delivery):
                after.add((delivery, total + 1))
        ledgers = after
    return ledgers


def _is_told_it_was_free(evidence: Evidence, delivery: Delivery) -> bool:
    """Return whether a later message notified the subscriber of a refund: the bot did not know that it arrived."""
    said = evidence.conversations[delivery.person]
    free = gate_texts.nothing_charged()
    later = [message.text for message in said if message.id > delivery.copies[0].id]
    return any(text.startswith(_UNSURE) and free in text for text in later)


def _price(evidence: Evidence, gate: GateEvidence, paid: Delivery | None, at: float) -> tuple[bool, bool]:
    """Return whether a delivery may have been free, and whether it may have cost a credit.

    It is free while the copy stands for which a credit was spent, and in the minutes of grace.
    """
    if paid is None:
        return False, True
    if paid.due_at is None:
        return True, False
    paid_at = paid.copies[0].at
    free_for = max(gate.gate.grace_minutes * 60, paid.due_at - paid_at)
    # by the clock, and by a bot's clock that had not followed a jump, or whose request came before the jump
    jumped = sum(after - before for before, after in evidence.jumps if paid_at - 1 <= after - 1 <= at)
    shortest, longest = at - paid_at - jumped - IN_FLIGHT_S, at - paid_at + IN_FLIGHT_S
    return shortest < free_for, longest > free_for


def charges_stand(evidence: Evidence, gate: GateEvidence) -> Problems:
    """No credit stays spent on a post that was not delivered."""
    timeline = evidence.timeline
    arrived: dict[tuple[int, int], list[float]] = {}
    for delivery in evidence.deliveries():
        at = timeline.without_jumps(delivery.copies[0].at)
        arrived.setdefault((delivery.person, delivery.post), []).append(at)
    for charge in gate.charges:
        spent_at = timeline.without_jumps(charge.at)
        times = arrived.get((charge.person, charge.post), [])
        if not any(-SECONDS_S <= at - spent_at <= IN_FLIGHT_S for at in times):
            when = f"{moment(charge.at):%H:%M:%S}"
            yield f"person {charge.person} paid for post {charge.post} at {when} and did not get it"


# tokens


def tokens_pay(evidence: Evidence, gate: GateEvidence) -> Problems:
    """A token pays only its verified owner; a redeemed token is paid out; each verified owner who returned is paid."""
    for person in gate.grants:
        for text in gate.paid_tokens(person):
            token = gate.tokens.get(text)
            if token is None or token.person != person:
                yield f"person {person} was paid for {text[:6]}…, which is not theirs"
            elif text not in gate.verified:
                yield f"person {person} was paid for {text[:6]}… without verifying"
    for text, token in gate.tokens.items():
        is_paid = text in gate.paid_tokens(token.person)
        if token.is_redeemed and not is_paid:
            yield f"person {token.person} redeemed {text[:6]}… and was not paid"
        if text in gate.owed:
            yield f"person {token.person}'s {text[:6]}… is owed for ever"
        may_come = not gate.is_banned(token.person) and text in gate.came_back_at
        if may_come and text in gate.verified and not is_paid and token.expires_at > gate.remembered_at + BLIND_S:
            yield f"person {token.person} verified {text[:6]}…, came back, and has nothing"


# who was let in


def kept_out(evidence: Evidence, gate: GateEvidence) -> Problems:
    """No subscriber got a post while banned, or without having joined within the ten minutes a membership is cached."""
    for delivery in evidence.deliveries():
        person, at = delivery.person, delivery.copies[0].at
        if person in gate.bans and not _was_under_way(evidence, gate, delivery):
            yield f"person {person} got post {delivery.post} at {moment(at):%H:%M:%S}, banned"
        for room in range(len(gate.gate.rooms)):
            if not _may_have_been_let_in(evidence, gate, delivery, room):
                yield f"person {person} got post {delivery.post} at {moment(at):%H:%M:%S} without having joined {room}"


def _was_under_way(evidence: Evidence, gate: GateEvidence, delivery: Delivery) -> bool:
    """Return whether the post was sent, or requested shortly, before the ban."""
    timeline, banned_at, at = evidence.timeline, gate.bans[delivery.person], delivery.copies[0].at
    if at <= banned_at:
        return True
    late = timeline.without_jumps(at) - timeline.without_jumps(banned_at)
    return late <= IN_FLIGHT_S and any(
        evidence.began <= deed <= banned_at for deed in gate.deeds.get(delivery.person, [])
    )


def _may_have_been_let_in(evidence: Evidence, gate: GateEvidence, delivery: Delivery, room: int) -> bool:
    until = delivery.copies[0].at + SECONDS_S
    # the gate may have admitted the request before a clock jump
    jumped = sum(
        after - before for before, after in evidence.jumps if -SECONDS_S <= delivery.copies[0].at - after <= IN_FLIGHT_S
    )
    admitted_at = until - SECONDS_S - IN_FLIGHT_S - jumped
    since = admitted_at - REMEMBERED_FOR.total_seconds()
    if gate.stayed(delivery.person, room, since, until):
        return True
    if gate.gate.rooms[room].on_error is OnError.CLOSED:
        return False
    return _was_blind(gate, room, admitted_at, until) or _was_not_told(gate, delivery.person, room, admitted_at, until)


def _was_blind(gate: GateEvidence, room: int, since: float, until: float) -> bool:
    """Return whether the bot could not see the channel's members, or may not have noticed yet that it can again."""
    spans = gate.blind.get(room, [])
    return any(lost_at <= until and (seen_at is None or seen_at + BLIND_S >= since) for lost_at, seen_at in spans)


def _was_not_told(gate: GateEvidence, person: int, room: int, since: float, until: float) -> bool:
    """Return whether a getChatMember call for this subscriber and channel failed in that time."""
    return any(
        not call["ok"] or call.get("fault")
        for call in gate.member_calls
        if since <= call["at"] <= until and call["person"] == person and call["room"] == room
    )


def remembered(evidence: Evidence, gate: GateEvidence) -> Problems:
    """The memberships the bots remember are true: the latest event wins, in whatever order events were handled."""
    for known in gate.remembered:
        if known.person < 0 or gate.blind.get(known.room):
            continue
        stays = [stay for stay in gate.stays if (stay.person, stay.room) == (known.person, known.room)]
        changed_at, before = _last_changes(stays, gate.remembered_at)
        if int(changed_at) == int(before):
            continue  # Telegram's dates are whole seconds: the order of two changes within one is unknown
        is_inside = gate.stayed(known.person, known.room, gate.remembered_at, gate.remembered_at)
        may_have_asked = gate.gate.rooms[known.room].mode is ChannelMode.REQUEST
        is_wrong = not is_inside if known.is_member else is_inside and not may_have_asked
        if is_wrong:
            if known.seen_at < changed_at and _was_killed_after(evidence, changed_at):
                continue  # the event was held while the store was unavailable, and was lost with the process
            believed = "in" if known.is_member else "out"
            yield (
                f"person {known.person} is believed to be {believed} of {known.room} since "
                f"{moment(known.seen_at):%H:%M:%S}, and is not since {moment(changed_at):%H:%M:%S}"
            )


def _last_changes(stays: list[Stay], until: float) -> tuple[float, float]:
    """Return the times of the last join or leave and of the one before; 0 or less for none."""
    changes = [at for stay in stays for at in (stay.since, stay.until) if at is not None and at <= until]
    last, before = sorted([0.0, -1.0, *changes])[:-3:-1]
    return last, before


def _was_killed_after(evidence: Evidence, at: float) -> bool:
    timeline = evidence.timeline
    at = timeline.without_jumps(at)
    return any(-1.0 <= timeline.without_jumps(killed) - at <= NEWS_S for killed in evidence.kills)
