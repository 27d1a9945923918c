"""What nobody could keep: answers the bot never had or had no time to write down, requests let go before a kill."""

from sender.safekeeping import TELLING_S, WAIT_S
from tests.chaos.evidence import Asked, Delivery, Evidence

#: a post handed over shortly before a crash: its ids may not have been written down; real seconds
UNRECORDED_S = 12.0
#: faults after which the bot does not know what it sent
_ANSWER_LOST = frozenset({"drop_after", "hang_after"})


def answer_was_lost(evidence: Evidence, delivery: Delivery) -> bool:
    """Nobody told the bot its messages' ids, or it was killed before it can have written them down."""
    timeline = evidence.timeline
    first = delivery.copies[0]
    calls = [call for call in evidence.copy_calls if _made(call, delivery)]
    if any(call.get("fault") in _ANSWER_LOST for call in calls):
        return True
    sent = timeline.without_jumps(first.at)
    return any(-1.0 <= timeline.without_jumps(killed) - sent <= UNRECORDED_S for killed in evidence.kills)


def _made(call: dict[str, object], delivery: Delivery) -> bool:
    params = call["params"]
    assert isinstance(params, dict)
    first_id = f'"message_id":{delivery.copies[0].id}}}'
    return params.get("chat_id") == str(delivery.person) and first_id in str(call["result_preview"])


def was_let_go(evidence: Evidence, asked: Asked) -> bool:
    """Its update waited on a silent store for longer than the next poll waits for it, and went with the process."""
    timeline = evidence.timeline
    at = timeline.without_jumps(asked.at)
    kills = [timeline.without_jumps(killed) for killed in evidence.kills]
    for since, until in ((timeline.without_jumps(a), timeline.without_jumps(b)) for a, b in evidence.silences):
        if since - WAIT_S <= at <= until and any(since + WAIT_S <= kill <= until + TELLING_S for kill in kills):
            return True
    return False
