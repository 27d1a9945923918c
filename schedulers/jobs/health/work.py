"""Checks of what the other jobs cannot tell of themselves: work nobody does, and documents nobody can read."""

from collections import Counter
from datetime import datetime

from core.health.findings import RECOVERY, Finding, Trouble
from core.health.rules import REQUEST_UNDONE_AFTER, UNDONE_AFTER, is_left_undone, unreadable_rows
from core.settings.maintenance import maintenance_end
from database import examination
from database import unreadable_rows as noted_rows
from database.operations import delivery_ops, health_ops, lease_ops, run_ops, settings_ops
from schedulers.jobs.health.probes import CheckResult, with_database


async def check_work(user_bot_id: int, result: CheckResult, now: datetime) -> None:
    """Find work that has been due for minutes while no process holds its job."""

    async def read() -> list[Finding]:
        since = await health_ops.find_due_since(now)
        if maintenance_end(await settings_ops.current(now), now) is not None:
            # broadcasts wait for its end
            since.pop("broadcast_sender", None)
        requested = {row.job: row.started_at for row in await run_ops.find_requests()}
        jobs = (*since, *requested)
        leases = await lease_ops.find_many(jobs) if jobs else {}
        waiting = {job: at for job, at in since.items() if is_left_undone(at, leases.get(job), now)}
        for job, at in requested.items():
            lease = leases.get(job)
            # a pause does not hold a request back
            if now - at > REQUEST_UNDONE_AFTER and not (lease is not None and lease.is_held(now)):
                waiting.setdefault(job, at)
        lapsed = await delivery_ops.find_lapsed(user_bot_id, now - UNDONE_AFTER, 1)
        if lapsed and lapsed[0].until is not None:
            waiting[RECOVERY] = lapsed[0].until
        return [
            Finding(trouble=Trouble.WORK_WAITS, subject=job, amount=int((now - at).total_seconds()) // 60)
            for job, at in waiting.items()
        ]

    await with_database(read, frozenset({Trouble.WORK_WAITS}), result)


async def check_rows(result: CheckResult) -> None:
    """Find documents that cannot be read, and forget those that can be again."""

    async def read() -> list[Finding]:
        await examination.recheck()
        found = await noted_rows.find()
        result.unreadable = dict(Counter(one.collection for one in found))
        return unreadable_rows([(one.collection, one.key, one.problem) for one in found])

    await with_database(read, frozenset({Trouble.ROW_UNREADABLE}), result)
