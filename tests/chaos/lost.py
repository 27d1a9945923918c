"""Losses the product cannot prevent: answers not received or not recorded, and requests released before a kill."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sender.updates.polling import NOTICE_WAIT_S, WAIT_S
from tests.chaos.evidence import Asked, Delivery, Evidence

#: the message ids of a post sent so shortly before a crash may not be recorded; real seconds with a store
UNRECORDED_S = 12.0
#: a getChatMember call may take so long: a 429 of ten seconds delays the next ones; real seconds
QUESTION_S = 15.0
#: a call may have left so long before Telegram counts it, seconds
ON_ITS_WAY_S = 0.5
#: a bot killed this soon after it read a 429 may not have recorded the pause, seconds
UNWRITTEN_S = 1.0
#: refusals of two chats within this time mean the bot, seconds; ENGINE §3 says five, by the bot's clock
TOGETHER_S = 4.0
#: reading a 429 may take so long on a busy machine; tolerance for clocks; seconds
READ_S, SECONDS_S = 1.0, 0.2
#: without a pause for so long before: no incident is under way, seconds
QUIET_S = 10.0
_FLOOD = 429
#: the bot's log event for a received 429
_PAUSED = "sender.paused"
#: faults after which the bot does not know the ids of what it sent; restart: of the Bot API server, in mid-call
_ANSWER_LOST = frozenset({"drop_after", "hang_after", "partial", "restart_after", "restart"})


def answer_was_lost(evidence: Evidence, delivery: Delivery) -> bool:
    """Return whether the bot did not receive the message ids, or was killed before it can have recorded them."""
    return was_never_answered(evidence, delivery) or was_sent_before_a_kill(evidence, delivery)


def was_never_answered(evidence: Evidence, delivery: Delivery) -> bool:
    """Return whether the bot did not receive the message ids."""
    return any(call.get("fault") in _ANSWER_LOST and not _is_answered(call) for call in _calls_of(evidence, delivery))


def was_sent_before_a_kill(evidence: Evidence, delivery: Delivery) -> bool:
    """Return whether the bot was killed so soon that it may not have recorded the message ids.

    While there was no store nothing could be recorded: that time does not count.
    """
    timeline = evidence.timeline
    sent = timeline.without_jumps(delivery.copies[0].at)
    absences = [(timeline.without_jumps(start), timeline.without_jumps(end)) for start, end in evidence.absences]
    for killed in map(timeline.without_jumps, evidence.kills):
        away = sum(max(0.0, min(end, killed) - max(start, sent)) for start, end in absences)
        if -1.0 <= killed - sent <= UNRECORDED_S + away:
            return True
    return False


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
    if at - told <= ON_ITS_WAY_S + evidence.travels_s:
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


def pauses_of_all(evidence: Evidence) -> list[tuple[float, float]]:
    """Return the times in which no call may leave, because two chats were refused together; from when it was read.

    Only those that follow a quiet time: within an incident other rules hold. A kill or a freeze leaves none.
    """
    refusals = [
        _Refusal.of(call) for call in evidence.calls if call["status"] == _FLOOD and call["params"].get("chat_id")
    ]
    pauses = []
    for index, first in enumerate(refusals):
        if index and first.at - refusals[index - 1].until < QUIET_S:
            continue
        together = [one for one in refusals[index:] if one.at - first.at <= TOGETHER_S]
        second = next((one for one in together if one.chat != first.chat), None)
        if second is None:
            continue
        # calls that had left before the second refusal was read, and are refused, too, may shorten the pause
        until = min(one.until for one in refusals[index:] if one.left_at <= second.at + READ_S)
        if not any(first.at - READ_S <= killed <= until for killed in (*evidence.kills, *evidence.freezes)):
            pauses.append((second.at + READ_S, until - SECONDS_S))
    return pauses


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A 429: when the call left, when it was answered, and until when it asked to wait."""

    chat: str
    left_at: float
    at: float
    until: float

    @classmethod
    def of(cls, call: dict[str, Any]) -> "_Refusal":
        asked_s = float(str(call["error"]).rpartition("retry after ")[2])
        left_at = call["at"] - call["duration_ms"] / 1000
        return cls(call["params"]["chat_id"], left_at, call["at"], call["at"] + asked_s)
