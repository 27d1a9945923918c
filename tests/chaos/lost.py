"""What nobody could keep: answers the bot never had or had no time to write down, requests let go before a kill."""

from sender.safekeeping import TELLING_S, WAIT_S
from tests.chaos.evidence import Asked, Delivery, Evidence

#: a post handed over shortly before a crash: its ids may not have been written down; real seconds
UNRECORDED_S = 12.0
#: a question who has joined may take so long: a 429 of ten seconds makes the next ones wait; real seconds
QUESTION_S = 15.0
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
    """Its update waited for longer than the next poll waits for it, and went with the process.

    On a silent store; or on Telegram, which did not say who has joined a channel.
    """
    timeline = evidence.timeline
    at = timeline.without_jumps(asked.at)
    kills = [timeline.without_jumps(killed) for killed in evidence.kills]
    for since, until in ((timeline.without_jumps(a), timeline.without_jumps(b)) for a, b in evidence.silences):
        if since - WAIT_S <= at <= until and any(since + WAIT_S <= kill <= until + TELLING_S for kill in kills):
            return True
    return _waited_for_an_answer(evidence, at, kills)


def _waited_for_an_answer(evidence: Evidence, at: float, kills: list[float]) -> bool:
    if evidence.gate is None:
        return False
    failed = [call["at"] for call in evidence.gate.member_calls if not call["ok"] or call.get("fault")]
    times = [evidence.timeline.without_jumps(failed_at) for failed_at in failed]
    return any(
        at < kill <= at + QUESTION_S and any(at - QUESTION_S <= failed_at <= kill for failed_at in times)
        for kill in kills
    )
