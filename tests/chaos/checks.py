"""The invariants of an episode. Each check takes the evidence and yields one sentence per violation."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.errors import StoreSlow, StoreUnavailable
from tests.chaos.evidence import Asked, Delivery, Evidence, deliveries_of, moment
from tests.chaos.gate import checks as gate_checks
from tests.chaos.gate.evidence import GateEvidence
from tests.chaos.lost import answer_was_lost, pauses_of_all, was_cut_short, was_let_go, was_unheard
from tests.chaos.plan import LATEST_MINUTES, POSTS
from views import common_texts
from views.subscribers import delivery_texts
from views.subscribers import texts as user_texts

Problems = Iterator[str]
Check = Callable[[Evidence], Problems]

#: messages after which a subscriber knows to try again
TRY_AGAIN = (
    common_texts.held(),
    common_texts.failed("").split(" (Error")[0],
    # instead of waiting: a command that was only slow, and more updates than are held (`sender/updates/intake.py`)
    StoreSlow.source,
    StoreUnavailable.source,
    user_texts.try_again(),
    user_texts.not_confirmed(),
    user_texts.interrupted(),
    user_texts.storage_lost(),
    # these replace INTERRUPTED and NOT_CONFIRMED at the time of deletion, at once when that is past
    delivery_texts.time_up_swept(),
    delivery_texts.time_up_unsure(),
)
#: begins the reply to a copy that is still there
_HERE = delivery_texts.here_it_is(None, ZoneInfo("UTC")).rstrip(".")
#: how long a bot may use the old time after a clock jump, seconds
LAG_S = 5.0
#: a request made this soon after the post arrived is a second tap and already answered, seconds
SECOND_TAP_S = 5.0
#: a post that came this soon after another one's copies came for a request of the same time, seconds
SOON_S = 30.0
TWO_DAYS_S = 48 * 3600
#: outcomes of runs after which another run may do the work of the same tick
_NO_WORK = frozenset({"skipped", "failed", "abandoned"})
#: errors that a disturbance explains
_EXPECTED_ERRORS = frozenset({"Failed to fetch updates"})
#: jobs by the seconds between their ticks, and by their hours of the day
_EVERY_S = {
    "message_deleter": 60,
    "announcement_deleter": 60,
    "health_check": 60,
    "broadcast_deleter": 3600,
    "session_cleanup": 3600,
}
_HOURS = {
    "token_cleanup": (0, 12),
    "token_count_reset": (0,),
    "statistics": (0, 6, 12, 18),
    "eraser": (1,),
    "backup": (2,),
    "housekeeping": (3,),
}
#: weekly jobs by the first of their days and hours, unix seconds: Sunday 4 and Monday 5 January 1970
_WEEKLY = {"deep_cleaning": 3 * 86400 + 3 * 3600, "monday_summary": 4 * 86400 + 9 * 3600}


def answered(evidence: Evidence) -> Iterator[str]:
    """Every subscriber who made a request got the post or a message asking to try again."""
    for asked in unanswered(evidence, evidence.asked):
        yield f"person {asked.act.person} asked for post {asked.act.post} and heard nothing"
    for asked in without_post(evidence, evidence.asked_again):
        yield f"person {asked.act.person} asked again for post {asked.act.post} in the calm and did not get it"


def unanswered(evidence: Evidence, asks: list[Asked]) -> list[Asked]:
    """Return requests without post or explaining message; those of subscribers who blocked the bot are excluded."""
    silent = []
    for asked in without_post(evidence, asks):
        said = evidence.conversations.get(asked.act.person, [])
        is_told = any(message.id > asked.message_id and message.text.startswith(TRY_AGAIN) for message in said)
        if not is_told and not _is_turned_away(evidence, asked) and not was_let_go(evidence, asked):
            silent.append(asked)
    return silent


def _is_turned_away(evidence: Evidence, asked: Asked) -> bool:
    """Return whether the gate answered the request, or had answered just before it (a second tap)."""
    if evidence.gate is None:
        return False
    return any(
        message.id > asked.message_id or message.at > asked.at - SECOND_TAP_S
        for message in evidence.conversations.get(asked.act.person, [])
        if message.is_from_bot and gate_checks.is_about(message.text, asked.act.post)
    )


def without_post(evidence: Evidence, asks: list[Asked]) -> list[Asked]:
    """Return requests not followed by the whole post; excluded are subscribers who blocked the bot or are banned."""
    gone = {asked.act.person for asked in evidence.asked if asked.act.blocks}
    gone |= set() if evidence.gate is None else evidence.gate.bans.keys()
    got: dict[tuple[int, int], Delivery] = {}
    for delivery in evidence.deliveries():
        if delivery.is_complete:
            got[delivery.person, delivery.post] = delivery
    left = [asked for asked in asks if asked.act.person not in gone and not _is_met(asked, got)]
    return [asked for asked in left if not _is_pointed_to(evidence, asked)]


def _is_met(asked: Asked, got: dict[tuple[int, int], Delivery]) -> bool:
    """Return whether the post came after the request, or so shortly before it that the request was a second tap."""
    delivery = got.get((asked.act.person, asked.act.post))
    if delivery is None:
        return False
    return delivery.copies[0].id > asked.message_id or delivery.copies[0].at > asked.at - SECOND_TAP_S


def _is_pointed_to(evidence: Evidence, asked: Asked) -> bool:
    """Return whether the bot answered that the post is there, while a whole copy was."""
    said = evidence.conversations.get(asked.act.person, [])
    pointed = [one.at for one in said if one.id > asked.message_id and one.text.startswith(_HERE)]
    copies = [
        one
        for one in deliveries_of(asked.act.person, said)
        if one.post == asked.act.post and one.is_complete and one.copies[0].id < asked.message_id
    ]
    return any(
        all(copy.deleted_at is None or copy.deleted_at >= at - 1 for copy in delivery.copies)
        for at in pointed
        for delivery in copies
    )


def once(evidence: Evidence) -> Iterator[str]:
    """No subscriber got a post more often than requested, or only a part of a post that Telegram did not cut short."""
    asks = Counter((asked.act.person, asked.act.post) for asked in (*evidence.asked, *evidence.asked_again))
    if evidence.gate is not None:
        asks += evidence.gate.presses
    got = Counter((delivery.person, delivery.post) for delivery in evidence.deliveries())
    for (person, post), count in got.items():
        if count > asks[person, post]:
            yield f"person {person} asked for post {post} {asks[person, post]} times and got it {count} times"
    for delivery in evidence.deliveries():
        if not delivery.is_complete and not was_cut_short(evidence, delivery):
            yield f"person {delivery.person} got {len(delivery.copies)} messages of post {delivery.post}"


def credits_kept(evidence: Evidence) -> Iterator[str]:
    """No credit was lost or created: with open access balances do not change, with the gate on changes must add up."""
    if evidence.gate is not None:
        yield from gate_checks.credits_kept(evidence, evidence.gate)
        return
    for person, before in evidence.credits_before.items():
        after = evidence.credits_after.get(person)
        if after != before:
            yield f"person {person} had {before} credits and has {after}"


def promised(evidence: Evidence) -> Iterator[str]:
    """Every undeleted delivery with a due time has its deletion promise, or was recorded as undeletable."""
    noted = evidence.noted()
    known = {message_id for promise in evidence.promises for message_id in promise["message_ids"]}
    blind = {(promise["person"], promise["post"]) for promise in evidence.promises if not promise["message_ids"]}
    for delivery in _standing(evidence):
        if delivery.due_at is None or {copy.id for copy in delivery.alive} <= known:
            continue
        whose = (delivery.person, delivery.post)
        if _was_forbidden(evidence, delivery) and noted[*whose, "too_old"] + noted[*whose, "unknown"]:
            continue
        if not answer_was_lost(evidence, delivery):
            yield f"{_named(delivery)}: no promise knows its messages"
        elif whose not in blind and not noted[*whose, "unknown"]:
            yield f"{_named(delivery)}: its answer was lost, and its promise too"


def gone_in_time(evidence: Evidence) -> Iterator[str]:
    """No message exists ten minutes after it was due, as far as the bot knows its id (others: `swept`).

    Exempt are messages that Telegram refuses to delete, if recorded as undeletable.
    """
    noted = evidence.noted()
    for delivery in _standing(evidence):
        if delivery.due_at is None or delivery.due_at + LATEST_MINUTES * 60 > evidence.now:
            continue
        late = f"alive {(evidence.now - delivery.due_at) / 60:.0f} minutes after its time"
        if _was_forbidden(evidence, delivery):
            if not noted[delivery.person, delivery.post, "too_old"] + noted[delivery.person, delivery.post, "unknown"]:
                yield f"{_named(delivery)}: {late}, too old, and not counted"
        elif not answer_was_lost(evidence, delivery):
            yield f"{_named(delivery)}: {late}"


def swept(evidence: Evidence) -> Iterator[str]:
    """No message exists ten minutes after it was due, even if the answer that named its id was lost.

    Exempt are messages that Telegram refuses to delete (`gone_in_time`), and those of subscribers who blocked the bot,
    if recorded as undeletable: the bot cannot write to them, so it may not learn an id that bounds its search.
    """
    noted = evidence.noted()
    gone = {asked.act.person for asked in evidence.asked if asked.act.blocks}
    for delivery in _standing(evidence):
        if delivery.due_at is None or not answer_was_lost(evidence, delivery) or _was_forbidden(evidence, delivery):
            continue
        # a jump may have delayed the deleter's first poll
        since = _noticed_due(evidence, delivery.due_at)
        if delivery.person in gone and noted[delivery.person, delivery.post, "unknown"]:
            continue
        if evidence.now < since + LATEST_MINUTES * 60:
            continue
        late = (evidence.now - delivery.due_at) / 60
        yield f"{_named(delivery)}: its answer was lost, and it is there {late:.0f} minutes after its time"


def not_too_soon(evidence: Evidence) -> Iterator[str]:
    """Nothing was deleted before it was due."""
    for delivery in evidence.deliveries():
        late = delivery.copies[0].at - min(_stamps(evidence, delivery))
        due_at = _first_due(evidence, delivery)
        for copy in delivery.copies:
            if copy.deleted_at is None:
                continue
            if due_at is None:
                yield f"{_named(delivery)}: deleted, though it is for ever"
            elif copy.deleted_at < due_at - late - 1:  # Telegram's dates are whole seconds
                yield f"{_named(delivery)}: deleted {due_at - copy.deleted_at:.0f} s too soon"


def _first_due(evidence: Evidence, delivery: Delivery) -> float | None:
    """Return when it may be deleted at the earliest; None: never.

    What several lost answers to one subscriber left is deleted with the first of them (decision 0013); also with one
    of which nothing had arrived. Of a lost answer nobody knows when its copies were sent, only when it was asked for:
    its own time counts from there, too.
    """
    if not answer_was_lost(evidence, delivery):
        return delivery.due_at
    others = deliveries_of(delivery.person, evidence.conversations[delivery.person])
    lost = [other.due_at for other in others if answer_was_lost(evidence, other)]
    soon = delivery.copies[0].at + SOON_S
    known = {other.post for other in others if not answer_was_lost(evidence, other) and other.copies[0].at < soon}
    known.discard(delivery.post)
    asked = [one for one in evidence.asked if one.act.person == delivery.person and one.act.post not in known]
    lost += [one.at + POSTS[one.act.post].minutes * 60 for one in asked if POSTS[one.act.post].minutes]
    return min((due_at for due_at in lost if due_at is not None), default=None)


def nothing_left(evidence: Evidence) -> Iterator[str]:
    """At the end no deletion promise is overdue."""
    for promise in evidence.promises:
        late = moment(evidence.now) - promise["delete_at"]
        if late > timedelta(minutes=LATEST_MINUTES):
            yield f"a promise to {promise['person']} for post {promise['post']} is open {late} after its time"


def ticks(evidence: Evidence) -> Iterator[str]:
    """Each tick ran once, on the schedule and not early; the latest tick of each job ran; every run ended."""
    # the rerun of a dead process's work is no tick, nor is a requested run
    runs = [run for run in evidence.runs if run["requested_by"] is None]
    seen = Counter((run["job"], run["scheduled_at"]) for run in runs)
    for (job, at), count in seen.items():
        if count > 1:
            yield f"{job} has {count} runs of the tick {at}"
        if not _is_tick(job, at):
            yield f"{job} ran at {at}, which is no tick"
    lost = {
        (line["job"], line["scheduled_at"])
        for line in evidence.log
        if line.get("event") == "job.ended" and line.get("outcome") == "abandoned"
    }
    for run in runs:
        if run["started_at"] < run["scheduled_at"]:
            yield f"{run['job']} began the tick {run['scheduled_at']} at {run['started_at']}"
        # a run that lost its lease after a clock jump writes nothing more: the job's next run closes its row
        is_lost = (run["job"], run["scheduled_at"].isoformat()) in lost
        if run["finished_at"] is None and not is_lost and not _was_killed(evidence, run["owner"]):
            yield f"{run['job']}, tick {run['scheduled_at']}: the run never ended, and its process was not killed"
    ended = Counter(
        (line["job"], line["scheduled_at"])
        for line in evidence.log
        if line.get("event") == "job.ended" and line.get("outcome") not in _NO_WORK
    )
    for (job, tick), count in ended.items():
        if count > 1:
            yield f"{job} worked {count} times on the tick {tick}"
    yield from missing_ticks(evidence)


def missing_ticks(evidence: Evidence) -> Iterator[str]:
    """Each job has a row for its latest tick."""
    ran: dict[str, set[object]] = defaultdict(set)
    for run in evidence.runs:
        ran[run["job"]].add(run["scheduled_at"])
    for job in (*_EVERY_S, *_HOURS, *_WEEKLY):
        tick = _latest_tick(job, evidence.now)
        if tick > evidence.began and moment(tick) not in ran[job]:
            yield f"{job} did not run its latest tick, {moment(tick)}"


def waited(evidence: Evidence) -> Iterator[str]:
    """No call went to a chat during the pause that Telegram had asked for with a 429."""
    for call in evidence.ignored_429:
        if not was_unheard(evidence, call):
            early = call["until"] - call["at"]
            yield f"call {call['n']} went to {call['chat_id']} {early:.1f} s before the end of its pause"


def all_waited(evidence: Evidence) -> Iterator[str]:
    """No call left while two chats had just been refused, until the shortest wait was over."""
    for since, until in pauses_of_all(evidence):
        for call in evidence.calls:
            left_at = call["at"] - call["duration_ms"] / 1000
            if since + evidence.travels_s < left_at < until:
                yield f"call {call['n']} ({call['method']}) left {until - left_at:.1f} s before a bot's pause was over"


def interrupted(evidence: Evidence) -> Iterator[str]:
    """Nobody was told of an interruption without one: a kill, a stop or an outage since their first request."""
    causes = [*((killed, killed) for killed in evidence.kills), *evidence.absences]
    for person, said in evidence.conversations.items():
        asked_at = min((message.at for message in said if not message.is_from_bot), default=evidence.began)
        for message in said:
            is_told = message.is_from_bot and message.text.startswith(user_texts.interrupted())
            if is_told and not any(since <= message.at + 1 and until >= asked_at - 1 for since, until in causes):
                yield f"person {person} was told at {moment(message.at):%H:%M:%S} of an interruption that was none"


def orderly(evidence: Evidence) -> Iterator[str]:
    """Processes exit only when asked to, with code 0; their logs contain no traceback and no unexpected error."""
    yield from evidence.surprises
    for loose in evidence.loose_lines:
        if "Traceback" in loose or "Error" in loose:
            yield f"on a bot's output: {loose[:200]}"
    for line in evidence.log:
        is_bad = line.get("level") in ("error", "critical") or "exception" in line
        if is_bad and not any(str(line.get("event", "")).startswith(known) for known in _EXPECTED_ERRORS):
            yield f"in a bot's log: {str(line)[:300]}"


def _at_the_gate(check: Callable[[Evidence, GateEvidence], Problems]) -> Check:
    """Wrap a check that applies only with the gate on."""
    return lambda evidence: iter(()) if evidence.gate is None else check(evidence, evidence.gate)


#: by name; "answered" and "promised" are also evaluated after the requests, before deletions start
CHECKS: dict[str, Check] = {
    "answered": answered,
    "promised": promised,
    "once": once,
    "credits_kept": credits_kept,
    "gone_in_time": gone_in_time,
    "swept": swept,
    "not_too_soon": not_too_soon,
    "nothing_left": nothing_left,
    "ticks": ticks,
    "waited": waited,
    "all_waited": all_waited,
    "interrupted": interrupted,
    "orderly": orderly,
    "charges_stand": _at_the_gate(gate_checks.charges_stand),
    "tokens_pay": _at_the_gate(gate_checks.tokens_pay),
    "kept_out": _at_the_gate(gate_checks.kept_out),
    "remembered": _at_the_gate(gate_checks.remembered),
}


def _named(delivery: Delivery) -> str:
    return f"person {delivery.person}, post {delivery.post} ({moment(delivery.copies[0].at):%H:%M:%S})"


def _standing(evidence: Evidence) -> list[Delivery]:
    return [delivery for delivery in evidence.deliveries() if delivery.alive]


def _was_forbidden(evidence: Evidence, delivery: Delivery) -> bool:
    """Return whether a clock jump skipped the time in which it could be deleted: from due to two days old."""
    assert delivery.due_at is not None
    lasts = delivery.due_at - delivery.copies[-1].at
    return any(
        before < _noticed_due(evidence, at + lasts) + LATEST_MINUTES * 60 and after >= at + TWO_DAYS_S
        for at in _stamps(evidence, delivery)
        for before, after in evidence.jumps
    )


def _noticed_due(evidence: Evidence, due_at: float) -> float:
    """Return the earliest time at which the deleter could see that it was due.

    That is `due_at`, or the end of a jump that skipped it or that began before the next poll had ended.
    """
    polled = _EVERY_S["message_deleter"] + LAG_S
    return max([due_at, *(after for before, after in evidence.jumps if before - polled < due_at <= after)])


def _stamps(evidence: Evidence, delivery: Delivery) -> list[float]:
    """Return possible send times: Telegram's (whole seconds), and the bot's, which learns of a jump a moment later."""
    sent = delivery.copies[0].at
    return [sent, *(sent - (after - before) for before, after in evidence.jumps if -1 <= sent - after <= LAG_S)]


def _was_killed(evidence: Evidence, owner: str) -> bool:
    """Return whether the run's process was killed; `owner` is host:pid:random."""
    return int(owner.split(":")[1]) in evidence.killed_pids


def _is_tick(job: str, at: datetime) -> bool:
    return _latest_tick(job, at.timestamp()) == at.timestamp()


def _latest_tick(job: str, now: float) -> float:
    """Return the job's latest scheduled time, unix seconds; the time zone is UTC."""
    if job in _EVERY_S:
        return now - now % _EVERY_S[job]
    if job in _WEEKLY:
        return now - (now - _WEEKLY[job]) % (7 * 86400)
    day = now - now % 86400
    passed = [day + hour * 3600 for hour in _HOURS[job] if day + hour * 3600 <= now]
    return max(passed, default=day - 86400 + max(_HOURS[job]) * 3600)
