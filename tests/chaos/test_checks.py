"""Each check detects its violation in otherwise valid evidence, and allows the cases of docs/decisions/0005."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.errors import StoreReadOnly, StoreSlow, StoreUnavailable
from sender.updates.polling import NOTICE_WAIT_S, WAIT_S
from tests.chaos.checks import CHECKS, LAG_S, TRY_AGAIN
from tests.chaos.evidence import Asked, Evidence, Message, moment
from tests.chaos.plan import LATEST_MINUTES, Act
from views.subscribers import texts as user_texts

#: a full hour; of the daily jobs only those with a tick at 12 are due
NOON = float(1_772_452_800)
HOUR, TWO_DAYS = 3600.0, 2 * 86400.0
ASKED_AT = NOON + 5
#: the first post has one message and is deleted after 30 minutes
DUE_AT = ASKED_AT + 1 + 30 * 60
MINUTELY = {"message_deleter": 60, "announcement_deleter": 60, "health_check": 60}
JOBS = MINUTELY | {
    "broadcast_deleter": 3600,
    "session_cleanup": 3600,
    "statistics": 21600,
    "token_cleanup": 43200,
    "token_count_reset": 86400,
}
#: seconds into the day: daily jobs that do not run at midnight
AT = {"housekeeping": 10800, "eraser": 3600, "backup": 7200}


def copy(*, at: float = ASKED_AT + 1, deleted_at: float | None = None, number: int = 2) -> Message:
    return Message(number, at, True, "post 0 item 1", deleted_at)


def start() -> Message:
    return Message(1, ASKED_AT, False, "/start p_x", None)


def run(job: str, at: float, **more: Any) -> dict[str, Any]:
    times = {"scheduled_at": moment(at), "started_at": moment(at + 1), "finished_at": moment(at + 2)}
    return {"job": job, "owner": "host:7:ab:cd", "requested_by": None, **times, **more}


def latest(now: float, jobs: Mapping[str, int] = MINUTELY) -> list[dict[str, Any]]:
    """Return a run of the latest tick of each of `jobs`, given the seconds between their ticks."""
    return [run(job, now - now % every) for job, every in jobs.items()]


def sound(now: float = DUE_AT + 20 * 60) -> Evidence:
    """Evidence of one subscriber who requested the first post and got it; the delivery was deleted in time."""
    evidence = Evidence(began=NOON + 1, now=now, credits_before={0: 3}, credits_after={0: 3})
    evidence.asked = [Asked(Act(0, 0), 1, ASKED_AT)]
    evidence.conversations = {0: [start(), copy(deleted_at=DUE_AT + 20)]}
    evidence.runs = latest(now)
    return evidence


def said(evidence: Evidence) -> set[str]:
    return {name for name, check in CHECKS.items() if any(check(evidence))}


def test_valid_evidence_passes() -> None:
    assert said(sound()) == set()


@pytest.mark.parametrize("error", [StoreUnavailable, StoreSlow, StoreReadOnly])
def test_what_people_are_told_of_each_trouble_with_the_store_asks_to_try_again(
    error: Callable[[], StoreUnavailable],
) -> None:
    assert error().sentence.startswith(TRY_AGAIN)


@pytest.mark.parametrize("sentence", TRY_AGAIN)
def test_try_again_message_is_an_answer_and_silence_is_not(sentence: str) -> None:
    evidence = sound()
    evidence.absences = [(ASKED_AT, ASKED_AT + 1)]
    evidence.conversations = {0: [start(), Message(2, ASKED_AT, True, sentence + " …", None)]}
    assert said(evidence) == set()
    evidence.conversations = {0: [start()]}
    assert said(evidence) == {"answered"}
    evidence.asked = [replace(evidence.asked[0], act=Act(0, 0, blocks=True))]
    assert said(evidence) == set()


def test_repeated_request_in_the_quiet_phase_must_get_the_post() -> None:
    evidence = sound()
    evidence.asked_again = [Asked(Act(0, 0), 9, ASKED_AT + 60)]
    assert said(evidence) == {"answered"}
    evidence.asked_again = [Asked(Act(0, 0), 9, ASKED_AT + 3)]
    assert said(evidence) == set(), "it was just arriving"


def test_silence_is_allowed_when_the_request_was_released_on_a_silent_store_before_a_kill() -> None:
    evidence = sound()
    back_at = ASKED_AT + WAIT_S + 4
    evidence.conversations, evidence.silences = {0: [start()]}, [(ASKED_AT - 1, back_at)]
    assert said(evidence) == {"answered"}
    evidence.kills = [ASKED_AT + WAIT_S - 2]
    assert said(evidence) == {"answered"}, "the next poll still waited for it"
    evidence.kills = [ASKED_AT + WAIT_S]
    assert said(evidence) == set()
    evidence.silences = [(ASKED_AT + 1, back_at)]
    evidence.kills = [back_at + NOTICE_WAIT_S + 1]
    assert said(evidence) == {"answered"}


def test_post_delivered_twice_is_detected() -> None:
    evidence = sound()
    evidence.conversations[0].append(copy(number=3, deleted_at=DUE_AT + 20))
    assert said(evidence) == {"once"}


def test_partly_delivered_post_is_detected() -> None:
    evidence = sound()
    evidence.conversations[0].append(Message(3, ASKED_AT + 1, True, "post 2 item 1", None))
    evidence.conversations[0].append(Message(4, ASKED_AT + 1, True, "post 3 item 1", DUE_AT + 600))
    evidence.asked += [Asked(Act(0, 2), 1, ASKED_AT), Asked(Act(0, 3), 1, ASKED_AT)]
    assert "once" in said(evidence)


@pytest.mark.parametrize("after", [2, 4, None])
def test_lost_or_created_credit_is_detected(after: int | None) -> None:
    evidence = sound()
    evidence.credits_after = {} if after is None else {0: after}
    assert said(evidence) == {"credits_kept"}


def test_overdue_delivery_without_promise_is_detected() -> None:
    evidence = sound()
    evidence.conversations = {0: [start(), copy()]}
    assert said(evidence) == {"promised", "gone_in_time"}
    evidence.now = DUE_AT + LATEST_MINUTES * 60 - 120
    evidence.runs = latest(evidence.now)
    evidence.promises = [promise([2])]
    assert said(evidence) == set()


def promise(message_ids: list[int]) -> dict[str, Any]:
    return {"person": 0, "post": 0, "message_ids": message_ids, "delete_at": moment(DUE_AT)}


def copied(fault: str | None = None, *, made: list[int] | None = None, ok: bool = False) -> dict[str, Any]:
    """The sandbox's record of the copyMessages call that made the first post's message."""
    return {"ok": ok, "made": made or [2]} | ({} if fault is None else {"fault": fault})


LOST = ["drop_after", "hang_after", "partial", "restart_after", "restart", "kill"]


@pytest.mark.parametrize("why", LOST)
def test_copy_whose_answer_was_lost_must_be_gone_too(why: str) -> None:
    evidence = sound()
    evidence.conversations = {0: [start(), copy()]}
    evidence.copy_calls = [copied() if why == "kill" else copied(why)]
    evidence.kills = [ASKED_AT + 3] if why == "kill" else []
    assert said(evidence) == {"promised", "swept"}
    evidence.impossible = [{"person": 0, "post": 0, "reason": "unknown"}]
    assert said(evidence) == {"swept"}, "to be counted is not to be deleted"
    evidence.impossible, evidence.conversations = (), {0: [start(), copy(deleted_at=DUE_AT + 20)]}
    assert said(evidence) == set()


def test_copy_whose_answer_was_lost_has_ten_minutes_after_its_time() -> None:
    evidence = sound()
    evidence.conversations, evidence.copy_calls = {0: [start(), copy()]}, [copied("partial")]
    evidence.promises = [promise([])]
    for minutes, breaches in ((LATEST_MINUTES - 1, set[str]()), (LATEST_MINUTES + 1, {"swept", "nothing_left"})):
        evidence.now = DUE_AT + minutes * 60
        evidence.runs = latest(evidence.now)
        assert said(evidence) == breaches


def test_copy_of_a_call_that_named_it_is_no_lost_one() -> None:
    evidence = sound()
    evidence.conversations = {0: [start(), copy()]}
    for call in (copied(), copied("partial", ok=True), copied("partial", made=[3]), copied("delay")):
        evidence.copy_calls = [call]
        assert said(evidence) == {"promised", "gone_in_time"}


def test_copy_of_a_lost_answer_may_stay_with_a_subscriber_who_blocked_the_bot_if_recorded() -> None:
    evidence = sound()
    evidence.conversations, evidence.copy_calls = {0: [start(), copy()]}, [copied("restart_after")]
    evidence.asked = [replace(evidence.asked[0], act=Act(0, 0, blocks=True))]
    assert said(evidence) == {"promised", "swept"}
    evidence.impossible = [{"person": 0, "post": 0, "reason": "unknown"}]
    assert said(evidence) == set()


def test_part_of_a_post_is_allowed_where_telegram_cut_the_call_short() -> None:
    evidence = sound()
    evidence.asked = [Asked(Act(0, 3), 1, ASKED_AT)]
    parts = [Message(2 + item, ASKED_AT + 1, True, f"post 3 item {item + 1}", DUE_AT + 140) for item in range(2)]
    told = Message(4, ASKED_AT + 1, True, TRY_AGAIN[0], None)
    evidence.conversations = {0: [start(), *parts, told]}
    for call, breaches in ((copied("partial"), set[str]()), (copied("restart"), {"once"}), (copied(), {"once"})):
        evidence.copy_calls = [call]
        assert said(evidence) == breaches


@pytest.mark.parametrize("begun_after_s", [-60, 40])
def test_lost_copy_may_be_deleted_later_after_a_jump_before_the_poll_that_sees_it_due(
    begun_after_s: int,
) -> None:
    jump = (DUE_AT + begun_after_s, DUE_AT + begun_after_s + HOUR)
    evidence = sound(now=jump[1] + 9 * 60)
    evidence.conversations, evidence.jumps = {0: [start(), copy()]}, [jump]
    evidence.copy_calls = [copied("drop_after")]
    assert "swept" not in said(evidence)
    evidence.now = jump[1] + HOUR
    assert "swept" in said(evidence)
    # a poll came between: the time counts from it
    evidence.now, evidence.jumps = jump[1] + 9 * 60, [(DUE_AT + 70, jump[1])]
    assert "swept" in said(evidence)


def test_delivery_telegram_refuses_to_delete_must_be_recorded() -> None:
    jump = (DUE_AT - 600, DUE_AT - 600 + TWO_DAYS)
    evidence = sound(now=jump[1] + 20 * 60)
    evidence.conversations, evidence.jumps = {0: [start(), copy()]}, [jump]
    day = evidence.now - evidence.now % 86400
    evidence.runs = latest(evidence.now, JOBS) + [run(job, day + second) for job, second in AT.items()]
    assert said(evidence) == {"promised", "gone_in_time"}
    evidence.impossible = [{"person": 0, "post": 0, "reason": "too_old"}]
    assert said(evidence) == set()


def test_early_deletion_is_detected_except_within_the_lag_after_a_jump() -> None:
    evidence = sound()
    evidence.conversations = {0: [start(), copy(deleted_at=DUE_AT - 60)]}
    assert said(evidence) == {"not_too_soon"}
    evidence.jumps = [(ASKED_AT - HOUR, ASKED_AT)]
    assert said(evidence) == set()
    evidence.jumps = [(ASKED_AT - LAG_S - HOUR, ASKED_AT - LAG_S)]
    assert said(evidence) == {"not_too_soon"}


def test_of_two_lost_answers_the_first_due_may_take_the_other_along() -> None:
    evidence = sound()
    long_one = [Message(3 + item, ASKED_AT + 1, True, f"post 4 item {item + 1}", DUE_AT + 20) for item in range(2)]
    evidence.conversations = {0: [start(), copy(deleted_at=DUE_AT + 20), *long_one]}
    evidence.asked.append(Asked(Act(0, 4), 1, ASKED_AT))
    evidence.copy_calls = [copied("drop_after")]
    assert said(evidence) == {"not_too_soon"}, "the bot knows the ids of the second"
    evidence.copy_calls = [copied("drop_after"), copied("partial", made=[3, 4])]
    assert said(evidence) == set()
    evidence.copy_calls = [copied("partial", made=[3, 4])]
    assert said(evidence) == {"not_too_soon"}, "the first is known, and takes nothing along"
    evidence.conversations = {0: [start(), *long_one]}
    assert "not_too_soon" not in said(evidence), "nothing of the first had arrived"


def test_overdue_promise_is_detected() -> None:
    evidence = sound()
    evidence.promises = [promise([2])]
    assert said(evidence) == {"nothing_left"}


@pytest.mark.parametrize(
    "more",
    [
        [run("message_deleter", NOON)] * 2,
        [run("message_deleter", NOON + 30)],
        [run("message_deleter", NOON, started_at=moment(NOON) - timedelta(seconds=1))],
        [run("broadcast_deleter", NOON, finished_at=None)],
    ],
    ids=["twice", "no tick", "too early", "never ended"],
)
def test_wrong_run_is_detected(more: list[dict[str, Any]]) -> None:
    evidence = sound()
    evidence.runs = [*evidence.runs, *more]
    assert said(evidence) == {"ticks"}


def test_unfinished_run_of_a_killed_process_is_allowed_and_a_missing_tick_is_not() -> None:
    evidence = sound()
    evidence.runs = [*evidence.runs, run("message_deleter", NOON, finished_at=None)]
    evidence.killed_pids = {7}
    assert said(evidence) == set()
    evidence.runs = []
    assert said(evidence) == {"ticks"}


def test_run_that_lost_its_lease_may_leave_its_row_open() -> None:
    evidence = sound()
    evidence.runs = [*evidence.runs, run("statistics", NOON, finished_at=None)]
    assert said(evidence) == {"ticks"}
    line = {"event": "job.ended", "job": "statistics", "outcome": "abandoned", "scheduled_at": moment(NOON).isoformat()}
    evidence.log = [line]
    assert said(evidence) == set()


#: Telegram answered 429 at NOON by the sandbox's clock, at TOLD_UNIX by the machine's
TOLD_UNIX = NOON + 86_400 * 200
IGNORED = {"n": 1, "bot": 2, "chat_id": "0", "told_at": NOON, "told_unix": TOLD_UNIX, "until": NOON + 5}


def paused(*, after: float, **more: Any) -> dict[str, Any]:
    """The bot's log line about that 429, `after` seconds after Telegram's answer."""
    said_at = moment(TOLD_UNIX + after).isoformat().replace("+00:00", "Z")
    line = {"event": "sender.paused", "level": "warning", "bot_id": 2, "chat_id": 0, "retry_after_s": 5.0}
    return line | {"timestamp": said_at} | more


def test_call_during_a_pause_is_detected_unless_it_left_before() -> None:
    evidence = sound()
    evidence.log = [paused(after=0.01)]
    evidence.ignored_429 = [IGNORED | {"at": NOON + 0.4}]
    assert said(evidence) == set()
    evidence.ignored_429 = [IGNORED | {"at": NOON + 3}]
    assert said(evidence) == {"waited"}
    evidence.kills = [NOON + 2]
    assert said(evidence) == {"waited"}
    evidence.kills = [NOON + 0.5]
    assert said(evidence) == set(), "killed before it can have been written down"


def test_call_during_a_pause_is_allowed_when_the_bot_read_the_429_after_it_left() -> None:
    evidence = sound()
    evidence.ignored_429 = [IGNORED | {"at": NOON + 1.2}]
    assert said(evidence) == {"waited"}, "nobody says that it was read late"
    for line, breaches in (
        (paused(after=1.1), set[str]()),
        (paused(after=0.8), set[str]()),
        (paused(after=0.6), {"waited"}),
        (paused(after=1.1, chat_id=3), {"waited"}),
        (paused(after=1.1, bot_id=3), {"waited"}),
        (paused(after=1.1, event="sender.backed_off"), {"waited"}),
    ):
        evidence.log = [line]
        assert said(evidence) == breaches, line
    evidence.log = [paused(after=-1), paused(after=1.1)]
    assert said(evidence) == {"waited"}, "an earlier 429 had been read, and its pause was not over"
    evidence.log = [paused(after=-4), paused(after=1.1)]
    assert said(evidence) == set()


def test_call_during_a_pause_is_allowed_when_a_kill_came_before_the_429_was_recorded() -> None:
    evidence = sound()
    evidence.ignored_429 = [IGNORED | {"at": NOON + 4}]
    evidence.kills = [NOON + 3]
    assert said(evidence) == set()
    evidence.kills = [NOON + 4.1]
    assert said(evidence) == {"waited"}
    evidence.log = [paused(after=1.5)]
    evidence.kills = [NOON + 2]
    assert said(evidence) == set()
    evidence.kills = [NOON + 3]
    assert said(evidence) == {"waited"}, "there was time to write it down"


def called(
    number: int, *, at: float, chat: int = 0, asked_s: int | None = None, lasted_s: float = 0.1
) -> dict[str, Any]:
    """The sandbox's record of a call that ended at `at`, refused with a 429 if `asked_s` is given."""
    call = {"n": number, "method": "sendMessage", "params": {"chat_id": str(chat)}, "at": at}
    call |= {"duration_ms": lasted_s * 1000, "status": 200}
    return call if asked_s is None else call | {"status": 429, "error": f"Too Many Requests: retry after {asked_s}"}


def test_call_to_any_chat_is_detected_after_two_chats_were_refused_together() -> None:
    evidence = sound()
    first = called(1, at=NOON, asked_s=5)
    third = called(3, at=NOON + 4, chat=2)
    for second, breaches in (
        (called(2, at=NOON + 1, chat=1, asked_s=9), {"all_waited"}),
        (called(2, at=NOON + 1, chat=1, asked_s=2), set[str]()),
        (called(2, at=NOON + 1, chat=0, asked_s=9), set[str]()),
        (called(2, at=NOON + 4.5, chat=1, asked_s=9), set[str]()),
    ):
        evidence.calls = [first, second, third]
        assert said(evidence) == breaches, second


def test_call_after_two_refusals_is_allowed_when_it_had_left_or_nobody_was_there_to_wait() -> None:
    evidence = sound()
    refused = [called(1, at=NOON, asked_s=5), called(2, at=NOON + 1, chat=1, asked_s=5)]
    evidence.calls = [*refused, called(3, at=NOON + 4, lasted_s=3)]
    assert said(evidence) == set()
    evidence.calls = [*refused, called(3, at=NOON + 1.5, chat=2, asked_s=1), called(4, at=NOON + 4)]
    assert said(evidence) == set(), "the shortest wait counts"
    evidence.calls = [called(0, at=NOON - 2, asked_s=1), *refused, called(3, at=NOON + 4)]
    assert said(evidence) == set(), "an incident may have been under way"
    evidence.calls = [*refused, called(3, at=NOON + 4)]
    assert said(evidence) == {"all_waited"}
    assert said(replace(evidence, kills=[NOON + 2])) == set()
    assert said(replace(evidence, freezes=[NOON + 2])) == set()


def test_interruption_told_without_one_is_detected() -> None:
    evidence = sound()
    told = Message(4, ASKED_AT + 40, True, user_texts.interrupted(), None)
    evidence.conversations[0].append(told)
    assert said(evidence) == {"interrupted"}
    evidence.kills = [ASKED_AT - 60]
    assert said(evidence) == {"interrupted"}, "before anything was asked for"
    evidence.kills = [ASKED_AT + 60]
    assert said(evidence) == {"interrupted"}, "later"
    assert "interrupted" not in said(replace(evidence, kills=[ASKED_AT + 5]))
    assert said(replace(evidence, kills=[], absences=[(ASKED_AT + 5, ASKED_AT + 8)])) == set()
    assert said(replace(evidence, kills=[], absences=[(ASKED_AT - 8, ASKED_AT - 5)])) == {"interrupted"}


def test_errors_tracebacks_and_surprises_are_detected() -> None:
    for broken in ({"log": [{"level": "error", "event": "x"}]}, {"loose_lines": ["Traceback"]}, {"surprises": ["x"]}):
        assert said(replace(sound(), **broken)) == {"orderly"}
