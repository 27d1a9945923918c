"""Losses the product cannot prevent: answers not received or not recorded, and requests released before a kill."""

from datetime import datetime
from typing import Any

from sender.updates.polling import NOTICE_WAIT_S, WAIT_S
from tests.chaos.evidence import Asked, Delivery, Evidence

#: the message ids of a post sent this shortly before a crash may not be recorded; real seconds
UNRECORDED_S = 12.0
#: a getChatMember call may take so long: a 429 of ten seconds delays the next ones; real seconds
QUESTION_S = 15.0
#: a call may have left so long before Telegram counts it, seconds
ON_ITS_WAY_S = 0.5
#: a bot killed this soon after it read a 429 may not have recorded the pause, seconds
UNWRITTEN_S = 1.0
#: the bot's log event for a received 429
_PAUSED = "sender.paused"
#: faults after which the bot does not know the ids of what it sent; restart: of the Bot API server, in mid-call
_ANSWER_LOST = frozenset({"drop_after", "hang_after", "partial", "restart_after", "restart"})


def answer_was_lost(evidence: Evidence, delivery: Delivery) -> bool:
    """Return whether the bot did not receive the message ids, or was killed before it can have recorded them."""
    timeline = evidence.timeline
    first = delivery.copies[0]
    if any(call.get("fault") in _ANSWER_LOST and not _is_answered(call) for call in _calls_of(evidence, delivery)):
        return True
    sent = timeline.without_jumps(first.at)
    return any(-1.0 <= timeline.without_jumps(killed) - sent <= UNRECORDED_S for killed in evidence.kills)


def was_cut_short(evidence: Evidence, delivery: Delivery) -> bool:
    """Return whether Telegram sent only some messages of the call and then failed."""
    return any(call.get("fault") == "partial" for call in _calls_of(evidence, delivery))


def _calls_of(evidence: Evidence, delivery: Delivery) -> list[dict[str, Any]]:
    """Return the call that sent these copies: ids are unique among a bot's private chats."""
    return [call for call in evidence.copy_calls if delivery.copies[0].id in call.get("made", ())]


def _is_answered(call: dict[str, Any]) -> bool:
    """Return whether a partial send came to its end because the post had no more messages."""
    return call["fault"] == "partial" and bool(call["ok"])


def was_let_go(evidence: Evidence, asked: Asked) -> bool:
    """Return whether the update waited longer than the next poll waits for it, and was lost with the process.

    It waited for a silent store, or for a getChatMember call that failed.
    """
    timeline = evidence.timeline
    at = timeline.without_jumps(asked.at)
    kills = [timeline.without_jumps(killed) for killed in evidence.kills]
    for since, until in ((timeline.without_jumps(a), timeline.without_jumps(b)) for a, b in evidence.silences):
        if since - WAIT_S <= at <= until and any(since + WAIT_S <= kill <= until + NOTICE_WAIT_S for kill in kills):
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


def was_unheard(evidence: Evidence, call: dict[str, Any]) -> bool:
    """Return whether a call to a paused chat left before the bot read the 429, or a kill prevented recording the pause.

    How long a 429 takes to arrive depends on the machine: the bot's log has the time at which it was read.
    """
    told, at = call["told_at"], call["at"]
    if at - told <= ON_ITS_WAY_S:
        return True
    heard = sorted(_heard(evidence, call))
    known = [heard_at for heard_at in heard if heard_at < at - ON_ITS_WAY_S]
    if known:
        return any(-ON_ITS_WAY_S <= killed - known[0] <= UNWRITTEN_S for killed in evidence.kills)
    return bool(heard) or any(told - ON_ITS_WAY_S <= killed <= at for killed in evidence.kills)


def _heard(evidence: Evidence, call: dict[str, Any]) -> list[float]:
    """Return when the bot read the 429s whose pause covers the call, by the sandbox's clock."""
    heard = []
    for line in evidence.log:
        if line.get("event") != _PAUSED or (line["bot_id"], str(line["chat_id"])) != (call["bot"], call["chat_id"]):
            continue
        # there is no jump in between: the pause would have ended
        at = call["told_at"] + datetime.fromisoformat(line["timestamp"]).timestamp() - call["told_unix"]
        if at >= call["told_at"] or at + line["retry_after_s"] > call["at"]:
            heard.append(at)
    return heard
